//! What may go, and what never does.

use proptest::prelude::*;

use super::*;
use crate::catalog::table_names;
use crate::record::{Actor, CallError, ErrorClass, Recorded};
use crate::run::testing::{Engine, Executed, Good, World, found, published, spec};
use crate::run::{Action, Observation, Observations, Probe};
use crate::testing::spec_and;

/// The world in which the day's steps fail.
struct Bad;

impl World for Bad {
    fn observe(&mut self, engine: &Engine<'_>, probe: &Probe) -> Result<Observation, CallError> {
        match probe {
            Probe::Cluster { .. } => Ok(Observation::Cluster(found("TERMINATED", "FAILED"))),
            _ => Good.observe(engine, probe),
        }
    }

    fn execute(&mut self, _: &Engine<'_>, _: &Action) -> Executed {
        Executed::Done
    }
}

/// The world in which nothing is published.
struct Refusing;

impl World for Refusing {
    fn observe(&mut self, engine: &Engine<'_>, probe: &Probe) -> Result<Observation, CallError> {
        Good.observe(engine, probe)
    }

    fn execute(&mut self, _: &Engine<'_>, action: &Action) -> Executed {
        match action {
            Action::Publish(_) => Executed::CallError(ErrorClass::Invalid),
            _ => Executed::Done,
        }
    }
}

/// With room for attempts, and days that expire.
fn expiring() -> Spec {
    spec_and(
        "[limits]\nmax-attempts = 90\n[catalog]\ndatabase = \"logs\"\n[retention]\noutput-expire-after-days = 10\n",
    )
}

fn closed(spec: &Spec) -> Engine<'_> {
    let mut engine = Engine::new(spec);
    engine.drive(&mut Good);
    engine
}

fn again(engine: &mut Engine<'_>, world: &mut impl World) {
    engine.observations = Observations::default();
    engine.append(Event::Reopened { by: Actor("someone".to_owned()) });
    engine.drive(world);
}

fn hours(engine: &mut Engine<'_>, hours: i64) {
    engine.pass(SignedDuration::from_hours(hours));
}

/// What tables serve that all serve one attempt, or nothing.
fn serving(engine: &Engine<'_>, attempt: Option<u32>) -> Vec<Served> {
    let known = engine.state.attempts.iter().find(|known| Some(known.number) == attempt);
    let intent = known.and_then(Attempt::intent);
    let of = |table: &str| Served {
        table: table.to_owned(),
        location: intent.map(|intent| table_folder(engine.spec, intent, table).to_string()),
        attempt: intent.map(|intent| intent.attempt),
    };
    table_names().map(of).collect()
}

fn chosen(engine: &Engine<'_>) -> Vec<Served> {
    serving(engine, engine.state.chosen().map(|attempt| attempt.number))
}

fn dispositions(engine: &Engine<'_>, served: &[Served]) -> Vec<Disposition> {
    let evaluation = evaluate(engine.spec, &engine.state, served, engine.now);
    evaluation.attempts.iter().map(|evaluated| evaluated.disposition).collect()
}

fn is_legal(engine: &Engine<'_>, event: Event) -> bool {
    let recorded = Recorded { seq: engine.state.seq() + 1, at: engine.now, fence: 1, event };
    engine.state.clone().apply(&recorded).is_ok()
}

const SUPERSEDED: Disposition = Disposition::Remove(Removal::Superseded);

