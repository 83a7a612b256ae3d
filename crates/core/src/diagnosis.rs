//! Why a run failed: the lines that say it, and what can be done.
//!
//! ```text
//! finding   the lines of a step's log that say why, ranked: a Python traceback before Java, Java before noise
//! redact    what of them nobody should read on: secrets become `[redacted]`
//! hints     what can be done about what they say
//! ```
//!
//! It reads what people wrote for people, so it may find little, and it never decides whether a run failed.

mod finding;
mod hints;
mod redact;

#[cfg(test)]
mod tests;

use crate::emr::{Reason, Step, StepState};
use crate::record::{CallError, Diagnosis, Problem, TerminateReason, Verdict};
use finding::{Finding, Rank};

pub use redact::redacted;

/// How many lines a diagnosis quotes.
const LINES: usize = 20;

/// The end of what a step wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepLog {
    /// The file's address.
    pub uri: String,
    /// Its last lines (at most 200), oldest first; bytes that are no UTF-8 are replaced.
    pub lines: Vec<String>,
}

impl StepLog {
    /// The same without its secrets.
    fn redacted(&self) -> Self {
        Self { uri: self.uri.clone(), lines: redact::lines(&self.lines) }
    }
}

/// A cluster that ended before its steps were through, as far as that says why.
#[derive(Debug, Clone, Copy)]
pub struct EndedCluster<'a> {
    /// Its id, `j-…`.
    pub id: &'a str,
    /// What EMR says about its end.
    pub reason: &'a Reason,
    /// Why Emrys asked for its end; none, if it did not.
    pub terminated: Option<TerminateReason>,
    /// Its steps, in their order.
    pub steps: &'a [Step],
}

/// Whether a log already says why its step failed, so that waiting for a longer one is not worth it.
pub fn says_why(log: &StepLog) -> bool {
    finding::find(&log.lines).is_some_and(|finding| finding.rank >= Rank::Java)
}

/// Of a launch that AWS refused as wrong.
pub fn of_refused_launch(error: &CallError) -> Diagnosis {
    Diagnosis {
        summary: format!("EMR refused the launch: {}: {}", error.code, error.message),
        lines: Vec::new(),
        log: None,
        hint: Some(hints::for_launch(&error.message).to_owned()),
    }
}

/// Of an output that is not what it has to be.
pub fn of_output(verdict: &Verdict, folder: &str) -> Diagnosis {
    let first = verdict.problems.first();
    let more = verdict.problem_count().saturating_sub(1);
    let summary = match (first, more) {
        (None, _) => "the output is not what it has to be".to_owned(),
        (Some(problem), 0) => format!("every step completed, and the output is not good: {problem}"),
        (Some(problem), more) => {
            format!("every step completed, and the output is not good: {problem} (and {more} more)")
        }
    };
    Diagnosis {
        summary,
        lines: verdict.problems.iter().take(LINES).map(ToString::to_string).collect(),
        log: None,
        hint: first.map(|problem| format!("{} (the output lies in {folder})", Problem::hint(problem))),
    }
}

/// Of a verified attempt that could not be published.
pub fn of_publishing(attempt: u32, why: &str) -> Diagnosis {
    Diagnosis {
        summary: format!("the output of attempt {attempt} is good, and could not be published: {why}"),
        lines: Vec::new(),
        log: None,
        hint: Some(hints::UNPUBLISHED.to_owned()),
    }
}

/// Of a cluster that ended before its steps were through, by what EMR says of it.
pub fn of_cluster(cluster: EndedCluster<'_>) -> Diagnosis {
    let (summary, hint) = match cluster.terminated {
        Some(because @ (TerminateReason::StartDeadline | TerminateReason::RunDeadline)) => {
            (format!("the cluster was ended because {because}"), hints::for_deadline(because))
        }
        _ => by_others(cluster).unwrap_or_else(|| {
            let (id, reason) = (cluster.id, cluster.reason);
            (
                format!("the cluster {id} ended before its steps were through: {reason}"),
                hints::for_cluster(reason),
            )
        }),
    };
    Diagnosis { summary, lines: Vec::new(), log: None, hint: hint.map(str::to_owned) }
}

