//! The fold: what the recorded events mean.

#![deny(clippy::wildcard_enum_match_arm)]

use jiff::Timestamp;

use super::attempt::{Applied, Attempt, Reporting};
use super::publication::Publishing;
use super::removal::Expiry;
use crate::record::{
    Actor, AttemptResult, Effect, Event, LateLaunch, Outcome, PinnedInputs, Recorded, Refusal, Retry,
};

/// A run, as its recorded events tell it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    seq: u64,
    fence: u64,
    /// When the lease was last renewed. None where no lease is held, as in a plan.
    pub renewed_at: Option<Timestamp>,
    /// The ledger's own identifier; empty until it is opened.
    pub ledger: String,
    /// When the record was opened.
    pub opened_at: Option<Timestamp>,
    /// All attempts, oldest first.
    pub attempts: Vec<Attempt>,
    /// Whether the last attempt is still the one at hand: not before the first, and not after a reopening.
    current: bool,
    /// How the run ended, and when.
    pub closed: Option<(Outcome, Timestamp)>,
    /// How it had ended before it was reopened.
    closed_before: Option<(Outcome, Timestamp)>,
    /// Why the latest attempt that was asked for could not be made.
    pub refusal: Option<Refusal>,
    /// Who wants the run to end.
    pub cancel: Option<Actor>,
    /// How far the expiry of the day's output is; none while it is kept.
    pub expiry: Option<Expiry>,
    /// The attempts that were superseded by one that perhaps not all tables serve yet.
    pub(super) unreconciled: Vec<u32>,
}

/// A recorded event that cannot follow on what was recorded before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IllegalEvent {
    /// The sequence has a gap or goes back.
    #[error("event {found} follows on event {last}")]
    OutOfSequence {
        /// The last one before.
        last: u64,
        /// The one found.
        found: u64,
    },
    /// The fence fell.
    #[error("event {seq} has fence {found}, and fence {last} was recorded before it")]
    OldFence {
        /// The event's number.
        seq: u64,
        /// The highest fence before.
        last: u64,
        /// The one found.
        found: u64,
    },
    /// The event cannot follow here.
    #[error("event {seq} ({event}) cannot happen here: {because}")]
    Impossible {
        /// The event's number.
        seq: u64,
        /// The event.
        event: String,
        /// Why not.
        because: &'static str,
    },
}

impl State {
    /// The number of the last event; 0 before the first.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The highest fence recorded.
    pub fn fence(&self) -> u64 {
        self.fence
    }

    /// The attempt at hand.
    pub fn attempt(&self) -> Option<&Attempt> {
        self.attempts.last().filter(|_| self.current)
    }

    /// How the run ended, if it did.
    pub fn outcome(&self) -> Option<Outcome> {
        self.closed.map(|(outcome, _)| outcome)
    }

