//! What is observed and what is recorded: everything of `decide` that is not an action.

#![deny(clippy::wildcard_enum_match_arm)]

mod duplicates;
mod ending;
mod failing;
mod publishing;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::action::Action;
use super::attempt::{Attempt, Cluster, LaunchRefused, Launched};
use super::decide::{Decision, Deferred, Leave, WaitReason, later};
use super::duplicates::LateLaunchCheck;
use super::failure_policy::{Disposition, Moment};
use super::guard::{self, GuardState};
use super::next_action::{refused_until, termination};
use super::observations::{Observations, Observed, Probe};
use super::phase::{AttemptPhase, ClusterPhase, RunPhase};
use super::state::State;
use crate::diagnosis;
use crate::emr::{ClusterState, ObservedCluster};
use crate::pace::Pace;
use crate::preflight::checks;
use crate::record::{AttemptResult, CallError, Event, LaunchIntent, Outcome, Refusal};
use crate::spec::Spec;

/// How much earlier than a launch was recorded a cluster of it may have been created: clocks differ.
const CLOCK_MARGIN: SignedDuration = SignedDuration::from_hours(1);

/// How many unreadable names a refusal spells out.
const NAMES_SHOWN: usize = 5;

struct Observer<'a> {
    spec: &'a Spec,
    state: &'a State,
    observations: &'a Observations,
    now: Timestamp,
    pace: &'a Pace,
    deferred: Option<Deferred<'a>>,
}

/// Observe, record, wait or leave; never an action.
pub(super) fn observe_or_record(
    spec: &Spec,
    state: &State,
    phase: RunPhase<'_>,
    observations: &Observations,
    now: Timestamp,
    pace: &Pace,
    deferred: Option<Deferred<'_>>,
) -> Decision {
    let observer = Observer { spec, state, observations, now, pace, deferred };
    match phase {
        RunPhase::Unopened => record(Event::Opened { ledger: observer.ledger_id() }),
        RunPhase::Preparing => observer.prepare().unwrap_or_else(|first| first),
        RunPhase::Attempt(attempt, phase) => observer.attempt(attempt, phase),
        RunPhase::Closed(_) => observer.publish_closed_day(),
    }
}

fn record(event: Event) -> Decision {
    Decision::Record(vec![event])
}

/// What has to happen first, where there is no value yet.
type OrDecision<T> = Result<T, Decision>;

