//! The real binary, killed wherever it can be, and two of it at once.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::support::{Background, World, python};

/// Runs that go on at once; the machine of a test has few cores.
const AT_ONCE: usize = 10;

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

    /// Asserts that a stranger's SDK finds in all tables what was accepted of each of these days.
    #[track_caller]
    fn assert_all_are_served(&self, reports: &BTreeMap<String, Value>) {
        let seen = python("partitions.py", &["logs"], &self.environment()).expect(0).json();
        let tables = seen.as_object().unwrap();
        assert_eq!(tables.len(), 6, "{seen}");
        for (day, report) in reports {
            let output = report["output"].as_str().unwrap();
            for (table, partitions) in tables {
                assert_eq!(partitions[day], format!("{output}{table}/"), "{day} of {table}");
            }
        }
    }
}

/// A guard outside of the cluster; tables come with the world.
const GUARD: &str = "[guard]\nscheduler-role = \"arn:aws:iam::123456789012:role/emrys-guard\"\n";

/// How long the answer to each write of a record is delayed.
const HELD_MS: u64 = 60;

/// When a run is killed.
#[derive(Debug, Clone, Copy)]
enum Killed {
    /// When its record has so many events, and it waits for the answer to that write.
    Recorded(usize),
    /// When it has told of so many, and goes on with what comes next.
    Told(usize),
}

impl Killed {
    /// Waits for that moment, or for the end of the run.
    fn wait(self, world: &World, day: &str, run: &mut Background) {
        match self {
            Self::Recorded(events) => {
                let mut last = None;
                run.until(|| {
                    let written = fs::metadata(world.ledger_path(day)).and_then(|file| file.modified()).ok();
                    let is_news = written != last;
                    last = written;
                    is_news && world.recorded(day).len() >= events
                });
            }
            Self::Told(events) => {
                for _ in 0..events {
                    // The day's alarm may stand already, and then there is an event less.
                    let _ = run.next_event();
                }
            }
        }
    }
}

/// Whatever the last thing was that a run recorded, or told of, before it was killed: the next one takes it to its end,
/// with the one cluster that was launched or is yet to be, and leaves a day that all tables serve, and no guard.
#[test]
fn a_run_that_is_killed_at_any_event_is_taken_to_its_end_by_the_next() {
    let world = World::published_after(300, GUARD, &[]);
    let record = r"/ledger\.json$";
    world.fault_calls(&json!([
        { "service": "s3", "operation": "^PutObject$", "resource": record, "kind": "slow", "delay_ms": HELD_MS },
    ]));
    for n in 0..100 {
        world.put_log_of(&day(n), "access.log", "{}\n");
    }
    let mut whole = world.start(&["run", "--day", &day(0), "--log-format", "json"]);
    let told = std::iter::from_fn(|| whole.next_event()).count();
    whole.end().expect(0);
    let events = world.recorded(&day(0));
    let kinds: Vec<&str> =
        events.iter().map(|recorded| recorded["event"]["type"].as_str().unwrap()).collect();
    for kind in ["opened", "guard_group_checked", "publish_intended", "closed"] {
        assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
    }
    assert!(told > 10 && told < kinds.len() && kinds.len() < 45, "{told}: {kinds:?}");
    let kills: Vec<Killed> =
        (1..=kinds.len()).map(Killed::Recorded).chain((1..=told).map(Killed::Told)).collect();

    let reports = Mutex::new(BTreeMap::new());
    each(1..kills.len() + 1, |n| {
        let (day, kill) = (day(n), kills[n - 1]);
        let mut first = world.start(&["run", "--day", &day, "--json", "--log-format", "json"]);
        kill.wait(&world, &day, &mut first);
        first.kill();
        first.end();
        // It may have come to its end after its last word; then there is nothing to take up.
        let mut report = world.emrys(&["status", &day, "--json"]).expect(0).json();
        if report["outcome"].is_null() {
            report = world.emrys(&["run", "--day", &day, "--json"]).expect(0).json();
        }
        assert_eq!(
            (&report["outcome"], &report["attempt"]),
            (&json!("succeeded"), &json!(1)),
            "{kill:?}: {report}"
        );
        reports.lock().unwrap().insert(day, report);
    });
    let held = world.calls("PutObject").into_iter().filter(|call| {
        call["outcome"] == "CutOff" && call["resource"].as_str().unwrap().ends_with("/ledger.json")
    });
    assert!(held.count() > kinds.len() / 4, "hardly any was killed while it waited for an answer");
    world.assert_one_launch_each(0..kills.len() + 1);
    world.assert_all_are_served(&reports.into_inner().unwrap());
    assert_eq!(world.schedules(), json!([]), "there is nothing to guard any more");
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
