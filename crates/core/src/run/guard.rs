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
use super::event::{Effect, Event, LaunchIntent};
use crate::cluster_request::deadline;
use crate::emr::ClusterState;
use crate::spec::Spec;

/// The group of all schedules that guard clusters.
pub const GROUP: &str = "emrys";

/// How far the guard of an attempt's cluster is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Guarding {
    /// Nothing was done about it, and nothing is, where none is configured.
    #[default]
    Open,
    /// It has to be made.
    Missing {
        /// Whether its group is there.
        group: bool,
    },
    /// It stands.
    Standing {
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
        Guarding::Standing { .. } | Guarding::Missing { .. } if cluster.is_gone() => {
            Some(Action::RemoveGuard { name: name() })
        }
        Guarding::Missing { group } if is_wanted(spec, cluster, launched_at, now) => {
            Some(Action::EnsureGuard {
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
    pub(super) fn guard_moved(&mut self, at: Timestamp, event: &Event) -> Option<Applied> {
        let gone = self.cluster.as_ref().map(Cluster::is_gone);
        let next = match (event, &self.guard) {
            (Event::GuardGroupFound { there }, Guarding::Open | Guarding::GivenUp { .. })
                if gone == Some(false) =>
            {
                Guarding::Missing { group: *there }
            }
            (Event::Finished { effect: Effect::GuardEnsured { until } }, Guarding::Missing { .. })
                if gone == Some(false) =>
            {
                Guarding::Standing { made_at: at, until: *until }
            }
            // Its group was there when it was made.
            (Event::GuardLost, Guarding::Standing { .. }) if gone == Some(false) => {
                Guarding::Missing { group: true }
            }
            (
                Event::Finished { effect: Effect::GuardRemoved },
                Guarding::Standing { .. } | Guarding::Missing { .. },
            ) if gone == Some(true) => Guarding::Removed,
            (Event::GuardGivenUp { why }, guard) if *guard != Guarding::Removed && gone.is_some() => {
                Guarding::GivenUp { why: why.clone(), at }
            }
            (
                Event::GuardGroupFound { .. }
                | Event::GuardLost
                | Event::GuardGivenUp { .. }
                | Event::Finished { effect: Effect::GuardEnsured { .. } | Effect::GuardRemoved },
                _,
            ) => return Some(Err("the guard is not so far, or further")),
            _ => return None,
        };
        self.guard = next;
        Some(Ok(()))
    }
}