#[test]
fn a_superseded_attempt_has_its_grace_and_a_longer_one_where_it_is_configured() {
    let longer =
        spec_and("[catalog]\ndatabase = \"logs\"\n[retention]\nsuperseded-expire-after-hours = 100\n");
    for (spec, grace) in [(published(), 24), (longer, 100)] {
        let mut engine = closed(&spec);
        again(&mut engine, &mut Good);
        hours(&mut engine, grace - 1);
        let kept = dispositions(&engine, &chosen(&engine));
        assert!(
            matches!(kept[..], [Disposition::Keep(Reason::Grace { .. }), Disposition::Keep(Reason::Wanted)]),
            "{kept:?}"
        );
        hours(&mut engine, 2);
        assert_eq!(dispositions(&engine, &chosen(&engine)), [SUPERSEDED, Disposition::Keep(Reason::Wanted)]);
        // A table that serves it says more than the record, were it a part of it only, or all around it.
        let mut served = chosen(&engine);
        served[3] = serving(&engine, Some(1)).remove(3);
        let inside = served[3].location.clone().unwrap();
        for location in [inside, "s3://my-log-bucket/processed-logs/".to_owned()] {
            served[3].location = Some(location);
            assert_eq!(dispositions(&engine, &served)[0], Disposition::Keep(Reason::Served));
        }
    }
}

#[test]
fn what_is_chosen_and_not_published_keeps_what_queries_may_see_instead() {
    let spec = published();
    let mut engine = closed(&spec);
    again(&mut engine, &mut Good);
    engine.append(Event::PublishIntended { attempt: 2, by: None, database: "logs".to_owned() });
    engine.append(Event::PublishGivenUp { attempt: 2, why: "denied".to_owned() });
    hours(&mut engine, 1_000);
    assert_eq!(
        dispositions(&engine, &chosen(&engine)),
        [Disposition::Keep(Reason::Unsettled), Disposition::Keep(Reason::Wanted)]
    );
}

#[test]
fn a_day_in_flight_an_unknown_catalog_and_a_fixed_folder_keep_everything() {
    let spec_of_it = published();
    let mut engine = closed(&spec_of_it);
    again(&mut engine, &mut Good);
    hours(&mut engine, 1_000);
    let without = spec();
    engine.spec = &without;
    assert_eq!(dispositions(&engine, &[]), [Disposition::Keep(Reason::NoCatalog); 2]);
    engine.spec = &spec_of_it;
    engine.append(Event::Reopened { by: Actor("someone".to_owned()) });
    assert_eq!(dispositions(&engine, &chosen(&engine)), [Disposition::Keep(Reason::InFlight); 2]);
    let fixed = crate::run::testing::unversioned();
    let mut engine = closed(&fixed);
    hours(&mut engine, 1_000);
    assert_eq!(dispositions(&engine, &[]), [Disposition::Keep(Reason::Shared)]);
}

#[test]
fn without_a_catalog_good_output_stays_and_failed_output_goes() {
    let spec = spec();
    let mut engine = closed(&spec);
    again(&mut engine, &mut Bad);
    hours(&mut engine, 25);
    assert_eq!(
        dispositions(&engine, &[]),
        [Disposition::Keep(Reason::Wanted), Disposition::Remove(Removal::Unverified)]
    );
}

#[test]
fn an_intent_is_recorded_before_and_from_then_on_nothing_publishes_it() {
    let spec = published();
    let mut engine = closed(&spec);
    again(&mut engine, &mut Good);
    let because = Removal::Superseded;
    assert!(
        !is_legal(&engine, Event::DeletingOutput { attempt: 2, because }),
        "it is the one that queries see"
    );
    assert!(!is_legal(&engine, Event::DeletingOutput { attempt: 3, because }), "there is none");
    assert!(!is_legal(&engine, Event::DeletingOutput { attempt: 1, because: Removal::Unverified }));
    assert!(
        !is_legal(&engine, Event::OutputDeleted { attempt: 1, objects: 0, bytes: 0 }),
        "nobody intended it"
    );
    engine.append(Event::DeletingOutput { attempt: 1, because });
    assert!(!is_legal(&engine, Event::PublishIntended { attempt: 1, by: None, database: "logs".to_owned() }));
    assert_eq!(dispositions(&engine, &chosen(&engine))[0], SUPERSEDED, "it is gone on with at once");
    engine.append(Event::OutputDeleted { attempt: 1, objects: 3, bytes: 5 });
    assert!(!is_legal(&engine, Event::PublishIntended { attempt: 1, by: None, database: "logs".to_owned() }));
    assert_eq!(dispositions(&engine, &chosen(&engine))[0], Disposition::Gone);
}

