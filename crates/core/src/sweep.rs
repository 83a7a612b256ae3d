//! Which clusters does nobody need any more? Pure: clusters and ledgers are handed in.
//!
//! A cluster is judged only when its name and its tags say the same, and say that it belongs to this pipeline and this
//! state folder. Everything else is somebody else's, and stays as it is whatever it looks like.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::day::Day;
use crate::emr::ClusterState;
use crate::names::{LAUNCH_TAG, NAME_PREFIX, state_tag};
use crate::record::{Event, Recorded};
use crate::run::{AttemptPhase, Launched, State};
use crate::spec::Spec;

mod guards;

pub use guards::{GuardNote, by_form, evaluate_guard};

/// A cluster, as EMR shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterNote {
    /// Its id, `j-…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: ClusterState,
    /// When it was launched.
    pub created_at: Option<Timestamp>,
    /// Its tags; empty where nobody asked for them.
    pub tags: BTreeMap<String, String>,
}

/// What the name of a cluster says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The pipeline.
    pub pipeline: String,
    /// The day.
    pub day: Day,
    /// The attempt.
    pub attempt: u32,
    /// The launch.
    pub nonce: String,
}

impl Label {
    /// Reads a name as [`Spec::cluster_name`] writes it.
    pub fn read(name: &str) -> Option<Self> {
        let mut parts = name.strip_prefix(NAME_PREFIX)?.split('/');
        let mut next = || parts.next().filter(|part| !part.is_empty());
        let (pipeline, day, attempt, nonce) = (next()?, next()?, next()?, next()?);
        let label = Self {
            pipeline: pipeline.to_owned(),
            day: day.parse().ok()?,
            attempt: attempt.strip_prefix('a')?.parse().ok()?,
            nonce: nonce.to_owned(),
        };
        (is_nonce(&label.nonce) && parts.next().is_none()).then_some(label)
    }
}

/// Whether this is how a launch is marked.
fn is_nonce(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// How a cluster stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterUsage {
    /// A run that is in flight has accepted it.
    Live,
    /// A launch whose answer is not settled yet may have made it: whoever drives that run looks for it.
    Awaited,
    /// It is on its way down already.
    Ending,
    /// It belongs to another pipeline, or to the same one with another state folder.
    Foreign(Foreign),
    /// Nobody can say whether it is needed, and so it is left alone.
    Unclear(String),
    /// Nobody needs it.
    Orphan(Orphan),
}

/// Why a cluster is none of this pipeline's business.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Foreign {
    /// Its name is none that Emrys gives.
    #[error("its name only looks like one of Emrys'")]
    Name,
    /// It names another pipeline.
    #[error("it belongs to the pipeline {0}")]
    Pipeline(String),
    /// Its tags do not say what its name says.
    #[error("its tags do not confirm its name: `{0}`")]
    Tags(&'static str),
    /// It was launched for another state folder.
    #[error("it belongs to the state folder {0}")]
    State(String),
    /// A schedule that is no guard, or not the one of its cluster.
    #[error("it is no guard that Emrys makes")]
    Schedule,
}

/// Why nobody needs a cluster, or its guard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Orphan {
    /// Anyone may end it since then.
    #[error("its deadline is past, since {0}")]
    PastDeadline(Timestamp),
    /// The record of the day does not know its launch, or there is no such record.
    #[error("no record knows its launch")]
    Unknown,
    /// The run is over.
    #[error("its run is over")]
    RunClosed,
    /// The attempt is over, or its launch was settled without it.
    #[error("its launch was given up, or its attempt is over")]
    GivenUp,
    /// Another cluster of the same launch was accepted.
    #[error("another cluster of the same launch was accepted: {accepted}")]
    DuplicateCluster {
        /// Its id.
        accepted: String,
    },
    /// Of a guard: there is nothing to guard.
    #[error("its cluster is gone")]
    ClusterGone,
    /// Of a guard: its cluster is an orphan, and up.
    #[error("its cluster is an orphan, and is to end first")]
    ClusterOrphan,
}

impl Foreign {
    /// For programs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Pipeline(_) => "pipeline",
            Self::Tags(_) => "tags",
            Self::State(_) => "state",
            Self::Schedule => "schedule",
        }
    }
}

