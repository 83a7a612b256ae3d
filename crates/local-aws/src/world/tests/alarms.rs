//! Alarms: when they change their state, and how they are kept.

use super::*;

/// The alarm of a pipeline: no success within 26 hours.
fn no_success() -> Value {
    json!({
        "AlarmName": "emrys/web-logs/no-success",
        "AlarmDescription": "no day of web-logs succeeded",
        "Namespace": "Emrys", "MetricName": "RunSucceeded",
        "Dimensions": [{"Name": "Pipeline", "Value": "web-logs"}],
        "Statistic": "Maximum", "Period": 3_600, "EvaluationPeriods": 26, "DatapointsToAlarm": 26,
        "Threshold": 1.0, "ComparisonOperator": "LessThanThreshold", "TreatMissingData": "breaching",
        "AlarmActions": ["arn:aws:sns:us-east-1:123456789012:ops"],
    })
}

fn succeed(harness: &mut Harness, value: f64) {
    let at = seconds(harness.now);
    let datum = json!({"MetricName": "RunSucceeded", "Value": value, "Timestamp": at, "Unit": "Count",
        "Dimensions": [{"Name": "Pipeline", "Value": "web-logs"}]});
    harness.cloudwatch("PutMetricData", json!({"Namespace": "Emrys", "MetricData": [datum]}));
}

fn alarm(harness: &mut Harness) -> Value {
    let answer = harness.cloudwatch("DescribeAlarms", json!({"AlarmNames": ["emrys/web-logs/no-success"]}));
    answer["MetricAlarms"][0].clone()
}

fn state(harness: &mut Harness) -> String {
    text(&alarm(harness)["StateValue"])
}

#[test]
fn no_data_breaches_and_a_success_clears() {
    let mut harness = Harness::new();
    harness.cloudwatch("PutMetricAlarm", no_success());
    assert_eq!(state(&mut harness), "INSUFFICIENT_DATA");
    harness.pass_ms(199);
    assert_eq!(state(&mut harness), "INSUFFICIENT_DATA");
    harness.pass_ms(1);
    assert_eq!(state(&mut harness), "ALARM");
    harness.pass_secs(600);
    succeed(&mut harness, 0.0);
    assert_eq!(state(&mut harness), "ALARM");
    succeed(&mut harness, 1.0);
    assert_eq!(state(&mut harness), "OK");
    let changed = seconds(harness.now);
    // It stays so for a day, and goes back to ALARM when no further success comes.
    harness.pass(SignedDuration::from_hours(26));
    assert_eq!(state(&mut harness), "OK");
    assert_eq!(alarm(&mut harness)["StateUpdatedTimestamp"], json!(changed));
    harness.pass(SignedDuration::from_hours(3));
    assert_eq!(state(&mut harness), "ALARM");
    // At the end of a period, not when somebody looked.
    let updated = alarm(&mut harness)["StateUpdatedTimestamp"].as_f64().unwrap();
    assert!(updated < seconds(harness.now) && updated % 3_600.0 == 0.0, "{updated}");
}

#[test]
fn an_alarm_shows_its_configuration() {
    let mut harness = Harness::new();
    let created = seconds(harness.now);
    harness.cloudwatch("PutMetricAlarm", no_success());
    let shown = alarm(&mut harness);
    for (member, value) in no_success().as_object().unwrap() {
        assert_eq!(&shown[member], value, "{member}");
    }
    for (member, value) in [
        ("AlarmArn", json!("arn:aws:cloudwatch:us-east-1:123456789012:alarm:emrys/web-logs/no-success")),
        ("ActionsEnabled", json!(true)),
        ("OKActions", json!([])),
        ("AlarmConfigurationUpdatedTimestamp", json!(created)),
        ("StateReason", json!("Unchecked: Initial alarm creation")),
    ] {
        assert_eq!(shown[member], value, "{member}");
    }
}

#[test]
fn an_update_replaces_the_configuration_and_keeps_the_state() {
    let mut harness = Harness::new();
    harness.cloudwatch("PutMetricAlarm", no_success());
    harness.pass_secs(1);
    assert_eq!(state(&mut harness), "ALARM");
    let mut changed = no_success();
    changed["TreatMissingData"] = json!("notBreaching");
    changed.as_object_mut().unwrap().remove("AlarmDescription");
    harness.cloudwatch("PutMetricAlarm", changed);
    assert_eq!(state(&mut harness), "ALARM");
    assert_eq!(alarm(&mut harness).get("AlarmDescription"), None);
    harness.pass_secs(1);
    assert_eq!(state(&mut harness), "OK");
}

