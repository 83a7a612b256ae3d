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
use super::next_action::next_action;
use super::observations::{Observations, Observed, Probe};
use super::observe;
use super::phase::RunPhase;
use super::state::State;
use crate::pace::Pace;
use crate::record::{CallError, ErrorClass};
use crate::record::{Event, Outcome};
use crate::spec::Spec;

/// What comes next in a run.
#[must_use]
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Ask these questions; never none.
    Observe(Vec<Probe>),
    /// Append these events, in this order; never none.
    Record(Vec<Event>),
    /// Renew the lease.
    Renew,
    /// Do this to AWS.
    Execute(Action),
    /// Wait, and renew the lease meanwhile ([`renewal_due`]).
    Wait {
        /// Until then, or until something comes up.
        until: Timestamp,
        /// For what.
        why: WaitReason,
    },
    /// Stop watching. The run stays as it is, and goes on at AWS where it had got so far.
    Leave(Leave),
    /// The run is over.
    Done(Outcome),
}

/// What is waited for.
#[derive(Debug, Clone, PartialEq)]
pub enum WaitReason {
    /// A look or an act met trouble, and is tried again.
    CallFailed(CallError),
    /// EMR had too many calls; the launch is asked for again.
    LaunchThrottled,
    /// It is not clear whether a launch happened; its cluster would have shown by then.
    ResolvingLaunch,
    /// The cluster is at work.
    ClusterAtWork,
    /// The cluster is on its way down.
    ClusterEnding,
    /// The logs of a step that failed.
    Logs,
}

impl WaitReason {
    /// Whether what is waited for takes as long as a cluster does. A driver may leave meanwhile, and lose its memory.
    /// All else is over within minutes, and rests on what one process remembers.
    pub fn is_long(&self) -> bool {
        match self {
            Self::ClusterAtWork | Self::ClusterEnding => true,
            Self::CallFailed(_) | Self::LaunchThrottled | Self::ResolvingLaunch | Self::Logs => false,
        }
    }
}

/// Why the watching stops although the run is not over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Leave {
    /// AWS did not answer for longer than patience lasts.
    #[error("AWS could not be reached: {0}")]
    Unreachable(CallError),
    /// Credentials are missing or expired, or a right is missing.
    #[error("AWS denied access: {0}")]
    Access(CallError),
    /// AWS calls a question wrong: a bucket that is not there, for example.
    #[error("AWS refused the request: {0}")]
    Invalid(CallError),
}

impl Leave {
    /// What was met.
    pub fn error(&self) -> &CallError {
        match self {
            Self::Unreachable(error) | Self::Access(error) | Self::Invalid(error) => error,
        }
    }
}

/// An act that the state asks for, and that is held back because it met trouble.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deferred<'a> {
    /// The act.
    pub(super) action: &'a Action,
    /// The trouble.
    pub(super) observed: &'a Observed<()>,
    /// When it is tried again.
    pub(super) until: Timestamp,
}

/// What comes next in a run. Pure and total: every state has a decision, and one that changes nothing is a wait.
pub fn decide(
    spec: &Spec,
    state: &State,
    observations: &Observations,
    now: Timestamp,
    pace: &Pace,
) -> Decision {
    let phase = state.phase();
    let action = next_action(spec, state, phase, now, pace);
    if let (RunPhase::Closed(outcome), None) = (phase, &action) {
        // A refusal answers who asked for another attempt. What the day had before stays recorded.
        return Decision::Done(if state.refusal.is_some() { Outcome::Refused } else { outcome });
    }
    if renewal_due(state, pace).is_some_and(|due| now >= due) {
        return Decision::Renew;
    }
    let deferred = action.as_ref().and_then(|action| defer(action, observations, now, pace));
    let observe = || observe::observe_or_record(spec, state, phase, observations, now, pace, deferred);
    match &action {
        None => observe(),
        Some(_) if deferred.is_some() => observe(),
        Some(action) if action.rests_on_a_limit() => match observe() {
            // A limit that passed while nobody looked says nothing about the cluster: its steps may be at work, or
            // over. What there is to see and to record comes first, and who cannot see ends nothing.
            first @ (Decision::Observe(_) | Decision::Record(_) | Decision::Leave(_)) => first,
            blind @ Decision::Wait { why: WaitReason::CallFailed(_), .. } => blind,
            _ => Decision::Execute(action.clone()),
        },
        Some(action) => Decision::Execute(action.clone()),
    }
}

/// When the lease is to be renewed, in the middle of a wait as well; never, where nobody holds one.
pub fn renewal_due(state: &State, pace: &Pace) -> Option<Timestamp> {
    state.renewed_at.map(|at| later(at, pace.renew_after()))
}

fn defer<'a>(
    action: &'a Action,
    observations: &'a Observations,
    now: Timestamp,
    pace: &Pace,
) -> Option<Deferred<'a>> {
    let (troubled, observed) = observations.failed_action.as_ref()?;
    let until = later(observed.at, pace.backoff(observed.tries));
    (troubled == action && now < until).then_some(Deferred { action, observed, until })
}

/// How many tries in a row must be denied, or called wrong, before the watching stops: rights and credentials that
/// were just given take a moment to count.
const SURE: u32 = 3;

/// Whether this trouble lasts, so that only a person can help.
pub(super) fn leave<T>(observed: &Observed<T>, now: Timestamp, pace: &Pace) -> Option<Leave> {
    let error = observed.error()?;
    match error.class {
        ErrorClass::Throttled => None,
        ErrorClass::Unreachable => {
            (observed.failing_for(now) >= pace.patience).then(|| Leave::Unreachable(error.clone()))
        }
        ErrorClass::Access | ErrorClass::Clock => {
            (observed.tries >= SURE).then(|| Leave::Access(error.clone()))
        }
        ErrorClass::Invalid => (observed.tries >= SURE).then(|| Leave::Invalid(error.clone())),
    }
}

/// The value of a look, or what has to happen before there is one.
pub(super) fn value_of<'a, T>(
    observed: Option<&'a Observed<T>>,
    probe: Probe,
    now: Timestamp,
    pace: &Pace,
) -> Result<&'a T, Decision> {
    let Some(observed) = observed else {
        return Err(Decision::Observe(vec![probe]));
    };
    match &observed.value {
        Ok(value) => Ok(value),
        Err(error) => Err(retry(observed, error, probe, now, pace)),
    }
}

fn retry<T>(
    observed: &Observed<T>,
    error: &CallError,
    probe: Probe,
    now: Timestamp,
    pace: &Pace,
) -> Decision {
    if let Some(leave) = leave(observed, now, pace) {
        return Decision::Leave(leave);
    }
    let until = later(observed.at, pace.backoff(observed.tries));
    if now >= until {
        Decision::Observe(vec![probe])
    } else {
        Decision::Wait { until, why: WaitReason::CallFailed(error.clone()) }
    }
}

/// A moment later than another; the end of time, where that is nearer.
pub(super) fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
