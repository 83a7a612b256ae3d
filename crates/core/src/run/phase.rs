//! What a run, its attempt and its cluster are at: worked out once from the state, and matched by whatever comes next.
//!
//! A phase follows from the record alone. The guard, duplicate clusters, publishing and a request to cancel run beside
//! it, and have states of their own.

#![deny(clippy::wildcard_enum_match_arm)]

use jiff::Timestamp;

use super::attempt::{Attempt, Cluster, Launch, LaunchRefused, Launched};
use super::state::State;
use crate::emr::ClusterState;
use crate::record::{AttemptResult, LaunchIntent, Outcome};

/// What a run is at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RunPhase<'a> {
    /// The record is not opened.
    Unopened,
    /// No attempt is at hand. Input and preflight checks are observed before one begins.
    Preparing,
    /// An attempt is at hand.
    Attempt(&'a Attempt, AttemptPhase<'a>),
    /// The run is over.
    Closed(Outcome),
}

/// What an attempt is at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum AttemptPhase<'a> {
    /// Job files have to be uploaded.
    Staging {
        /// Their addresses.
        unstaged: &'a [String],
    },
    /// The launch may be asked for. AWS has refused none.
    ReadyToLaunch,
    /// AWS refused the launch.
    LaunchRefused(&'a LaunchRefused),
    /// The launch is recorded as intended, and it is not clear whether it happened.
    LaunchUnclear {
        /// The intent.
        intent: &'a LaunchIntent,
        /// When it was recorded.
        at: Timestamp,
    },
    /// The cluster is known, and the attempt has not ended.
    Launched(&'a Launched, ClusterPhase),
    /// The attempt has ended.
    Ended {
        /// How.
        result: AttemptResult,
        /// Its launch, where a cluster was accepted.
        launched: Option<&'a Launched>,
    },
}

/// What a cluster is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClusterPhase {
    /// No step has begun.
    Starting,
    /// A step has begun, or could have.
    Running,
    /// Its steps are over, and it has not begun to end.
    StepsOver,
    /// EMR is ending it.
    Terminating,
    /// Nothing is left of it.
    Gone,
}

impl State {
    /// What the run is at.
    pub fn phase(&self) -> RunPhase<'_> {
        match (self.opened_at, self.closed, self.attempt()) {
            (None, _, _) => RunPhase::Unopened,
            (Some(_), Some((outcome, _)), _) => RunPhase::Closed(outcome),
            (Some(_), None, None) => RunPhase::Preparing,
            (Some(_), None, Some(attempt)) => RunPhase::Attempt(attempt, attempt.phase()),
        }
    }
}

impl Attempt {
    /// What the attempt is at.
    pub fn phase(&self) -> AttemptPhase<'_> {
        if let Some((result, _)) = self.ended {
            return AttemptPhase::Ended { result, launched: self.launched() };
        }
        match &self.launch {
            Launch::NotMade if !self.unstaged.is_empty() => {
                AttemptPhase::Staging { unstaged: &self.unstaged }
            }
            Launch::NotMade => match &self.refused {
                Some(refused) => AttemptPhase::LaunchRefused(refused),
                None => AttemptPhase::ReadyToLaunch,
            },
            Launch::Open { intent, at } => AttemptPhase::LaunchUnclear { intent, at: *at },
            Launch::Made(launched) => AttemptPhase::Launched(launched, launched.cluster.phase()),
        }
    }
}

impl Cluster {
    /// What the cluster is at. A state that this version does not know is no end.
    pub fn phase(&self) -> ClusterPhase {
        if self.is_gone() {
            ClusterPhase::Gone
        } else if self.state == Some(ClusterState::Terminating) {
            ClusterPhase::Terminating
        } else if self.are_steps_over() {
            ClusterPhase::StepsOver
        } else if self.is_past_start() {
            ClusterPhase::Running
        } else {
            ClusterPhase::Starting
        }
    }
}

impl ClusterPhase {
    /// Whether the cluster is on its way down, or gone.
    pub fn is_ending(self) -> bool {
        match self {
            Self::Terminating | Self::Gone => true,
            Self::Starting | Self::Running | Self::StepsOver => false,
        }
    }
}
