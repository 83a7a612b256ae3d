//! PutMetricData, GetMetricData and ListMetrics.

use super::*;

fn datum(name: &str, value: f64, at: f64) -> Value {
    json!({"MetricName": name, "Value": value, "Timestamp": at, "Unit": "Count",
        "Dimensions": [{"Name": "Pipeline", "Value": "web-logs"}]})
}

fn query(id: &str, name: &str, stat: &str, period: i64) -> Value {
    json!({"Id": id, "MetricStat": {"Stat": stat, "Period": period, "Metric": {
        "Namespace": "Emrys", "MetricName": name, "Dimensions": [{"Name": "Pipeline", "Value": "web-logs"}]}}})
}

fn put(harness: &mut Harness, data: &[Value]) {
    harness.cloudwatch("PutMetricData", json!({"Namespace": "Emrys", "MetricData": data}));
}

/// Values of one statistic over the last hour and the next.
fn values(harness: &mut Harness, stat: &str, period: i64) -> Vec<(i64, f64)> {
    let now = seconds(harness.now);
    let mut request = json!({"MetricDataQueries": [query("q", "Rows", stat, period)],
        "StartTime": now - 3_600.0, "EndTime": now + 3_600.0, "ScanBy": "TimestampAscending"});
    let mut values = Vec::new();
    loop {
        let answer = harness.cloudwatch("GetMetricData", request.clone());
        let result = &answer["MetricDataResults"][0];
        let stamps = result["Timestamps"].as_array().unwrap().iter().map(|at| at.as_i64().unwrap());
        let numbers = result["Values"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap());
        values.extend(stamps.zip(numbers));
        let Some(token) = answer.get("NextToken") else {
            assert_eq!(result["StatusCode"], "Complete");
            return values;
        };
        assert_eq!(result["StatusCode"], "PartialData");
        request["NextToken"] = token.clone();
    }
}

#[test]
fn statistics_are_computed_over_periods() {
    let mut harness = Harness::new();
    let now = harness.now.as_second();
    let start = seconds(harness.now);
    put(
        &mut harness,
        &[datum("Rows", 4.0, start), datum("Rows", 2.0, start + 59.0), datum("Rows", 9.0, start + 60.0)],
    );
    assert_eq!(values(&mut harness, "Sum", 60), [(now, 6.0), (now + 60, 9.0)]);
    assert_eq!(values(&mut harness, "Average", 60), [(now, 3.0), (now + 60, 9.0)]);
    assert_eq!(values(&mut harness, "Minimum", 3_600), [(now, 2.0)]);
    assert_eq!(values(&mut harness, "Maximum", 3_600), [(now, 9.0)]);
    assert_eq!(values(&mut harness, "SampleCount", 300), [(now, 3.0)]);
    // Periods without points have no value, and an end is no part of the range.
    assert!(values(&mut harness, "Sum", 60).iter().all(|(_, value)| *value > 0.0));
    let queries = [query("q", "Rows", "Sum", 60)];
    let until = json!({"MetricDataQueries": queries, "StartTime": start, "EndTime": start + 60.0});
    assert_eq!(harness.cloudwatch("GetMetricData", until)["MetricDataResults"][0]["Values"], json!([6.0]));
}

#[test]
fn a_repeated_point_doubles_the_sum_and_leaves_the_maximum() {
    let mut harness = Harness::new();
    let (now, start) = (harness.now.as_second(), seconds(harness.now));
    for _ in 0..2 {
        put(&mut harness, &[datum("Rows", 7.0, start)]);
    }
    assert_eq!(values(&mut harness, "Sum", 60), [(now, 14.0)]);
    assert_eq!(values(&mut harness, "SampleCount", 60), [(now, 2.0)]);
    for stat in ["Maximum", "Minimum", "Average"] {
        assert_eq!(values(&mut harness, stat, 60), [(now, 7.0)], "{stat}");
    }
}

#[test]
fn statistic_sets_and_distributions_add_up() {
    let mut harness = Harness::new();
    let now = harness.now.as_second();
    let mut set = datum("Rows", 0.0, seconds(harness.now));
    set.as_object_mut().unwrap().remove("Value");
    let mut distribution = set.clone();
    set["StatisticValues"] = json!({"SampleCount": 3, "Sum": 30, "Minimum": 5, "Maximum": 15});
    distribution["Values"] = json!([1, 20]);
    distribution["Counts"] = json!([2, 1]);
    put(&mut harness, &[set, distribution]);
    for (stat, value) in [("Sum", 52.0), ("SampleCount", 6.0), ("Minimum", 1.0), ("Maximum", 20.0)] {
        assert_eq!(values(&mut harness, stat, 60), [(now, value)], "{stat}");
    }
}

