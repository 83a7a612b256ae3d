//! `emrys status`: how a day's run stands.

use std::fmt::Write;

use clap::Args;
use emrys_control_plane::RunStatus;
use emrys_core::day::Day;
use emrys_core::report::{GuardReport, Phase, RunReport};
use emrys_terminal::format::{count, duration};
use emrys_terminal::printer::{BAD, BOLD, DIM, GOOD, HINT, Printer, WARN, styled};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::error::CliError;
use crate::exit::Exit;
use crate::holder::holder_json;
use crate::invocation::invocation;
use crate::place;
use crate::settings::{self, Common};

/// Show how a day's run stands, from its record
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  emrys status                                 yesterday, in the pipeline's time zone
  emrys status 2024-10-20
  emrys status 2024-10-20 --json")]
pub(crate) struct StatusArgs {
    /// The day [default: yesterday in the pipeline's time zone]
    #[arg(value_name = "DAY")]
    pub(crate) day: Option<Day>,
}

pub(crate) async fn run(args: &StatusArgs, common: &Common, printer: &Printer) -> Result<Exit, CliError> {
    let spec = settings::spec(common, args.day)?;
    let aws = place::connect(&spec.config, common, printer).await?;
    let status = emrys_control_plane::status(&aws, &spec).await?;
    match (status, common.json) {
        (Some(status), true) => printer.json(&document(&status)?)?,
        (Some(status), false) => {
            let driver = driver(&status, common);
            let later = later_version(&status);
            printer.data(&(summary(&status.report) + &driver + &later + &failure(&status.report)))?;
        }
        (None, true) => printer.json(&json!({
            "pipeline": spec.pipeline(),
            "day": spec.day,
            "attempt": null,
            "outcome": null,
        }))?,
        (None, false) => {
            printer.data(&format!("{} on {} was not run yet\n", spec.pipeline(), spec.day))?;
        }
    }
    Ok(Exit::Done)
}

/// The run, who drives it, and who did and is certainly gone.
fn document(status: &RunStatus) -> Result<Value, CliError> {
    let mut document = serde_json::to_value(&status.report).map_err(std::io::Error::from)?;
    let holder = status.driven_by.as_ref().filter(|_| status.report.outcome.is_none());
    let named = |dead: bool| {
        let holder = holder.filter(|(holder, _)| holder.is_certainly_dead() == dead);
        holder.map(|(holder, since)| holder_json(holder, *since)).unwrap_or_default()
    };
    document["driven_by"] = named(false);
    document["driver_gone"] = named(true);
    if let Some(unknown) = &status.unknown {
        document["later_version"] = json!(unknown);
    }
    Ok(document)
}

/// That a later version wrote the record, and from which event on it is not known here; empty where it is known.
pub(crate) fn later_version(status: &RunStatus) -> String {
    let line = |unknown| {
        let head = styled(WARN, "written by a later version of emrys:");
        format!("  {head} all before {unknown} is shown, and nothing is changed\n")
    };
    status.unknown.as_ref().map(line).unwrap_or_default()
}

/// Who drives a run that is in flight; empty for one that is over.
fn driver(status: &RunStatus, common: &Common) -> String {
    if status.report.outcome.is_some() {
        return String::new();
    }
    match &status.driven_by {
        Some((holder, since)) if !holder.is_certainly_dead() => {
            format!("  {} {holder}, since {since:.0}\n", styled(DIM, "driven by"))
        }
        gone => {
            let attach = invocation(common, &format!("attach {}", status.report.day));
            let gone = gone.as_ref().map(|(holder, since)| {
                format!(" any more ({holder} drove it since {since:.0}, and has ended without a word)")
            });
            let gone = gone.unwrap_or_default();
            format!("  {} nobody{gone}: `{attach}` picks it up\n", styled(DIM, "driven by"))
        }
    }
}

