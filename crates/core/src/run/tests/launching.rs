//! The one call that must not happen twice.

use crate::record::{ErrorClass, Event, LaunchIntent, Outcome, TerminateReason};
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::pace::Pace;
use crate::run::testing::{Turn, spec};

#[test]
fn a_lost_answer_to_a_launch_is_looked_for_and_adopted() {
    let spec = spec();
    let mut engine = Engine::new(&spec);
    let outcome = engine.drive(&mut But {
        observe: |_: &Engine<'_>, probe: &Probe| match probe {
            Probe::Launch { .. } => {
                Some(Ok(Observation::Launch { clusters: vec!["j-old".to_owned(), "j-new".to_owned()] }))
            }
            _ => None,
        },
        execute: |_: &Engine<'_>, action: &Action| {
            matches!(action, Action::Launch(_)).then_some(Executed::Unclear)
        },
    });
    assert_eq!(outcome, Outcome::Succeeded);
    assert_eq!(attempt(&engine).cluster().map(|cluster| cluster.id.as_str()), Some("j-old"));
    let launches = labels(&engine).iter().filter(|label| **label == "launch the cluster").count();
    assert_eq!(launches, 1, "it is not launched again");
    let duplicates = Action::Terminate { cluster: "j-new".to_owned(), because: TerminateReason::Duplicate };
    assert!(engine.actions.contains(&duplicates), "the younger one is ended");
}

#[test]
fn a_launch_that_is_nowhere_is_made_again_after_settled_looks() {
    let spec = spec();
    let mut engine = Engine::new(&spec);
    let (mut observe, mut launches) = (Vec::new(), Vec::<(Timestamp, LaunchIntent)>::new());
    let outcome = engine.drive(&mut But {
        observe: |engine: &Engine<'_>, probe: &Probe| match probe {
            Probe::Launch { .. } => {
                observe.push(engine.now);
                Some(Ok(Observation::Launch { clusters: vec![] }))
            }
            _ => None,
        },
        execute: |engine: &Engine<'_>, action: &Action| {
            let Action::Launch(intent) = action else {
                return None;
            };
            launches.push((engine.now, intent.clone()));
            (launches.len() == 1).then_some(Executed::Unclear)
        },
    });
    assert_eq!(outcome, Outcome::Succeeded);
    let [first, second] = launches.as_slice() else { panic!("{launches:?}") };
    assert_ne!(first.1.nonce, second.1.nonce);
    let after: Vec<_> = observe.iter().map(|at| at.duration_since(first.0)).collect();
    let settled = Pace::AWS.resolve_after;
    assert_eq!(after, [SignedDuration::ZERO, settled, settled + Pace::AWS.resolve_gap]);
    assert_eq!(second.0, observe[2]);
}

#[test]
fn looks_of_an_earlier_process_do_not_settle_a_launch() {
    let spec = spec();
    let mut engine = Engine::new(&spec);
    let mut world = observing(|_, probe| match probe {
        Probe::Launch { .. } => Some(Ok(Observation::Launch { clusters: vec![] })),
        _ => None,
    });
    while !matches!(attempt_launch(&engine), Some(Launch::Open { .. })) {
        let is_launch = matches!(engine.decision(), Decision::Execute(Action::Launch(_)));
        if is_launch {
            let Decision::Execute(Action::Launch(intent)) = engine.decision() else { unreachable!() };
            engine.append(Event::LaunchIntended(intent));
        } else {
            engine.turn(&mut world);
        }
    }
    // The process died here, and another comes an hour later, whose clock may be anything.
    engine.pass(SignedDuration::from_hours(1));
    let begun = engine.now;
    while matches!(attempt_launch(&engine), Some(Launch::Open { .. })) {
        engine.turn(&mut world);
    }
    assert_eq!(engine.now.duration_since(begun), Pace::AWS.resolve_after + Pace::AWS.resolve_gap);
}

fn attempt_launch<'a>(engine: &'a Engine<'_>) -> Option<&'a Launch> {
    engine.state.attempt().map(|attempt| &attempt.launch)
}

#[test]
fn a_throttled_launch_is_asked_for_again_later_and_later() {
    let spec = spec();
    let mut engine = Engine::new(&spec);
    let mut times = Vec::new();
    let outcome = engine.drive(&mut executing(|engine, action| {
        matches!(action, Action::Launch(_)).then(|| {
            times.push(engine.now);
            if times.len() < 4 { Executed::CallError(ErrorClass::Throttled) } else { Executed::Done }
        })
    }));
    assert_eq!(outcome, Outcome::Succeeded);
    let gaps: Vec<_> = times.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_secs()).collect();
    assert_eq!(gaps, [5, 10, 20]);
}

#[test]
fn a_launch_without_rights_or_by_a_wrong_clock_is_left_and_the_next_process_tries_again() {
    let spec = spec();
    for kind in [ErrorClass::Access, ErrorClass::Clock] {
        let mut engine = Engine::new(&spec);
        let mut denied =
            executing(|_, action| matches!(action, Action::Launch(_)).then_some(Executed::CallError(kind)));
        let left = loop {
            if let Turn::Left(leave) = engine.turn(&mut denied) {
                break leave;
            }
        };
        assert!(matches!(left, Leave::Access(error) if error.class == kind));
        engine.pass(Pace::AWS.retry);
        engine.observations = Observations::default();
        assert_eq!(engine.drive(&mut Good), Outcome::Succeeded);
    }
}

#[test]
fn a_wrong_launch_fails_with_a_diagnosis_and_is_not_made_again() {
    let spec = spec();
    let mut engine = Engine::new(&spec);
    let outcome = engine.drive(&mut executing(|_, action| {
        matches!(action, Action::Launch(_)).then_some(Executed::CallError(ErrorClass::Invalid))
    }));
    assert_eq!(outcome, Outcome::Failed);
    assert!(
        attempt(&engine).diagnosis.as_ref().is_some_and(|diagnosis| diagnosis.summary.contains("SomeCode"))
    );
    assert_eq!(labels(&engine).iter().filter(|label| **label == "launch the cluster").count(), 1);
}
