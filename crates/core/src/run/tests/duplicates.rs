//! Clusters beside the one that was accepted.

use super::*;
use crate::pace::Pace;
use crate::record::{Actor, CallError, ErrorClass, Event, LateLaunch, Outcome, TerminateReason};
use crate::run::testing::{call_error, found, observed_cluster, spec};

/// A first launch without an answer, of which nothing is found at first; and what has come of it when it is checked
/// once more.
struct Late<F> {
    found: F,
    launches: u32,
    asked: Vec<(u32, LateLaunchCheck, usize)>,
}

impl<F: FnMut(LateLaunchCheck) -> Result<Vec<&'static str>, ErrorClass>> Late<F> {
    fn new(found: F) -> Self {
        Self { found, launches: 0, asked: Vec::new() }
    }
}

impl<F: FnMut(LateLaunchCheck) -> Result<Vec<&'static str>, ErrorClass>> World for Late<F> {
    fn observe(&mut self, engine: &Engine<'_>, probe: &Probe) -> Result<Observation, CallError> {
        match probe {
            Probe::Launch { .. } => Ok(Observation::Launch { clusters: Vec::new() }),
            Probe::LateLaunches { attempt, when, nonces, .. } => {
                self.asked.push((*attempt, *when, nonces.len()));
                let found = (self.found)(*when).map_err(call_error)?.into_iter();
                let late_launch = |id: &str| LateLaunch { nonce: nonces[0].clone(), cluster: id.to_owned() };
                Ok(Observation::LateLaunches { found: found.map(late_launch).collect() })
            }
            // It takes a while, so that there is a time at work.
            Probe::Cluster { .. } => Ok(Observation::Cluster(observed_cluster(engine))),
            _ => Good.observe(engine, probe),
        }
    }

    fn execute(&mut self, _engine: &Engine<'_>, action: &Action) -> Executed {
        if matches!(action, Action::Launch(_)) {
            self.launches += 1;
            return if self.launches == 1 { Executed::Unclear } else { Executed::Done };
        }
        Executed::Done
    }
}

fn duplicates(cluster: &str) -> Action {
    Action::Terminate { cluster: cluster.to_owned(), because: TerminateReason::Duplicate }
}

#[test]
fn what_has_come_of_a_launch_that_was_given_up_is_ended_as_soon_as_the_cluster_is_at_work() {
    let spec = spec();
    let mut engine = Engine::new(&spec);
    let mut world = Late::new(|_| Ok(vec!["j-late"]));
    assert_eq!(engine.drive(&mut world), Outcome::Succeeded);
    assert_eq!(world.asked, [(1, LateLaunchCheck::WhileRunning, 1), (1, LateLaunchCheck::AtEnd, 1)]);
    assert_eq!(engine.actions.iter().filter(|action| **action == duplicates("j-late")).count(), 1);
    let events = engine.events();
    let at = |name: &str| events.iter().position(|event| event == name);
    assert!(at("late_launches_checked") < at("verified"), "{events:?}");
}

#[test]
fn what_comes_later_still_is_ended_before_the_attempt_ends() {
    let spec = spec();
    let mut engine = Engine::new(&spec);
    let mut world =
        Late::new(|when| Ok(if when == LateLaunchCheck::AtEnd { vec!["j-later"] } else { Vec::new() }));
    assert_eq!(engine.drive(&mut world), Outcome::Succeeded);
    assert!(engine.actions.contains(&duplicates("j-later")));
    assert_eq!(attempt(&engine).duplicates.iter().filter(|duplicates| duplicates.asked).count(), 1);
}

/// While the cluster is at work a failing check holds nothing up. At the end the run waits for it.
#[test]
fn trouble_with_looking_again_holds_nothing_up_but_the_end() {
    let spec = spec();
    let mut engine = Engine::new(&spec);
    let mut tries = 0;
    let mut world = Late::new(|when| {
        tries += 1;
        if when == LateLaunchCheck::WhileRunning { Err(ErrorClass::Access) } else { Ok(vec!["j-later"]) }
    });
    assert_eq!(engine.drive(&mut world), Outcome::Succeeded);
    assert!(engine.actions.contains(&duplicates("j-later")));
    assert!((2..20).contains(&tries), "{tries}");
}

