//! What is looked at and what is recorded: everything of `decide` that is no act.

mod ending;
mod publishing;
mod surplus;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::action::Action;
use super::attempt::{Attempt, Cluster, Launch, Reporting, Step};
use super::decide::{Decision, Held, Leave, Why, later, leave, looked};
use super::event::{AttemptResult, Event, FaultClass, LaunchIntent, Outcome, Refusal, Reported};
use super::guard::{self, Guarding};
use super::next_action::{refused_until, termination};
use super::seen::{Query, Seen, Sighting, Trouble, TroubleKind};
use super::state::State;
use super::surplus::LookedAgain;
use crate::diagnosis;
use crate::emr::{ClusterSight, ClusterState, StepState};
use crate::needs::needs;
use crate::pace::Pace;
use crate::spec::Spec;
use crate::verify;

/// How much earlier than a launch was recorded a cluster of it may have been created: clocks differ.
const CLOCK_MARGIN: SignedDuration = SignedDuration::from_hours(1);

/// How many unreadable names a refusal spells out.
const NAMES_SHOWN: usize = 5;

struct Watch<'a> {
    spec: &'a Spec,
    state: &'a State,
    seen: &'a Seen,
    now: Timestamp,
    pace: &'a Pace,
    held: Option<Held<'a>>,
}

/// A look, a record, a wait or a leave; never an act.
pub(super) fn look_or_record(
    spec: &Spec,
    state: &State,
    seen: &Seen,
    now: Timestamp,
    pace: &Pace,
    held: Option<Held<'_>>,
) -> Decision {
    let watch = Watch { spec, state, seen, now, pace, held };
    if state.opened_at.is_none() {
        return record(Event::Opened { ledger: watch.ledger_id() });
    }
    if state.closed.is_some() {
        return watch.publish_held();
    }
    let Some(attempt) = state.attempt() else {
        return watch.prepare().unwrap_or_else(|first| first);
    };
    if attempt.ended.is_some() {
        return watch.report(attempt);
    }
    if let Some(first) = watch.surplus(attempt) {
        return first;
    }
    match (&attempt.launch, &attempt.cluster) {
        (Launch::Open { intent, at }, _) => watch.settle(intent, *at),
        (Launch::Made { intent, at }, Some(cluster)) => watch.cluster(attempt, intent, *at, cluster),
        // A launch that was made has a cluster: the fold makes both at once.
        (Launch::NotMade | Launch::Made { .. }, _) => watch.before_launch(attempt),
    }
}

fn record(event: Event) -> Decision {
    Decision::Record(vec![event])
}

/// What has to happen first, where there is no value yet.
type Looked<T> = Result<T, Decision>;

