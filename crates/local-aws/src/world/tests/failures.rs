//! Steps and clusters that fail.

use super::*;

/// What became of a cluster of three steps whose first one failed, once all that still ran was through.
fn first_step_fails(mut asked: Value, on_failure: &str, protected: bool) -> ((String, String), Vec<String>) {
    let mut harness = Harness::new();
    asked["Steps"] = json!([step("one", on_failure), step("two", on_failure), step("three", on_failure)]);
    asked["Instances"]["TerminationProtected"] = json!(protected);
    let id = harness.launch(asked);
    let steps = harness.steps(&id);
    harness.exit(&id, &steps[0], 1);
    for step in &steps[1..] {
        if harness.started.iter().any(|launch| launch.step_id == *step) {
            harness.exit(&id, step, 0);
        }
    }
    harness.pass_secs(1);
    (harness.state(&id), harness.step_states(&id))
}

fn states(states: [&str; 3]) -> Vec<String> {
    states.map(str::to_owned).to_vec()
}

#[test]
fn terminate_cluster_ends_with_errors() {
    for action in ["TERMINATE_CLUSTER", "TERMINATE_JOB_FLOW"] {
        for asked in [request(&[]), kept_alive(&[])] {
            let (cluster, steps) = first_step_fails(asked, action, false);
            assert_eq!(cluster, pair("TERMINATED_WITH_ERRORS", "STEP_FAILURE"));
            assert_eq!(steps, states(["FAILED", "CANCELLED", "CANCELLED"]));
        }
    }
}

#[test]
fn continue_goes_on_with_the_next_step() {
    let (cluster, steps) = first_step_fails(request(&[]), "CONTINUE", false);
    assert_eq!(cluster, pair("TERMINATED", "ALL_STEPS_COMPLETED"));
    assert_eq!(steps, states(["FAILED", "COMPLETED", "COMPLETED"]));
    let (cluster, _) = first_step_fails(kept_alive(&[]), "CONTINUE", false);
    assert_eq!(cluster, pair("WAITING", "-"));
}

#[test]
fn cancel_and_wait_waits_only_where_the_cluster_is_kept_alive() {
    let (cluster, steps) = first_step_fails(kept_alive(&[]), "CANCEL_AND_WAIT", false);
    assert_eq!(cluster, pair("WAITING", "-"));
    assert_eq!(steps, states(["FAILED", "CANCELLED", "CANCELLED"]));
    let (cluster, _) = first_step_fails(request(&[]), "CANCEL_AND_WAIT", false);
    assert_eq!(cluster, pair("TERMINATED", "ALL_STEPS_COMPLETED"));
}

#[test]
fn protection_keeps_a_cluster_that_is_kept_alive_and_no_other() {
    let (cluster, steps) = first_step_fails(kept_alive(&[]), "TERMINATE_CLUSTER", true);
    assert_eq!(cluster, pair("WAITING", "-"));
    assert_eq!(steps, states(["FAILED", "CANCELLED", "CANCELLED"]));
    let (cluster, _) = first_step_fails(request(&[]), "TERMINATE_CLUSTER", true);
    assert_eq!(cluster, pair("TERMINATED_WITH_ERRORS", "STEP_FAILURE"));
}

#[test]
fn a_failure_has_details() {
    let mut harness = Harness::new();
    let id = harness.launch(kept_alive(&[step("one", "CONTINUE"), step("two", "CONTINUE")]));
    let steps = harness.steps(&id);
    let failure = FailureDetails {
        reason: Some("Main Class not found.".into()),
        message: Some("ValueError: no".into()),
        log_file: Some("s3://logs/emr/stderr.gz".into()),
    };
    harness.world.step_ended(
        &id,
        &steps[0],
        StepEnd { exit: StepExit::Exited(1), failure: Some(failure) },
        harness.now,
    );
    harness.collect();
    harness.end(&id, &steps[1], StepExit::CouldNotStart("no such program".into()));
    let mut details = |step: &str| {
        let described = harness.emr("DescribeStep", json!({"ClusterId": id, "StepId": step}));
        described["Step"]["Status"]["FailureDetails"].clone()
    };
    assert_eq!(
        details(&steps[0]),
        json!({"Reason": "Main Class not found.", "Message": "ValueError: no", "LogFile": "s3://logs/emr/stderr.gz"})
    );
    assert_eq!(details(&steps[1]), json!({"Reason": "Unknown Error."}));
}

