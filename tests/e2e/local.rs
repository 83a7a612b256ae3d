//! The embedded AWS, as a daemon.

use std::process::Command;

use crate::support::{DAY, World};

#[test]
fn it_outlives_the_command_and_keeps_its_state_over_a_restart() {
    let world = World::scripted("");
    let report = world.run().expect(0).json();
    world.emrys(&["local", "stop"]).expect(0);
    let calls = world.journal().len();

    // Another daemon on the same directory knows the cluster, and goes on with the journal.
    world.run().expect(0);
    let clusters = world.calls("RunJobFlow");
    assert_eq!(clusters.len(), 2);
    // EMR forgets a cluster after two months; what it said last is kept beside the ledger.
    let kept =
        std::fs::read(world.bucket().join("emrys/web-logs/2024-10-20/attempt-1/cluster.json")).unwrap();
    let kept: serde_json::Value = serde_json::from_slice(&kept).unwrap();
    assert_eq!(kept["DescribeCluster"]["Cluster"]["Status"]["State"], "TERMINATED", "{kept}");
    assert_eq!(kept["ListSteps"][0]["Steps"][0]["Status"]["State"], "COMPLETED", "{kept}");
    assert!(world.journal().len() > calls);
    let environment = world.environment();
    let arguments =
        [report["cluster_id"].as_str().unwrap(), "s3://my-log-bucket/emrys/emr-logs/", "web-logs"];
    let seen = crate::support::python("boto3_view.py", &arguments, &environment).expect(0).json();
    assert_eq!(seen["clusters"].as_array().unwrap().len(), 2);
    assert_eq!(seen["cluster"]["state"], "TERMINATED");
}

#[test]
fn a_killed_daemon_takes_its_steps_along_and_the_run_says_so() {
    let world = World::scripted(
        "[[steps]]\nname = \"wait\"\nkind = \"command\"\nwhen = \"before\"\nargs = [\"sleep\", \"600\"]\n",
    );
    let mut run = world.start(&["run", "--day", DAY, "--json"]);
    run.wait_for("RUNNING");
    let address = std::fs::read_to_string(world.local_dir().join("address.json")).unwrap();
    let address: serde_json::Value = serde_json::from_str(&address).unwrap();
    let killed = Command::new("kill").args(["-KILL", &address["pid"].to_string()]).status().unwrap();
    assert!(killed.success());
    // The command loses its AWS, and stops watching: the run is not lost.
    let ended = run.end();
    assert_eq!(ended.code, Some(6), "{}{}", ended.stdout, ended.stderr);

    let report = world.run().expect(1).json();
    assert_eq!(report["outcome"], "failed");
    assert_eq!(report["cluster_state"], "TERMINATED_WITH_ERRORS");
    assert_eq!(world.calls("RunJobFlow").len(), 1);
}

#[test]
fn a_real_command_step_sees_the_endpoint() {
    let world = World::scripted(
        "[[steps]]\nname = \"look\"\nkind = \"command\"\nwhen = \"before\"\nargs = [\"sh\", \"-c\", \"echo $AWS_ENDPOINT_URL\"]\n",
    );
    let report = world.run().expect(0).json();
    let cluster = report["cluster_id"].as_str().unwrap();
    let step = report["step_ids"][0].as_str().unwrap();
    let log = world.bucket().join(format!("emrys/emr-logs/{cluster}/steps/{step}/stdout.gz"));
    let mut text = String::new();
    let packed = std::fs::read(log).unwrap();
    std::io::Read::read_to_string(&mut flate2::bufread::MultiGzDecoder::new(packed.as_slice()), &mut text)
        .unwrap();
    assert!(text.starts_with("http://127.0.0.1:"), "{text}");
}

/// A rehearsal: the answer to the launch is lost, and the day still has one cluster.
#[test]
fn a_launch_whose_answer_is_lost_is_adopted() {
    let world = World::scripted("");
    let faults = r#"{"calls": [{"service": "emr", "operation": "RunJobFlow", "kind": "cut", "when": "after", "times": 1}]}"#;
    std::fs::write(world.local_dir().join("faults.json"), faults).unwrap();
    let report = world.run().expect(0).json();
    assert_eq!((&report["outcome"], &report["attempt"]), (&"succeeded".into(), &1.into()));
    let launches = world.calls("RunJobFlow");
    assert_eq!(launches.len(), 1);
    assert_eq!(launches[0]["outcome"], "CutOff");

    world.write("bad.json", r#"{"calls": [{"kind": "earthquake"}]}"#);
    world.emrys(&["local", "stop"]).expect(0);
    let refused = world.emrys(&["local", "serve", "--faults", "bad.json"]).expect(2);
    assert!(refused.stderr.contains("earthquake"), "{}", refused.stderr);
}

/// Glue and lifecycle rules by boto3 alone; botocore judges every request that was made.
#[test]
fn a_stranger_finds_a_catalog_and_lifecycle_rules() {
    let world = World::scripted("");
    world.run().expect(0);
    let environment = world.environment();
    let seen = crate::support::python("boto3_catalog.py", &[], &environment).expect(0).json();
    assert_eq!(seen["databases"], serde_json::json!(["strangers"]));
    assert_eq!(seen["tables"], serde_json::json!([["one", "three", "two"], ["visits"]]));
    let days =
        |range: std::ops::RangeInclusive<u32>| range.map(|day| format!("2024-10-{day}")).collect::<Vec<_>>();
    assert_eq!(seen["partitions"], serde_json::json!([days(13..=15), days(16..=18), days(19..=20)]));
    assert_eq!(seen["location"], "s3://b/visits/date=2024-10-20/a2/");
    assert_eq!((&seen["kept"], &seen["columns"]), (&true.into(), &true.into()));
    assert_eq!(seen["versions"], serde_json::json!(["0", "1"]));
    assert_eq!(seen["errors"]["created"], serde_json::json!([]));
    assert_eq!(seen["errors"]["deleted"], serde_json::json!(["EntityNotFoundException"]));
    assert_eq!(
        (&seen["errors"]["stale"], &seen["errors"]["again"], &seen["errors"]["none"]),
        (
            &"ConcurrentModificationException: Update table failed due to concurrent modifications.".into(),
            &"AlreadyExistsException: Partition already exists.".into(),
            &"EntityNotFoundException: Table none not found.".into(),
        )
    );

    let seen =
        crate::support::python("boto3_lifecycle.py", &["my-log-bucket"], &environment).expect(0).json();
    assert_eq!(
        (&seen["new"], &seen["old"], &seen["kept"]),
        (&true.into(), &true.into(), &true.into()),
        "{seen}"
    );
    assert_eq!(seen["minimum"], serde_json::json!(["varies_by_storage_class", "all_storage_classes_128K"]));
    assert_eq!(
        seen["errors"],
        serde_json::json!({
            "none": "NoSuchLifecycleConfiguration",
            "mixed": "InvalidRequest",
            "twice": "InvalidArgument",
            "gone": "NoSuchLifecycleConfiguration",
        })
    );
    let journal = world.local_dir().join("journal.jsonl");
    crate::support::python("validate_journal.py", &[journal.to_str().unwrap()], &[]).expect(0);
    // The daemon keeps the catalog.
    world.emrys(&["local", "stop"]).expect(0);
    let environment = world.environment();
    let again = crate::support::python("boto3_catalog.py", &[], &environment);
    assert!(again.code != Some(0) && again.stderr.contains("AlreadyExistsException"), "{}", again.stderr);
}
