//! What is reported about a run: the `--json` document of `run` and `status`.

use jiff::Timestamp;
use serde::Serialize;

use crate::day::Day;
use crate::emr::Reason;
use crate::record::{Diagnosis, Outcome, Refusal, Verdict};
use crate::run::{
    Attempt, AttemptPhase, Cluster, ClusterPhase, GuardState, Publishing, Reporting, RunPhase, State,
};
use crate::spec::Spec;

/// A run, as `--json` prints it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunReport {
    /// The pipeline.
    pub pipeline: String,
    /// The day.
    pub day: Day,
    /// The number of the attempt at hand; null where none was made.
    pub attempt: Option<u32>,
    /// `succeeded`, `failed`, `empty`, `cancelled` or `refused`; null while the run is in flight.
    pub outcome: Option<&'static str>,
    /// Where it is.
    pub phase: Phase,
    /// The attempt's cluster.
    pub cluster_id: Option<String>,
    /// The cluster's state, as EMR names it.
    pub cluster_state: Option<String>,
    /// Why the cluster is in that state, in EMR's words.
    pub cluster_reason: Option<String>,
    /// The steps' ids, in the order in which they run.
    pub step_ids: Vec<String>,
    /// The steps.
    pub steps: Vec<StepReport>,
    /// Rows of the input; null where the job leaves no manifest.
    pub rows_read: Option<u64>,
    /// Those of them that could not be understood; null where the job leaves no manifest.
    pub rows_rejected: Option<u64>,
    /// What the output was checked against; null until it is known to be good.
    pub checked_by: Option<CheckedBy>,
    /// The output folder, once it is known to be good, and as long as it is kept.
    pub output: Option<String>,
    /// From the attempt's begin to the end of its cluster, or until now.
    pub duration_seconds: Option<f64>,
    /// What was found out about a failure.
    pub diagnosis: Option<Diagnosis>,
    /// Why the attempt that was asked for was not made.
    pub refusal: Option<RefusalReport>,
    /// The attempt whose output counts; it may be an earlier one than `attempt`.
    pub succeeded_attempt: Option<u32>,
    /// Whether queries see the output of `attempt`; null where no catalog is configured for it.
    pub published: Option<bool>,
    /// The attempt that queries see, as the record says; the catalog itself is not asked.
    pub published_attempt: Option<u32>,
    /// The guard outside the cluster; null where none is configured.
    pub guard: Option<GuardReport>,
    /// The metrics of the attempt.
    pub metrics: Option<ReportingReport>,
    /// The alarm, which each attempt checks.
    pub alarm: Option<ReportingReport>,
    /// Who cancelled the run.
    pub cancelled_by: Option<String>,
}

/// What an output was checked against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckedBy {
    /// The manifest that the job left: its files, their sizes and the rows.
    Manifest,
    /// The listing alone: that something was written, for each table that is described. Nobody counted rows.
    Files,
}

impl CheckedBy {
    fn new(verdict: &Verdict) -> Self {
        if verdict.rows.is_some() { Self::Manifest } else { Self::Files }
    }
}

/// Where a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The input is observed.
    Preparing,
    /// The job is uploaded.
    Staging,
    /// The launch is asked for, or it is not yet clear whether it happened.
    Launching,
    /// The cluster starts.
    Starting,
    /// The steps run.
    Running,
    /// The cluster is ending.
    Ending,
    /// The output is checked.
    Verifying,
    /// The cause of a failure is being found.
    Diagnosing,
    /// The day's partitions are made to serve the output.
    Publishing,
    /// Metrics and alarm are written.
    Reporting,
    /// The run is over.
    Closed,
}

/// A step, as `--json` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepReport {
    /// EMR's identifier.
    pub id: String,
    /// The name given at the launch.
    pub name: String,
    /// Its state, as EMR names it.
    pub state: String,
    /// Why, in EMR's words.
    pub reason: Option<String>,
}

/// A refusal, as `--json` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusalReport {
    /// In one sentence.
    pub summary: String,
    /// What can be done.
    pub hint: &'static str,
}

/// How far a report is, as `--json` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportingReport {
    /// `open`, `due`, `done` or `given_up`.
    pub state: &'static str,
    /// Why it was given up.
    pub why: Option<String>,
}

/// How far the guard outside a cluster is, as `--json` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GuardReport {
    /// `open`, `missing`, `standing`, `removed` or `given_up`.
    pub state: &'static str,
    /// When it terminates the cluster, while it exists.
    pub until: Option<Timestamp>,
    /// Why it was given up.
    pub why: Option<String>,
}

/// What a run reports to who drove it: the attempt at hand, if one was made.
pub fn report(spec: &Spec, state: &State, now: Timestamp) -> RunReport {
    report_of(spec, state, state.attempt(), now)
}