#[test]
fn steps_run_side_by_side_and_their_failure_ends_nothing() {
    let mut harness = Harness::new();
    let mut asked =
        kept_alive(&[step("one", "CONTINUE"), step("two", "CONTINUE"), step("three", "CONTINUE")]);
    asked["StepConcurrencyLevel"] = json!(2);
    let id = harness.launch(asked);
    assert_eq!(harness.step_states(&id), ["RUNNING", "RUNNING", "PENDING"]);
    let steps = harness.steps(&id);
    harness.exit(&id, &steps[1], 1);
    assert_eq!(harness.step_states(&id), ["RUNNING", "FAILED", "RUNNING"]);
    harness.exit(&id, &steps[0], 0);
    harness.exit(&id, &steps[2], 0);
    assert_eq!(harness.state(&id), pair("WAITING", "-"));
}

#[test]
fn with_steps_side_by_side_only_continue_is_taken() {
    let mut harness = Harness::new();
    let mut asked = kept_alive(&[step("one", "TERMINATE_CLUSTER")]);
    asked["StepConcurrencyLevel"] = json!(2);
    let (code, message) = harness.refused("RunJobFlow", asked.clone());
    assert_eq!(code, "ValidationException");
    assert!(message.contains("CONTINUE"), "{message}");
    asked["Steps"] = json!([]);
    let id = harness.launch(asked);
    harness.refused("AddJobFlowSteps", json!({"JobFlowId": id, "Steps": [step("x", "CANCEL_AND_WAIT")]}));
    let mut unsaid = step("y", "CONTINUE");
    unsaid.as_object_mut().unwrap().remove("ActionOnFailure");
    harness.emr("AddJobFlowSteps", json!({"JobFlowId": id, "Steps": [unsaid]}));
}

#[test]
fn a_scripted_fault_ends_a_cluster_before_it_runs() {
    let mut harness = Harness::scripted(
        r#"{"clusters": [
            {"cluster": "/a1/", "at": "bootstrapping", "code": "BOOTSTRAP_FAILURE", "message": "On the master instance",
             "error_code": "BOOTSTRAP_FAILURE_PRIMARY_WITH_NON_ZERO_CODE"},
            {"cluster": "/a2/", "at": "starting", "code": "VALIDATION_ERROR", "message": "No such subnet"}
        ]}"#,
    );
    let first = harness.launch(request(&[step("one", "TERMINATE_CLUSTER")]));
    harness.pass_secs(1);
    assert_eq!(harness.state(&first), pair("TERMINATED_WITH_ERRORS", "BOOTSTRAP_FAILURE"));
    let details = harness.cluster(&first)["Status"]["ErrorDetails"].clone();
    assert_eq!(
        details,
        json!([{"ErrorCode": "BOOTSTRAP_FAILURE_PRIMARY_WITH_NON_ZERO_CODE", "ErrorData": [],
            "ErrorMessage": "On the master instance"}])
    );
    let mut second = request(&[step("one", "TERMINATE_CLUSTER")]);
    second["Name"] = json!("emrys/web-logs/2024-10-20/a2/n");
    let second = harness.launch(second);
    harness.pass_secs(1);
    assert_eq!(harness.state(&second), pair("TERMINATED_WITH_ERRORS", "VALIDATION_ERROR"));
    assert_eq!(harness.cluster(&second)["Status"]["Timeline"].get("ReadyDateTime"), None);
    assert!(harness.started.is_empty());
    assert_eq!(harness.step_states(&second), ["CANCELLED"]);
}

#[test]
fn a_scripted_step_stands_in_for_the_real_one() {
    let mut harness = Harness::scripted(
        r#"{"steps": [{"args": "main.py (?P<what>\\w+)", "stdout": "{what} of {cluster}"}]}"#,
    );
    let id = harness.launch(request(&[step("one", "TERMINATE_CLUSTER")]));
    let [launch] = harness.started.as_slice() else { panic!("{:?}", harness.started) };
    assert!(matches!(&launch.work, Work::Scripted(work) if work.stdout == format!("one of {id}")));
}
