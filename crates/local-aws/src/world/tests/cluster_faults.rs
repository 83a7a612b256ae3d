//! Clusters with faults on purpose.

use super::*;
use crate::faults::FaultScript;

const NAME: &str = "emrys/web-logs/2024-10-20/a1/0011223344556677";

fn with_rules(rules: &Value) -> Harness {
    let script = FaultScript::read(&json!({ "clusters": rules }).to_string()).unwrap();
    Harness::with(WorldSettings { cluster_rules: script.clusters, ..WorldSettings::default() })
}

/// A harness with one rule for every cluster, and a cluster of two steps.
fn one(mut rule: Value) -> (Harness, String) {
    rule["cluster"] = json!(".");
    let mut harness = with_rules(&json!([rule]));
    let id = harness.launch(request(&[step("one", "TERMINATE_CLUSTER"), step("two", "TERMINATE_CLUSTER")]));
    (harness, id)
}

#[test]
fn a_cluster_that_never_runs_ends_as_emr_says_it() {
    for (rule, code, detail, words) in [
        (json!({"kind": "bootstrap_failure"}), "BOOTSTRAP_FAILURE", true, "bootstrap action 1"),
        (json!({"kind": "no_capacity"}), "VALIDATION_ERROR", false, "sufficient capacity"),
        (
            json!({"kind": "fleet_timeout", "message": "too late"}),
            "INSTANCE_FLEET_TIMEOUT",
            false,
            "too late",
        ),
        (
            json!({"kind": "fails", "at": "bootstrapping", "code": "INTERNAL_ERROR", "error_code": "X"}),
            "INTERNAL_ERROR",
            true,
            "",
        ),
    ] {
        let (mut harness, id) = one(rule);
        harness.pass_secs(1);
        assert_eq!(harness.state(&id), pair("TERMINATED_WITH_ERRORS", code));
        let status = harness.cluster(&id)["Status"].clone();
        assert_eq!(status.get("ErrorDetails").is_some(), detail, "{status}");
        let message = status["StateChangeReason"]["Message"].as_str().unwrap_or_default();
        assert!(message.contains(words), "{message}");
        assert!(harness.started.is_empty());
    }
}

#[test]
fn an_endless_start_ends_when_somebody_ends_it() {
    let (mut harness, id) = one(json!({"kind": "endless_starting"}));
    harness.pass(SignedDuration::from_hours(100));
    assert_eq!(harness.state(&id).0, "STARTING");
    assert_eq!(harness.world.next_deadline(), None);
    harness.emr("TerminateJobFlows", json!({"JobFlowIds": [id]}));
    harness.pass_secs(1);
    assert_eq!(harness.state(&id), pair("TERMINATED", "USER_REQUEST"));
}

#[test]
fn a_lost_task_node_is_a_note_and_no_more() {
    let (mut harness, id) = one(json!({"kind": "spot_loss", "node": "task", "after_ms": 1_000}));
    let told: Vec<_> =
        harness.started[0].remarks.iter().filter(|remark| remark.contains("spot instance")).collect();
    assert_eq!(told.len(), 1);
    harness.pass_secs(2);
    assert_eq!(harness.step_states(&id), ["RUNNING", "PENDING"]);
}

#[test]
fn a_lost_core_node_fails_the_step() {
    let (mut harness, id) = one(json!({"kind": "spot_loss", "node": "core", "after_ms": 1_000}));
    harness.pass_secs(2);
    let steps = harness.steps(&id);
    assert_eq!(harness.stopped, [(steps[0].clone(), KillHow::Terminate)]);
    assert_eq!(harness.step_states(&id), ["RUNNING", "PENDING"], "its process has not ended yet");
    harness.end(&id, &steps[0], StepExit::Signalled(9));
    harness.pass_secs(1);
    assert_eq!(harness.step_states(&id), ["FAILED", "CANCELLED"]);
    assert_eq!(harness.state(&id), pair("TERMINATED_WITH_ERRORS", "STEP_FAILURE"));
}

#[test]
fn a_lost_primary_node_takes_the_cluster_with_it() {
    let (mut harness, id) = one(json!({"kind": "spot_loss", "node": "primary", "after_ms": 1_000}));
    harness.pass_ms(999);
    assert_eq!(harness.state(&id).0, "RUNNING");
    harness.pass_ms(1);
    assert_eq!(harness.state(&id), pair("TERMINATING", "INSTANCE_FAILURE"));
    assert_eq!(harness.step_states(&id), ["INTERRUPTED", "CANCELLED"]);
    let steps = harness.steps(&id);
    assert_eq!(harness.stopped, [(steps[0].clone(), KillHow::Terminate)]);
    // The process that was ended with its node tells nobody any more.
    harness.end(&id, &steps[0], StepExit::Signalled(9));
    harness.pass_secs(1);
    assert_eq!(harness.state(&id), pair("TERMINATED_WITH_ERRORS", "INSTANCE_FAILURE"));
    assert_eq!(harness.step_states(&id), ["INTERRUPTED", "CANCELLED"]);
}

