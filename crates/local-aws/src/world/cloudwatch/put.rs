//! PutMetricData.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::CloudWatch;
use super::metric::{Dimension, Metric, Stats};
use crate::world::context::{ApiError, after, read, timestamp};

const MOST_METRICS: usize = 1_000;
const MOST_VALUES: usize = 150;
/// "Values must be in the range of -2^360 to 2^360."
const BOUND_EXPONENT: i32 = 360;
const OLDEST: SignedDuration = SignedDuration::from_hours(14 * 24);
const NEWEST: SignedDuration = SignedDuration::from_hours(2);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    namespace: String,
    #[serde(default)]
    metric_data: Vec<Datum>,
    entity_metric_data: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Datum {
    metric_name: String,
    #[serde(default)]
    dimensions: Vec<Dimension>,
    timestamp: Option<f64>,
    #[serde(default, deserialize_with = "number")]
    value: Option<f64>,
    statistic_values: Option<StatisticSet>,
    values: Option<Vec<Number>>,
    counts: Option<Vec<Number>>,
    unit: Option<String>,
    storage_resolution: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StatisticSet {
    sample_count: Number,
    sum: Number,
    minimum: Number,
    maximum: Number,
}

/// A number, or NaN for what JSON has no number for: protocols send those as text, and some readers make null of it.
#[derive(Clone, Copy, Debug)]
struct Number(f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Value::deserialize(deserializer)?.as_f64().unwrap_or(f64::NAN)))
    }
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    Number::deserialize(deserializer).map(|number| Some(number.0))
}

/// A point that has been checked.
struct Point {
    metric: Metric,
    at: Timestamp,
    unit: String,
    stats: Stats,
}

impl CloudWatch {
    /// All points or none.
    pub(crate) fn put_metric_data(&mut self, input: &Value, now: Timestamp) -> Result<Value, ApiError> {
        let request: Request = read(input)?;
        if request.entity_metric_data.is_some() {
            return Err(ApiError::invalid_value(
                "the embedded AWS does not take EntityMetricData; use MetricData",
            ));
        }
        if request.metric_data.is_empty() {
            return Err(ApiError::missing_parameter("The parameter MetricData is required."));
        }
        if request.metric_data.len() > MOST_METRICS {
            return Err(ApiError::invalid_value(format!(
                "The collection MetricData must not have a size greater than {MOST_METRICS}."
            )));
        }
        if request.namespace.starts_with("AWS/") {
            return Err(ApiError::invalid_value(
                "The value AWS/ for parameter Namespace is invalid: it is reserved.",
            ));
        }
        let points = request
            .metric_data
            .iter()
            .enumerate()
            .map(|(index, datum)| datum.check(&request.namespace, index + 1, now))
            .collect::<Result<Vec<_>, _>>()?;
        let touched: BTreeSet<Metric> = points.iter().map(|point| point.metric.clone()).collect();
        for point in points {
            self.metrics.add(&point.metric, point.at, &point.unit, point.stats);
        }
        for alarm in self.alarms.values_mut().filter(|alarm| touched.contains(alarm.metric())) {
            alarm.evaluate_soon(now);
            alarm.advance(now, &self.metrics);
        }
        Ok(json!({}))
    }
}

impl Datum {
    fn check(&self, namespace: &str, position: usize, now: Timestamp) -> Result<Point, ApiError> {
        let path = |member: &str| format!("MetricData.member.{position}.{member}");
        let at = self.timestamp.map_or(now, timestamp);
        if at < now.checked_sub(OLDEST).unwrap_or(Timestamp::MIN) {
            return Err(ApiError::invalid_value(format!(
                "The parameter {} must specify a time within the past two weeks.",
                path("Timestamp")
            )));
        }
        if at > after(now, NEWEST) {
            return Err(ApiError::invalid_value(format!(
                "The parameter {} must specify a time no more than two hours in the future.",
                path("Timestamp")
            )));
        }
        let names: BTreeSet<&str> = self.dimensions.iter().map(|d| d.name.as_str()).collect();
        if names.len() != self.dimensions.len() {
            return Err(ApiError::invalid_value(format!("{} names a dimension twice.", path("Dimensions"))));
        }
        if self.storage_resolution.is_some_and(|seconds| seconds != 1 && seconds != 60) {
            return Err(ApiError::invalid_value(format!("{} must be 1 or 60.", path("StorageResolution"))));
        }
        Ok(Point {
            metric: Metric::new(namespace, &self.metric_name, &self.dimensions),
            at,
            unit: self.unit.clone().unwrap_or_else(|| "None".to_owned()),
            stats: self.stats(&path)?,
        })
    }

