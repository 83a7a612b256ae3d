//! What comes next after a failure: the disposition of the failure policy, made a decision.

#![deny(clippy::wildcard_enum_match_arm)]

use super::super::failure_policy::{Disposition, Failed, Failures, GiveUp, Moment, rule};
use super::super::publication;
use super::{
    CallError, Decision, Deferred, Event, Leave, Observed, Observer, OrDecision, Probe, Timestamp,
    WaitReason, later, record,
};
use crate::diagnosis;

impl Observer<'_> {
    /// The value that was observed, or what has to happen before there is one.
    pub(super) fn value_of<'o, T>(
        &self,
        observed: Option<&'o Observed<T>>,
        probe: Probe,
    ) -> OrDecision<&'o T> {
        let Some(observed) = observed else {
            return Err(Decision::Observe(vec![probe]));
        };
        let error = match &observed.value {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        Err(self
            .after_failed_probe(observed, error, probe)
            .unwrap_or_else(|until| Decision::Wait { until, why: WaitReason::CallFailed(error.clone()) }))
    }

    /// What comes first after a probe that failed and that holds nothing up, or when it is due again.
    pub(super) fn again_meanwhile<T>(
        &self,
        observed: &Observed<T>,
        error: &CallError,
        probe: Probe,
    ) -> OrDecision<Option<Timestamp>> {
        match self.after_failed_probe(observed, error, probe) {
            Ok(first) => Err(first),
            Err(until) => Ok(Some(until)),
        }
    }

    /// What comes first after a probe that failed, or else when it may be observed again.
    fn after_failed_probe<T>(
        &self,
        observed: &Observed<T>,
        error: &CallError,
        probe: Probe,
    ) -> Result<Decision, Timestamp> {
        let failed = Failed::probe(&probe);
        let disposition = self.disposition(failed, observed, error);
        if let Some(end) = self.end(disposition, error) {
            return Ok(end);
        }
        let until = later(observed.at, rule(failed, error.class).pause(observed.tries, self.pace));
        match disposition {
            Disposition::Retry if self.now >= until => Ok(Decision::Observe(vec![probe])),
            Disposition::Retry
            | Disposition::Leave
            | Disposition::GiveUp(_)
            | Disposition::EndAttempt
            | Disposition::GoOn => Err(until),
        }
    }

    /// What comes next where nothing can be done before an action that failed.
    pub(super) fn after_failed_action(&self, deferred: Deferred<'_>, moment: Moment) -> Decision {
        let Deferred { action, observed, error, until } = deferred;
        let disposition = self.disposition(Failed::action(action, moment), observed, error);
        let end = self.end(disposition, error);
        end.unwrap_or_else(|| self.wait(until, WaitReason::CallFailed(error.clone())))
    }

    /// What comes first where a cluster has to end and could not be terminated, while it is observed.
    pub(super) fn after_failed_end(&self) -> Option<Decision> {
        self.after_failed_meanwhile(&[Failed::EndCluster, Failed::EndDuplicateMeanwhile])
    }

    /// What comes first where the guard could not be created, while its cluster is observed.
    pub(super) fn after_failed_guard(&self) -> Option<Decision> {
        self.after_failed_meanwhile(&[Failed::CreateGuard])
    }

    /// What comes first if the deferred action is one of these. The run goes on meanwhile.
    fn after_failed_meanwhile(&self, actions: &[Failed]) -> Option<Decision> {
        let Deferred { action, observed, error, .. } = self.deferred?;
        let failed = Failed::action(action, Moment::Meanwhile);
        let is_one = actions.contains(&failed);
        is_one.then(|| self.end(self.disposition(failed, observed, error), error)).flatten()
    }

    pub(super) fn disposition<T>(
        &self,
        failed: Failed,
        observed: &Observed<T>,
        error: &CallError,
    ) -> Disposition {
        rule(failed, error.class).disposition(Failures::of(observed, self.now), self.pace)
    }

    /// The decision by which the retries end; none where they go on, or where the run goes on without.
    pub(super) fn end(&self, disposition: Disposition, error: &CallError) -> Option<Decision> {
        let why = || error.to_string();
        match disposition {
            // An attempt ends with its diagnosis: see `Observer::before_launch`.
            Disposition::Retry | Disposition::GoOn | Disposition::EndAttempt => None,
            Disposition::Leave => Some(Decision::Leave(Leave::because_of(error.clone()))),
            Disposition::GiveUp(GiveUp::Guard) => Some(record(Event::GuardGivenUp { why: why() })),
            Disposition::GiveUp(GiveUp::Report(what)) => {
                Some(record(Event::ReportGivenUp { what, why: why() }))
            }
            Disposition::GiveUp(GiveUp::Publishing) => {
                Some(self.give_up_publishing(publication::in_progress(self.state)?.number, &why()))
            }
        }
    }

    /// The end of publishing: the attempt stays verified, and the next run of the day publishes it.
    pub(super) fn give_up_publishing(&self, attempt: u32, why: &str) -> Decision {
        let mut events = vec![Event::PublishGivenUp { attempt, why: why.to_owned() }];
        // On a closed day there is nothing left to diagnose.
        if self.state.closed.is_none() {
            events.push(Event::Diagnosed { diagnosis: diagnosis::of_publishing(attempt, why) });
        }
        Decision::Record(events)
    }
}
