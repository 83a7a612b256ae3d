//! The way of a cluster whose steps succeed, and of one that is terminated.

use super::*;

#[test]
fn a_cluster_goes_from_starting_to_all_steps_completed() {
    let mut rig = Rig::new();
    let launched =
        rig.emr("RunJobFlow", request(&[step("one", "TERMINATE_CLUSTER"), step("two", "CONTINUE")]));
    let id = text(&launched["JobFlowId"]);
    assert_eq!(
        launched["ClusterArn"],
        format!("arn:aws:elasticmapreduce:us-east-1:123456789012:cluster/{id}")
    );
    assert_eq!(rig.state(&id), pair("STARTING", "-"));
    assert_eq!(rig.step_states(&id), ["PENDING", "PENDING"]);
    rig.pass_ms(299);
    assert_eq!(rig.state(&id), pair("STARTING", "-"));
    rig.pass_ms(1);
    assert_eq!(rig.state(&id), pair("BOOTSTRAPPING", "-"));
    rig.pass_ms(400);
    assert_eq!(rig.state(&id), pair("RUNNING", "-"));
    assert_eq!(rig.step_states(&id), ["RUNNING", "PENDING"]);

    let steps = rig.steps(&id);
    rig.pass_secs(10);
    rig.exit(&id, &steps[0], 0);
    assert_eq!(rig.step_states(&id), ["COMPLETED", "RUNNING"]);
    rig.pass_secs(5);
    rig.exit(&id, &steps[1], 0);
    assert_eq!(rig.state(&id), pair("TERMINATING", "ALL_STEPS_COMPLETED"));
    rig.pass_ms(300);
    assert_eq!(rig.state(&id), pair("TERMINATED", "ALL_STEPS_COMPLETED"));
    assert_eq!(rig.step_states(&id), ["COMPLETED", "COMPLETED"]);
    assert!(rig.world.is_idle());
    assert_eq!(rig.world.next_deadline(), None);
    assert!(rig.stopped.is_empty());
}

#[test]
fn timelines_are_seconds_and_follow_the_states() {
    let mut rig = Rig::new();
    let start = seconds(rig.now);
    let id = rig.launch(request(&[step("one", "TERMINATE_CLUSTER")]));
    let timeline = |value: &Value| value["Status"]["Timeline"].clone();
    let cluster = rig.cluster(&id);
    assert_eq!(timeline(&cluster), json!({"CreationDateTime": start, "ReadyDateTime": start + 0.7}));
    let step_id = rig.steps(&id)[0].clone();
    rig.pass_secs(30);
    rig.exit(&id, &step_id, 0);
    rig.pass_secs(60);
    let step = rig.emr("DescribeStep", json!({"ClusterId": id, "StepId": step_id}))["Step"].clone();
    assert_eq!(
        timeline(&step),
        json!({"CreationDateTime": start, "StartDateTime": start + 0.7, "EndDateTime": start + 30.7})
    );
    // The end is where it was due, not when somebody looked.
    assert_eq!(timeline(&rig.cluster(&id))["EndDateTime"], json!(start + 31.0));
}

#[test]
fn a_step_is_launched_with_what_its_runner_needs() {
    let mut rig = Rig::new();
    let mut asked = request(&[step("one", "TERMINATE_CLUSTER")]);
    asked["Steps"][0]["StepMonitoringConfiguration"] =
        json!({"S3MonitoringConfiguration": {"LogUri": "s3://other/logs/"}});
    asked["Configurations"] = json!([
        {"Classification": "spark-defaults", "Properties": {"spark.a": "1", "spark.b": "2"}},
        {"Classification": "spark-defaults", "Properties": {"spark.b": "3"}},
        {"Classification": "core-site", "Properties": {"x": "y"}},
    ]);
    asked["BootstrapActions"] = json!([{"Name": "b", "ScriptBootstrapAction": {"Path": "s3://b/x.sh"}}]);
    let id = rig.launch(asked);
    let [launch] = rig.started.as_slice() else { panic!("{:?}", rig.started) };
    assert_eq!(launch.cluster_id, id);
    assert_eq!((launch.name.as_str(), launch.release_label.as_str()), ("one", "emr-7.13.0"));
    assert!(matches!(&launch.work, Work::Command { args } if args[0] == "spark-submit"));
    assert_eq!(launch.log_uri.as_deref(), Some("s3://other/logs/"));
    assert!(launch.spark);
    assert_eq!(json!(launch.spark_defaults), json!({"spark.a": "1", "spark.b": "3"}));
    assert!(launch.notes.iter().any(|note| note.contains("bootstrap")), "{:?}", launch.notes);
}

