//! Publishing: the partitions of the day are made to serve what an attempt wrote.
//!
//! The record decides and the catalog follows. `PublishIntended` is recorded before the first call, and says which
//! attempt queries must see. `Effect::Published` says that all tables serve it. If a process dies in between, the next
//! one publishes the same attempt again, which is harmless. At most one attempt of a day is intended, published or
//! given up at a time; the others are superseded. A closed day can still be published.

#![deny(clippy::wildcard_enum_match_arm)]

use jiff::Timestamp;

use super::action::Action;
use super::attempt::{Applied, Attempt, Reporting};
use super::state::State;
use crate::record::{AttemptResult, Outcome};
use crate::spec::Spec;

/// How far the publishing of an attempt is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Publishing {
    /// Nothing was done about it. It stays so where no catalog is configured.
    #[default]
    Open,
    /// Queries must see it, and perhaps do already.
    Intended,
    /// Queries see it, in all tables.
    Published,
    /// It was given up, for this reason. Some tables may serve it.
    GivenUp(String),
    /// Another attempt was chosen after it.
    Superseded {
        /// Since when queries see that one: since it was chosen, and, once that is recorded, since all tables serve it.
        since: Timestamp,
    },
    /// Its day expired: no query may see it any more.
    Withdrawn {
        /// Since when.
        since: Timestamp,
    },
}

impl Publishing {
    /// Whether it was given up.
    pub fn is_given_up(&self) -> bool {
        matches!(self, Self::GivenUp(_))
    }

    /// Whether this is the attempt that queries must see.
    fn is_chosen(&self) -> bool {
        matches!(self, Self::Intended | Self::Published | Self::GivenUp(_))
    }
}

/// Whether an attempt that ended has yet to be published.
pub(super) fn is_wanted(spec: &Spec, attempt: &Attempt) -> bool {
    let is_open = matches!(attempt.publishing, Publishing::Open | Publishing::Intended);
    spec.published_to().is_some() && attempt.has_succeeded() && is_open
}

/// The action that is due for it.
pub(super) fn next_action(spec: &Spec, state: &State) -> Option<Action> {
    spec.published_to()?;
    Some(Action::Publish(in_progress(state)?.intent()?.clone()))
}

/// The attempt that is being published: the one at hand, or, once the day is closed, the chosen one.
pub(super) fn in_progress(state: &State) -> Option<&Attempt> {
    let attempt = if state.closed.is_some() { state.chosen() } else { state.attempt() }?;
    (attempt.publishing == Publishing::Intended).then_some(attempt)
}

impl Attempt {
    /// Whether its output was found good.
    pub fn has_succeeded(&self) -> bool {
        matches!(self.ended, Some((AttemptResult::Succeeded, _)))
    }
}

impl State {
    /// The attempt that queries must see.
    pub fn chosen(&self) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.publishing.is_chosen())
    }

    /// Whether tables that serve something else than the chosen attempt have drifted. They have if it was published, or
    /// given up on a closed day, perhaps halfway. One that its run has given up is left to the next run, which
    /// publishes it and begins no other.
    pub fn is_to_be_served(&self, chosen: &Attempt) -> bool {
        match chosen.publishing {
            Publishing::Published => true,
            Publishing::GivenUp(_) => self.closed.is_some() && self.unpublished().is_none(),
            Publishing::Open
            | Publishing::Intended
            | Publishing::Superseded { .. }
            | Publishing::Withdrawn { .. } => false,
        }
    }

    /// The attempt whose output is good and could not be published, so that the day failed. The next run of the day
    /// publishes it, and begins no other.
    pub fn unpublished(&self) -> Option<&Attempt> {
        let is_left = |attempt: &&Attempt| attempt.has_succeeded() && attempt.publishing.is_given_up();
        self.attempts.last().filter(is_left).filter(|_| self.outcome() == Some(Outcome::Failed))
    }

    pub(super) fn publish_intended(&mut self, at: Timestamp, number: u32, database: &str) -> Applied {
        self.publish(at, number, &Publishing::Intended)?;
        self.may_serve(number, database);
        Ok(())
    }

    /// An attempt is to be published, is published, or is given up; those before it are superseded.
    pub(super) fn publish(&mut self, at: Timestamp, number: u32, next: &Publishing) -> Applied {
        let is_at_hand = self.attempt().is_some_and(|attempt| attempt.number == number);
        if self.closed.is_none() && !is_at_hand {
            return Err("another attempt is at hand, or none");
        }
        let attempt = self.numbered(number).ok_or("there is no such attempt")?;
        if !attempt.has_succeeded() {
            return Err("its output was not found good");
        }
        if !attempt.retention.is_kept() {
            return Err("its output goes, or is gone");
        }
        if *next != Publishing::Intended && attempt.publishing != Publishing::Intended {
            return Err("it is not being published");
        }
        let is_done = *next == Publishing::Published;
        if *next == Publishing::Intended {
            self.unreconcile_expired();
        }
        for attempt in &mut self.attempts {
            let is_left = attempt.publishing == Publishing::Open && attempt.has_succeeded();
            if attempt.number == number {
                attempt.publishing = next.clone();
            } else if attempt.publishing.is_chosen() || is_left {
                attempt.publishing = Publishing::Superseded { since: at };
                self.unreconciled.push(attempt.number);
            } else if is_done && self.unreconciled.contains(&attempt.number) {
                // Until now some tables may have served it.
                attempt.served_until = Some(at);
                if matches!(attempt.publishing, Publishing::Superseded { .. }) {
                    attempt.publishing = Publishing::Superseded { since: at };
                }
            }
        }
        if is_done {
            self.unreconciled.clear();
        } else if *next == Publishing::Intended {
            self.unreconciled.retain(|superseded| *superseded != number);
            // A day that is published again has not expired.
            self.expiry = None;
        }
        Ok(())
    }

    /// From here on tables of this database may serve the attempt.
    fn may_serve(&mut self, number: u32, database: &str) {
        if let Some(attempt) = self.attempts.iter_mut().find(|attempt| attempt.number == number) {
            attempt.databases.insert(database.to_owned());
        }
    }

    /// The day was about to expire, and is published again instead. Until that is done, tables may serve its old
    /// attempts.
    fn unreconcile_expired(&mut self) {
        if self.is_expiring() {
            let withdrawn = |attempt: &&Attempt| matches!(attempt.publishing, Publishing::Withdrawn { .. });
            self.unreconciled.extend(self.attempts.iter().filter(withdrawn).map(|attempt| attempt.number));
        }
    }

    /// The attempt that was not published is at hand again, as if it had just ended.
    pub(super) fn take_up_unpublished(&mut self) -> bool {
        if self.unpublished().is_none() {
            return false;
        }
        let Some(attempt) = self.attempts.last_mut() else { return false };
        attempt.publishing = Publishing::Open;
        (attempt.metrics, attempt.alarm) = (Reporting::Open, Reporting::Open);
        attempt.diagnosis = None;
        true
    }
}
