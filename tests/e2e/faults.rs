//! Faults of AWS in the middle of a run, by a file of faults as a user writes it.

use std::fs;

use serde_json::{Value, json};

use crate::support::{DAY, World};

/// A world whose step takes a moment, and whose AWS has these faults of calls.
fn world(calls: &Value) -> World {
    let world = World::scripted("");
    world.script(1_500, 0);
    fs::write(world.local_dir().join("faults.json"), json!({ "calls": calls }).to_string()).unwrap();
    world
}

#[test]
fn credentials_that_expire_during_a_run_stop_the_watching_and_not_the_run() {
    let world = world(&json!([
        { "service": "emr", "operation": "^DescribeCluster$", "kind": "expired_token", "first": 3, "times": 3 },
    ]));
    // Denied once is not believed yet.
    let left = world.run().expect(6);
    assert_eq!(left.json()["error"]["kind"], "access", "{}", left.stdout);
    let status = world.emrys(&["status", DAY, "--json"]).expect(0).json();
    assert_eq!(status["outcome"], Value::Null, "the run is in flight: {status}");

    // With fresh credentials the next command picks it up.
    let report = world.run().expect(0).json();
    assert_eq!((&report["outcome"], &report["attempt"]), (&json!("succeeded"), &json!(1)));
    assert_eq!(world.calls("RunJobFlow").len(), 1);
    assert!(world.calls("TerminateJobFlows").is_empty());
}

#[test]
fn a_network_that_drops_for_a_while_before_and_after_the_effect_is_survived() {
    let cut = |service: &str, when: &str| json!({ "service": service, "kind": "cut", "when": when, "first": 3, "every": 3, "for_ms": 2_000 });
    let world = world(&json!([cut("s3", "after"), cut("emr", "before"), cut("emr", "after")]));
    let report = world.run().expect(0).json();
    assert_eq!((&report["outcome"], &report["attempt"]), (&json!("succeeded"), &json!(1)));
    let hit = world.journal().iter().filter(|call| call["fault"]["kind"] == "cut").count();
    assert!(hit > 2, "{hit}");
    let made = world
        .calls("RunJobFlow")
        .into_iter()
        .filter(|call| call["outcome"] == "ok" || call["fault"]["effect"] == "ok");
    assert_eq!(made.count(), 1);
    world.assert_nothing_is_left();
}
