//! Why a cluster is terminated, and why an output is deleted.

use serde::{Deserialize, Serialize};

/// Why a cluster is ended before its steps are through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TerminateReason {
    /// Someone cancelled the run.
    Cancelled,
    /// No step could begin within `[limits] start-minutes`.
    StartDeadline,
    /// The steps were not through within `[limits] run-minutes`.
    RunDeadline,
    /// The steps are over, and the cluster still stands.
    Idle,
    /// It carries the nonce of a launch for which another cluster was accepted.
    Duplicate,
}

impl std::fmt::Display for TerminateReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Cancelled => "the run was cancelled",
            Self::StartDeadline => "no step began within `[limits] start-minutes`",
            Self::RunDeadline => "the steps were not through within `[limits] run-minutes`",
            Self::Idle => "its steps were over and it did not end by itself",
            Self::Duplicate => "another cluster was accepted, or none is wanted any more",
        })
    }
}

/// Why an output goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Removal {
    /// Queries have seen another attempt for longer than the grace.
    Superseded,
    /// It was never found good, and its attempt ended longer ago than the grace.
    Unverified,
    /// The day is older than `[retention] output-expire-after-days`.
    Expired,
}

impl std::fmt::Display for Removal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Superseded => "superseded",
            Self::Unverified => "never verified",
            Self::Expired => "expired",
        })
    }
}
