//! One step.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::state::StepState;
use crate::world::context::{FailureDetails, KillHow, Work};

/// A step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Step {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) jar: Jar,
    pub(crate) on_failure: ActionOnFailure,
    pub(crate) execution_role: Option<String>,
    /// The step's own log address, from StepMonitoringConfiguration.
    pub(crate) log_uri: Option<String>,
    pub(crate) work: Work,

    pub(crate) state: StepState,
    pub(crate) message: Option<String>,
    pub(crate) failure: Option<FailureDetails>,
    /// Its process has been asked to end.
    pub(crate) stopping: Option<Stopping>,
    pub(crate) created: Timestamp,
    pub(crate) started: Option<Timestamp>,
    pub(crate) ended: Option<Timestamp>,
}

/// Why a step's process has been asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stopping {
    /// CancelSteps.
    Cancelled(KillHow),
    /// It has lost the instances that it ran on.
    NodeLost,
    /// The cluster ends: "any step not yet completed is canceled" (TerminateJobFlows).
    ClusterEnds,
}

/// `HadoopJarStep`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the API's own name")]
pub(crate) struct Jar {
    pub(crate) jar: String,
    pub(crate) main_class: Option<String>,
    pub(crate) args: Vec<String>,
    pub(crate) properties: BTreeMap<String, String>,
}

/// What the failure of a step does to its cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ActionOnFailure {
    TerminateJobFlow,
    TerminateCluster,
    CancelAndWait,
    Continue,
}

impl Step {
    pub(crate) fn is_pending(&self) -> bool {
        self.state == StepState::Pending
    }

    /// Goes to the next state; the table of states is the law.
    pub(crate) fn enter(&mut self, next: StepState, at: Timestamp) {
        debug_assert!(self.state.may_become(next), "{:?} -> {next:?} ({})", self.state, self.id);
        self.state = next;
        match next {
            StepState::Running => self.started = Some(at),
            state if state.is_terminal() => {
                self.ended = Some(at);
                self.stopping = None;
            }
            _ => {}
        }
    }

    /// A step that never began ends CANCELLED; it has an end and no start.
    pub(crate) fn cancel_unstarted(&mut self, at: Timestamp) {
        self.message = Some("Job terminated".to_owned());
        self.enter(StepState::Cancelled, at);
    }
}
