//! What queries see: the partitions of a day follow the record.

use super::*;
use crate::catalog;
use crate::metrics::{RUN_SUCCEEDED, datapoints};
use crate::record::{Actor, Effect, ErrorClass, Event, Outcome, Recorded, Refusal, Unready};
use crate::run::testing::{call_error, published, spec, unversioned};
use crate::spec::Spec;
use crate::testing::spec_and;

const PUBLISH: &str = "publish the day";

/// A day that ran once, and was published.
fn closed(spec: &Spec) -> Engine<'_> {
    let mut engine = Engine::new(spec);
    assert_eq!(engine.drive(&mut Good), Outcome::Succeeded);
    engine
}

/// A world in which publishing is always refused like this.
fn refusing(kind: ErrorClass) -> impl World {
    executing(move |_, action| matches!(action, Action::Publish(_)).then_some(Executed::CallError(kind)))
}

fn again(engine: &mut Engine<'_>) {
    engine.observations = Observations::default();
    engine.append(Event::Reopened { by: Actor("someone".to_owned()) });
}

fn has_run_succeeded(engine: &Engine<'_>) -> bool {
    let points = datapoints(engine.spec, attempt(engine));
    points.iter().find(|point| point.name == RUN_SUCCEEDED).expect("of the newest day").value > 0.0
}

#[test]
fn a_verified_attempt_is_published_before_the_day_counts_as_a_success() {
    let spec = published();
    let engine = closed(&spec);
    assert_eq!(
        labels(&engine),
        ["upload the job", "launch the cluster", PUBLISH, "publish the metrics", "write the alarm"]
    );
    let events = engine.events();
    let at = |name: &str| events.iter().position(|event| event == name).expect(name);
    assert!(at("attempt_ended") < at("publish_intended"));
    assert_eq!(attempt(&engine).publishing, Publishing::Published);
    assert_eq!(engine.state.chosen().map(|attempt| attempt.number), Some(1));
    let intent = attempt(&engine).intent().expect("a launch");
    let calls = Action::Publish(intent.clone()).calls(&spec);
    assert_eq!(calls.len(), 6);
    assert_eq!(calls[0].resource, "logs.processed_logs/date=2024-10-20");
}

#[test]
fn without_a_catalog_or_with_a_job_of_ones_own_nothing_is_published_and_nothing_asked() {
    let own = spec_and("[job]\nscript = \"main.py\"\n[catalog]\ndatabase = \"logs\"\n");
    for spec in [spec(), unversioned(), own] {
        let mut engine = Engine::new(&spec);
        let outcome = engine.drive(&mut observing(|_, probe| {
            assert_ne!(*probe, Probe::Catalog);
            None
        }));
        assert_eq!(outcome, Outcome::Succeeded);
        assert!(!labels(&engine).contains(&PUBLISH));
        assert_eq!(attempt(&engine).publishing, Publishing::Open);
    }
}

#[test]
fn a_catalog_that_is_not_ready_is_told_before_anything_is_paid_for() {
    let spec = published();
    let mut engine = Engine::new(&spec);
    let outcome = engine.drive(&mut observing(|engine, probe| {
        let mut tables = catalog::tables(&engine.spec.config);
        tables.remove(2);
        (*probe == Probe::Catalog).then_some(Ok(Observation::Catalog(tables)))
    }));
    assert_eq!((outcome, engine.actions.len()), (Outcome::Refused, 0));
    let refusal = engine.state.refusal.expect("a refusal");
    assert_eq!(
        refusal,
        Refusal::CatalogNotReady {
            database: "logs".to_owned(),
            tables: vec![Unready::Missing { table: "latency".to_owned() }]
        }
    );
    assert!(refusal.to_string().ends_with("is without the table latency"), "{refusal}");
    assert!(refusal.hint().contains("emrys setup"));
}

#[test]
fn a_catalog_that_may_not_be_looked_at_launches_nothing() {
    let spec = published();
    let mut engine = Engine::new(&spec);
    let mut world =
        observing(|_, probe| (*probe == Probe::Catalog).then_some(Err(call_error(ErrorClass::Access))));
    let left = (0..60).map(|_| engine.turn(&mut world)).find(|turn| matches!(turn, Turn::Left(_)));
    assert!(matches!(left, Some(Turn::Left(Leave::Access(_)))), "{left:?}");
    assert_eq!(engine.actions, []);
}

