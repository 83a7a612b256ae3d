//! A world that is written down and opened again, by the same daemon or the next.

use super::*;

fn reopened(world: &World) -> World {
    serde_json::from_str(&serde_json::to_string(world).unwrap()).unwrap()
}

/// A world with something of everything in it.
fn busy() -> (Rig, String) {
    let mut rig = Rig::scripted(r#"{"steps": [{"name": "^never$"}]}"#);
    let mut asked = kept_alive(&[step("one", "CONTINUE"), step("two", "CONTINUE")]);
    asked["AutoTerminationPolicy"] = json!({"IdleTimeout": 300});
    let id = rig.launch(asked);
    rig.emr("RunJobFlow", request(&[step("one", "TERMINATE_CLUSTER")]));
    let steps = rig.steps(&id);
    rig.exit(&id, &steps[0], 1);
    let alarm = json!({"AlarmName": "a", "Namespace": "N", "MetricName": "M", "Statistic": "Sum", "Period": 60,
        "EvaluationPeriods": 2, "Threshold": 1.5, "ComparisonOperator": "GreaterThanThreshold"});
    rig.cloudwatch("PutMetricAlarm", alarm);
    let data = json!([{"MetricName": "M", "Value": 2.25}, {"MetricName": "M", "Value": 1, "Unit": "Count"}]);
    rig.cloudwatch("PutMetricData", json!({"Namespace": "N", "MetricData": data}));
    (rig, id)
}

#[test]
fn a_world_survives_being_written_down() {
    let (rig, _) = busy();
    assert_eq!(reopened(&rig.world), rig.world);
    let new = World::new(WorldSettings::default(), u64::MAX);
    assert_eq!(reopened(&new), new);
    // Effects that wait for somebody to fetch them survive too.
    let mut rig = Rig::new();
    let input = kept_alive(&[step("one", "CONTINUE")]);
    rig.emr("RunJobFlow", input);
    let later = after(rig.now, SignedDuration::from_secs(5));
    let context = CallContext {
        now: later,
        region: "r".into(),
        account: "1".into(),
        access_key: "k".into(),
        view: ListView::default(),
    };
    rig.world.call(Service::Sts, "GetCallerIdentity", &json!({}), &context).unwrap();
    assert!(rig.world.next_deadline().is_some_and(|at| at <= later));
    let mut copy = reopened(&rig.world);
    assert_eq!(copy.advance(later), rig.world.advance(later));
    assert!(copy.advance(later).is_empty());
}

#[test]
fn a_step_whose_process_is_gone_is_interrupted_and_its_cluster_ends() {
    let (mut rig, id) = busy();
    rig.world = reopened(&rig.world);
    rig.now = after(rig.now, SignedDuration::from_secs(3_600));
    rig.world.restarted(rig.now);
    rig.collect();
    assert_eq!(rig.step_states(&id), ["FAILED", "INTERRUPTED"]);
    assert_eq!(rig.state(&id), pair("TERMINATING", "INTERNAL_ERROR"));
    rig.pass_secs(1);
    assert_eq!(rig.state(&id), pair("TERMINATED_WITH_ERRORS", "INTERNAL_ERROR"));
    // The cluster that had not begun comes up, and its step is started by the new daemon.
    let other = rig.started.last().unwrap();
    assert_ne!(other.cluster_id, id);
    assert_eq!(rig.world.emr.clusters().count(), 2);
}

#[test]
fn a_step_that_was_being_stopped_is_cancelled_by_a_restart() {
    let mut rig = Rig::new();
    let ending = rig.launch(request(&[step("one", "TERMINATE_CLUSTER")]));
    rig.emr("TerminateJobFlows", json!({"JobFlowIds": [ending]}));
    let cancelling = rig.launch(kept_alive(&[step("one", "CONTINUE"), step("two", "CONTINUE")]));
    let steps = rig.steps(&cancelling);
    rig.emr("CancelSteps", json!({"ClusterId": cancelling, "StepIds": [steps[0]]}));
    rig.pass_secs(5);
    rig.world.restarted(rig.now);
    rig.collect();
    assert_eq!(rig.state(&ending), pair("TERMINATED", "USER_REQUEST"));
    assert_eq!(rig.step_states(&ending), ["CANCELLED"]);
    assert_eq!(rig.step_states(&cancelling), ["CANCELLED", "RUNNING"]);
    assert_eq!(rig.started.last().unwrap().step_id, steps[1]);
}

#[test]
fn time_does_not_go_back() {
    let mut rig = Rig::new();
    let id = rig.launch(kept_alive(&[]));
    let late = rig.now;
    rig.now = "2020-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(rig.state(&id), pair("WAITING", "-"));
    let second = text(&rig.emr("RunJobFlow", kept_alive(&[]))["JobFlowId"]);
    let created = rig.cluster(&second)["Status"]["Timeline"]["CreationDateTime"].clone();
    assert_eq!(created, json!(seconds(late)));
}

#[test]
fn ends_of_unknown_or_ended_steps_are_left_alone() {
    let mut rig = Rig::new();
    let id = rig.launch(request(&[step("one", "TERMINATE_CLUSTER"), step("two", "TERMINATE_CLUSTER")]));
    let steps = rig.steps(&id);
    rig.exit("j-NONE", &steps[0], 1);
    rig.exit(&id, "s-NONE", 1);
    rig.exit(&id, &steps[1], 1);
    assert_eq!(rig.step_states(&id), ["RUNNING", "PENDING"]);
    rig.exit(&id, &steps[0], 0);
    rig.exit(&id, &steps[0], 1);
    assert_eq!(rig.step_states(&id), ["COMPLETED", "RUNNING"]);
}
