//! What EMR refuses although its model allows it.

use super::*;

/// Refuses a launch that was changed at one place, with a message that says why.
fn refuses(change: impl FnOnce(&mut Value), says: &str) {
    let mut harness = Harness::new();
    let mut asked = request(&[step("one", "TERMINATE_CLUSTER")]);
    change(&mut asked);
    let (code, message) = harness.refused("RunJobFlow", asked);
    assert_eq!(code, "ValidationException", "{message}");
    assert!(message.contains(says), "{message} should say {says}");
    assert!(harness.all("ListClusters", "Clusters", json!({})).is_empty());
}

#[test]
fn names_hold_none_of_five_characters() {
    for c in ['<', '>', '$', '|', '`'] {
        refuses(|asked| asked["Name"] = json!(format!("a{c}b")), &c.to_string());
        refuses(|asked| asked["Steps"][0]["Name"] = json!(format!("a{c}b")), &c.to_string());
    }
}

#[test]
fn a_release_label_has_a_known_form() {
    for label in
        ["emr-7", "emr-7.x.0", "7.13.0", "emr-7.13", "emr-spark-8", "emr-7.13.0.1", "emr-", "emr-..", ""]
    {
        refuses(|asked| asked["ReleaseLabel"] = json!(label), "elease label");
    }
    refuses(|asked| asked["ReleaseLabel"] = Value::Null, "release label is required");
    let mut harness = Harness::new();
    for label in ["emr-5.36.2", "emr-7.13.0", "emr-spark-8.0.0"] {
        let mut asked = request(&[]);
        asked["ReleaseLabel"] = json!(label);
        harness.launch(asked);
    }
}

#[test]
fn roles_and_instances_are_required() {
    refuses(|asked| asked["ServiceRole"] = json!(""), "Service role");
    refuses(|asked| asked["JobFlowRole"] = Value::Null, "Instance profile");
    refuses(|asked| asked["Instances"] = json!({}), "InstanceFleets or InstanceGroups");
    refuses(|asked| asked["LogUri"] = json!("/var/log"), "not an address of S3");
}

