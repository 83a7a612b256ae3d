//! Clusters of ours beside the one that was accepted.
//!
//! A launch can create one after its answer was lost and observations found no cluster: a process that was suspended
//! just before its call wakes up late. So Emrys checks for late launches twice: when the steps of the accepted cluster
//! have begun, and when it is gone. It terminates the clusters that it finds before the attempt ends.

#![deny(clippy::wildcard_enum_match_arm)]

use super::action::Action;
use super::attempt::{Applied, Attempt, Cluster, Launch};
use super::state::State;
use crate::record::{LateLaunch, TerminateReason};
use jiff::Timestamp;

/// A cluster of a launch for which another one was accepted, or none. Emrys terminates it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuplicateCluster {
    /// Its id.
    pub cluster: String,
    /// The launch that made it.
    pub nonce: String,
    /// Whether its termination protection was switched on.
    pub protected: bool,
    /// When Emrys last switched it off.
    pub unprotected_at: Option<Timestamp>,
    /// Whether its termination was asked for.
    pub asked: bool,
}

/// A launch that was recorded as never made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenUp {
    /// Its nonce.
    pub nonce: String,
    /// When it was intended.
    pub at: Timestamp,
}

/// How far an attempt has checked for late launches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LateLaunchCheck {
    /// Not yet.
    #[default]
    No,
    /// While its cluster was at work.
    WhileRunning,
    /// When its cluster was gone, or when the attempt was about to end without one.
    AtEnd,
}

impl State {
    /// Whether the cluster of a launch was accepted, or may still be. A launch that the record has given up, or does
    /// not know, may not.
    pub fn may_accept(&self, nonce: &str, cluster: &str) -> bool {
        self.attempts.iter().any(|attempt| match &attempt.launch {
            Launch::NotMade => false,
            Launch::Open { intent, .. } => intent.nonce == nonce,
            Launch::Made(launched) => launched.cluster.id == cluster,
        })
    }
}

impl Attempt {
    /// The duplicate cluster whose termination is due next.
    pub fn open_duplicate(&self) -> Option<&DuplicateCluster> {
        self.duplicates.iter().find(|duplicate| !duplicate.asked)
    }

    /// The action that is due for a duplicate cluster.
    pub(super) fn duplicate_action(&self) -> Option<Action> {
        let DuplicateCluster { cluster, protected, .. } = self.open_duplicate()?;
        let cluster = cluster.clone();
        Some(if *protected {
            Action::Unprotect { cluster, because: TerminateReason::Duplicate }
        } else {
            Action::Terminate { cluster, because: TerminateReason::Duplicate }
        })
    }

    pub(super) fn add_duplicate(&mut self, cluster: &str, nonce: &str) {
        if self.duplicate_of(cluster).is_none() {
            self.duplicates.push(DuplicateCluster {
                cluster: cluster.to_owned(),
                nonce: nonce.to_owned(),
                protected: false,
                unprotected_at: None,
                asked: false,
            });
        }
    }

    pub(super) fn duplicate_of(&mut self, cluster: &str) -> Option<&mut DuplicateCluster> {
        self.duplicates.iter_mut().find(|duplicate| duplicate.cluster == cluster)
    }

    pub(super) fn late_launches_checked(&mut self, found: &[LateLaunch]) -> Applied {
        let is_at_work = self.cluster().is_some_and(|cluster| !cluster.is_gone());
        let how_far = if is_at_work { LateLaunchCheck::WhileRunning } else { LateLaunchCheck::AtEnd };
        if self.late_launch_check >= how_far {
            return Err("late launches were checked already");
        }
        if found.iter().any(|late_launch| self.is_accepted(&late_launch.cluster)) {
            return Err("the cluster was accepted");
        }
        self.late_launch_check = how_far;
        for LateLaunch { nonce, cluster } in found {
            self.add_duplicate(cluster, nonce);
        }
        Ok(())
    }

    pub(super) fn duplicate_protected(&mut self, cluster: &str) -> Applied {
        let open = self.duplicate_of(cluster).filter(|duplicate| !duplicate.asked);
        open.ok_or("the cluster is not a duplicate, or was asked to end")?.protected = true;
        Ok(())
    }

    fn is_accepted(&self, cluster: &str) -> bool {
        self.cluster().is_some_and(|Cluster { id, .. }| id == cluster)
    }
}
