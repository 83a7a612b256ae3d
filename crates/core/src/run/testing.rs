//! What the tests of the core share: specs, events, and an engine without AWS.

use crate::record::{CallError, Counts, Effect, ErrorClass, Event, Outcome, Recorded, Rows};
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::day::Day;
use crate::diagnosis::StepLog;
use crate::emr::{ClusterState, ObservedCluster, Reason, Step, StepState};
use crate::inputs::{InputObject, Listing};
use crate::manifest::{Job, Manifest};
use crate::pace::Pace;
use crate::spec::Spec;
use crate::testing;
use crate::verify::{ObservedManifest, Output};

/// Limits that tests can count with.
const LIMITS: &str = "[limits]\nstart-minutes = 30\nrun-minutes = 60\nmax-attempts = 3\n";

/// The run's day; [`NOW`] is the night after.
pub(crate) const DAY: &str = "2024-10-20";

/// When everything begins.
pub(crate) const NOW: &str = "2024-10-21T03:00:00Z";

pub(crate) fn now() -> Timestamp {
    NOW.parse().expect("a timestamp")
}

pub(crate) fn day() -> Day {
    DAY.parse().expect("a day")
}

/// With the built-in job: versioned, and it leaves a manifest.
pub(crate) fn spec() -> Spec {
    testing::spec_and(LIMITS)
}

/// With a guard outside the cluster.
pub(crate) fn guarded() -> Spec {
    testing::spec_and(&format!(
        "{LIMITS}\n[guard]\nscheduler-role = \"arn:aws:iam::123456789012:role/emrys-guard\"\n"
    ))
}

/// With a catalog that the results are published to.
pub(crate) fn published() -> Spec {
    testing::spec_and(&format!("{LIMITS}\n[catalog]\ndatabase = \"logs\"\n"))
}

/// With a user's script that takes no `{output}`.
pub(crate) fn unversioned() -> Spec {
    testing::spec_and(&format!("{LIMITS}\n[job]\nscript = \"main.py\"\n"))
}

pub(crate) fn listing() -> Listing {
    let object = |name: &str, size| InputObject {
        key: format!("application-logs/2024/10/20/{name}"),
        size,
        etag: format!("etag-of-{name}"),
    };
    Listing::new(vec![object("access.log", 1000), object("error.log", 24)])
}

/// The addresses of all job files.
pub(crate) fn job_uris(spec: &Spec) -> Vec<String> {
    spec.job().into_iter().flat_map(crate::job::Job::files).map(|file| file.uri.to_string()).collect()
}

pub(crate) fn manifest(run: &str) -> Manifest {
    Manifest {
        version: 1,
        job: Job { name: "log_analysis".to_owned(), version: "1.0.0".to_owned() },
        spark_version: "3.5.6-amzn-2".to_owned(),
        run: run.to_owned(),
        day: day(),
        format: "parquet".to_owned(),
        started_at: now(),
        finished_at: now(),
        rows: Rows { read: 100, parsed: 98, rejected: 2 },
        counts: Counts { access: 90, errors: 8, error_responses: 3 },
        tables: vec![],
    }
}

pub(crate) fn call_error(class: ErrorClass) -> CallError {
    CallError { class, code: "SomeCode".to_owned(), message: "some message".to_owned() }
}

/// A cluster in this state, and its one step in that.
pub(crate) fn found(cluster: &str, step: &str) -> ObservedCluster {
    ObservedCluster {
        state: ClusterState::from(cluster.to_owned()),
        reason: Reason { code: "ITS_CODE".to_owned(), ..Reason::default() },
        protected: false,
        since: None,
        steps: vec![Step {
            id: "s-1".to_owned(),
            name: "log-analysis".to_owned(),
            state: StepState::from(step.to_owned()),
            reason: Reason::default(),
        }],
    }
}

/// A cluster whose step runs at the first observation, and has ended at the next.
pub(crate) fn observed_cluster(engine: &Engine<'_>) -> ObservedCluster {
    let cluster = engine.state.attempt().and_then(|attempt| attempt.cluster());
    match cluster.and_then(|cluster| cluster.state.as_ref()) {
        None => found("RUNNING", "RUNNING"),
        Some(_) => found("TERMINATED", "COMPLETED"),
    }
}

