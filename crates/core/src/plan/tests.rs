//! A plan says what a run then does.

use super::*;
use crate::inputs::{InputObject, Listing};
use crate::record::{CallError, ErrorClass, Recorded};
use crate::run::Observation;
use crate::run::testing::{
    self, Engine, Good, World, call_error, guarded, now, published, spec, unversioned,
};

/// Plans as the control plane does: what the plan asks about the world is looked at for real.
fn plan_in(spec: &Spec, state: &State, world: &mut impl World) -> Plan {
    let mut engine = Engine::new(spec);
    engine.state = state.clone();
    for _ in 0..10 {
        let planning =
            plan(spec, state.clone(), engine.observations.clone(), now(), &Pace::AWS).expect("legal");
        match planning {
            Planning::Look(probes) => {
                for probe in probes {
                    let observation = world.observe(&engine, &probe);
                    engine.observations.absorb(&probe, now(), observation);
                }
            }
            Planning::Ready(plan) => return *plan,
            other => panic!("{other:?}"),
        }
    }
    panic!("it asks on and on");
}

fn calls(spec: &Spec, actions: &[Action]) -> Vec<Call> {
    actions.iter().flat_map(|action| action.calls(spec)).collect()
}

/// Nothing is left to be written: the job is there, and the alarm stands.
struct AllThere;

impl World for AllThere {
    fn observe(&mut self, engine: &Engine<'_>, probe: &Probe) -> Result<Observation, CallError> {
        match probe {
            Probe::Job => Ok(Observation::Job { unstaged: vec![] }),
            Probe::GuardGroup => Ok(Observation::GuardGroup { there: true }),
            Probe::Alarm => Ok(Observation::Alarm { current: true }),
            _ => Good.observe(engine, probe),
        }
    }

    fn execute(&mut self, engine: &Engine<'_>, action: &Action) -> testing::Executed {
        Good.execute(engine, action)
    }
}

struct Taken;

impl World for Taken {
    fn observe(&mut self, engine: &Engine<'_>, probe: &Probe) -> Result<Observation, CallError> {
        match probe {
            Probe::OutputFolder => Ok(Observation::OutputFolder { taken: true }),
            _ => Good.observe(engine, probe),
        }
    }

    fn execute(&mut self, engine: &Engine<'_>, action: &Action) -> testing::Executed {
        Good.execute(engine, action)
    }
}

#[test]
fn a_plan_of_a_fresh_day() {
    let spec = spec();
    let mut plan = plan_in(&spec, &State::default(), &mut Good);
    let request = plan.request.take().expect("a launch has a request");
    assert_eq!(request["Name"], "emrys/web-logs/2024-10-20/a1/<nonce>");
    insta::assert_json_snapshot!(plan);
}

#[test]
fn what_is_planned_is_what_is_done() {
    for spec in [spec(), unversioned(), guarded(), published()] {
        let planned = plan_in(&spec, &State::default(), &mut Good);
        let mut engine = Engine::new(&spec);
        engine.drive(&mut Good);
        assert_eq!(planned.calls, calls(&spec, &engine.actions));

        let planned = plan_in(&spec, &State::default(), &mut AllThere);
        let mut engine = Engine::new(&spec);
        engine.drive(&mut AllThere);
        assert_eq!(planned.calls, calls(&spec, &engine.actions));
    }
}

#[test]
fn a_plan_of_a_run_in_flight_is_what_is_left_of_it() {
    for spec in [spec(), guarded(), published()] {
        planned_at_every_event(&spec);
    }
}

fn planned_at_every_event(spec: &Spec) {
    let mut whole = Engine::new(spec);
    whole.drive(&mut Good);
    let all = calls(spec, &whole.actions);
    let mut state = State::default();
    let mut left = Vec::new();
    for recorded in &whole.record[..whole.record.len() - 1] {
        let Recorded { .. } = recorded;
        state.apply(recorded).expect("legal");
        let plan = plan_in(spec, &state, &mut Good);
        assert!(all.ends_with(&plan.calls), "{:?}", plan.calls);
        left.push(plan.calls.len());
    }
    assert!(left.is_sorted_by(|a, b| a >= b), "{left:?}");
    assert_eq!((left.first(), left.last()), (Some(&all.len()), Some(&0)));
}