#[test]
fn what_the_catalog_should_serve_follows_from_the_record() {
    let spec = expiring();
    let mut engine = closed(&spec);
    again(&mut engine, &mut Good);
    assert_eq!(catalog_drift(&spec, &engine.state, &chosen(&engine)), None);
    let mut served = chosen(&engine);
    served[1] = serving(&engine, Some(1)).remove(1);
    served[4].location = None;
    served[4].attempt = None;
    let event = catalog_drift(&spec, &engine.state, &served).unwrap();
    let tables = vec![served[1].table.clone(), served[4].table.clone()];
    assert_eq!(event, Event::CatalogDrifted { tables, attempts: vec![1], database: "logs".to_owned() });
    // It is recorded, becomes an act, and the one that was served until now has its grace anew.
    hours(&mut engine, 100);
    engine.append(event.clone());
    assert!(!is_legal(&engine, event), "it is being put right");
    engine.drive(&mut Good);
    assert_eq!(engine.actions.last().map(Action::label), Some("publish the day"));
    assert!(matches!(dispositions(&engine, &chosen(&engine))[0], Disposition::Keep(Reason::Grace { .. })));
    hours(&mut engine, 25);
    assert_eq!(dispositions(&engine, &chosen(&engine))[0], SUPERSEDED);
}

#[test]
fn a_day_expires_after_its_last_attempt_and_its_partitions_go_first() {
    let spec = expiring();
    let mut engine = closed(&spec);
    hours(&mut engine, 9 * 24);
    again(&mut engine, &mut Bad);
    hours(&mut engine, 9 * 24);
    assert!(!evaluate(&spec, &engine.state, &chosen(&engine), engine.now).expires, "it was run again");
    hours(&mut engine, 25);
    let served = chosen(&engine);
    assert!(evaluate(&spec, &engine.state, &served, engine.now).expires);
    let because = Removal::Expired;
    assert!(!is_legal(&engine, Event::DeletingOutput { attempt: 1, because }));
    engine.append(Event::DayExpiring);
    assert_eq!(engine.state.chosen(), None);
    assert!(!is_legal(&engine, Event::DeletingOutput { attempt: 1, because }), "tables serve it still");
    engine.append(Event::DayExpired);
    assert_eq!(
        dispositions(&engine, &served)[0],
        Disposition::Keep(Reason::Served),
        "and so it does whatever is recorded"
    );
    let nothing = serving(&engine, None);
    assert_eq!(dispositions(&engine, &nothing), [Disposition::Remove(because), Disposition::Remove(because)]);
    // Somebody publishes it behind everybody's back: the partitions go once more.
    engine.append(catalog_drift(&spec, &engine.state, &served).unwrap());
    assert!(!is_legal(&engine, Event::DeletingOutput { attempt: 1, because }));
    engine.append(Event::DayExpired);
    engine.append(Event::DeletingOutput { attempt: 1, because });
    engine.append(Event::OutputDeleted { attempt: 1, objects: 1, bytes: 1 });
    // Run again, the day is there again, and what had expired of it still goes.
    again(&mut engine, &mut Good);
    assert_eq!((engine.state.expiry, engine.state.chosen().unwrap().number), (None, 3));
    let after = dispositions(&engine, &chosen(&engine));
    assert!(
        matches!(
            after[..],
            [Disposition::Gone, Disposition::Remove(Removal::Expired), Disposition::Keep(Reason::Wanted)]
        ),
        "{after:?}"
    );
}

#[test]
fn a_day_that_was_about_to_expire_and_was_run_again_instead_gives_its_readers_their_grace() {
    let spec = expiring();
    let mut engine = closed(&spec);
    hours(&mut engine, 11 * 24);
    engine.append(Event::DayExpiring);
    // Whoever began it is gone, and its partitions stay for days.
    hours(&mut engine, 100);
    again(&mut engine, &mut Good);
    let kept = dispositions(&engine, &chosen(&engine));
    assert!(
        matches!(kept[..], [Disposition::Keep(Reason::Grace { .. }), Disposition::Keep(Reason::Wanted)]),
        "{kept:?}"
    );
    hours(&mut engine, 25);
    assert_eq!(dispositions(&engine, &chosen(&engine))[0], Disposition::Remove(Removal::Expired));
}

