//! Protection, tags, and the end of an idle cluster.

use super::*;

#[test]
fn a_protected_cluster_is_not_terminated_until_it_is_unprotected() {
    let mut harness = Harness::new();
    let (one, two) = (harness.launch(kept_alive(&[])), harness.launch(kept_alive(&[])));
    harness.emr("SetTerminationProtection", json!({"JobFlowIds": [one], "TerminationProtected": true}));
    assert_eq!(harness.cluster(&one)["TerminationProtected"], true);
    let (code, message) = harness.refused("TerminateJobFlows", json!({"JobFlowIds": [two, one]}));
    assert_eq!(code, "ValidationException");
    assert!(message.contains("termination protected"), "{message}");
    assert_eq!(harness.state(&two), pair("WAITING", "-"));
    harness.emr("SetTerminationProtection", json!({"JobFlowIds": [one], "TerminationProtected": false}));
    harness.emr("TerminateJobFlows", json!({"JobFlowIds": [two, one]}));
    harness.pass_secs(1);
    assert_eq!(harness.state(&one), pair("TERMINATED", "USER_REQUEST"));
    harness.refused("SetTerminationProtection", json!({"JobFlowIds": [one], "TerminationProtected": true}));
}

#[test]
fn tags_are_added_overwritten_and_removed() {
    let mut harness = Harness::new();
    let id = harness.launch(kept_alive(&[]));
    harness.emr(
        "AddTags",
        json!({
            "ResourceId": id,
            "Tags": [{"Key": "b", "Value": "1"}, {"Key": "emrys:launch", "Value": "2"}, {"Key": "e"}],
        }),
    );
    harness.emr("RemoveTags", json!({"ResourceId": id, "TagKeys": ["b", "none"]}));
    assert_eq!(
        harness.cluster(&id)["Tags"],
        json!([{"Key": "e", "Value": ""}, {"Key": "emrys:launch", "Value": "2"}])
    );
    let many: Vec<Value> = (0..49).map(|n| json!({"Key": format!("k{n}"), "Value": ""})).collect();
    let (code, message) = harness.refused("AddTags", json!({"ResourceId": id, "Tags": many}));
    assert_eq!(code, "ValidationException");
    assert!(message.contains("50"), "{message}");
    harness.refused("AddTags", json!({"ResourceId": id, "Tags": [{"Key": "aws:x", "Value": ""}]}));
    harness.refused("AddTags", json!({"ResourceId": id, "Tags": [{"Key": "k", "Value": "v".repeat(257)}]}));
}

#[test]
fn an_idle_cluster_ends_when_its_policy_says_so() {
    let mut harness = Harness::new();
    let mut asked = kept_alive(&[step("one", "CONTINUE")]);
    asked["AutoTerminationPolicy"] = json!({"IdleTimeout": 60});
    let id = harness.launch(asked);
    // A step that runs is no idle time, however long it takes.
    harness.pass_secs(600);
    let steps = harness.steps(&id);
    harness.exit(&id, &steps[0], 0);
    harness.pass_secs(59);
    assert_eq!(harness.state(&id), pair("WAITING", "-"));
    assert_eq!(harness.world.next_deadline(), Some(after(harness.now, SignedDuration::from_secs(1))));
    // A new step begins the count anew.
    let added = harness.emr("AddJobFlowSteps", json!({"JobFlowId": id, "Steps": [step("two", "CONTINUE")]}));
    harness.pass_secs(30);
    harness.exit(&id, &text(&added["StepIds"][0]), 0);
    harness.pass_secs(59);
    assert_eq!(harness.state(&id), pair("WAITING", "-"));
    harness.pass_secs(2);
    let (state, _) = harness.state(&id);
    assert_eq!(state, "TERMINATED");
    assert!(
        text(&harness.cluster(&id)["Status"]["StateChangeReason"]["Message"]).contains("auto-termination")
    );
}

#[test]
fn a_policy_is_put_and_got() {
    let mut harness = Harness::new();
    let id = harness.launch(kept_alive(&[]));
    assert_eq!(harness.emr("GetAutoTerminationPolicy", json!({"ClusterId": id})), json!({}));
    harness.pass_secs(500);
    harness.emr(
        "PutAutoTerminationPolicy",
        json!({"ClusterId": id, "AutoTerminationPolicy": {"IdleTimeout": 300}}),
    );
    assert_eq!(
        harness.emr("GetAutoTerminationPolicy", json!({"ClusterId": id})),
        json!({"AutoTerminationPolicy": {"IdleTimeout": 300}})
    );
    harness.pass_secs(299);
    assert_eq!(harness.state(&id), pair("WAITING", "-"));
    harness.emr("PutAutoTerminationPolicy", json!({"ClusterId": id, "AutoTerminationPolicy": {}}));
    assert_eq!(
        harness.emr("GetAutoTerminationPolicy", json!({"ClusterId": id}))["AutoTerminationPolicy"]["IdleTimeout"],
        3_600
    );
    for wrong in [59, 604_801, -1] {
        harness.refused(
            "PutAutoTerminationPolicy",
            json!({"ClusterId": id, "AutoTerminationPolicy": {"IdleTimeout": wrong}}),
        );
    }
    harness.emr("RemoveAutoTerminationPolicy", json!({"ClusterId": id}));
    harness.pass_secs(10_000);
    assert_eq!(harness.state(&id), pair("WAITING", "-"));
    harness.emr("PutAutoTerminationPolicy", json!({"ClusterId": id, "AutoTerminationPolicy": {}}));
    harness.pass_secs(3_601);
    harness.refused("PutAutoTerminationPolicy", json!({"ClusterId": id, "AutoTerminationPolicy": {}}));
}