#[test]
fn an_empty_day_and_a_taken_place_are_foreseen() {
    struct Empty;
    impl World for Empty {
        fn observe(&mut self, engine: &Engine<'_>, probe: &Probe) -> Result<Observation, CallError> {
            match probe {
                Probe::Inputs => Ok(Observation::Inputs(Listing::new(vec![]))),
                _ => Good.observe(engine, probe),
            }
        }

        fn execute(&mut self, engine: &Engine<'_>, action: &Action) -> testing::Executed {
            Good.execute(engine, action)
        }
    }
    let empty = plan_in(&spec(), &State::default(), &mut Empty);
    assert_eq!((empty.outcome, empty.calls.len(), empty.attempt), ("empty", 0, None));
    let taken = plan_in(&unversioned(), &State::default(), &mut Taken);
    assert_eq!((taken.outcome, taken.calls.len()), ("refused", 0));
    assert!(taken.refusal.is_some_and(|refusal| refusal.hint.contains("{output}")));
}

#[test]
fn empty_objects_are_counted_in_a_note() {
    struct With(Vec<u64>);
    impl World for With {
        fn observe(&mut self, engine: &Engine<'_>, probe: &Probe) -> Result<Observation, CallError> {
            let Probe::Inputs = probe else { return Good.observe(engine, probe) };
            let object = |(index, size): (usize, &u64)| InputObject {
                key: format!("application-logs/2024/10/20/{index}.log"),
                size: *size,
                etag: "e".to_owned(),
            };
            Ok(Observation::Inputs(Listing::new(self.0.iter().enumerate().map(object).collect())))
        }

        fn execute(&mut self, engine: &Engine<'_>, action: &Action) -> testing::Executed {
            Good.execute(engine, action)
        }
    }
    let note = |sizes: &[u64]| {
        let plan = plan_in(&spec(), &State::default(), &mut With(sizes.to_vec()));
        (plan.outcome, plan.notes.into_iter().find(|note| note.contains("left out")))
    };
    assert_eq!(note(&[7]), ("succeeded", None));
    assert_eq!(note(&[7, 0]), ("succeeded", Some("1 empty object is left out".to_owned())));
    assert_eq!(note(&[0, 0, 0]), ("empty", Some("3 empty objects are left out".to_owned())));
}

#[test]
fn a_closed_day_is_planned_again_as_another_attempt() {
    let spec = spec();
    let mut engine = Engine::new(&spec);
    engine.drive(&mut Good);
    let plan = plan_in(&spec, &engine.state, &mut AllThere);
    assert_eq!(plan.attempt, Some(2));
    assert_eq!(plan.calls.first().map(|call| call.resource.as_str()), Some("emrys/web-logs/2024-10-20/a2"));
    assert!(
        plan.notes.iter().any(|note| note.contains("succeeded before, in attempt 1")),
        "{:?}",
        plan.notes
    );
}

#[test]
fn a_fixed_place_is_said_to_be_one() {
    let plan = plan_in(&unversioned(), &State::default(), &mut Good);
    assert!(plan.notes.iter().any(|note| note.contains("fixed place")), "{:?}", plan.notes);
    assert_eq!(plan.output.as_deref(), Some("s3://my-log-bucket/processed-logs/2024/10/20/"));
}

#[test]
fn trouble_with_a_question_is_told_and_not_planned_around() {
    let spec = spec();
    let planning =
        |seen: &Observations, at| plan(&spec, State::default(), seen.clone(), at, &Pace::AWS).expect("legal");
    let mut seen = Observations::default();
    let mut at = now();
    for _ in 0..2 {
        seen.absorb(&Probe::Inputs, at, Err(call_error(ErrorClass::Access)));
        seen.absorb(&Probe::Job, at, Ok(Observation::Job { unstaged: vec![] }));
        let Planning::Wait { until } = planning(&seen, at) else { panic!("{seen:?}") };
        assert!(until > at);
        at = until;
        assert_eq!(planning(&seen, at), Planning::Look(vec![Probe::Inputs]));
    }
    seen.absorb(&Probe::Inputs, at, Err(call_error(ErrorClass::Access)));
    assert!(matches!(planning(&seen, at), Planning::Leave(Leave::Access(_))));
}

#[test]
fn a_plan_says_which_failures_are_followed_by_another_attempt() {
    let choices = "[cluster.fleets.primary]\ntypes = [\"m5.xlarge\", \"m5a.xlarge\"]\nmarket = \"spot\"\n";
    let spec = crate::testing::spec_and(choices);
    let said = |plan: &Plan, words: &str| plan.guards.iter().any(|guard| guard.then.contains(words));
    let plan = plan_in(&spec, &State::default(), &mut Good);
    assert!(
        said(&plan, "attempt 2 (of 3 at most) follows, primary as m5a.xlarge first"),
        "{:#?}",
        plan.guards
    );
    assert!(said(&plan, "attempt 2 (of 3 at most) follows, primary and core on demand"));
    assert!(said(&plan, "attempt 2 (of 3 at most) follows, once, as it was"));
    let spec = crate::testing::spec_and("[limits]\nmax-attempts = 1\n");
    let plan = plan_in(&spec, &State::default(), &mut Good);
    assert!(said(&plan, "no other follows"), "{:#?}", plan.guards);
}

