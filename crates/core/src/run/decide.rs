//! What comes next: an act, if the state asks for one, and otherwise a look, a record or a wait.
//!
//! ```text
//! decide -> next_action::next_action(spec, state, now)     has no access to what was seen
//!       `-> watch::look_or_record(spec, state, seen, now)  cannot return an act
//! ```
//!
//! An act that met trouble is held back for a while, and the watching goes on meanwhile: that is the one thing
//! that what was seen does to an act, and it never makes one.

use jiff::{SignedDuration, Timestamp};

use super::action::Action;
use super::event::{Event, Outcome};
use super::next_action::next_action;
use super::publication;
use super::seen::{Query, Seen, Sighting, Trouble, TroubleKind};
use super::state::State;
use super::watch;
use crate::pace::Pace;
use crate::spec::Spec;

/// What comes next in a run.
#[must_use]
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Ask these questions; never none.
    Look(Vec<Query>),
    /// Append these events, in this order; never none.
    Record(Vec<Event>),
    /// Renew the lease.
    Renew,
    /// Do this to AWS.
    Do(Action),
    /// Wait.
    Wait {
        /// Until then, or until something comes up.
        until: Timestamp,
        /// For what.
        why: Why,
    },
    /// Stop watching. The run stays as it is, and goes on at AWS where it had got so far.
    Leave(Leave),
    /// The run is over.
    Done(Outcome),
}

/// What is waited for.
#[derive(Debug, Clone, PartialEq)]
pub enum Why {
    /// A look or an act met trouble, and is tried again.
    Trouble(Trouble),
    /// EMR had too many calls; the launch is asked for again.
    LaunchThrottled,
    /// It is not clear whether a launch happened; its cluster would have shown by then.
    Settling,
    /// The cluster is at work.
    Cluster,
    /// The cluster is on its way down.
    End,
    /// The logs of a step that failed.
    Logs,
}

/// Why the watching stops although the run is not over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Leave {
    /// AWS did not answer for longer than patience lasts.
    #[error("AWS could not be reached: {0}")]
    Unreachable(Trouble),
    /// Credentials are missing or expired, or a right is missing.
    #[error("AWS denied access: {0}")]
    Access(Trouble),
    /// AWS calls a question wrong: a bucket that is not there, for example.
    #[error("AWS refused the request: {0}")]
    Invalid(Trouble),
}

impl Leave {
    /// What was met.
    pub fn trouble(&self) -> &Trouble {
        match self {
            Self::Unreachable(trouble) | Self::Access(trouble) | Self::Invalid(trouble) => trouble,
        }
    }
}

/// An act that the state asks for, and that is held back because it met trouble.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held<'a> {
    /// The act.
    pub(super) action: &'a Action,
    /// The trouble.
    pub(super) sighting: &'a Sighting<()>,
    /// When it is tried again.
    pub(super) until: Timestamp,
}

/// What comes next in a run. Pure and total: every state has a decision, and one that changes nothing is a wait.
pub fn decide(spec: &Spec, state: &State, seen: &Seen, now: Timestamp, pace: &Pace) -> Decision {
    if let Some((outcome, _)) = state.closed.filter(|_| publication::next_action(spec, state).is_none()) {
        // A refusal answers whoever asked for another attempt; what the day had before stays recorded.
        return Decision::Done(if state.refusal.is_some() { Outcome::Refused } else { outcome });
    }
    let renewal = state.renewed_at.map(|at| later(at, pace.renew_after()));
    if renewal.is_some_and(|due| now >= due) {
        return Decision::Renew;
    }
    let action = next_action(spec, state, now, pace);
    let held = action.as_ref().and_then(|action| hold(action, seen, now, pace));
    let watch = || watch::look_or_record(spec, state, seen, now, pace, held);
    let decision = match &action {
        None => watch(),
        Some(_) if held.is_some() => watch(),
        Some(action) if action.rests_on_a_limit() => match watch() {
            // A limit that passed while nobody looked says nothing about the cluster: its steps may be at work, or
            // over. What there is to see and to record comes first, and who cannot see ends nothing.
            first @ (Decision::Look(_) | Decision::Record(_) | Decision::Leave(_)) => first,
            blind @ Decision::Wait { why: Why::Trouble(_), .. } => blind,
            _ => Decision::Do(action.clone()),
        },
        Some(action) => Decision::Do(action.clone()),
    };
    match (decision, renewal) {
        (Decision::Wait { until, why }, Some(due)) => Decision::Wait { until: until.min(due), why },
        (decision, _) => decision,
    }
}

fn hold<'a>(action: &'a Action, seen: &'a Seen, now: Timestamp, pace: &Pace) -> Option<Held<'a>> {
    let (troubled, sighting) = seen.act.as_ref()?;
    let until = later(sighting.at, pace.backoff(sighting.tries));
    (troubled == action && now < until).then_some(Held { action, sighting, until })
}

/// How many tries in a row must be denied, or called wrong, before the watching stops: rights and credentials that
/// were just given take a moment to count.
const SURE: u32 = 3;

/// Whether this trouble lasts, so that only a person can help.
pub(super) fn leave<T>(sighting: &Sighting<T>, now: Timestamp, pace: &Pace) -> Option<Leave> {
    let trouble = sighting.trouble()?;
    match trouble.kind {
        TroubleKind::Throttled => None,
        TroubleKind::Unreachable => {
            (sighting.troubled_for(now) >= pace.patience).then(|| Leave::Unreachable(trouble.clone()))
        }
        TroubleKind::Access | TroubleKind::Clock => {
            (sighting.tries >= SURE).then(|| Leave::Access(trouble.clone()))
        }
        TroubleKind::Invalid => (sighting.tries >= SURE).then(|| Leave::Invalid(trouble.clone())),
    }
}

/// The value of a look, or what has to happen before there is one.
pub(super) fn looked<'a, T>(
    sighting: Option<&'a Sighting<T>>,
    query: Query,
    now: Timestamp,
    pace: &Pace,
) -> Result<&'a T, Decision> {
    let Some(sighting) = sighting else {
        return Err(Decision::Look(vec![query]));
    };
    match &sighting.value {
        Ok(value) => Ok(value),
        Err(trouble) => Err(retry(sighting, trouble, query, now, pace)),
    }
}

fn retry<T>(
    sighting: &Sighting<T>,
    trouble: &Trouble,
    query: Query,
    now: Timestamp,
    pace: &Pace,
) -> Decision {
    if let Some(leave) = leave(sighting, now, pace) {
        return Decision::Leave(leave);
    }
    let until = later(sighting.at, pace.backoff(sighting.tries));
    if now >= until {
        Decision::Look(vec![query])
    } else {
        Decision::Wait { until, why: Why::Trouble(trouble.clone()) }
    }
}

/// A moment later than another; the end of time, where that is nearer.
pub(super) fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
