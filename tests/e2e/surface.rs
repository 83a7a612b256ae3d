//! What a person reads.

use crate::support::{DAY, World};

#[test]
fn help_is_there_for_every_command() {
    let world = World::new();
    for command in [
        "",
        "plan",
        "run",
        "status",
        "attach",
        "cancel",
        "runs",
        "query",
        "sweep",
        "gc",
        "unlock",
        "local",
        "local serve",
        "demo",
    ] {
        let mut arguments: Vec<&str> = command.split_whitespace().collect();
        arguments.push("--help");
        let help = world.emrys(&arguments).expect(0).stdout;
        insta::assert_snapshot!(format!("help_{}", command.replace(' ', "_")), help);
    }
}

#[test]
fn a_command_that_is_not_there_is_refused() {
    let world = World::new();
    let ended = world.emrys(&["ask", "SELECT 1"]).expect(2);
    assert!(ended.stderr.contains("ask"), "{}", ended.stderr);
}

#[test]
fn the_plan_and_the_run_read_well() {
    let world = World::scripted("");
    let plan = world.emrys(&["plan", "--day", DAY]).expect(0);
    let run = world.emrys(&["run", "--day", DAY]).expect(0);
    let status = world.emrys(&["status", DAY]).expect(0);
    insta::with_settings!({filters => filters()}, {
        insta::assert_snapshot!("plan", plan.stdout);
        insta::assert_snapshot!("run_stdout", run.stdout);
        insta::assert_snapshot!("status", status.stdout);
    });
}

/// What differs from run to run.
fn filters() -> Vec<(&'static str, &'static str)> {
    vec![
        (r"j-[0-9A-Z]{13}", "j-CLUSTER"),
        (r"s-[0-9A-Z]{13}", "s-STEP"),
        (r"\b[0-9a-f]{64}\b", "<hash>"),
        (r"\b[0-9a-f]{12}…", "<hash>…"),
        (r"\b[0-9a-f]{16}\b", "<nonce>"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "<time>"),
        (r"\b\d+(\.\d+)? ?m?s\b", "<duration>"),
        (r"127\.0\.0\.1:\d+", "127.0.0.1:<port>"),
        (r"/\S*/local\b", "<local>"),
    ]
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let world = World::scripted("");
    let mut plan = world.command(&["plan", "--day", DAY]);
    plan.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = plan.spawn().unwrap();
    drop(child.stdout.take());
    let ended: crate::support::Ended = child.wait_with_output().unwrap().into();
    assert!(!ended.stderr.contains("panic"), "{}", ended.stderr);
}