#[test]
fn a_plan_says_which_guards_stand() {
    let note = |plan: &Plan, words: &str| plan.notes.iter().any(|note| note.contains(words));
    let plan = plan_in(&guarded(), &State::default(), &mut Good);
    // 30 minutes to start, 60 to run, and the margin.
    assert!(note(&plan, "ends it 105 minutes after its launch"), "{:#?}", plan.notes);
    let scheduled: Vec<_> = plan
        .calls
        .iter()
        .filter(|call| call.service.name() == "scheduler")
        .map(|call| call.operation)
        .collect();
    assert_eq!(scheduled, ["CreateScheduleGroup", "CreateSchedule", "DeleteSchedule"]);
    let plan = plan_in(&spec(), &State::default(), &mut Good);
    assert!(note(&plan, "only a process of Emrys that watches"), "{:#?}", plan.notes);
}

#[test]
fn a_plan_says_what_is_published_and_what_is_not() {
    let note = |plan: &Plan| plan.notes.iter().find(|note| note.contains("publish")).cloned();
    let plan = plan_in(&spec(), &State::default(), &mut Good);
    assert_eq!(note(&plan).as_deref(), Some("nothing is published: there is no `[catalog]`"));
    let plan = plan_in(&published(), &State::default(), &mut Good);
    assert_eq!(note(&plan), None);
    let partitions: Vec<&str> = plan
        .calls
        .iter()
        .filter(|call| call.service.name() == "glue")
        .map(|call| call.resource.as_str())
        .collect();
    assert_eq!(partitions.len(), 6);
    assert_eq!(partitions[0], "logs.processed_logs/date=2024-10-20");
}

/// Publishing is refused for good.
struct Refusing;

impl World for Refusing {
    fn observe(&mut self, engine: &Engine<'_>, probe: &Probe) -> Result<Observation, CallError> {
        Good.observe(engine, probe)
    }

    fn execute(&mut self, engine: &Engine<'_>, action: &Action) -> testing::Executed {
        match action {
            Action::Publish(_) => testing::Executed::CallError(ErrorClass::Invalid),
            _ => Good.execute(engine, action),
        }
    }
}

#[test]
fn a_day_that_only_has_to_be_published_is_planned_without_a_launch() {
    let spec = published();
    let mut engine = Engine::new(&spec);
    engine.drive(&mut Refusing);
    let plan = plan_in(&spec, &engine.state, &mut Good);
    assert_eq!((plan.attempt, plan.outcome, plan.request), (Some(1), "succeeded", None));
    assert_eq!(plan.calls[0].service.name(), "glue");
    assert!(plan.notes.iter().any(|note| note.contains("no cluster is launched")), "{:?}", plan.notes);
}

#[test]
fn a_plan_says_that_output_of_earlier_attempts_goes_after_a_success() {
    let spec = published();
    let mut engine = Engine::new(&spec);
    let said = |engine: &Engine<'_>| {
        let notes = plan_in(&spec, &engine.state, &mut Good).notes;
        notes.iter().any(|note| note.contains("emrys gc --dry-run"))
    };
    engine.drive(&mut Good);
    assert!(!said(&engine), "the only attempt stays");
    engine.observations = crate::run::Observations::default();
    engine.append(crate::record::Event::Reopened { by: crate::record::Actor("someone".to_owned()) });
    engine.drive(&mut Good);
    assert!(said(&engine));
}

/// A reviewer is told of a step that no limit in the cluster ends.
#[test]
fn a_step_without_a_limit_of_its_own_is_told() {
    let told = |steps: &str| {
        let plan = plan_in(&crate::testing::spec_and(steps), &State::default(), &mut Good);
        let limit = plan.guards.into_iter().find(|guard| guard.when.starts_with("a step is not through"));
        limit.expect("each plan has one").then
    };
    assert!(!told("").contains("`script`"));
    let script = "[[steps]]\nname = \"tidy\"\nkind = \"script\"\nfile = \"s3://my-log-bucket/tidy.sh\"\n";
    assert!(told(script).contains("`script` and `jar` steps have no such command"));
}
