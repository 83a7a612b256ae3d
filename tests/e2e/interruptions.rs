//! Signals, two operators at once, and a command that is killed.

use serde_json::Value;

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
fn a_lost_terminal_stops_the_watching_and_the_next_run_picks_the_day_up() {
    let world = World::scripted("");
    world.script(3_000, 0);
    let mut run = world.start(&RUN);
    run.wait_for("RUNNING");
    run.signal("TERM");
    let ended = run.end().expect(5);
    assert!(ended.stderr.contains(&format!("attach {DAY}")), "{}", ended.stderr);

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
