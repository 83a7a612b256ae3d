//! A world that is written down and opened again, by the same daemon or the next.

use super::*;

fn reopened(world: &World) -> World {
    serde_json::from_str(&serde_json::to_string(world).unwrap()).unwrap()
}

/// A world with something of everything in it.
fn busy() -> (Harness, String) {
    let mut harness = Harness::scripted(r#"{"steps": [{"name": "^never$"}]}"#);
    let mut asked = kept_alive(&[step("one", "CONTINUE"), step("two", "CONTINUE")]);
    asked["AutoTerminationPolicy"] = json!({"IdleTimeout": 300});
    let id = harness.launch(asked);
    harness.emr("RunJobFlow", request(&[step("one", "TERMINATE_CLUSTER")]));
    let steps = harness.steps(&id);
    harness.exit(&id, &steps[0], 1);
    let alarm = json!({"AlarmName": "a", "Namespace": "N", "MetricName": "M", "Statistic": "Sum", "Period": 60,
        "EvaluationPeriods": 2, "Threshold": 1.5, "ComparisonOperator": "GreaterThanThreshold"});
    harness.cloudwatch("PutMetricAlarm", alarm);
    let data = json!([{"MetricName": "M", "Value": 2.25}, {"MetricName": "M", "Value": 1, "Unit": "Count"}]);
    harness.cloudwatch("PutMetricData", json!({"Namespace": "N", "MetricData": data}));
    (harness, id)
}

#[test]
fn a_world_survives_being_written_down() {
    let (harness, _) = busy();
    assert_eq!(reopened(&harness.world), harness.world);
    let new = World::new(WorldSettings::default(), u64::MAX);
    assert_eq!(reopened(&new), new);
    // Effects that wait for somebody to fetch them survive too.
    let mut harness = Harness::new();
    let input = kept_alive(&[step("one", "CONTINUE")]);
    harness.emr("RunJobFlow", input);
    let later = after(harness.now, SignedDuration::from_secs(5));
    let context = CallContext {
        now: later,
        region: "r".into(),
        account: "1".into(),
        access_key: "k".into(),
        view: ListView::default(),
    };
    harness.world.call(Service::Sts, "GetCallerIdentity", &json!({}), &context).unwrap();
    assert!(harness.world.next_deadline().is_some_and(|at| at <= later));
    let mut copy = reopened(&harness.world);
    assert_eq!(copy.advance(later), harness.world.advance(later));
    assert!(copy.advance(later).is_empty());
}

/// A later version reads the states of earlier ones by these names.
#[test]
fn the_names_in_the_saved_state_stay() {
    let mut harness = Harness::new();
    let id = text(&harness.emr("RunJobFlow", request(&[step("one", "CONTINUE")]))["JobFlowId"]);
    let saved = serde_json::to_value(&harness.world).unwrap();
    let cluster = saved["emr"]["clusters"][&id].as_object().unwrap();
    for name in ["troubles", "happenings", "called", "steps_called"] {
        assert!(cluster.contains_key(name), "{name}");
    }
    harness.pass_secs(2);
    let launch = serde_json::to_value(&harness.started[0]).unwrap();
    assert!(launch["notes"].is_array() && launch["logs"]["late"].is_boolean(), "{launch}");
}

#[test]
fn a_step_whose_process_is_gone_is_interrupted_and_its_cluster_ends() {
    let (mut harness, id) = busy();
    harness.world = reopened(&harness.world);
    harness.now = after(harness.now, SignedDuration::from_secs(3_600));
    harness.world.restarted(harness.now);
    harness.collect();
    assert_eq!(harness.step_states(&id), ["FAILED", "INTERRUPTED"]);
    assert_eq!(harness.state(&id), pair("TERMINATING", "INTERNAL_ERROR"));
    harness.pass_secs(1);
    assert_eq!(harness.state(&id), pair("TERMINATED_WITH_ERRORS", "INTERNAL_ERROR"));
    // The cluster that had not begun comes up, and its step is started by the new daemon.
    let other = harness.started.last().unwrap();
    assert_ne!(other.cluster_id, id);
    assert_eq!(harness.world.emr.clusters().count(), 2);
}

#[test]
fn a_step_that_was_being_stopped_is_cancelled_by_a_restart() {
    let mut harness = Harness::new();
    let ending = harness.launch(request(&[step("one", "TERMINATE_CLUSTER")]));
    harness.emr("TerminateJobFlows", json!({"JobFlowIds": [ending]}));
    let cancelling = harness.launch(kept_alive(&[step("one", "CONTINUE"), step("two", "CONTINUE")]));
    let steps = harness.steps(&cancelling);
    harness.emr("CancelSteps", json!({"ClusterId": cancelling, "StepIds": [steps[0]]}));
    harness.pass_secs(5);
    harness.world.restarted(harness.now);
    harness.collect();
    assert_eq!(harness.state(&ending), pair("TERMINATED", "USER_REQUEST"));
    assert_eq!(harness.step_states(&ending), ["CANCELLED"]);
    assert_eq!(harness.step_states(&cancelling), ["CANCELLED", "RUNNING"]);
    assert_eq!(harness.started.last().unwrap().step_id, steps[1]);
}

#[test]
fn time_does_not_go_back() {
    let mut harness = Harness::new();
    let id = harness.launch(kept_alive(&[]));
    let late = harness.now;
    harness.now = "2020-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(harness.state(&id), pair("WAITING", "-"));
    let second = text(&harness.emr("RunJobFlow", kept_alive(&[]))["JobFlowId"]);
    let created = harness.cluster(&second)["Status"]["Timeline"]["CreationDateTime"].clone();
    assert_eq!(created, json!(seconds(late)));
}

#[test]
fn ends_of_unknown_or_ended_steps_are_left_alone() {
    let mut harness = Harness::new();
    let id = harness.launch(request(&[step("one", "TERMINATE_CLUSTER"), step("two", "TERMINATE_CLUSTER")]));
    let steps = harness.steps(&id);
    harness.exit("j-NONE", &steps[0], 1);
    harness.exit(&id, "s-NONE", 1);
    harness.exit(&id, &steps[1], 1);
    assert_eq!(harness.step_states(&id), ["RUNNING", "PENDING"]);
    harness.exit(&id, &steps[0], 0);
    harness.exit(&id, &steps[0], 1);
    assert_eq!(harness.step_states(&id), ["COMPLETED", "RUNNING"]);
}