/// How a world lets an action end.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Executed {
    /// It is done.
    Done,
    /// It fails; a launch is refused with the class that fits.
    CallError(ErrorClass),
    /// The answer is lost; only a launch has this.
    Unclear,
}

/// What answers in the place of AWS.
pub(crate) trait World {
    fn observe(&mut self, engine: &Engine<'_>, probe: &Probe) -> Result<Observation, CallError>;
    fn execute(&mut self, engine: &Engine<'_>, action: &Action) -> Executed;
}

/// The engine's loop over a [`World`], without a ledger, a lease or a clock of its own.
pub(crate) struct Engine<'a> {
    pub(crate) spec: &'a Spec,
    pub(crate) state: State,
    pub(crate) observations: Observations,
    pub(crate) now: Timestamp,
    pub(crate) record: Vec<Recorded>,
    pub(crate) actions: Vec<Action>,
}

/// What one turn of the loop did.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Turn {
    Worked,
    Waited,
    Left(Leave),
    Done(Outcome),
}

impl<'a> Engine<'a> {
    pub(crate) fn new(spec: &'a Spec) -> Self {
        let (record, actions) = (Vec::new(), Vec::new());
        let mut engine = Self {
            spec,
            state: State::default(),
            observations: Observations::default(),
            now: now(),
            record,
            actions,
        };
        engine.append(Event::Opened { ledger: "0123456789abcdef".to_owned() });
        engine
    }

    pub(crate) fn decision(&self) -> Decision {
        decide(self.spec, &self.state, &self.observations, self.now, &Pace::AWS)
    }

    pub(crate) fn append(&mut self, event: Event) {
        let recorded = Recorded { seq: self.state.seq() + 1, at: self.now, fence: 1, event };
        self.state.apply(&recorded).expect("what is decided is legal");
        self.record.push(recorded);
    }

    pub(crate) fn pass(&mut self, time: SignedDuration) {
        self.now = self.now.checked_add(time).expect("time goes on");
    }

    pub(crate) fn turn(&mut self, world: &mut impl World) -> Turn {
        match self.decision() {
            Decision::Observe(probes) => {
                assert!(!probes.is_empty(), "there is something to observe");
                for probe in probes {
                    let observation = world.observe(self, &probe);
                    self.observations.absorb(&probe, self.now, observation);
                }
            }
            Decision::Record(events) => {
                assert!(!events.is_empty(), "a record holds something");
                for event in events {
                    self.append(event);
                }
            }
            Decision::Renew => self.state.renewed_at = Some(self.now),
            Decision::Execute(action) => {
                if let Action::Launch(intent) = &action {
                    self.append(Event::LaunchIntended(intent.clone()));
                }
                let action_ended = world.execute(self, &action);
                self.finish(&action, action_ended);
                self.actions.push(action);
            }
            Decision::Wait { until, .. } => {
                assert!(until > self.now, "a wait is in the future");
                let renewal = renewal_due(&self.state, &Pace::AWS);
                self.now = renewal.map_or(until, |due| until.min(due));
                return Turn::Waited;
            }
            Decision::Leave(leave) => return Turn::Left(leave),
            Decision::Done(outcome) => return Turn::Done(outcome),
        }
        Turn::Worked
    }

    fn finish(&mut self, action: &Action, action_ended: Executed) {
        let is_launch = matches!(action, Action::Launch(_));
        match action_ended {
            Executed::Done => {
                self.observations.action_ended(action, self.now, Ok(()));
                let effect = action.effect().unwrap_or_else(|| launched(&self.state));
                self.append(Event::ActionFinished { effect });
            }
            Executed::Unclear if is_launch => {
                self.append(Event::LaunchUnclear { why: "no answer".to_owned() });
            }
            Executed::Unclear => {
                self.observations.action_ended(action, self.now, Err(call_error(ErrorClass::Unreachable)));
            }
            Executed::CallError(kind) if is_launch => {
                // Without an answer a launch is unclear, and never refused.
                let class = if kind == ErrorClass::Unreachable { ErrorClass::Throttled } else { kind };
                let error = CallError { class, code: "SomeCode".to_owned(), message: "no".to_owned() };
                self.append(Event::LaunchRefused { error });
            }
            Executed::CallError(kind) => {
                self.observations.action_ended(action, self.now, Err(call_error(kind)));
            }
        }
    }

