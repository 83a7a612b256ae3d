//! `decide`, driven against a world in which everything succeeds.
//!
//! It is the engine's loop with another world behind it. Probes of the world as it is (input, job, output folder, the
//! guards' group, catalog, alarm) are handed back, to be made for real. Probes of what the run itself would create are
//! answered here. It invents no listing and no row count: what a job would write is recorded as found good.

use jiff::Timestamp;

use crate::emr::{ClusterState, ObservedCluster, Reason, Step, StepState};
use crate::pace::Pace;
use crate::record::{Actor, Effect, Event, LaunchIntent, Outcome, Recorded, Verdict};
use crate::run::{
    Action, Attempt, Cluster, Decision, IllegalEvent, Leave, Observation, Observations, Probe, State,
    WaitReason, decide,
};
use crate::spec::Spec;

/// The id of a cluster that does not exist.
const CLUSTER: &str = "j-FORECAST";

/// How far a forecast came.
#[derive(Debug, Clone, PartialEq)]
pub enum Foreseen {
    /// These probes of the world as it is come first.
    Observe(Vec<Probe>),
    /// Such a probe failed, and is made again then.
    Wait(Timestamp),
    /// Such a probe failed for good.
    Leave(Leave),
    /// The run is over.
    Done {
        /// How it ends.
        outcome: Outcome,
        /// What it does, in order.
        actions: Vec<Action>,
        /// The launch that it makes, if it makes one.
        launch: Option<LaunchIntent>,
        /// The state at its end.
        state: Box<State>,
    },
}

/// What a forecast has to say to a probe.
enum Answer {
    /// It is about the world as it is: it has to be made for real.
    AboutTheWorld,
    /// This is observed.
    Observed(Observation),
    /// This is recorded in its place.
    Recorded(Event),
}

/// Foresees a run, from the state of its record and from what was observed for real.
pub fn forecast(
    spec: &Spec,
    state: State,
    observations: Observations,
    now: Timestamp,
    pace: &Pace,
) -> Result<Foreseen, IllegalEvent> {
    let mut forecast = Forecast { spec, state, observations, now, actions: Vec::new(), launch: None };
    // A forecast is not driven, so there is no lease to renew.
    forecast.state.renewed_at = None;
    if forecast.state.closed.is_some() {
        // As `run` does when it is asked for a day that is closed.
        forecast.record(Event::Reopened { by: Actor("plan".to_owned()) })?;
    }
    forecast.drive(pace)
}

struct Forecast<'a> {
    spec: &'a Spec,
    state: State,
    observations: Observations,
    now: Timestamp,
    actions: Vec<Action>,
    launch: Option<LaunchIntent>,
}

impl Forecast<'_> {
    fn drive(mut self, pace: &Pace) -> Result<Foreseen, IllegalEvent> {
        loop {
            match decide(self.spec, &self.state, &self.observations, self.now, pace) {
                Decision::Observe(probes) => {
                    let mut real = Vec::new();
                    for probe in probes {
                        match self.answer(&probe) {
                            Answer::AboutTheWorld => real.push(probe),
                            Answer::Observed(observation) => {
                                self.observations.absorb(&probe, self.now, Ok(observation));
                            }
                            Answer::Recorded(event) => self.record(event)?,
                        }
                    }
                    if !real.is_empty() {
                        return Ok(Foreseen::Observe(real));
                    }
                }
                Decision::Record(events) => {
                    for event in events {
                        self.record(event)?;
                    }
                }
                Decision::Renew => self.state.renewed_at = None,
                Decision::Execute(action) => self.execute(action)?,
                Decision::Wait { until, why: WaitReason::CallFailed(_) } => return Ok(Foreseen::Wait(until)),
                Decision::Wait { until, .. } => self.now = until,
                Decision::Leave(leave) => return Ok(Foreseen::Leave(leave)),
                Decision::Done(outcome) => {
                    let Self { actions, launch, state, .. } = self;
                    return Ok(Foreseen::Done { outcome, actions, launch, state: Box::new(state) });
                }
            }
        }
    }

    fn record(&mut self, event: Event) -> Result<(), IllegalEvent> {
        let (seq, fence) = (self.state.seq() + 1, self.state.fence());
        self.state.apply(&Recorded { seq, at: self.now, fence, event })
    }

    fn execute(&mut self, action: Action) -> Result<(), IllegalEvent> {
        if let Action::Launch(intent) = &action {
            self.record(Event::LaunchIntended(intent.clone()))?;
            self.launch = Some(intent.clone());
        }
        let effect = action.effect().unwrap_or_else(|| Effect::Launched { cluster: CLUSTER.to_owned() });
        self.actions.push(action);
        self.record(Event::ActionFinished { effect })
    }

    fn answer(&self, probe: &Probe) -> Answer {
        Answer::Observed(match probe {
            Probe::Inputs
            | Probe::Job
            | Probe::Preflight
            | Probe::OutputFolder
            | Probe::GuardGroup
            | Probe::Catalog
            | Probe::Alarm => return Answer::AboutTheWorld,
            Probe::Output { .. } => {
                return Answer::Recorded(Event::Verified { verdict: Verdict::default() });
            }
            Probe::Launch { .. } => Observation::Launch { clusters: Vec::new() },
            Probe::LateLaunches { .. } => Observation::LateLaunches { found: Vec::new() },
            Probe::Protection { .. } => Observation::Protection { protected: false },
            Probe::Guard { .. } => Observation::Guard { exists: true },
            Probe::StepLog { .. } => Observation::StepLog(Vec::new()),
            Probe::Cluster { .. } => Observation::Cluster(self.cluster_at_its_end()),
        })
    }

    /// The cluster as it ends: its steps completed, or what was already decided about them.
    fn cluster_at_its_end(&self) -> ObservedCluster {
        let cluster = self.state.attempt().and_then(|attempt: &Attempt| attempt.cluster());
        let known = cluster.map(|cluster: &Cluster| cluster.steps.as_slice()).unwrap_or_default();
        let is_ended = cluster.is_some_and(|cluster| cluster.terminate.is_some());
        let is_failed =
            known.iter().any(|step| step.state.is_terminal() && step.state != StepState::Completed);
        let (end, code) = if is_ended {
            (StepState::Cancelled, "USER_REQUEST")
        } else if is_failed {
            (StepState::Cancelled, "STEP_FAILURE")
        } else {
            (StepState::Completed, "ALL_STEPS_COMPLETED")
        };
        let step =
            |id: String, name: String| Step { id, name, state: end.clone(), reason: Reason::default() };
        let steps = if known.is_empty() {
            let names = self.spec.step_names().into_iter().enumerate();
            names.map(|(at, name)| step(format!("s-FORECAST{at}"), name)).collect()
        } else {
            known.iter().map(|known| step(known.id.clone(), known.name.clone())).collect()
        };
        ObservedCluster {
            state: ClusterState::Terminated,
            reason: Reason { code: code.to_owned(), ..Reason::default() },
            protected: false,
            since: None,
            steps,
        }
    }
}
