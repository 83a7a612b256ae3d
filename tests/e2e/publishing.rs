//! What queries see of a day: only what was verified, one attempt in a table, no matter which process dies while it is
//! published; and what becomes of output that nobody needs any more.

use std::fs;

use serde_json::{Value, json};

use crate::support::{DAY, World, python};

/// Every way in which an output may not be what it says, and the words that name it.
#[test]
fn output_that_is_not_what_it_says_is_not_published_and_the_old_day_stays() {
    let world = World::published(
        "",
        &[
            (2, |_, files| drop(files.remove(1))),
            (3, |_, files| files.push(("errors/part-7.csv".to_owned(), "text\n".to_owned()))),
            (4, |_, files| files[2].1.truncate(20)),
            (5, |manifest, _| manifest["rows"]["parsed"] = json!(42)),
            (6, |manifest, _| manifest["rows"] = json!({ "read": 100, "parsed": 90, "rejected": 10 })),
        ],
    );
    world.run().expect(0);
    assert_eq!(world.served(), 1);
    let reasons = [
        "the manifest names endpoints/part-0.csv, and it is not there",
        "the manifest does not name errors/part-7.csv, and it is there",
        "latency/part-0.csv has 20 bytes, and the manifest says",
        "100 rows were read, and 42 parsed and 1 rejected: they do not add up",
        "10 of 100 rows were rejected, more than the share of 0.05",
    ];
    for (attempt, reason) in (2..).zip(reasons) {
        let ended = world.run().expect(1);
        let report = ended.json();
        assert_eq!((&report["attempt"], &report["published"]), (&json!(attempt), &json!(false)));
        assert!(report["diagnosis"].to_string().contains(reason), "{reason}: {}", report["diagnosis"]);
        assert!(ended.stderr.contains(reason), "{reason}: {}", ended.stderr);
        assert_eq!(world.served(), 1, "{reason}");
        let refused = world.emrys(&["publish", DAY, "--attempt", &attempt.to_string()]).expect(2);
        assert!(refused.stderr.contains("verified"), "{}", refused.stderr);
    }
    let seen = read(&world);
    assert_eq!((&seen["problems"], seen["runs"].as_array().unwrap().len()), (&json!([]), 1), "{seen}");
    // What is good again is published over the old.
    world.run().expect(0);
    assert_eq!(world.served(), 7);
}

#[test]
fn an_operator_goes_back_and_forward_and_every_look_puts_a_foreign_hand_right() {
    let world = World::published("", &[]);
    world.run().expect(0);
    world.run().expect(0);
    for attempt in ["1", "2"] {
        let told = world.emrys(&["publish", DAY, "--attempt", attempt]).expect(0).stdout;
        assert!(told.contains(&format!("queries see attempt {attempt}")), "{told}");
        assert_eq!(world.served().to_string(), attempt);
    }
    let text = world.emrys(&["runs", DAY]).expect(0).stdout;
    assert!(text.contains("queries see attempt 2") && text.contains("superseded"), "{text}");
    python(
        "move_partition.py",
        &["logs", "errors", DAY, "s3://my-log-bucket/elsewhere/"],
        &world.environment(),
    )
    .expect(0);
    let text = world.emrys(&["runs", DAY]).expect(0).stdout;
    assert!(text.contains("the catalog serves something else"), "{text}");
    let told = world.emrys(&["attach", DAY]).expect(0).stderr;
    assert!(told.contains("the catalog serves something else than the record says (errors)"), "{told}");
    assert_eq!(world.served(), 2);
    python(
        "move_partition.py",
        &["logs", "latency", DAY, "s3://my-log-bucket/elsewhere/"],
        &world.environment(),
    )
    .expect(0);
    let shown = world.emrys(&["gc", DAY, "--dry-run", "--json"]).expect(0).json();
    assert_eq!(shown["days"][0]["drifted"], json!(["latency"]), "{shown:#}");
    world.emrys(&["gc", DAY, "--yes"]).expect(0);
    assert_eq!(world.served(), 2);
    // One that stands as it should is looked at, and not touched.
    let calls = world.calls("UpdatePartition").len();
    world.emrys(&["attach", DAY]).expect(0);
    assert_eq!(world.calls("UpdatePartition").len(), calls);
}

