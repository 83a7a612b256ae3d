//! The real binary, killed wherever it can be, and two of it at once.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::World;

/// Runs that go on at once; the machine of a test has few cores.
const AT_ONCE: usize = 8;

/// The n-th day of a year with logs on each.
fn day(n: usize) -> String {
    format!("2024-{:02}-{:02}", 1 + n / 28, 1 + n % 28)
}

/// A world with so many days of logs, whose step takes so long.
fn world(days: usize, step_ms: u64) -> World {
    let world = World::scripted("");
    world.script(step_ms, 0);
    for n in 0..days {
        world.put_log_of(&day(n), "access.log", "{}\n");
    }
    // One daemon, before many want to start it.
    world.emrys(&["local", "env"]).expect(0);
    world
}

/// Does something for each number, several at once.
fn each(numbers: std::ops::Range<usize>, work: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(numbers.start);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= numbers.end {
                        return;
                    }
                    work(n);
                }
            });
        }
    });
}

impl World {
    /// Asserts that exactly one cluster was ever launched for each of these days, and that none is left.
    #[track_caller]
    fn assert_one_launch_each(&self, days: std::ops::Range<usize>) {
        let mut launches: BTreeMap<String, usize> = days.map(|n| (day(n), 0)).collect();
        for call in self.calls("RunJobFlow") {
            let name = call["resource"].as_str().unwrap().split('/').nth(2).unwrap();
            *launches.get_mut(name).unwrap() += 1;
        }
        launches.retain(|_, count| *count != 1);
        assert!(launches.is_empty(), "{launches:?}");
        self.assert_nothing_is_left();
    }
}

/// Whatever the last thing was that a run recorded before it was killed: the next one takes it to its end, with the one
/// cluster that was launched or is yet to be.
#[test]
fn a_run_that_is_killed_at_any_event_is_taken_to_its_end_by_the_next() {
    let world = world(64, 300);
    let mut whole = world.start(&["run", "--day", &day(0), "--log-format", "json"]);
    let mut events = 0;
    while whole.next_event().is_some() {
        events += 1;
    }
    whole.end().expect(0);
    assert!((10..60).contains(&events), "{events}");

    each(1..events + 1, |n| {
        let day = day(n);
        let mut first = world.start(&["run", "--day", &day, "--json", "--log-format", "json"]);
        for _ in 0..n {
            // The day's alarm may stand already, and then there is an event less.
            let _ = first.next_event();
        }
        first.signal("KILL");
        first.end();
        // It may have come to its end after its last word; then there is nothing to take up.
        if world.emrys(&["status", &day, "--json"]).expect(0).json()["outcome"].is_null() {
            let report = world.emrys(&["run", "--day", &day, "--json"]).expect(0).json();
            assert_eq!(report["attempt"], 1, "killed at event {n}: {report}");
        }
        let report = world.emrys(&["status", &day, "--json"]).expect(0).json();
        assert_eq!(report["outcome"], "succeeded", "killed at event {n}: {report}");
    });
    world.assert_one_launch_each(0..events + 1);
}

#[test]
fn of_two_runs_that_are_started_together_one_drives_and_the_other_names_it_a_hundred_times() {
    const ROUNDS: usize = 100;
    let world = world(ROUNDS, 1_000);
    each(0..ROUNDS, |n| {
        let day = day(n);
        let arguments = ["run", "--day", &day, "--json"];
        let (one, two) = (world.start(&arguments), world.start(&arguments));
        let ids = [one.id(), two.id()];
        let ended = [one.end(), two.end()];
        let codes = [ended[0].code, ended[1].code];
        let loser = codes.iter().position(|code| *code == Some(3));
        let loser = loser.unwrap_or_else(|| panic!("{codes:?} {}{}", ended[0].stderr, ended[1].stderr));
        let winner = 1 - loser;
        assert_eq!(codes[winner], Some(0), "{}", ended[winner].stderr);
        let error = &ended[loser].json()["error"];
        assert_eq!(error["holder"]["pid"], ids[winner], "{error}");
        assert!(error["attach"].as_str().unwrap().ends_with(&format!("attach {day}")), "{error}");
        assert_eq!(ended[winner].json()["attempt"], 1);
    });
    world.assert_one_launch_each(0..ROUNDS);
}