#[test]
fn throttling_and_lost_answers_are_tried_again_until_the_day_is_published() {
    let spec = published();
    for action_ended in [Executed::CallError(ErrorClass::Throttled), Executed::Unclear] {
        let mut engine = Engine::new(&spec);
        let mut left = 7;
        let outcome = engine.drive(&mut executing(move |_, action| {
            let meets = matches!(action, Action::Publish(_)) && left > 0;
            left -= i32::from(meets);
            meets.then_some(action_ended)
        }));
        assert_eq!(outcome, Outcome::Succeeded);
        assert_eq!(labels(&engine).iter().filter(|label| **label == PUBLISH).count(), 8);
        assert_eq!(engine.events().iter().filter(|event| *event == "publish_intended").count(), 1);
    }
}

#[test]
fn a_refusal_that_lasts_makes_the_day_fail_and_says_what_to_do() {
    let spec = published();
    for kind in [ErrorClass::Access, ErrorClass::Invalid] {
        let mut engine = Engine::new(&spec);
        assert_eq!(engine.drive(&mut refusing(kind)), Outcome::Failed);
        let attempt = attempt(&engine);
        assert!(attempt.has_succeeded() && attempt.publishing.is_given_up());
        let diagnosis = attempt.diagnosis.as_ref().expect("a diagnosis");
        assert!(diagnosis.summary.starts_with("the output of attempt 1 is good, and could not be published"));
        assert!(diagnosis.hint.as_ref().is_some_and(|hint| hint.contains("emrys setup")));
        assert!(!has_run_succeeded(&engine));
    }
}

#[test]
fn the_next_run_publishes_what_was_verified_and_launches_nothing() {
    let spec = published();
    let mut engine = Engine::new(&spec);
    engine.drive(&mut refusing(ErrorClass::Invalid));
    assert_eq!(engine.state.unpublished().map(|attempt| attempt.number), Some(1));
    engine.actions.clear();
    again(&mut engine);
    assert_eq!(engine.drive(&mut Good), Outcome::Succeeded);
    assert_eq!(labels(&engine), [PUBLISH, "publish the metrics", "write the alarm"]);
    assert_eq!((engine.state.attempts.len(), has_run_succeeded(&engine)), (1, true));
    assert_eq!(attempt(&engine).diagnosis, None);
    // And the one after that is another attempt.
    again(&mut engine);
    assert_eq!(engine.drive(&mut Good), Outcome::Succeeded);
    assert_eq!(engine.state.attempts.len(), 2);
}

#[test]
fn a_run_again_supersedes_what_was_published_before() {
    let spec = published();
    let mut engine = closed(&spec);
    again(&mut engine);
    assert_eq!(engine.drive(&mut Good), Outcome::Succeeded);
    assert_eq!(engine.state.chosen().map(|attempt| attempt.number), Some(2));
    let first = &engine.state.attempts[0].publishing;
    assert!(matches!(first, Publishing::Superseded { .. }), "{first:?}");
    // One that fails supersedes nothing.
    again(&mut engine);
    let failing = |_: &Engine<'_>, probe: &Probe| match probe {
        Probe::Cluster { .. } => {
            Some(Ok(Observation::Cluster(crate::run::testing::found("TERMINATED", "FAILED"))))
        }
        _ => None,
    };
    assert_eq!(engine.drive(&mut observing(failing)), Outcome::Failed);
    assert_eq!(engine.state.chosen().map(|attempt| attempt.number), Some(2));
}

