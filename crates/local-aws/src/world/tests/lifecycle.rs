//! The way of a cluster whose steps succeed, and of one that is terminated.

use super::*;

#[test]
fn a_cluster_goes_from_starting_to_all_steps_completed() {
    let mut harness = Harness::new();
    let launched =
        harness.emr("RunJobFlow", request(&[step("one", "TERMINATE_CLUSTER"), step("two", "CONTINUE")]));
    let id = text(&launched["JobFlowId"]);
    assert_eq!(
        launched["ClusterArn"],
        format!("arn:aws:elasticmapreduce:us-east-1:123456789012:cluster/{id}")
    );
    assert_eq!(harness.state(&id), pair("STARTING", "-"));
    assert_eq!(harness.step_states(&id), ["PENDING", "PENDING"]);
    harness.pass_ms(299);
    assert_eq!(harness.state(&id), pair("STARTING", "-"));
    harness.pass_ms(1);
    assert_eq!(harness.state(&id), pair("BOOTSTRAPPING", "-"));
    harness.pass_ms(400);
    assert_eq!(harness.state(&id), pair("RUNNING", "-"));
    assert_eq!(harness.step_states(&id), ["RUNNING", "PENDING"]);

    let steps = harness.steps(&id);
    harness.pass_secs(10);
    harness.exit(&id, &steps[0], 0);
    assert_eq!(harness.step_states(&id), ["COMPLETED", "RUNNING"]);
    harness.pass_secs(5);
    harness.exit(&id, &steps[1], 0);
    assert_eq!(harness.state(&id), pair("TERMINATING", "ALL_STEPS_COMPLETED"));
    harness.pass_ms(300);
    assert_eq!(harness.state(&id), pair("TERMINATED", "ALL_STEPS_COMPLETED"));
    assert_eq!(harness.step_states(&id), ["COMPLETED", "COMPLETED"]);
    assert!(harness.world.is_idle());
    assert_eq!(harness.world.next_deadline(), None);
    assert!(harness.stopped.is_empty());
}

#[test]
fn timelines_are_seconds_and_follow_the_states() {
    let mut harness = Harness::new();
    let start = seconds(harness.now);
    let id = harness.launch(request(&[step("one", "TERMINATE_CLUSTER")]));
    let timeline = |value: &Value| value["Status"]["Timeline"].clone();
    let cluster = harness.cluster(&id);
    assert_eq!(timeline(&cluster), json!({"CreationDateTime": start, "ReadyDateTime": start + 0.7}));
    let step_id = harness.steps(&id)[0].clone();
    harness.pass_secs(30);
    harness.exit(&id, &step_id, 0);
    harness.pass_secs(60);
    let step = harness.emr("DescribeStep", json!({"ClusterId": id, "StepId": step_id}))["Step"].clone();
    assert_eq!(
        timeline(&step),
        json!({"CreationDateTime": start, "StartDateTime": start + 0.7, "EndDateTime": start + 30.7})
    );
    // The end is where it was due, not when somebody looked.
    assert_eq!(timeline(&harness.cluster(&id))["EndDateTime"], json!(start + 31.0));
}

#[test]
fn a_step_is_launched_with_what_its_runner_needs() {
    let mut harness = Harness::new();
    let mut asked = request(&[step("one", "TERMINATE_CLUSTER")]);
    asked["Steps"][0]["StepMonitoringConfiguration"] =
        json!({"S3MonitoringConfiguration": {"LogUri": "s3://other/logs/"}});
    asked["Configurations"] = json!([
        {"Classification": "spark-defaults", "Properties": {"spark.a": "1", "spark.b": "2"}},
        {"Classification": "spark-defaults", "Properties": {"spark.b": "3"}},
        {"Classification": "core-site", "Properties": {"x": "y"}},
    ]);
    asked["BootstrapActions"] = json!([{"Name": "b", "ScriptBootstrapAction": {"Path": "s3://b/x.sh"}}]);
    let id = harness.launch(asked);
    let [launch] = harness.started.as_slice() else { panic!("{:?}", harness.started) };
    assert_eq!(launch.cluster_id, id);
    assert_eq!((launch.name.as_str(), launch.release_label.as_str()), ("one", "emr-7.13.0"));
    assert!(matches!(&launch.work, Work::Command { args } if args[0] == "spark-submit"));
    assert_eq!(launch.log_uri.as_deref(), Some("s3://other/logs/"));
    assert!(launch.spark);
    assert_eq!(json!(launch.spark_defaults), json!({"spark.a": "1", "spark.b": "3"}));
    assert!(launch.remarks.iter().any(|remark| remark.contains("bootstrap")), "{:?}", launch.remarks);
}

#[test]
fn describe_cluster_shows_the_request() {
    let mut harness = Harness::new();
    let id = harness.launch(request(&[step("one", "TERMINATE_CLUSTER")]));
    let cluster = harness.cluster(&id);
    for (member, value) in [
        ("Name", json!("emrys/web-logs/2024-10-20/a1/0011223344556677")),
        ("ReleaseLabel", json!("emr-7.13.0")),
        ("LogUri", json!("s3://logs/emr/")),
        ("ServiceRole", json!("EMR_DefaultRole_V2")),
        ("Applications", json!([{"Name": "Spark"}])),
        ("Tags", json!([{"Key": "emrys:launch", "Value": "0011223344556677"}])),
        ("AutoTerminate", json!(true)),
        ("TerminationProtected", json!(false)),
        ("StepConcurrencyLevel", json!(1)),
        ("InstanceCollectionType", json!("INSTANCE_FLEET")),
    ] {
        assert_eq!(cluster[member], value, "{member}");
    }
    let ec2 = &cluster["Ec2InstanceAttributes"];
    assert_eq!(ec2["Ec2SubnetId"], "subnet-0123456789abcdef0");
    assert_eq!(ec2["IamInstanceProfile"], "EMR_EC2_DefaultRole");
    assert!(text(&cluster["MasterPublicDnsName"]).starts_with("ip-10-"));
}

