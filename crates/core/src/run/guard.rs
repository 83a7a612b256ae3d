//! The guard outside the cluster: a one-shot schedule of EventBridge Scheduler that terminates it at its deadline, even
//! when no process of Emrys is left.
//!
//! Its name is the launch's nonce, and it deletes itself once it has fired. Emrys creates it as soon as the cluster is
//! known, creates it again when an observation finds it missing, and removes it when the cluster is gone. A guard that
//! cannot be created or removed never fails a run: that is recorded and shown, and Emrys tries again from time to time
//! while the cluster is up.

#![deny(clippy::wildcard_enum_match_arm)]

use jiff::Timestamp;

use super::action::Action;
use super::attempt::{Applied, Attempt, Cluster, Launched};
use crate::cluster_request::deadline;
use crate::spec::Spec;

/// The group of all schedules that guard clusters.
pub const GROUP: &str = "emrys";

/// How far the guard of an attempt's cluster is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum GuardState {
    /// Nothing was done about it. It stays so where none is configured.
    #[default]
    Open,
    /// It has to be created.
    Missing {
        /// Whether its group exists.
        group: bool,
    },
    /// It exists.
    Exists {
        /// When it was created.
        made_at: Timestamp,
        /// When it terminates the cluster.
        until: Timestamp,
    },
    /// It is removed, because its cluster is gone.
    Removed,
    /// It was given up. While the cluster is up, Emrys tries again after a while.
    GivenUp {
        /// Why.
        why: String,
        /// When.
        at: Timestamp,
    },
}

/// Whether a guard is of use: not once the cluster has begun to end, and not after the deadline.
pub(super) fn is_wanted(spec: &Spec, launched: &Launched, now: Timestamp) -> bool {
    let is_ending = launched.cluster.phase().is_ending();
    spec.config.guard.is_some() && !is_ending && now < deadline(&spec.config, launched.at)
}

/// The action that is due for the guard, if one is.
pub(super) fn next_action(
    spec: &Spec,
    attempt: &Attempt,
    launched: &Launched,
    now: Timestamp,
) -> Option<Action> {
    let Launched { intent, at: launched_at, cluster } = launched;
    let name = || intent.nonce.clone();
    match attempt.guard {
        // A missing one may exist all the same, where the answer to its creation is not recorded.
        GuardState::Exists { .. } | GuardState::Missing { .. } if cluster.is_gone() => {
            Some(Action::RemoveGuard { name: name() })
        }
        GuardState::Missing { group } if is_wanted(spec, launched, now) => Some(Action::CreateGuard {
            name: name(),
            cluster: cluster.id.clone(),
            until: deadline(&spec.config, *launched_at),
            group,
        }),
        GuardState::Open
        | GuardState::Missing { .. }
        | GuardState::Exists { .. }
        | GuardState::Removed
        | GuardState::GivenUp { .. } => None,
    }
}

/// Why an event of the guard is illegal.
const OUT_OF_ORDER: &str = "the guard is not so far, or further";

impl Attempt {
    pub(super) fn guard_group_checked(&mut self, there: bool) -> Applied {
        self.has_cluster_to_guard()?;
        match self.guard {
            GuardState::Open | GuardState::GivenUp { .. } => {
                self.guard = GuardState::Missing { group: there };
                Ok(())
            }
            GuardState::Missing { .. } | GuardState::Exists { .. } | GuardState::Removed => Err(OUT_OF_ORDER),
        }
    }

    pub(super) fn guard_created(&mut self, at: Timestamp, until: Timestamp) -> Applied {
        self.has_cluster_to_guard()?;
        match self.guard {
            GuardState::Missing { .. } => {
                self.guard = GuardState::Exists { made_at: at, until };
                Ok(())
            }
            GuardState::Open
            | GuardState::Exists { .. }
            | GuardState::Removed
            | GuardState::GivenUp { .. } => Err(OUT_OF_ORDER),
        }
    }

    pub(super) fn guard_lost(&mut self) -> Applied {
        self.has_cluster_to_guard()?;
        match self.guard {
            GuardState::Exists { .. } => {
                // Its group existed when it was created.
                self.guard = GuardState::Missing { group: true };
                Ok(())
            }
            GuardState::Open
            | GuardState::Missing { .. }
            | GuardState::Removed
            | GuardState::GivenUp { .. } => Err(OUT_OF_ORDER),
        }
    }

    pub(super) fn guard_removed(&mut self) -> Applied {
        if !self.cluster().is_some_and(Cluster::is_gone) {
            return Err(OUT_OF_ORDER);
        }
        match self.guard {
            GuardState::Exists { .. } | GuardState::Missing { .. } => {
                self.guard = GuardState::Removed;
                Ok(())
            }
            GuardState::Open | GuardState::Removed | GuardState::GivenUp { .. } => Err(OUT_OF_ORDER),
        }
    }

    pub(super) fn guard_given_up(&mut self, at: Timestamp, why: &str) -> Applied {
        if self.cluster().is_none() || self.guard == GuardState::Removed {
            return Err(OUT_OF_ORDER);
        }
        self.guard = GuardState::GivenUp { why: why.to_owned(), at };
        Ok(())
    }

    fn has_cluster_to_guard(&self) -> Applied {
        match self.cluster() {
            Some(cluster) if !cluster.is_gone() => Ok(()),
            Some(_) | None => Err(OUT_OF_ORDER),
        }
    }
}
