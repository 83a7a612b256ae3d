//! What a run does to AWS next, as far as the spec, the state and the time say: nothing here knows what was seen.

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::action::Action;
use super::attempt::{Attempt, Launch, Reporting};
use super::decide::later;
use super::guard;
use super::publication;
use super::retry::retry;
use super::state::State;
use crate::emr::ClusterState;
use crate::pace::Pace;
use crate::record::ErrorClass;
use crate::record::LaunchIntent;
use crate::record::TerminateReason;
use crate::spec::Spec;

/// How long after `[limits] run-minutes` the cluster is ended from outside. The limit also stands in the steps'
/// own commands, and a step that ended by it leaves a log that says so.
pub const RUN_GRACE: SignedDuration = SignedDuration::from_mins(5);

/// The act that is due, if one is.
pub(super) fn next_action(spec: &Spec, state: &State, now: Timestamp, pace: &Pace) -> Option<Action> {
    if state.closed.is_some() {
        return publication::next_action(spec, state);
    }
    let attempt = state.attempt()?;
    if attempt.ended.is_some() {
        if let Launch::Made { intent, at } = &attempt.launch
            && let Some(removal) = guard::next_action(spec, attempt, intent, *at, now)
        {
            return Some(removal);
        }
        // What follows on another attempt is reported with that one.
        if retry(spec, state, attempt).is_some() {
            return None;
        }
        // The metrics say whether the day succeeded, and it has only when it is published.
        if publication::is_wanted(spec, attempt) {
            return publication::next_action(spec, state);
        }
        return match (&attempt.metrics, &attempt.alarm) {
            (Reporting::Open | Reporting::Due, _) => Some(Action::PublishMetrics),
            (_, Reporting::Due) => Some(Action::PutAlarm),
            _ => None,
        };
    }
    // A surplus cluster that cannot be ended must not keep the attempt's own from it. What was asked for once is not due
    // again for a while, in which the others have their turn.
    if let Launch::Made { at, .. } = &attempt.launch
        && let Some(end) = ending(spec, state, attempt, *at, now, pace)
    {
        return Some(end);
    }
    if let Some(action) = attempt.duplicate_action() {
        return Some(action);
    }
    match &attempt.launch {
        Launch::NotMade => before_launch(spec, state, attempt, now, pace),
        // Whether it happened has to be seen first.
        Launch::Open { .. } => None,
        Launch::Made { intent, at } => guard::next_action(spec, attempt, intent, *at, now),
    }
}

/// The cluster's end, where it is due.
fn ending(
    spec: &Spec,
    state: &State,
    attempt: &Attempt,
    launched_at: Timestamp,
    now: Timestamp,
    pace: &Pace,
) -> Option<Action> {
    let (due, because) = termination(spec, state, attempt, launched_at, pace)?;
    let own = attempt.cluster.as_ref()?;
    let cluster = own.id.clone();
    (now >= due).then_some(if own.protected {
        Action::Unprotect { cluster, because }
    } else {
        Action::Terminate { cluster, because }
    })
}

fn before_launch(
    spec: &Spec,
    state: &State,
    attempt: &Attempt,
    now: Timestamp,
    pace: &Pace,
) -> Option<Action> {
    if state.cancel.is_some() || attempt.is_launch_hopeless() {
        None
    } else if !attempt.unstaged.is_empty() {
        Some(Action::StageJob { uris: attempt.unstaged.clone() })
    } else if refused_until(attempt, now, pace).is_some() {
        None
    } else {
        let choice = attempt.retry.map(|retry| retry.choice).unwrap_or_default();
        Some(Action::Launch(LaunchIntent { attempt: attempt.number, nonce: nonce(spec, state), choice }))
    }
}

/// Until when a launch that was refused is not asked for again.
pub(super) fn refused_until(attempt: &Attempt, now: Timestamp, pace: &Pace) -> Option<Timestamp> {
    let (error, at) = attempt.refused.as_ref()?;
    let until = later(
        *at,
        match error.class {
            ErrorClass::Throttled | ErrorClass::Unreachable => pace.backoff(attempt.refusals),
            // Time does not help, a person does: the next process may try again soon.
            ErrorClass::Access | ErrorClass::Clock => pace.retry,
            ErrorClass::Invalid => return Some(Timestamp::MAX),
        },
    );
    // A refusal from the future was recorded by another clock, and says nothing about this one.
    (*at <= now && now < until).then_some(until)
}

/// When the cluster is to be ended, and why; nothing, when it ends by itself or is about to.
pub(super) fn termination(
    spec: &Spec,
    state: &State,
    attempt: &Attempt,
    launched_at: Timestamp,
    pace: &Pace,
) -> Option<(Timestamp, TerminateReason)> {
    let cluster = attempt.cluster.as_ref()?;
    if cluster.is_gone() || cluster.state == Some(ClusterState::Terminating) {
        return None;
    }
    let limits = &spec.config.limits;
    let start_by = later(launched_at, SignedDuration::from_mins(limits.start_minutes.into()));
    let run = SignedDuration::from_mins(limits.run_minutes.into());
    let run_by = later(cluster.ready_at.unwrap_or(start_by), run + RUN_GRACE);
    let (due, because) = if state.cancel.is_some() {
        (launched_at, TerminateReason::Cancelled)
    } else if cluster.are_steps_over() {
        (later(cluster.steps_moved_at?, pace.linger), TerminateReason::Idle)
    } else if cluster.is_past_start() {
        (run_by, TerminateReason::RunDeadline)
    } else {
        (start_by, TerminateReason::StartDeadline)
    };
    // Asked once, it takes its time; asked again, because a request can be lost on its way.
    let again = cluster.terminate.map(|(_, asked)| later(asked, pace.linger));
    Some((again.map_or(due, |again| again.max(due)), because))
}

/// The nonce of the launch that would be recorded next. Derived, so that the same state asks for the same launch,
/// and never the same for two launches: each is recorded, and so moves the sequence on.
fn nonce(spec: &Spec, state: &State) -> String {
    let mut hash = Sha256::new();
    for part in [
        spec.ledger_uri().to_string().as_str(),
        &state.ledger,
        &state.fence().to_string(),
        &(state.seq() + 1).to_string(),
    ] {
        hash.update(part);
        hash.update([0]);
    }
    hex::encode(&hash.finalize()[..8])
}