impl Observer<'_> {
    /// An identifier for a new ledger: two that are opened at one address at different times differ.
    fn ledger_id(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.spec.ledger_uri().to_string());
        hash.update([0]);
        hash.update(self.now.to_string());
        hex::encode(&hash.finalize()[..8])
    }

    fn wait(&self, until: Timestamp, why: WaitReason) -> Decision {
        // Never in the past: a caller that comes back at `until` is on time.
        Decision::Wait { until: until.max(later(self.now, SignedDuration::from_millis(1))), why }
    }

    /// What comes next for the attempt at hand.
    fn attempt(&self, attempt: &Attempt, phase: AttemptPhase<'_>) -> Decision {
        let first = match phase {
            AttemptPhase::Ended { .. } => None,
            AttemptPhase::Staging { .. }
            | AttemptPhase::ReadyToLaunch
            | AttemptPhase::LaunchRefused(_)
            | AttemptPhase::LaunchUnclear { .. }
            | AttemptPhase::Launched(..) => self.duplicates(attempt),
        };
        if let Some(first) = first {
            return first;
        }
        match phase {
            AttemptPhase::Staging { .. } | AttemptPhase::ReadyToLaunch => self.before_launch(attempt, None),
            AttemptPhase::LaunchRefused(refused) => self.before_launch(attempt, Some(refused)),
            AttemptPhase::LaunchUnclear { intent, at } => self.resolve_launch(intent, at),
            AttemptPhase::Launched(launched, cluster) => self.cluster(attempt, launched, cluster),
            AttemptPhase::Ended { result, .. } => self.report(attempt, result),
        }
    }

    /// Observes the input and what a run needs. Then an attempt begins, or is refused.
    fn prepare(&self) -> OrDecision<Decision> {
        if self.state.cancel.is_some() {
            return Ok(record(Event::Closed { outcome: Outcome::Cancelled }));
        }
        let attempts = self.state.attempts.last().map_or(0, |last| last.number);
        if attempts >= self.spec.config.limits.max_attempts {
            return Ok(refuse(Refusal::AttemptsUsedUp { attempts }));
        }
        self.first_observations()?;
        let listing = self.value_of(self.observations.inputs.as_ref(), Probe::Inputs)?;
        if listing.is_empty() {
            return Ok(record(Event::Closed { outcome: Outcome::Empty }));
        }
        if !checks(self.spec).is_empty() {
            let missing = self.value_of(self.observations.preflight.as_ref(), Probe::Preflight)?;
            if !missing.is_empty() {
                return Ok(refuse(Refusal::NotThere { missing: missing.clone() }));
            }
        }
        let unreadable = listing.unreadable(self.spec);
        if !unreadable.is_empty() {
            let source = self.spec.source();
            let shown = unreadable.iter().take(NAMES_SHOWN);
            let shown = shown.map(|object| source.with_key(&object.key).to_string());
            return Ok(refuse(Refusal::UnreadableNames {
                objects: shown.collect(),
                count: unreadable.len().try_into().unwrap_or(u64::MAX),
            }));
        }
        if !self.spec.is_versioned()
            && *self.value_of(self.observations.output_taken.as_ref(), Probe::OutputFolder)?
        {
            let folder = self.spec.fixed_output().to_string();
            return Ok(refuse(Refusal::OutputTaken { folder }));
        }
        if let Some(refusal) = self.catalog()? {
            return Ok(refuse(refusal));
        }
        let unstaged = self.value_of(self.observations.job.as_ref(), Probe::Job)?;
        Ok(record(Event::AttemptStarted {
            attempt: attempts + 1,
            inputs: listing.pinned(self.spec),
            unstaged: unstaged.clone(),
            retry: None,
        }))
    }

    /// All probes that were not made yet, at once.
    fn first_observations(&self) -> OrDecision<()> {
        let mut probes = Vec::new();
        if self.observations.inputs.is_none() {
            probes.push(Probe::Inputs);
        }
        if self.observations.job.is_none() {
            probes.push(Probe::Job);
        }
        if self.observations.preflight.is_none() && !checks(self.spec).is_empty() {
            probes.push(Probe::Preflight);
        }
        if self.observations.catalog.is_none() && self.spec.published_to().is_some() {
            probes.push(Probe::Catalog);
        }
        if self.observations.output_taken.is_none() && !self.spec.is_versioned() {
            probes.push(Probe::OutputFolder);
        }
        if probes.is_empty() { Ok(()) } else { Err(Decision::Observe(probes)) }
    }

    /// The job is not uploaded, or the launch not made: because something failed, or because the attempt has to end.
    fn before_launch(&self, attempt: &Attempt, refused: Option<&LaunchRefused>) -> Decision {
        let disposition = refused.map(|refused| refused.disposition(self.now, self.pace));
        let is_to_end = self.state.cancel.is_some() || disposition == Some(Disposition::EndAttempt);
        if is_to_end && let Err(first) = self.nothing_is_left(attempt) {
            return first;
        }
        if self.state.cancel.is_some() {
            return record(Event::AttemptEnded { result: AttemptResult::Cancelled });
        }
        if let Some(deferred) = self.deferred {
            return self.after_failed_action(deferred, Moment::Blocking);
        }
        let wait = |until: Option<Timestamp>| {
            self.wait(until.unwrap_or_else(|| later(self.now, self.pace.retry)), WaitReason::LaunchThrottled)
        };
        let (Some(refused), Some(disposition)) = (refused, disposition) else { return wait(None) };
        let error = &refused.error;
        let until = refused_until(refused, self.now, self.pace);
        match disposition {
            Disposition::EndAttempt => Decision::Record(vec![
                Event::Diagnosed { diagnosis: diagnosis::of_refused_launch(error) },
                Event::AttemptEnded { result: AttemptResult::Failed },
            ]),
            Disposition::Leave if until.is_some() => {
                let message = format!("the launch was refused: {}", error.message);
                Decision::Leave(Leave::because_of(CallError { message, ..error.clone() }))
            }
            Disposition::Leave | Disposition::Retry | Disposition::GiveUp(_) | Disposition::GoOn => {
                wait(until)
            }
        }
    }

    /// Whether a launch without an answer happened. A cluster that is found is adopted at once. That there is no
    /// cluster counts when two observations agree on it: long enough after the first one, and long enough apart. All of
    /// them are timed by the clock of this process.
    fn resolve_launch(&self, intent: &LaunchIntent, intended_at: Timestamp) -> Decision {
        let probe = Probe::Launch {
            nonce: intent.nonce.clone(),
            since: intended_at.checked_sub(CLOCK_MARGIN).unwrap_or(Timestamp::MIN),
        };
        let observed = self.observations.launched.as_ref().filter(|observed| observed.of == intent.nonce);
        let clusters = match self.value_of(observed, probe.clone()) {
            Ok(clusters) => clusters,
            Err(first) => return first,
        };
        let found =
            |clusters: Vec<String>| record(Event::LaunchResolved { nonce: intent.nonce.clone(), clusters });
        if !clusters.is_empty() {
            return found(clusters.clone());
        }
        match self.absence_is_due(&intent.nonce) {
            None => found(Vec::new()),
            Some(due) if self.now >= due => Decision::Observe(vec![probe]),
            Some(due) => self.wait(due, WaitReason::ResolvingLaunch),
        }
    }

    /// When a cluster that was not found has to be observed again. None when its absence counts.
    fn absence_is_due(&self, nonce: &str) -> Option<Timestamp> {
        let (of, absences) = &self.observations.absent;
        let first = absences.first().filter(|_| of == nonce).copied().unwrap_or(self.now);
        let earliest = later(first, self.pace.resolve_after);
        let Some(counts) = absences.iter().find(|at| **at >= earliest) else {
            return Some(earliest);
        };
        let agrees = later(*counts, self.pace.resolve_gap);
        (!absences.iter().any(|at| *at >= agrees)).then_some(agrees)
    }

    /// Observes the cluster until it is gone and its steps are known to be over.
    fn cluster(&self, attempt: &Attempt, launched: &Launched, phase: ClusterPhase) -> Decision {
        let Launched { at: launched_at, cluster, .. } = launched;
        let probe = Probe::Cluster { id: cluster.id.clone() };
        let observed = self.observations.cluster.as_ref().filter(|observed| observed.of == cluster.id);
        if let Some(observed) = observed {
            let moves = self.moves(cluster, observed);
            if !moves.is_empty() {
                return Decision::Record(moves);
            }
        }
        if phase == ClusterPhase::Gone && !self.may_steps_move(cluster) {
            return self.gone(attempt, launched);
        }
        if cluster.is_past_start()
            && let Some(first) = self.late_launches(attempt, LateLaunchCheck::WhileRunning)
        {
            return first;
        }
        let guard = match self.guard(attempt, launched) {
            Ok(guard) => guard,
            Err(first) => return first,
        };
        if let Err(first) = self.value_of(observed, probe.clone()) {
            return first;
        }
        if let Some(first) = self.after_failed_end() {
            return first;
        }
        let age = self.now.duration_since(*launched_at);
        let next = observed.map_or(self.now, |observed| later(observed.at, self.pace.poll(age)));
        if self.now >= next {
            return Decision::Observe(vec![probe]);
        }
        let due = termination(self.spec, self.state, launched, phase, self.pace).map(|(due, _)| due);
        let wake = [due.filter(|due| *due > self.now), self.deferred.map(|deferred| deferred.until), guard];
        let until = wake.into_iter().flatten().fold(next, Timestamp::min);
        let why = match self.deferred {
            Some(deferred) => WaitReason::CallFailed(deferred.error.clone()),
            None if phase.is_ending() => WaitReason::ClusterEnding,
            None => WaitReason::ClusterAtWork,
        };
        self.wait(until, why)
    }

    /// What changed between the record and an observation. One that shows nothing new is not recorded.
    fn moves(&self, cluster: &Cluster, observed: &Observed<ObservedCluster>) -> Vec<Event> {
        let Ok(found) = &observed.value else {
            return Vec::new();
        };
        let mut events = Vec::new();
        for (at, step) in found.steps.iter().enumerate() {
            let known = cluster.steps.iter().find(|known| known.id == step.id);
            let is_twice = found.steps[..at].iter().any(|earlier| earlier.id == step.id);
            if !is_twice && known.is_none_or(|known| !known.state.is_terminal() && known.state != step.state)
            {
                events.push(Event::StepStateChanged {
                    id: step.id.clone(),
                    name: step.name.clone(),
                    state: step.state.clone(),
                    reason: step.reason.clone(),
                });
            }
        }
        if cluster.is_gone() {
            return events;
        }
        let is_news = cluster.unprotected_at.is_none_or(|at| observed.at > at);
        if is_news && cluster.protected != found.protected {
            events.push(Event::ProtectionChanged { protected: found.protected });
        }
        // Last: where the record says that the cluster is gone, it says what became of its steps.
        if cluster.state.as_ref() != Some(&found.state) {
            let seconds_ago = found.since.map(|since| since.as_secs()).filter(|seconds| *seconds > 0);
            let (state, reason) = (found.state.clone(), found.reason.clone());
            events.push(Event::ClusterStateChanged { state, reason, seconds_ago });
        } else if let Some(seconds) = self.overdue(cluster, observed.at) {
            events.push(Event::TerminationOverdue { seconds });
        }
        events
    }

    /// For how many seconds the cluster has been ending, if that is too long and is not yet recorded. Asking again
    /// would change nothing: EMR is ending it already.
    fn overdue(&self, cluster: &Cluster, observed_at: Timestamp) -> Option<u64> {
        let ending = observed_at.duration_since(cluster.moved_at);
        let is_ending = cluster.state == Some(ClusterState::Terminating);
        let is_due = is_ending && !cluster.is_overdue && ending >= self.pace.ending;
        is_due.then(|| ending.as_secs().try_into().unwrap_or_default())
    }

    /// What comes first for the guard, or when it is due again. An error with it holds nothing up.
    fn guard(&self, attempt: &Attempt, launched: &Launched) -> OrDecision<Option<Timestamp>> {
        let intent = &launched.intent;
        if !guard::is_wanted(self.spec, launched, self.now) {
            return Ok(None);
        }
        match &attempt.guard {
            GuardState::Open => self.begin_guard(Timestamp::MIN),
            GuardState::GivenUp { at, .. } => {
                // Permissions may have been given since, and the Scheduler may be back.
                let next = later(*at, self.pace.patience);
                if self.now >= next { self.begin_guard(next) } else { Ok(Some(next)) }
            }
            GuardState::Missing { .. } => self.after_failed_guard().map_or(Ok(None), Err),
            GuardState::Exists { made_at, .. } => {
                let probe = Probe::Guard { name: intent.nonce.clone() };
                let Some(observed) =
                    self.observations.guard.as_ref().filter(|observed| observed.of == intent.nonce)
                else {
                    return Err(Decision::Observe(vec![probe]));
                };
                if observed.value == Ok(false) && observed.at > *made_at {
                    return Err(record(Event::GuardLost));
                }
                let Err(error) = &observed.value else {
                    let next = later(observed.at, self.pace.guard);
                    return if self.now >= next {
                        Err(Decision::Observe(vec![probe]))
                    } else {
                        Ok(Some(next))
                    };
                };
                self.again_meanwhile(observed, error, probe)
            }
            GuardState::Removed => Ok(None),
        }
    }

    /// A guard begins with an observation of its group, no older than this.
    fn begin_guard(&self, since: Timestamp) -> OrDecision<Option<Timestamp>> {
        let Some(observed) = self.observations.guard_group.as_ref().filter(|observed| observed.at >= since)
        else {
            return Err(Decision::Observe(vec![Probe::GuardGroup]));
        };
        match &observed.value {
            Ok(there) => Err(record(Event::GuardGroupChecked { there: *there })),
            Err(error) => self.again_meanwhile(observed, error, Probe::GuardGroup),
        }
    }

    /// EMR sets the last states of the steps of a cluster that is gone a little later than the cluster's own.
    fn may_steps_move(&self, cluster: &Cluster) -> bool {
        !cluster.are_steps_over() && self.now < later(cluster.moved_at, self.pace.logs)
    }
}

fn refuse(because: Refusal) -> Decision {
    record(Event::AttemptRefused { because })
}