#[test]
fn a_unit_selects_and_none_selects_all() {
    let mut harness = Harness::new();
    let start = seconds(harness.now);
    let mut seconds = datum("Rows", 100.0, start);
    seconds["Unit"] = json!("Seconds");
    put(&mut harness, &[datum("Rows", 1.0, start), seconds]);
    let mut sum_of = |unit: Option<&str>| {
        let mut query = query("q", "Rows", "Sum", 60);
        if let Some(unit) = unit {
            query["MetricStat"]["Unit"] = json!(unit);
        }
        let input = json!({"MetricDataQueries": [query], "StartTime": start, "EndTime": start + 60.0});
        harness.cloudwatch("GetMetricData", input)["MetricDataResults"][0]["Values"].clone()
    };
    assert_eq!(sum_of(None), json!([101.0]));
    assert_eq!(sum_of(Some("Seconds")), json!([100.0]));
    assert_eq!(sum_of(Some("Bytes")), json!([]));
}

#[test]
fn data_points_come_in_pages_over_all_queries() {
    let pages = PageSizes { datapoints: 2, ..PageSizes::default() };
    let mut harness = Harness::with(WorldSettings { pages, ..WorldSettings::default() });
    let start = seconds(harness.now);
    let minutes = [0.0, 60.0, 120.0, 180.0, 240.0];
    put(&mut harness, &minutes.map(|offset| datum("Rows", offset, start + offset)));
    assert_eq!(values(&mut harness, "Sum", 60).len(), 5);
    let mut input = json!({"MetricDataQueries": [query("a", "Rows", "Sum", 60), query("b", "None", "Sum", 60),
        query("c", "Rows", "Maximum", 300)], "StartTime": start, "EndTime": start + 300.0});
    let (mut a, mut c, mut partial) = (Vec::new(), Vec::new(), String::new());
    loop {
        let answer = harness.cloudwatch("GetMetricData", input.clone());
        let results = answer["MetricDataResults"].as_array().unwrap();
        assert_eq!(results.iter().map(|r| text(&r["Id"])).collect::<String>(), "abc");
        let codes = results.iter().map(|result| if result["StatusCode"] == "Complete" { '.' } else { 'p' });
        partial.extend(codes.chain([' ']));
        a.extend(results[0]["Values"].as_array().unwrap().clone());
        c.extend(results[2]["Values"].as_array().unwrap().clone());
        match answer.get("NextToken") {
            Some(token) => input["NextToken"] = token.clone(),
            None => break,
        }
    }
    // What a later page still has something of is partial.
    assert_eq!(partial, "p.p p.p ... ");
    // The newest comes first unless asked otherwise.
    assert_eq!(json!(a), json!([240.0, 180.0, 120.0, 60.0, 0.0]));
    assert_eq!(json!(c), json!([240.0]));
}

