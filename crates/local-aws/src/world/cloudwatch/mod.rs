//! CloudWatch, API 2010-08-01: metrics, their statistics, and alarms on them.
//!
//! ```text
//! metric    a metric, its points as statistic sets       put     PutMetricData
//! alarm     an alarm: its rule, its state, when it is    get     GetMetricData
//!           evaluated next                               list    ListMetrics
//! evaluate  the verdict of a rule on its data (pure)     alarms  PutMetricAlarm, DescribeAlarms, DeleteAlarms
//! ```
//!
//! An alarm is evaluated when its first evaluation is due, at the end of each period, and when a point of its metric
//! arrives. Its state can change at these instants only. AWS evaluates every minute, with the same result. Actions are
//! shown but not carried out.

mod alarm;
mod alarms;
mod evaluate;
mod get;
mod list;
mod metric;
mod put;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

use self::alarm::Alarm;
use self::metric::Metrics;
use crate::services::CloudWatchOperation;
use crate::world::context::{ApiError, Scope};

/// All metrics and alarms.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct CloudWatch {
    metrics: Metrics,
    alarms: BTreeMap<String, Alarm>,
}

impl CloudWatch {
    pub(crate) fn call(
        &mut self,
        operation: CloudWatchOperation,
        input: &Value,
        scope: &Scope<'_>,
    ) -> Result<Value, ApiError> {
        let Scope { context, settings, .. } = scope;
        match operation {
            CloudWatchOperation::PutMetricData => self.put_metric_data(input, context.now),
            CloudWatchOperation::GetMetricData => self.get_metric_data(input, settings),
            CloudWatchOperation::ListMetrics => self.list_metrics(input, context.now, settings),
            CloudWatchOperation::PutMetricAlarm => self.put_metric_alarm(input, context, settings),
            CloudWatchOperation::DescribeAlarms => self.describe_alarms(input, settings),
            CloudWatchOperation::DeleteAlarms => self.delete_alarms(input),
        }
    }

    /// Evaluates every alarm at each instant by `now` at which it was due, and forgets points that are too old.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        for alarm in self.alarms.values_mut() {
            alarm.advance(now, &self.metrics);
        }
        self.metrics.forget(now);
    }
}

/// What CloudWatch answers, undeclared, to a request that does not make sense, where the model has no error for it.
fn validation_error(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationError", message, 400)
}

/// A token that no page of the list gave.
fn invalid_token() -> ApiError {
    ApiError::new("InvalidNextToken", "The token is invalid: no page of this list returned it.", 400)
}
