//! A disk that is full: of the embedded AWS in the middle of a run, and under the output of the command.
//!
//! A disk of a test's own takes rights that a test has not. A limit on the size of files (`RLIMIT_FSIZE`) does the same
//! to every write beyond it, half done as on a full disk, and can be lifted again; `/dev/full` is the system's own.

use std::fs::{self, File};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::{Background, DAY, Ended, World};

/// Less than any ledger of a run with a cluster.
const FULL: &str = "2048";

/// The embedded AWS in the foreground: beyond its limit a write shall fail, as on a full disk, and not kill it.
fn serve(world: &World) -> Background {
    let emrys = world.command(&["local", "serve"]);
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]).arg(emrys.get_program()).args(emrys.get_args());
    shell.current_dir(world.path());
    for (name, value) in emrys.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let mut serving = Background::start(shell);
    serving.wait_for("serving");
    serving
}

/// Makes the disk full for a process, or gives it room again.
fn limit(process: &Background, bytes: &str) {
    let limits = format!("--fsize={bytes}:unlimited");
    let status = Command::new("prlimit").args(["--pid", &process.id().to_string(), &limits]).status();
    assert!(status.unwrap().success());
}

/// The record of the run, as it lies in the store.
fn ledger(world: &World) -> Value {
    let ledger = fs::read(world.ledger_path(DAY)).unwrap();
    serde_json::from_slice(&ledger).unwrap()
}

#[test]
fn a_disk_that_fills_up_during_a_run_stops_the_watching_and_leaves_a_whole_record() {
    let world = World::scripted("");
    world.script(2_000, 0);
    let serving = serve(&world);
    let mut run = world.start(&["run", "--day", DAY, "--json"]);
    run.wait_for("RUNNING");
    limit(&serving, FULL);
    let left = run.end().expect(6).json();
    assert_eq!(left["error"]["kind"], "unreachable", "{left}");
    assert!(left["error"]["message"].to_string().contains("File too large"), "{left}");
    // What was recorded stands, and ends with the last write that had room.
    let recorded = ledger(&world);
    assert!(recorded["events"].as_array().unwrap().len() > 5, "{recorded}");
    let status = world.emrys(&["status", DAY, "--json"]).expect(0).json();
    assert_eq!((&status["outcome"], &status["attempt"]), (&Value::Null, &json!(1)), "{status}");

    limit(&serving, "unlimited");
    let report = world.run().expect(0).json();
    assert_eq!((&report["outcome"], &report["attempt"]), (&json!("succeeded"), &json!(1)));
    assert_eq!(world.cluster_states().len(), 1, "one cluster was launched");
    world.assert_nothing_is_left();
    serving.signal("TERM");
    serving.end().expect(0);
}

#[test]
fn a_launch_that_cannot_be_kept_is_made_once_there_is_room() {
    let world = World::scripted("");
    let serving = serve(&world);
    // The job is there, and only the records of this day are to be written.
    world.run().expect(0);
    let other_day = "2024-10-21";
    world.put_log_of(other_day, "access.log", "{}\n");
    limit(&serving, FULL);
    let left = world.emrys(&["run", "--day", other_day, "--json"]).expect(6).json();
    assert_eq!(left["error"]["kind"], "unreachable", "{left}");
    assert_eq!(world.cluster_states().len(), 1, "nothing was launched that is not kept");

    limit(&serving, "unlimited");
    let report = world.emrys(&["run", "--day", other_day, "--json"]).expect(0).json();
    assert_eq!((&report["outcome"], &report["attempt"]), (&json!("succeeded"), &json!(1)));
    assert_eq!(world.cluster_states().len(), 2);
    serving.signal("TERM");
    serving.end().expect(0);
}

#[test]
fn a_run_goes_on_where_nothing_can_be_said_about_it() {
    let world = World::scripted("");
    let run = |arguments: &[&str], full: fn(&mut Command, Stdio) -> &mut Command| -> Ended {
        let mut command = world.command(arguments);
        full(&mut command, File::create("/dev/full").unwrap().into());
        command.output().unwrap().into()
    };
    let unheard = run(&["run", "--day", DAY, "--json"], Command::stderr).expect(0);
    assert_eq!(unheard.json()["outcome"], "succeeded");

    // The run is done, and its report has no place to go.
    let unread = run(&["run", "--day", DAY, "--json"], Command::stdout).expect(2);
    assert!(unread.stderr.contains("cannot write to standard output"), "{}", unread.stderr);
    assert!(unread.stderr.contains("No space left on device"), "{}", unread.stderr);
    let status = world.emrys(&["status", DAY, "--json"]).expect(0).json();
    assert_eq!((&status["outcome"], &status["attempt"]), (&json!("succeeded"), &json!(2)), "{status}");
}
