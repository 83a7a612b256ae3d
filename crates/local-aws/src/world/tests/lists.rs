//! Lists: every item once, whatever the page size and whatever changes between pages.

use std::collections::BTreeSet;

use super::*;

fn one_per_page() -> Harness {
    let pages = PageSizes {
        clusters: 1,
        steps: 1,
        instances: 1,
        metrics: 1,
        alarms: 1,
        datapoints: 1,
        schedules: 1,
        catalog: 1,
    };
    Harness::with(WorldSettings { pages, ..WorldSettings::default() })
}

fn ids(items: &[Value]) -> Vec<String> {
    items.iter().map(|item| text(&item["Id"])).collect()
}

#[test]
fn clusters_are_listed_once_each_and_in_no_order() {
    for mut harness in [Harness::new(), one_per_page()] {
        let mut made = Vec::new();
        for _ in 0..10 {
            made.push(harness.launch(request(&[step("one", "CONTINUE")])));
        }
        let listed = ids(&harness.all("ListClusters", "Clusters", json!({})));
        assert_ne!(listed, made, "a caller must not rely on an order");
        assert_eq!(BTreeSet::from_iter(&listed), BTreeSet::from_iter(&made));
        assert_eq!(listed.len(), made.len());
    }
}

#[test]
fn clusters_are_filtered_by_state_and_creation() {
    let mut harness = Harness::new();
    let old = harness.launch(request(&[]));
    harness.pass_secs(3_600);
    let after = seconds(harness.now);
    let new = harness.launch(kept_alive(&[]));
    let mut list = |input: Value| ids(&harness.all("ListClusters", "Clusters", input));
    assert_eq!(list(json!({"CreatedAfter": after})), std::slice::from_ref(&new));
    assert_eq!(list(json!({"CreatedBefore": after - 1.0})), std::slice::from_ref(&old));
    assert_eq!(list(json!({"ClusterStates": ["TERMINATED", "RUNNING"]})), [old]);
    assert_eq!(list(json!({"ClusterStates": ["WAITING"]})), [new]);
    assert!(list(json!({"ClusterStates": ["STARTING"]})).is_empty());
}

#[test]
fn a_page_goes_on_although_the_last_cluster_left_its_state() {
    let mut harness = one_per_page();
    let made: BTreeSet<String> = (0..4).map(|_| harness.launch(kept_alive(&[]))).collect();
    let mut input = json!({"ClusterStates": ["WAITING"]});
    let first = harness.emr("ListClusters", input.clone());
    let gone = text(&first["Clusters"][0]["Id"]);
    harness.emr("TerminateJobFlows", json!({"JobFlowIds": [gone]}));
    input["Marker"] = first["Marker"].clone();
    let rest: BTreeSet<String> = ids(&harness.all("ListClusters", "Clusters", input)).into_iter().collect();
    assert_eq!(rest.len(), 3);
    assert!(!rest.contains(&gone) && rest.is_subset(&made));
}

#[test]
fn steps_are_listed_newest_first() {
    for mut harness in [Harness::new(), one_per_page()] {
        let names = ["one", "two", "three", "four", "five"];
        let id = harness.launch(request(&names.map(|name| step(name, "CONTINUE"))));
        let listed = harness.all("ListSteps", "Steps", json!({"ClusterId": id}));
        let listed_names: Vec<String> = listed.iter().map(|step| text(&step["Name"])).collect();
        assert_eq!(listed_names, ["five", "four", "three", "two", "one"]);
        let running = harness.all("ListSteps", "Steps", json!({"ClusterId": id, "StepStates": ["RUNNING"]}));
        assert_eq!(running.len(), 1);
        assert_eq!(running[0]["Config"]["Args"][2], "one");
        let wanted = [&listed[1]["Id"], &listed[3]["Id"]];
        let chosen = harness.all("ListSteps", "Steps", json!({"ClusterId": id, "StepIds": wanted}));
        assert_eq!(ids(&chosen), [text(wanted[0]), text(wanted[1])]);
        harness.refused("ListSteps", json!({"ClusterId": id, "StepIds": ["s-NONE"]}));
        harness.refused("ListSteps", json!({"ClusterId": id, "StepIds": vec![wanted[0]; 11]}));
    }
}