#[test]
fn describe_cluster_shows_the_request() {
    let mut rig = Rig::new();
    let id = rig.launch(request(&[step("one", "TERMINATE_CLUSTER")]));
    let cluster = rig.cluster(&id);
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
    let mut rig = Rig::new();
    let ends = rig.launch(request(&[]));
    assert_eq!(rig.state(&ends), pair("TERMINATING", "ALL_STEPS_COMPLETED"));
    let waits = rig.launch(kept_alive(&[]));
    assert_eq!(rig.state(&waits), pair("WAITING", "-"));
    let added = rig.emr("AddJobFlowSteps", json!({"JobFlowId": waits, "Steps": [step("late", "CONTINUE")]}));
    assert_eq!(rig.state(&waits), pair("RUNNING", "-"));
    rig.exit(&waits, &text(&added["StepIds"][0]), 0);
    assert_eq!(rig.state(&waits), pair("WAITING", "-"));
}

#[test]
fn terminate_ends_a_cluster_in_each_state() {
    let mut rig = Rig::new();
    let asked = kept_alive(&[step("one", "CONTINUE"), step("two", "CONTINUE")]);
    let starting = text(&rig.emr("RunJobFlow", asked.clone())["JobFlowId"]);
    rig.emr("TerminateJobFlows", json!({"JobFlowIds": [starting]}));
    assert_eq!(rig.state(&starting), pair("TERMINATING", "USER_REQUEST"));
    assert_eq!(rig.step_states(&starting), ["CANCELLED", "CANCELLED"]);
    rig.pass_secs(1);
    assert_eq!(rig.state(&starting), pair("TERMINATED", "USER_REQUEST"));
    assert!(rig.started.is_empty());

    let bootstrapping = text(&rig.emr("RunJobFlow", asked.clone())["JobFlowId"]);
    rig.pass_ms(300);
    rig.emr("TerminateJobFlows", json!({"JobFlowIds": [bootstrapping]}));
    assert_eq!(rig.state(&bootstrapping), pair("TERMINATING", "USER_REQUEST"));

    let waiting = rig.launch(kept_alive(&[]));
    rig.emr("TerminateJobFlows", json!({"JobFlowIds": [waiting, bootstrapping, starting]}));
    rig.pass_secs(1);
    assert_eq!(rig.state(&waiting), pair("TERMINATED", "USER_REQUEST"));
    // The clusters that were ending or gone are left alone, and the call is safe to repeat.
    assert_eq!(rig.state(&starting), pair("TERMINATED", "USER_REQUEST"));

    let running = rig.launch(asked);
    rig.emr("TerminateJobFlows", json!({"JobFlowIds": [running]}));
    let steps = rig.steps(&running);
    assert_eq!(rig.stopped, [(steps[0].clone(), KillHow::ClusterEnds)]);
    assert_eq!(rig.step_states(&running), ["RUNNING", "CANCELLED"]);
    // The cluster is not gone before the process is.
    rig.pass_secs(60);
    assert_eq!(rig.state(&running), pair("TERMINATING", "USER_REQUEST"));
    assert_eq!(rig.world.next_deadline(), None);
    rig.end(&running, &steps[0], StepExit::Signalled(15));
    assert_eq!(rig.state(&running), pair("TERMINATED", "USER_REQUEST"));
    assert_eq!(rig.step_states(&running), ["CANCELLED", "CANCELLED"]);
}

#[test]
fn a_cluster_is_forgotten_after_two_months() {
    let mut rig = Rig::new();
    let id = rig.launch(request(&[]));
    rig.pass(SignedDuration::from_hours(24 * 60));
    assert_eq!(rig.state(&id), pair("TERMINATED", "ALL_STEPS_COMPLETED"));
    rig.pass(SignedDuration::from_hours(48));
    let (code, _) = rig.refused("DescribeCluster", json!({"ClusterId": id}));
    assert_eq!(code, "InvalidRequestException");
}

#[test]
fn ids_are_unique_and_the_same_in_each_replay() {
    let ids = || {
        let mut rig = Rig::new();
        let mut ids = Vec::new();
        for _ in 0..20 {
            let id = rig.launch(request(&[step("one", "CONTINUE"), step("two", "CONTINUE")]));
            ids.extend(rig.steps(&id));
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
    let mut rig = Rig::new();
    let who = rig.try_call(Service::Sts, "GetCallerIdentity", &json!({})).unwrap();
    assert_eq!((&who["Account"], &who["UserId"]), (&json!("123456789012"), &json!("AKIDLOCAL")));
    for service in [Service::Emr, Service::CloudWatch, Service::Sts, Service::S3] {
        let error = rig.try_call(service, "MakeCoffee", &json!({})).unwrap_err();
        assert_eq!(error.code, "UnknownOperationException");
    }
}