#[test]
fn superseded_output_goes_after_its_grace_and_a_kill_in_the_middle_is_made_good() {
    let world = World::published("", &[]);
    world.fault_calls(&json!([
        { "service": "s3", "operation": "^DeleteObjects$", "kind": "slow", "delay_ms": 5000, "times": 1 },
    ]));
    world.run().expect(0);
    world.run().expect(0);
    let nothing = world.emrys(&["gc"]).expect(2);
    assert!(nothing.stderr.contains("--yes"), "{}", nothing.stderr);
    let nothing = world.emrys(&["gc", DAY, "--yes"]).expect(0).stdout;
    assert!(nothing.contains("nothing to remove") && nothing.contains("kept until"), "{nothing}");

    world.backdate(2);
    let folder = |attempt: usize| {
        let run = world.record()["attempts"][attempt - 1]["run"].as_str().unwrap().to_owned();
        world.bucket().join("processed-logs/2024/10/20").join(run)
    };
    let (first, second) = (folder(1), folder(2));
    let shown = world.emrys(&["gc", "--dry-run", "--json"]).expect(0).json();
    let removal = &shown["days"][0]["to_remove"][0];
    assert_eq!((&removal["attempt"], &removal["because"]), (&json!(1), &json!("superseded")), "{shown:#}");
    assert_eq!((&removal["objects"], &shown["days"][0]["removed"]), (&json!(7), &Value::Null), "{shown:#}");
    assert!(first.join("manifest.json").exists());
    assert!(world.calls("DeleteObjects").is_empty());

    let mut killed = world.start(&["gc", "--yes", "--log-format", "json"]);
    killed.wait_for("\"deleting_output\"");
    killed.signal("KILL");
    killed.end();
    assert_eq!(world.record()["attempts"][0]["output"], "being removed");
    let refused = world.emrys(&["publish", DAY, "--attempt", "1"]).expect(2).stderr;
    assert!(refused.contains("the output of attempt 1 is removed, or about to be"), "{refused}");
    world.emrys(&["gc", DAY, "--yes", "--json"]).expect(0);
    assert_eq!(world.record()["attempts"][0]["output"], "removed");
    assert!(!first.join("manifest.json").exists() && second.join("manifest.json").exists());
    assert_eq!(world.served(), 2);
    let seen = read(&world);
    assert_eq!(seen["problems"], json!([]), "{seen}");
    let again = world.emrys(&["gc", "--yes"]).expect(0).stdout;
    assert!(again.contains("nothing to remove"), "{again}");

    // A later run does the same at its end.
    world.run().expect(0);
    world.backdate(2);
    let told = world.run().expect(0).stderr;
    assert!(told.contains("the output of attempt 2 of 2024-10-20 is removed (superseded)"), "{told}");
    assert!(!second.exists() || fs::read_dir(&second).unwrap().next().is_none());
    assert_eq!(world.served(), 4);
}

#[test]
fn a_day_that_expires_loses_its_partitions_first_and_then_its_objects() {
    let world = World::published("[retention]\noutput-expire-after-days = 10\n", &[]);
    world.run().expect(0);
    world.backdate(11);
    let shown = world.emrys(&["gc", "--dry-run"]).expect(0).stdout;
    assert!(shown.contains("expired"), "{shown}");
    assert_eq!(world.served(), 1);
    let done = world.emrys(&["gc", "--yes", "--json"]).expect(0).json();
    assert_eq!(
        (&done["days"][0]["expires"], &done["days"][0]["removed"][0]["objects"]),
        (&json!(true), &json!(7))
    );
    let operations: Vec<String> =
        world.journal().iter().map(|call| call["operation"].as_str().unwrap().to_owned()).collect();
    let first = |operation: &str| operations.iter().position(|found| found == operation).unwrap();
    let last = |operation: &str| operations.iter().rposition(|found| found == operation).unwrap();
    assert_eq!(operations.iter().filter(|operation| *operation == "DeletePartition").count(), 6);
    assert!(last("DeletePartition") < first("DeleteObjects"));
    assert_eq!(world.served(), Value::Null);
    let text = world.emrys(&["runs", DAY]).expect(0).stdout;
    assert!(text.contains("the day has expired: queries see none"), "{text}");
    let days = world.emrys(&["runs"]).expect(0).stdout;
    assert!(days.contains("succeeded, expired"), "{days}");
    assert_eq!(world.record()["attempts"][0]["output"], "expired");
    let refused = world.emrys(&["publish", DAY]).expect(2).stderr;
    assert!(refused.contains("run the day again"), "{refused}");
    world.run().expect(0);
    assert_eq!(world.served(), 2);
}

/// A reader who never pauses, by Athena and by hand, while publishers are killed after each of their tables. In one
/// process, with a hundred publications and random points, the component tests do the same.
#[test]
fn a_reader_sees_one_attempt_in_each_table_while_publishers_are_killed() {
    let world = World::published("", &[]);
    world.fault_calls(&json!([
        { "service": "glue", "operation": "^UpdatePartition$", "kind": "slow", "delay_ms": 40 },
    ]));
    world.run().expect(0);
    let reader = start_reader(&world);
    for round in 0..12 {
        let moved = world.calls("UpdatePartition").len() + 1 + round % 6;
        let other = if world.served() == 1 { "2" } else { "1" };
        let mut publisher = if round % 4 == 0 {
            world.start(&["run", "--day", DAY])
        } else {
            world.start(&["publish", DAY, "--attempt", other])
        };
        while world.calls("UpdatePartition").len() < moved && publisher.is_running() {
            std::thread::yield_now();
        }
        publisher.kill();
        publisher.end();
        world.emrys(&["attach", DAY]).expect(0);
        world.served();
    }
    let seen = stop_reader(&world, reader);
    assert_eq!(seen["problems"], json!([]), "{seen}");
    let more_than = |name: &str, least: u64| assert!(seen[name].as_u64().unwrap() > least, "{name}: {seen}");
    more_than("reads", 10);
    more_than("queries", 2);
    assert!(seen["runs"].as_array().unwrap().len() > 1, "{seen}");
}

fn read(world: &World) -> Value {
    let reader = start_reader(world);
    stop_reader(world, reader)
}

fn start_reader(world: &World) -> std::thread::JoinHandle<Value> {
    let stop = world.path().join("stop-reading");
    let _ = fs::remove_file(&stop);
    let (environment, stop) = (world.environment(), stop.display().to_string());
    std::thread::spawn(move || {
        python("day_reader.py", &["my-log-bucket", "logs", DAY, &stop], &environment).expect(0).json()
    })
}

fn stop_reader(world: &World, reader: std::thread::JoinHandle<Value>) -> Value {
    world.write("stop-reading", "");
    reader.join().unwrap()
}
