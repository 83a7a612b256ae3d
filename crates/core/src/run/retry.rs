//! Whether an attempt that failed is followed by another one by itself, and what that one does differently.
//!
//! | what ended the attempt | another one | what changes |
//! | --- | --- | --- |
//! | no capacity: EMR says so, or no instance came within `[limits] start-minutes` | yes | the next instance types, and the next subnet |
//! | instances were lost, to spot or to a fault | yes; an unversioned job never | primary and core on demand |
//! | a bootstrap script could not be downloaded | once | nothing |
//! | EMR failed by itself before a step began | once | nothing |
//! | a step that failed, an output that is not good, a deadline of the steps | no | |
//! | a wrong configuration, a bootstrap script that failed | no | |
//! | a person: a cancel, here or in EMR's console | no | |
//!
//! An attempt that would repeat its predecessor unchanged is made once in a row, whatever the cause is. Three attempts
//! follow by themselves on one that somebody asked for, and no more: `[limits] max-attempts` counts those of the whole
//! day, and may be high for the sake of people, who are to decide about so many clusters. EMR's codes decide; its sentences only where there is no code.

use serde::{Deserialize, Serialize};

use super::action::TerminateReason;
use super::attempt::{Attempt, Cluster, Reporting};
use super::event::AttemptResult;
use super::state::State;
use crate::config::{self, Market};
use crate::emr::{Reason, StepState};
use crate::spec::Spec;

/// How many attempts follow by themselves on one that somebody asked for. Each is a cluster that costs money, and what
/// three others did not get, a fourth one seldom does.
const BY_THEMSELVES: usize = 3;

/// Another attempt after one that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// What ended the one before.
    pub because: RetryCause,
    /// What this one takes.
    #[serde(default, skip_serializing_if = "Choice::is_first")]
    pub choice: Choice,
}

/// What ends an attempt so that another one is worth its cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryCause {
    /// The instances could not be had.
    Capacity,
    /// Instances were taken away, by the spot market or by a fault.
    InstancesLost,
    /// A bootstrap script could not be downloaded.
    BootstrapDownload,
    /// EMR failed by itself before a step began.
    EmrFault,
}

impl std::fmt::Display for RetryCause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Capacity => "there was no capacity",
            Self::InstancesLost => "instances were lost",
            Self::BootstrapDownload => "a bootstrap script could not be downloaded",
            Self::EmrFault => "EMR failed by itself before a step began",
        })
    }
}

/// Which of the instances and subnets that the configuration names a launch takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// How often there was no capacity before: each time the lists begin with the next instance type, and only the
    /// next subnet is asked for. 0 is as configured.
    #[serde(default)]
    pub turn: u32,
    /// Whether primary and core are bought on demand, whatever is configured.
    #[serde(default)]
    pub on_demand: bool,
}

impl Choice {
    /// Whether everything is taken as configured.
    pub fn is_first(&self) -> bool {
        *self == Self::default()
    }

    /// What is chosen after an attempt that ended like this.
    pub fn after(self, cause: RetryCause) -> Self {
        match cause {
            RetryCause::Capacity => Self { turn: self.turn.saturating_add(1), ..self },
            RetryCause::InstancesLost => Self { on_demand: true, ..self },
            RetryCause::BootstrapDownload | RetryCause::EmrFault => self,
        }
    }

    /// A list that begins with the one whose turn it is.
    pub fn rotate(self, list: &[String]) -> Vec<String> {
        let mut list = list.to_vec();
        if !list.is_empty() {
            let by = self.index(list.len());
            list.rotate_left(by);
        }
        list
    }

    /// The subnets: all of them, for EMR to choose from, and after a fault of capacity the next one alone.
    pub fn subnets(self, list: &[String]) -> Vec<String> {
        match list {
            [_, _, ..] if self.turn > 0 => vec![list[self.index(list.len())].clone()],
            _ => list.to_vec(),
        }
    }

    /// How primary and core are bought.
    pub fn market(self, configured: Market) -> Market {
        if self.on_demand { Market::OnDemand } else { configured }
    }

    fn index(self, length: usize) -> usize {
        usize::try_from(self.turn).unwrap_or_default() % length
    }

    /// What a launch with this choice takes that one with another does not, in words.
    pub fn difference(self, other: Self, cluster: &config::Cluster) -> String {
        let fleets = &cluster.fleets;
        let mut words = Vec::new();
        let named = [
            ("primary", Some(&fleets.primary)),
            ("core", Some(&fleets.core)),
            ("task", fleets.task.as_ref()),
        ];
        for (name, fleet) in named {
            let Some(fleet) = fleet else { continue };
            let (first, before) = (self.rotate(&fleet.types), other.rotate(&fleet.types));
            if let Some(first) = first.first().filter(|_| first != before) {
                words.push(format!("{name} as {first} first"));
            }
        }
        let subnets = self.subnets(&cluster.subnets);
        if subnets != other.subnets(&cluster.subnets) {
            words.push(format!("in {}", subnets.join(", ")));
        }
        let spot = [fleets.primary.market, fleets.core.market];
        if spot.into_iter().any(|market| self.market(market) != other.market(market)) {
            words.push("primary and core on demand".to_owned());
        }
        if words.is_empty() { "once, as it was".to_owned() } else { words.join(", ") }
    }

    /// Whether a launch would be the same with either choice.
    fn is_same_as(self, other: Self, cluster: &config::Cluster) -> bool {
        let fleets = &cluster.fleets;
        let lists = [Some(&fleets.primary), Some(&fleets.core), fleets.task.as_ref()];
        let same_types =
            lists.into_iter().flatten().all(|fleet| self.rotate(&fleet.types) == other.rotate(&fleet.types));
        let same_market = [fleets.primary.market, fleets.core.market]
            .into_iter()
            .all(|market| self.market(market) == other.market(market));
        same_types && same_market && self.subnets(&cluster.subnets) == other.subnets(&cluster.subnets)
    }
}

impl std::fmt::Display for Choice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match (self.turn, self.on_demand) {
            (0, false) => "as configured",
            (0, true) => "with primary and core on demand",
            (_, false) => "with the next instance types and the next subnet",
            (_, true) => {
                "with the next instance types and the next subnet, and with primary and core on demand"
            }
        })
    }
}

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

/// Whether somebody asked for the end, or nobody says why it came.
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