    fn stats(&self, path: &impl Fn(&str) -> String) -> Result<Stats, ApiError> {
        match (self.value, &self.statistic_values, &self.values) {
            (Some(value), None, None) => Ok(Stats::of(checked(value, &path("Value"))?, 1.0)),
            (None, Some(set), None) => set.stats(&path("StatisticValues")),
            (None, None, Some(values)) => self.distribution(values, path),
            (None, None, None) => Err(ApiError::missing_parameter(format!(
                "At least one of the parameters {}, {} and {} is required.",
                path("Value"),
                path("Values"),
                path("StatisticValues")
            ))),
            _ => Err(ApiError::invalid_combination(format!(
                "The parameters {}, {} and {} are mutually exclusive and you have specified more than one.",
                path("Value"),
                path("Values"),
                path("StatisticValues")
            ))),
        }
    }

    fn distribution(&self, values: &[Number], path: &impl Fn(&str) -> String) -> Result<Stats, ApiError> {
        if values.is_empty() || values.len() > MOST_VALUES {
            return Err(ApiError::invalid_value(format!(
                "The collection {} must have 1 to {MOST_VALUES} values.",
                path("Values")
            )));
        }
        let counts = match &self.counts {
            None => vec![Number(1.0); values.len()],
            Some(counts) if counts.len() == values.len() => counts.clone(),
            Some(_) => {
                return Err(ApiError::invalid_value(format!(
                    "The parameters {} and {} must be of the same size.",
                    path("Values"),
                    path("Counts")
                )));
            }
        };
        let mut all: Option<Stats> = None;
        for (value, count) in values.iter().zip(counts) {
            let value = checked(value.0, &path("Values"))?;
            let count = checked(count.0, &path("Counts"))?;
            if count <= 0.0 {
                return Err(ApiError::invalid_value(format!("{} must be greater than 0.", path("Counts"))));
            }
            let stats = Stats::of(value, count);
            all = Some(all.map_or(stats, |known| known.add(stats)));
        }
        all.ok_or_else(|| {
            ApiError::missing_parameter(format!("The parameter {} is required.", path("Values")))
        })
    }
}

impl StatisticSet {
    fn stats(&self, path: &str) -> Result<Stats, ApiError> {
        let count = checked(self.sample_count.0, &format!("{path}.SampleCount"))?;
        let minimum = checked(self.minimum.0, &format!("{path}.Minimum"))?;
        let maximum = checked(self.maximum.0, &format!("{path}.Maximum"))?;
        let sum = checked(self.sum.0, &format!("{path}.Sum"))?;
        if count <= 0.0 {
            return Err(ApiError::invalid_value(format!("{path}.SampleCount must be greater than 0.")));
        }
        if minimum > maximum {
            return Err(ApiError::invalid_value(format!(
                "{path}.Maximum must be greater than {path}.Minimum."
            )));
        }
        Ok(Stats { count, sum, minimum, maximum })
    }
}

fn checked(value: f64, path: &str) -> Result<f64, ApiError> {
    if value.is_finite() && value.abs() <= 2.0_f64.powi(BOUND_EXPONENT) {
        return Ok(value);
    }
    Err(ApiError::invalid_value(format!(
        "The value for parameter {path} must be a number from -2^360 to 2^360: NaN and infinities are not."
    )))
}
