//! PutMetricAlarm, DescribeAlarms and DeleteAlarms.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::alarm::Alarm;
use super::evaluate::{AlarmState, Comparison, Missing, Rule};
use super::metric::{Dimension, Metric, Statistic};
use super::{CloudWatch, invalid_token, validation_error};
use crate::world::context::{ApiError, CallContext, WorldSettings, after, marked, page, read};

const DAY: i64 = 86_400;

/// Kinds of alarms that are not here, by the member that asks for them.
const ABSENT: &[&str] = &[
    "Metrics",
    "ThresholdMetricId",
    "ExtendedStatistic",
    "EvaluateLowSampleCountPercentile",
    "EvaluationCriteria",
    "EvaluationInterval",
    "EvaluationWindow",
    "WarmUpConfiguration",
];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutRequest {
    alarm_name: String,
    metric_name: Option<String>,
    namespace: Option<String>,
    statistic: Option<Statistic>,
    #[serde(default)]
    dimensions: Vec<Dimension>,
    period: Option<i64>,
    unit: Option<String>,
    evaluation_periods: Option<i64>,
    datapoints_to_alarm: Option<i64>,
    threshold: Option<f64>,
    comparison_operator: Option<String>,
    treat_missing_data: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DescribeRequest {
    #[serde(default)]
    alarm_names: Vec<String>,
    alarm_name_prefix: Option<String>,
    #[serde(default)]
    alarm_types: Vec<String>,
    children_of_alarm_name: Option<String>,
    parents_of_alarm_name: Option<String>,
    state_value: Option<AlarmState>,
    action_prefix: Option<String>,
    max_records: Option<usize>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeleteRequest {
    alarm_names: Vec<String>,
}

impl CloudWatch {
    pub(crate) fn put_metric_alarm(
        &mut self,
        input: &Value,
        context: &CallContext,
        settings: &WorldSettings,
    ) -> Result<Value, ApiError> {
        let request: PutRequest = read(input)?;
        let whole: Map<String, Value> = read(input)?;
        if let Some(absent) = ABSENT.iter().find(|member| whole.contains_key(**member)) {
            return Err(validation_error(format!(
                "the embedded AWS has no alarms with {absent}; it has alarms on one Statistic of one metric"
            )));
        }
        actions(&whole)?;
        let rule = request.rule()?;
        let name = request.alarm_name;
        let arn = format!("arn:aws:cloudwatch:{}:{}:alarm:{name}", context.region, context.account);
        let first = after(context.now, settings.pace.first_evaluation);
        let alarm = Alarm::new(name.clone(), arn, whole, rule, context.now, first);
        match self.alarms.get_mut(&name) {
            Some(known) => known.reconfigure(alarm),
            None => {
                self.alarms.insert(name, alarm);
            }
        }
        self.advance(context.now);
        Ok(json!({}))
    }

    pub(crate) fn describe_alarms(&self, input: &Value, settings: &WorldSettings) -> Result<Value, ApiError> {
        let request: DescribeRequest = read(input)?;
        if request.children_of_alarm_name.is_some() || request.parents_of_alarm_name.is_some() {
            return Err(validation_error(
                "the embedded AWS has no composite alarms, and so no children or parents",
            ));
        }
        if request.alarm_name_prefix.is_some() && !request.alarm_names.is_empty() {
            return Err(validation_error("AlarmNamePrefix and AlarmNames cannot be used together."));
        }
        let last = marked(request.next_token.as_deref());
        let metric_alarms =
            request.alarm_types.is_empty() || request.alarm_types.iter().any(|t| t == "MetricAlarm");
        let listed = self.alarms.iter().filter(|(name, alarm)| {
            let named = request.alarm_names.is_empty() || request.alarm_names.contains(name);
            let fits = metric_alarms
                && named
                && request.alarm_name_prefix.as_ref().is_none_or(|prefix| name.starts_with(prefix))
                && request.state_value.is_none_or(|state| state == alarm.state)
                && request.action_prefix.as_ref().is_none_or(|prefix| alarm.has_action(prefix));
            fits || last.as_ref() == Some(*name)
        });
        let size = settings.pages.alarms.min(request.max_records.unwrap_or(usize::MAX));
        let key = |(name, _): &(&String, &Alarm)| (*name).clone();
        let page =
            page(listed.collect(), request.next_token.as_deref(), size, key).ok_or_else(invalid_token)?;
        let alarms: Vec<Value> = page.items.iter().map(|(_, alarm)| alarm.description()).collect();
        let mut output = json!({"MetricAlarms": alarms, "CompositeAlarms": [], "LogAlarms": []});
        if let Some(token) = page.marker {
            output["NextToken"] = json!(token);
        }
        Ok(output)
    }

    /// All or none: "In the event of an error, no alarms are deleted."
    pub(crate) fn delete_alarms(&mut self, input: &Value) -> Result<Value, ApiError> {
        let request: DeleteRequest = read(input)?;
        if let Some(unknown) = request.alarm_names.iter().find(|name| !self.alarms.contains_key(*name)) {
            return Err(ApiError::new("ResourceNotFound", format!("Unknown alarm: {unknown}"), 404));
        }
        for name in &request.alarm_names {
            self.alarms.remove(name);
        }
        Ok(json!({}))
    }
}

impl PutRequest {
    fn rule(&self) -> Result<Rule, ApiError> {
        let missing = |member: &str| validation_error(format!("The parameter {member} is required."));
        let name = self.metric_name.as_deref().ok_or_else(|| missing("MetricName"))?;
        let namespace = self.namespace.as_deref().ok_or_else(|| missing("Namespace"))?;
        let period = self.period.ok_or_else(|| missing("Period"))?;
        let evaluation_periods = self.evaluation_periods.ok_or_else(|| missing("EvaluationPeriods"))?;
        let operator = self.comparison_operator.as_deref().ok_or_else(|| missing("ComparisonOperator"))?;
        if !matches!(period, 10 | 20 | 30) && (period <= 0 || period % 60 != 0) {
            return Err(validation_error("Period must be 10, 20, 30 or a multiple of 60."));
        }
        let (longest, words) = if period < 3_600 { (DAY, "one day") } else { (7 * DAY, "seven days") };
        if period.checked_mul(evaluation_periods).is_none_or(|range| range > longest) {
            return Err(validation_error(format!(
                "Metrics cannot be checked across more than {words} (EvaluationPeriods * Period must be <= {longest})."
            )));
        }
        let datapoints_to_alarm = self.datapoints_to_alarm.unwrap_or(evaluation_periods);
        if !(1..=evaluation_periods).contains(&datapoints_to_alarm) {
            return Err(validation_error(
                "The value of DatapointsToAlarm must be from 1 to the value of EvaluationPeriods.",
            ));
        }
        let comparison = serde_json::from_value::<Comparison>(json!(operator)).map_err(|_| {
            validation_error(format!(
                "the embedded AWS has no anomaly detection, which ComparisonOperator {operator} asks for"
            ))
        })?;
        let treat = self.treat_missing_data.as_deref().unwrap_or("missing");
        let missing_data = serde_json::from_value::<Missing>(json!(treat)).map_err(|_| {
            validation_error(format!(
                "TreatMissingData must be breaching, notBreaching, ignore or missing, not {treat:?}."
            ))
        })?;
        Ok(Rule {
            metric: Metric::new(namespace, name, &self.dimensions),
            statistic: self.statistic.ok_or_else(|| missing("Statistic"))?,
            unit: self.unit.clone(),
            period,
            evaluation_periods,
            datapoints_to_alarm,
            threshold: self.threshold.filter(|t| t.is_finite()).ok_or_else(|| missing("Threshold"))?,
            comparison,
            missing: missing_data,
        })
    }
}

fn actions(request: &Map<String, Value>) -> Result<(), ApiError> {
    for member in ["OKActions", "AlarmActions", "InsufficientDataActions"] {
        let given =
            request.get(member).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        if let Some(wrong) = given.into_iter().find(|action| !action.starts_with("arn:")) {
            return Err(validation_error(format!("Invalid arn syntax in {member}: {wrong}")));
        }
    }
    Ok(())
}
