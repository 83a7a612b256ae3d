//! What becomes of an attempt's output: it is kept until the record says that it is deleted.
//!
//! ```text
//! Kept --DeletingOutput--> Deleting --OutputDeleted--> Deleted    one attempt's, when it is due
//!   `--DayExpiring--> Expired --DeletingOutput--> …               a whole day's: partitions first (DayExpired)
//! ```
//!
//! The intent is recorded before the first object is deleted, and from then on the attempt cannot be published any
//! more. If a process dies in between, the next one lists the same folder again and deletes what is left.

#![deny(clippy::wildcard_enum_match_arm)]

use jiff::Timestamp;

use super::attempt::{Applied, Attempt};
use super::publication::Publishing;
use super::state::State;
use crate::record::Removal;

/// What becomes of an attempt's output.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum RetentionState {
    /// It is kept, if there is any.
    #[default]
    Kept,
    /// Its day expired: it goes, as soon as no partition serves it.
    Expired {
        /// Since when.
        since: Timestamp,
    },
    /// It is being deleted, and part of it may be gone.
    Deleting {
        /// Since when.
        since: Timestamp,
        /// Why.
        because: Removal,
    },
    /// It is gone.
    Deleted {
        /// Since when.
        at: Timestamp,
        /// So many objects were deleted by who came to the end of it.
        objects: u64,
        /// Their sizes together, in bytes.
        bytes: u64,
    },
}

impl RetentionState {
    /// Whether all of it is there still, and stays for now.
    pub fn is_kept(&self) -> bool {
        *self == Self::Kept
    }
}

/// How far the expiry of a day is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiry {
    /// When it was recorded.
    pub since: Timestamp,
    /// When no partition served the day any more: only then its objects may go.
    pub withdrawn: Option<Timestamp>,
}

impl State {
    /// Whether the day expires, and its partitions are not removed yet.
    pub fn is_expiring(&self) -> bool {
        self.expiry.is_some_and(|expiry| expiry.withdrawn.is_none())
    }

    fn may_remove(&self) -> Applied {
        if self.closed.is_some() { Ok(()) } else { Err("the day's run is not over") }
    }

    /// The catalog was found to serve something else than the record says. The chosen attempt has to be published
    /// again, or the partitions of a day that expired have to be removed again. What was served until now had readers
    /// until now.
    pub(super) fn catalog_drifted(&mut self, at: Timestamp, attempts: &[u32], database: &str) -> Applied {
        self.may_remove()?;
        let number = self.chosen().filter(|chosen| self.is_to_be_served(chosen)).map(|chosen| chosen.number);
        let chosen = self.attempts.iter_mut().find(|attempt| Some(attempt.number) == number);
        match (chosen, &mut self.expiry) {
            (Some(chosen), _) => {
                chosen.publishing = Publishing::Intended;
                chosen.databases.insert(database.to_owned());
            }
            (None, Some(expiry)) if expiry.withdrawn.is_some() => expiry.withdrawn = None,
            (None, _) => return Err("there is nothing to serve, or it is being reconciled"),
        }
        for attempt in self.attempts.iter_mut().filter(|attempt| attempts.contains(&attempt.number)) {
            attempt.served_until = Some(at);
        }
        // And they have them until that is done.
        self.unreconciled.extend(attempts);
        Ok(())
    }

    pub(super) fn day_expiring(&mut self, at: Timestamp) -> Applied {
        self.may_remove()?;
        if self.attempts.iter().any(|attempt| attempt.publishing == Publishing::Intended) {
            return Err("an attempt is being published");
        }
        let kept = |attempt: &&mut Attempt| attempt.intent().is_some() && attempt.retention.is_kept();
        let mut has_any = false;
        for attempt in self.attempts.iter_mut().filter(kept) {
            has_any = true;
            attempt.retention = RetentionState::Expired { since: at };
            if attempt.publishing != Publishing::Open {
                attempt.publishing = Publishing::Withdrawn { since: at };
            }
        }
        if !has_any {
            return Err("there is no output that could expire");
        }
        self.expiry = Some(Expiry { since: at, withdrawn: None });
        Ok(())
    }

    pub(super) fn day_expired(&mut self, at: Timestamp) -> Applied {
        self.may_remove()?;
        let expiry = self.expiry.as_mut().filter(|expiry| expiry.withdrawn.is_none());
        expiry.ok_or("the day is not expiring")?.withdrawn = Some(at);
        let unreconciled = std::mem::take(&mut self.unreconciled);
        for attempt in self.attempts.iter_mut().filter(|attempt| unreconciled.contains(&attempt.number)) {
            attempt.served_until = Some(at);
        }
        Ok(())
    }

    pub(super) fn deleting_output(&mut self, at: Timestamp, number: u32, because: Removal) -> Applied {
        self.may_remove()?;
        // Where another attempt was published since, its partitions stay.
        let is_expiring = self.is_expiring();
        let attempt = self.numbered_mut(number)?;
        if attempt.intent().is_none() {
            return Err("it has no output");
        }
        match (&attempt.retention, because) {
            (RetentionState::Kept, Removal::Superseded)
                if matches!(attempt.publishing, Publishing::Superseded { .. }) => {}
            (RetentionState::Kept, Removal::Unverified) if !attempt.has_succeeded() => {}
            (RetentionState::Expired { .. }, Removal::Expired) if is_expiring => {
                return Err("its partitions are not removed yet");
            }
            (RetentionState::Expired { .. }, Removal::Expired) => {}
            (RetentionState::Deleting { .. } | RetentionState::Deleted { .. }, _) => {
                return Err("its output goes, or is gone");
            }
            (RetentionState::Kept, Removal::Superseded | Removal::Unverified | Removal::Expired)
            | (RetentionState::Expired { .. }, Removal::Superseded | Removal::Unverified) => {
                return Err("its output is to be kept");
            }
        }
        attempt.retention = RetentionState::Deleting { since: at, because };
        Ok(())
    }

    pub(super) fn output_deleted(&mut self, at: Timestamp, number: u32, objects: u64, bytes: u64) -> Applied {
        self.may_remove()?;
        let attempt = self.numbered_mut(number)?;
        if !matches!(attempt.retention, RetentionState::Deleting { .. }) {
            return Err("its output is not being deleted");
        }
        attempt.retention = RetentionState::Deleted { at, objects, bytes };
        Ok(())
    }

    fn numbered_mut(&mut self, number: u32) -> Result<&mut Attempt, &'static str> {
        let known = self.attempts.iter_mut().find(|attempt| attempt.number == number);
        known.ok_or("there is no such attempt")
    }
}
