//! What a run would do: the calls that change AWS, in order, before any of them is made.
//!
//! A plan shows no nonce. It is made from the ledger's own identifier and sequence, and a ledger that is not yet
//! opened has none; where it would stand, a plan says `<nonce>`.

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::Serialize;

use crate::cluster_request::{deadline_minutes, run_job_flow};
use crate::config::StepKind;
use crate::day::Day;
use crate::forecast::{Foreseen, forecast};
use crate::pace::Pace;
use crate::record::{AttemptResult, LaunchIntent, Outcome, RetryCause};
use crate::report::RefusalReport;
use crate::run::{
    Action, Attempt, AttemptPhase, Call, IllegalEvent, Launched, Leave, Observations, Probe, Publishing,
    RUN_GRACE, State,
};
use crate::spec::Spec;

/// What stands in a plan for the nonce of its launch.
const NONCE: &str = "<nonce>";

/// What a run would do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// The pipeline.
    pub pipeline: String,
    /// The day.
    pub day: Day,
    /// The attempt that it would be; none where no attempt would be made.
    pub attempt: Option<u32>,
    /// What comes of it, when every call succeeds.
    pub outcome: &'static str,
    /// Why no attempt would be made, and what can be done.
    pub refusal: Option<RefusalReport>,
    /// What the attempt would read.
    pub inputs: Option<PlannedInputs>,
    /// Where its output would lie; `<nonce>` is made at the launch.
    pub output: Option<String>,
    /// The calls that change AWS, in their order.
    pub calls: Vec<Call>,
    /// What only failure brings, and what ends a cluster that nobody watches.
    pub guards: Vec<Guard>,
    /// The RunJobFlow request.
    pub request: Option<serde_json::Value>,
    /// What is worth knowing besides.
    pub notes: Vec<String>,
}

/// The input that an attempt would read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedInputs {
    /// The folder.
    pub source: String,
    /// How many objects.
    pub objects: u64,
    /// Their sizes together.
    pub bytes: u64,
}

/// Something that happens only when something goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Guard {
    /// When.
    pub when: String,
    /// What.
    pub then: String,
}

/// How far a plan is.
#[derive(Debug, Clone, PartialEq)]
pub enum Planning {
    /// These questions about the world as it is come first.
    Look(Vec<Probe>),
    /// A question met trouble, and is asked again then.
    Wait {
        /// Not before.
        until: Timestamp,
    },
    /// The questions cannot be answered.
    Leave(Leave),
    /// It is ready.
    Ready(Box<Plan>),
}

/// Plans a run, from what its record holds now and what was looked at for real.
pub fn plan(
    spec: &Spec,
    state: State,
    seen: Observations,
    now: Timestamp,
    pace: &Pace,
) -> Result<Planning, IllegalEvent> {
    let before = state.clone();
    let empty =
        seen.inputs.as_ref().and_then(|looked| looked.value.as_ref().ok()).map_or(0, |listing| listing.empty);
    Ok(match forecast(spec, state, seen, now, pace)? {
        Foreseen::Observe(queries) => Planning::Look(queries),
        Foreseen::Wait(until) => Planning::Wait { until },
        Foreseen::Leave(leave) => Planning::Leave(leave),
        Foreseen::Done { outcome, actions, launch, state } => {
            let end = End { outcome, actions, launch, state: *state, empty };
            Planning::Ready(Box::new(end.plan(spec, &before, now)))
        }
    })
}

/// The end of a forecast.
struct End {
    outcome: Outcome,
    actions: Vec<Action>,
    launch: Option<LaunchIntent>,
    state: State,
    /// How many objects without content the day has.
    empty: u64,
}

