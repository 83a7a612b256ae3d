//! Which output of a day may go: a function of the configuration, the record, what the catalog serves, and the time.
//!
//! Nothing is found by looking at folders: only what the record names is judged, attempt by attempt. What the catalog
//! serves is kept whatever the record says, and so is everything that queries may still be reading: the grace counts
//! from the moment when the last table moved away, as far as that is recorded.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::catalog::{Served, table_folder};
use crate::record::{Event, Removal};
use crate::run::{Attempt, Publishing, RetentionState, State};
use crate::spec::Spec;

/// What becomes of the output of a day's attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// Whether the day is old enough for all of it to go: that is recorded first, and its partitions are removed.
    pub expires: bool,
    /// The attempts that have a folder of their own, oldest first.
    pub attempts: Vec<EvaluatedOutput>,
}

/// What becomes of an attempt's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EvaluatedOutput {
    /// The attempt.
    pub attempt: u32,
    /// What becomes of it.
    pub disposition: Disposition,
}

/// What becomes of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// It may go now.
    Remove(Removal),
    /// It stays.
    Keep(Reason),
    /// It is gone.
    Gone,
}

/// Why an output stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Reason {
    /// The day's run is not over.
    InFlight,
    /// It is the one that queries are to see, or, without a catalog, a good one.
    Wanted,
    /// A table serves it, whatever the record says.
    Served,
    /// Queries may still be reading it, or somebody may want to look at it.
    Grace {
        /// Until then.
        until: Timestamp,
    },
    /// Another attempt is chosen, and not all tables serve that one yet.
    Unsettled,
    /// It was published, and the configuration names no catalog in which that could be looked up.
    NoCatalog,
    /// It was published in another database than the configuration names now: tables there may serve it.
    OtherDatabase,
    /// The record says that another attempt is served, and no table of the catalog does: its tables are not there, or
    /// others.
    Unseen,
    /// The job writes to a fixed place: no attempt has a folder of its own.
    Shared,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::InFlight => "the day's run is not over",
            Self::Wanted => "it stands",
            Self::Served => "a table serves it",
            Self::Grace { until } => return write!(f, "kept until {until:.0}"),
            Self::Unsettled => "another attempt is not published yet",
            Self::NoCatalog => "it was published, and no `[catalog]` is configured now",
            Self::OtherDatabase => "it was published in another `[catalog] database` than is configured now",
            Self::Unseen => {
                "no table of the catalog serves what the record says: see `emrys setup --dry-run`"
            }
            Self::Shared => "the job writes to a fixed place",
        })
    }
}

impl Evaluation {
    /// The attempts whose output may go.
    pub fn removals(&self) -> impl Iterator<Item = (u32, Removal)> {
        self.attempts.iter().filter_map(|evaluated| match evaluated.disposition {
            Disposition::Remove(because) => Some((evaluated.attempt, because)),
            Disposition::Keep(_) | Disposition::Gone => None,
        })
    }

    /// What becomes of one attempt.
    pub fn of(&self, attempt: u32) -> Option<Disposition> {
        self.attempts
            .iter()
            .find(|evaluated| evaluated.attempt == attempt)
            .map(|evaluated| evaluated.disposition)
    }
}

/// Judges all attempts of a day, by what the catalog serves for it.
pub fn evaluate(spec: &Spec, state: &State, served: &[Served], now: Timestamp) -> Evaluation {
    evaluate_with(spec, state, served, now, expires(spec, state, served, now))
}

/// The same for a day of which something is not where it should be: it does not expire as a whole.
pub fn evaluate_unexpired(spec: &Spec, state: &State, served: &[Served], now: Timestamp) -> Evaluation {
    evaluate_with(spec, state, served, now, false)
}

fn evaluate_with(spec: &Spec, state: &State, served: &[Served], now: Timestamp, expires: bool) -> Evaluation {
    let of = |attempt: &Attempt| EvaluatedOutput {
        attempt: attempt.number,
        disposition: disposition(spec, state, attempt, served, expires, now),
    };
    let with_output = state.attempts.iter().filter(|attempt| attempt.intent().is_some());
    Evaluation { expires, attempts: with_output.map(of).collect() }
}

/// What is to be recorded when the catalog serves something else than the record says; nothing, where it serves what it
/// should, or where that is no question: a day in flight, or one whose attempt could not be published.
pub fn catalog_drift(spec: &Spec, state: &State, served: &[Served]) -> Option<Event> {
    state.closed?;
    let chosen = state.chosen();
    let is_withdrawn = state.expiry.is_some_and(|expiry| expiry.withdrawn.is_some());
    let wanted = match chosen {
        Some(chosen) if state.is_to_be_served(chosen) => Some(chosen.intent()?),
        // A day that expired serves nothing that is ours.
        None if is_withdrawn => None,
        Some(_) | None => return None,
    };
    let is_right = |served: &Served| match wanted {
        Some(intent) => {
            served.location.as_deref() == Some(&table_folder(spec, intent, &served.table).to_string())
        }
        None => served.attempt.is_none(),
    };
    let wrong = || served.iter().filter(|served| !is_right(served));
    let tables: Vec<String> = wrong().map(|served| served.table.clone()).collect();
    let chosen = chosen.map(|chosen| chosen.number);
    let mut attempts: Vec<u32> =
        wrong().filter_map(|served| served.attempt).filter(|attempt| Some(*attempt) != chosen).collect();
    attempts.sort_unstable();
    attempts.dedup();
    let database = spec.published_to()?.database.clone();
    (!tables.is_empty()).then_some(Event::CatalogDrifted { tables, attempts, database })
}