#[test]
fn a_cluster_without_steps_ends_or_waits() {
    let mut harness = Harness::new();
    let ends = harness.launch(request(&[]));
    assert_eq!(harness.state(&ends), pair("TERMINATING", "ALL_STEPS_COMPLETED"));
    let waits = harness.launch(kept_alive(&[]));
    assert_eq!(harness.state(&waits), pair("WAITING", "-"));
    let added =
        harness.emr("AddJobFlowSteps", json!({"JobFlowId": waits, "Steps": [step("late", "CONTINUE")]}));
    assert_eq!(harness.state(&waits), pair("RUNNING", "-"));
    harness.exit(&waits, &text(&added["StepIds"][0]), 0);
    assert_eq!(harness.state(&waits), pair("WAITING", "-"));
}

#[test]
fn terminate_ends_a_cluster_in_each_state() {
    let mut harness = Harness::new();
    let asked = kept_alive(&[step("one", "CONTINUE"), step("two", "CONTINUE")]);
    let starting = text(&harness.emr("RunJobFlow", asked.clone())["JobFlowId"]);
    harness.emr("TerminateJobFlows", json!({"JobFlowIds": [starting]}));
    assert_eq!(harness.state(&starting), pair("TERMINATING", "USER_REQUEST"));
    assert_eq!(harness.step_states(&starting), ["CANCELLED", "CANCELLED"]);
    harness.pass_secs(1);
    assert_eq!(harness.state(&starting), pair("TERMINATED", "USER_REQUEST"));
    assert!(harness.started.is_empty());

    let bootstrapping = text(&harness.emr("RunJobFlow", asked.clone())["JobFlowId"]);
    harness.pass_ms(300);
    harness.emr("TerminateJobFlows", json!({"JobFlowIds": [bootstrapping]}));
    assert_eq!(harness.state(&bootstrapping), pair("TERMINATING", "USER_REQUEST"));

    let waiting = harness.launch(kept_alive(&[]));
    harness.emr("TerminateJobFlows", json!({"JobFlowIds": [waiting, bootstrapping, starting]}));
    harness.pass_secs(1);
    assert_eq!(harness.state(&waiting), pair("TERMINATED", "USER_REQUEST"));
    // The clusters that were ending or gone are left alone, and the call is safe to repeat.
    assert_eq!(harness.state(&starting), pair("TERMINATED", "USER_REQUEST"));

    let running = harness.launch(asked);
    harness.emr("TerminateJobFlows", json!({"JobFlowIds": [running]}));
    let steps = harness.steps(&running);
    assert_eq!(harness.stopped, [(steps[0].clone(), KillHow::ClusterEnds)]);
    assert_eq!(harness.step_states(&running), ["RUNNING", "CANCELLED"]);
    // The cluster is not gone before the process is.
    harness.pass_secs(60);
    assert_eq!(harness.state(&running), pair("TERMINATING", "USER_REQUEST"));
    assert_eq!(harness.world.next_deadline(), None);
    harness.end(&running, &steps[0], StepExit::Signalled(15));
    assert_eq!(harness.state(&running), pair("TERMINATED", "USER_REQUEST"));
    assert_eq!(harness.step_states(&running), ["CANCELLED", "CANCELLED"]);
}

#[test]
fn a_cluster_is_forgotten_after_two_months() {
    let mut harness = Harness::new();
    let id = harness.launch(request(&[]));
    harness.pass(SignedDuration::from_hours(24 * 60));
    assert_eq!(harness.state(&id), pair("TERMINATED", "ALL_STEPS_COMPLETED"));
    harness.pass(SignedDuration::from_hours(48));
    let (code, _) = harness.refused("DescribeCluster", json!({"ClusterId": id}));
    assert_eq!(code, "InvalidRequestException");
}

#[test]
fn ids_are_unique_and_the_same_in_each_replay() {
    let ids = || {
        let mut harness = Harness::new();
        let mut ids = Vec::new();
        for _ in 0..20 {
            let id = harness.launch(request(&[step("one", "CONTINUE"), step("two", "CONTINUE")]));
            ids.extend(harness.steps(&id));
            ids.push(id);
        }
        ids
    };
    let (one, two) = (ids(), ids());
    assert_eq!(one, two);
    let mut unique = one.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), one.len());
}

#[test]
fn sts_says_who_calls_and_unknown_operations_are_errors() {
    let mut harness = Harness::new();
    let who = harness.try_call(Service::Sts, "GetCallerIdentity", &json!({})).unwrap();
    assert_eq!((&who["Account"], &who["UserId"]), (&json!("123456789012"), &json!("AKIDLOCAL")));
    for service in [Service::Emr, Service::CloudWatch, Service::Sts, Service::S3] {
        let error = harness.try_call(service, "MakeCoffee", &json!({})).unwrap_err();
        assert_eq!(error.code, "UnknownOperationException");
    }
}