#[test]
fn an_earlier_attempt_is_published_on_a_closed_day_whoever_dies_in_between() {
    let spec = published();
    let mut engine = closed(&spec);
    again(&mut engine);
    engine.drive(&mut Good);
    let by = Some(Actor("someone".to_owned()));
    engine.append(Event::PublishIntended { attempt: 1, by, database: "logs".to_owned() });
    // The process that asked is gone. The next one has observed nothing, and knows from the record what to do.
    engine.actions.clear();
    engine.observations = Observations::default();
    let Turn::Worked = engine.turn(&mut Good) else { panic!("{:?}", engine.decision()) };
    assert_eq!(labels(&engine), [PUBLISH]);
    assert_eq!(engine.turn(&mut Good), Turn::Done(Outcome::Succeeded));
    assert_eq!(engine.state.chosen().map(|attempt| attempt.number), Some(1));
    // A lasting refusal ends it, too; the day stays what it was.
    engine.append(Event::PublishIntended { attempt: 2, by: None, database: "logs".to_owned() });
    assert_eq!(engine.drive(&mut refusing(ErrorClass::Invalid)), Outcome::Succeeded);
    let publishing = &engine.state.attempts[1].publishing;
    assert!(publishing.is_given_up(), "{publishing:?}");
    // Some tables may have moved: the next observation tries again.
    engine.append(Event::CatalogDrifted {
        tables: vec!["errors".to_owned()],
        attempts: vec![1],
        database: "logs".to_owned(),
    });
    engine.observations = Observations::default();
    assert_eq!(engine.drive(&mut Good), Outcome::Succeeded);
    assert_eq!(engine.state.attempts[1].publishing, Publishing::Published);
}

#[test]
fn only_good_output_is_published() {
    let spec = published();
    let mut engine = closed(&spec);
    again(&mut engine);
    let failing = |_: &Engine<'_>, probe: &Probe| match probe {
        Probe::Cluster { .. } => {
            Some(Ok(Observation::Cluster(crate::run::testing::found("TERMINATED", "FAILED"))))
        }
        _ => None,
    };
    engine.drive(&mut observing(failing));
    let refused = |event: Event| {
        let mut state = engine.state.clone();
        let recorded = Recorded { seq: state.seq() + 1, at: engine.now, fence: 1, event };
        state.apply(&recorded).is_err()
    };
    assert!(
        refused(Event::PublishIntended { attempt: 2, by: None, database: "logs".to_owned() }),
        "it failed"
    );
    assert!(
        refused(Event::PublishIntended { attempt: 3, by: None, database: "logs".to_owned() }),
        "there is none"
    );
    assert!(!refused(Event::PublishIntended { attempt: 1, by: None, database: "logs".to_owned() }));
    let done = Effect::Published { attempt: 2 };
    assert!(refused(Event::ActionFinished { effect: done }), "it was not intended");
    assert!(refused(Event::PublishGivenUp { attempt: 2, why: String::new() }));
}

#[test]
fn a_catalog_that_is_taken_out_of_the_configuration_lets_no_day_pass_as_published() {
    let spec_before = published();
    let mut engine = Engine::new(&spec_before);
    while !engine.events().contains(&"publish_intended".to_owned()) {
        engine.turn(&mut Good);
    }
    let without = spec();
    engine.spec = &without;
    assert_eq!(engine.drive(&mut Good), Outcome::Failed);
    // Asked for again, there is nothing to publish any more, and the output is good.
    again(&mut engine);
    assert_eq!(engine.drive(&mut Good), Outcome::Succeeded);
    assert_eq!(engine.state.attempts.len(), 1);
}

#[test]
fn whoever_looks_at_a_closed_day_and_lacks_the_right_leaves_it_to_be_put_right_by_others() {
    let spec = published();
    let mut engine = closed(&spec);
    engine.append(Event::CatalogDrifted {
        tables: vec!["errors".to_owned()],
        attempts: Vec::new(),
        database: "logs".to_owned(),
    });
    let left = (0..60)
        .map(|_| engine.turn(&mut refusing(ErrorClass::Access)))
        .find(|turn| matches!(turn, Turn::Left(_)));
    assert!(matches!(left, Some(Turn::Left(Leave::Access(_)))), "{left:?}");
    assert_eq!(engine.state.attempts[0].publishing, Publishing::Intended);
    engine.observations = Observations::default();
    assert_eq!(engine.drive(&mut Good), Outcome::Succeeded);
    assert_eq!(engine.state.attempts[0].publishing, Publishing::Published);
}
