//! One attempt of a run, as its events tell it.

#![deny(clippy::wildcard_enum_match_arm)]

mod fold;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::duplicates::{DuplicateCluster, GivenUp, LateLaunchCheck};
use super::guard::GuardState;
use super::publication::Publishing;
use super::removal::RetentionState;
use crate::diagnosis::EndedCluster;
use crate::emr::{ClusterState, Reason, Step, StepState};
use crate::record::{
    AttemptResult, CallError, Diagnosis, LaunchIntent, PinnedInputs, Retry, TerminateReason, Verdict,
};

/// Whether an event is legal; if not, why.
pub(super) type Applied = Result<(), &'static str>;

/// One attempt: one launch of one cluster with its steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// 1, 2, 3 …
    pub number: u32,
    /// When its input was pinned.
    pub started_at: Timestamp,
    /// Why Emrys began it after the attempt before failed. None where a person asked for it.
    pub retry: Option<Retry>,
    /// What it reads.
    pub inputs: PinnedInputs,
    /// Addresses of job files that are not yet staged.
    pub unstaged: Vec<String>,
    /// How far its launch is.
    pub launch: Launch,
    /// What AWS refused, until a launch is accepted.
    pub refused: Option<LaunchRefused>,
    /// Clusters of ours that were not accepted. Emrys terminates them.
    pub duplicates: Vec<DuplicateCluster>,
    /// Launches that were recorded as never made.
    pub given_up: Vec<GivenUp>,
    /// How far those, and those of earlier attempts, were checked for late launches.
    pub late_launch_check: LateLaunchCheck,
    /// How far the guard outside its cluster is.
    pub guard: GuardState,
    /// What the check of its output said.
    pub verdict: Option<Verdict>,
    /// What was found out about its failure.
    pub diagnosis: Option<Diagnosis>,
    /// How it ended, and when.
    pub ended: Option<(AttemptResult, Timestamp)>,
    /// How far its publishing is.
    pub publishing: Publishing,
    /// The databases in which tables have served it, or may have.
    pub databases: BTreeSet<String>,
    /// What becomes of its output.
    pub retention: RetentionState,
    /// Until when the catalog is known to have served it although another was chosen. None where it never did.
    pub served_until: Option<Timestamp>,
    /// Its metrics.
    pub metrics: Reporting,
    /// How far the alarm is, which each attempt checks.
    pub alarm: Reporting,
}

/// How far a launch is.
#[derive(Debug, Clone, PartialEq)]
pub enum Launch {
    /// Not asked for, or certainly not done.
    NotMade,
    /// Recorded as intended, and no certain answer yet.
    Open {
        /// The intent.
        intent: LaunchIntent,
        /// Since when.
        at: Timestamp,
    },
    /// Done: the cluster is known.
    Made(Box<Launched>),
}

/// A launch whose cluster was accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct Launched {
    /// The intent.
    pub intent: LaunchIntent,
    /// When the intent was recorded.
    pub at: Timestamp,
    /// The cluster.
    pub cluster: Cluster,
}

/// Launches of an attempt that AWS certainly did not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchRefused {
    /// What AWS said to the latest one.
    pub error: CallError,
    /// When that was recorded.
    pub at: Timestamp,
    /// How many there were in a row.
    pub times: u32,
}

/// The cluster of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// Its id, `j-…`.
    pub id: String,
    /// Its state as last recorded. None before the first observation.
    pub state: Option<ClusterState>,
    /// Why.
    pub reason: Reason,
    /// When it was first observed in its present state.
    pub moved_at: Timestamp,
    /// Whether it was observed with instances: EMR has them once it bootstraps.
    pub has_instances: bool,
    /// Whether termination protection is on.
    pub protected: bool,
    /// When Emrys last switched it off. Observations from before that no longer count.
    pub unprotected_at: Option<Timestamp>,
    /// Whether it is recorded that its end is overdue.
    pub is_overdue: bool,
    /// When a step was first able to run: by EMR where it says so, else by the first observation.
    pub ready_at: Option<Timestamp>,
    /// When it was gone: by EMR where it says so, else by the first observation.
    pub ended_at: Option<Timestamp>,
    /// Its steps, in their order.
    pub steps: Vec<Step>,
    /// When a step was last observed in another state than before.
    pub steps_moved_at: Option<Timestamp>,
    /// Why and when its termination was last asked for.
    pub terminate: Option<(TerminateReason, Timestamp)>,
}

impl Cluster {
    /// What says why it ended.
    pub(super) fn at_its_end(&self) -> EndedCluster<'_> {
        let Self { id, reason, terminate, steps, .. } = self;
        EndedCluster { id, reason, terminated: terminate.map(|(because, _)| because), steps }
    }

    /// Whether nothing of it is left.
    pub fn is_gone(&self) -> bool {
        self.state.as_ref().is_some_and(ClusterState::is_terminal)
    }

    /// Whether a step has begun, or could have.
    pub fn is_past_start(&self) -> bool {
        self.ready_at.is_some() || self.steps.iter().any(|step| step.state != StepState::Pending)
    }

    /// Whether its steps are known, and none will change any more.
    pub fn are_steps_over(&self) -> bool {
        !self.steps.is_empty() && self.steps.iter().all(|step| step.state.is_terminal())
    }

    /// Whether every step's command ended with exit code 0. It does not say that the output is right.
    pub fn are_steps_completed(&self) -> bool {
        !self.steps.is_empty() && self.steps.iter().all(|step| step.state == StepState::Completed)
    }
}

/// How far a report is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Reporting {
    /// Nothing is known yet.
    #[default]
    Open,
    /// It was checked, and has to be written.
    Due,
    /// It is as configured.
    Done,
    /// It was given up, for this reason.
    GivenUp(String),
}

impl Attempt {
    pub(super) fn new(
        number: u32,
        at: Timestamp,
        inputs: &PinnedInputs,
        unstaged: &[String],
        retry: Option<Retry>,
    ) -> Self {
        Self {
            number,
            started_at: at,
            retry,
            inputs: inputs.clone(),
            unstaged: unstaged.to_vec(),
            launch: Launch::NotMade,
            refused: None,
            duplicates: Vec::new(),
            given_up: Vec::new(),
            late_launch_check: LateLaunchCheck::No,
            guard: GuardState::Open,
            verdict: None,
            diagnosis: None,
            ended: None,
            publishing: Publishing::Open,
            databases: BTreeSet::new(),
            retention: RetentionState::Kept,
            served_until: None,
            metrics: Reporting::Open,
            alarm: Reporting::Open,
        }
    }

    /// The launch whose cluster was accepted.
    pub fn launched(&self) -> Option<&Launched> {
        match &self.launch {
            Launch::Made(launched) => Some(launched),
            Launch::NotMade | Launch::Open { .. } => None,
        }
    }

    /// The cluster that was accepted.
    pub fn cluster(&self) -> Option<&Cluster> {
        self.launched().map(|launched| &launched.cluster)
    }

    /// The intent of the launch whose cluster was accepted.
    pub fn intent(&self) -> Option<&LaunchIntent> {
        self.launched().map(|launched| &launched.intent)
    }

    /// How long the attempt took, to the end of its cluster. While it runs: until now.
    pub fn duration(&self, now: Timestamp) -> SignedDuration {
        let gone = self.cluster().and_then(|cluster| cluster.ended_at);
        let end = gone.or(self.ended.map(|(_, at)| at)).unwrap_or(now);
        end.duration_since(self.started_at).max(SignedDuration::ZERO)
    }
}
