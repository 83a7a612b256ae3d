//! The plan is what the run does.

use serde_json::{Value, json};

use crate::support::{DAY, World};

/// Operations that change AWS.
const CHANGES: [&str; 12] = [
    "PutObject",
    "DeleteObject",
    "DeleteObjects",
    "CopyObject",
    "CreateMultipartUpload",
    "RunJobFlow",
    "AddJobFlowSteps",
    "TerminateJobFlows",
    "CancelSteps",
    "AddTags",
    "PutMetricData",
    "PutMetricAlarm",
];

/// The calls that changed AWS, without the ledger's own objects and without the nonce in a cluster's name.
fn changes(journal: &[Value]) -> Vec<Value> {
    let is_change = |entry: &&Value| CHANGES.contains(&entry["operation"].as_str().unwrap());
    let is_ledger = |entry: &&Value| {
        entry["resource"].as_str().unwrap().starts_with("s3://my-log-bucket/emrys/web-logs/")
    };
    journal
        .iter()
        .filter(is_change)
        .filter(|entry| !is_ledger(entry))
        .map(|entry| {
            let mut resource = entry["resource"].as_str().unwrap();
            if entry["operation"] == "RunJobFlow" {
                resource = resource.rsplit_once('/').unwrap().0;
            }
            json!({"service": entry["service"], "operation": entry["operation"], "resource": resource})
        })
        .collect()
}

#[test]
fn the_plan_lists_the_calls_that_the_run_then_makes() {
    let world = World::scripted("");
    let plan = world.emrys(&["plan", "--day", DAY, "--json"]).expect(0).json();
    assert_eq!(changes(&world.journal()), [] as [Value; 0], "planning changes nothing");

    world.run().expect(0);
    let done = changes(&world.journal());
    assert_eq!(plan["calls"].as_array().unwrap(), &done);
    let operations: Vec<&str> = done.iter().map(|call| call["operation"].as_str().unwrap()).collect();
    assert_eq!(operations, ["PutObject", "PutObject", "RunJobFlow", "PutMetricData", "PutMetricAlarm"]);

    // The second attempt finds the job staged and the alarm as it should be, and its plan knows.
    let plan = world.emrys(&["plan", "--day", DAY, "--json"]).expect(0).json();
    world.run().expect(0);
    let again = changes(&world.journal()).split_off(done.len());
    assert_eq!(plan["calls"].as_array().unwrap(), &again);
    assert_eq!(again.len(), 2, "{again:?}");
}

#[test]
fn a_plan_of_an_empty_day_has_no_calls_and_says_why() {
    let world = World::new();
    let ended = world.emrys(&["plan", "--day", DAY, "--json"]).expect(0);
    assert_eq!(ended.json()["calls"], json!([]));
    let text = world.emrys(&["plan", "--day", DAY]).expect(0);
    assert!(text.stdout.contains("empty") || text.stdout.contains("no logs"), "{}", text.stdout);
}
