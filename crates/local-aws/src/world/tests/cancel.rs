//! CancelSteps.

use super::*;

fn cancel(
    harness: &mut Harness,
    cluster: &str,
    steps: &[&str],
    option: Option<&str>,
) -> Vec<(String, String)> {
    let mut input = json!({"ClusterId": cluster, "StepIds": steps});
    if let Some(option) = option {
        input["StepCancellationOption"] = json!(option);
    }
    let answer = harness.emr("CancelSteps", input);
    let infos = answer["CancelStepsInfoList"].as_array().unwrap();
    infos.iter().map(|info| (text(&info["StepId"]), text(&info["Status"]))).collect()
}

#[test]
fn a_waiting_step_is_cancelled_at_once_and_the_others_go_on() {
    let mut harness = Harness::new();
    let id = harness.launch(request(&[
        step("one", "TERMINATE_CLUSTER"),
        step("two", "TERMINATE_CLUSTER"),
        step("three", "TERMINATE_CLUSTER"),
    ]));
    let steps = harness.steps(&id);
    assert_eq!(cancel(&mut harness, &id, &[&steps[1]], None), [pair(&steps[1], "SUBMITTED")]);
    assert_eq!(harness.step_states(&id), ["RUNNING", "CANCELLED", "PENDING"]);
    let two = harness.emr("DescribeStep", json!({"ClusterId": id, "StepId": steps[1]}))["Step"].clone();
    assert_eq!(two["Status"]["Timeline"].get("StartDateTime"), None);
    assert!(two["Status"]["Timeline"]["EndDateTime"].is_number());
    harness.exit(&id, &steps[0], 0);
    harness.exit(&id, &steps[2], 0);
    assert_eq!(harness.step_states(&id), ["COMPLETED", "CANCELLED", "COMPLETED"]);
    assert!(harness.stopped.is_empty());
}

#[test]
fn a_running_step_is_asked_to_end_and_does_not_trigger_its_action() {
    let mut harness = Harness::new();
    let id =
        harness.launch(kept_alive(&[step("one", "TERMINATE_CLUSTER"), step("two", "TERMINATE_CLUSTER")]));
    let steps = harness.steps(&id);
    cancel(&mut harness, &id, &[&steps[0]], None);
    assert_eq!(harness.step_states(&id), ["CANCEL_PENDING", "PENDING"]);
    assert_eq!(harness.stopped, [(steps[0].clone(), KillHow::Interrupt)]);
    harness.end(&id, &steps[0], StepExit::Signalled(15));
    assert_eq!(harness.step_states(&id), ["CANCELLED", "RUNNING"]);
    assert_eq!(harness.state(&id), pair("RUNNING", "-"));
}

#[test]
fn a_step_that_completes_in_spite_of_a_cancel_is_completed() {
    let mut harness = Harness::new();
    let id = harness.launch(request(&[step("one", "TERMINATE_CLUSTER")]));
    let steps = harness.steps(&id);
    cancel(&mut harness, &id, &[&steps[0]], None);
    harness.exit(&id, &steps[0], 0);
    assert_eq!(harness.step_states(&id), ["COMPLETED"]);
    // What has ended cannot be cancelled any more, and neither can what never was.
    let answer = harness.emr("CancelSteps", json!({"ClusterId": id, "StepIds": [steps[0], "s-NONE"]}));
    for info in answer["CancelStepsInfoList"].as_array().unwrap() {
        assert_eq!(info["Status"], "FAILED");
        assert!(!text(&info["Reason"]).is_empty());
    }
}

#[test]
fn cancelling_again_changes_nothing_unless_it_is_less_gentle() {
    let mut harness = Harness::new();
    let id = harness.launch(request(&[step("one", "TERMINATE_CLUSTER")]));
    let steps = harness.steps(&id);
    let one = steps[0].as_str();
    cancel(&mut harness, &id, &[one], Some("SEND_INTERRUPT"));
    assert_eq!(cancel(&mut harness, &id, &[one, one], Some("SEND_INTERRUPT")).len(), 2);
    assert_eq!(harness.stopped.len(), 1);
    cancel(&mut harness, &id, &[one], Some("TERMINATE_PROCESS"));
    cancel(&mut harness, &id, &[one], Some("SEND_INTERRUPT"));
    assert_eq!(harness.stopped, [(one.to_owned(), KillHow::Interrupt), (one.to_owned(), KillHow::Terminate)]);
    harness.end(&id, one, StepExit::Signalled(9));
    harness.pass_secs(1);
    assert_eq!(harness.state(&id), pair("TERMINATED", "ALL_STEPS_COMPLETED"));
}

#[test]
fn all_steps_may_be_cancelled_before_the_cluster_is_up() {
    let mut harness = Harness::new();
    let id = text(&harness.emr("RunJobFlow", request(&[step("one", "TERMINATE_CLUSTER")]))["JobFlowId"]);
    let steps = harness.steps(&id);
    cancel(&mut harness, &id, &[&steps[0]], None);
    assert_eq!(harness.state(&id), pair("STARTING", "-"));
    harness.pass_secs(2);
    assert_eq!(harness.state(&id), pair("TERMINATED", "ALL_STEPS_COMPLETED"));
    assert!(harness.started.is_empty());
}

#[test]
fn a_step_that_is_cancelled_while_its_cluster_ends_is_not_stopped_twice() {
    let mut harness = Harness::new();
    let id = harness.launch(request(&[step("one", "TERMINATE_CLUSTER")]));
    let steps = harness.steps(&id);
    harness.emr("TerminateJobFlows", json!({"JobFlowIds": [id]}));
    assert_eq!(cancel(&mut harness, &id, &[&steps[0]], None), [pair(&steps[0], "SUBMITTED")]);
    assert_eq!(harness.stopped, [(steps[0].clone(), KillHow::ClusterEnds)]);
}
