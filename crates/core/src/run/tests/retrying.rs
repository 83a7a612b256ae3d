//! What follows by itself on an attempt that failed.

use super::RetryCause::{BootstrapDownload, Capacity, EmrFault, InstancesLost};
use super::*;
use crate::emr::{ClusterState, ObservedCluster, Step};
use crate::record::{Actor, CallError, Choice, Event, Outcome};
use crate::run::testing::{Engine, Executed, Good, World, found, now, unversioned};
use crate::run::{Action, Observation, Probe};
use crate::testing::spec_and;

/// A pipeline that names more than one of everything.
const CHOICES: &str = r#"
[cluster.fleets.primary]
types = ["m5.xlarge", "m5a.xlarge"]
market = "spot"
[cluster.fleets.core]
types = ["m5.xlarge", "m5a.xlarge", "r5.xlarge"]
"#;

fn with_choices() -> Spec {
    spec_and(CHOICES)
}

fn step(state: &str) -> Step {
    Step {
        id: "s-1".to_owned(),
        name: "log-analysis".to_owned(),
        state: StepState::from(state.to_owned()),
        reason: Reason::default(),
    }
}

/// A cluster that is gone for this reason, with its one step in this state.
fn gone(code: &str, details: &[&str], message: &str, state: &str) -> Cluster {
    let details = details.iter().map(|code| (*code).to_owned()).collect();
    Cluster {
        id: "j-1".to_owned(),
        state: Some(ClusterState::TerminatedWithErrors),
        reason: Reason { code: code.to_owned(), message: message.to_owned(), details },
        moved_at: now(),
        has_instances: false,
        protected: false,
        unprotected_at: None,
        is_overdue: false,
        ready_at: None,
        ended_at: None,
        steps: vec![step(state)],
        steps_moved_at: None,
        terminate: None,
    }
}

