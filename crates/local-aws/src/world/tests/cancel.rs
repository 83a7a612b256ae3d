//! CancelSteps.

use super::*;

fn cancel(rig: &mut Rig, cluster: &str, steps: &[&str], option: Option<&str>) -> Vec<(String, String)> {
    let mut input = json!({"ClusterId": cluster, "StepIds": steps});
    if let Some(option) = option {
        input["StepCancellationOption"] = json!(option);
    }
    let answer = rig.emr("CancelSteps", input);
    let infos = answer["CancelStepsInfoList"].as_array().unwrap();
    infos.iter().map(|info| (text(&info["StepId"]), text(&info["Status"]))).collect()
}

#[test]
fn a_waiting_step_is_cancelled_at_once_and_the_others_go_on() {
    let mut rig = Rig::new();
    let id = rig.launch(request(&[
        step("one", "TERMINATE_CLUSTER"),
        step("two", "TERMINATE_CLUSTER"),
        step("three", "TERMINATE_CLUSTER"),
    ]));
    let steps = rig.steps(&id);
    assert_eq!(cancel(&mut rig, &id, &[&steps[1]], None), [pair(&steps[1], "SUBMITTED")]);
    assert_eq!(rig.step_states(&id), ["RUNNING", "CANCELLED", "PENDING"]);
    let two = rig.emr("DescribeStep", json!({"ClusterId": id, "StepId": steps[1]}))["Step"].clone();
    assert_eq!(two["Status"]["Timeline"].get("StartDateTime"), None);
    assert!(two["Status"]["Timeline"]["EndDateTime"].is_number());
    rig.exit(&id, &steps[0], 0);
    rig.exit(&id, &steps[2], 0);
    assert_eq!(rig.step_states(&id), ["COMPLETED", "CANCELLED", "COMPLETED"]);
    assert!(rig.stopped.is_empty());
}

#[test]
fn a_running_step_is_asked_to_end_and_does_not_trigger_its_action() {
    let mut rig = Rig::new();
    let id = rig.launch(kept_alive(&[step("one", "TERMINATE_CLUSTER"), step("two", "TERMINATE_CLUSTER")]));
    let steps = rig.steps(&id);
    cancel(&mut rig, &id, &[&steps[0]], None);
    assert_eq!(rig.step_states(&id), ["CANCEL_PENDING", "PENDING"]);
    assert_eq!(rig.stopped, [(steps[0].clone(), KillHow::Interrupt)]);
    rig.end(&id, &steps[0], StepExit::Signalled(15));
    assert_eq!(rig.step_states(&id), ["CANCELLED", "RUNNING"]);
    assert_eq!(rig.state(&id), pair("RUNNING", "-"));
}

#[test]
fn a_step_that_completes_in_spite_of_a_cancel_is_completed() {
    let mut rig = Rig::new();
    let id = rig.launch(request(&[step("one", "TERMINATE_CLUSTER")]));
    let steps = rig.steps(&id);
    cancel(&mut rig, &id, &[&steps[0]], None);
    rig.exit(&id, &steps[0], 0);
    assert_eq!(rig.step_states(&id), ["COMPLETED"]);
    // What has ended cannot be cancelled any more, and neither can what never was.
    let answer = rig.emr("CancelSteps", json!({"ClusterId": id, "StepIds": [steps[0], "s-NONE"]}));
    for info in answer["CancelStepsInfoList"].as_array().unwrap() {
        assert_eq!(info["Status"], "FAILED");
        assert!(!text(&info["Reason"]).is_empty());
    }
}

#[test]
fn cancelling_again_changes_nothing_unless_it_is_less_gentle() {
    let mut rig = Rig::new();
    let id = rig.launch(request(&[step("one", "TERMINATE_CLUSTER")]));
    let steps = rig.steps(&id);
    let one = steps[0].as_str();
    cancel(&mut rig, &id, &[one], Some("SEND_INTERRUPT"));
    assert_eq!(cancel(&mut rig, &id, &[one, one], Some("SEND_INTERRUPT")).len(), 2);
    assert_eq!(rig.stopped.len(), 1);
    cancel(&mut rig, &id, &[one], Some("TERMINATE_PROCESS"));
    cancel(&mut rig, &id, &[one], Some("SEND_INTERRUPT"));
    assert_eq!(rig.stopped, [(one.to_owned(), KillHow::Interrupt), (one.to_owned(), KillHow::Terminate)]);
    rig.end(&id, one, StepExit::Signalled(9));
    rig.pass_secs(1);
    assert_eq!(rig.state(&id), pair("TERMINATED", "ALL_STEPS_COMPLETED"));
}

#[test]
fn all_steps_may_be_cancelled_before_the_cluster_is_up() {
    let mut rig = Rig::new();
    let id = text(&rig.emr("RunJobFlow", request(&[step("one", "TERMINATE_CLUSTER")]))["JobFlowId"]);
    let steps = rig.steps(&id);
    cancel(&mut rig, &id, &[&steps[0]], None);
    assert_eq!(rig.state(&id), pair("STARTING", "-"));
    rig.pass_secs(2);
    assert_eq!(rig.state(&id), pair("TERMINATED", "ALL_STEPS_COMPLETED"));
    assert!(rig.started.is_empty());
}

#[test]
fn a_step_that_is_cancelled_while_its_cluster_ends_is_not_stopped_twice() {
    let mut rig = Rig::new();
    let id = rig.launch(request(&[step("one", "TERMINATE_CLUSTER")]));
    let steps = rig.steps(&id);
    rig.emr("TerminateJobFlows", json!({"JobFlowIds": [id]}));
    assert_eq!(cancel(&mut rig, &id, &[&steps[0]], None), [pair(&steps[0], "SUBMITTED")]);
    assert_eq!(rig.stopped, [(steps[0].clone(), KillHow::ClusterEnds)]);
}
