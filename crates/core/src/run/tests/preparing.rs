//! Input, job and output folder are observed, and an attempt is made or not.

use super::*;
use crate::inputs::{InputObject, Listing};
use crate::record::{Actor, Event, Missing, Outcome, Refusal};
use crate::run::testing::{spec, unversioned};

#[test]
fn a_good_day() {
    let spec = spec();
    let mut engine = Engine::new(&spec);
    assert_eq!(engine.drive(&mut Good), Outcome::Succeeded);
    assert_eq!(
        engine.events(),
        [
            "opened",
            "attempt_started",
            "action_finished",
            "launch_intended",
            "action_finished",
            "step_state_changed",
            "cluster_state_changed",
            "verified",
            "attempt_ended",
            "action_finished",
            "alarm_checked",
            "action_finished",
            "closed",
        ]
    );
    assert_eq!(
        labels(&engine),
        ["upload the job", "launch the cluster", "publish the metrics", "write the alarm"],
    );
}

#[test]
fn the_first_questions_are_asked_together() {
    let (spec, unversioned) = (spec(), unversioned());
    assert_eq!(Engine::new(&spec).decision(), Decision::Observe(vec![Probe::Inputs, Probe::Job]));
    assert_eq!(
        Engine::new(&unversioned).decision(),
        Decision::Observe(vec![Probe::Inputs, Probe::Job, Probe::OutputFolder])
    );
}

#[test]
fn what_is_there_already_is_not_written_again() {
    let spec = spec();
    let mut engine = Engine::new(&spec);
    let outcome = engine.drive(&mut observing(|_, probe| match probe {
        Probe::Job => Some(Ok(Observation::Job { unstaged: vec![] })),
        Probe::Alarm => Some(Ok(Observation::Alarm { current: true })),
        _ => None,
    }));
    assert_eq!(
        (outcome, labels(&engine)),
        (Outcome::Succeeded, vec!["launch the cluster", "publish the metrics"])
    );
}

#[test]
fn an_empty_day_launches_nothing() {
    let spec = spec();
    let mut engine = Engine::new(&spec);
    let outcome = engine.drive(&mut observing(|_, probe| match probe {
        Probe::Inputs => Some(Ok(Observation::Inputs(Listing::new(vec![])))),
        _ => None,
    }));
    assert_eq!((outcome, labels(&engine)), (Outcome::Empty, vec![]));
}

#[test]
fn names_that_spark_would_skip_are_refused_by_name() {
    let spec = spec();
    let mut engine = Engine::new(&spec);
    let key = "application-logs/2024/10/20/_hidden.log".to_owned();
    let outcome = engine.drive(&mut observing(|_, probe| match probe {
        Probe::Inputs => Some(Ok(Observation::Inputs(Listing::new(vec![InputObject {
            key: key.clone(),
            size: 1,
            etag: "e".to_owned(),
        }])))),
        _ => None,
    }));
    assert_eq!((outcome, labels(&engine)), (Outcome::Refused, vec![]));
    let Some(Refusal::UnreadableNames { objects, count: 1 }) = &engine.state.refusal else {
        panic!("{:?}", engine.state.refusal)
    };
    assert_eq!(objects, &["s3://my-log-bucket/application-logs/2024/10/20/_hidden.log"]);
    insta::assert_snapshot!(
        engine.state.refusal.as_ref().unwrap(),
        @"1 object has a name that Spark cannot be relied on to read: s3://my-log-bucket/application-logs/2024/10/20/_hidden.log"
    );
}

#[test]
fn a_refusal_counts_well() {
    let objects = vec!["s3://b/_a".to_owned(), "s3://b/_b".to_owned()];
    insta::assert_snapshot!(
        Refusal::UnreadableNames { objects, count: 7 },
        @"7 objects have names that Spark cannot be relied on to read: s3://b/_a, s3://b/_b, …"
    );
    let used_up = |attempts| Refusal::AttemptsUsedUp { attempts }.to_string();
    assert_eq!(used_up(1), "1 attempt was made, as many as the limit allows");
    assert_eq!(used_up(3), "3 attempts were made, as many as the limit allows");
}

#[test]
fn a_day_of_empty_objects_launches_nothing() {
    let spec = spec();
    let mut engine = Engine::new(&spec);
    let object = |name: &str| InputObject {
        key: format!("application-logs/2024/10/20/{name}"),
        size: 0,
        etag: "e".to_owned(),
    };
    let outcome = engine.drive(&mut observing(|_, probe| match probe {
        Probe::Inputs => {
            Some(Ok(Observation::Inputs(Listing::new(vec![object("a.log"), object("_SUCCESS")]))))
        }
        _ => None,
    }));
    assert_eq!((outcome, labels(&engine)), (Outcome::Empty, vec![]));
}

#[test]
fn a_second_attempt_at_a_fixed_place_is_refused_and_takes_nothing_from_the_first() {
    let spec = unversioned();
    let mut engine = Engine::new(&spec);
    assert_eq!(engine.drive(&mut Good), Outcome::Succeeded);
    engine.append(Event::Reopened { by: Actor("someone".to_owned()) });
    engine.observations = Observations::default();
    let before = engine.actions.len();
    let outcome = engine.drive(&mut observing(|_, probe| match probe {
        Probe::OutputFolder => Some(Ok(Observation::OutputFolder { taken: true })),
        _ => None,
    }));
    assert_eq!((outcome, engine.actions.len()), (Outcome::Refused, before));
    assert_eq!(engine.state.outcome(), Some(Outcome::Succeeded), "the day has still succeeded");
    assert!(engine.state.refusal.as_ref().is_some_and(|refusal| refusal.hint().contains("{output}")));
}

#[test]
fn a_day_is_run_again_as_often_as_the_limit_allows() {
    let spec = spec();
    let mut engine = Engine::new(&spec);
    for number in 1..=3 {
        assert_eq!(engine.drive(&mut Good), Outcome::Succeeded);
        assert_eq!(attempt(&engine).number, number);
        engine.append(Event::Reopened { by: Actor("someone".to_owned()) });
        engine.observations = Observations::default();
    }
    assert_eq!(engine.drive(&mut Good), Outcome::Refused);
    assert_eq!(engine.state.refusal, Some(Refusal::AttemptsUsedUp { attempts: 3 }));
    let nonces: std::collections::BTreeSet<_> =
        engine.state.attempts.iter().filter_map(|attempt| attempt.intent()).map(|i| &i.nonce).collect();
    assert_eq!(nonces.len(), 3, "each launch has its own nonce");
}

#[test]
fn what_the_run_needs_and_is_not_there_is_named_before_anything_is_paid_for() {
    let spec = crate::testing::spec_and("[job]\nscript = \"s3://jobs/main.py\"\nargs = [\"{output}\"]\n");
    let mut engine = Engine::new(&spec);
    assert_eq!(engine.decision(), Decision::Observe(vec![Probe::Inputs, Probe::Job, Probe::Preflight]));
    let missing = vec![Missing { key: "[job] script".to_owned(), uri: "s3://jobs/main.py".to_owned() }];
    let outcome = engine.drive(&mut observing(|_, probe| match probe {
        Probe::Preflight => Some(Ok(Observation::Preflight(missing.clone()))),
        _ => None,
    }));
    assert_eq!(outcome, Outcome::Refused);
    assert!(engine.actions.is_empty(), "{:?}", engine.actions);
    let refusal = engine.state.refusal.as_ref().map(ToString::to_string).unwrap_or_default();
    assert_eq!(refusal, "what the run needs is not there: s3://jobs/main.py of `[job] script`");
}