/// Code, more exact codes, message, the step's state, and what is made of it.
type Failure = (&'static str, &'static [&'static str], &'static str, &'static str, Option<RetryCause>);

#[test]
fn the_fault_decides_whether_another_attempt_is_worth_it() {
    let table: [Failure; 24] = [
        ("INTERNAL_ERROR", &["INTERNAL_ERROR_EC2_INSUFFICIENT_CAPACITY_AZ"], "", "CANCELLED", Some(Capacity)),
        ("VALIDATION_ERROR", &["VALIDATION_ERROR_EC2_INSUFFICIENT_CAPACITY"], "", "PENDING", Some(Capacity)),
        ("INSTANCE_FLEET_TIMEOUT", &[], "", "CANCELLED", Some(Capacity)),
        (
            "VALIDATION_ERROR",
            &[],
            "We currently do not have sufficient m5.xlarge capacity in the Availability Zone",
            "CANCELLED",
            Some(Capacity),
        ),
        (
            "VALIDATION_ERROR",
            &[],
            "InsufficientInstanceCapacity: try another zone",
            "CANCELLED",
            Some(Capacity),
        ),
        ("INTERNAL_ERROR", &[], "EC2 is out of capacity", "CANCELLED", Some(Capacity)),
        // A mistake of the configuration is the same the next time.
        ("VALIDATION_ERROR", &[], "The subnet subnet-1 does not exist", "CANCELLED", None),
        ("VALIDATION_ERROR", &[], "TargetCapacity has to be positive", "CANCELLED", None),
        ("VALIDATION_ERROR", &[], "", "CANCELLED", None),
        // What says so came from the launch; a step that ran makes it something else.
        ("INSTANCE_FLEET_TIMEOUT", &[], "", "RUNNING", None),
        (
            "INTERNAL_ERROR",
            &["INTERNAL_ERROR_SPOT_PRICE_INCREASE_PRIMARY"],
            "",
            "INTERRUPTED",
            Some(InstancesLost),
        ),
        (
            "INTERNAL_ERROR",
            &["INTERNAL_ERROR_SPOT_NO_CAPACITY_PRIMARY"],
            "",
            "CANCELLED",
            Some(InstancesLost),
        ),
        ("INSTANCE_FAILURE", &[], "", "INTERRUPTED", Some(InstancesLost)),
        ("INSTANCE_FAILURE", &[], "", "RUNNING", Some(InstancesLost)),
        // The job itself failed, whatever made it fail.
        ("INSTANCE_FAILURE", &[], "", "FAILED", None),
        ("STEP_FAILURE", &[], "", "FAILED", None),
        ("INSTANCE_FAILURE", &[], "", "COMPLETED", None),
        (
            "BOOTSTRAP_FAILURE",
            &["BOOTSTRAP_FAILURE_BA_DOWNLOAD_FAILED_PRIMARY"],
            "",
            "CANCELLED",
            Some(BootstrapDownload),
        ),
        ("BOOTSTRAP_FAILURE", &["BOOTSTRAP_FAILURE_PRIMARY_WITH_NON_ZERO_CODE"], "", "CANCELLED", None),
        ("BOOTSTRAP_FAILURE", &["BOOTSTRAP_FAILURE_FILE_NOT_FOUND_PRIMARY"], "", "CANCELLED", None),
        ("INTERNAL_ERROR", &[], "", "CANCELLED", Some(EmrFault)),
        ("INTERNAL_ERROR", &[], "", "INTERRUPTED", None),
        // A person, or the cause is not known.
        ("USER_REQUEST", &[], "Terminated by user request", "CANCELLED", None),
        ("", &[], "", "CANCELLED", None),
    ];
    for (code, details, message, step, expected) in table {
        let cluster = gone(code, details, message, step);
        assert_eq!(cause(&cluster, true), expected, "{code} {details:?} {message} {step}");
    }
}

#[test]
fn an_end_of_our_own_is_a_fault_of_capacity_only_where_no_instance_came() {
    use TerminateReason::{Cancelled, Idle, RunDeadline, StartDeadline};
    let ended = |because, has_instances| {
        let cluster = gone("USER_REQUEST", &[], "", "CANCELLED");
        cause(&Cluster { terminate: Some((because, now())), has_instances, ..cluster }, true)
    };
    assert_eq!(ended(StartDeadline, false), Some(Capacity));
    assert_eq!(ended(StartDeadline, true), None, "its bootstrap took too long");
    for because in [Cancelled, RunDeadline, Idle] {
        assert_eq!(ended(because, false), None, "{because:?}");
    }
    // EMR had a reason of its own, and was first with it.
    let cluster = gone("BOOTSTRAP_FAILURE", &[], "", "CANCELLED");
    assert_eq!(cause(&Cluster { terminate: Some((StartDeadline, now())), ..cluster }, true), None);
}

#[test]
fn what_may_have_written_to_a_fixed_place_is_not_tried_again() {
    let lost = gone("INSTANCE_FAILURE", &[], "", "INTERRUPTED");
    assert_eq!(cause(&lost, true), Some(InstancesLost));
    assert_eq!(cause(&lost, false), None);
    assert_eq!(cause(&gone("INSTANCE_FLEET_TIMEOUT", &[], "", "CANCELLED"), false), Some(Capacity));
    let was_at_work = Cluster { ready_at: Some(now()), ..gone("INSTANCE_FAILURE", &[], "", "CANCELLED") };
    assert_eq!(cause(&was_at_work, false), None);
}

/// Clusters that end like these, attempt by attempt, and then good ones.
struct Ends(Vec<ObservedCluster>);

impl World for Ends {
    fn observe(&mut self, engine: &Engine<'_>, probe: &Probe) -> Result<Observation, CallError> {
        let attempt = engine.state.attempt().map_or(0, |attempt| attempt.number);
        let end = usize::try_from(attempt).ok().and_then(|number| self.0.get(number.checked_sub(1)?));
        match (probe, end) {
            (Probe::Cluster { .. }, Some(found)) => Ok(Observation::Cluster(found.clone())),
            _ => Good.observe(engine, probe),
        }
    }

    fn execute(&mut self, engine: &Engine<'_>, action: &Action) -> Executed {
        Good.execute(engine, action)
    }
}

fn end(code: &str, details: &[&str]) -> ObservedCluster {
    let cluster = gone(code, details, "", "CANCELLED");
    ObservedCluster {
        state: ClusterState::TerminatedWithErrors,
        reason: cluster.reason,
        protected: false,
        since: None,
        steps: cluster.steps,
    }
}

fn no_capacity() -> ObservedCluster {
    end("INSTANCE_FLEET_TIMEOUT", &[])
}

/// The choices of all launches that were made.
fn choices(engine: &Engine<'_>) -> Vec<(u32, bool)> {
    let launches = engine.actions.iter().filter_map(|action| match action {
        Action::Launch(intent) => Some((intent.choice.turn, intent.choice.on_demand)),
        _ => None,
    });
    launches.collect()
}

#[test]
fn without_capacity_the_next_choice_is_launched_until_there_is_some() {
    let spec = with_choices();
    let mut engine = Engine::new(&spec);
    let outcome = engine.drive(&mut Ends(vec![no_capacity(), end("INSTANCE_FAILURE", &[])]));
    assert_eq!(outcome, Outcome::Succeeded);
    assert_eq!(choices(&engine), [(0, false), (1, false), (1, true)]);
    let becauses: Vec<_> =
        engine.state.attempts.iter().map(|attempt| attempt.retry.map(|r| r.because)).collect();
    assert_eq!(becauses, [None, Some(Capacity), Some(InstancesLost)]);
    // The run is reported once, at its end, and the job is uploaded once.
    let count = |label| engine.actions.iter().filter(|action| action.label() == label).count();
    assert_eq!((count("publish the metrics"), count("upload the job")), (1, 1));
    let inputs: Vec<_> = engine.state.attempts.iter().map(|attempt| &attempt.inputs).collect();
    assert!(inputs.windows(2).all(|pair| pair[0] == pair[1]), "it reads what was pinned");
    let nonces: std::collections::BTreeSet<_> =
        engine.state.attempts.iter().filter_map(Attempt::intent).map(|intent| &intent.nonce).collect();
    assert_eq!(nonces.len(), 3);
}

#[test]
fn attempts_are_capped_and_every_one_counts() {
    let spec = spec_and(&format!("[limits]\nmax-attempts = 3\n{CHOICES}"));
    let mut engine = Engine::new(&spec);
    let outcome = engine.drive(&mut Ends(vec![no_capacity(); 9]));
    assert_eq!((outcome, engine.state.attempts.len()), (Outcome::Failed, 3));
    let diagnosis = engine.state.attempt().and_then(|attempt| attempt.diagnosis.as_ref());
    assert!(diagnosis.is_some_and(|diagnosis| diagnosis.summary.contains("INSTANCE_FLEET_TIMEOUT")));
}

/// A high `max-attempts` lets people run a day often. It does not let Emrys launch so many clusters by itself.
#[test]
fn three_attempts_follow_by_themselves_and_more_only_when_somebody_asks() {
    let spec = spec_and(&format!("[limits]\nmax-attempts = 1000\n{CHOICES}"));
    let mut engine = Engine::new(&spec);
    let mut world = Ends(vec![no_capacity(); 99]);
    assert_eq!(engine.drive(&mut world), Outcome::Failed);
    assert_eq!(engine.state.attempts.len(), 4);
    engine.append(Event::Reopened { by: Actor("ann".to_owned()) });
    assert_eq!(engine.drive(&mut world), Outcome::Failed);
    assert_eq!(engine.state.attempts.len(), 8);
}

#[test]
fn the_same_attempt_is_repeated_once_in_a_row() {
    // One type and one subnet: there is no next choice.
    let spec = crate::testing::spec_and("[limits]\nmax-attempts = 9\n");
    let download = || end("BOOTSTRAP_FAILURE", &["BOOTSTRAP_FAILURE_BA_DOWNLOAD_FAILED_PRIMARY"]);
    for (ends, attempts) in [
        (vec![no_capacity(); 9], 2),
        (vec![download(); 9], 2),
        (vec![end("INSTANCE_FAILURE", &[]); 9], 2),
        // Another cause in between, and the same one may come again: until the cap.
        (vec![no_capacity(), download(), no_capacity(), download(), download()], 4),
    ] {
        let mut engine = Engine::new(&spec);
        assert_eq!(engine.drive(&mut Ends(ends)), Outcome::Failed);
        assert_eq!(engine.state.attempts.len(), attempts);
    }
}

/// Neither a step's failure nor a cancel is followed by anything.
#[test]
fn a_failed_job_and_a_cancelled_run_are_not_tried_again() {
    let spec = with_choices();
    let mut failed = no_capacity();
    failed.steps[0].state = StepState::Failed;
    let mut engine = Engine::new(&spec);
    assert_eq!(engine.drive(&mut Ends(vec![failed])), Outcome::Failed);
    assert_eq!(engine.state.attempts.len(), 1);

    let mut engine = Engine::new(&spec);
    let mut world = Ends(vec![no_capacity()]);
    while engine.state.attempt().is_none_or(|attempt| attempt.ended.is_none()) {
        engine.turn(&mut world);
    }
    engine.append(Event::CancelRequested { by: Actor("someone".to_owned()) });
    assert_eq!(engine.drive(&mut world), Outcome::Failed);
    assert_eq!(engine.state.attempts.len(), 1);
}

#[test]
fn an_operators_own_attempt_begins_as_configured() {
    let spec = with_choices();
    let mut engine = Engine::new(&spec);
    engine.drive(&mut Ends(vec![no_capacity()]));
    engine.append(Event::Reopened { by: Actor("someone".to_owned()) });
    engine.observations = crate::run::Observations::default();
    assert_eq!(engine.drive(&mut Good), Outcome::Succeeded);
    assert_eq!(choices(&engine), [(0, false), (1, false), (0, false)]);
}

/// Clusters that stay in STARTING until they are ended.
struct Endless;
impl World for Endless {
    fn observe(&mut self, engine: &Engine<'_>, probe: &Probe) -> Result<Observation, CallError> {
        let is_asked = engine.state.attempt().and_then(|a| a.cluster()?.terminate).is_some();
        match probe {
            Probe::Cluster { .. } if is_asked => Ok(Observation::Cluster(end("USER_REQUEST", &[]))),
            Probe::Cluster { .. } => Ok(Observation::Cluster(found("STARTING", "PENDING"))),
            _ => Good.observe(engine, probe),
        }
    }

    fn execute(&mut self, engine: &Engine<'_>, action: &Action) -> Executed {
        Good.execute(engine, action)
    }
}

#[test]
fn an_endless_start_ends_with_the_last_attempt() {
    let spec = spec_and(&format!("[limits]\nstart-minutes = 30\nmax-attempts = 2\n{CHOICES}"));
    let mut engine = Engine::new(&spec);
    assert_eq!(engine.drive(&mut Endless), Outcome::Failed);
    assert_eq!(choices(&engine), [(0, false), (1, false)]);
    let took = engine.now.duration_since(now());
    assert!(
        took >= jiff::SignedDuration::from_mins(60) && took < jiff::SignedDuration::from_mins(65),
        "{took}"
    );
}

#[test]
fn an_unversioned_job_is_tried_again_only_where_no_step_can_have_run() {
    let spec = unversioned();
    let mut engine = Engine::new(&spec);
    let mut lost = end("INSTANCE_FAILURE", &[]);
    lost.steps[0].state = StepState::Interrupted;
    assert_eq!(engine.drive(&mut Ends(vec![no_capacity(), lost])), Outcome::Failed);
    assert_eq!(engine.state.attempts.len(), 2);
}

#[test]
fn a_choice_goes_round_and_a_single_one_stays() {
    let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let turn = |turn| Choice { turn, on_demand: false };
    assert_eq!(turn(0).rotate(&list(&["a", "b", "c"])), ["a", "b", "c"]);
    assert_eq!(turn(1).rotate(&list(&["a", "b", "c"])), ["b", "c", "a"]);
    assert_eq!(turn(4).rotate(&list(&["a", "b", "c"])), ["b", "c", "a"]);
    assert_eq!(turn(3).rotate(&list(&["a"])), ["a"]);
    assert!(turn(3).rotate(&[]).is_empty());
    assert_eq!(turn(0).subnets(&list(&["x", "y"])), ["x", "y"], "EMR chooses");
    assert_eq!(turn(1).subnets(&list(&["x", "y"])), ["y"]);
    assert_eq!(turn(2).subnets(&list(&["x", "y"])), ["x"]);
    assert_eq!(turn(2).subnets(&list(&["x"])), ["x"]);
}