/// How a run ended, or that it has not.
pub(crate) fn outcome_text(outcome: Option<&str>) -> String {
    match outcome {
        Some(outcome @ "succeeded") => styled(GOOD, outcome),
        Some(outcome @ "failed") => styled(BAD, outcome),
        Some(outcome) => styled(WARN, outcome),
        None => styled(BOLD, "in flight"),
    }
}

/// A run for people, less what went wrong.
pub(crate) fn summary(report: &RunReport) -> String {
    let outcome = match report.phase {
        Phase::Preparing if report.outcome.is_none() => styled(BOLD, "not begun"),
        _ => outcome_text(report.outcome),
    };
    let mut text = format!("{} on {}: {outcome}\n", styled(BOLD, &report.pipeline), report.day);
    let mut line = |name: &str, value: &dyn std::fmt::Display| {
        let _ = writeln!(text, "  {} {value}", styled(DIM, format_args!("{name:<9}")));
    };
    if let Some(attempt) = report.attempt {
        line("attempt", &attempt);
    }
    if let Some(earlier) = report.succeeded_attempt.filter(|earlier| Some(*earlier) != report.attempt) {
        line("stands", &format_args!("the output of attempt {earlier}"));
    }
    // By the record: what the catalog itself serves is for `emrys runs DAY`.
    match (report.published_attempt, report.published) {
        (Some(number), _) => line("queries", &format_args!("see attempt {number}")),
        (None, Some(false)) if report.outcome.is_some() => line("queries", &"see nothing of this day"),
        (None, _) => {}
    }
    if let Some(cluster) = &report.cluster_id {
        let state = report.cluster_state.as_deref().unwrap_or("not yet seen");
        let reason =
            report.cluster_reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        line("cluster", &format_args!("{cluster} {state}{reason}"));
    }
    for step in &report.steps {
        let reason = step.reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        line("step", &format_args!("{} {} {}{reason}", step.id, step.name, step.state));
    }
    if let (Some(read), Some(rejected)) = (report.rows_read, report.rows_rejected) {
        line("rows", &format_args!("{} read, {} rejected", count(read), count(rejected)));
        if read == 0 {
            line("", &"no line was found in the input: is that what the day's folder holds?");
        }
    }
    if let Some(output) = &report.output {
        line("output", output);
    }
    if let Some(seconds) = report.duration_seconds {
        line("took", &duration(SignedDuration::try_from_secs_f64(seconds).unwrap_or_default()));
    }
    match &report.guard {
        Some(GuardReport { until: Some(until), .. }) => {
            line("guard", &format_args!("a schedule terminates the cluster at {until}"));
        }
        Some(GuardReport { why: Some(why), .. }) => line("guard", &format_args!("given up: {why}")),
        _ => {}
    }
    for (name, reporting) in [("metrics", &report.metrics), ("alarm", &report.alarm)] {
        if let Some(why) = reporting.as_ref().and_then(|reporting| reporting.why.as_ref()) {
            line(name, &format_args!("given up: {why}"));
        }
    }
    if let Some(by) = &report.cancelled_by {
        line("cancelled", &format_args!("by {by}"));
    }
    text
}

/// Why a run failed or was refused, and what can be done; empty for others.
fn failure(report: &RunReport) -> String {
    let mut text = String::new();
    if let Some(diagnosis) = &report.diagnosis {
        let _ = writeln!(text, "  {} {}", styled(DIM, "cause    "), diagnosis.summary);
        for line in &diagnosis.lines {
            let _ = writeln!(text, "    {} {line}", styled(DIM, "|"));
        }
        if let Some(log) = &diagnosis.log {
            let _ = writeln!(text, "  {} {log}", styled(DIM, "log      "));
        }
        if let Some(hint) = &diagnosis.hint {
            let _ = writeln!(text, "{} {hint}", styled(HINT, "hint:"));
        }
    }
    if let Some(refusal) = &report.refusal {
        let _ = writeln!(text, "  {} {}", styled(DIM, "refused  "), refusal.summary);
        let _ = writeln!(text, "{} {}", styled(HINT, "hint:"), refusal.hint);
    }
    text
}
