//! Signals, two operators at once, and a command that is killed.

use std::fs;

use serde_json::{Value, json};

use crate::support::{DAY, World};

const RUN: [&str; 4] = ["run", "--day", DAY, "--json"];

/// A world whose step takes long enough to be interrupted, and is never waited for to its end.
fn long() -> World {
    let world = World::scripted("");
    world.script(600_000, 0);
    world
}

#[test]
fn ctrl_c_cancels_the_run_and_ends_the_cluster() {
    let world = long();
    let mut run = world.start(&RUN);
    run.wait_for("RUNNING");
    run.signal("INT");
    let ended = run.end().expect(1);
    let report = ended.json();
    assert_eq!(report["outcome"], "cancelled");
    assert_eq!(report["cluster_state"], "TERMINATED");
    assert_eq!(world.calls("TerminateJobFlows").len(), 1);
}

#[test]
fn a_second_ctrl_c_stops_the_watching_of_a_cancelled_run_and_the_next_command_ends_it() {
    let world = long();
    // The cluster cannot be ended just now, so that there is something left to watch.
    let throttle = json!({ "operation": "^TerminateJobFlows$", "kind": "throttle", "for_ms": 2_000 });
    fs::write(world.local_dir().join("faults.json"), json!({ "calls": [throttle] }).to_string()).unwrap();
    let mut run = world.start(&RUN);
    run.wait_for("RUNNING");
    run.signal("INT");
    run.wait_for("cancel asked for by");
    run.wait_for("could not terminate the cluster");
    run.signal("INT");
    let ended = run.end().expect(5);
    let error = &ended.json()["error"];
    assert_eq!(error["kind"], "stopped_watching", "{error}");
    assert!(error["message"].as_str().unwrap().contains("is cancelled"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains(&format!("attach {DAY}")), "{error}");
    let status = world.emrys(&["status", DAY, "--json"]).expect(0).json();
    assert!(status["outcome"].is_null() && status["cancelled_by"].is_string(), "{status}");

    let report = world.run().expect(1).json();
    assert_eq!((&report["attempt"], &report["outcome"]), (&json!(1), &json!("cancelled")));
    assert_eq!(world.calls("RunJobFlow").len(), 1);
    world.assert_nothing_is_left();
}

#[test]
fn two_ctrl_c_at_once_record_the_cancel_before_the_watching_stops() {
    let world = long();
    let mut run = world.start(&RUN);
    run.wait_for("RUNNING");
    run.signal("STOP");
    run.signal("INT");
    run.signal("CONT");
    run.signal("INT");
    // Two that arrive as one are one.
    assert!(matches!(run.end().code, Some(1 | 5)));
    let report = world.emrys(&["attach", DAY, "--json"]).expect(1).json();
    assert_eq!(report["outcome"], "cancelled");
    world.assert_nothing_is_left();
}

#[test]
fn a_lost_terminal_stops_the_watching_and_the_next_run_picks_the_day_up() {
    let world = World::scripted("");
    world.script(4_000, 0);
    for (signal, watched) in [("TERM", "RUNNING"), ("HUP", "picked up")] {
        let mut run = world.start(&RUN);
        run.wait_for(watched);
        run.signal(signal);
        let ended = run.end().expect(5);
        assert!(ended.stderr.contains(&format!("attach {DAY}")), "{signal}: {}", ended.stderr);
    }

    let report = world.run().expect(0).json();
    assert_eq!((&report["attempt"], &report["outcome"]), (&Value::from(1), &Value::from("succeeded")));
    assert_eq!(world.calls("RunJobFlow").len(), 1);
}

#[test]
fn a_killed_command_is_resumed_and_launches_nothing_twice() {
    let world = World::scripted("");
    world.script(2_000, 0);
    let mut run = world.start(&RUN);
    run.wait_for("RUNNING");
    run.signal("KILL");
    assert_eq!(run.end().code, None);

    // The holder is provably dead on this host: nobody waits for its lease.
    let report = world.run().expect(0).json();
    assert_eq!(report["attempt"], 1);
    assert_eq!(world.calls("RunJobFlow").len(), 1);
}

#[test]
fn of_two_operators_one_drives_and_the_other_is_told_who() {
    let world = long();
    let mut first = world.start(&RUN);
    first.wait_for("RUNNING");
    let second = world.run().expect(3);
    let told = second.json()["error"]["message"].to_string();
    assert!(told.contains(&format!("process {}", first.id())), "{told}");
    first.signal("INT");
    first.end().expect(1);
    assert_eq!(world.calls("RunJobFlow").len(), 1);
}