#[test]
fn fleets_and_their_instances_follow_the_cluster() {
    for mut harness in [Harness::new(), one_per_page()] {
        let mut asked = kept_alive(&[]);
        asked["Instances"]["InstanceFleets"][1]["InstanceTypeConfigs"][0]["EbsConfiguration"] = json!({
            "EbsBlockDeviceConfigs": [
                {"VolumeSpecification": {"VolumeType": "gp3", "SizeInGB": 64}, "VolumesPerInstance": 2},
            ]
        });
        let id = text(&harness.emr("RunJobFlow", asked)["JobFlowId"]);
        let fleets = |harness: &mut Harness| {
            harness.all("ListInstanceFleets", "InstanceFleets", json!({"ClusterId": id}))
        };
        assert_eq!(fleets(&mut harness)[0]["Status"]["State"], "PROVISIONING");
        assert_eq!(fleets(&mut harness)[1]["ProvisionedOnDemandCapacity"], 0);
        harness.pass_secs(1);
        let shown = fleets(&mut harness);
        assert_eq!(shown.len(), 3);
        assert_eq!(shown[1]["Status"]["State"], "RUNNING");
        assert_eq!(shown[1]["ProvisionedOnDemandCapacity"], 2);
        let volumes = &shown[1]["InstanceTypeSpecifications"][0]["EbsBlockDevices"];
        assert_eq!((&volumes[0]["Device"], &volumes[1]["Device"]), (&json!("/dev/sdb"), &json!("/dev/sdc")));

        let all = harness.all("ListInstances", "Instances", json!({"ClusterId": id}));
        assert_eq!(all.len(), 5);
        assert_eq!(BTreeSet::from_iter(ids(&all)).len(), 5);
        assert_eq!(all.iter().filter(|instance| instance["Market"] == "SPOT").count(), 2);
        let core =
            harness.all("ListInstances", "Instances", json!({"ClusterId": id, "InstanceFleetType": "CORE"}));
        assert!(core.iter().all(|instance| instance["InstanceFleetId"] == shown[1]["Id"]));
        assert_eq!(core.len(), 2);
        let primary = harness.all(
            "ListInstances",
            "Instances",
            json!({"ClusterId": id, "InstanceFleetType": "MASTER"}),
        );
        assert_eq!(primary[0]["PublicDnsName"], harness.cluster(&id)["MasterPublicDnsName"]);
        harness.refused("ListInstances", json!({"ClusterId": id, "InstanceGroupTypes": ["CORE"]}));

        harness.emr("TerminateJobFlows", json!({"JobFlowIds": [id]}));
        harness.pass_secs(1);
        assert_eq!(fleets(&mut harness)[0]["Status"]["StateChangeReason"]["Code"], "CLUSTER_TERMINATED");
        let gone = json!({"ClusterId": id, "InstanceStates": ["TERMINATED"]});
        assert_eq!(harness.all("ListInstances", "Instances", gone).len(), 5);
        let alive = json!({"ClusterId": id, "InstanceStates": ["RUNNING"]});
        assert!(harness.all("ListInstances", "Instances", alive).is_empty());
    }
}

#[test]
fn instance_groups_have_instances_and_no_fleets() {
    let mut harness = Harness::new();
    let mut asked = kept_alive(&[]);
    asked["Instances"] = json!({"KeepJobFlowAliveWhenNoSteps": true, "InstanceGroups": [
        {"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1},
        {"InstanceRole": "CORE", "InstanceType": "m5.xlarge", "InstanceCount": 2, "Market": "SPOT"},
    ]});
    let groups = harness.launch(asked.clone());
    assert_eq!(harness.cluster(&groups)["InstanceCollectionType"], "INSTANCE_GROUP");
    let core = harness.all(
        "ListInstances",
        "Instances",
        json!({"ClusterId": groups, "InstanceGroupTypes": ["CORE"]}),
    );
    assert_eq!(core.len(), 2);
    assert!(text(&core[0]["InstanceGroupId"]).starts_with("ig-"));
    harness.refused("ListInstanceFleets", json!({"ClusterId": groups}));
    asked["Instances"] =
        json!({"MasterInstanceType": "m5.xlarge", "SlaveInstanceType": "m5.large", "InstanceCount": 3});
    let uniform = harness.launch(asked);
    assert_eq!(harness.all("ListInstances", "Instances", json!({"ClusterId": uniform})).len(), 3);
}

#[test]
fn foreign_markers_and_unknown_ids_are_refused() {
    let mut harness = Harness::new();
    let id = harness.launch(kept_alive(&[]));
    for operation in ["ListClusters", "ListSteps", "ListInstances", "ListInstanceFleets"] {
        let (code, _) = harness.refused(operation, json!({"ClusterId": id, "Marker": "bm9uc2Vuc2U"}));
        assert_eq!(code, "InvalidRequestException", "{operation}");
    }
    let none = "j-0000000000000";
    for operation in ["DescribeCluster", "ListSteps", "ListInstances", "ListInstanceFleets"] {
        let (code, message) = harness.refused(operation, json!({"ClusterId": none}));
        assert_eq!(
            (code.as_str(), message),
            ("InvalidRequestException", format!("Cluster id '{none}' is not valid."))
        );
    }
    for (operation, input, code) in [
        ("DescribeStep", json!({"ClusterId": none, "StepId": "s-1"}), "InvalidRequestException"),
        ("DescribeStep", json!({"ClusterId": id, "StepId": "s-1"}), "InvalidRequestException"),
        ("CancelSteps", json!({"ClusterId": none, "StepIds": ["s-1"]}), "InvalidRequestException"),
        ("AddTags", json!({"ResourceId": none, "Tags": []}), "InvalidRequestException"),
        ("RemoveTags", json!({"ResourceId": none, "TagKeys": []}), "InvalidRequestException"),
        (
            "AddJobFlowSteps",
            json!({"JobFlowId": none, "Steps": [step("x", "CONTINUE")]}),
            "ValidationException",
        ),
        ("TerminateJobFlows", json!({"JobFlowIds": [id, none]}), "ValidationException"),
        (
            "SetTerminationProtection",
            json!({"JobFlowIds": [id, none], "TerminationProtected": true}),
            "ValidationException",
        ),
        ("GetAutoTerminationPolicy", json!({"ClusterId": none}), "ValidationException"),
        ("RemoveAutoTerminationPolicy", json!({"ClusterId": none}), "ValidationException"),
        (
            "PutAutoTerminationPolicy",
            json!({"ClusterId": none, "AutoTerminationPolicy": {}}),
            "ValidationException",
        ),
    ] {
        assert_eq!(harness.refused(operation, input).0, code, "{operation}");
    }
}
