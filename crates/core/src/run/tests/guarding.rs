//! The schedule that ends a cluster which everybody forgot.

use crate::record::{Actor, ErrorClass, Event, Outcome};
use jiff::SignedDuration;

use super::*;
use crate::cluster_request::deadline;
use crate::emr::Reason;
use crate::pace::Pace;
use crate::run::testing::{call_error, found, guarded, spec};

const ENSURE: &str = "make the schedule that guards the cluster";
const REMOVE: &str = "remove the schedule that guarded the cluster";

fn guard_of<'a>(engine: &'a Engine<'_>) -> &'a GuardState {
    &attempt(engine).guard
}

fn count(engine: &Engine<'_>, label: &str) -> usize {
    labels(engine).iter().filter(|done| **done == label).count()
}

#[test]
fn a_guard_is_made_when_the_cluster_is_known_and_removed_when_it_is_gone() {
    let spec = guarded();
    let mut engine = Engine::new(&spec);
    assert_eq!(engine.drive(&mut Good), Outcome::Succeeded);
    assert_eq!(
        labels(&engine),
        ["upload the job", "launch the cluster", ENSURE, REMOVE, "publish the metrics", "write the alarm"]
    );
    let Launched { intent, at: launched_at, .. } = attempt(&engine).launched().expect("a launch").clone();
    let ensure = Action::CreateGuard {
        name: intent.nonce,
        cluster: "j-1".to_owned(),
        until: deadline(&spec.config, launched_at),
        group: false,
    };
    assert!(engine.actions.contains(&ensure), "{:?}", engine.actions);
    let operations: Vec<_> = ensure.calls(&spec).into_iter().map(|call| call.operation).collect();
    assert_eq!(operations, ["CreateScheduleGroup", "CreateSchedule"]);
    assert_eq!(*guard_of(&engine), GuardState::Removed);
}

#[test]
fn without_a_role_there_is_no_guard_and_no_question_about_one() {
    let spec = spec();
    let mut engine = Engine::new(&spec);
    let outcome = engine.drive(&mut observing(|_, probe| {
        assert!(!matches!(probe, Probe::Guard { .. } | Probe::GuardGroup), "{probe:?}");
        None
    }));
    assert_eq!(outcome, Outcome::Succeeded);
    assert_eq!((count(&engine, ENSURE), count(&engine, REMOVE)), (0, 0));
}

#[test]
fn a_guard_that_somebody_deleted_is_made_again() {
    let spec = guarded();
    let mut engine = Engine::new(&spec);
    let (mut observe, mut deleted) = (Vec::new(), false);
    let begun = engine.now;
    let outcome = engine.drive(&mut observing(|engine, probe| match probe {
        Probe::Cluster { .. } if engine.now.duration_since(begun) < SignedDuration::from_mins(40) => {
            Some(Ok(Observation::Cluster(found("RUNNING", "RUNNING"))))
        }
        Probe::Guard { .. } => {
            observe.push(engine.now);
            let exists = deleted || observe.len() != 3;
            deleted |= !exists;
            Some(Ok(Observation::Guard { exists }))
        }
        _ => None,
    }));
    assert_eq!(outcome, Outcome::Succeeded);
    assert_eq!((count(&engine, ENSURE), count(&engine, REMOVE)), (2, 1));
    assert!(engine.events().contains(&"guard_lost".to_owned()));
    let gaps: Vec<_> = observe.windows(2).map(|pair| pair[1].duration_since(pair[0])).collect();
    assert!(gaps.iter().all(|gap| *gap >= Pace::AWS.guard), "{gaps:?}");
    assert!(observe.len() >= 7, "{observe:?}");
}

#[test]
fn a_guard_that_cannot_be_made_fails_nothing_and_is_told() {
    let spec = guarded();
    for kind in [ErrorClass::Access, ErrorClass::Invalid, ErrorClass::Unreachable] {
        let mut engine = Engine::new(&spec);
        let begun = engine.now;
        let outcome = engine.drive(&mut But {
            observe: |engine: &Engine<'_>, probe: &Probe| match probe {
                Probe::Cluster { .. } if engine.now.duration_since(begun) < SignedDuration::from_mins(40) => {
                    Some(Ok(Observation::Cluster(found("RUNNING", "RUNNING"))))
                }
                _ => None,
            },
            execute: |_: &Engine<'_>, action: &Action| {
                matches!(action, Action::CreateGuard { .. }).then_some(Executed::CallError(kind))
            },
        });
        assert_eq!(outcome, Outcome::Succeeded, "{kind:?}");
        assert!(
            matches!(guard_of(&engine), GuardState::GivenUp { why, .. } if why.contains("SomeCode")),
            "{kind:?}"
        );
        // Once, and again after each quarter of an hour: rights may have been given since.
        let given_up = engine.events().iter().filter(|event| *event == "guard_given_up").count();
        assert!((1..=3).contains(&given_up), "{kind:?}: {given_up}");
    }
}

