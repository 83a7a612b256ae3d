//! One seed goes the same way in every process.

use std::process::Command;

use emrys_simulation::run::run;
use emrys_simulation::scenario::Scenario;

/// The digest is over every call that AWS got and every decision of every process.
#[test]
fn one_seed_in_two_processes_gives_the_same_journal() {
    let digests = || {
        let simulate = env!("CARGO_BIN_EXE_simulate");
        let output = Command::new(simulate).args(["--seeds", "8", "--from", "40", "--digest"]).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let (one, other) = (digests(), digests());
    assert_eq!(one, other);
    assert_eq!(one.lines().count(), 8);
    // A third time, in this process, beside other threads.
    let here = run(&Scenario::random(40)).digest;
    assert_eq!(one.lines().next(), Some(format!("40 {here}").as_str()));
}
