//! From a cluster to the end of its run.

use crate::record::{Actor, ErrorClass, Event, Outcome, TerminateReason};
use jiff::SignedDuration;

use super::*;
use crate::emr::ObservedCluster;
use crate::pace::Pace;
use crate::run::testing::{Turn, call_error, found, log, now, spec};
use crate::verify::{ObservedManifest, Output};

/// A cluster that is always found like this.
fn cluster_is(found: ObservedCluster) -> impl World {
    observing(move |_, probe| match probe {
        Probe::Cluster { .. } => Some(Ok(Observation::Cluster(found.clone()))),
        _ => None,
    })
}

/// Drives until an action of this kind is done, and says after how long, counted from the first launch.
fn until_terminated(engine: &mut Engine<'_>, world: &mut impl World) -> (SignedDuration, TerminateReason) {
    for _ in 0..5_000 {
        engine.turn(world);
        if let Some(Action::Terminate { because, .. }) = engine.actions.last() {
            let launched = engine.state.attempt().and_then(Attempt::launched).expect("a launch was made").at;
            return (engine.now.duration_since(launched), *because);
        }
    }
    panic!("nothing was terminated");
}

#[test]
fn a_cluster_that_never_starts_is_ended_by_the_start_limit() {
    let spec = spec();
    // A state of a later API is no end, and no start either.
    for state in ["STARTING", "BOOTSTRAPPING", "RESTING"] {
        let mut engine = Engine::new(&spec);
        let (after, because) = until_terminated(&mut engine, &mut cluster_is(found(state, "PENDING")));
        assert_eq!(
            (after, because),
            (SignedDuration::from_mins(30), TerminateReason::StartDeadline),
            "{state}"
        );
    }
}

#[test]
fn a_job_that_never_ends_is_ended_by_the_run_limit() {
    let spec = spec();
    for step in ["RUNNING", "CANCEL_PENDING", "DREAMING"] {
        let mut engine = Engine::new(&spec);
        let (after, because) = until_terminated(&mut engine, &mut cluster_is(found("RUNNING", step)));
        assert_eq!(because, TerminateReason::RunDeadline, "{step}");
        assert_eq!(after, SignedDuration::from_mins(60) + RUN_GRACE, "{step}");
    }
}

/// The record of a run that was not driven for hours, or whose driver slept with its laptop, is old: what it says of
/// the cluster is no reason to end it.
#[test]
fn a_record_that_nobody_kept_up_ends_no_cluster_that_has_gone_on_since() {
    let spec = spec();
    for same_process in [false, true] {
        let mut engine = Engine::new(&spec);
        let mut starting = cluster_is(found("STARTING", "PENDING"));
        while attempt_cluster(&engine).is_none_or(|cluster| cluster.state.is_none()) {
            engine.turn(&mut starting);
        }
        engine.pass(SignedDuration::from_hours(3));
        if !same_process {
            engine.observations = Observations::default();
        }
        assert_eq!(engine.drive(&mut Good), Outcome::Succeeded);
        let ended = engine.actions.iter().any(|action| matches!(action, Action::Terminate { .. }));
        assert!(!ended, "{:?}", engine.actions);
    }
}

#[test]
fn a_cluster_that_stays_after_its_steps_is_ended() {
    let spec = spec();
    for step in ["COMPLETED", "FAILED", "CANCELLED", "INTERRUPTED"] {
        let mut engine = Engine::new(&spec);
        let (after, because) = until_terminated(&mut engine, &mut cluster_is(found("WAITING", step)));
        assert_eq!((after, because), (Pace::AWS.linger, TerminateReason::Idle), "{step}");
    }
}