/// What is reported about a day: where an attempt was refused, the one before it.
pub fn day_report(spec: &Spec, state: &State, now: Timestamp) -> RunReport {
    let last = state.attempts.last().filter(|_| state.refusal.is_some());
    report_of(spec, state, state.attempt().or(last), now)
}

fn report_of(spec: &Spec, state: &State, attempt: Option<&Attempt>, now: Timestamp) -> RunReport {
    let cluster = attempt.and_then(Attempt::cluster);
    let verdict = attempt.and_then(|attempt| attempt.verdict.as_ref());
    let rows = verdict.and_then(|verdict| verdict.rows);
    let good = verdict.is_some_and(Verdict::is_good);
    let intent = attempt.and_then(Attempt::intent).filter(|_| good);
    let is_kept = attempt.is_some_and(|attempt| attempt.retention.is_kept());
    RunReport {
        pipeline: spec.pipeline().to_owned(),
        day: spec.day,
        attempt: attempt.map(|attempt| attempt.number),
        outcome: outcome(state).map(Outcome::name),
        phase: phase(state),
        cluster_id: cluster.map(|cluster| cluster.id.clone()),
        cluster_state: cluster
            .and_then(|cluster| cluster.state.as_ref())
            .map(|state| state.name().to_owned()),
        cluster_reason: cluster.and_then(|cluster| said(&cluster.reason)),
        step_ids: cluster.map(step_ids).unwrap_or_default(),
        steps: cluster.map(steps).unwrap_or_default(),
        rows_read: rows.map(|rows| rows.read),
        rows_rejected: rows.map(|rows| rows.rejected),
        checked_by: verdict.filter(|_| good).map(CheckedBy::new),
        output: intent.filter(|_| is_kept).map(|intent| spec.output_folder(intent).to_string()),
        duration_seconds: attempt.map(|attempt| attempt.duration(now).as_secs_f64()),
        diagnosis: attempt.and_then(|attempt| attempt.diagnosis.clone()),
        refusal: state.refusal.as_ref().map(RefusalReport::new),
        succeeded_attempt: state
            .succeeded()
            .filter(|attempt| attempt.retention.is_kept())
            .map(|attempt| attempt.number),
        published: attempt
            .filter(|_| spec.published_to().is_some())
            .map(|attempt| attempt.publishing == Publishing::Published),
        published_attempt: state
            .chosen()
            .filter(|attempt| attempt.publishing == Publishing::Published)
            .map(|attempt| attempt.number),
        guard: attempt.and_then(|attempt| GuardReport::new(spec, &attempt.guard)),
        metrics: attempt.map(|attempt| ReportingReport::new(&attempt.metrics)),
        alarm: attempt.map(|attempt| ReportingReport::new(&attempt.alarm)),
        cancelled_by: state.cancel.as_ref().map(|actor| actor.0.clone()),
    }
}

/// How the run ended for who asked for it last. A refused second attempt takes nothing from the first.
pub fn outcome(state: &State) -> Option<Outcome> {
    let ended = state.outcome()?;
    Some(if state.refusal.is_some() { Outcome::Refused } else { ended })
}

/// Where a run is.
pub fn phase(state: &State) -> Phase {
    match state.phase() {
        RunPhase::Closed(_) => Phase::Closed,
        RunPhase::Unopened | RunPhase::Preparing => Phase::Preparing,
        RunPhase::Attempt(attempt, _) if attempt.publishing == Publishing::Intended => Phase::Publishing,
        RunPhase::Attempt(_, phase) => phase_of_attempt(phase),
    }
}

fn phase_of_attempt(phase: AttemptPhase<'_>) -> Phase {
    match phase {
        AttemptPhase::Staging { .. } => Phase::Staging,
        AttemptPhase::ReadyToLaunch | AttemptPhase::LaunchRefused(_) | AttemptPhase::LaunchUnclear { .. } => {
            Phase::Launching
        }
        AttemptPhase::Launched(launched, cluster) => match cluster {
            ClusterPhase::Starting => Phase::Starting,
            ClusterPhase::Running => Phase::Running,
            ClusterPhase::StepsOver | ClusterPhase::Terminating => Phase::Ending,
            ClusterPhase::Gone if launched.cluster.are_steps_completed() => Phase::Verifying,
            ClusterPhase::Gone => Phase::Diagnosing,
        },
        AttemptPhase::Ended { .. } => Phase::Reporting,
    }
}

fn said(reason: &Reason) -> Option<String> {
    (*reason != Reason::default()).then(|| reason.to_string())
}

fn step_ids(cluster: &Cluster) -> Vec<String> {
    cluster.steps.iter().map(|step| step.id.clone()).collect()
}