/// What somebody else did to a cluster, or to a step of it: a person in EMR's console, or a rule of the account.
fn by_others(cluster: EndedCluster<'_>) -> Option<(String, Option<&'static str>)> {
    let cancelled = cluster.steps.iter().find(|step| step.state == StepState::Cancelled);
    match (cluster.terminated, cluster.reason.code.as_str(), cancelled) {
        // The cluster went on after it, to its own end, or stood until it was ended.
        (None, "ALL_STEPS_COMPLETED", Some(step)) | (Some(TerminateReason::Idle), _, Some(step)) => Some((
            format!("somebody else cancelled the step `{}`", step.name),
            Some(hints::CANCELLED_BY_OTHERS),
        )),
        (None, "USER_REQUEST", _) => {
            let EndedCluster { id, reason, .. } = cluster;
            Some((
                format!("somebody else terminated the cluster {id} before its steps were through: {reason}"),
                hints::for_cluster(reason),
            ))
        }
        _ => None,
    }
}

/// Of a step that failed, or whose cluster went away under it. `folder` is where its logs belong. A Python driver's
/// traceback is in `stdout`, where Spark's PythonRunner joins both streams of the script. A JVM's is in `stderr`. Of
/// all logs the one that says most is quoted, without its secrets: a diagnosis is printed, and kept in the ledger.
pub fn of_step(step: &Step, cluster: EndedCluster<'_>, logs: &[StepLog], folder: &str) -> Diagnosis {
    let logs: Vec<StepLog> = logs.iter().map(StepLog::redacted).collect();
    let logs = logs.as_slice();
    let (log, finding) = most_telling(logs);
    let lines = finding.as_ref().map(|finding| finding.lines.clone()).unwrap_or_default();
    let log_uri = Some(log.map_or_else(|| folder.to_owned(), |log| log.uri.clone()));
    if step.state == StepState::Interrupted {
        return Diagnosis { lines, log: log_uri, ..of_cluster(cluster) };
    }
    let reason = step.reason.to_string();
    let tails = logs.iter().map(|log| log.lines.as_slice());
    if finding::ran_into_limit(tails, &reason) {
        return Diagnosis {
            summary: format!(
                "the step `{}` did not come to its end within `[limits] run-minutes`",
                step.name
            ),
            lines,
            log: log_uri,
            hint: hints::for_deadline(TerminateReason::RunDeadline).map(str::to_owned),
        };
    }
    let all_lines = log.map(|log| log.lines.as_slice()).unwrap_or_default();
    let (said, hint) = match &finding {
        Some(finding) => {
            let hint = hints::for_log(&finding.summary, &finding.lines, all_lines);
            // The last lines of a log may be anything; how the command ended is certain.
            let code = logs.iter().rev().find_map(|log| finding::exit_code(&log.lines));
            let code = code.filter(|code| finding.rank == Rank::Tail && *code != 0);
            let summary = finding.summary.clone();
            (code.map_or(summary, |code| format!("its command ended with exit code {code}")), hint)
        }
        None if log.is_none() => (format!("{reason} (its log did not arrive in time)"), None),
        None => (reason, None),
    };
    Diagnosis {
        summary: format!("the step `{}` failed: {said}", step.name),
        lines,
        log: log_uri,
        hint: hint.map(str::to_owned),
    }
}

/// The log that says most about a failure, and what it says; of several alike, the first.
fn most_telling(logs: &[StepLog]) -> (Option<&StepLog>, Option<Finding>) {
    let findings = logs.iter().rev().filter_map(|log| Some((log, finding::find(&log.lines)?)));
    match findings.max_by_key(|(_, finding)| finding.rank) {
        Some((log, finding)) => (Some(log), Some(finding)),
        None => (logs.first(), None),
    }
}
