//! What holds for every history and every world.

use crate::record::{
    Actor, AttemptResult, CallError, Choice, Diagnosis, Effect, ErrorClass, Event, LateLaunch, LaunchIntent,
    Outcome, PinnedInputs, Problem, Recorded, Refusal, Removal, Reported, TerminateReason, Verdict,
};
use jiff::SignedDuration;
use proptest::prelude::*;

use super::testing::{
    Engine, Executed, Good, Turn, World, call_error, found, guarded, job_uris, listing, log, now, output,
    published, spec,
};
use super::*;
use crate::emr::{ClusterState, ObservedCluster, Reason, Step, StepState};
use crate::inputs::Listing;
use crate::pace::Pace;
use crate::verify::{ObservedManifest, Output};

const CLUSTER_STATES: [&str; 8] = [
    "STARTING",
    "BOOTSTRAPPING",
    "RUNNING",
    "WAITING",
    "TERMINATING",
    "TERMINATED",
    "TERMINATED_WITH_ERRORS",
    "RESTING",
];
const STEP_STATES: [&str; 8] =
    ["PENDING", "CANCEL_PENDING", "RUNNING", "COMPLETED", "CANCELLED", "FAILED", "INTERRUPTED", "DREAMING"];
const CODES: [&str; 5] = ["", "INSTANCE_FLEET_TIMEOUT", "INSTANCE_FAILURE", "INTERNAL_ERROR", "USER_REQUEST"];
const KINDS: [ErrorClass; 5] = [
    ErrorClass::Throttled,
    ErrorClass::Unreachable,
    ErrorClass::Access,
    ErrorClass::Clock,
    ErrorClass::Invalid,
];

/// A world that answers as the tape says, and well once the tape is at its end: so every run comes to one.
struct Tape {
    choices: std::vec::IntoIter<u8>,
}

impl Tape {
    fn new(choices: Vec<u8>) -> Self {
        Self { choices: choices.into_iter() }
    }

    /// 0 is good.
    fn choose(&mut self, among: u8) -> u8 {
        self.choices.next().unwrap_or(0) % among
    }

    fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        let count = u8::try_from(among.len()).expect("few");
        among[usize::from(self.choose(count))]
    }

    fn cluster(&mut self) -> ObservedCluster {
        let steps = (0..self.choose(3)).map(|at| Step {
            // The same id may come twice: nothing that EMR says may break the record.
            id: format!("s-{}", self.choose(2) + at % 2),
            name: "log-analysis".to_owned(),
            state: StepState::from(self.pick(&STEP_STATES).to_owned()),
            reason: Reason::default(),
        });
        let steps = steps.collect();
        let state = ClusterState::from(self.pick(&CLUSTER_STATES).to_owned());
        let reason = Reason { code: self.pick(&CODES).to_owned(), ..Reason::default() };
        let since = (self.choose(4) == 1).then(|| SignedDuration::from_hours(self.choose(8).into()));
        ObservedCluster { state, reason, protected: self.choose(4) == 1, since, steps }
    }
}

impl World for Tape {
    fn observe(&mut self, engine: &Engine<'_>, probe: &Probe) -> Result<Observation, CallError> {
        match self.choose(4) {
            0 => Good.observe(engine, probe),
            1 => Err(call_error(self.pick(&KINDS))),
            _ => Ok(match probe {
                Probe::Inputs if self.choose(4) == 1 => Observation::Inputs(Listing::new(vec![])),
                Probe::Inputs => Observation::Inputs(listing()),
                Probe::Job => Observation::Job { unstaged: job_uris(engine.spec).split_off(1) },
                Probe::Preflight => Observation::Preflight(Vec::new()),
                Probe::OutputFolder => Observation::OutputFolder { taken: true },
                Probe::Launch { .. } => Observation::Launch {
                    clusters: (0..self.choose(4)).map(|at| format!("j-{at}")).collect(),
                },
                Probe::LateLaunches { nonces, .. } => {
                    let found = nonces.iter().take(self.choose(3).into());
                    let found = found.enumerate().map(|(at, nonce)| LateLaunch {
                        nonce: nonce.clone(),
                        cluster: format!("j-late-{at}"),
                    });
                    Observation::LateLaunches { found: found.collect() }
                }
                Probe::Protection { .. } => Observation::Protection { protected: true },
                Probe::GuardGroup => Observation::GuardGroup { there: true },
                Probe::Guard { .. } => Observation::Guard { exists: false },
                Probe::Cluster { .. } => Observation::Cluster(self.cluster()),
                Probe::Output { .. } => {
                    Observation::Output(Output { manifest: ObservedManifest::Absent, ..output(engine) })
                }
                Probe::StepLog { .. } => Observation::StepLog(vec![log(&["ValueError: x"])]),
                Probe::Catalog => Observation::Catalog(crate::catalog::tables(&engine.spec.config)),
                Probe::Alarm => Observation::Alarm { current: true },
            }),
        }
    }