#[test]
fn a_run_that_is_cancelled_before_its_second_launch_looks_again_too() {
    let spec = spec();
    let mut engine = Engine::new(&spec);
    let mut world = Late::new(|_| Ok(vec!["j-late"]));
    while attempt_of(&engine).is_none_or(|attempt| attempt.given_up.is_empty()) {
        engine.turn(&mut world);
    }
    engine.append(Event::CancelRequested { by: Actor("someone".to_owned()) });
    assert_eq!(engine.drive(&mut world), Outcome::Cancelled);
    assert_eq!(world.asked, [(1, LateLaunchCheck::AtEnd, 1)]);
    assert!(engine.actions.contains(&duplicates("j-late")));
}

fn attempt_of<'a>(engine: &'a Engine<'_>) -> Option<&'a Attempt> {
    engine.state.attempt()
}

#[test]
fn a_later_attempt_of_the_day_looks_for_the_launches_of_the_earlier_ones() {
    let spec = spec();
    let mut engine = Engine::new(&spec);
    let mut world = Late::new(|_| Ok(Vec::new()));
    assert_eq!(engine.drive(&mut world), Outcome::Succeeded);
    engine.append(Event::Reopened { by: Actor("someone".to_owned()) });
    assert_eq!(engine.drive(&mut world), Outcome::Succeeded);
    let second = [(2, LateLaunchCheck::WhileRunning, 1), (2, LateLaunchCheck::AtEnd, 1)];
    assert_eq!(world.asked[2..], second);
}

#[test]
fn without_a_launch_that_was_given_up_nothing_is_looked_for() {
    let spec = spec();
    let mut engine = Engine::new(&spec);
    let outcome = engine.drive(&mut observing(|_, probe| {
        assert!(!matches!(probe, Probe::LateLaunches { .. } | Probe::Protection { .. }), "{probe:?}");
        None
    }));
    assert_eq!(outcome, Outcome::Succeeded);
}

#[test]
fn a_surplus_cluster_that_somebody_protects_is_unprotected_and_ended_where_it_is_ours() {
    for is_ours in [true, false] {
        let spec = spec();
        let mut engine = Engine::new(&spec);
        let mut tries = 0;
        let mut world = But {
            observe: |_: &Engine<'_>, probe: &Probe| match probe {
                Probe::Launch { .. } => {
                    Some(Ok(Observation::Launch { clusters: vec!["j-old".to_owned(), "j-new".to_owned()] }))
                }
                Probe::Protection { cluster, nonce } => {
                    assert_eq!((cluster.as_str(), nonce.len()), ("j-new", 16));
                    Some(Ok(Observation::Protection { protected: is_ours }))
                }
                _ => None,
            },
            execute: |engine: &Engine<'_>, action: &Action| {
                let is_surplus = *action == duplicates("j-new");
                tries += u32::from(is_surplus);
                let unprotect =
                    Action::Unprotect { cluster: "j-new".to_owned(), because: TerminateReason::Duplicate };
                let is_free = engine.actions.contains(&unprotect) || tries > 4;
                match action {
                    Action::Launch(_) => Some(Executed::Unclear),
                    _ if is_surplus && !is_free => Some(Executed::CallError(ErrorClass::Unreachable)),
                    _ => None,
                }
            },
        };
        assert_eq!(engine.drive(&mut world), Outcome::Succeeded);
        let unprotected = labels(&engine).contains(&"switch off the termination protection");
        assert_eq!(unprotected, is_ours);
        assert_eq!(engine.events().contains(&"duplicate_protected".to_owned()), is_ours);
        assert!(attempt(&engine).open_duplicate().is_none());
    }
}

