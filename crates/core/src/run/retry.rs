//! Whether an attempt that failed is followed by another one by itself, and what that one does differently.
//!
//! | what ended the attempt | another one | what changes |
//! | --- | --- | --- |
//! | no capacity: by EMR, or no instance within `[limits] start-minutes` | yes | the next instance types and subnet |
//! | instances were lost, to spot or to a fault | yes; an unversioned job never | primary and core on demand |
//! | a bootstrap script could not be downloaded | once | nothing |
//! | EMR failed by itself before a step began | once | nothing |
//! | a step that failed, an output that is not good, a deadline of the steps | no | |
//! | a wrong configuration, a bootstrap script that failed | no | |
//! | a person: a cancel, here or in EMR's console | no | |
//!
//! An attempt that would repeat its predecessor unchanged is made once in a row, whatever the cause is. At most three
//! attempts follow by themselves on one that a person asked for. `[limits] max-attempts` counts those of the whole day,
//! and may be high: a person decides about so many clusters. EMR's codes decide; its sentences only where there is no
//! code.

use super::attempt::{Attempt, Cluster, Reporting};
use super::state::State;
use crate::emr::{Reason, StepState};
use crate::record::{AttemptResult, Retry, RetryCause, TerminateReason};
use crate::spec::Spec;

/// How many attempts follow by themselves on one that a person asked for. Each is a cluster that costs money, and what
/// three others did not get, a fourth one seldom does.
const BY_THEMSELVES: usize = 3;

/// The attempt that follows by itself on the one at hand, if one does. A function of spec and state.
pub(super) fn retry(spec: &Spec, state: &State, attempt: &Attempt) -> Option<Retry> {
    let is_failed = matches!(attempt.ended, Some((AttemptResult::Failed, _)));
    // What was reported has been closed with, by a version that knew no retry.
    let is_reported = attempt.metrics != Reporting::Open || attempt.alarm != Reporting::Open;
    if !is_failed || is_reported || state.cancel.is_some() {
        return None;
    }
    if attempt.number >= spec.config.limits.max_attempts {
        return None;
    }
    // The attempt at hand is the last of them.
    let by_themselves = state.attempts.iter().rev().take_while(|attempt| attempt.retry.is_some()).count();
    if by_themselves >= BY_THEMSELVES {
        return None;
    }
    let because = cause(attempt.cluster()?, spec.is_versioned())?;
    let before = attempt.retry.map(|retry| retry.choice).unwrap_or_default();
    let choice = before.after(because);
    let repeats = before.is_same_as(choice, &spec.config.cluster);
    let was_repeated = attempt.retry.is_some_and(|retry| retry.because == because);
    (!(repeats && was_repeated)).then_some(Retry { because, choice })
}

/// What ended a cluster, if another attempt may help. `versioned`: what its steps may have written lies in a folder
/// of its own.
fn cause(cluster: &Cluster, versioned: bool) -> Option<RetryCause> {
    let is = |state: StepState| cluster.steps.iter().any(|step| step.state == state);
    // The job itself failed, or it came to its end and what it wrote is not good.
    if is(StepState::Failed) || cluster.are_steps_completed() {
        return None;
    }
    let because = match cluster.terminate {
        Some((because, _)) if is_by_request(&cluster.reason) => of_our_own(cluster, because),
        _ => of_reason(&cluster.reason),
    }?;
    let may = match because {
        RetryCause::InstancesLost => versioned || !has_begun(cluster),
        _ => !has_begun(cluster),
    };
    may.then_some(because)
}

/// Whether the end was asked for, or its cause is not known.
fn is_by_request(reason: &Reason) -> bool {
    matches!(reason.code.as_str(), "" | "USER_REQUEST")
}

fn of_our_own(cluster: &Cluster, because: TerminateReason) -> Option<RetryCause> {
    match because {
        // With instances there, it is the bootstrap that took too long, and would again.
        TerminateReason::StartDeadline if !cluster.has_instances => Some(RetryCause::Capacity),
        _ => None,
    }
}

fn of_reason(reason: &Reason) -> Option<RetryCause> {
    let any = |fits: fn(&str) -> bool| reason.details.iter().any(|code| fits(code));
    if any(|code| code.starts_with("INTERNAL_ERROR_SPOT_")) {
        return Some(RetryCause::InstancesLost);
    }
    if any(|code| code.contains("INSUFFICIENT_CAPACITY")) {
        return Some(RetryCause::Capacity);
    }
    match reason.code.as_str() {
        "INSTANCE_FLEET_TIMEOUT" => Some(RetryCause::Capacity),
        "VALIDATION_ERROR" | "INTERNAL_ERROR" if speaks_of_capacity(&reason.message) => {
            Some(RetryCause::Capacity)
        }
        "INSTANCE_FAILURE" => Some(RetryCause::InstancesLost),
        "BOOTSTRAP_FAILURE" if any(|code| code.contains("BA_DOWNLOAD_FAILED")) => {
            Some(RetryCause::BootstrapDownload)
        }
        "INTERNAL_ERROR" => Some(RetryCause::EmrFault),
        _ => None,
    }
}

/// EC2's own words for it, without which a VALIDATION_ERROR is a mistake in the request.
fn speaks_of_capacity(message: &str) -> bool {
    let message = message.to_lowercase();
    let short = ["sufficient", "enough", "no ", "not available", "unavailable", "out of"];
    message.contains("insufficientinstancecapacity")
        || (message.contains("capacity") && short.iter().any(|words| message.contains(words)))
}

/// Whether a step may have run. One that never began is PENDING, and CANCELLED once its cluster is gone.
fn has_begun(cluster: &Cluster) -> bool {
    let waits = |state: &StepState| matches!(state, StepState::Pending | StepState::Cancelled);
    cluster.ready_at.is_some() || cluster.steps.iter().any(|step| !waits(&step.state))
}

#[cfg(test)]
#[path = "tests/retrying.rs"]
mod tests;
