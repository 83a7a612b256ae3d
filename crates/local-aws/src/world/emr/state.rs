//! The states of clusters and steps, and which may follow which.

use serde::{Deserialize, Serialize};

use crate::world::context::ReasonCode;

/// The state of a cluster, as the API names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the API's own names; what may follow what is in may_become")]
pub enum ClusterState {
    Starting,
    Bootstrapping,
    Running,
    Waiting,
    Terminating,
    Terminated,
    TerminatedWithErrors,
}

impl ClusterState {
    /// Whether a cluster in this state may go to `next`. A launch that fails goes through TERMINATING like any other
    /// end.
    #[expect(clippy::unnested_or_patterns, reason = "a table: one line for each state")]
    pub const fn may_become(self, next: Self) -> bool {
        use ClusterState::{
            Bootstrapping, Running, Starting, Terminated, TerminatedWithErrors, Terminating, Waiting,
        };
        matches!(
            (self, next),
            (Starting, Bootstrapping | Terminating)
                | (Bootstrapping, Running | Terminating)
                | (Running, Waiting | Terminating)
                | (Waiting, Running | Terminating)
                | (Terminating, Terminated | TerminatedWithErrors)
        )
    }

    /// The state that a cluster ends in for a reason.
    pub const fn final_for(reason: ReasonCode) -> Self {
        match reason {
            ReasonCode::UserRequest | ReasonCode::AllStepsCompleted => Self::Terminated,
            ReasonCode::InternalError
            | ReasonCode::ValidationError
            | ReasonCode::InstanceFailure
            | ReasonCode::InstanceFleetTimeout
            | ReasonCode::BootstrapFailure
            | ReasonCode::StepFailure => Self::TerminatedWithErrors,
        }
    }

    /// Whether nothing follows.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Terminated | Self::TerminatedWithErrors)
    }

    /// Whether the end has begun.
    pub(crate) const fn is_ending(self) -> bool {
        matches!(self, Self::Terminating | Self::Terminated | Self::TerminatedWithErrors)
    }

    /// Whether steps may be added: "STARTING, BOOTSTRAPPING, RUNNING, or WAITING".
    pub const fn takes_steps(self) -> bool {
        matches!(self, Self::Starting | Self::Bootstrapping | Self::Running | Self::Waiting)
    }
}

/// The state of a step, as the API names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the API's own names; what may follow what is in may_become")]
pub enum StepState {
    Pending,
    CancelPending,
    Running,
    Completed,
    Cancelled,
    Failed,
    Interrupted,
}

impl StepState {
    /// Whether a step in this state may go to `next`. A step whose cancel is pending may still complete: CancelSteps
    /// "does not guarantee that a step will be canceled".
    pub const fn may_become(self, next: Self) -> bool {
        use StepState::{CancelPending, Cancelled, Completed, Failed, Interrupted, Pending, Running};
        matches!(
            (self, next),
            (Pending, Running | Cancelled)
                | (Running, CancelPending | Completed | Cancelled | Failed | Interrupted)
                | (CancelPending, Completed | Cancelled)
        )
    }

    /// Whether nothing follows.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Cancelled | Self::Failed | Self::Interrupted)
    }

    /// Whether its work is running.
    pub const fn has_process(self) -> bool {
        matches!(self, Self::Running | Self::CancelPending)
    }
}
