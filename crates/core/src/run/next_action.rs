//! What a run does to AWS next. It follows from the spec, the state and the time: nothing here knows an observation.

#![deny(clippy::wildcard_enum_match_arm)]

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::action::Action;
use super::attempt::{Attempt, LaunchRefused, Launched, Reporting};
use super::decide::later;
use super::failure_policy::{Disposition, Failed, Failures, rule};
use super::phase::{AttemptPhase, ClusterPhase, RunPhase};
use super::retry::retry;
use super::state::State;
use super::{guard, publication};
use crate::pace::Pace;
use crate::record::{LaunchIntent, TerminateReason};
use crate::spec::Spec;

/// How long after `[limits] run-minutes` Emrys terminates the cluster. The steps' own commands hold the limit, too, and
/// a step that ends by it leaves a log that says so.
pub const RUN_GRACE: SignedDuration = SignedDuration::from_mins(5);

/// The action that is due, if one is.
pub(super) fn next_action(
    spec: &Spec,
    state: &State,
    phase: RunPhase<'_>,
    now: Timestamp,
    pace: &Pace,
) -> Option<Action> {
    let (attempt, phase) = match phase {
        RunPhase::Unopened | RunPhase::Preparing => return None,
        RunPhase::Closed(_) => return publication::next_action(spec, state),
        RunPhase::Attempt(attempt, phase) => (attempt, phase),
    };
    let is_cancelled = state.cancel.is_some();
    match phase {
        AttemptPhase::Staging { unstaged } => attempt
            .duplicate_action()
            .or_else(|| (!is_cancelled).then(|| Action::StageJob { uris: unstaged.to_vec() })),
        AttemptPhase::ReadyToLaunch => {
            attempt.duplicate_action().or_else(|| (!is_cancelled).then(|| launch(spec, state, attempt)))
        }
        AttemptPhase::LaunchRefused(refused) => attempt.duplicate_action().or_else(|| {
            let is_due = !is_cancelled && refused_until(refused, now, pace).is_none();
            is_due.then(|| launch(spec, state, attempt))
        }),
        // Whether it happened has to be observed first.
        AttemptPhase::LaunchUnclear { .. } => attempt.duplicate_action(),
        // A duplicate cluster that cannot be terminated must not keep Emrys from terminating the attempt's own. An end
        // that was asked for is not due again for a while, in which the others have their turn.
        AttemptPhase::Launched(launched, cluster) => ending(spec, state, launched, cluster, now, pace)
            .or_else(|| attempt.duplicate_action())
            .or_else(|| guard::next_action(spec, attempt, launched, now)),
        AttemptPhase::Ended { launched, .. } => after_end(spec, state, attempt, launched, now),
    }
}

/// What is left to do once the attempt has ended.
fn after_end(
    spec: &Spec,
    state: &State,
    attempt: &Attempt,
    launched: Option<&Launched>,
    now: Timestamp,
) -> Option<Action> {
    if let Some(removal) = launched.and_then(|launched| guard::next_action(spec, attempt, launched, now)) {
        return Some(removal);
    }
    // Where another attempt follows, that one reports.
    if retry(spec, state, attempt).is_some() {
        return None;
    }
    // The metrics say whether the day succeeded, and it has only when it is published.
    if publication::is_wanted(spec, attempt) {
        return publication::next_action(spec, state);
    }
    match attempt.metrics {
        Reporting::Open | Reporting::Due => Some(Action::PublishMetrics),
        Reporting::Done | Reporting::GivenUp(_) => match attempt.alarm {
            Reporting::Due => Some(Action::PutAlarm),
            Reporting::Open | Reporting::Done | Reporting::GivenUp(_) => None,
        },
    }
}

/// The cluster's end, where it is due.
fn ending(
    spec: &Spec,
    state: &State,
    launched: &Launched,
    phase: ClusterPhase,
    now: Timestamp,
    pace: &Pace,
) -> Option<Action> {
    let (due, because) = termination(spec, state, launched, phase, pace)?;
    let cluster = launched.cluster.id.clone();
    (now >= due).then_some(if launched.cluster.protected {
        Action::Unprotect { cluster, because }
    } else {
        Action::Terminate { cluster, because }
    })
}

fn launch(spec: &Spec, state: &State, attempt: &Attempt) -> Action {
    let choice = attempt.retry.map(|retry| retry.choice).unwrap_or_default();
    Action::Launch(LaunchIntent { attempt: attempt.number, nonce: nonce(spec, state), choice })
}

/// Until when a launch that was refused is not asked for again.
pub(super) fn refused_until(refused: &LaunchRefused, now: Timestamp, pace: &Pace) -> Option<Timestamp> {
    match refused.disposition(now, pace) {
        Disposition::EndAttempt => Some(Timestamp::MAX),
        Disposition::Retry | Disposition::Leave | Disposition::GiveUp(_) | Disposition::GoOn => {
            let rule = rule(Failed::Launch, refused.error.class);
            let until = later(refused.at, rule.pause(refused.times, pace));
            // A refusal from the future was recorded by another clock, and says nothing about this one.
            (refused.at <= now && now < until).then_some(until)
        }
    }
}

impl LaunchRefused {
    /// What happens after it.
    pub(super) fn disposition(&self, now: Timestamp, pace: &Pace) -> Disposition {
        let failures = Failures { times: self.times, lasting: now.duration_since(self.at) };
        rule(Failed::Launch, self.error.class).disposition(failures, pace)
    }
}

/// When the cluster has to be terminated, and why. None where it ends by itself, or has begun to end.
pub(super) fn termination(
    spec: &Spec,
    state: &State,
    launched: &Launched,
    phase: ClusterPhase,
    pace: &Pace,
) -> Option<(Timestamp, TerminateReason)> {
    let Launched { at: launched_at, cluster, .. } = launched;
    let limits = &spec.config.limits;
    let start_by = later(*launched_at, SignedDuration::from_mins(limits.start_minutes.into()));
    let run = SignedDuration::from_mins(limits.run_minutes.into());
    let is_cancelled = state.cancel.is_some();
    let (due, because) = match phase {
        ClusterPhase::Terminating | ClusterPhase::Gone => return None,
        ClusterPhase::Starting | ClusterPhase::Running | ClusterPhase::StepsOver if is_cancelled => {
            (*launched_at, TerminateReason::Cancelled)
        }
        ClusterPhase::StepsOver => (later(cluster.steps_moved_at?, pace.linger), TerminateReason::Idle),
        ClusterPhase::Running => {
            let run_by = later(cluster.ready_at.unwrap_or(start_by), run + RUN_GRACE);
            (run_by, TerminateReason::RunDeadline)
        }
        ClusterPhase::Starting => (start_by, TerminateReason::StartDeadline),
    };
    // An end takes its time. It is asked for again after that, because a request can be lost on its way.
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
