//! Cluster and step states, as total functions over what EMR answers.
//!
//! A state that this version does not know is kept by its name: it is neither success nor an end, and only a
//! deadline ends the watching of it.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// A cluster's state (EMR API, `ClusterState`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum ClusterState {
    /// Instances are asked for.
    Starting,
    /// Bootstrap actions run and applications are installed.
    Bootstrapping,
    /// A step runs.
    Running,
    /// Alive, with nothing to do.
    Waiting,
    /// On its way down.
    Terminating,
    /// Gone, as asked or after its last step.
    Terminated,
    /// Gone, after a failure.
    TerminatedWithErrors,
    /// A state of a later API.
    Unknown(String),
}

impl ClusterState {
    /// Whether nothing of the cluster is left that could cost money.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Terminated | Self::TerminatedWithErrors)
    }

    /// Whether the cluster has not yet come so far that a step could run.
    pub fn is_before_steps(&self) -> bool {
        matches!(self, Self::Starting | Self::Bootstrapping)
    }

    /// The name that EMR uses.
    pub fn name(&self) -> &str {
        match self {
            Self::Starting => "STARTING",
            Self::Bootstrapping => "BOOTSTRAPPING",
            Self::Running => "RUNNING",
            Self::Waiting => "WAITING",
            Self::Terminating => "TERMINATING",
            Self::Terminated => "TERMINATED",
            Self::TerminatedWithErrors => "TERMINATED_WITH_ERRORS",
            Self::Unknown(name) => name,
        }
    }
}

impl From<String> for ClusterState {
    fn from(name: String) -> Self {
        match name.as_str() {
            "STARTING" => Self::Starting,
            "BOOTSTRAPPING" => Self::Bootstrapping,
            "RUNNING" => Self::Running,
            "WAITING" => Self::Waiting,
            "TERMINATING" => Self::Terminating,
            "TERMINATED" => Self::Terminated,
            "TERMINATED_WITH_ERRORS" => Self::TerminatedWithErrors,
            _ => Self::Unknown(name),
        }
    }
}

impl From<ClusterState> for String {
    fn from(state: ClusterState) -> Self {
        state.name().to_owned()
    }
}

/// A step's state (EMR API, `StepState`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum StepState {
    /// Not yet begun.
    Pending,
    /// A cancel was asked for.
    CancelPending,
    /// At work.
    Running,
    /// Its command ended with exit code 0. It does not say that the output is right.
    Completed,
    /// Ended before it began, or by a cancel.
    Cancelled,
    /// Its command ended with another exit code.
    Failed,
    /// The cluster went away under it.
    Interrupted,
    /// A state of a later API.
    Unknown(String),
}

impl StepState {
    /// Whether the step will not change any more.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Completed | Self::Cancelled | Self::Failed | Self::Interrupted)
    }

    /// The name that EMR uses.
    pub fn name(&self) -> &str {
        match self {
            Self::Pending => "PENDING",
            Self::CancelPending => "CANCEL_PENDING",
            Self::Running => "RUNNING",
            Self::Completed => "COMPLETED",
            Self::Cancelled => "CANCELLED",
            Self::Failed => "FAILED",
            Self::Interrupted => "INTERRUPTED",
            Self::Unknown(name) => name,
        }
    }
}

impl From<String> for StepState {
    fn from(name: String) -> Self {
        match name.as_str() {
            "PENDING" => Self::Pending,
            "CANCEL_PENDING" => Self::CancelPending,
            "RUNNING" => Self::Running,
            "COMPLETED" => Self::Completed,
            "CANCELLED" => Self::Cancelled,
            "FAILED" => Self::Failed,
            "INTERRUPTED" => Self::Interrupted,
            _ => Self::Unknown(name),
        }
    }
}

impl From<StepState> for String {
    fn from(state: StepState) -> Self {
        state.name().to_owned()
    }
}

/// Why something is in its state, in EMR's words; empty where EMR gave none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// A code such as `ALL_STEPS_COMPLETED`, `STEP_FAILURE`, or a step's failure reason.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub code: String,
    /// The sentence beside it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// The more exact codes beside it (EMR API, `ErrorDetails`), such as
    /// `INTERNAL_ERROR_EC2_INSUFFICIENT_CAPACITY_AZ`. The message spells them out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.code.as_str(), self.message.as_str()) {
            ("", "") => f.write_str("no reason given"),
            (code, "") => f.write_str(code),
            ("", message) => f.write_str(message),
            (code, message) => write!(f, "{code}: {message}"),
        }
    }
}

/// One look at a cluster and at all of its steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedCluster {
    /// The cluster's state.
    pub state: ClusterState,
    /// Why.
    pub reason: Reason,
    /// Whether termination protection is on.
    pub protected: bool,
    /// For how long it has been ready for steps, or gone, by EMR's own clock; none where EMR does not say.
    pub since: Option<SignedDuration>,
    /// All steps, in the order in which they run.
    pub steps: Vec<Step>,
}

/// A step, as EMR shows it or as the record tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// EMR's identifier, `s-…`.
    pub id: String,
    /// The name that the launch gave it.
    pub name: String,
    /// The step's state.
    pub state: StepState,
    /// Why, for a step that failed.
    pub reason: Reason,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_keeps_its_name_and_an_unknown_one_is_no_end() {
        for name in [
            "STARTING",
            "BOOTSTRAPPING",
            "RUNNING",
            "WAITING",
            "TERMINATING",
            "TERMINATED",
            "TERMINATED_WITH_ERRORS",
            "RESTING",
        ] {
            assert_eq!(ClusterState::from(name.to_owned()).name(), name);
        }
        for name in [
            "PENDING",
            "CANCEL_PENDING",
            "RUNNING",
            "COMPLETED",
            "CANCELLED",
            "FAILED",
            "INTERRUPTED",
            "DREAMING",
        ] {
            assert_eq!(StepState::from(name.to_owned()).name(), name);
        }
        assert!(!ClusterState::from("RESTING".to_owned()).is_terminal());
        assert!(!StepState::from("DREAMING".to_owned()).is_terminal());
    }
}
