//! GetMetricData: statistics of metrics over periods. Math and search expressions are refused by name.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

use super::metric::{Dimension, Metric, Statistic, Stats};
use super::{CloudWatch, invalid_token, validation_error};
use crate::world::context::{ApiError, WorldSettings, page, read, timestamp};

const MOST_QUERIES: usize = 500;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    metric_data_queries: Vec<Query>,
    start_time: f64,
    end_time: f64,
    next_token: Option<String>,
    scan_by: Option<String>,
    max_datapoints: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Query {
    id: String,
    metric_stat: Option<MetricStat>,
    expression: Option<String>,
    label: Option<String>,
    return_data: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MetricStat {
    metric: MetricRequest,
    period: i64,
    stat: String,
    unit: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MetricRequest {
    namespace: Option<String>,
    metric_name: Option<String>,
    #[serde(default)]
    dimensions: Vec<Dimension>,
}

/// A query that has been checked.
struct Wanted<'a> {
    id: &'a str,
    label: &'a str,
    metric: Metric,
    statistic: Statistic,
    period: i64,
    unit: Option<&'a str>,
}

/// One value of one query.
struct Sample {
    query: usize,
    at: i64,
    value: f64,
}

impl CloudWatch {
    pub(crate) fn get_metric_data(&self, input: &Value, settings: &WorldSettings) -> Result<Value, ApiError> {
        let request: Request = read(input)?;
        let (from, until) = (timestamp(request.start_time), timestamp(request.end_time));
        if from >= until {
            return Err(validation_error("The parameter StartTime must be less than the parameter EndTime."));
        }
        let wanted = check(&request.metric_data_queries)?;
        let mut samples = Vec::new();
        for (query, wanted) in wanted.iter().enumerate() {
            let series = self.metrics.get(&wanted.metric);
            // An end within a second is past the second's begin.
            let until = until.as_second() + i64::from(until.subsec_nanosecond() > 0);
            let periods: BTreeMap<i64, Stats> = series
                .map(|series| series.periods(wanted.period, from.as_second(), until, wanted.unit))
                .unwrap_or_default();
            let values = periods.iter().map(|(at, stats)| Sample {
                query,
                at: *at,
                value: stats.get(wanted.statistic),
            });
            if request.scan_by.as_deref() == Some("TimestampAscending") {
                samples.extend(values);
            } else {
                samples.extend(values.rev());
            }
        }
        let size = settings.pages.datapoints.min(request.max_datapoints.unwrap_or(usize::MAX));
        let all: Vec<(usize, i64)> = samples.iter().map(|sample| (sample.query, sample.at)).collect();
        let key = |sample: &Sample| format!("{}/{}", sample.query, sample.at);
        let page = page(samples, request.next_token.as_deref(), size, key).ok_or_else(invalid_token)?;
        let last = page.items.last().map(|sample| (sample.query, sample.at));
        let given = all.iter().position(|sample| Some(*sample) == last).map_or(0, |at| at + 1);
        let results: Vec<Value> = wanted
            .iter()
            .enumerate()
            .map(|(query, wanted)| {
                let of_query = || page.items.iter().filter(move |sample| sample.query == query);
                let partial = all[given..].iter().any(|sample| sample.0 == query);
                json!({
                    "Id": wanted.id,
                    "Label": wanted.label,
                    "Timestamps": of_query().map(|sample| sample.at).collect::<Vec<_>>(),
                    "Values": of_query().map(|sample| sample.value).collect::<Vec<_>>(),
                    "StatusCode": if partial { "PartialData" } else { "Complete" },
                })
            })
            .collect();
        let mut output = json!({"MetricDataResults": results, "Messages": []});
        if let Some(token) = page.marker {
            output["NextToken"] = json!(token);
        }
        Ok(output)
    }
}

fn check(queries: &[Query]) -> Result<Vec<Wanted<'_>>, ApiError> {
    if queries.is_empty() || queries.len() > MOST_QUERIES {
        return Err(validation_error(format!("MetricDataQueries must have 1 to {MOST_QUERIES} queries.")));
    }
    let ids: BTreeSet<&str> = queries.iter().map(|query| query.id.as_str()).collect();
    if ids.len() != queries.len() {
        return Err(validation_error("The values for parameter Id in MetricDataQueries are not unique."));
    }
    let mut wanted = Vec::new();
    for query in queries {
        let id = query.id.as_str();
        let begins = id.starts_with(|c: char| c.is_ascii_lowercase());
        if !begins || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(validation_error(format!(
                "The Id {id:?} must begin with a lower-case letter and hold letters, digits and underscores only."
            )));
        }
        if let Some(checked) = query.check()? {
            wanted.push(checked);
        }
    }
    Ok(wanted)
}

impl Query {
    fn check(&self) -> Result<Option<Wanted<'_>>, ApiError> {
        if let Some(expression) = &self.expression {
            return Err(validation_error(format!(
                "the embedded AWS does not evaluate the Expression {expression:?} of query {}; it answers MetricStat",
                self.id
            )));
        }
        let Some(stat) = &self.metric_stat else {
            return Err(validation_error(format!("Query {} needs a MetricStat or an Expression.", self.id)));
        };
        let Some(statistic) = Statistic::named(&stat.stat) else {
            return Err(validation_error(format!(
                "the embedded AWS does not compute the Stat {:?} of query {}; it computes SampleCount, Average, Sum, \
                 Minimum and Maximum",
                stat.stat, self.id
            )));
        };
        if !matches!(stat.period, 1 | 5 | 10 | 20 | 30) && (stat.period <= 0 || stat.period % 60 != 0) {
            return Err(validation_error(format!(
                "The Period of query {} must be 1, 5, 10, 20, 30 or a multiple of 60.",
                self.id
            )));
        }
        let (Some(namespace), Some(name)) = (&stat.metric.namespace, &stat.metric.metric_name) else {
            return Err(validation_error(format!(
                "The Metric of query {} needs Namespace and MetricName.",
                self.id
            )));
        };
        if self.return_data == Some(false) {
            return Ok(None);
        }
        Ok(Some(Wanted {
            id: &self.id,
            label: self.label.as_deref().unwrap_or(name),
            metric: Metric::new(namespace, name, &stat.metric.dimensions),
            statistic,
            period: stat.period,
            unit: stat.unit.as_deref(),
        }))
    }
}