fn steps(cluster: &Cluster) -> Vec<StepReport> {
    let report = |step: &crate::emr::Step| StepReport {
        id: step.id.clone(),
        name: step.name.clone(),
        state: step.state.name().to_owned(),
        reason: said(&step.reason),
    };
    cluster.steps.iter().map(report).collect()
}

impl RefusalReport {
    /// Of a refusal.
    pub fn new(refusal: &Refusal) -> Self {
        Self { summary: refusal.to_string(), hint: refusal.hint() }
    }
}

impl GuardReport {
    fn new(spec: &Spec, guard: &GuardState) -> Option<Self> {
        let (state, until, why) = match guard {
            GuardState::Open if spec.config.guard.is_none() => return None,
            GuardState::Open => ("open", None, None),
            GuardState::Missing { .. } => ("missing", None, None),
            GuardState::Exists { until, .. } => ("standing", Some(*until), None),
            GuardState::Removed => ("removed", None, None),
            GuardState::GivenUp { why, .. } => ("given_up", None, Some(why.clone())),
        };
        Some(Self { state, until, why })
    }
}

impl ReportingReport {
    fn new(reporting: &Reporting) -> Self {
        let (state, why) = match reporting {
            Reporting::Open => ("open", None),
            Reporting::Due => ("due", None),
            Reporting::Done => ("done", None),
            Reporting::GivenUp(why) => ("given_up", Some(why.clone())),
        };
        Self { state, why }
    }
}

#[cfg(test)]
mod tests {
    use super::Phase::{Closed, Launching, Preparing, Reporting, Staging, Starting, Verifying};
    use super::*;
    use crate::record::{Actor, Event};
    use crate::run::testing::{Engine, Good, now, published, spec, unversioned};

    #[test]
    fn a_report_of_a_good_day() {
        let spec = spec();
        let mut engine = Engine::new(&spec);
        engine.drive(&mut Good);
        // The output folder holds the nonce: derived, so always the same here.
        insta::assert_json_snapshot!(report(&spec, &engine.state, engine.now));
    }

    #[test]
    fn a_run_goes_through_its_phases_in_order() {
        let spec = spec();
        let mut engine = Engine::new(&spec);
        let mut phases = vec![phase(&engine.state)];
        while engine.state.closed.is_none() {
            engine.turn(&mut Good);
            let next = phase(&engine.state);
            if phases.last() != Some(&next) {
                phases.push(next);
            }
        }
        assert_eq!(phases, [Preparing, Staging, Launching, Starting, Verifying, Reporting, Closed]);
    }

    #[test]
    fn a_report_says_whether_queries_see_the_attempt() {
        let spec = published();
        let mut engine = Engine::new(&spec);
        while phase(&engine.state) != Phase::Publishing {
            engine.turn(&mut Good);
        }
        let before = report(&spec, &engine.state, engine.now);
        assert_eq!((before.published, before.published_attempt), (Some(false), None));
        engine.drive(&mut Good);
        let after = report(&spec, &engine.state, engine.now);
        assert_eq!((after.published, after.published_attempt), (Some(true), Some(1)));
        let without = report(&crate::run::testing::spec(), &engine.state, engine.now);
        assert_eq!(without.published, None);
    }

    #[test]
    fn a_run_in_flight_has_no_outcome_and_a_fresh_one_nothing_at_all() {
        let spec = spec();
        let fresh = report(&spec, &State::default(), now());
        assert_eq!((fresh.outcome, fresh.attempt, fresh.duration_seconds), (None, None, None));
        let mut engine = Engine::new(&spec);
        while engine.state.attempt().is_none_or(|attempt| attempt.cluster().is_none()) {
            engine.turn(&mut Good);
        }
        engine.pass(jiff::SignedDuration::from_secs(90));
        let report = report(&spec, &engine.state, engine.now);
        assert_eq!((report.outcome, report.output), (None, None));
        assert_eq!(report.duration_seconds, Some(90.0));
    }

    #[test]
    fn a_refused_attempt_is_told_beside_the_one_that_stands() {
        let spec = unversioned();
        let mut engine = Engine::new(&spec);
        engine.drive(&mut Good);
        engine.append(Event::Reopened { by: Actor("someone".to_owned()) });
        let folder = spec.fixed_output().to_string();
        engine.append(Event::AttemptRefused { because: Refusal::OutputTaken { folder } });
        let report = report(&spec, &engine.state, engine.now);
        assert_eq!((report.outcome, report.attempt), (Some("refused"), None));
        assert_eq!(report.succeeded_attempt, Some(1));
        assert!(report.refusal.is_some_and(|refusal| refusal.hint.contains("{output}")));
    }
}