    fn execute(&mut self, _engine: &Engine<'_>, _action: &Action) -> Executed {
        match self.choose(4) {
            1 => Executed::CallError(self.pick(&KINDS)),
            2 => Executed::Unclear,
            _ => Executed::Done,
        }
    }
}

/// An action that is decided is decided without observations, too: they make none. Where a limit asks for it, the
/// cluster is observed first.
fn assert_observations_make_no_action(engine: &Engine<'_>) {
    let blind = decide(engine.spec, &engine.state, &Observations::default(), engine.now, &Pace::AWS);
    if let Decision::Execute(action) = engine.decision() {
        if action.rests_on_a_limit() && matches!(blind, Decision::Observe(_)) {
            return;
        }
        assert_eq!(blind, Decision::Execute(action));
    }
}

fn replay(record: &[Recorded]) -> State {
    let mut state = State::default();
    for recorded in record {
        let text = serde_json::to_string(recorded).expect("an event is JSON");
        let read: Recorded = serde_json::from_str(&text).expect("and is read again");
        assert_eq!(&read, recorded);
        state.apply(&read).expect("what was recorded is legal");
    }
    state
}

fn events() -> impl Strategy<Value = Event> {
    let id = || prop_oneof![Just("1".to_owned()), Just("2".to_owned())];
    let state = proptest::sample::select(&CLUSTER_STATES[..]);
    let step = proptest::sample::select(&STEP_STATES[..]);
    let intent = (1..3_u32, id()).prop_map(|(attempt, nonce)| LaunchIntent {
        attempt,
        nonce,
        choice: Choice::default(),
    });
    let reported = prop_oneof![Just(Reported::Metrics), Just(Reported::Alarm)];
    let results = [AttemptResult::Succeeded, AttemptResult::Failed, AttemptResult::Cancelled];
    let outcomes =
        [Outcome::Succeeded, Outcome::Failed, Outcome::Empty, Outcome::Cancelled, Outcome::Refused];
    let classes = [ErrorClass::Throttled, ErrorClass::Access, ErrorClass::Clock, ErrorClass::Invalid];
    let because = || TerminateReason::Cancelled;
    let effect = prop_oneof![
        Just(Effect::JobStaged),
        id().prop_map(|cluster| Effect::Launched { cluster }),
        id().prop_map(move |cluster| Effect::TerminateRequested { cluster, because: because() }),
        id().prop_map(|cluster| Effect::Unprotected { cluster }),
        Just(Effect::GuardCreated { until: now() }),
        Just(Effect::GuardRemoved),
        (1..3_u32).prop_map(|attempt| Effect::Published { attempt }),
        Just(Effect::MetricsPublished),
        Just(Effect::AlarmPut),
    ];
    prop_oneof![
        id().prop_map(|ledger| Event::Opened { ledger }),
        (1..3_u32, any::<bool>()).prop_map(|(attempt, staged)| started(attempt, staged)),
        Just(Event::AttemptRefused { because: Refusal::AttemptsUsedUp { attempts: 3 } }),
        intent.prop_map(Event::LaunchIntended),
        effect.prop_map(|effect| Event::ActionFinished { effect }),
        proptest::sample::select(classes.to_vec())
            .prop_map(|class| Event::LaunchRefused { error: refused(class) }),
        Just(Event::LaunchUnclear { why: String::new() }),
        (id(), proptest::collection::vec(id(), 0..3))
            .prop_map(|(nonce, clusters)| Event::LaunchResolved { nonce, clusters }),
        state.prop_map(|state| Event::ClusterStateChanged {
            state: ClusterState::from(state.to_owned()),
            reason: Reason::default(),
            seconds_ago: None,
        }),
        (id(), step).prop_map(|(id, state)| Event::StepStateChanged {
            name: format!("step {id}"),
            id,
            state: StepState::from(state.to_owned()),
            reason: Reason::default(),
        }),
        (id(), id()).prop_map(|(nonce, cluster)| Event::LateLaunchesChecked {
            found: vec![LateLaunch { nonce, cluster }]
        }),
        id().prop_map(|cluster| Event::DuplicateProtected { cluster }),
        any::<bool>().prop_map(|there| Event::GuardGroupChecked { there }),
        Just(Event::GuardLost),
        Just(Event::GuardGivenUp { why: String::new() }),
        any::<bool>().prop_map(|protected| Event::ProtectionChanged { protected }),
        Just(Event::TerminationOverdue { seconds: 1_800 }),
        any::<bool>().prop_map(|good| Event::Verified { verdict: verdict(good) }),
        Just(Event::Diagnosed { diagnosis: diagnosis() }),
        Just(Event::CancelRequested { by: Actor("someone".to_owned()) }),
        proptest::sample::select(results.to_vec()).prop_map(|result| Event::AttemptEnded { result }),
        (1..3_u32).prop_map(|attempt| Event::PublishIntended {
            attempt,
            by: None,
            database: "logs".to_owned()
        }),
        (1..3_u32).prop_map(|attempt| Event::PublishGivenUp { attempt, why: String::new() }),
        (1..3_u32).prop_map(|other| Event::CatalogDrifted {
            tables: vec!["errors".to_owned()],
            attempts: vec![other],
            database: "logs".to_owned(),
        }),
        Just(Event::DayExpiring),
        Just(Event::DayExpired),
        (1..3_u32, removal()).prop_map(|(attempt, because)| Event::DeletingOutput { attempt, because }),
        (1..3_u32).prop_map(|attempt| Event::OutputDeleted { attempt, objects: 1, bytes: 1 }),
        any::<bool>().prop_map(|current| Event::AlarmChecked { current }),
        reported.prop_map(|what| Event::ReportGivenUp { what, why: String::new() }),
        proptest::sample::select(outcomes.to_vec()).prop_map(|outcome| Event::Closed { outcome }),
        Just(Event::Reopened { by: Actor("someone".to_owned()) }),
    ]
}