impl End {
    fn plan(&self, spec: &Spec, before: &State, now: Timestamp) -> Plan {
        let attempt = self.state.attempt();
        let shown =
            self.launch.as_ref().map(|launch| LaunchIntent { nonce: NONCE.to_owned(), ..launch.clone() });
        // A launch that was made before keeps the nonce that it has.
        let intent = shown.as_ref().or_else(|| attempt.and_then(Attempt::intent));
        Plan {
            pipeline: spec.pipeline().to_owned(),
            day: spec.day,
            attempt: attempt.map(|attempt| attempt.number),
            outcome: self.outcome.name(),
            refusal: self.state.refusal.as_ref().map(RefusalReport::new),
            inputs: attempt.map(|attempt| PlannedInputs {
                source: spec.source().to_string(),
                objects: attempt.inputs.objects,
                bytes: attempt.inputs.bytes,
            }),
            output: intent.map(|intent| spec.output_folder(intent).to_string()),
            calls: self.actions.iter().flat_map(|action| action.calls(spec)).collect(),
            guards: shown.as_ref().map(|intent| guards(spec, intent)).unwrap_or_default(),
            request: shown
                .as_ref()
                .zip(attempt)
                .zip(spec.job())
                .map(|((intent, attempt), job)| run_job_flow(spec, job, intent, &attempt.inputs, now)),
            notes: notes(spec, before, self),
        }
    }
}

/// What happens only when something goes wrong.
fn guards(spec: &Spec, intent: &LaunchIntent) -> Vec<Guard> {
    let limits = &spec.config.limits;
    let guard = |when: &str, then: &str| Guard { when: when.to_owned(), then: then.to_owned() };
    let mut guards = vec![
        guard("nobody watches any more", "the cluster ends by itself after its last step"),
        guard("a step fails", "EMR ends the cluster, and the run says why the step failed"),
        guard(
            &format!("a step is not through after {} minutes", limits.run_minutes),
            if has_steps_without_a_limit(spec) {
                "its own command ends it, from within the cluster; `script` and `jar` steps have no such command"
            } else {
                "its own command ends it, from within the cluster"
            },
        ),
        guard(&format!("no step begins within {} minutes", limits.start_minutes), "emr TerminateJobFlows"),
        guard(
            &format!(
                "the steps are not through after {} minutes",
                i64::from(limits.run_minutes) + RUN_GRACE.as_mins()
            ),
            "emr TerminateJobFlows",
        ),
        guard("the run is cancelled", "emr TerminateJobFlows"),
        guard(
            "the cluster is to be ended, and somebody has switched its termination protection on",
            "emr SetTerminationProtection, and then TerminateJobFlows",
        ),
        guard("the cluster stands although its steps are over", "emr TerminateJobFlows"),
        guard(
            "the answer to RunJobFlow is lost",
            "its cluster is looked for by the nonce in its name; it is launched again only if it is not there",
        ),
    ];
    if spec.config.guard.is_some() {
        guards.push(guard(
            "nobody watches, and the cluster still stands at its deadline",
            "the schedule in the group `emrys`, named by the launch's nonce: emr TerminateJobFlows",
        ));
    }
    guards.extend(retries(spec, intent));
    guards
}

/// Whether some steps are no commands that a limit of time could be put around.
fn has_steps_without_a_limit(spec: &Spec) -> bool {
    spec.config.steps.iter().any(|step| matches!(step.kind, StepKind::Script { .. } | StepKind::Jar { .. }))
}

/// Which failures are followed by another attempt by itself.
fn retries(spec: &Spec, intent: &LaunchIntent) -> Vec<Guard> {
    let (most, number) = (spec.config.limits.max_attempts, intent.attempt + 1);
    if number > most {
        let when = "the attempt fails".to_owned();
        let then = format!("no other follows: `[limits] max-attempts` is {most}");
        return vec![Guard { when, then }];
    }
    let follows = |when: &str, cause, but: &str| {
        let what = intent.choice.after(cause).difference(intent.choice, &spec.config.cluster);
        let then = format!("attempt {number} (of {most} at most) follows, {what}{but}");
        Guard { when: when.to_owned(), then }
    };
    let but = if spec.is_versioned() { "" } else { ", if no step can have begun" };
    vec![
        follows("there is no capacity, or no instance comes in time", RetryCause::Capacity, ""),
        follows("instances are lost, to spot or to a fault", RetryCause::InstancesLost, but),
        follows("a bootstrap script cannot be downloaded", RetryCause::BootstrapDownload, ""),
        follows("EMR fails by itself before a step begins", RetryCause::EmrFault, ""),
    ]
}

