//! What goes wrong is named, and nothing is left running.

use std::process::Command;

use crate::support::{DAY, World, without_aws};

impl World {
    /// Asserts that no cluster is alive, by the journal of a foreign client's view: the daemon itself.
    fn assert_nothing_runs(&self) {
        let status = self.emrys(&["status", DAY, "--json"]).expect(0).json();
        let state = status["cluster_state"].as_str().unwrap();
        assert!(state.starts_with("TERMINATED"), "{status}");
    }
}

#[test]
fn a_day_without_logs_is_empty_and_launches_nothing() {
    let world = World::new();
    let ended = world.run().expect(4);
    assert_eq!(ended.json()["outcome"], "empty");
    assert!(world.calls("RunJobFlow").is_empty());
}

#[test]
fn a_step_that_fails_ends_the_run_and_shows_its_last_words() {
    let world = World::scripted("");
    world.script(0, 1);
    let ended = world.run().expect(1);
    let report = ended.json();
    assert_eq!(report["outcome"], "failed");
    let lines = report["diagnosis"]["lines"].to_string();
    assert!(lines.contains("ValueError: scripted"), "{report}");
    let log = report["diagnosis"]["log"].as_str().unwrap();
    assert!(log.starts_with("s3://my-log-bucket/emrys/emr-logs/j-") && log.ends_with("/stderr.gz"), "{log}");
    assert!(ended.stderr.contains("ValueError: scripted") && ended.stderr.contains(log), "{}", ended.stderr);
    world.assert_nothing_runs();
}

#[test]
fn output_that_is_not_what_the_manifest_says_is_no_success() {
    let world = World::scripted("");
    let scripts = world.local_dir().join("scripted-steps.json");
    let script = std::fs::read_to_string(&scripts).unwrap();
    // The manifest says 18 bytes; one is missing.
    std::fs::write(&scripts, script.replace("not really parquet", "not really parque")).unwrap();
    let report = world.run().expect(1).json();
    assert_eq!(report["outcome"], "failed");
    assert!(report["diagnosis"].to_string().contains("part-0.parquet"), "{report}");
    world.assert_nothing_runs();
}

#[test]
fn a_cluster_that_fails_before_its_steps_is_explained_by_its_reason() {
    let world = World::scripted("");
    let script = r#"{"clusters": [{"cluster": "web-logs", "at": "bootstrapping", "code": "BOOTSTRAP_FAILURE",
        "message": "On the master instance (i-0), bootstrap action 1 returned a non-zero return code"}]}"#;
    std::fs::write(world.local_dir().join("scripted-steps.json"), script).unwrap();
    let report = world.run().expect(1).json();
    assert!(report["diagnosis"].to_string().contains("BOOTSTRAP_FAILURE"), "{report}");
    world.assert_nothing_runs();
}

#[test]
fn a_bucket_that_is_not_there_is_named() {
    let world = World::new();
    std::fs::remove_dir_all(world.bucket()).unwrap();
    let ended = world.run().expect(2);
    assert!(ended.stdout.contains("NoSuchBucket"), "{}", ended.stdout);
}

/// The output and the logs may go to buckets of their own, and the job may lie in one.
#[test]
fn what_the_run_needs_and_is_not_there_is_named_before_a_launch() {
    let world = World::with("[job]\nscript = \"s3://jobs/main.py\"\nargs = [\"{output}\"]\n");
    world.put_log("access.log", "{}\n");
    let pipeline = std::fs::read_to_string(world.path().join("emrys.toml")).unwrap();
    let pipeline = pipeline.replace("s3://my-log-bucket/processed-logs/", "s3://results/processed-logs/");
    let pipeline = pipeline.replace("[cluster]", "[cluster]\nlog-uri = \"s3://cluster-logs/\"");
    world.write("emrys.toml", &pipeline);
    for (command, code) in [("run", 2), ("plan", 0)] {
        let ended = world.emrys(&[command, "--day", DAY, "--json"]).expect(code);
        for missing in [
            "s3://results/ of `[output] uri`",
            "s3://cluster-logs/ of `[cluster] log-uri`",
            "s3://jobs/main.py of `[job] script`",
        ] {
            assert!(ended.stdout.contains(missing), "{missing}: {}", ended.stdout);
        }
    }
    assert!(world.calls("RunJobFlow").is_empty());

    for bucket in ["results", "cluster-logs", "jobs"] {
        std::fs::create_dir_all(world.local_dir().join("s3").join(bucket)).unwrap();
    }
    let ended = world.run().expect(2);
    assert!(ended.stdout.contains("not there: s3://jobs/main.py of `[job] script`"), "{}", ended.stdout);
}

#[test]
fn without_credentials_the_command_says_so() {
    let world = World::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_emrys"));
    command.current_dir(world.path()).args(["plan", "--day", DAY, "--json"]);
    without_aws(&mut command);
    // An address where nobody answers: nothing of this test may reach the network.
    command.env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(6), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout).to_lowercase();
    assert!(text.contains("credentials"), "{text}");
}
