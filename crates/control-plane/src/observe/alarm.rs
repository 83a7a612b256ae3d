//! Does the alarm stand as configured?

use aws_sdk_cloudwatch::types::{AlarmType, MetricAlarm};
use emrys_core::alarm::{self, Facts};
use emrys_core::record::CallError;
use emrys_core::spec::Spec;

use crate::clients::AwsContext;
use crate::errors;

pub(super) async fn observe(aws: &AwsContext, spec: &Spec) -> Result<bool, CallError> {
    Ok(found(aws, spec).await?.is_some_and(|found| found == alarm::alarm(spec).facts()))
}

/// The pipeline's alarm as it stands, if it does.
pub(crate) async fn found(aws: &AwsContext, spec: &Spec) -> Result<Option<Facts>, CallError> {
    let name = spec.alarm_name();
    let describe = aws.cloudwatch.describe_alarms().alarm_names(&name).alarm_types(AlarmType::MetricAlarm);
    let mut pages = describe.into_paginator().send();
    while let Some(page) = pages.next().await {
        let page =
            page.map_err(|error| errors::call_error(&format!("could not look at the alarm {name}"), &error))?;
        if let Some(found) = page.metric_alarms().iter().find(|found| found.alarm_name() == Some(&name)) {
            return Ok(Some(facts(found)));
        }
    }
    Ok(None)
}

/// An alarm in the words of [`alarm::AlarmSpec::facts`]. What Emrys does not set (tags, say) is not looked at.
fn facts(found: &MetricAlarm) -> Facts {
    let word = |word: Option<&str>| word.unwrap_or("none").to_owned();
    let number = |number: Option<i32>| number.map_or_else(|| "none".to_owned(), |number| number.to_string());
    let list = |items: Vec<String>| if items.is_empty() { "none".to_owned() } else { items.join(", ") };
    let dimensions = found.dimensions().iter();
    let dimensions =
        dimensions.map(|d| format!("{}={}", d.name().unwrap_or_default(), d.value().unwrap_or_default()));
    vec![
        ("description", word(found.alarm_description())),
        ("namespace", word(found.namespace())),
        ("metric", word(found.metric_name())),
        ("dimensions", list(dimensions.collect())),
        ("statistic", word(found.statistic().map(AsRef::as_ref))),
        ("period seconds", number(found.period())),
        ("periods", number(found.evaluation_periods())),
        ("periods that must breach", number(found.datapoints_to_alarm())),
        ("threshold", found.threshold().map_or_else(|| "none".to_owned(), |threshold| threshold.to_string())),
        ("comparison", word(found.comparison_operator().map(AsRef::as_ref))),
        ("missing data", word(found.treat_missing_data())),
        ("actions when it fires", list(found.alarm_actions().to_vec())),
        ("actions when it is over", list(found.ok_actions().to_vec())),
    ]
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, Statistic};
    use emrys_core::alarm::AlarmSpec;

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

    fn is_as(found: &MetricAlarm) -> bool {
        facts(found) == wanted().facts()
    }

    #[test]
    fn an_alarm_stands_only_as_a_whole() {
        assert!(is_as(&found().build()));
        assert!(!is_as(&found().period(60).build()));
        assert!(!is_as(&found().treat_missing_data("missing").build()));
        assert!(!is_as(&found().alarm_actions("arn:aws:sns:us-east-1:123456789012:more").build()));
        let other = Dimension::builder().name("Pipeline").value("other").build();
        assert!(!is_as(&found().set_dimensions(Some(vec![other])).build()));
    }
}