#[test]
fn a_cancel_ends_the_cluster_and_then_the_run() {
    let spec = spec();
    let mut engine = Engine::new(&spec);
    let mut running = cluster_is(found("RUNNING", "RUNNING"));
    while attempt_cluster(&engine).is_none_or(|cluster| cluster.state.is_none()) {
        engine.turn(&mut running);
    }
    engine.append(Event::CancelRequested { by: Actor("someone".to_owned()) });
    let (_, because) = until_terminated(&mut engine, &mut running);
    assert_eq!(because, TerminateReason::Cancelled);
    let outcome = engine.drive(&mut cluster_is(found("TERMINATED", "CANCELLED")));
    assert_eq!(outcome, Outcome::Cancelled);
}

fn attempt_cluster<'a>(engine: &'a Engine<'_>) -> Option<&'a Cluster> {
    engine.state.attempt().and_then(|attempt| attempt.cluster())
}

#[test]
fn a_cancel_that_comes_too_late_takes_nothing_from_a_good_result() {
    let spec = spec();
    let mut engine = Engine::new(&spec);
    while attempt_cluster(&engine).is_none() {
        engine.turn(&mut Good);
    }
    engine.append(Event::CancelRequested { by: Actor("someone".to_owned()) });
    assert_eq!(engine.drive(&mut Good), Outcome::Succeeded);
}

#[test]
fn a_terminate_that_is_refused_is_asked_for_again_and_the_watching_goes_on() {
    let spec = spec();
    let mut engine = Engine::new(&spec);
    let mut asked = 0;
    let outcome = engine.drive(&mut But {
        observe: |engine: &Engine<'_>, probe: &Probe| match probe {
            // It ends by itself in the end, three hours after it should have.
            Probe::Cluster { .. } if engine.now.duration_since(now()) < SignedDuration::from_hours(5) => {
                Some(Ok(Observation::Cluster(found("RUNNING", "RUNNING"))))
            }
            Probe::Cluster { .. } => Some(Ok(Observation::Cluster(found("TERMINATED", "INTERRUPTED")))),
            _ => None,
        },
        execute: |_: &Engine<'_>, action: &Action| {
            matches!(action, Action::Terminate { .. }).then(|| {
                asked += 1;
                Executed::CallError(ErrorClass::Invalid)
            })
        },
    });
    assert_eq!(outcome, Outcome::Failed);
    assert!(asked > 10, "{asked}");
}

#[test]
fn completed_is_not_enough() {
    let spec = spec();
    let mut engine = Engine::new(&spec);
    let outcome = engine.drive(&mut observing(|_, probe| match probe {
        Probe::Output { .. } => {
            Some(Ok(Observation::Output(Output { manifest: ObservedManifest::Absent, files: vec![] })))
        }
        _ => None,
    }));
    assert_eq!(outcome, Outcome::Failed);
    assert!(attempt(&engine).diagnosis.as_ref().is_some_and(|d| d.summary.contains("manifest.json")));
}

#[test]
fn a_log_that_says_why_is_waited_for_and_one_that_never_comes_is_not() {
    let spec = spec();
    let mut engine = Engine::new(&spec);
    let mut observations = 0;
    let outcome = engine.drive(&mut observing(|_, probe| match probe {
        Probe::Cluster { .. } => Some(Ok(Observation::Cluster(found("TERMINATED", "FAILED")))),
        Probe::StepLog { .. } => {
            observations += 1;
            Some(Ok(Observation::StepLog(match observations {
                1 => Vec::new(),
                // An earlier upload: it ends before the error.
                2 => vec![log(&["24/10/21 03:10:00 INFO SparkContext: Running Spark version 3.5.6"])],
                _ => vec![log(&[
                    "Traceback (most recent call last):",
                    "  File \"main.py\", line 1",
                    "ValueError: x",
                ])],
            })))
        }
        _ => None,
    }));
    assert_eq!((outcome, observations), (Outcome::Failed, 3));
    let diagnosis = attempt(&engine).diagnosis.clone().expect("a diagnosis");
    assert!(diagnosis.summary.contains("ValueError: x"), "{diagnosis:?}");

    let mut engine = Engine::new(&spec);
    let outcome = engine.drive(&mut cluster_is(found("TERMINATED", "FAILED")));
    assert_eq!(outcome, Outcome::Failed);
    let diagnosis = attempt(&engine).diagnosis.clone().expect("a diagnosis");
    assert_eq!(diagnosis.log.as_deref(), Some("s3://my-log-bucket/emrys/emr-logs/j-1/steps/s-1/"));
}

