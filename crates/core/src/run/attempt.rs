//! One attempt of a run, and what the events mean for it.

#![deny(clippy::wildcard_enum_match_arm)]

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::action::TerminateReason;
use super::call_error::{CallError, ErrorClass};
use super::duplicates::{DuplicateCluster, GivenUp, LateLaunchCheck};
use super::event::{AttemptResult, LaunchIntent, PinnedInputs, Reported};
use super::guard::GuardState;
use super::publication::Publishing;
use super::removal::RetentionState;
use super::retry::Retry;
use crate::diagnosis::Diagnosis;
use crate::emr::{ClusterState, Reason, StepState};
use crate::verify::Verdict;

/// Whether an event made sense; if not, why.
pub(super) type Applied = Result<(), &'static str>;

/// One attempt: one launch of one cluster with its steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// 1, 2, 3 …
    pub number: u32,
    /// When its input was pinned.
    pub started_at: Timestamp,
    /// Why it followed by itself on the attempt before; none where somebody asked for it.
    pub retry: Option<Retry>,
    /// What it reads.
    pub inputs: PinnedInputs,
    /// Addresses of job files that are not yet staged.
    pub unstaged: Vec<String>,
    /// How far its launch is.
    pub launch: Launch,
    /// The latest launch that AWS refused.
    pub refused: Option<(CallError, Timestamp)>,
    /// Refusals in a row.
    pub refusals: u32,
    /// Its cluster.
    pub cluster: Option<Cluster>,
    /// Clusters of ours that were not accepted, and are to be ended or were asked to.
    pub duplicates: Vec<DuplicateCluster>,
    /// Launches that were recorded as never made.
    pub given_up: Vec<GivenUp>,
    /// How far those, and those of earlier attempts, were looked for once more.
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
    /// The databases in which tables were ever to serve it, whatever became of that.
    pub databases: BTreeSet<String>,
    /// What becomes of its output.
    pub retention: RetentionState,
    /// Until when the catalog is known to have served it although another was chosen; none where it never was found so.
    pub served_until: Option<Timestamp>,
    /// Its metrics.
    pub metrics: Reporting,
    /// The alarm, as far as this attempt cares for it.
    pub alarm: Reporting,
}

/// How far a launch is.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    Made {
        /// The intent.
        intent: LaunchIntent,
        /// When it was recorded.
        at: Timestamp,
    },
}

/// The cluster of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// Its id, `j-…`.
    pub id: String,
    /// Its state as last recorded; none before the first look.
    pub state: Option<ClusterState>,
    /// Why.
    pub reason: Reason,
    /// When it was first seen in its present state.
    pub moved_at: Timestamp,
    /// Whether it was seen with instances: EMR has got them once it bootstraps.
    pub has_instances: bool,
    /// Whether termination protection is on.
    pub protected: bool,
    /// When Emrys last switched it off. What was seen before says nothing any more.
    pub unprotected_at: Option<Timestamp>,
    /// Whether it was told that its end is overdue.
    pub is_overdue: bool,
    /// When a step was first able to run: as EMR says, where it says so.
    pub ready_at: Option<Timestamp>,
    /// When it was gone: as EMR says, where it says so.
    pub ended_at: Option<Timestamp>,
    /// Its steps, in their order.
    pub steps: Vec<Step>,
    /// When a step was last seen in another state than before.
    pub steps_moved_at: Option<Timestamp>,
    /// When its termination was last asked for, and why.
    pub terminate: Option<(TerminateReason, Timestamp)>,
}

impl Cluster {
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

/// A step of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// EMR's identifier, `s-…`.
    pub id: String,
    /// The name given at the launch.
    pub name: String,
    /// Its state as last recorded.
    pub state: StepState,
    /// Why.
    pub reason: Reason,
}

