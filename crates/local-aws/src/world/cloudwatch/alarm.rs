//! One alarm.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::evaluate::{AlarmState, Rule};
use super::metric::{Metric, Metrics};
use crate::world::context::seconds;

/// An alarm. What PutMetricAlarm gave stays in `request`, and DescribeAlarms copies it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Alarm {
    name: String,
    arn: String,
    request: Map<String, Value>,
    rule: Rule,
    configured: Timestamp,
    pub(crate) state: AlarmState,
    reason: String,
    /// When the state was last set, which is when it last changed.
    updated: Timestamp,
    /// When the next evaluation is due; `None` while nothing can change without new data.
    next: Option<Timestamp>,
}

/// Members of PutMetricAlarm that DescribeAlarms shows unchanged.
const COPIED: &[&str] = &[
    "AlarmDescription",
    "MetricName",
    "Namespace",
    "Statistic",
    "Period",
    "Unit",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "Threshold",
    "ComparisonOperator",
    "TreatMissingData",
];

impl Alarm {
    pub(crate) fn new(
        name: String,
        arn: String,
        request: Map<String, Value>,
        rule: Rule,
        now: Timestamp,
        first_evaluation: Timestamp,
    ) -> Self {
        Self {
            name,
            arn,
            request,
            rule,
            configured: now,
            state: AlarmState::InsufficientData,
            reason: "Unchecked: Initial alarm creation".to_owned(),
            updated: now,
            next: Some(first_evaluation),
        }
    }

    /// PutMetricAlarm on an alarm that exists: "its state is left unchanged, but the update completely overwrites the
    /// previous configuration of the alarm".
    pub(crate) fn reconfigure(&mut self, other: Self) {
        let (state, reason, updated) = (self.state, std::mem::take(&mut self.reason), self.updated);
        *self = Self { state, reason, updated, ..other };
    }

    pub(crate) fn metric(&self) -> &Metric {
        &self.rule.metric
    }

    /// New data: the next evaluation is now.
    pub(crate) fn evaluate_soon(&mut self, now: Timestamp) {
        self.next = Some(self.next.map_or(now, |next| next.min(now)));
    }

    /// Evaluates at each instant by `now` at which it was due.
    pub(crate) fn advance(&mut self, now: Timestamp, metrics: &Metrics) {
        while let Some(at) = self.next.filter(|at| *at <= now) {
            let verdict = self.rule.evaluate(metrics, at.as_second(), self.state);
            if verdict.state != self.state {
                self.state = verdict.state;
                self.reason = verdict.reason;
                self.updated = at;
            }
            let end = Timestamp::from_second(self.rule.period_end(at.as_second()));
            self.next = end.ok().filter(|_| !verdict.is_final);
        }
    }

    /// `MetricAlarm`.
    pub(crate) fn description(&self) -> Value {
        let mut shown: Map<String, Value> = COPIED
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), self.request.get(*name)?.clone())))
            .collect();
        let list = |name: &str| self.request.get(name).cloned().unwrap_or_else(|| json!([]));
        let enabled = self.request.get("ActionsEnabled").and_then(Value::as_bool).unwrap_or(true);
        for (name, value) in [
            ("AlarmName", json!(self.name)),
            ("AlarmArn", json!(self.arn)),
            ("AlarmConfigurationUpdatedTimestamp", json!(seconds(self.configured))),
            ("ActionsEnabled", json!(enabled)),
            ("OKActions", list("OKActions")),
            ("AlarmActions", list("AlarmActions")),
            ("InsufficientDataActions", list("InsufficientDataActions")),
            ("StateValue", json!(self.state)),
            ("StateReason", json!(self.reason)),
            ("StateUpdatedTimestamp", json!(seconds(self.updated))),
            ("StateTransitionedTimestamp", json!(seconds(self.updated))),
            ("Dimensions", self.rule.metric.dimensions()),
        ] {
            shown.insert(name.to_owned(), value);
        }
        Value::Object(shown)
    }

    /// Whether an action of the alarm begins with `prefix`.
    pub(crate) fn has_action(&self, prefix: &str) -> bool {
        ["OKActions", "AlarmActions", "InsufficientDataActions"].iter().any(|name| {
            let actions = self.request.get(*name).and_then(Value::as_array);
            actions.into_iter().flatten().filter_map(Value::as_str).any(|action| action.starts_with(prefix))
        })
    }
}