/// Whether the day's output is old enough to go: counted from the end of its last attempt, as for an object from when
/// it was written.
fn expires(spec: &Spec, state: &State, served: &[Served], now: Timestamp) -> bool {
    let days = spec.config.retention.as_ref().and_then(|retention| retention.output_expire_after_days);
    let Some(days) = days.filter(|_| state.closed.is_some() && spec.is_versioned()) else { return false };
    let last = state.attempts.iter().filter_map(|attempt| attempt.ended).map(|(_, at)| at).max();
    let age = SignedDuration::from_hours(24 * i64::from(days));
    let is_due = last.is_some_and(|last| is_past(last, age, now));
    is_due
        && state.attempts.iter().any(|attempt| attempt.intent().is_some() && attempt.retention.is_kept())
        && !state.attempts.iter().any(|attempt| attempt.publishing == Publishing::Intended)
        && state
            .attempts
            .iter()
            .filter(|kept| kept.retention.is_kept())
            .all(|kept| unseen_elsewhere(spec, kept).is_none())
        && is_seen(state, served)
}

/// Where tables may serve an attempt without being looked at; nothing, where all that may are.
fn unseen_elsewhere(spec: &Spec, attempt: &Attempt) -> Option<Reason> {
    let mut databases = attempt.databases.iter();
    match spec.published_to() {
        None => databases.next().map(|_| Reason::NoCatalog),
        Some(catalog) => {
            databases.any(|database| *database != catalog.database).then_some(Reason::OtherDatabase)
        }
    }
}

/// Whether a table was seen to serve what the record says is served. None does where the database is misspelt, its
/// tables are not there, or the output was another's when it was written: then nothing is known of what queries see.
/// Without a look, by the record alone, nothing speaks against it.
fn is_seen(state: &State, served: &[Served]) -> bool {
    let published = state.chosen().filter(|chosen| chosen.publishing == Publishing::Published);
    published.is_none_or(|chosen| {
        served.is_empty() || served.iter().any(|served| served.attempt == Some(chosen.number))
    })
}

fn disposition(
    spec: &Spec,
    state: &State,
    attempt: &Attempt,
    served: &[Served],
    expires: bool,
    now: Timestamp,
) -> Disposition {
    if let RetentionState::Deleted { .. } = attempt.retention {
        return Disposition::Gone;
    }
    if !spec.is_versioned() {
        return Disposition::Keep(Reason::Shared);
    }
    if state.closed.is_none() {
        return Disposition::Keep(Reason::InFlight);
    }
    if let Some(reason) = unseen_elsewhere(spec, attempt) {
        return Disposition::Keep(reason);
    }
    if expires && attempt.retention.is_kept() {
        // Its partitions go first, and then it is judged again.
        return Disposition::Remove(Removal::Expired);
    }
    if matches!(attempt.retention, RetentionState::Expired { .. }) && state.is_expiring() {
        return Disposition::Remove(Removal::Expired);
    }
    let (because, since) = match (&attempt.retention, &attempt.publishing) {
        (RetentionState::Deleted { .. }, _) => return Disposition::Gone,
        (RetentionState::Expired { .. }, _) => (Removal::Expired, None),
        (RetentionState::Deleting { because, .. }, _) => (*because, None),
        (RetentionState::Kept, Publishing::Superseded { since }) => (Removal::Superseded, Some(*since)),
        (RetentionState::Kept, Publishing::Open) => match attempt.ended {
            Some((_, at)) if !attempt.has_succeeded() => (Removal::Unverified, Some(at)),
            _ => return Disposition::Keep(Reason::Wanted),
        },
        (RetentionState::Kept, _) => return Disposition::Keep(Reason::Wanted),
    };
    if serves(spec, attempt, served) {
        return Disposition::Keep(Reason::Served);
    }
    // What is being deleted cannot be served any more, whatever is chosen.
    if because == Removal::Superseded && attempt.retention.is_kept() {
        if !state.chosen().is_some_and(|chosen| chosen.publishing == Publishing::Published) {
            return Disposition::Keep(Reason::Unsettled);
        }
        if !is_seen(state, served) {
            return Disposition::Keep(Reason::Unseen);
        }
    }
    let grace = spec.config.removal_grace();
    // What is being deleted is not whole any more, and nobody can be helped by the rest.
    let served_until =
        attempt.served_until.filter(|_| !matches!(attempt.retention, RetentionState::Deleting { .. }));
    let counts_from = [since, served_until].into_iter().flatten().max();
    match counts_from.filter(|at| !is_past(*at, grace, now)) {
        Some(at) => {
            Disposition::Keep(Reason::Grace { until: at.checked_add(grace).unwrap_or(Timestamp::MAX) })
        }
        None => Disposition::Remove(because),
    }
}

/// Whether so much time has passed since then.
fn is_past(at: Timestamp, time: SignedDuration, now: Timestamp) -> bool {
    now.duration_since(at) > time
}

/// Whether a table serves something of the attempt's folder. By folder, and not only by what we would have written.
fn serves(spec: &Spec, attempt: &Attempt, served: &[Served]) -> bool {
    let Some(intent) = attempt.intent() else { return false };
    let folder = spec.output_folder(intent).to_string();
    served.iter().filter_map(|served| served.location.as_deref()).any(|location| {
        // Hadoop's names for S3 are others, and the slash at the end counts for nothing.
        let path = location.split_once("://").map_or(location, |(_, path)| path);
        let location = format!("s3://{}/", path.trim_end_matches('/'));
        // A table that serves what is around the folder reads the folder, too.
        location.starts_with(&folder) || folder.starts_with(&location)
    })
}

#[cfg(test)]
mod tests;
