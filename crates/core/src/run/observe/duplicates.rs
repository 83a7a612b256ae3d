//! What is observed and recorded about clusters beside the accepted one.

#![deny(clippy::wildcard_enum_match_arm)]

use super::super::duplicates::{DuplicateCluster, GivenUp, LateLaunchCheck};
use super::super::failure_policy::{Failed, Moment};
use super::{
    Action, Attempt, CLOCK_MARGIN, Decision, Event, Observer, Probe, Timestamp, WaitReason, later, record,
};
use crate::record::TerminateReason;

impl Observer<'_> {
    /// A duplicate cluster could not be terminated: its termination protection is observed once for each try.
    pub(super) fn duplicates(&self, attempt: &Attempt) -> Option<Decision> {
        let deferred = self.deferred?;
        let Action::Terminate { cluster, because: TerminateReason::Duplicate } = deferred.action else {
            return None;
        };
        let DuplicateCluster { nonce, unprotected_at, .. } = attempt.open_duplicate()?;
        let probe = Probe::Protection { cluster: cluster.clone(), nonce: nonce.clone() };
        let observed = self.observations.protection.as_ref();
        let observed =
            observed.filter(|observed| observed.of == *cluster && observed.at >= deferred.observed.at);
        let Some(observed) = observed else { return Some(Decision::Observe(vec![probe])) };
        // A person may keep switching it on. There is no hurry.
        let is_due = unprotected_at.is_none_or(|at| self.now >= later(at, self.pace.poll_early));
        match &observed.value {
            Ok(protected) => {
                (*protected && is_due).then(|| record(Event::DuplicateProtected { cluster: cluster.clone() }))
            }
            Err(error) => self.end(self.disposition(Failed::ObserveProtection, observed, error), error),
        }
    }

    /// Before an attempt ends, clusters that came of it all the same have to be terminated.
    pub(super) fn nothing_is_left(&self, attempt: &Attempt) -> Result<(), Decision> {
        if let Some(first) = self.late_launches(attempt, LateLaunchCheck::AtEnd) {
            return Err(first);
        }
        match (attempt.open_duplicate(), self.deferred) {
            (None, _) => Ok(()),
            (Some(_), Some(deferred)) => Err(self.after_failed_action(deferred, Moment::Blocking)),
            (Some(_), None) => Err(self.wait(later(self.now, self.pace.retry), WaitReason::ClusterEnding)),
        }
    }

    /// Checks launches of the day that were given up for late clusters. While the cluster is at work this holds nothing
    /// up; at the end it comes first.
    pub(super) fn late_launches(&self, attempt: &Attempt, when: LateLaunchCheck) -> Option<Decision> {
        let given_up = || self.state.attempts.iter().flat_map(|attempt| &attempt.given_up);
        let first = given_up().map(|launch| launch.at).min()?;
        if attempt.late_launch_check >= when {
            return None;
        }
        let probe = Probe::LateLaunches {
            attempt: attempt.number,
            when,
            nonces: given_up().map(|GivenUp { nonce, .. }| nonce.clone()).collect(),
            since: first.checked_sub(CLOCK_MARGIN).unwrap_or(Timestamp::MIN),
        };
        let observed = self.observations.late_launches.as_ref().filter(|observed| observed.of == probe.of());
        match self.value_of(observed, probe) {
            Ok(found) => {
                let new = found.iter().filter(|found| !self.is_known(&found.cluster)).cloned();
                Some(record(Event::LateLaunchesChecked { found: new.collect() }))
            }
            Err(first @ Decision::Observe(_)) => Some(first),
            Err(first) => (when == LateLaunchCheck::AtEnd).then_some(first),
        }
    }

    fn is_known(&self, cluster: &str) -> bool {
        self.state.attempts.iter().any(|attempt| {
            attempt.cluster().is_some_and(|own| own.id == cluster)
                || attempt.duplicates.iter().any(|duplicate| duplicate.cluster == cluster)
        })
    }
}