#[test]
fn fleets_and_groups_exclude_each_other() {
    let groups = json!([{"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1}]);
    refuses(|asked| asked["Instances"]["InstanceGroups"] = groups.clone(), "cannot be used together");
    refuses(|asked| asked["Instances"]["MasterInstanceType"] = json!("m5.xlarge"), "cannot be used together");
    refuses(|asked| asked["Instances"]["Ec2SubnetId"] = json!("subnet-1"), "cannot be used together");
    refuses(
        |asked| asked["Instances"] = json!({"InstanceGroups": [groups[0], groups[0]]}),
        "exactly one MASTER",
    );
    let mut empty = groups.clone();
    empty[0]["InstanceCount"] = json!(0);
    refuses(|asked| asked["Instances"] = json!({"InstanceGroups": empty}), "not 0");
}

#[test]
fn fleets_have_a_primary_node_and_a_capacity() {
    let fleets = |asked: &mut Value| asked["Instances"]["InstanceFleets"].as_array_mut().unwrap().clone();
    refuses(
        |asked| {
            let without = fleets(asked).split_off(1);
            asked["Instances"]["InstanceFleets"] = json!(without);
        },
        "exactly one MASTER",
    );
    refuses(
        |asked| {
            let mut twice = fleets(asked);
            twice.push(twice[1].clone());
            asked["Instances"]["InstanceFleets"] = json!(twice);
        },
        "at most one CORE",
    );
    let at = |asked: &mut Value, fleet: usize, member: &str, value: Value| {
        asked["Instances"]["InstanceFleets"][fleet][member] = value;
    };
    refuses(|asked| at(asked, 0, "TargetSpotCapacity", json!(1)), "target capacity of 1");
    refuses(|asked| at(asked, 1, "TargetOnDemandCapacity", json!(0)), "CORE");
    refuses(|asked| at(asked, 1, "TargetOnDemandCapacity", json!(4_001)), "4001");
    let types = |n: usize| json!(vec![json!({"InstanceType": "m5.xlarge"}); n]);
    refuses(|asked| at(asked, 2, "InstanceTypeConfigs", types(6)), "6 instance types");
    refuses(|asked| at(asked, 2, "InstanceTypeConfigs", types(0)), "0 instance types");
    let spot = |minutes: u32| {
        json!({"SpotSpecification": {"TimeoutDurationMinutes": minutes, "TimeoutAction": "SWITCH_TO_ON_DEMAND",
            "AllocationStrategy": "price-capacity-optimized"}})
    };
    refuses(|asked| at(asked, 2, "LaunchSpecifications", spot(4)), "from 5 to 1440");
    let mut asked = request(&[]);
    at(&mut asked, 2, "LaunchSpecifications", spot(10));
    at(&mut asked, 2, "InstanceTypeConfigs", types(30));
    Harness::new().launch(asked);
}

#[test]
fn steps_are_limited_in_number_and_length() {
    let many = vec![step("one", "CONTINUE"); 257];
    refuses(|asked| asked["Steps"] = json!(many), "256");
    refuses(
        |asked| asked["Steps"][0]["HadoopJarStep"]["Args"] = json!(["x".repeat(10_223)]),
        "10241 characters",
    );
    let mut harness = Harness::new();
    let mut asked = request(&vec![step("one", "CONTINUE"); 256]);
    // Characters are counted, not bytes: 18 of the jar's name and these.
    asked["Steps"][0]["HadoopJarStep"]["Args"] = json!(["ä".repeat(10_222)]);
    let id = harness.launch(asked);
    let (_, message) =
        harness.refused("AddJobFlowSteps", json!({"JobFlowId": id, "Steps": [step("x", "CONTINUE")]}));
    assert!(message.contains("256"), "{message}");
    // Only steps that wait or run count.
    let first = harness.steps(&id)[0].clone();
    harness.exit(&id, &first, 0);
    harness.emr("AddJobFlowSteps", json!({"JobFlowId": id, "Steps": [step("x", "CONTINUE")]}));
}

#[test]
fn numbers_have_ranges() {
    refuses(|asked| asked["StepConcurrencyLevel"] = json!(0), "from 1 to 256");
    refuses(|asked| asked["StepConcurrencyLevel"] = json!(257), "from 1 to 256");
    refuses(|asked| asked["AutoTerminationPolicy"] = json!({"IdleTimeout": 30}), "60 to 604800");
    refuses(|asked| asked["Tags"] = json!([{"Key": "", "Value": "x"}]), "1 to 128");
}

#[test]
fn a_runtime_role_needs_a_security_configuration() {
    let role = "arn:aws:iam::123456789012:role/step";
    refuses(|asked| asked["StepExecutionRoleArn"] = json!(role), "Runtime roles");
    let mut harness = Harness::new();
    let mut asked = kept_alive(&[step("one", "CONTINUE")]);
    asked["StepExecutionRoleArn"] = json!(role);
    asked["SecurityConfiguration"] = json!("secure");
    let id = harness.launch(asked);
    let step_id = harness.steps(&id)[0].clone();
    let described = harness.emr("DescribeStep", json!({"ClusterId": id, "StepId": step_id}));
    assert_eq!(described["Step"]["ExecutionRoleArn"], role);
    assert!(harness.started[0].remarks.iter().any(|remark| remark.contains(role)));
    let plain = harness.launch(kept_alive(&[]));
    let input = json!({"JobFlowId": plain, "ExecutionRoleArn": role, "Steps": [step("x", "CONTINUE")]});
    harness.refused("AddJobFlowSteps", input);
}

#[test]
fn a_step_that_cannot_run_here_is_refused_with_the_whole_request() {
    let hive =
        json!({"Name": "hive", "HadoopJarStep": {"Jar": "command-runner.jar", "Args": ["hive-script"]}});
    refuses(|asked| asked["Steps"] = json!([step("one", "CONTINUE"), hive]), "'hive-script'");
    refuses(|asked| asked["Steps"][0]["HadoopJarStep"]["Jar"] = json!("s3://b/my.jar"), "'s3://b/my.jar'");
    let mut harness = Harness::new();
    let id = harness.launch(kept_alive(&[]));
    let (_, message) = harness
        .refused("AddJobFlowSteps", json!({"JobFlowId": id, "Steps": [step("one", "CONTINUE"), hive]}));
    assert!(message.contains("'hive-script'"), "{message}");
}

#[test]
fn steps_are_added_only_to_a_cluster_that_is_not_ending() {
    let mut harness = Harness::new();
    let id = harness.launch(request(&[]));
    let input = json!({"JobFlowId": id, "Steps": [step("x", "CONTINUE")]});
    assert!(harness.refused("AddJobFlowSteps", input.clone()).1.contains("may not be modified"));
    harness.pass_secs(1);
    harness.refused("AddJobFlowSteps", input);
    let id = harness.launch(kept_alive(&[]));
    harness.refused("AddJobFlowSteps", json!({"JobFlowId": id, "Steps": []}));
    harness.refused("TerminateJobFlows", json!({"JobFlowIds": vec![id; 11]}));
}