#[test]
fn points_that_are_no_numbers_or_of_another_time_are_refused_with_the_whole_call() {
    let mut harness = Harness::new();
    let now = seconds(harness.now);
    let day = 86_400.0;
    let good = datum("Rows", 1.0, now);
    let with = |member: &str, value: Value| {
        let mut datum = good.clone();
        datum[member] = value;
        datum
    };
    for (wrong, code, says) in [
        (with("Value", json!("NaN")), "InvalidParameterValueException", "NaN"),
        (with("Value", json!("Infinity")), "InvalidParameterValueException", "NaN"),
        (with("Value", Value::Null), "InvalidParameterValueException", "NaN"),
        (with("Value", json!(1e120)), "InvalidParameterValueException", "2^360"),
        (
            with("Timestamp", json!(now - 14.0 * day - 1.0)),
            "InvalidParameterValueException",
            "past two weeks",
        ),
        (with("Timestamp", json!(now + 7_201.0)), "InvalidParameterValueException", "two hours"),
        (with("Values", json!([1])), "InvalidParameterCombinationException", "mutually exclusive"),
        (with("StorageResolution", json!(5)), "InvalidParameterValueException", "1 or 60"),
        (
            with("Dimensions", json!([{"Name": "A", "Value": "1"}, {"Name": "A", "Value": "2"}])),
            "InvalidParameterValueException",
            "twice",
        ),
        (json!({"MetricName": "Rows"}), "MissingRequiredParameterException", "MetricData.member.2.Value"),
        (
            json!({"MetricName": "Rows", "Values": [1, 2], "Counts": [1]}),
            "InvalidParameterValueException",
            "same size",
        ),
    ] {
        let (got, message) =
            harness.refused("PutMetricData", json!({"Namespace": "Emrys", "MetricData": [good, wrong]}));
        assert_eq!(got, code, "{message}");
        assert!(message.contains(says), "{message} should say {says}");
    }
    harness.refused("PutMetricData", json!({"Namespace": "AWS/EMR", "MetricData": [good]}));
    harness.refused("PutMetricData", json!({"Namespace": "Emrys", "MetricData": []}));
    harness.refused("PutMetricData", json!({"Namespace": "Emrys", "MetricData": vec![good; 1_001]}));
    assert!(harness.all("ListMetrics", "Metrics", json!({})).is_empty());
    put(&mut harness, &[datum("Rows", 1.0, now - 14.0 * day), datum("Rows", 1.0, now + 7_200.0)]);
}

#[test]
fn queries_that_are_not_answered_are_refused_by_name() {
    let mut harness = Harness::new();
    let mut refused = |query: Value| {
        let queries = json!([query]);
        harness
            .refused("GetMetricData", json!({"MetricDataQueries": queries, "StartTime": 0, "EndTime": 60}))
            .1
    };
    assert!(refused(json!({"Id": "e", "Expression": "SUM(METRICS())"})).contains("SUM(METRICS())"));
    assert!(refused(query("q", "Rows", "p99", 60)).contains("p99"));
    assert!(refused(query("q", "Rows", "Sum", 90)).contains("multiple of 60"));
    assert!(refused(query("Q", "Rows", "Sum", 60)).contains("lower-case"));
    assert!(refused(json!({"Id": "q"})).contains("MetricStat"));
    let query = query("q", "Rows", "Sum", 60);
    harness.refused(
        "GetMetricData",
        json!({"MetricDataQueries": [query, query], "StartTime": 0, "EndTime": 60}),
    );
    harness.refused("GetMetricData", json!({"MetricDataQueries": [query], "StartTime": 60, "EndTime": 60}));
    let token = json!({"MetricDataQueries": [query], "StartTime": 0, "EndTime": 60, "NextToken": "x"});
    assert_eq!(harness.refused("GetMetricData", token).0, "InvalidNextToken");
}

#[test]
fn metrics_are_listed_and_filtered() {
    let pages = PageSizes { metrics: 1, ..PageSizes::default() };
    let mut harness = Harness::with(WorldSettings { pages, ..WorldSettings::default() });
    let now = seconds(harness.now);
    put(&mut harness, &[datum("Rows", 1.0, now), datum("Rejected", 1.0, now), datum("Rows", 2.0, now)]);
    let other = json!({"MetricName": "Rows", "Value": 1, "Timestamp": now});
    harness.cloudwatch("PutMetricData", json!({"Namespace": "Other", "MetricData": [other]}));
    let mut list = |input: Value| harness.all("ListMetrics", "Metrics", input).len();
    assert_eq!(list(json!({})), 3);
    assert_eq!(list(json!({"Namespace": "Emrys"})), 2);
    assert_eq!(list(json!({"MetricName": "Rows"})), 2);
    assert_eq!(list(json!({"Dimensions": [{"Name": "Pipeline"}]})), 2);
    assert_eq!(list(json!({"Dimensions": [{"Name": "Pipeline", "Value": "no"}]})), 0);
    harness.pass_secs(4 * 3_600);
    assert_eq!(harness.all("ListMetrics", "Metrics", json!({"RecentlyActive": "PT3H"})).len(), 0);
    harness.pass(SignedDuration::from_hours(24 * 15));
    assert_eq!(harness.all("ListMetrics", "Metrics", json!({})).len(), 0);
    assert_eq!(harness.refused("ListMetrics", json!({"NextToken": "x"})).0, "InvalidParameterValueException");
}
