//! The guard outside the cluster: a one-shot schedule of EventBridge Scheduler that ends it at its deadline, whoever
//! else is dead by then.
//!
//! It is named by the launch's nonce, in a group of its own, and goes away by itself once it has fired. It is made as
//! soon as the cluster is known, made again when a look finds it missing, and removed when the cluster is gone. A
//! guard that cannot be made or removed never fails a run: it is recorded, and shown, and tried again now and then
//! while the cluster lives.

use jiff::Timestamp;

use super::action::Action;
use super::attempt::{Applied, Attempt, Cluster};
use crate::cluster_request::deadline;
use crate::emr::ClusterState;
use crate::record::{Effect, Event, LaunchIntent};
use crate::spec::Spec;

/// The group of all schedules that guard clusters.
pub const GROUP: &str = "emrys";

/// How far the guard of an attempt's cluster is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum GuardState {
    /// Nothing was done about it, and nothing is, where none is configured.
    #[default]
    Open,
    /// It has to be made.
    Missing {
        /// Whether its group is there.
        group: bool,
    },
    /// It stands.
    Exists {
        /// When it was made.
        made_at: Timestamp,
        /// When it ends the cluster.
        until: Timestamp,
    },
    /// It is removed: there is nothing to guard any more.
    Removed,
    /// It was given up. While the cluster lives it is tried again after a while.
    GivenUp {
        /// Why.
        why: String,
        /// When.
        at: Timestamp,
    },
}

/// Whether a guard is of use: not once the cluster is on its way down, and not after the deadline.
pub(super) fn is_wanted(spec: &Spec, cluster: &Cluster, launched_at: Timestamp, now: Timestamp) -> bool {
    let is_ending = cluster.is_gone() || cluster.state == Some(ClusterState::Terminating);
    spec.config.guard.is_some() && !is_ending && now < deadline(&spec.config, launched_at)
}

/// The act that is due for the guard, if one is.
pub(super) fn next_action(
    spec: &Spec,
    attempt: &Attempt,
    intent: &LaunchIntent,
    launched_at: Timestamp,
    now: Timestamp,
) -> Option<Action> {
    let cluster = attempt.cluster.as_ref()?;
    let name = || intent.nonce.clone();
    match attempt.guard {
        // Whether one was made is not certain, where it was asked for and the answer is not recorded.
        GuardState::Exists { .. } | GuardState::Missing { .. } if cluster.is_gone() => {
            Some(Action::RemoveGuard { name: name() })
        }
        GuardState::Missing { group } if is_wanted(spec, cluster, launched_at, now) => {
            Some(Action::CreateGuard {
                name: name(),
                cluster: cluster.id.clone(),
                until: deadline(&spec.config, launched_at),
                group,
            })
        }
        _ => None,
    }
}

impl Attempt {
    /// What an event means for the guard; nothing, when it is about something else.
    pub(super) fn apply_guard(&mut self, at: Timestamp, event: &Event) -> Option<Applied> {
        let gone = self.cluster.as_ref().map(Cluster::is_gone);
        let next = match (event, &self.guard) {
            (Event::GuardGroupChecked { there }, GuardState::Open | GuardState::GivenUp { .. })
                if gone == Some(false) =>
            {
                GuardState::Missing { group: *there }
            }
            (
                Event::ActionFinished { effect: Effect::GuardCreated { until } },
                GuardState::Missing { .. },
            ) if gone == Some(false) => GuardState::Exists { made_at: at, until: *until },
            // Its group was there when it was made.
            (Event::GuardLost, GuardState::Exists { .. }) if gone == Some(false) => {
                GuardState::Missing { group: true }
            }
            (
                Event::ActionFinished { effect: Effect::GuardRemoved },
                GuardState::Exists { .. } | GuardState::Missing { .. },
            ) if gone == Some(true) => GuardState::Removed,
            (Event::GuardGivenUp { why }, guard) if *guard != GuardState::Removed && gone.is_some() => {
                GuardState::GivenUp { why: why.clone(), at }
            }
            (
                Event::GuardGroupChecked { .. }
                | Event::GuardLost
                | Event::GuardGivenUp { .. }
                | Event::ActionFinished { effect: Effect::GuardCreated { .. } | Effect::GuardRemoved },
                _,
            ) => return Some(Err("the guard is not so far, or further")),
            _ => return None,
        };
        self.guard = next;
        Some(Ok(()))
    }
}
