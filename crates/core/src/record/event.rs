//! The facts of a run, the only thing that is kept of it.
//!
//! Format: events are JSON objects tagged by `type`; a field may be added when a reader can do without it
//! (`#[serde(default)]`), anything else needs a new format number of the ledger. Transitions are recorded, not
//! polls, so a run's record does not grow with its duration.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::call_error::CallError;
use super::diagnosis::Diagnosis;
use super::reason::{Removal, TerminateReason};
use super::refusal::Refusal;
use super::retry::{Choice, Retry};
use super::verdict::Verdict;
use crate::emr::{ClusterState, Reason, StepState};

/// An event with its place in the record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// 1, 2, 3 … without a gap.
    pub seq: u64,
    /// When, by the clock of who recorded it.
    pub at: Timestamp,
    /// The fence of the lease under which it was recorded; it never falls.
    pub fence: u64,
    /// What happened.
    pub event: Event,
}

/// Something that happened in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// The record was opened.
    Opened {
        /// Its own random identifier: two ledgers at one address, one deleted in between, stay distinguishable.
        ledger: String,
    },
    /// The input was listed and pinned; the attempt may stage and launch.
    AttemptStarted {
        /// 1, 2, 3 …
        attempt: u32,
        /// What it will read.
        inputs: PinnedInputs,
        /// Addresses of the job files that are not yet staged.
        unstaged: Vec<String>,
        /// Why it follows by itself on the attempt before; none where somebody asked for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry: Option<Retry>,
    },
    /// An attempt was asked for, and cannot be made; the run stands as it stood before.
    AttemptRefused {
        /// Why.
        because: Refusal,
    },
    /// A launch is about to be asked for.
    LaunchIntended(LaunchIntent),
    /// An action was done.
    ActionFinished {
        /// What it brought about.
        effect: Effect,
    },
    /// AWS certainly did not do the launch.
    LaunchRefused {
        /// What AWS said.
        error: CallError,
    },
    /// The launch may or may not have happened.
    LaunchUnclear {
        /// What is known of it.
        why: String,
    },
    /// The clusters that carry the nonce of the launch whose answer is unclear, oldest first.
    LaunchResolved {
        /// The launch's nonce.
        nonce: String,
        /// Ids; empty when two settled looks over all pages and all states found none.
        clusters: Vec<String>,
    },
    /// Launches of the day that were recorded as never made were looked for once more.
    LateLaunchesChecked {
        /// Clusters that have come of them all the same, and that were not known before.
        found: Vec<LateLaunch>,
    },
    /// A surplus cluster does not end, because somebody switched its termination protection on.
    DuplicateProtected {
        /// Its id.
        cluster: String,
    },
    /// Termination protection was switched on or off, by somebody else: Emrys launches without, and never sets it.
    ProtectionChanged {
        /// Whether it is on now.
        protected: bool,
    },
    /// The cluster has been on its way down for longer than that takes. EMR ends it, or nobody does: it is told once.
    TerminationOverdue {
        /// For how long, in seconds.
        seconds: u64,
    },
    /// The cluster is in another state than before.
    ClusterStateChanged {
        /// The new state.
        state: ClusterState,
        /// Why.
        #[serde(default)]
        reason: Reason,
        /// How many seconds ago it got ready for steps, or was gone, by EMR's own clock; left out where that is not
        /// known. Nobody may have looked for hours.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seconds_ago: Option<i64>,
    },
    /// A step is in another state than before, or is seen for the first time.
    StepStateChanged {
        /// EMR's identifier.
        id: String,
        /// The name given at the launch.
        name: String,
        /// The new state.
        state: StepState,
        /// Why.
        #[serde(default)]
        reason: Reason,
    },
    /// The group of the guards was looked for; the guard itself is made next.
    GuardGroupChecked {
        /// Whether it is there.
        there: bool,
    },
    /// The guard was made, and is not there any more although the cluster is: somebody deleted it.
    GuardLost,
    /// The guard could not be made, or not be removed; it never fails a run.
    GuardGivenUp {
        /// Why.
        why: String,
    },
    /// The output was checked.
    Verified {
        /// With this verdict.
        verdict: Verdict,
    },
    /// The cause of a failure was looked for.
    Diagnosed {
        /// And this was found.
        diagnosis: Diagnosis,
    },
    /// Someone wants the run to end.
    CancelRequested {
        /// Who.
        by: Actor,
    },
    /// The attempt is over, and its cluster with it.
    AttemptEnded {
        /// How.
        result: AttemptResult,
    },
    /// The day's partitions are about to be made to serve the attempt: from here on it is the one that queries are to
    /// see.
    PublishIntended {
        /// The attempt.
        attempt: u32,
        /// Who chose it; none where the run itself did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Actor>,
        /// In which database of the catalog. Tables there may serve it from now on, whatever is configured later.
        #[serde(default)]
        database: String,
    },
    /// The attempt could not be published.
    PublishGivenUp {
        /// The attempt.
        attempt: u32,
        /// Why.
        why: String,
    },
    /// The catalog was found to serve something else for the day than the record says: it is put right next.
    CatalogDrifted {
        /// The tables that do.
        tables: Vec<String>,
        /// The other attempts of the record that they serve.
        attempts: Vec<u32>,
        /// The database of the catalog.
        #[serde(default)]
        database: String,
    },
    /// The day's output is old enough to go, all of it: its partitions are about to be removed.
    DayExpiring,
    /// No partition serves what the day's attempts wrote any more.
    DayExpired,
    /// The output of an attempt is about to be deleted: from here on it cannot be published any more.
    DeletingOutput {
        /// The attempt.
        attempt: u32,
        /// Why.
        because: Removal,
    },
    /// Nothing is left of the output of an attempt.
    OutputDeleted {
        /// The attempt.
        attempt: u32,
        /// So many objects were deleted at last.
        objects: u64,
        /// Their sizes together, in bytes.
        bytes: u64,
    },
    /// The alarm was looked at.
    AlarmChecked {
        /// Whether it stands as configured.
        current: bool,
    },
    /// Something that is reported at the end was given up; it never fails a run.
    ReportGivenUp {
        /// What.
        what: Reported,
        /// Why.
        why: String,
    },
    /// The run is over.
    Closed {
        /// How it ended.
        outcome: Outcome,
    },
    /// A closed run was asked for again.
    Reopened {
        /// By whom.
        by: Actor,
    },
}