#[test]
fn the_grace_counts_from_when_the_catalog_was_put_right_however_late_that_was() {
    let spec = published();
    let mut engine = closed(&spec);
    again(&mut engine, &mut Good);
    hours(&mut engine, 100);
    let mut served = chosen(&engine);
    served[0] = serving(&engine, Some(1)).remove(0);
    engine.append(catalog_drift(&spec, &engine.state, &served).unwrap());
    // Whoever found it could not put it right, and nobody looked for days.
    hours(&mut engine, 100);
    engine.observations = Observations::default();
    engine.drive(&mut Good);
    let kept = dispositions(&engine, &chosen(&engine))[0];
    assert!(matches!(kept, Disposition::Keep(Reason::Grace { .. })), "{kept:?}");
    hours(&mut engine, 25);
    assert_eq!(dispositions(&engine, &chosen(&engine))[0], SUPERSEDED);
}

#[test]
fn what_no_table_is_seen_to_serve_although_it_should_keeps_everything() {
    let spec_of_it = expiring();
    let mut engine = closed(&spec_of_it);
    again(&mut engine, &mut Good);
    hours(&mut engine, 1_000);
    assert!(evaluate(&spec_of_it, &engine.state, &chosen(&engine), engine.now).expires);
    // The tables are not there, or are others'; the output may have been written to another place.
    let elsewhere = |served: &Served| Served {
        location: Some("s3://elsewhere/".to_owned()),
        attempt: None,
        ..served.clone()
    };
    for served in [serving(&engine, None), chosen(&engine).iter().map(elsewhere).collect()] {
        assert!(!evaluate(&spec_of_it, &engine.state, &served, engine.now).expires);
        assert_eq!(
            dispositions(&engine, &served),
            [Disposition::Keep(Reason::Unseen), Disposition::Keep(Reason::Wanted)]
        );
    }
    // Another database is configured now: tables of the first one may serve both.
    let other = spec_and(
        "[limits]\nmax-attempts = 90\n[catalog]\ndatabase = \"other\"\n[retention]\noutput-expire-after-days = 10\n",
    );
    engine.spec = &other;
    again(&mut engine, &mut Good);
    hours(&mut engine, 1_000);
    assert!(!evaluate(&other, &engine.state, &chosen(&engine), engine.now).expires);
    let kept = dispositions(&engine, &chosen(&engine));
    assert_eq!(
        kept,
        [
            Disposition::Keep(Reason::OtherDatabase),
            Disposition::Keep(Reason::OtherDatabase),
            Disposition::Keep(Reason::Wanted)
        ]
    );
}

#[test]
fn what_was_ever_to_be_served_is_not_forgotten_when_the_catalog_leaves_the_configuration() {
    let spec_before = published();
    let mut engine = Engine::new(&spec_before);
    engine.drive(&mut Refusing);
    let without = spec();
    engine.spec = &without;
    again(&mut engine, &mut Good);
    assert_eq!(engine.state.attempts[0].publishing, Publishing::Open);
    assert_eq!(dispositions(&engine, &[]), [Disposition::Keep(Reason::NoCatalog)]);
}

#[test]
fn a_removal_that_was_cut_off_is_gone_on_with_whatever_becomes_of_the_day() {
    let spec = expiring();
    let mut engine = closed(&spec);
    again(&mut engine, &mut Good);
    hours(&mut engine, 25);
    engine.append(Event::DeletingOutput { attempt: 1, because: Removal::Superseded });
    hours(&mut engine, 11 * 24);
    engine.append(Event::DayExpiring);
    engine.append(Event::DayExpired);
    assert_eq!(
        dispositions(&engine, &serving(&engine, None)),
        [SUPERSEDED, Disposition::Remove(Removal::Expired)]
    );
}