#[test]
fn a_step_that_succeeded_is_said_to_have_failed() {
    let (mut harness, id) = one(json!({"kind": "unknown_error", "step": "^two$"}));
    for at in 0..2 {
        let steps = harness.steps(&id);
        harness.exit(&id, &steps[at], 0);
    }
    assert_eq!(harness.step_states(&id), ["COMPLETED", "FAILED"]);
    let steps = harness.steps(&id);
    let told = harness.emr("DescribeStep", json!({"ClusterId": id, "StepId": steps[1]}));
    assert_eq!(told["Step"]["Status"]["FailureDetails"], json!({"Reason": "Unknown Error."}));
    harness.pass_secs(1);
    assert_eq!(harness.state(&id), pair("TERMINATED_WITH_ERRORS", "STEP_FAILURE"));
}

#[test]
fn a_plain_end_has_neither_code_nor_message() {
    let starting = json!({"kind": "terminated", "at": "starting"});
    let running = json!({"kind": "terminated", "after_ms": 1_000});
    for (rule, states) in [(starting, ["CANCELLED", "CANCELLED"]), (running, ["CANCELLED", "CANCELLED"])] {
        let (mut harness, id) = one(rule);
        harness.pass_secs(2);
        if let Some(launch) = harness.started.first() {
            let step = launch.step_id.clone();
            harness.end(&id, &step, StepExit::Signalled(15));
        }
        harness.pass_secs(1);
        let status = harness.cluster(&id)["Status"].clone();
        assert_eq!(status["State"], "TERMINATED");
        assert_eq!(status["StateChangeReason"], json!({}));
        assert_eq!(harness.step_states(&id), states);
    }
}

#[test]
fn a_state_can_be_one_that_nobody_knows_for_a_while() {
    let mut harness = with_rules(&json!([
        {"cluster": ".", "kind": "unknown_state", "of": "cluster", "after_ms": 1_000, "for_ms": 1_000},
        {"cluster": ".", "kind": "unknown_state", "of": "step", "state": "NAPPING", "after_ms": 1_500},
    ]));
    let id = harness.launch(request(&[step("one", "TERMINATE_CLUSTER"), step("two", "CONTINUE")]));
    // The model has no such state, so these calls go past the checks of the answers' form.
    let seen = |harness: &mut Harness| {
        let context = CallContext {
            now: harness.now,
            region: "r".into(),
            account: "1".into(),
            access_key: "k".into(),
            view: ListView::default(),
        };
        let mut call =
            |operation, input| harness.world.call(Service::Emr, operation, &input, &context).unwrap();
        let cluster = call("DescribeCluster", json!({"ClusterId": id}));
        let steps = call("ListSteps", json!({"ClusterId": id}));
        let running = call("ListClusters", json!({"ClusterStates": ["RUNNING"]}));
        let all = call("ListClusters", json!({}));
        assert_eq!(all["Clusters"].as_array().unwrap().len(), 1);
        (
            text(&cluster["Cluster"]["Status"]["State"]),
            text(&steps["Steps"][1]["Status"]["State"]),
            running["Clusters"].as_array().unwrap().len(),
        )
    };
    let told = |cluster: &str, step: &str, running: usize| (cluster.to_owned(), step.to_owned(), running);
    assert_eq!(seen(&mut harness), told("RUNNING", "RUNNING", 1));
    harness.pass_ms(1_600);
    assert_eq!(seen(&mut harness), told("DREAMING", "NAPPING", 0));
    harness.pass_ms(500);
    assert_eq!(seen(&mut harness), told("RUNNING", "NAPPING", 1));
    let steps = harness.world.emr.clusters().next().unwrap().steps[0].id.clone();
    harness.exit(&id, &steps, 1);
    harness.pass_secs(1);
    assert_eq!(harness.state(&id), pair("TERMINATED_WITH_ERRORS", "STEP_FAILURE"));
}

