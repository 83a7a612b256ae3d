//! Protection, tags, and the end of an idle cluster.

use super::*;

#[test]
fn a_protected_cluster_is_not_terminated_until_it_is_unprotected() {
    let mut rig = Rig::new();
    let (one, two) = (rig.launch(kept_alive(&[])), rig.launch(kept_alive(&[])));
    rig.emr("SetTerminationProtection", json!({"JobFlowIds": [one], "TerminationProtected": true}));
    assert_eq!(rig.cluster(&one)["TerminationProtected"], true);
    let (code, message) = rig.refused("TerminateJobFlows", json!({"JobFlowIds": [two, one]}));
    assert_eq!(code, "ValidationException");
    assert!(message.contains("termination protected"), "{message}");
    assert_eq!(rig.state(&two), pair("WAITING", "-"));
    rig.emr("SetTerminationProtection", json!({"JobFlowIds": [one], "TerminationProtected": false}));
    rig.emr("TerminateJobFlows", json!({"JobFlowIds": [two, one]}));
    rig.pass_secs(1);
    assert_eq!(rig.state(&one), pair("TERMINATED", "USER_REQUEST"));
    rig.refused("SetTerminationProtection", json!({"JobFlowIds": [one], "TerminationProtected": true}));
}

#[test]
fn tags_are_added_overwritten_and_removed() {
    let mut rig = Rig::new();
    let id = rig.launch(kept_alive(&[]));
    rig.emr(
        "AddTags",
        json!({"ResourceId": id, "Tags": [{"Key": "b", "Value": "1"}, {"Key": "emrys:launch", "Value": "2"}, {"Key": "e"}]}),
    );
    rig.emr("RemoveTags", json!({"ResourceId": id, "TagKeys": ["b", "none"]}));
    assert_eq!(
        rig.cluster(&id)["Tags"],
        json!([{"Key": "e", "Value": ""}, {"Key": "emrys:launch", "Value": "2"}])
    );
    let many: Vec<Value> = (0..49).map(|n| json!({"Key": format!("k{n}"), "Value": ""})).collect();
    let (code, message) = rig.refused("AddTags", json!({"ResourceId": id, "Tags": many}));
    assert_eq!(code, "ValidationException");
    assert!(message.contains("50"), "{message}");
    rig.refused("AddTags", json!({"ResourceId": id, "Tags": [{"Key": "aws:x", "Value": ""}]}));
    rig.refused("AddTags", json!({"ResourceId": id, "Tags": [{"Key": "k", "Value": "v".repeat(257)}]}));
}

#[test]
fn an_idle_cluster_ends_when_its_policy_says_so() {
    let mut rig = Rig::new();
    let mut asked = kept_alive(&[step("one", "CONTINUE")]);
    asked["AutoTerminationPolicy"] = json!({"IdleTimeout": 60});
    let id = rig.launch(asked);
    // A step that runs is no idle time, however long it takes.
    rig.pass_secs(600);
    let steps = rig.steps(&id);
    rig.exit(&id, &steps[0], 0);
    rig.pass_secs(59);
    assert_eq!(rig.state(&id), pair("WAITING", "-"));
    assert_eq!(rig.world.next_deadline(), Some(after(rig.now, SignedDuration::from_secs(1))));
    // A new step begins the count anew.
    let added = rig.emr("AddJobFlowSteps", json!({"JobFlowId": id, "Steps": [step("two", "CONTINUE")]}));
    rig.pass_secs(30);
    rig.exit(&id, &text(&added["StepIds"][0]), 0);
    rig.pass_secs(59);
    assert_eq!(rig.state(&id), pair("WAITING", "-"));
    rig.pass_secs(2);
    let (state, _) = rig.state(&id);
    assert_eq!(state, "TERMINATED");
    assert!(text(&rig.cluster(&id)["Status"]["StateChangeReason"]["Message"]).contains("auto-termination"));
}

#[test]
fn a_policy_is_put_and_got() {
    let mut rig = Rig::new();
    let id = rig.launch(kept_alive(&[]));
    assert_eq!(rig.emr("GetAutoTerminationPolicy", json!({"ClusterId": id})), json!({}));
    rig.pass_secs(500);
    rig.emr(
        "PutAutoTerminationPolicy",
        json!({"ClusterId": id, "AutoTerminationPolicy": {"IdleTimeout": 300}}),
    );
    assert_eq!(
        rig.emr("GetAutoTerminationPolicy", json!({"ClusterId": id})),
        json!({"AutoTerminationPolicy": {"IdleTimeout": 300}})
    );
    rig.pass_secs(299);
    assert_eq!(rig.state(&id), pair("WAITING", "-"));
    rig.emr("PutAutoTerminationPolicy", json!({"ClusterId": id, "AutoTerminationPolicy": {}}));
    assert_eq!(
        rig.emr("GetAutoTerminationPolicy", json!({"ClusterId": id}))["AutoTerminationPolicy"]["IdleTimeout"],
        3_600
    );
    for wrong in [59, 604_801, -1] {
        rig.refused(
            "PutAutoTerminationPolicy",
            json!({"ClusterId": id, "AutoTerminationPolicy": {"IdleTimeout": wrong}}),
        );
    }
    rig.emr("RemoveAutoTerminationPolicy", json!({"ClusterId": id}));
    rig.pass_secs(10_000);
    assert_eq!(rig.state(&id), pair("WAITING", "-"));
    rig.emr("PutAutoTerminationPolicy", json!({"ClusterId": id, "AutoTerminationPolicy": {}}));
    rig.pass_secs(3_601);
    rig.refused("PutAutoTerminationPolicy", json!({"ClusterId": id, "AutoTerminationPolicy": {}}));
}