fn notes(spec: &Spec, before: &State, end: &End) -> Vec<String> {
    let mut notes = Vec::new();
    let earlier = before.attempt().filter(|_| before.closed.is_none());
    if let Some(attempt) = earlier {
        notes.push(in_flight(attempt));
    }
    if let Some(unpublished) = before.unpublished() {
        let what = if spec.published_to().is_some() { "it is published" } else { "it counts as it is" };
        notes.push(format!(
            "the output of attempt {} is good, and could not be published: {what}, and no cluster is launched",
            unpublished.number
        ));
    } else if let Some(succeeded) = before.succeeded() {
        notes.push(format!("the day has succeeded before, in attempt {}", succeeded.number));
    }
    match end.empty {
        0 => {}
        1 => notes.push("1 empty object is left out".to_owned()),
        count => notes.push(format!("{count} empty objects are left out")),
    }
    if end.launch.is_none() {
        return notes;
    }
    if !end.actions.iter().any(|action| matches!(action, Action::StageJob { .. })) {
        notes.push("the job is uploaded already".to_owned());
    }
    if !spec.is_versioned() {
        notes.push(format!(
            "the job writes to a fixed place ({}): one attempt, and no other while output lies there; its row counts \
             are not known. With {{output}} in its arguments it would get a fresh folder for each attempt",
            spec.fixed_output()
        ));
    }
    notes.extend(unpublished(spec));
    notes.extend(unattested(spec));
    notes.extend(removed(before));
    notes.push(outside(spec));
    notes
}

/// That a run which succeeds is followed by the removal of what earlier ones left.
fn removed(before: &State) -> Option<String> {
    let may_go = |attempt: &Attempt| {
        let is_superseded = matches!(attempt.publishing, Publishing::Superseded { .. });
        let is_bad = attempt.ended.is_some() && !attempt.has_succeeded();
        attempt.intent().is_some() && attempt.retention.is_kept() && (is_superseded || is_bad)
    };
    before.attempts.iter().any(may_go).then(|| {
        "after a success, output of earlier attempts is removed once its grace is over: see `emrys gc --dry-run`"
            .to_owned()
    })
}

/// Why nothing is published, where that is so.
fn unpublished(spec: &Spec) -> Option<String> {
    match (&spec.config.catalog, spec.published_to()) {
        (_, Some(_)) => None,
        (None, None) => Some("nothing is published: there is no `[catalog]`".to_owned()),
        (Some(_), None) => Some(
            "nothing is published: the job is not the built-in one, and no tables of it are described \
             (`[[catalog.tables]]`)"
                .to_owned(),
        ),
    }
}

/// What is known of the output of a user's own job before queries see it.
fn unattested(spec: &Spec) -> Option<String> {
    let is_own = spec.published_to().is_some() && !spec.has_manifest();
    is_own.then(|| {
        "the output is published when the job's step has completed and each table has a file with content that is \
         newer than the attempt's begin; its rows are only checked where the script leaves a manifest.json"
            .to_owned()
    })
}

/// Which guards stand outside the cluster.
fn outside(spec: &Spec) -> String {
    if spec.config.guard.is_none() {
        return "outside the cluster, only a process of Emrys that watches ends it before its time: `[guard] \
                scheduler-role` would add a schedule"
            .to_owned();
    }
    let minutes = deadline_minutes(&spec.config);
    format!(
        "outside the cluster, a schedule of EventBridge Scheduler ends it {minutes} minutes after its launch (the \
         tag emrys:deadline), even where no process of Emrys is left; it cannot end one whose termination protection \
         somebody switched on"
    )
}

fn in_flight(attempt: &Attempt) -> String {
    let number = attempt.number;
    match attempt.phase() {
        AttemptPhase::Ended { result: AttemptResult::Succeeded, .. } => {
            format!("attempt {number} has succeeded, and is not yet reported")
        }
        AttemptPhase::Ended { result: AttemptResult::Failed | AttemptResult::Cancelled, .. } => {
            format!("attempt {number} is over, and is not yet reported")
        }
        AttemptPhase::Launched(Launched { cluster, .. }, _) => {
            format!("attempt {number} is in flight on the cluster {}, and would be watched", cluster.id)
        }
        AttemptPhase::LaunchUnclear { .. } => format!(
            "whether attempt {number} has launched its cluster is not clear: it is looked for first, and the launch \
             below is made only if it is not there"
        ),
        AttemptPhase::Staging { .. } | AttemptPhase::ReadyToLaunch | AttemptPhase::LaunchRefused(_) => {
            format!("attempt {number} was begun, and would be gone on with")
        }
    }
}