#[test]
fn a_guard_that_was_given_up_is_made_once_the_right_to_it_is_there() {
    let spec = guarded();
    let mut engine = Engine::new(&spec);
    let begun = engine.now;
    let since = |engine: &Engine<'_>| engine.now.duration_since(begun);
    let outcome = engine.drive(&mut But {
        observe: |engine: &Engine<'_>, probe: &Probe| match probe {
            Probe::Cluster { .. } if since(engine) < SignedDuration::from_mins(60) => {
                Some(Ok(Observation::Cluster(found("RUNNING", "RUNNING"))))
            }
            _ => None,
        },
        execute: |engine: &Engine<'_>, action: &Action| {
            let is_denied = since(engine) < SignedDuration::from_mins(20);
            (is_denied && matches!(action, Action::CreateGuard { .. }))
                .then_some(Executed::CallError(ErrorClass::Access))
        },
    });
    assert_eq!(outcome, Outcome::Succeeded);
    assert!(engine.events().contains(&"guard_given_up".to_owned()), "{:?}", engine.events());
    assert_eq!(*guard_of(&engine), GuardState::Removed, "it stood until the cluster was gone");
}

#[test]
fn a_group_that_cannot_be_looked_for_holds_nothing_up() {
    let spec = guarded();
    let mut engine = Engine::new(&spec);
    let outcome = engine.drive(&mut observing(|_, probe| match probe {
        Probe::GuardGroup => Some(Err(call_error(ErrorClass::Access))),
        _ => None,
    }));
    assert_eq!(outcome, Outcome::Succeeded);
    assert_eq!(count(&engine, ENSURE), 0);
}

#[test]
fn a_guard_that_cannot_be_removed_is_told_and_the_run_ends() {
    let spec = guarded();
    for kind in [ErrorClass::Access, ErrorClass::Throttled, ErrorClass::Unreachable] {
        let mut engine = Engine::new(&spec);
        let outcome = engine.drive(&mut executing(|_, action| {
            matches!(action, Action::RemoveGuard { .. }).then_some(Executed::CallError(kind))
        }));
        assert_eq!(outcome, Outcome::Succeeded, "{kind:?}");
        assert!(matches!(guard_of(&engine), GuardState::GivenUp { .. }), "{kind:?}");
    }
}

#[test]
fn the_clusters_own_end_comes_before_its_guard() {
    let spec = guarded();
    let mut engine = Engine::new(&spec);
    let mut world = But {
        observe: |_: &Engine<'_>, probe: &Probe| match probe {
            Probe::Cluster { .. } => Some(Ok(Observation::Cluster(found("RUNNING", "RUNNING")))),
            _ => None,
        },
        execute: |_: &Engine<'_>, action: &Action| {
            matches!(action, Action::CreateGuard { .. }).then_some(Executed::CallError(ErrorClass::Throttled))
        },
    };
    while count(&engine, ENSURE) < 3 {
        engine.turn(&mut world);
    }
    engine.append(Event::CancelRequested { by: Actor("someone".to_owned()) });
    engine.turn(&mut world);
    assert_eq!(labels(&engine).last(), Some(&"terminate the cluster"));
}

#[test]
fn a_guard_is_given_up_for_its_own_errors_alone() {
    let spec = guarded();
    let mut engine = Engine::new(&spec);
    let mut world = But {
        observe: |_: &Engine<'_>, probe: &Probe| match probe {
            Probe::Cluster { .. } => Some(Ok(Observation::Cluster(found("RUNNING", "RUNNING")))),
            _ => None,
        },
        execute: |_: &Engine<'_>, action: &Action| match action {
            Action::CreateGuard { .. } => Some(Executed::CallError(ErrorClass::Throttled)),
            Action::Terminate { .. } => Some(Executed::CallError(ErrorClass::Invalid)),
            _ => None,
        },
    };
    while count(&engine, ENSURE) < 1 {
        engine.turn(&mut world);
    }
    engine.append(Event::CancelRequested { by: Actor("someone".to_owned()) });
    while count(&engine, "terminate the cluster") < 5 {
        engine.turn(&mut world);
    }
    assert_eq!(*guard_of(&engine), GuardState::Missing { group: false });
    assert!(!engine.events().contains(&"guard_given_up".to_owned()), "{:?}", engine.events());
}

#[test]
fn every_attempt_has_its_own_guard() {
    let spec = guarded();
    let mut engine = Engine::new(&spec);
    let outcome = engine.drive(&mut observing(|engine, probe| match probe {
        Probe::Cluster { .. } if attempt(engine).number == 1 => {
            let mut gone = found("TERMINATED_WITH_ERRORS", "CANCELLED");
            gone.reason = Reason { code: "INSTANCE_FLEET_TIMEOUT".to_owned(), ..Reason::default() };
            Some(Ok(Observation::Cluster(gone)))
        }
        _ => None,
    }));
    assert_eq!(outcome, Outcome::Succeeded);
    let done: Vec<_> = labels(&engine).into_iter().filter(|label| [ENSURE, REMOVE].contains(label)).collect();
    assert_eq!(done, [ENSURE, REMOVE, ENSURE, REMOVE]);
    let names: std::collections::BTreeSet<_> = engine
        .actions
        .iter()
        .filter_map(|action| match action {
            Action::CreateGuard { name, .. } | Action::RemoveGuard { name } => Some(name.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(names.len(), 2);
}
