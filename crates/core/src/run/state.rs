//! The fold: what the recorded events mean.

use jiff::Timestamp;

use super::attempt::{Applied, Attempt};
use super::publication::Publishing;
use super::removal::Expiry;
use crate::record::Retry;
use crate::record::{Actor, AttemptResult, Event, Outcome, Recorded, Refusal};

/// A run, as its recorded events tell it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    seq: u64,
    fence: u64,
    /// When the lease was last renewed; unset where nobody holds one, as in a plan.
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
    /// The event makes no sense here.
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

    fn apply_event(&mut self, at: Timestamp, event: &Event) -> Applied {
        // Which attempt queries see, and what is kept, is all that may change about a day that is closed.
        if let Some(applied) = self.apply_publication(at, event) {
            return applied;
        }
        if let Some(applied) = self.apply_removal(at, event) {
            return applied;
        }
        match event {
            Event::Opened { ledger } => return self.opened(at, ledger),
            _ if self.opened_at.is_none() => return Err("the record was not opened"),
            Event::Reopened { .. } => return self.reopened(),
            _ if self.closed.is_some() => return Err("the run is closed"),
            Event::CancelRequested { by } => self.cancel = Some(by.clone()),
            Event::AttemptStarted { attempt, inputs, unstaged, retry } => {
                self.may_attempt(*attempt, *retry)?;
                self.attempts.push(Attempt::new(*attempt, at, inputs, unstaged, *retry));
                self.current = true;
                self.refusal = None;
            }
            Event::AttemptRefused { because } => return self.attempt_refused(at, because),
            Event::Closed { outcome } => return self.close(at, *outcome),
            Event::LateLaunchesChecked { found } if !found.iter().all(|found| self.gave_up(&found.nonce)) => {
                return Err("a launch that was not given up");
            }
            _ => {
                let current = self.current;
                let attempt = self.attempts.last_mut().filter(|_| current).ok_or("no attempt is at hand")?;
                return if attempt.ended.is_some() {
                    attempt.report(at, event)
                } else {
                    attempt.advance(at, event)
                };
            }
        }
        Ok(())
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
        let is_left = self.take_up_unpublished();
        self.closed_before = Some(self.closed.take().ok_or("the run is not closed")?);
        self.current = is_left;
        self.cancel = None;
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
        if self.current {
            return Err("an attempt is at hand already");
        }
        self.refusal = Some(because.clone());
        // A day that had succeeded has still succeeded.
        self.closed = Some(self.closed_before.take().unwrap_or((Outcome::Refused, at)));
        Ok(())
    }

    fn close(&mut self, at: Timestamp, outcome: Outcome) -> Applied {
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
            _ => {}
        }
        self.closed = Some((outcome, at));
        self.closed_before = None;
        Ok(())
    }
}
