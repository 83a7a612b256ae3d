//! Does the alarm stand as configured?

use aws_sdk_cloudwatch::types::{AlarmType, ComparisonOperator, MetricAlarm, Statistic};
use emrys_core::alarm::{self, AlarmSpec};
use emrys_core::run::Trouble;
use emrys_core::spec::Spec;

use crate::clients::ControlPlane;
use crate::errors;

pub(super) async fn look(cp: &ControlPlane, spec: &Spec) -> Result<bool, Trouble> {
    let wanted = alarm::alarm(spec);
    let describe =
        cp.cloudwatch.describe_alarms().alarm_names(&wanted.name).alarm_types(AlarmType::MetricAlarm);
    let mut pages = describe.into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| {
            errors::trouble(&format!("could not look at the alarm {}", wanted.name), &error)
        })?;
        if page.metric_alarms().iter().any(|found| is_as(found, &wanted)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether an alarm is what it should be. What Emrys does not set (tags, say) is not looked at.
fn is_as(found: &MetricAlarm, wanted: &AlarmSpec) -> bool {
    let dimensions: Vec<_> = found.dimensions().iter().map(|d| (d.name(), d.value())).collect();
    let whole = |number: u32| i32::try_from(number).ok();
    found.alarm_name() == Some(&wanted.name)
        && found.alarm_description() == Some(&wanted.description)
        && found.namespace() == Some(wanted.namespace)
        && found.metric_name() == Some(wanted.metric)
        && dimensions == [(Some(wanted.dimension.0), Some(wanted.dimension.1.as_str()))]
        && found.statistic().map(Statistic::as_str) == Some(wanted.statistic)
        && found.period() == whole(wanted.period_seconds)
        && found.evaluation_periods() == whole(wanted.evaluation_periods)
        && found.datapoints_to_alarm() == whole(wanted.datapoints_to_alarm)
        && found.threshold() == Some(wanted.threshold)
        && found.comparison_operator().map(ComparisonOperator::as_str) == Some(wanted.comparison)
        && found.treat_missing_data() == Some(wanted.treat_missing_data)
        && found.alarm_actions() == wanted.actions
        && found.ok_actions() == wanted.actions
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudwatch::types::Dimension;

    use super::*;

    fn wanted() -> AlarmSpec {
        AlarmSpec {
            name: "emrys/web-logs/no-success".into(),
            description: "no success".into(),
            namespace: "Emrys",
            metric: "RunSucceeded",
            dimension: ("Pipeline", "web-logs".into()),
            statistic: "Maximum",
            period_seconds: 3600,
            evaluation_periods: 26,
            datapoints_to_alarm: 26,
            threshold: 1.0,
            comparison: "LessThanThreshold",
            treat_missing_data: "breaching",
            actions: vec!["arn:aws:sns:us-east-1:123456789012:ops".into()],
        }
    }

    fn found() -> aws_sdk_cloudwatch::types::builders::MetricAlarmBuilder {
        MetricAlarm::builder()
            .alarm_name("emrys/web-logs/no-success")
            .alarm_description("no success")
            .namespace("Emrys")
            .metric_name("RunSucceeded")
            .dimensions(Dimension::builder().name("Pipeline").value("web-logs").build())
            .statistic(Statistic::Maximum)
            .period(3600)
            .evaluation_periods(26)
            .datapoints_to_alarm(26)
            .threshold(1.0)
            .comparison_operator(ComparisonOperator::LessThanThreshold)
            .treat_missing_data("breaching")
            .alarm_actions("arn:aws:sns:us-east-1:123456789012:ops")
            .ok_actions("arn:aws:sns:us-east-1:123456789012:ops")
    }

    #[test]
    fn an_alarm_stands_only_as_a_whole() {
        assert!(is_as(&found().build(), &wanted()));
        assert!(!is_as(&found().period(60).build(), &wanted()));
        assert!(!is_as(&found().treat_missing_data("missing").build(), &wanted()));
        assert!(!is_as(&found().alarm_actions("arn:aws:sns:us-east-1:123456789012:more").build(), &wanted()));
        let other = Dimension::builder().name("Pipeline").value("other").build();
        assert!(!is_as(&found().set_dimensions(Some(vec![other])).build(), &wanted()));
    }
}