/// The input of an attempt, as pinned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedInputs {
    /// SHA-256 (hex) of the `inputs.json` that names each object with its size and ETag.
    pub digest: String,
    /// Where that document is.
    pub uri: String,
    /// How many objects.
    pub objects: u64,
    /// Their sizes together, in bytes.
    pub bytes: u64,
}

/// The launch of a cluster: recorded before the call, so that whoever comes later knows what to look for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchIntent {
    /// The attempt it belongs to.
    pub attempt: u32,
    /// Stands in the cluster's name, in its tags and in its output folder.
    pub nonce: String,
    /// Which of the configured instances and subnets it takes.
    #[serde(default, skip_serializing_if = "Choice::is_first")]
    pub choice: Choice,
}

/// What a finished action brought about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Effect {
    /// All job files are at their addresses.
    JobStaged,
    /// A cluster was launched.
    Launched {
        /// Its id, `j-…`.
        cluster: String,
    },
    /// The termination of a cluster was asked for.
    TerminateRequested {
        /// Its id.
        cluster: String,
        /// Why.
        because: TerminateReason,
    },
    /// The termination protection of a cluster was switched off.
    Unprotected {
        /// Its id.
        cluster: String,
    },
    /// The guard outside the cluster stands.
    GuardCreated {
        /// When it ends the cluster.
        until: Timestamp,
    },
    /// The guard is gone.
    GuardRemoved,
    /// The day's partitions serve the attempt, in all tables.
    Published {
        /// The attempt.
        attempt: u32,
    },
    /// The metrics were published.
    MetricsPublished,
    /// The alarm was written.
    AlarmPut,
}

/// Who asked for something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor(pub String);

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptResult {
    /// Every step completed, and the output is what the job says it is.
    Succeeded,
    /// Anything else.
    Failed,
    /// Someone asked for its end.
    Cancelled,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The day's results are there.
    Succeeded,
    /// They are not.
    Failed,
    /// There was no input.
    Empty,
    /// Someone asked for its end.
    Cancelled,
    /// An attempt cannot be made as configured.
    Refused,
}

impl Outcome {
    /// As `--json` spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Empty => "empty",
            Self::Cancelled => "cancelled",
            Self::Refused => "refused",
        }
    }
}

/// What is reported at the end of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reported {
    /// The CloudWatch metrics.
    Metrics,
    /// The CloudWatch alarm.
    Alarm,
}

/// A cluster of a launch that had been given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LateLaunch {
    /// The launch's nonce.
    pub nonce: String,
    /// The cluster's id.
    pub cluster: String,
}