impl Watch<'_> {
    /// For a ledger that nobody gave an identifier: two that are opened at one address at different times differ.
    fn ledger_id(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.spec.ledger_uri().to_string());
        hash.update([0]);
        hash.update(self.now.to_string());
        hex::encode(&hash.finalize()[..8])
    }

    fn wait(&self, until: Timestamp, why: Why) -> Decision {
        // Whatever is waited for, it is not waited for in the past: a caller that comes back at `until` is on time.
        Decision::Wait { until: until.max(later(self.now, SignedDuration::from_millis(1))), why }
    }

    /// The input is looked at, and an attempt begins, or does not.
    fn prepare(&self) -> Looked<Decision> {
        if self.state.cancel.is_some() {
            return Ok(record(Event::Closed { outcome: Outcome::Cancelled }));
        }
        let attempts = self.state.attempts.last().map_or(0, |last| last.number);
        if attempts >= self.spec.config.limits.max_attempts {
            return Ok(refuse(Refusal::AttemptsUsedUp { attempts }));
        }
        self.first_looks()?;
        let listing = looked(self.seen.inputs.as_ref(), Query::Inputs, self.now, self.pace)?;
        if listing.is_empty() {
            return Ok(record(Event::Closed { outcome: Outcome::Empty }));
        }
        if !needs(self.spec).is_empty() {
            let missing = looked(self.seen.needs.as_ref(), Query::Needs, self.now, self.pace)?;
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
            && *looked(self.seen.output_taken.as_ref(), Query::OutputFolder, self.now, self.pace)?
        {
            let folder = self.spec.fixed_output().to_string();
            return Ok(refuse(Refusal::OutputTaken { folder }));
        }
        if let Some(refusal) = self.catalog()? {
            return Ok(refuse(refusal));
        }
        let unstaged = looked(self.seen.job.as_ref(), Query::Job, self.now, self.pace)?;
        Ok(record(Event::AttemptStarted {
            attempt: attempts + 1,
            inputs: listing.pinned(self.spec),
            unstaged: unstaged.clone(),
            retry: None,
        }))
    }

    /// All questions that were not asked yet, at once.
    fn first_looks(&self) -> Looked<()> {
        let mut queries = Vec::new();
        if self.seen.inputs.is_none() {
            queries.push(Query::Inputs);
        }
        if self.seen.job.is_none() {
            queries.push(Query::Job);
        }
        if self.seen.needs.is_none() && !needs(self.spec).is_empty() {
            queries.push(Query::Needs);
        }
        if self.seen.catalog.is_none() && self.spec.published_to().is_some() {
            queries.push(Query::Catalog);
        }
        if self.seen.output_taken.is_none() && !self.spec.is_versioned() {
            queries.push(Query::OutputFolder);
        }
        if queries.is_empty() { Ok(()) } else { Err(Decision::Look(queries)) }
    }

    /// The job is not staged, or the launch not made, for a reason; or neither will be.
    fn before_launch(&self, attempt: &Attempt) -> Decision {
        let is_to_end = self.state.cancel.is_some() || attempt.is_launch_hopeless();
        if is_to_end && let Err(first) = self.nothing_is_left(attempt) {
            return first;
        }
        if self.state.cancel.is_some() {
            return record(Event::AttemptEnded { result: AttemptResult::Cancelled });
        }
        if let Some(held) = self.held {
            return self.trouble_with(held);
        }
        let until = refused_until(attempt, self.now, self.pace);
        match (&attempt.refused, until) {
            (Some((fault, _)), _) if fault.class == FaultClass::Invalid => Decision::Record(vec![
                Event::Diagnosed { diagnosis: diagnosis::of_refused_launch(fault) },
                Event::AttemptEnded { result: AttemptResult::Failed },
            ]),
            (Some((fault, _)), Some(_)) if matches!(fault.class, FaultClass::Access | FaultClass::Clock) => {
                let is_of_clock = fault.class == FaultClass::Clock;
                Decision::Leave(Leave::Access(Trouble {
                    kind: if is_of_clock { TroubleKind::Clock } else { TroubleKind::Access },
                    code: fault.code.clone(),
                    message: format!("the launch was refused: {}", fault.message),
                }))
            }
            (_, until) => {
                self.wait(until.unwrap_or_else(|| later(self.now, self.pace.retry)), Why::LaunchThrottled)
            }
        }
    }

    /// A held act is waited for, unless only a person can help.
    fn trouble_with(&self, held: Held<'_>) -> Decision {
        if let Some(leave) = leave(held.sighting, self.now, self.pace) {
            return Decision::Leave(leave);
        }
        match held.sighting.trouble() {
            Some(trouble) => self.wait(held.until, Why::Trouble(trouble.clone())),
            None => self.wait(held.until, Why::Cluster),
        }
    }

    /// Whether a launch without an answer happened. Found is adopted at once. Not found counts when two looks, long
    /// enough after the first one and apart from each other, agree: all of them by the clock of this process.
    fn settle(&self, intent: &LaunchIntent, intended_at: Timestamp) -> Decision {
        let query = Query::LaunchedAs {
            nonce: intent.nonce.clone(),
            since: intended_at.checked_sub(CLOCK_MARGIN).unwrap_or(Timestamp::MIN),
        };
        let sighting = self.seen.launched.as_ref().filter(|sighting| sighting.of == intent.nonce);
        let clusters = match looked(sighting, query.clone(), self.now, self.pace) {
            Ok(clusters) => clusters,
            Err(first) => return first,
        };
        let found =
            |clusters: Vec<String>| record(Event::LookedFor { nonce: intent.nonce.clone(), clusters });
        if !clusters.is_empty() {
            return found(clusters.clone());
        }
        match self.absence_is_due(&intent.nonce) {
            None => found(Vec::new()),
            Some(due) if self.now >= due => Decision::Look(vec![query]),
            Some(due) => self.wait(due, Why::Settling),
        }
    }

    /// When the next look for a cluster that was not found is due; none when no further is needed.
    fn absence_is_due(&self, nonce: &str) -> Option<Timestamp> {
        let (of, looks) = &self.seen.absent;
        let first = looks.first().filter(|_| of == nonce).copied().unwrap_or(self.now);
        let settled = later(first, self.pace.settle);
        let Some(counts) = looks.iter().find(|look| **look >= settled) else {
            return Some(settled);
        };
        let agrees = later(*counts, self.pace.settle_gap);
        (!looks.iter().any(|look| *look >= agrees)).then_some(agrees)
    }

    /// The cluster is watched until it is gone, and its steps are known to be over.
    fn cluster(
        &self,
        attempt: &Attempt,
        intent: &LaunchIntent,
        launched_at: Timestamp,
        cluster: &Cluster,
    ) -> Decision {
        let query = Query::Cluster { id: cluster.id.clone() };
        let sighting = self.seen.cluster.as_ref().filter(|sighting| sighting.of == cluster.id);
        if let Some(sighting) = sighting {
            let moves = self.moves(cluster, sighting);
            if !moves.is_empty() {
                return Decision::Record(moves);
            }
        }
        if cluster.is_gone() && !self.may_steps_move(cluster) {
            return self.gone(attempt, intent, cluster);
        }
        if cluster.is_past_start()
            && let Some(first) = self.stragglers(attempt, LookedAgain::AtWork)
        {
            return first;
        }
        let guard = match self.guard(attempt, intent, launched_at, cluster) {
            Ok(guard) => guard,
            Err(first) => return first,
        };
        if let Err(first) = looked(sighting, query.clone(), self.now, self.pace) {
            return first;
        }
        if let Some(leave) = self.may_not_end(cluster) {
            return Decision::Leave(leave);
        }
        let age = self.now.duration_since(launched_at);
        let next = sighting.map_or(self.now, |sighting| later(sighting.at, self.pace.poll(age)));
        if self.now >= next {
            return Decision::Look(vec![query]);
        }
        let due = termination(self.spec, self.state, attempt, launched_at, self.pace).map(|(due, _)| due);
        let wake = [due.filter(|due| *due > self.now), self.held.map(|held| held.until), guard];
        let until = wake.into_iter().flatten().fold(next, Timestamp::min);
        let why = match (self.held.and_then(|held| held.sighting.trouble()), &cluster.state) {
            (Some(trouble), _) => Why::Trouble(trouble.clone()),
            (None, Some(state)) if state.is_terminal() || *state == ClusterState::Terminating => Why::End,
            (None, _) => Why::Cluster,
        };
        self.wait(until, why)
    }

    /// The attempt's own cluster is due to end, and nobody here has the right to end it: only a person can help, and to
    /// watch on would tell none. EMR's other refusals may pass.
    fn may_not_end(&self, cluster: &Cluster) -> Option<Leave> {
        let held = self.held?;
        let (Action::Terminate { cluster: id, .. } | Action::Unprotect { cluster: id, .. }) = held.action
        else {
            return None;
        };
        match leave(held.sighting, self.now, self.pace) {
            Some(leave @ Leave::Access(_)) if *id == cluster.id => Some(leave),
            _ => None,
        }
    }

    /// What moved between the record and a look. Only transitions: a look that shows nothing new is not recorded.
    fn moves(&self, cluster: &Cluster, sighting: &Sighting<ClusterSight>) -> Vec<Event> {
        let Ok(sight) = &sighting.value else {
            return Vec::new();
        };
        let mut events = Vec::new();
        for (at, step) in sight.steps.iter().enumerate() {
            let known = cluster.steps.iter().find(|known| known.id == step.id);
            let is_twice = sight.steps[..at].iter().any(|earlier| earlier.id == step.id);
            if !is_twice && known.is_none_or(|known| !known.state.is_terminal() && known.state != step.state)
            {
                events.push(Event::StepMoved {
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
        let is_news = cluster.unprotected_at.is_none_or(|at| sighting.at > at);
        if is_news && cluster.protected != sight.protected {
            events.push(Event::ProtectionMoved { protected: sight.protected });
        }
        // Last, so that whoever sees the cluster gone knows what became of its steps.
        if cluster.state.as_ref() != Some(&sight.state) {
            let seconds_ago = sight.since.map(|since| since.as_secs()).filter(|seconds| *seconds > 0);
            let (state, reason) = (sight.state.clone(), sight.reason.clone());
            events.push(Event::ClusterMoved { state, reason, seconds_ago });
        } else if let Some(seconds) = self.overdue(cluster, sighting.at) {
            events.push(Event::EndOverdue { seconds });
        }
        events
    }

    /// For how long the cluster has been on its way down, if that is too long and was not yet told. There is nothing
    /// to be done about it: asked again, EMR would do the same.
    fn overdue(&self, cluster: &Cluster, seen_at: Timestamp) -> Option<u64> {
        let ending = seen_at.duration_since(cluster.moved_at);
        let is_ending = cluster.state == Some(ClusterState::Terminating);
        let is_due = is_ending && !cluster.is_overdue && ending >= self.pace.ending;
        is_due.then(|| ending.as_secs().try_into().unwrap_or_default())
    }

    /// What comes first for the guard, or when it is looked at next. Trouble with it holds nothing up.
    fn guard(
        &self,
        attempt: &Attempt,
        intent: &LaunchIntent,
        launched_at: Timestamp,
        cluster: &Cluster,
    ) -> Looked<Option<Timestamp>> {
        if !guard::is_wanted(self.spec, cluster, launched_at, self.now) {
            return Ok(None);
        }
        match &attempt.guard {
            Guarding::Open => self.begin_guard(Timestamp::MIN),
            Guarding::GivenUp { at, .. } => {
                // Rights may have been given since, and the Scheduler may be back.
                let next = later(*at, self.pace.patience);
                if self.now >= next { self.begin_guard(next) } else { Ok(Some(next)) }
            }
            Guarding::Missing { .. } => match self.held.map(|held| held.sighting) {
                Some(sighting) if leave(sighting, self.now, self.pace).is_some() => {
                    Err(give_up_guard(sighting))
                }
                _ => Ok(None),
            },
            Guarding::Standing { made_at, .. } => {
                let query = Query::Guard { name: intent.nonce.clone() };
                let Some(sighting) = self.seen.guard.as_ref().filter(|seen| seen.of == intent.nonce) else {
                    return Err(Decision::Look(vec![query]));
                };
                if sighting.value == Ok(false) && sighting.at > *made_at {
                    return Err(record(Event::GuardLost));
                }
                let next = later(sighting.at, self.pace.guard);
                if self.now >= next { Err(Decision::Look(vec![query])) } else { Ok(Some(next)) }
            }
            Guarding::Removed => Ok(None),
        }
    }

    /// A guard begins with a look, no older than this, at the group that it belongs in.
    fn begin_guard(&self, since: Timestamp) -> Looked<Option<Timestamp>> {
        let Some(sighting) = self.seen.guard_group.as_ref().filter(|seen| seen.at >= since) else {
            return Err(Decision::Look(vec![Query::GuardGroup]));
        };
        match &sighting.value {
            Ok(there) => Err(record(Event::GuardGroupFound { there: *there })),
            Err(_) => self.again(sighting, Query::GuardGroup),
        }
    }

    /// A question about the guard that met trouble is asked again, until it is given up.
    fn again<T>(&self, sighting: &Sighting<T>, query: Query) -> Looked<Option<Timestamp>> {
        if leave(sighting, self.now, self.pace).is_some() {
            return Err(give_up_guard(sighting));
        }
        let next = later(sighting.at, self.pace.backoff(sighting.tries));
        if self.now >= next { Err(Decision::Look(vec![query])) } else { Ok(Some(next)) }
    }

    /// EMR sets the last states of the steps of a cluster that is gone a little later than the cluster's own.
    fn may_steps_move(&self, cluster: &Cluster) -> bool {
        !cluster.are_steps_over() && self.now < later(cluster.moved_at, self.pace.logs)
    }
}

fn give_up_guard<T>(sighting: &Sighting<T>) -> Decision {
    let why = sighting.trouble().map(ToString::to_string).unwrap_or_default();
    record(Event::GuardGivenUp { why })
}

fn refuse(because: Refusal) -> Decision {
    record(Event::AttemptRefused { because })
}
