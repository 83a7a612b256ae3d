//! What goes wrong in the first hour: each is said at once, and in words that help.

use std::fs;

use serde_json::{Value, json};

use crate::support::{DAY, Ended, World, without_aws};

const RUN: [&str; 4] = ["run", "--day", DAY, "--json"];

/// A world whose logs lie in a bucket of their own, which is not there.
fn without_source() -> World {
    let world = World::scripted("");
    let pipeline = fs::read_to_string(world.path().join("emrys.toml")).unwrap();
    world.write("emrys.toml", &pipeline.replace("s3://my-log-bucket/application-logs/", "s3://raw-logs/"));
    world
}

/// The command at AWS itself, or at what the environment says that it is.
fn at_aws(world: &World, arguments: &[&str], environment: &[(&str, &str)]) -> Ended {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_emrys"));
    command.current_dir(world.path()).args(arguments);
    without_aws(&mut command);
    command.env("AWS_EC2_METADATA_DISABLED", "true").envs(environment.iter().copied());
    command.output().unwrap().into()
}

#[test]
fn an_endpoint_that_is_no_address_is_a_mistake_at_once() {
    let world = World::new();
    for (variable, value) in [("AWS_ENDPOINT_URL", "nonsense"), ("AWS_ENDPOINT_URL_S3", "localhost:4566")] {
        let ended = at_aws(&world, &["plan", "--day", DAY, "--json"], &[(variable, value)]).expect(2);
        let error = &ended.json()["error"];
        assert_eq!(error["kind"], "config");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(variable) && message.contains(value), "{message}");
    }
}

#[test]
fn a_profile_that_is_not_there_is_named() {
    let world = World::new();
    // An address where nobody answers: nothing of this test may reach the network.
    let environment = [("AWS_PROFILE", "nosuch"), ("AWS_ENDPOINT_URL", "http://127.0.0.1:1")];
    let ended = at_aws(&world, &["plan", "--day", DAY, "--json"], &environment).expect(6);
    let error = &ended.json()["error"];
    assert_eq!(error["kind"], "access");
    assert!(error["hint"].as_str().unwrap().contains("`nosuch`"), "{error}");
}

#[test]
fn a_source_that_is_not_there_is_no_run_in_flight() {
    let world = without_source();
    let ended = world.emrys(&["run", "--day", DAY]).expect(2);
    assert!(ended.stdout.contains("not begun") && !ended.stdout.contains("in flight"), "{}", ended.stdout);
    assert!(ended.stderr.contains("NoSuchBucket") && ended.stderr.contains("raw-logs"), "{}", ended.stderr);
    assert!(ended.stderr.contains("mkdir -p") && !ended.stderr.contains("attach"), "{}", ended.stderr);
    assert!(world.calls("RunJobFlow").is_empty());
    let planned = world.emrys(&["plan", "--day", DAY, "--json"]).expect(2).json();
    assert!(planned["error"]["hint"].as_str().unwrap().contains("mkdir -p"), "{planned}");
    // Once it is there, the same command goes on.
    fs::create_dir_all(world.local_dir().join("s3/raw-logs")).unwrap();
    let empty = world.run().expect(4);
    let message = empty.json()["error"]["message"].to_string();
    assert!(message.contains("s3://raw-logs/2024/10/20/"), "{message}");
}

#[test]
fn a_refused_attempt_hides_nothing_of_the_last_one() {
    let world = World::scripted("[limits]\nmax-attempts = 1\n");
    let first = world.run().expect(0).json();
    let refused = world.run().expect(2).json();
    assert_eq!((&refused["attempt"], &refused["outcome"]), (&Value::Null, &json!("refused")));
    let status = world.emrys(&["status", DAY, "--json"]).expect(0).json();
    assert_eq!((&status["attempt"], &status["outcome"]), (&json!(1), &json!("refused")));
    for name in ["cluster_id", "output", "rows_read", "duration_seconds"] {
        assert_eq!(status[name], first[name], "{name}");
    }
    assert!(status["refusal"]["summary"].is_string(), "{status}");
}

#[test]
fn status_says_that_the_driver_of_a_run_is_gone() {
    let world = World::scripted("");
    world.script(600_000, 0);
    let mut run = world.start(&RUN);
    run.wait_for("RUNNING");
    let (pid, driven) = (run.id(), world.emrys(&["status", DAY, "--json"]).expect(0).json());
    assert_eq!((&driven["driven_by"]["pid"], &driven["driver_gone"]), (&json!(pid), &Value::Null));
    run.signal("KILL");
    run.end();
    let status = world.emrys(&["status", DAY, "--json"]).expect(0).json();
    assert_eq!((&status["driver_gone"]["pid"], &status["driven_by"]), (&json!(pid), &Value::Null));
    let text = world.emrys(&["status", DAY]).expect(0).stdout;
    assert!(text.contains(&format!("process {pid}")) && text.contains("ended without a word"), "{text}");
    world.emrys(&["cancel", DAY]).expect(0);
}

#[test]
fn where_the_embedded_aws_cannot_be_is_a_matter_of_usage() {
    let world = World::new();
    world.write("file", "");
    let ended = world.emrys(&["--local-dir", "file/aws", "local", "serve"]);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ended = world.emrys(&["local", "serve", "--port", &port]).expect(2);
    assert!(ended.stderr.contains(&port), "{}", ended.stderr);
}

#[test]
fn who_has_no_name_is_told_by_a_number() {
    let world = World::scripted("");
    let mut command = world.command(&["run", "--day", DAY]);
    command.env_remove("USER").env_remove("USERNAME");
    world.emrys(&["local", "env"]).expect(0);
    let ended: Ended = command.output().unwrap().into();
    ended.expect(0);
    let mut again = world.command(&RUN);
    let again: Ended = again.env_remove("USER").env_remove("USERNAME").output().unwrap().into();
    again.expect(0);
    let runs = world.emrys(&["runs", DAY, "--json"]).expect(0).json();
    let events = runs["events"].as_array().unwrap();
    let reopened = events.iter().find(|event| event["event"]["type"] == "reopened").unwrap();
    assert!(reopened["event"]["by"].as_str().unwrap().starts_with("uid "), "{reopened}");
}

#[test]
fn a_day_of_which_no_row_was_read_is_told_with_a_question() {
    let world = World::scripted("");
    let script = world.local_dir().join("scripted-steps.json");
    let text = fs::read_to_string(&script).unwrap();
    let mut text: Value = serde_json::from_str(&text).unwrap();
    let manifest = text["steps"][0]["files"][0]["content"].as_str().unwrap();
    let mut manifest: Value = serde_json::from_str(manifest).unwrap();
    manifest["rows"] = json!({ "read": 0, "parsed": 0, "rejected": 0 });
    text["steps"][0]["files"][0]["content"] = manifest.to_string().into();
    fs::write(&script, text.to_string()).unwrap();
    let ended = world.emrys(&["run", "--day", DAY]).expect(0);
    assert!(ended.stdout.contains("no line was found in the input"), "{}", ended.stdout);
}
