//! What is looked at and recorded about clusters beside the accepted one.

use super::super::TerminateReason;
use super::super::surplus::{GivenUp, LookedAgain, Surplus};
use super::{
    Action, Attempt, CLOCK_MARGIN, Decision, Event, Query, Timestamp, Watch, Why, later, looked, record,
};

impl Watch<'_> {
    /// A surplus cluster could not be told to end: whether somebody protects it is looked at once for each try.
    pub(super) fn surplus(&self, attempt: &Attempt) -> Option<Decision> {
        let held = self.held?;
        let Action::Terminate { cluster, because: TerminateReason::Surplus } = held.action else {
            return None;
        };
        let Surplus { nonce, unprotected_at, .. } = attempt.open_surplus()?;
        let query = Query::Protection { cluster: cluster.clone(), nonce: nonce.clone() };
        let sighting = self.seen.protection.as_ref();
        let sighting = sighting.filter(|seen| seen.of == *cluster && seen.at >= held.sighting.at);
        let Some(sighting) = sighting else { return Some(Decision::Look(vec![query])) };
        // Somebody may be stubborn, and need not be hurried after.
        let is_due = unprotected_at.is_none_or(|at| self.now >= later(at, self.pace.poll_early));
        (sighting.value == Ok(true) && is_due)
            .then(|| record(Event::SurplusProtected { cluster: cluster.clone() }))
    }

    /// An attempt that is about to end without a cluster of its own first has those ended that came of it all the same.
    pub(super) fn nothing_is_left(&self, attempt: &Attempt) -> Result<(), Decision> {
        if let Some(first) = self.stragglers(attempt, LookedAgain::AtTheEnd) {
            return Err(first);
        }
        match (attempt.open_surplus(), self.held) {
            (None, _) => Ok(()),
            (Some(_), Some(held)) => Err(self.trouble_with(held)),
            (Some(_), None) => Err(self.wait(later(self.now, self.pace.retry), Why::End)),
        }
    }

    /// Launches of the day that were given up are looked for once more. While the cluster is at work this holds
    /// nothing up; at the end it comes first.
    pub(super) fn stragglers(&self, attempt: &Attempt, when: LookedAgain) -> Option<Decision> {
        let given_up = || self.state.attempts.iter().flat_map(|attempt| &attempt.given_up);
        let first = given_up().map(|launch| launch.at).min()?;
        if attempt.looked_again >= when {
            return None;
        }
        let query = Query::Stragglers {
            attempt: attempt.number,
            when,
            nonces: given_up().map(|GivenUp { nonce, .. }| nonce.clone()).collect(),
            since: first.checked_sub(CLOCK_MARGIN).unwrap_or(Timestamp::MIN),
        };
        let sighting = self.seen.stragglers.as_ref().filter(|sighting| sighting.of == query.of());
        match looked(sighting, query, self.now, self.pace) {
            Ok(found) => {
                let new = found.iter().filter(|found| !self.is_known(&found.cluster)).cloned();
                Some(record(Event::LookedAgain { found: new.collect() }))
            }
            Err(first @ Decision::Look(_)) => Some(first),
            Err(first) => (when == LookedAgain::AtTheEnd).then_some(first),
        }
    }

    fn is_known(&self, cluster: &str) -> bool {
        self.state.attempts.iter().any(|attempt| {
            attempt.cluster.as_ref().is_some_and(|own| own.id == cluster)
                || attempt.surplus.iter().any(|surplus| surplus.cluster == cluster)
        })
    }
}