/// What happens to a day after it was first run.
#[derive(Debug, Clone, Copy)]
enum Step {
    Run,
    Fail,
    Publish(u32),
    Move(usize, u32),
    Pass(i64),
    Clear,
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::Run),
        Just(Step::Fail),
        (1..5_u32).prop_map(Step::Publish),
        (0..6_usize, 1..5_u32).prop_map(|(table, attempt)| Step::Move(table, attempt)),
        (0..200_i64).prop_map(Step::Pass),
        Just(Step::Clear),
        Just(Step::Clear),
    ]
}

/// Clears the day as the control plane does, step by step, and checks each step.
fn clear(engine: &mut Engine<'_>, served: &mut Vec<Served>) {
    if let Some(event) = catalog_drift(engine.spec, &engine.state, served) {
        engine.append(event);
        engine.drive(&mut Good);
        if engine.state.chosen().is_some() {
            *served = chosen(engine);
        }
    }
    if evaluate(engine.spec, &engine.state, served, engine.now).expires {
        engine.append(Event::DayExpiring);
    }
    if engine.state.is_expiring() {
        *served = serving(engine, None);
        engine.append(Event::DayExpired);
    }
    let evaluation = evaluate(engine.spec, &engine.state, served, engine.now);
    for (attempt, because) in evaluation.removals() {
        let is_served = served.iter().any(|served| served.attempt == Some(attempt));
        assert!(!is_served, "attempt {attempt} is served, and was to go");
        let chosen = engine.state.chosen().map(|chosen| chosen.number);
        assert_ne!(chosen, Some(attempt), "the live attempt was to go");
        let known = engine.state.numbered(attempt).unwrap();
        let since = match known.publishing {
            Publishing::Superseded { since } => Some(since),
            _ => None,
        };
        let until = [since, known.served_until].into_iter().flatten().max();
        let had_readers =
            until.is_some_and(|until| !is_past(until, engine.spec.config.removal_grace(), engine.now));
        assert!(!had_readers, "attempt {attempt} had readers until {until:?}, and was to go");
        engine.append(Event::DeletingOutput { attempt, because });
        assert_eq!(
            evaluate(engine.spec, &engine.state, served, engine.now).of(attempt),
            Some(Disposition::Remove(because))
        );
        engine.append(Event::OutputDeleted { attempt, objects: 1, bytes: 1 });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is run, published, moved and cleared, in any order: every step is legal, nothing that is served or
    /// chosen goes, what has gone is never chosen again, and what the catalog should serve is there.
    #[test]
    fn nothing_that_is_served_ever_goes(steps in proptest::collection::vec(steps(), 0..14)) {
        let spec = expiring();
        let mut engine = closed(&spec);
        let mut served = chosen(&engine);
        for step in steps {
            let before = engine.state.attempts.len();
            match step {
                Step::Run => again(&mut engine, &mut Good),
                Step::Fail => again(&mut engine, &mut Bad),
                Step::Publish(attempt) => {
                    let event = Event::PublishIntended { attempt, by: None, database: "logs".to_owned() };
                    if is_legal(&engine, event.clone()) {
                        engine.append(event);
                        engine.drive(&mut Good);
                        served = chosen(&engine);
                    }
                }
                Step::Move(table, attempt) => {
                    let moved = serving(&engine, Some(attempt)).remove(table);
                    // Somebody who moves a partition to what is gone is not to be helped.
                    let known = engine.state.numbered(attempt);
                    if known.is_some_and(|known| known.retention.is_kept()) {
                        served[table] = moved;
                    }
                }
                Step::Pass(time) => hours(&mut engine, time),
                Step::Clear => clear(&mut engine, &mut served),
            }
            if engine.state.attempts.len() > before && engine.state.chosen().is_some_and(|chosen| chosen.number as usize > before) {
                served = chosen(&engine);
            }
            if let Some(chosen) = engine.state.chosen() {
                prop_assert!(chosen.retention.is_kept());
            }
        }
    }
}
