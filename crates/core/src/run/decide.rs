//! What comes next: an action, if the state asks for one, and otherwise an observation, a record or a wait.
//!
//! ```text
//! decide -> next_action::next_action(spec, state, phase, now)                     has no access to observations
//!       `-> observe::observe_or_record(spec, state, phase, observations, now)     cannot return an action
//! ```
//!
//! An action that failed is deferred for a while, and the run is observed meanwhile. Nothing else that was observed
//! has a say in an action, and this never makes one.

#![deny(clippy::wildcard_enum_match_arm)]

use jiff::{SignedDuration, Timestamp};

use super::action::Action;
use super::next_action::next_action;
use super::observations::{Observations, Observed, Probe};
use super::observe;
use super::phase::RunPhase;
use super::state::State;
use crate::pace::Pace;
use crate::record::{CallError, ErrorClass, Event, Outcome};
use crate::spec::Spec;

/// What comes next in a run.
#[must_use]
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Observe these; at least one.
    Observe(Vec<Probe>),
    /// Append these events, in this order; at least one.
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
    /// Stop driving the run. It stays as it is, and its cluster, if it has one, goes on.
    Leave(Leave),
    /// The run is over.
    Done(Outcome),
}

/// What is waited for.
#[derive(Debug, Clone, PartialEq)]
pub enum WaitReason {
    /// An observation or an action failed, and is tried again.
    CallFailed(CallError),
    /// AWS refused the launch, which is asked for again.
    LaunchThrottled,
    /// It is not clear whether a launch happened; its cluster would be listed by then.
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

/// Why this process stops driving a run that is not over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Leave {
    /// AWS did not answer for longer than patience lasts.
    #[error("AWS could not be reached: {0}")]
    Unreachable(CallError),
    /// Credentials are missing or expired, or a permission is missing.
    #[error("AWS denied access: {0}")]
    Access(CallError),
    /// AWS calls a request invalid: a bucket that does not exist, for example.
    #[error("AWS refused the request: {0}")]
    Invalid(CallError),
}

impl Leave {
    /// Because of this error.
    pub(super) fn because_of(error: CallError) -> Self {
        match error.class {
            ErrorClass::Throttled | ErrorClass::Unreachable => Self::Unreachable(error),
            ErrorClass::Access | ErrorClass::Clock => Self::Access(error),
            ErrorClass::Invalid => Self::Invalid(error),
        }
    }

    /// The error.
    pub fn error(&self) -> &CallError {
        match self {
            Self::Unreachable(error) | Self::Access(error) | Self::Invalid(error) => error,
        }
    }
}

/// An action that the state asks for, and that is deferred because it failed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deferred<'a> {
    /// The action.
    pub(super) action: &'a Action,
    /// How it failed.
    pub(super) observed: &'a Observed<()>,
    /// The latest error.
    pub(super) error: &'a CallError,
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
            // A limit that passed while no process observed says nothing about the cluster: its steps may be at work,
            // or over. What can be observed and recorded comes first. Without an observation nothing is terminated.
            first @ (Decision::Observe(_) | Decision::Record(_) | Decision::Leave(_)) => first,
            blind @ Decision::Wait { why: WaitReason::CallFailed(_), .. } => blind,
            Decision::Wait { .. } | Decision::Renew | Decision::Execute(_) | Decision::Done(_) => {
                Decision::Execute(action.clone())
            }
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
    let (failed, observed) = observations.failed_action.as_ref()?;
    let error = observed.error()?;
    let until = later(observed.at, pace.backoff(observed.tries));
    (failed == action && now < until).then_some(Deferred { action, observed, error, until })
}

/// A moment later than another; the end of time, where that is nearer.
pub(super) fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