    /// Turns until the run is over. After a leave it comes back an hour later, without observations.
    pub(crate) fn drive(&mut self, world: &mut impl World) -> Outcome {
        let (mut idle, mut turns) = (0, 0);
        loop {
            turns += 1;
            assert!(turns < 20_000, "the run comes to no end: {:?}", self.state);
            match self.turn(world) {
                Turn::Worked => idle += 1,
                Turn::Waited => idle = 0,
                Turn::Left(_) => {
                    self.observations = Observations::default();
                    self.pass(SignedDuration::from_hours(1));
                    idle = 0;
                }
                Turn::Done(outcome) => return outcome,
            }
            assert!(idle < 60, "it spins: {:?}", self.decision());
        }
    }

    /// The names of the recorded events.
    pub(crate) fn events(&self) -> Vec<String> {
        let name = |recorded: &Recorded| {
            let value = serde_json::to_value(&recorded.event).expect("an event is JSON");
            value["type"].as_str().expect("an event has a type").to_owned()
        };
        self.record.iter().map(name).collect()
    }
}

/// The cluster of an attempt: one for each.
fn launched(state: &State) -> Effect {
    let attempt = state.attempt().expect("an attempt is at hand");
    Effect::Launched { cluster: format!("j-{}", attempt.number) }
}

/// The world in which everything succeeds.
pub(crate) struct Good;

impl World for Good {
    fn observe(&mut self, engine: &Engine<'_>, probe: &Probe) -> Result<Observation, CallError> {
        Ok(match probe {
            Probe::Inputs => Observation::Inputs(listing()),
            Probe::Job => Observation::Job { unstaged: job_uris(engine.spec) },
            Probe::Preflight => Observation::Preflight(Vec::new()),
            Probe::OutputFolder => Observation::OutputFolder { taken: false },
            Probe::Launch { .. } => Observation::Launch { clusters: vec!["j-1".to_owned()] },
            Probe::LateLaunches { .. } => Observation::LateLaunches { found: Vec::new() },
            Probe::Protection { .. } => Observation::Protection { protected: false },
            Probe::GuardGroup => Observation::GuardGroup { there: false },
            Probe::Guard { .. } => Observation::Guard { exists: true },
            Probe::Cluster { .. } => Observation::Cluster(found("TERMINATED", "COMPLETED")),
            Probe::Output { .. } => Observation::Output(output(engine)),
            Probe::StepLog { .. } => Observation::StepLog(Vec::new()),
            Probe::Catalog => Observation::Catalog(crate::catalog::tables(&engine.spec.config)),
            Probe::Alarm => Observation::Alarm { current: false },
        })
    }

    fn execute(&mut self, _engine: &Engine<'_>, _action: &Action) -> Executed {
        Executed::Done
    }
}

/// What a job that succeeded wrote.
pub(crate) fn output(engine: &Engine<'_>) -> Output {
    let intent = engine.state.attempt().and_then(Attempt::intent).expect("a launch was made");
    let manifest = manifest(&engine.spec.run_id(intent));
    Output {
        manifest: ObservedManifest::Present(Box::new(manifest)),
        files: vec![crate::verify::OutputFile {
            path: "manifest.json".to_owned(),
            size: 900,
            written_at: now(),
        }],
    }
}

pub(crate) fn log(lines: &[&str]) -> StepLog {
    StepLog {
        uri: "s3://my-log-bucket/emrys/emr-logs/j-1/steps/s-1/stderr.gz".to_owned(),
        lines: lines.iter().map(|line| (*line).to_owned()).collect(),
    }
}
