//! All processes of Emrys are dead, and a step hangs: what ends its cluster all the same.
//!
//! The limits are in minutes, and a test has no minutes. The first two are made short where they are kept: `timeout` is
//! a program on the cluster, here one that counts a minute as a second, and then hands over to the machine's own; the
//! schedule is made anew with everything as Emrys made it but its time.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Background, DAY, Ended, World, python};

/// A pipeline with a guard, and a step that neither ends nor listens to a request to end.
const HANGS: &str = r#"
[limits]
start-minutes = 5
run-minutes = 2

[guard]
scheduler-role = "arn:aws:iam::123456789012:role/emrys-guard"

[[steps]]
name = "hang"
kind = "command"
when = "before"
args = ["sh", "-c", "trap '' TERM; while :; do sleep 1; done"]
"#;

/// The seconds of a limit are sixtieths here: what is asked for is `--kill-after=60 120`.
const A_MINUTE_IS_A_SECOND: &str = r#"
kill_after="${1#--kill-after=}" limit="$2"
shift 2
exec "$MACHINES_OWN" --kill-after="$((kill_after / 60))" "$((limit / 60))" "$@"
"#;

/// A cluster where the limit does not hold.
const NO_LIMIT: &str = "shift 2\nexec \"$@\"\n";

/// A world whose clusters have this for `timeout`.
struct Hanging {
    world: World,
    path: String,
}

impl Hanging {
    fn new(timeout: &str) -> Self {
        let world = World::scripted(HANGS);
        let path = std::env::var("PATH").unwrap();
        let machines_own = path.split(':').map(|folder| format!("{folder}/timeout"));
        let machines_own = machines_own.into_iter().find(|file| fs::exists(file).unwrap()).unwrap();
        let programs = world.path().join("programs");
        fs::create_dir(&programs).unwrap();
        let program = programs.join("timeout");
        fs::write(&program, format!("#!/bin/sh\nMACHINES_OWN='{machines_own}'\n{timeout}")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Self { path: format!("{}:{path}", programs.display()), world }
    }

    /// The command; the daemon that it starts has the programs of the cluster on its path.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.world.command(arguments);
        command.env("PATH", &self.path);
        command
    }

    /// Waits for the end of a cluster, as a stranger's SDK sees it.
    fn end_of(&self, cluster: &str) -> Value {
        python("clusters.py", &["await", cluster], &self.world.environment()).expect(0).json()
    }

    /// Asserts that a hanging step was asked for with its limit of time, whatever that did on the cluster.
    fn assert_the_limit_was_asked_for(&self) {
        let step = &self.world.calls("RunJobFlow")[0]["request"]["Steps"][0];
        let args = step["HadoopJarStep"]["Args"].as_array().unwrap();
        assert_eq!(args[..3], ["timeout", "--kill-after=60", "120"].map(Value::from), "{step}");
    }

    /// The one cluster that was launched.
    fn cluster(&self) -> String {
        let states = self.world.cluster_states();
        assert_eq!(states.len(), 1, "{states:?}");
        states.into_keys().next().unwrap()
    }
}

#[test]
fn with_everybody_dead_the_limit_in_the_cluster_ends_a_hanging_step_and_its_cluster() {
    let hanging = Hanging::new(A_MINUTE_IS_A_SECOND);
    let mut run = Background::start(hanging.command(&["run", "--day", DAY, "--json"]));
    run.wait_for("RUNNING");
    run.signal("KILL");
    assert_eq!(run.end().code, None);

    let end = hanging.end_of(&hanging.cluster());
    hanging.assert_the_limit_was_asked_for();
    assert_eq!(end["state"], "TERMINATED_WITH_ERRORS", "{end}");
    // A step that hangs is the last one to run: the job was never begun.
    assert_eq!(end["steps"], json!(["FAILED", "CANCELLED"]));
    assert!(hanging.world.calls("TerminateJobFlows").is_empty(), "nobody asked for the end");

    let report = hanging.world.run().expect(1).json();
    assert_eq!((&report["outcome"], &report["attempt"]), (&json!("failed"), &json!(1)));
    let hint = report["diagnosis"].to_string();
    assert!(hint.contains("run-minutes"), "{report}");
    assert_eq!(hanging.world.calls("RunJobFlow").len(), 1);
    assert_eq!(hanging.world.schedules(), json!([]), "there is nothing to guard any more");
}

#[test]
fn with_everybody_dead_and_no_limit_in_the_cluster_the_schedule_ends_it() {
    let hanging = Hanging::new(NO_LIMIT);
    let detached: Ended =
        hanging.command(&["run", "--day", DAY, "--detach", "--json"]).output().unwrap().into();
    let cluster = detached.expect(0).json()["cluster_id"].as_str().unwrap().to_owned();

    let schedules = hanging.world.schedules();
    let schedule = &schedules[0];
    assert_eq!(schedules.as_array().unwrap().len(), 1, "{schedules}");
    let (group, name) = (schedule["GroupName"].as_str().unwrap(), schedule["Name"].as_str().unwrap());
    assert_eq!(schedule["Target"]["Input"], json!({ "JobFlowIds": [cluster] }).to_string());
    python("schedules.py", &["hasten", group, name], &hanging.world.environment()).expect(0);

    let end = hanging.end_of(&cluster);
    hanging.assert_the_limit_was_asked_for();
    assert_eq!(end["state"], "TERMINATED", "{end}");
    assert_eq!(end["reason"]["Code"], "USER_REQUEST");
    // It was to be due when anyone may end the cluster, by its own tag.
    let due = end["tags"]["emrys:deadline"].as_str().unwrap().trim_end_matches('Z').to_owned();
    assert_eq!(schedule["ScheduleExpression"], format!("at({due})"));
    let ends = hanging.world.calls("TerminateJobFlows");
    assert_eq!((ends.len(), &ends[0]["by"]), (1, &json!("scheduler")), "{ends:?}");
    assert_eq!(hanging.world.schedules(), json!([]), "it goes away once it has fired");

    let report = hanging.world.run().expect(1).json();
    assert_eq!((&report["outcome"], &report["attempt"]), (&json!("failed"), &json!(1)));
    assert!(report["diagnosis"].to_string().contains("guard"), "{report}");
    assert_eq!(hanging.world.calls("RunJobFlow").len(), 1);
}