fn removal() -> impl Strategy<Value = Removal> {
    proptest::sample::select(&[Removal::Superseded, Removal::Unverified, Removal::Expired][..])
}

fn started(attempt: u32, staged: bool) -> Event {
    let unstaged = if staged { vec![] } else { vec!["s3://my-log-bucket/job.py".to_owned()] };
    let inputs = PinnedInputs { digest: "0".repeat(64), uri: String::new(), objects: 1, bytes: 1 };
    Event::AttemptStarted { attempt, inputs, unstaged, retry: None }
}

fn refused(class: ErrorClass) -> CallError {
    CallError { class, code: "SomeCode".to_owned(), message: "no".to_owned() }
}

fn verdict(good: bool) -> Verdict {
    let problems = if good { vec![] } else { vec![Problem::ManifestAbsent] };
    Verdict { problems, ..Verdict::default() }
}

fn diagnosis() -> Diagnosis {
    Diagnosis { summary: "because".to_owned(), lines: vec![], log: None, hint: None }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the world answers: no event is illegal, nothing spins, no observation makes an action, and the run
    /// comes to its end. The engine of the tests asserts the first two.
    #[test]
    fn every_world_leads_to_an_end(
        choices in proptest::collection::vec(any::<u8>(), 0..200),
        kind in 0..3_u8,
    ) {
        let spec = match kind { 0 => guarded(), 1 => published(), _ => spec() };
        let mut engine = Engine::new(&spec);
        let mut world = Tape::new(choices);
        for _ in 0..300 {
            assert_observations_make_no_action(&engine);
            engine.turn(&mut world);
        }
        engine.drive(&mut world);
        prop_assert_eq!(&replay(&engine.record), &engine.state);
        let mut accepted = 0;
        for recorded in &engine.record {
            match &recorded.event {
                Event::AttemptStarted { .. } => accepted = 0,
                Event::ActionFinished { effect: Effect::Launched { .. } } => accepted += 1,
                Event::LaunchResolved { clusters, .. } if !clusters.is_empty() => accepted += 1,
                _ => {}
            }
            prop_assert!(accepted <= 1, "one cluster of an attempt is ever accepted");
        }
        let attempts = u32::try_from(engine.state.attempts.len()).expect("few");
        prop_assert!(attempts <= spec.config.limits.max_attempts);
    }

    /// A process may die after each recorded event; the next one knows the record, and has observed nothing.
    #[test]
    fn a_run_goes_on_from_every_event(
        choices in proptest::collection::vec(any::<u8>(), 0..60),
        is_published in any::<bool>(),
    ) {
        let spec = if is_published { published() } else { guarded() };
        let mut whole = Engine::new(&spec);
        whole.drive(&mut Tape::new(choices));
        for cut in 1..=whole.record.len() {
            let mut resumed = Engine::new(&spec);
            resumed.record = whole.record[..cut].to_vec();
            resumed.state = replay(&resumed.record);
            resumed.now = whole.now;
            let outcome = resumed.drive(&mut Good);
            prop_assert_eq!(&replay(&resumed.record), &resumed.state);
            prop_assert_eq!(crate::report::outcome(&resumed.state), Some(outcome));
        }
    }

    /// Whatever is recorded, legal or not: the fold never panics, an illegal event changes nothing, and every state
    /// has a decision that would be legal.
    #[test]
    fn the_fold_is_total(
        events in proptest::collection::vec(events(), 0..40),
        hours in 0..100_i64,
        is_published in any::<bool>(),
    ) {
        let spec = if is_published { published() } else { spec() };
        let mut state = State::default();
        let later = now().checked_add(jiff::SignedDuration::from_hours(hours)).expect("in range");
        for event in events {
            let before = state.clone();
            let recorded = Recorded { seq: state.seq() + 1, at: now(), fence: 1, event };
            if state.apply(&recorded).is_err() {
                prop_assert_eq!(&state, &before);
            } else {
                prop_assert_eq!(state.seq(), before.seq() + 1);
            }
            for at in [now(), later] {
                match decide(&spec, &state, &Observations::default(), at, &Pace::AWS) {
                    Decision::Record(events) => {
                        let mut next = state.clone();
                        for event in events {
                            let seq = next.seq() + 1;
                            next.apply(&Recorded { seq, at, fence: 1, event }).expect("legal");
                        }
                    }
                    Decision::Wait { until, .. } => prop_assert!(until > at),
                    Decision::Observe(probes) => prop_assert!(!probes.is_empty()),
                    _ => {}
                }
            }
        }
    }

    /// A gap, a repetition or an older fence is refused, whatever the event is.
    #[test]
    fn the_order_of_the_record_is_kept(event in events(), seq in 0..6_u64, fence in 0..6_u64) {
        let spec = spec();
        let mut engine = Engine::new(&spec);
        engine.turn(&mut Good);
        engine.turn(&mut Good);
        let (mut state, before) = (engine.state.clone(), engine.state.clone());
        let result = state.apply(&Recorded { seq, at: now(), fence, event });
        if seq != before.seq() + 1 || fence < before.fence() {
            let is_refused =
                matches!(result, Err(IllegalEvent::OutOfSequence { .. } | IllegalEvent::OldFence { .. }));
            prop_assert!(is_refused);
            prop_assert_eq!(state, before);
        }
    }
}