impl Orphan {
    /// For programs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::PastDeadline(_) => "past_deadline",
            Self::Unknown => "unknown",
            Self::RunClosed => "run_closed",
            Self::GivenUp => "given_up",
            Self::DuplicateCluster { .. } => "duplicate",
            Self::ClusterGone => "cluster_gone",
            Self::ClusterOrphan => "cluster_orphan",
        }
    }
}

/// The tag that names the state folder of the pipeline that launched a cluster.
const STATE_TAG: &str = "emrys:state";

/// Whether a cluster may be of this pipeline, by its name alone; if so, what the name says.
pub fn by_name(spec: &Spec, name: &str) -> Result<Label, Foreign> {
    let label = Label::read(name).ok_or(Foreign::Name)?;
    if label.pipeline == spec.pipeline() { Ok(label) } else { Err(Foreign::Pipeline(label.pipeline)) }
}

/// Whether a cluster's tags confirm what its name says.
pub fn by_tags(spec: &Spec, label: &Label, tags: &BTreeMap<String, String>) -> Result<(), Foreign> {
    let tag = |key: &str| tags.get(key).map(String::as_str);
    let said = [
        (LAUNCH_TAG, label.nonce.clone()),
        ("emrys:pipeline", label.pipeline.clone()),
        ("emrys:day", label.day.to_string()),
        ("emrys:attempt", label.attempt.to_string()),
    ];
    if let Some((key, _)) = said.into_iter().find(|(key, value)| tag(key) != Some(value)) {
        return Err(Foreign::Tags(key));
    }
    match tag(STATE_TAG) {
        Some(state) if state == state_tag(&spec.config.state.uri) => Ok(()),
        Some(state) => Err(Foreign::State(state.to_owned())),
        // Every cluster is launched with it: whose it is without it, nobody can say.
        None => Err(Foreign::Tags(STATE_TAG)),
    }
}

/// Judges a cluster that is ours, by the record of its day as it was read *after* the cluster was listed: a launch is
/// recorded before it is asked for, so a record without it is no accident of timing.
pub fn evaluate(
    cluster: &ClusterNote,
    label: &Label,
    record: Option<(&State, &[Recorded])>,
    now: Timestamp,
) -> ClusterUsage {
    if cluster.state == ClusterState::Terminating {
        return ClusterUsage::Ending;
    }
    let deadline = cluster.tags.get("emrys:deadline").and_then(|tag| tag.parse::<Timestamp>().ok());
    if let Some(deadline) = deadline.filter(|deadline| now >= *deadline) {
        return ClusterUsage::Orphan(Orphan::PastDeadline(deadline));
    }
    let intended = |recorded: &Recorded| match &recorded.event {
        Event::LaunchIntended(intent) => intent.nonce == label.nonce && intent.attempt == label.attempt,
        _ => false,
    };
    let Some((state, _)) = record.filter(|(_, events)| events.iter().any(intended)) else {
        return ClusterUsage::Orphan(Orphan::Unknown);
    };
    if state.closed.is_some() {
        return ClusterUsage::Orphan(Orphan::RunClosed);
    }
    let Some(attempt) = state.attempt() else {
        return ClusterUsage::Orphan(Orphan::GivenUp);
    };
    let usage = |launched: &Launched, otherwise: ClusterUsage| {
        if launched.intent.nonce != label.nonce {
            ClusterUsage::Orphan(Orphan::GivenUp)
        } else if launched.cluster.id == cluster.id {
            otherwise
        } else {
            ClusterUsage::Orphan(Orphan::DuplicateCluster { accepted: launched.cluster.id.clone() })
        }
    };
    match attempt.phase() {
        AttemptPhase::LaunchUnclear { intent, .. } if intent.nonce == label.nonce => ClusterUsage::Awaited,
        AttemptPhase::Launched(launched, _) => usage(launched, ClusterUsage::Live),
        AttemptPhase::Ended { launched: Some(launched), .. } => {
            usage(launched, ClusterUsage::Orphan(Orphan::GivenUp))
        }
        AttemptPhase::Ended { launched: None, .. }
        | AttemptPhase::LaunchUnclear { .. }
        | AttemptPhase::Staging { .. }
        | AttemptPhase::ReadyToLaunch
        | AttemptPhase::LaunchRefused(_) => ClusterUsage::Orphan(Orphan::GivenUp),
    }
}

#[cfg(test)]
mod tests;
