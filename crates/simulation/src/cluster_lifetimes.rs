//! How long a cluster may live: what ends it, and when that is at the latest.

use std::time::Duration;

use emrys_core::record::{Effect, Event, Recorded};
use jiff::Timestamp;

use crate::harness::{self, Cluster};
use crate::invariants::{Evidence, intent};
use crate::scenario::{ABSENCE, Scenario};

/// How long, in seconds, who comes to a run may take to end its cluster: the lease of the one before, an
/// observation, and a request.
const SLACK: f64 = 20.0 * 60.0;

/// How long a cluster may live, in seconds; the events are those of the ledger at the end.
pub(crate) fn longest(cluster: &Cluster, evidence: &Evidence<'_>, events: &[Recorded]) -> f64 {
    let Scenario { world, forsaken, .. } = evidence.scenario;
    if world.starts_endlessly() {
        return gone_by_hand(cluster, evidence) - cluster.born;
    }
    if !forsaken {
        // EMR's own time counts in whole milliseconds, and steps end a moment after their time (seed 22307: 10.002 s).
        return f64::from(world.lifetime() + 20);
    }
    if let Some(by) = guard_ends(cluster, evidence).or_else(|| is_said_to_end(cluster, evidence, events)) {
        return by - cluster.born;
    }
    // Nobody came so far as to make a guard: the next visitor sees it at work, and gives it the time of a run.
    let next = (evidence.scenario.until + ABSENCE).as_secs_f64();
    let run = f64::from(evidence.spec.config.limits.run_minutes * 60);
    next.max(cluster.born) + run + SLACK + f64::from(world.terminating) - cluster.born
}

/// When, in seconds since the start, a cluster is gone at the latest that starts endlessly. Nothing but an operator
/// ends it, who comes at the latest when all goes well again and nobody else is about: who only publishes drives no run
/// (seed 80653).
fn gone_by_hand(cluster: &Cluster, evidence: &Evidence<'_>) -> f64 {
    let Scenario { world, until, visits, .. } = evidence.scenario;
    let limit = f64::from(evidence.spec.config.limits.start_minutes * 60);
    let quiet = visits.iter().map(|visit| visit.at).fold(*until, Duration::max);
    let by = quiet.as_secs_f64().max(cluster.born + limit) + SLACK + f64::from(world.terminating);
    let by = by.max(cluster.born + f64::from(world.lifetime()));
    // Who deletes the ledger takes from the operators what they know of it: its guard ends it, or `sweep`.
    if evidence.scenario.loses_its_ledger() {
        return guard_ends(cluster, evidence).map_or(f64::INFINITY, |guard| by.max(guard));
    }
    by
}

/// When, in seconds since the start, a cluster is gone at the latest that has a guard.
fn guard_ends(cluster: &Cluster, evidence: &Evidence<'_>) -> Option<f64> {
    let until = evidence.facts.guards.get(cluster.nonce())?;
    Some(gone_after(*until, evidence.scenario))
}

/// The same for a guard that the record calls made, whether it is there or not.
fn is_said_to_end(cluster: &Cluster, evidence: &Evidence<'_>, events: &[Recorded]) -> Option<f64> {
    let guarded = by_launch(events, |event| match event {
        Event::ActionFinished { effect: Effect::GuardCreated { until } } => Some(*until),
        _ => None,
    });
    let (_, until) = guarded.into_iter().find(|(nonce, _)| nonce == cluster.nonce())?;
    Some(gone_after(until, evidence.scenario))
}

/// A schedule fires within a minute of its time.
fn gone_after(until: Timestamp, scenario: &Scenario) -> f64 {
    let until = harness::seconds(until) - harness::seconds(harness::start()) + 60.0;
    until + f64::from(scenario.world.terminating) + 10.0
}

/// What events say, each with the nonce of the launch before it.
pub(crate) fn by_launch<T>(events: &[Recorded], what: impl Fn(&Event) -> Option<T>) -> Vec<(String, T)> {
    let mut nonce = String::new();
    let mut found = Vec::new();
    for recorded in events {
        if let Some(intent) = intent(recorded) {
            nonce.clone_from(&intent.nonce);
        }
        found.extend(what(&recorded.event).map(|value| (nonce.clone(), value)));
    }
    found
}