#[test]
fn late_logs_come_after_the_cluster_and_keep_the_world_awake() {
    let (mut harness, id) = one(json!({"kind": "late_logs", "delay_ms": 60_000}));
    assert!(harness.started[0].logs.late);
    for at in 0..2 {
        let steps = harness.steps(&id);
        harness.exit(&id, &steps[at], 0);
    }
    harness.pass_secs(59);
    assert_eq!(harness.state(&id), pair("TERMINATED", "ALL_STEPS_COMPLETED"));
    assert!(harness.uploaded.is_empty() && !harness.world.is_idle());
    harness.pass_secs(2);
    assert_eq!(harness.uploaded, [id]);
    assert!(harness.world.is_idle());
}

#[test]
fn a_rule_counts_the_clusters_that_it_fits() {
    let mut harness = with_rules(&json!([
        {"cluster": "/a1/", "kind": "no_capacity", "first": 2, "times": 1},
        {"cluster": "/a1/", "kind": "corrupt_logs"},
        {"cluster": "/a2/", "kind": "rotated_logs"},
    ]));
    let mut ends = Vec::new();
    for _ in 0..3 {
        let id = harness.launch(request(&[]));
        harness.pass_secs(1);
        ends.push(harness.state(&id).1);
    }
    assert_eq!(ends, ["ALL_STEPS_COMPLETED", "VALIDATION_ERROR", "ALL_STEPS_COMPLETED"]);
    assert!(NAME.contains("/a1/"));
    harness.launch(request(&[step("one", "CONTINUE")]));
    let logs = harness.started[0].logs;
    assert!(logs.corrupt && !logs.rotated && !logs.late);
}

#[test]
fn faults_of_a_cluster_outlive_the_daemon() {
    let (mut harness, id) = one(json!({"kind": "spot_loss", "node": "primary", "after_ms": 3_600_000}));
    let saved = serde_json::to_string(&harness.world).unwrap();
    harness.world = serde_json::from_str(&saved).unwrap();
    assert_eq!(serde_json::to_string(&harness.world).unwrap(), saved);
    harness.world.set_settings(WorldSettings::default());
    harness.pass(SignedDuration::from_hours(1));
    assert_eq!(harness.state(&id).1, "INSTANCE_FAILURE");
}

#[test]
fn a_wrong_rule_is_an_error_when_it_is_read() {
    for (rule, words) in [
        (json!({"cluster": ".", "kind": "spot_loss"}), "\"spot_loss\" needs `node`"),
        (json!({"cluster": ".", "kind": "fails", "code": "INTERNAL_ERROR"}), "\"fails\" needs `at`"),
        (
            json!({"cluster": ".", "kind": "fails", "at": "running", "code": "INTERNAL_ERROR"}),
            "\"fails\" needs `at` (`starting` or `bootstrapping`)",
        ),
        (json!({"cluster": ".", "kind": "late_logs"}), "\"late_logs\" needs `delay_ms`"),
        (json!({"cluster": ".", "kind": "no_capacity", "node": "core"}), "\"no_capacity\" has no `node`"),
        (json!({"cluster": ".", "kind": "lazy"}), "unknown variant `lazy`"),
        (json!({"kind": "no_capacity"}), "missing field `cluster`"),
        (json!({"cluster": "(", "kind": "no_capacity"}), "clusters[0]: the pattern \"(\""),
        (json!({"cluster": ".", "kind": "unknown_error", "step": "("}), "clusters[0]: the pattern \"(\""),
        (json!({"cluster": ".", "kind": "no_capacity", "times": 0}), "clusters[0]: `first` and `times`"),
    ] {
        let said = FaultScript::read(&json!({"clusters": [rule]}).to_string()).unwrap_err().to_string();
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn rules_are_written_as_they_are_read() {
    let rules = json!([
        {"cluster": "a", "first": 1, "kind": "fails", "at": "starting", "code": "INTERNAL_ERROR", "message": "m"},
        {"cluster": "a", "first": 2, "times": 1, "kind": "terminated", "at": "running", "after_ms": 5},
        {"cluster": "a", "first": 1, "kind": "unknown_state", "of": "step", "state": "X", "after_ms": 0, "for_ms": 1},
        {"cluster": "a", "first": 1, "kind": "late_logs", "delay_ms": 1},
        {"cluster": "a", "first": 1, "kind": "endless_starting"},
        {"cluster": "a", "first": 1, "kind": "spot_loss", "node": "core", "after_ms": 0},
        {"cluster": "a", "first": 1, "kind": "unknown_error", "step": "s"},
        {"cluster": "a", "first": 1, "kind": "rotated_logs"},
        {"cluster": "a", "first": 1, "kind": "corrupt_logs"},
    ]);
    let read: Vec<ClusterRule> = serde_json::from_value(rules.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), rules);
}