    /// The attempt of this number.
    pub fn numbered(&self, number: u32) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.number == number)
    }

    /// The last attempt that succeeded.
    pub fn succeeded(&self) -> Option<&Attempt> {
        self.attempts.iter().rev().find(|attempt| attempt.has_succeeded())
    }

    /// Folds one more event in. After an error the state is as it was.
    pub fn apply(&mut self, recorded: &Recorded) -> Result<(), IllegalEvent> {
        let Recorded { seq, at, fence, event } = recorded;
        if *seq != self.seq + 1 {
            return Err(IllegalEvent::OutOfSequence { last: self.seq, found: *seq });
        }
        if *fence < self.fence {
            return Err(IllegalEvent::OldFence { seq: *seq, last: self.fence, found: *fence });
        }
        let mut next = self.clone();
        next.apply_event(*at, event).map_err(|because| IllegalEvent::Impossible {
            seq: *seq,
            event: serde_json::to_string(event).unwrap_or_else(|_| format!("{event:?}")),
            because,
        })?;
        next.seq = *seq;
        next.fence = *fence;
        *self = next;
        Ok(())
    }

    /// Hands each event to the part of the run that it is about. An event without a handler does not compile.
    fn apply_event(&mut self, at: Timestamp, event: &Event) -> Applied {
        match event {
            Event::Opened { ledger } => self.opened(at, ledger)?,
            Event::Reopened { by: _ } => self.reopened()?,
            Event::CancelRequested { by } => self.cancel_requested(by)?,
            Event::AttemptStarted { attempt, inputs, unstaged, retry } => {
                self.attempt_started(at, *attempt, inputs, unstaged, *retry)?;
            }
            Event::AttemptRefused { because } => self.attempt_refused(at, because)?,
            Event::Closed { outcome } => self.close(at, *outcome)?,
            Event::ActionFinished { effect } => self.action_finished(at, effect)?,

            Event::LaunchIntended(intent) => self.working_attempt()?.launch_intended(at, intent)?,
            Event::LaunchRefused { error } => self.working_attempt()?.launch_refused(at, error)?,
            Event::LaunchUnclear { why: _ } => self.working_attempt()?.launch_unclear()?,
            Event::LaunchResolved { nonce, clusters } => {
                self.working_attempt()?.launch_resolved(at, nonce, clusters)?;
            }
            Event::ClusterStateChanged { state, reason, seconds_ago } => {
                self.working_attempt()?.cluster_state_changed(at, *seconds_ago, state, reason)?;
            }
            Event::StepStateChanged { id, name, state, reason } => {
                self.working_attempt()?.step_state_changed(at, id, name, state, reason)?;
            }
            Event::ProtectionChanged { protected } => {
                self.working_attempt()?.protection_changed(*protected)?;
            }
            Event::TerminationOverdue { seconds: _ } => self.working_attempt()?.termination_overdue()?,
            Event::Verified { verdict } => self.working_attempt()?.verified(verdict)?,
            Event::AttemptEnded { result } => self.working_attempt()?.end(at, *result)?,

            Event::LateLaunchesChecked { found } => self.late_launches_checked(found)?,
            Event::DuplicateProtected { cluster } => self.working_attempt()?.duplicate_protected(cluster)?,

            Event::GuardGroupChecked { there } => self.attempt_at_hand()?.guard_group_checked(*there)?,
            Event::GuardLost => self.attempt_at_hand()?.guard_lost()?,
            Event::GuardGivenUp { why } => self.attempt_at_hand()?.guard_given_up(at, why)?,

            // A diagnosis after the attempt's end is about what made the day fail all the same.
            Event::Diagnosed { diagnosis } => self.attempt_at_hand()?.diagnosis = Some(diagnosis.clone()),
            Event::AlarmChecked { current } => self.ended_attempt()?.alarm_checked(*current),
            Event::ReportGivenUp { what, why } => self.ended_attempt()?.report_given_up(*what, why),

            // Which attempt queries see, and which outputs are kept, may change on a closed day, too.
            Event::PublishIntended { attempt, by: _, database } => {
                self.publish_intended(at, *attempt, database)?;
            }
            Event::PublishGivenUp { attempt, why } => {
                self.publish(at, *attempt, &Publishing::GivenUp(why.clone()))?;
            }
            Event::CatalogDrifted { tables: _, attempts, database } => {
                self.catalog_drifted(at, attempts, database)?;
            }
            Event::DayExpiring => self.day_expiring(at)?,
            Event::DayExpired => self.day_expired(at)?,
            Event::DeletingOutput { attempt, because } => self.deleting_output(at, *attempt, *because)?,
            Event::OutputDeleted { attempt, objects, bytes } => {
                self.output_deleted(at, *attempt, *objects, *bytes)?;
            }
        }
        Ok(())
    }

    /// Hands the effect of an action to the part of the run that it is about.
    fn action_finished(&mut self, at: Timestamp, effect: &Effect) -> Applied {
        match effect {
            Effect::JobStaged => self.working_attempt()?.unstaged.clear(),
            Effect::Launched { cluster } => self.working_attempt()?.cluster_launched(at, cluster)?,
            Effect::TerminateRequested { cluster, because } => {
                self.working_attempt()?.terminate_requested(at, cluster, *because)?;
            }
            Effect::Unprotected { cluster } => self.working_attempt()?.unprotected(at, cluster)?,
            Effect::GuardCreated { until } => self.attempt_at_hand()?.guard_created(at, *until)?,
            Effect::GuardRemoved => self.attempt_at_hand()?.guard_removed()?,
            Effect::Published { attempt } => self.publish(at, *attempt, &Publishing::Published)?,
            Effect::MetricsPublished => self.ended_attempt()?.metrics = Reporting::Done,
            Effect::AlarmPut => self.ended_attempt()?.alarm = Reporting::Done,
        }
        Ok(())
    }

    /// Whether the record was opened and the run is not closed.
    fn is_in_flight(&self) -> Applied {
        match (self.opened_at, self.closed) {
            (None, _) => Err("the record was not opened"),
            (Some(_), Some(_)) => Err("the run is closed"),
            (Some(_), None) => Ok(()),
        }
    }

    fn attempt_at_hand(&mut self) -> Result<&mut Attempt, &'static str> {
        self.is_in_flight()?;
        let current = self.current;
        self.attempts.last_mut().filter(|_| current).ok_or("no attempt is at hand")
    }

    /// The attempt at hand, before its end.
    fn working_attempt(&mut self) -> Result<&mut Attempt, &'static str> {
        let attempt = self.attempt_at_hand()?;
        if attempt.ended.is_some() { Err("the attempt has ended") } else { Ok(attempt) }
    }

    /// The attempt at hand, after its end.
    fn ended_attempt(&mut self) -> Result<&mut Attempt, &'static str> {
        let attempt = self.attempt_at_hand()?;
        if attempt.ended.is_none() { Err("the attempt has not ended") } else { Ok(attempt) }
    }

    fn late_launches_checked(&mut self, found: &[LateLaunch]) -> Applied {
        if !found.iter().all(|found| self.gave_up(&found.nonce)) {
            return Err("a launch that was not given up");
        }
        self.working_attempt()?.late_launches_checked(found)
    }

    /// Whether this launch of the day was recorded as never made.
    fn gave_up(&self, nonce: &str) -> bool {
        self.attempts.iter().flat_map(|attempt| &attempt.given_up).any(|launch| launch.nonce == nonce)
    }

    fn opened(&mut self, at: Timestamp, ledger: &str) -> Applied {
        if self.opened_at.is_some() {
            return Err("the record is open already");
        }
        self.opened_at = Some(at);
        ledger.clone_into(&mut self.ledger);
        Ok(())
    }

    fn reopened(&mut self) -> Applied {
        if self.opened_at.is_none() {
            return Err("the record was not opened");
        }
        let is_left = self.take_up_unpublished();
        self.closed_before = Some(self.closed.take().ok_or("the run is not closed")?);
        self.current = is_left;
        self.cancel = None;
        self.refusal = None;
        Ok(())
    }

    fn cancel_requested(&mut self, by: &Actor) -> Applied {
        self.is_in_flight()?;
        self.cancel = Some(by.clone());
        Ok(())
    }

    fn attempt_started(
        &mut self,
        at: Timestamp,
        number: u32,
        inputs: &PinnedInputs,
        unstaged: &[String],
        retry: Option<Retry>,
    ) -> Applied {
        self.is_in_flight()?;
        self.may_attempt(number, retry)?;
        self.attempts.push(Attempt::new(number, at, inputs, unstaged, retry));
        self.current = true;
        self.refusal = None;
        Ok(())
    }

    /// Whether an attempt may begin: the first after the opening, or one that follows by itself on a failed one.
    fn may_attempt(&self, number: u32, retry: Option<Retry>) -> Applied {
        let last = self.attempts.last();
        if number != last.map_or(0, |last| last.number) + 1 {
            return Err("attempts are numbered without a gap");
        }
        let has_failed = last.is_some_and(|last| matches!(last.ended, Some((AttemptResult::Failed, _))));
        match (self.current, retry) {
            (false, None) => Ok(()),
            (false, Some(_)) => Err("no attempt is at hand that it could follow on"),
            (true, Some(_)) if has_failed => Ok(()),
            (true, _) => Err("an attempt is at hand already"),
        }
    }

    fn attempt_refused(&mut self, at: Timestamp, because: &Refusal) -> Applied {
        self.is_in_flight()?;
        if self.current {
            return Err("an attempt is at hand already");
        }
        self.refusal = Some(because.clone());
        // A day that had succeeded has still succeeded.
        self.closed = Some(self.closed_before.take().unwrap_or((Outcome::Refused, at)));
        Ok(())
    }

    fn close(&mut self, at: Timestamp, outcome: Outcome) -> Applied {
        self.is_in_flight()?;
        if self.attempt().is_some_and(|attempt| attempt.ended.is_none()) {
            return Err("the attempt has not ended");
        }
        if outcome == Outcome::Succeeded && self.attempt().is_none() {
            return Err("without an attempt nothing succeeds");
        }
        match self.attempt().map(|attempt| &attempt.publishing) {
            Some(Publishing::Intended) => return Err("the attempt is being published"),
            Some(Publishing::GivenUp(_)) if outcome == Outcome::Succeeded => {
                return Err("the attempt was not published");
            }
            None
            | Some(
                Publishing::Open
                | Publishing::Published
                | Publishing::GivenUp(_)
                | Publishing::Superseded { .. }
                | Publishing::Withdrawn { .. },
            ) => {}
        }
        self.closed = Some((outcome, at));
        self.closed_before = None;
        Ok(())
    }
}