/// Each state of a cluster with each state of a step, those of a later API too: a decision, and none that takes the
/// unknown for an end or for a success.
#[test]
fn every_state_of_cluster_and_step_has_a_decision() {
    let spec = spec();
    for cluster in CLUSTER_STATES {
        for step in STEP_STATES {
            let mut engine = Engine::new(&spec);
            let mut world = Always(found(cluster, step));
            let mut last = Turn::Worked;
            for _ in 0..40 {
                last = engine.turn(&mut world);
            }
            let ends = engine.events().contains(&"attempt_ended".to_owned());
            let is_gone = cluster.starts_with("TERMINATED");
            assert_eq!(ends, is_gone, "{cluster} {step} {last:?}");
            let succeeded = engine.state.outcome() == Some(Outcome::Succeeded);
            assert_eq!(succeeded, is_gone && step == "COMPLETED", "{cluster} {step}");
        }
    }
}

/// A cluster that is always observed like this, and otherwise the good world.
struct Always(ObservedCluster);

impl World for Always {
    fn observe(&mut self, engine: &Engine<'_>, probe: &Probe) -> Result<Observation, CallError> {
        match probe {
            Probe::Cluster { .. } => Ok(Observation::Cluster(self.0.clone())),
            _ => Good.observe(engine, probe),
        }
    }

    fn execute(&mut self, engine: &Engine<'_>, action: &Action) -> Executed {
        Good.execute(engine, action)
    }
}
