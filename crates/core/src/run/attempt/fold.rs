//! What the events mean for an attempt: one function for each event that is about it.
//!
//! The guard, duplicate clusters, publishing and retention have their own, beside their states.

#![deny(clippy::wildcard_enum_match_arm)]

use jiff::{SignedDuration, Timestamp};

use super::super::duplicates::GivenUp;
use super::{Applied, Attempt, Cluster, Launch, LaunchRefused, Launched, Reporting, Step};
use crate::emr::{ClusterState, Reason, StepState};
use crate::record::{AttemptResult, CallError, LaunchIntent, Reported, TerminateReason, Verdict};

impl Attempt {
    pub(in crate::run) fn launch_refused(&mut self, at: Timestamp, error: &CallError) -> Applied {
        self.open_launch()?;
        self.launch = Launch::NotMade;
        let before = self.refused.as_ref().map_or(0, |refused| refused.times);
        self.refused = Some(LaunchRefused { error: error.clone(), at, times: before + 1 });
        Ok(())
    }

    /// The launch stays open, as it is without an answer.
    pub(in crate::run) fn launch_unclear(&self) -> Applied {
        self.open_launch()?;
        Ok(())
    }

    pub(in crate::run) fn protection_changed(&mut self, protected: bool) -> Applied {
        self.living_cluster()?.protected = protected;
        Ok(())
    }

    pub(in crate::run) fn termination_overdue(&mut self) -> Applied {
        let cluster = self.living_cluster()?;
        if cluster.state != Some(ClusterState::Terminating) || cluster.is_overdue {
            return Err("the cluster's end is not overdue, or it was recorded already");
        }
        cluster.is_overdue = true;
        Ok(())
    }

    pub(in crate::run) fn verified(&mut self, verdict: &Verdict) -> Applied {
        if self.cluster().is_none() || self.verdict.is_some() {
            return Err("there is nothing to verify");
        }
        self.verdict = Some(verdict.clone());
        Ok(())
    }

    pub(in crate::run) fn alarm_checked(&mut self, current: bool) {
        self.alarm = if current { Reporting::Done } else { Reporting::Due };
    }

    pub(in crate::run) fn report_given_up(&mut self, what: Reported, why: &str) {
        let report = match what {
            Reported::Metrics => &mut self.metrics,
            Reported::Alarm => &mut self.alarm,
        };
        *report = Reporting::GivenUp(why.to_owned());
    }

    fn open_launch(&self) -> Result<(&LaunchIntent, Timestamp), &'static str> {
        match &self.launch {
            Launch::Open { intent, at } => Ok((intent, *at)),
            Launch::NotMade | Launch::Made(_) => Err("no launch is open"),
        }
    }

    fn cluster_mut(&mut self) -> Option<&mut Cluster> {
        match &mut self.launch {
            Launch::Made(launched) => Some(&mut launched.cluster),
            Launch::NotMade | Launch::Open { .. } => None,
        }
    }

    fn living_cluster(&mut self) -> Result<&mut Cluster, &'static str> {
        match self.cluster_mut() {
            Some(cluster) if cluster.is_gone() => Err("the cluster is gone"),
            Some(cluster) => Ok(cluster),
            None => Err("no cluster is known"),
        }
    }

    pub(in crate::run) fn launch_intended(&mut self, at: Timestamp, intent: &LaunchIntent) -> Applied {
        if !matches!(self.launch, Launch::NotMade) {
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

    pub(in crate::run) fn terminate_requested(
        &mut self,
        at: Timestamp,
        cluster: &str,
        because: TerminateReason,
    ) -> Applied {
        if let Some(own) = self.cluster_mut().filter(|own| own.id == cluster) {
            own.terminate = Some((because, at));
        } else {
            self.duplicate_of(cluster).ok_or("the cluster is not of this attempt")?.asked = true;
        }
        Ok(())
    }

    pub(in crate::run) fn unprotected(&mut self, at: Timestamp, cluster: &str) -> Applied {
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

    pub(in crate::run) fn cluster_launched(&mut self, at: Timestamp, cluster: &str) -> Applied {
        let (intent, intended_at) = self.open_launch()?;
        let intent = intent.clone();
        let cluster = Cluster {
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
        };
        self.launch = Launch::Made(Box::new(Launched { intent, at: intended_at, cluster }));
        self.refused = None;
        Ok(())
    }

    pub(in crate::run) fn launch_resolved(
        &mut self,
        at: Timestamp,
        nonce: &str,
        clusters: &[String],
    ) -> Applied {
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
                self.cluster_launched(at, accepted)?;
                for cluster in duplicates {
                    self.add_duplicate(cluster, nonce);
                }
            }
        }
        Ok(())
    }

    pub(in crate::run) fn cluster_state_changed(
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

    pub(in crate::run) fn step_state_changed(
        &mut self,
        at: Timestamp,
        id: &str,
        name: &str,
        state: &StepState,
        reason: &Reason,
    ) -> Applied {
        let cluster = self.cluster_mut().ok_or("no cluster is known")?;
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

    pub(in crate::run) fn end(&mut self, at: Timestamp, result: AttemptResult) -> Applied {
        if matches!(self.launch, Launch::Open { .. }) {
            return Err("a launch is open");
        }
        if self.cluster().is_some_and(|cluster| !cluster.is_gone()) {
            return Err("its cluster is not gone");
        }
        if self.open_duplicate().is_some() {
            return Err("a duplicate cluster is not ended");
        }
        if result == AttemptResult::Succeeded && !self.verdict.as_ref().is_some_and(Verdict::is_good) {
            return Err("its output was not found good");
        }
        self.ended = Some((result, at));
        Ok(())
    }
}

/// A moment so many seconds earlier; the beginning of time, where that is nearer.
fn earlier(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_sub(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MIN)
}