#[test]
fn trouble_with_reporting_never_fails_a_run() {
    let spec = spec();
    for kind in [ErrorClass::Access, ErrorClass::Throttled, ErrorClass::Unreachable, ErrorClass::Invalid] {
        let mut engine = Engine::new(&spec);
        let outcome = engine.drive(&mut But {
            observe: |_: &Engine<'_>, probe: &Probe| (*probe == Probe::Alarm).then(|| Err(call_error(kind))),
            execute: |_: &Engine<'_>, action: &Action| {
                matches!(action, Action::PublishMetrics).then_some(Executed::CallError(kind))
            },
        });
        assert_eq!(outcome, Outcome::Succeeded);
        assert!(matches!(attempt(&engine).metrics, Reporting::GivenUp(_)), "{kind:?}");
        assert!(matches!(attempt(&engine).alarm, Reporting::GivenUp(_)), "{kind:?}");
    }
}

#[test]
fn trouble_with_looking_is_waited_out_or_left_and_never_recorded() {
    let spec = spec();
    let cases = [
        (ErrorClass::Throttled, None),
        (ErrorClass::Unreachable, Some(Pace::AWS.patience)),
        (ErrorClass::Access, Some(SignedDuration::from_secs(15))),
        (ErrorClass::Invalid, Some(SignedDuration::from_secs(15))),
    ];
    for (kind, left_after) in cases {
        let mut engine = Engine::new(&spec);
        let mut world =
            observing(|_, probe| matches!(probe, Probe::Cluster { .. }).then(|| Err(call_error(kind))));
        while attempt_cluster(&engine).is_none() {
            engine.turn(&mut world);
        }
        let (begun, recorded) = (engine.now, engine.record.len());
        let mut left = false;
        while !left && engine.now.duration_since(begun) < SignedDuration::from_mins(20) {
            left = matches!(engine.turn(&mut world), Turn::Left(_));
        }
        assert_eq!(left, left_after.is_some(), "{kind:?}");
        if let Some(after) = left_after {
            let took = engine.now.duration_since(begun);
            assert!(took >= after && took < after + SignedDuration::from_mins(2), "{kind:?}: {took}");
        }
        assert_eq!(engine.record.len(), recorded, "{kind:?}");
    }
}

/// Who leaves meanwhile has no lease to renew, and is to come back when there is something to see.
#[test]
fn a_wait_tells_the_time_of_its_cause() {
    let spec = spec();
    let mut engine = Engine::new(&spec);
    let mut running = cluster_is(found("RUNNING", "RUNNING"));
    let (until, why) = loop {
        match engine.decision() {
            Decision::Wait { until, why } => break (until, why),
            _ => engine.turn(&mut running),
        };
    };
    assert_eq!(why, WaitReason::ClusterAtWork);
    engine.state.renewed_at = Some(engine.now);
    // Long before it is time to observe the cluster again.
    assert!(renewal_due(&engine.state, &Pace { lease: Pace::AWS.retry, ..Pace::AWS }).unwrap() < until);
    assert_eq!(engine.decision(), Decision::Wait { until, why });
}

#[test]
fn a_lease_is_renewed_in_time_and_before_anything_is_done() {
    let spec = spec();
    let mut engine = Engine::new(&spec);
    engine.state.renewed_at = Some(engine.now);
    engine.pass(Pace::AWS.renew_after());
    assert_eq!(engine.decision(), Decision::Renew);
    engine.drive(&mut Good);

    let mut engine = Engine::new(&spec);
    engine.state.renewed_at = Some(engine.now);
    let mut running = cluster_is(found("RUNNING", "RUNNING"));
    for _ in 0..500 {
        engine.turn(&mut running);
        let age = engine.state.renewed_at.map(|at| engine.now.duration_since(at));
        assert!(age.is_some_and(|age| age <= Pace::AWS.renew_after()), "{age:?}");
    }
}