/// How far a report is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Reporting {
    /// Nothing is known yet.
    #[default]
    Open,
    /// It was looked at, and has to be written.
    Due,
    /// It is as it should be.
    Done,
    /// It was given up, and this is why.
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
            refusals: 0,
            cluster: None,
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

    /// The launch that was accepted.
    pub fn intent(&self) -> Option<&LaunchIntent> {
        match &self.launch {
            Launch::Made { intent, .. } => Some(intent),
            Launch::NotMade | Launch::Open { .. } => None,
        }
    }

    /// When the accepted launch was recorded.
    pub fn launched_at(&self) -> Option<Timestamp> {
        match &self.launch {
            Launch::Made { at, .. } => Some(*at),
            Launch::NotMade | Launch::Open { .. } => None,
        }
    }

    pub(super) fn launch_refused(&mut self, at: Timestamp, error: &CallError) -> Applied {
        self.open_launch()?;
        self.launch = Launch::NotMade;
        self.refusals += 1;
        self.refused = Some((error.clone(), at));
        Ok(())
    }

    /// The launch stays open, as it is without an answer.
    pub(super) fn launch_unclear(&self) -> Applied {
        self.open_launch()?;
        Ok(())
    }

    pub(super) fn protection_changed(&mut self, protected: bool) -> Applied {
        self.living_cluster()?.protected = protected;
        Ok(())
    }

    pub(super) fn termination_overdue(&mut self) -> Applied {
        let cluster = self.living_cluster()?;
        if cluster.state != Some(ClusterState::Terminating) || cluster.is_overdue {
            return Err("the cluster's end is not overdue, or it was recorded already");
        }
        cluster.is_overdue = true;
        Ok(())
    }

    pub(super) fn verified(&mut self, verdict: &Verdict) -> Applied {
        if self.cluster.is_none() || self.verdict.is_some() {
            return Err("there is nothing to verify");
        }
        self.verdict = Some(verdict.clone());
        Ok(())
    }

    pub(super) fn alarm_checked(&mut self, current: bool) {
        self.alarm = if current { Reporting::Done } else { Reporting::Due };
    }

    pub(super) fn report_given_up(&mut self, what: Reported, why: &str) {
        let report = match what {
            Reported::Metrics => &mut self.metrics,
            Reported::Alarm => &mut self.alarm,
        };
        *report = Reporting::GivenUp(why.to_owned());
    }

    fn open_launch(&self) -> Result<(&LaunchIntent, Timestamp), &'static str> {
        match &self.launch {
            Launch::Open { intent, at } => Ok((intent, *at)),
            Launch::NotMade | Launch::Made { .. } => Err("no launch is open"),
        }
    }

    fn living_cluster(&mut self) -> Result<&mut Cluster, &'static str> {
        match &mut self.cluster {
            Some(cluster) if cluster.is_gone() => Err("the cluster is gone"),
            Some(cluster) => Ok(cluster),
            None => Err("no cluster is known"),
        }
    }

    pub(super) fn launch_intended(&mut self, at: Timestamp, intent: &LaunchIntent) -> Applied {
        if self.launch != Launch::NotMade {
            return Err("a launch is open or made already");
        }
        if !self.unstaged.is_empty() {
            return Err("the job is not staged");
        }
        if intent.attempt != self.number {
            return Err("the launch is of another attempt");
        }
        self.launch = Launch::Open { intent: intent.clone(), at };
        Ok(())
    }

    pub(super) fn terminate_requested(
        &mut self,
        at: Timestamp,
        cluster: &str,
        because: TerminateReason,
    ) -> Applied {
        if let Some(own) = self.cluster.as_mut().filter(|own| own.id == cluster) {
            own.terminate = Some((because, at));
        } else {
            self.duplicate_of(cluster).ok_or("the cluster is not of this attempt")?.asked = true;
        }
        Ok(())
    }

    pub(super) fn unprotected(&mut self, at: Timestamp, cluster: &str) -> Applied {
        if let Some(duplicate) = self.duplicate_of(cluster) {
            duplicate.protected = false;
            duplicate.unprotected_at = Some(at);
            return Ok(());
        }
        let own = self.living_cluster()?;
        if own.id != cluster {
            return Err("the cluster is not of this attempt");
        }
        own.protected = false;
        own.unprotected_at = Some(at);
        Ok(())
    }

    pub(super) fn launched(&mut self, at: Timestamp, cluster: &str) -> Applied {
        let (intent, intended_at) = self.open_launch()?;
        self.launch = Launch::Made { intent: intent.clone(), at: intended_at };
        self.refused = None;
        self.refusals = 0;
        self.cluster = Some(Cluster {
            id: cluster.to_owned(),
            state: None,
            reason: Reason::default(),
            moved_at: at,
            has_instances: false,
            protected: false,
            unprotected_at: None,
            is_overdue: false,
            ready_at: None,
            ended_at: None,
            steps: Vec::new(),
            steps_moved_at: None,
            terminate: None,
        });
        Ok(())
    }

    pub(super) fn launch_resolved(&mut self, at: Timestamp, nonce: &str, clusters: &[String]) -> Applied {
        if self.open_launch()?.0.nonce != nonce {
            return Err("another launch is open");
        }
        match clusters.split_first() {
            None => {
                let (intent, at) = self.open_launch()?;
                self.given_up.push(GivenUp { nonce: intent.nonce.clone(), at });
                self.launch = Launch::NotMade;
            }
            Some((accepted, duplicates)) => {
                self.launched(at, accepted)?;
                for cluster in duplicates {
                    self.add_duplicate(cluster, nonce);
                }
            }
        }
        Ok(())
    }

    pub(super) fn cluster_state_changed(
        &mut self,
        at: Timestamp,
        seconds_ago: Option<i64>,
        state: &ClusterState,
        reason: &Reason,
    ) -> Applied {
        let since = seconds_ago.map_or(at, |ago| earlier(at, ago));
        let cluster = self.living_cluster()?;
        if state.is_terminal() {
            cluster.ended_at = Some(since);
        }
        if matches!(state, ClusterState::Running | ClusterState::Waiting) {
            cluster.ready_at.get_or_insert(since);
            cluster.has_instances = true;
        }
        cluster.has_instances |= *state == ClusterState::Bootstrapping;
        cluster.state = Some(state.clone());
        cluster.reason = reason.clone();
        cluster.moved_at = at;
        Ok(())
    }

    pub(super) fn step_state_changed(
        &mut self,
        at: Timestamp,
        id: &str,
        name: &str,
        state: &StepState,
        reason: &Reason,
    ) -> Applied {
        let cluster = self.cluster.as_mut().ok_or("no cluster is known")?;
        match cluster.steps.iter_mut().find(|step| step.id == id) {
            Some(step) if step.state.is_terminal() => return Err("the step has ended"),
            Some(step) => {
                step.state = state.clone();
                step.reason = reason.clone();
            }
            None => cluster.steps.push(Step {
                id: id.to_owned(),
                name: name.to_owned(),
                state: state.clone(),
                reason: reason.clone(),
            }),
        }
        cluster.steps_moved_at = Some(at);
        Ok(())
    }

    pub(super) fn end(&mut self, at: Timestamp, result: AttemptResult) -> Applied {
        if matches!(self.launch, Launch::Open { .. }) {
            return Err("a launch is open");
        }
        if self.cluster.as_ref().is_some_and(|cluster| !cluster.is_gone()) {
            return Err("its cluster is not gone");
        }
        if self.open_duplicate().is_some() {
            return Err("a surplus cluster is not ended");
        }
        if result == AttemptResult::Succeeded && !self.verdict.as_ref().is_some_and(Verdict::is_good) {
            return Err("its output was not found good");
        }
        self.ended = Some((result, at));
        Ok(())
    }

    /// How long the attempt took, or has taken until now: to the end of its cluster, whenever somebody saw that.
    pub fn duration(&self, now: Timestamp) -> SignedDuration {
        let gone = self.cluster.as_ref().and_then(|cluster| cluster.ended_at);
        let end = gone.or(self.ended.map(|(_, at)| at)).unwrap_or(now);
        end.duration_since(self.started_at).max(SignedDuration::ZERO)
    }

    /// Whether the launch was refused for good.
    pub fn is_launch_hopeless(&self) -> bool {
        self.launch == Launch::NotMade
            && self.refused.as_ref().is_some_and(|(error, _)| error.class == ErrorClass::Invalid)
    }
}

/// A moment so many seconds earlier; the beginning of time, where that is nearer.
fn earlier(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_sub(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MIN)
}