#[test]
fn what_happened_before_the_alarm_counts() {
    let mut harness = Harness::new();
    succeed(&mut harness, 1.0);
    harness.pass(SignedDuration::from_hours(5));
    harness.cloudwatch("PutMetricAlarm", no_success());
    harness.pass_secs(1);
    assert_eq!(state(&mut harness), "OK");
}

#[test]
fn alarms_are_listed_in_pages_and_filtered() {
    let mut harness = Harness::new();
    for name in ["a/1", "a/2", "b/1", "b/2", "b/3"] {
        let mut asked = no_success();
        asked["AlarmName"] = json!(name);
        harness.cloudwatch("PutMetricAlarm", asked);
    }
    let mut list = |input: Value| -> Vec<String> {
        harness
            .all("DescribeAlarms", "MetricAlarms", input)
            .iter()
            .map(|alarm| text(&alarm["AlarmName"]))
            .collect()
    };
    assert_eq!(list(json!({})), ["a/1", "a/2", "b/1", "b/2", "b/3"]);
    assert_eq!(list(json!({"MaxRecords": 1})).len(), 5);
    assert_eq!(list(json!({"AlarmNamePrefix": "b/", "MaxRecords": 2})), ["b/1", "b/2", "b/3"]);
    assert_eq!(list(json!({"AlarmNames": ["b/2", "none"]})), ["b/2"]);
    assert_eq!(list(json!({"StateValue": "OK"})).len(), 0);
    assert_eq!(list(json!({"ActionPrefix": "arn:aws:sns"})).len(), 5);
    assert_eq!(list(json!({"AlarmTypes": ["CompositeAlarm"]})).len(), 0);
    harness.cloudwatch("DeleteAlarms", json!({"AlarmNames": ["a/1", "b/1"]}));
    let (code, _) = harness.refused("DeleteAlarms", json!({"AlarmNames": ["a/2", "a/1"]}));
    assert_eq!(code, "ResourceNotFound");
    assert_eq!(harness.all("DescribeAlarms", "MetricAlarms", json!({})).len(), 3);
    assert_eq!(harness.refused("DescribeAlarms", json!({"NextToken": "x"})).0, "InvalidNextToken");
    harness.refused("DescribeAlarms", json!({"AlarmNames": ["a"], "AlarmNamePrefix": "a"}));
}

#[test]
fn rules_of_alarms() {
    let mut harness = Harness::new();
    let mut refused = |member: &str, value: Value, says: &str| {
        let mut asked = no_success();
        if value.is_null() {
            asked.as_object_mut().unwrap().remove(member);
        } else {
            asked[member] = value;
        }
        let (code, message) = harness.refused("PutMetricAlarm", asked);
        assert_eq!(code, "ValidationError");
        assert!(message.contains(says), "{message} should say {says}");
    };
    for member in [
        "MetricName",
        "Namespace",
        "Statistic",
        "Period",
        "EvaluationPeriods",
        "Threshold",
        "ComparisonOperator",
    ] {
        refused(member, Value::Null, member);
    }
    for period in [0, 15, 61, 90] {
        refused("Period", json!(period), "multiple of 60");
    }
    refused("Period", json!(7 * 3_600), "seven days");
    refused("DatapointsToAlarm", json!(27), "DatapointsToAlarm");
    refused("TreatMissingData", json!("sometimes"), "sometimes");
    refused("ComparisonOperator", json!("GreaterThanUpperThreshold"), "anomaly");
    refused("AlarmActions", json!(["ops"]), "Invalid arn");
    refused("Metrics", json!([]), "Metrics");
    refused("ExtendedStatistic", json!("p99"), "ExtendedStatistic");
    let mut minutes = no_success();
    minutes["Period"] = json!(60);
    minutes["EvaluationPeriods"] = json!(1_441);
    assert!(harness.refused("PutMetricAlarm", minutes.clone()).1.contains("one day"));
    minutes["EvaluationPeriods"] = json!(1_440);
    harness.cloudwatch("PutMetricAlarm", minutes);
}