#[test]
fn a_protection_that_somebody_switched_on_is_recorded_and_switched_off_before_the_end() {
    let spec = spec();
    let mut engine = Engine::new(&spec);
    let protected = ObservedCluster { protected: true, ..found("RUNNING", "RUNNING") };
    let mut world = cluster_is(protected);
    while attempt_cluster(&engine).is_none_or(|cluster| !cluster.protected) {
        engine.turn(&mut world);
    }
    for _ in 0..20 {
        engine.turn(&mut world);
    }
    assert!(
        !labels(&engine).contains(&"switch off the termination protection"),
        "it may stand while the job runs"
    );
    engine.append(Event::CancelRequested { by: Actor("someone".to_owned()) });
    let (_, because) = until_terminated(&mut engine, &mut world);
    assert_eq!(because, TerminateReason::Cancelled);
    let last = labels(&engine).split_off(labels(&engine).len() - 2);
    assert_eq!(last, ["switch off the termination protection", "terminate the cluster"]);
    // Switched on once more: what the next observations show counts, and what was observed before does not.
    let moved =
        |engine: &Engine<'_>| engine.events().iter().filter(|event| *event == "protection_changed").count();
    assert_eq!(moved(&engine), 1);
    let before = engine.actions.len();
    while engine.actions.len() < before + 2 {
        engine.turn(&mut world);
    }
    assert_eq!(labels(&engine)[before..], ["switch off the termination protection", "terminate the cluster"]);
    assert_eq!(moved(&engine), 2);
}

#[test]
fn an_end_that_takes_too_long_is_told_once() {
    let spec = spec();
    let mut engine = Engine::new(&spec);
    let mut ending = cluster_is(found("TERMINATING", "COMPLETED"));
    let begun = engine.now;
    while engine.now.duration_since(begun) < SignedDuration::from_hours(2) {
        engine.turn(&mut ending);
    }
    let overdue: Vec<_> = engine
        .record
        .iter()
        .filter(|recorded| matches!(recorded.event, Event::TerminationOverdue { .. }))
        .map(|recorded| recorded.at.duration_since(begun))
        .collect();
    let [after] = overdue.as_slice() else { panic!("{overdue:?}") };
    assert!(
        *after >= Pace::AWS.ending && *after < Pace::AWS.ending + SignedDuration::from_mins(3),
        "{after}"
    );
    assert!(labels(&engine).iter().all(|label| *label != "terminate the cluster"), "it ends already");
    assert_eq!(engine.drive(&mut Good), Outcome::Succeeded);

    // A process that comes back after a day does not take the time without observations for the time of the ending.
    let mut engine = Engine::new(&spec);
    while attempt_cluster(&engine).is_none_or(|cluster| cluster.state.is_none()) {
        engine.turn(&mut ending);
    }
    engine.observations = Observations::default();
    engine.pass(SignedDuration::from_hours(24));
    assert_eq!(engine.drive(&mut Good), Outcome::Succeeded);
    assert!(!engine.events().contains(&"termination_overdue".to_owned()));
}

#[test]
fn what_others_did_is_named() {
    let spec = spec();
    let cancelled = |code: &str, state: &str| {
        let mut found = found(state, "CANCELLED");
        found.reason.code = code.to_owned();
        found
    };
    for (found, who) in [
        (cancelled("ALL_STEPS_COMPLETED", "TERMINATED"), "somebody else cancelled the step `log-analysis`"),
        (cancelled("USER_REQUEST", "TERMINATED"), "somebody else terminated the cluster j-1"),
    ] {
        let mut engine = Engine::new(&spec);
        assert_eq!(engine.drive(&mut cluster_is(found)), Outcome::Failed);
        let diagnosis = attempt(&engine).diagnosis.clone().expect("a diagnosis");
        assert!(diagnosis.summary.contains(who), "{diagnosis:?}");
        assert!(diagnosis.hint.is_some_and(|hint| hint.contains("CloudTrail")));
    }
}

