//! What CloudWatch has of a pipeline, read back: what was reported, and how the alarm stands.

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, DimensionFilter, Metric, MetricDataQuery, MetricStat};
use emrys_core::metrics::{DIMENSION, NAMESPACE};
use emrys_core::record::CallError;
use jiff::Timestamp;

use crate::clients::AwsContext;
use crate::errors::call_error;

/// The latest value of a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricValue {
    /// The metric.
    pub name: String,
    /// The maximum of its latest minute.
    pub value: f64,
}

/// How an alarm stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedAlarm {
    /// Its name.
    pub name: String,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
    /// Why.
    pub reason: String,
}

impl AwsContext {
    /// The latest values of all metrics of a pipeline between two moments, by name.
    pub async fn metric_values(
        &self,
        pipeline: &str,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<MetricValue>, CallError> {
        let names = self.metric_names(pipeline).await?;
        let queries: Vec<_> =
            names.iter().enumerate().map(|(index, name)| query(index, name, pipeline)).collect();
        if queries.is_empty() {
            return Ok(Vec::new());
        }
        let mut pages = self
            .cloudwatch
            .get_metric_data()
            .set_metric_data_queries(Some(queries))
            .start_time(DateTime::from_secs(since.as_second()))
            .end_time(DateTime::from_secs(until.as_second()))
            .into_paginator()
            .send();
        // Newest first, so the first value of each is its latest.
        let mut latest: Vec<Option<f64>> = vec![None; names.len()];
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| call_error("could not read the metrics", &error))?;
            for result in page.metric_data_results.unwrap_or_default() {
                let index = result.id.as_deref().and_then(|id| id.strip_prefix('m')?.parse::<usize>().ok());
                if let Some(slot) = index.and_then(|index| latest.get_mut(index)) {
                    *slot = slot.or_else(|| result.values.unwrap_or_default().first().copied());
                }
            }
        }
        Ok(names
            .into_iter()
            .zip(latest)
            .filter_map(|(name, value)| Some(MetricValue { name, value: value? }))
            .collect())
    }

    /// How an alarm stands; none when there is none of this name.
    pub async fn alarm_sight(&self, name: &str) -> Result<Option<ObservedAlarm>, CallError> {
        let answer = self.cloudwatch.describe_alarms().alarm_names(name).send().await;
        let answer =
            answer.map_err(|error| call_error(&format!("could not read the alarm {name}"), &error))?;
        Ok(answer.metric_alarms.unwrap_or_default().into_iter().next().map(|alarm| ObservedAlarm {
            name: alarm.alarm_name.unwrap_or_default(),
            state: alarm.state_value.map(|state| state.as_str().to_owned()).unwrap_or_default(),
            reason: alarm.state_reason.unwrap_or_default(),
        }))
    }

    async fn metric_names(&self, pipeline: &str) -> Result<Vec<String>, CallError> {
        let filter = DimensionFilter::builder().name(DIMENSION).value(pipeline).build();
        let call = self.cloudwatch.list_metrics().namespace(NAMESPACE).dimensions(filter);
        let mut pages = call.into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| call_error("could not list the metrics", &error))?;
            names
                .extend(page.metrics.unwrap_or_default().into_iter().filter_map(|metric| metric.metric_name));
        }
        names.sort();
        names.dedup();
        Ok(names)
    }
}

fn query(index: usize, name: &str, pipeline: &str) -> MetricDataQuery {
    let dimension = Dimension::builder().name(DIMENSION).value(pipeline).build();
    let metric = Metric::builder().namespace(NAMESPACE).metric_name(name).dimensions(dimension).build();
    let stat = MetricStat::builder().metric(metric).period(60).stat("Maximum").build();
    MetricDataQuery::builder().id(format!("m{index}")).metric_stat(stat).build()
}