/// Somebody switches it on again and again: it is asked for again and again, and not in a loop.
#[test]
fn a_stubborn_protection_is_not_hurried_after() {
    let spec = spec();
    let mut engine = Engine::new(&spec);
    let mut world = But {
        observe: |_: &Engine<'_>, probe: &Probe| match probe {
            Probe::Launch { .. } => {
                Some(Ok(Observation::Launch { clusters: vec!["j-old".to_owned(), "j-new".to_owned()] }))
            }
            Probe::Protection { .. } => Some(Ok(Observation::Protection { protected: true })),
            Probe::Cluster { .. } => Some(Ok(Observation::Cluster(found("RUNNING", "RUNNING")))),
            _ => None,
        },
        execute: |_: &Engine<'_>, action: &Action| match action {
            Action::Launch(_) => Some(Executed::Unclear),
            Action::Terminate { .. } => Some(Executed::CallError(ErrorClass::Unreachable)),
            _ => None,
        },
    };
    let until = engine.now.checked_add(Pace::AWS.poll_early * 20).expect("time goes on");
    let mut turns = 0;
    while engine.now < until {
        engine.turn(&mut world);
        turns += 1;
    }
    assert!(turns < 400, "{turns}");
    let unprotected = labels(&engine);
    let unprotected = unprotected.iter().filter(|label| **label == "switch off the termination protection");
    assert!((2..=21).contains(&unprotected.count()));
}

/// Whoever may not end the one must still be able to end the other.
#[test]
fn a_surplus_cluster_that_cannot_be_ended_keeps_nobody_from_ending_the_attempts_own() {
    let spec = spec();
    let mut engine = Engine::new(&spec);
    let own = Action::Terminate { cluster: "j-old".to_owned(), because: TerminateReason::Cancelled };
    let mut world = But {
        observe: |_: &Engine<'_>, probe: &Probe| match probe {
            Probe::Launch { .. } => {
                Some(Ok(Observation::Launch { clusters: vec!["j-old".to_owned(), "j-new".to_owned()] }))
            }
            Probe::Cluster { .. } => Some(Ok(Observation::Cluster(found("RUNNING", "RUNNING")))),
            Probe::Protection { .. } => Some(Ok(Observation::Protection { protected: false })),
            _ => None,
        },
        execute: |_: &Engine<'_>, action: &Action| match action {
            Action::Launch(_) => Some(Executed::Unclear),
            action if *action == duplicates("j-new") => Some(Executed::CallError(ErrorClass::Access)),
            _ => None,
        },
    };
    while attempt_of(&engine).is_none_or(|attempt| attempt.cluster().is_none()) {
        engine.turn(&mut world);
    }
    engine.append(Event::CancelRequested { by: Actor("someone".to_owned()) });
    for _ in 0..20 {
        engine.turn(&mut world);
    }
    assert!(engine.actions.contains(&own), "{:?}", engine.actions);
    assert!(engine.actions.contains(&duplicates("j-new")), "it has its turn as well: {:?}", engine.actions);
}

#[test]
fn a_launch_may_be_accepted_while_it_is_open_and_only_with_its_cluster_once_it_is_made() {
    let spec = spec();
    let mut engine = Engine::new(&spec);
    let mut world = Late::new(|_| Ok(Vec::new()));
    assert!(!engine.state.may_accept("anything", "j-1"));
    let open = |engine: &Engine<'_>| match &attempt_of(engine)?.launch {
        Launch::Open { intent, .. } => Some(intent.nonce.clone()),
        Launch::NotMade | Launch::Made(_) => None,
    };
    while open(&engine).is_none() {
        engine.turn(&mut world);
    }
    let first = open(&engine).unwrap();
    assert!(engine.state.may_accept(&first, "j-any"));
    assert!(!engine.state.may_accept("of another launch", "j-any"));
    assert_eq!(engine.drive(&mut world), Outcome::Succeeded);
    let own = attempt(&engine).cluster().unwrap().id.clone();
    let second = attempt(&engine).intent().unwrap().nonce.clone();
    assert!(engine.state.may_accept(&second, &own));
    assert!(!engine.state.may_accept(&first, "j-any"), "it was given up");
    assert!(!engine.state.may_accept(&second, "j-other"), "another one was accepted");
}