/// A run that was left with its cluster starting, and is picked up when every limit seems to have passed.
#[test]
fn a_limit_that_passed_while_nobody_looked_ends_no_cluster_that_is_at_work() {
    let spec = spec();
    let mut engine = Engine::new(&spec);
    let mut world = cluster_is(found("STARTING", "PENDING"));
    while engine.state.attempt().is_none_or(|attempt| attempt.cluster().is_none()) {
        engine.turn(&mut world);
    }
    engine.observations = Observations::default();
    engine.pass(SignedDuration::from_mins(40));
    assert!(matches!(engine.decision(), Decision::Observe(_)), "{:?}", engine.decision());

    // Who cannot see, ends nothing.
    let mut denied = observing(|_, probe| match probe {
        Probe::Cluster { .. } => Some(Err(call_error(ErrorClass::Throttled))),
        _ => None,
    });
    for _ in 0..20 {
        engine.turn(&mut denied);
    }
    let mut at_work = cluster_is(found("RUNNING", "RUNNING"));
    for _ in 0..20 {
        engine.turn(&mut at_work);
    }
    let ended = |action: &Action| matches!(action, Action::Terminate { .. });
    assert!(!engine.actions.iter().any(ended), "{:?}", engine.actions);
}

/// The limit of the steps counts from when the cluster was ready for them, and not from when that was observed.
#[test]
fn a_cluster_that_is_found_at_work_after_hours_has_no_more_time_than_it_had() {
    let spec = spec();
    for (ready_for, left) in [(300, 0), (50, 15), (0, 65)] {
        let mut engine = Engine::new(&spec);
        let mut starting = cluster_is(found("STARTING", "PENDING"));
        while attempt_cluster(&engine).is_none_or(|cluster| cluster.state.is_none()) {
            engine.turn(&mut starting);
        }
        engine.observations = Observations::default();
        engine.pass(SignedDuration::from_hours(6));
        let picked_up = engine.now;
        let since = Some(SignedDuration::from_mins(ready_for));
        let mut at_work = observing(move |engine, probe| match probe {
            Probe::Cluster { .. } => {
                // It is recorded once, when the state is new.
                let since = since.filter(|_| engine.now.duration_since(picked_up).is_zero());
                Some(Ok(Observation::Cluster(ObservedCluster { since, ..found("RUNNING", "RUNNING") })))
            }
            _ => None,
        });
        let (_, because) = until_terminated(&mut engine, &mut at_work);
        assert_eq!(because, TerminateReason::RunDeadline);
        assert_eq!(engine.now.duration_since(picked_up), SignedDuration::from_mins(left), "{ready_for}");
    }
}

/// A run that is picked up the next morning took as long as its cluster did.
#[test]
fn an_attempt_took_as_long_as_its_cluster_whenever_somebody_saw_the_end() {
    let spec = spec();
    let mut engine = Engine::new(&spec);
    let mut starting = cluster_is(found("STARTING", "PENDING"));
    while attempt_cluster(&engine).is_none_or(|cluster| cluster.state.is_none()) {
        engine.turn(&mut starting);
    }
    let begun = attempt(&engine).started_at;
    engine.pass(SignedDuration::from_hours(6));
    let ended_ago = SignedDuration::from_hours(5);
    let gone = ObservedCluster { since: Some(ended_ago), ..found("TERMINATED", "COMPLETED") };
    assert_eq!(engine.drive(&mut cluster_is(gone)), Outcome::Succeeded);
    let took = attempt(&engine).duration(engine.now);
    assert!(took < SignedDuration::from_mins(61), "{took:?}");
    assert!(took >= SignedDuration::from_hours(6) - ended_ago, "{took:?} since {begun}");
}
