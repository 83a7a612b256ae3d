//! `emrys runs`: all days of a pipeline, or all that happened on one.

use std::fmt::Write;

use clap::Args;
use emrys_control_plane::{DayRecord, LedgerError, RunStatus, Served, days, served, status};
use emrys_core::day::Day;
use emrys_core::record::{AttemptResult, Event, Recorded};
use emrys_core::report::RunReport;
use emrys_core::run::{Attempt, Publishing, RetentionState};
use emrys_core::spec::Spec;
use emrys_terminal::format::duration;
use emrys_terminal::printer::{BOLD, DIM, HINT, Printer, styled};
use emrys_terminal::table::{Align, table};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use crate::commands::status::later_version;
use crate::commands::status::outcome_text;
use crate::error::CliError;
use crate::exit::Exit;
use crate::holder::holder_json;
use crate::place;
use crate::progress::{Level, describe};
use crate::settings::{self, Common};

/// List the days of the pipeline that were run, or what happened on one of them
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  emrys runs                                   all days, the latest first
  emrys runs --last 7
  emrys runs 2024-10-20                        its attempts, and everything that was recorded
  emrys runs --json | jq '.runs[] | select(.outcome == \"failed\") | .day'")]
pub(crate) struct RunsArgs {
    /// The day whose record is shown [default: all days, one line each]
    #[arg(value_name = "DAY")]
    pub(crate) day: Option<Day>,
    /// Only so many of the latest days
    #[arg(long, value_name = "N", conflicts_with = "day")]
    pub(crate) last: Option<usize>,
}

pub(crate) async fn run(args: &RunsArgs, common: &Common, printer: &Printer) -> Result<Exit, CliError> {
    let spec = settings::spec(common, args.day)?;
    let aws = place::connect(&spec.config, common, printer).await?;
    if args.day.is_some() {
        let status = status(&aws, &spec).await?.ok_or_else(|| CliError::not_run(&spec))?;
        let live = served(&aws, &spec, &status.state).await;
        let live = live.as_deref().map_err(ToString::to_string);
        if common.json {
            printer.json(&day_json(&spec, &status, &live))?;
        } else {
            printer.data(&format!("{}{}", day_text(&spec, &status), catalog_text(&status, &live)))?;
        }
        return Ok(Exit::Done);
    }
    let days = Box::pin(days(&aws, &spec, args.last)).await?;
    if common.json {
        let runs: Vec<Value> = days.iter().map(run_json).collect();
        printer.json(&json!({ "pipeline": spec.pipeline(), "runs": runs }))?;
    } else if days.is_empty() {
        printer.data(&format!("{} was not run yet\n", spec.pipeline()))?;
    } else {
        printer.data(&days_text(&days))?;
    }
    Ok(Exit::Done)
}

/// In the place of an outcome that is not known here.
const BY_A_LATER_VERSION: &str = "written by a later version";

fn days_text(days: &[DayRecord]) -> String {
    let header = [
        ("day", Align::Left),
        ("outcome", Align::Left),
        ("attempts", Align::Right),
        ("cluster", Align::Left),
        ("took", Align::Right),
        ("driven by", Align::Left),
    ];
    table(
        header,
        days.iter().map(|DayRecord { day, status }| {
            let empty = String::new;
            let status = match status {
                Ok(status) => status,
                Err(error) => {
                    let why = match error {
                        LedgerError::TooNew { .. } => BY_A_LATER_VERSION,
                        _ => "unreadable: see `emrys status`",
                    };
                    return [day.to_string(), why.to_owned(), empty(), empty(), empty(), empty()];
                }
            };
            let report = &status.report;
            let mut outcome = report.outcome.map_or_else(|| "in flight".to_owned(), str::to_owned);
            if status.unknown.is_some() {
                BY_A_LATER_VERSION.clone_into(&mut outcome);
            } else if expired_at(status).is_some() {
                outcome += ", expired";
            } else if let Some(earlier) = earlier_success(report) {
                let _ = write!(outcome, ", attempt {earlier} stands");
            }
            [
                day.to_string(),
                outcome,
                status.state.attempts.len().to_string(),
                report.cluster_id.clone().unwrap_or_default(),
                report.duration_seconds.map(took).unwrap_or_default(),
                driver(status),
            ]
        }),
    )
}

/// The attempt that stands although the day, as it was last asked for, did not come to an end that is as good.
fn earlier_success(report: &RunReport) -> Option<u32> {
    let is_as_good = matches!(report.outcome, None | Some("succeeded"));
    report.succeeded_attempt.filter(|_| !is_as_good)
}

/// When the day's output had expired.
fn expired_at(status: &RunStatus) -> Option<Timestamp> {
    status.state.expiry.and_then(|expiry| expiry.withdrawn)
}

/// Who drives a run that is in flight, in short.
fn driver(status: &RunStatus) -> String {
    match &status.driven_by {
        _ if status.report.outcome.is_some() => String::new(),
        Some((holder, _)) if !holder.is_certainly_dead() => holder.to_string(),
        _ => "nobody".to_owned(),
    }
}

fn took(seconds: f64) -> String {
    duration(SignedDuration::try_from_secs_f64(seconds).unwrap_or_default())
}

fn run_json(DayRecord { day, status }: &DayRecord) -> Value {
    let status = match status {
        Ok(status) => status,
        Err(error) => return json!({ "day": day, "outcome": null, "error": error.to_string() }),
    };
    let report = &status.report;
    json!({
        "day": day,
        "outcome": report.outcome,
        "succeeded_attempt": report.succeeded_attempt,
        "phase": report.phase,
        "attempts": status.state.attempts.len(),
        "cluster_id": report.cluster_id,
        "cluster_state": report.cluster_state,
        "opened_at": status.state.opened_at,
        "duration_seconds": report.duration_seconds,
        "expired_at": expired_at(status),
        "driven_by": driven_by(status),
        "error": status.unknown.as_ref().map(|unknown| format!("{BY_A_LATER_VERSION}: {unknown}")),
    })
}

/// Who drives a run, for programs; null where nobody does.
fn driven_by(status: &RunStatus) -> Value {
    match &status.driven_by {
        Some((holder, since)) if !holder.is_certainly_dead() => holder_json(holder, *since),
        _ => Value::Null,
    }
}

/// An attempt, as `--json` prints it.
#[derive(Debug, Serialize)]
struct AttemptRow {
    attempt: u32,
    run: Option<String>,
    started_at: Timestamp,
    ended_at: Option<Timestamp>,
    result: Option<AttemptResult>,
    cluster_id: Option<String>,
    cluster_state: Option<String>,
    cluster_reason: Option<String>,
    objects: u64,
    bytes: u64,
    /// What became of what it wrote.
    output: &'static str,
}

impl AttemptRow {
    fn new(spec: &Spec, attempt: &Attempt) -> Self {
        let cluster = attempt.cluster();
        Self {
            attempt: attempt.number,
            run: attempt.intent().map(|intent| spec.run_id(intent)),
            started_at: attempt.started_at,
            ended_at: attempt.ended.map(|(_, at)| at),
            result: attempt.ended.map(|(result, _)| result),
            cluster_id: cluster.map(|cluster| cluster.id.clone()),
            cluster_state: cluster.and_then(|cluster| Some(cluster.state.as_ref()?.name().to_owned())),
            cluster_reason: cluster
                .filter(|cluster| cluster.reason != emrys_core::emr::Reason::default())
                .map(|cluster| cluster.reason.to_string()),
            objects: attempt.inputs.objects,
            bytes: attempt.inputs.bytes,
            output: output(attempt),
        }
    }

    fn result(&self) -> &'static str {
        match self.result {
            Some(AttemptResult::Succeeded) => "succeeded",
            Some(AttemptResult::Failed) => "failed",
            Some(AttemptResult::Cancelled) => "cancelled",
            None => "in flight",
        }
    }
}

/// What became of what an attempt wrote, by the record.
fn output(attempt: &Attempt) -> &'static str {
    let is_expired = matches!(attempt.publishing, Publishing::Withdrawn { .. });
    match (&attempt.retention, &attempt.publishing) {
        (RetentionState::Deleted { .. }, _) if is_expired => "expired",
        (RetentionState::Deleted { .. }, _) => "removed",
        (RetentionState::Expired { .. }, _) => "expiring",
        (RetentionState::Deleting { .. }, _) => "being removed",
        (RetentionState::Kept, _) if attempt.intent().is_none() => "none",
        (RetentionState::Kept, Publishing::Published) => "published",
        (RetentionState::Kept, Publishing::Intended) => "being published",
        (RetentionState::Kept, Publishing::GivenUp(_)) => "not published",
        (RetentionState::Kept, Publishing::Superseded { .. }) => "superseded",
        (RetentionState::Kept, Publishing::Open | Publishing::Withdrawn { .. }) => "kept",
    }
}

fn attempts(spec: &Spec, status: &RunStatus) -> Vec<AttemptRow> {
    status.state.attempts.iter().map(|attempt| AttemptRow::new(spec, attempt)).collect()
}

/// What the catalog serves for the day, or why it could not be looked at.
type Live<'a> = Result<&'a [Served], String>;

fn catalog_json(live: &Live<'_>) -> Value {
    let row = |served: &Served| json!({ "table": served.table, "location": served.location, "attempt": served.attempt });
    match live {
        Ok(served) => served.iter().map(row).collect(),
        Err(why) => json!({ "error": why }),
    }
}

/// Which attempt queries see, and where the catalog says something else than the record.
fn catalog_text(status: &RunStatus, live: &Live<'_>) -> String {
    let served = match live {
        Ok([]) => return String::new(),
        Ok(served) => *served,
        Err(why) => return format!("\n  ! the catalog could not be looked at: {why}\n"),
    };
    let chosen = status.state.chosen().map(|attempt| attempt.number);
    let name = |attempt: Option<u32>| attempt.map_or_else(|| "none".to_owned(), |n| format!("attempt {n}"));
    let drifted: Vec<&Served> = served.iter().filter(|served| served.attempt != chosen).collect();
    if drifted.is_empty() && status.state.expiry.is_some() {
        return "\n  the day has expired: queries see none\n".to_owned();
    }
    if drifted.is_empty() {
        let mut text = format!("\n  queries see {}\n", name(chosen));
        if chosen.is_none() && status.state.closed.is_some() && status.report.succeeded_attempt.is_some() {
            let day = status.report.day;
            let _ = writeln!(text, "{} `emrys publish {day}` lets them see the day", styled(HINT, "hint:"));
        }
        return text;
    }
    let mut text =
        format!("\n  ! queries should see {}, and the catalog serves something else:\n", name(chosen));
    let a_table_is_missing = drifted.iter().any(|served| served.location.is_none());
    for served in drifted {
        let location = served.location.as_deref().unwrap_or("no partition");
        let _ = writeln!(text, "    {}: {} ({location})", served.table, name(served.attempt));
    }
    let day = status.report.day;
    let command = if chosen.is_none() { format!("emrys gc {day}") } else { format!("emrys publish {day}") };
    let setup =
        if a_table_is_missing { "; where a table is missing, `emrys setup` makes it first" } else { "" };
    let _ = writeln!(text, "{} `{command}` puts that right{setup}", styled(HINT, "hint:"));
    text
}

fn day_json(spec: &Spec, status: &RunStatus, live: &Live<'_>) -> Value {
    let mut document = json!({
        "published_attempt": status.report.published_attempt,
        "expired_at": expired_at(status),
        "catalog": catalog_json(live),
        "pipeline": spec.pipeline(),
        "day": spec.day,
        "outcome": status.report.outcome,
        "phase": status.report.phase,
        "driven_by": driven_by(status),
        "attempts": attempts(spec, status),
        "events": status.events,
    });
    if let Some(unknown) = &status.unknown {
        document["later_version"] = json!(unknown);
    }
    document
}

fn day_text(spec: &Spec, status: &RunStatus) -> String {
    let outcome = outcome_text(status.report.outcome);
    let mut text = format!("{} on {}: {outcome}\n", styled(BOLD, spec.pipeline()), spec.day);
    let driver = driver(status);
    if !driver.is_empty() {
        let _ = writeln!(text, "  {} {driver}", styled(DIM, "driven by"));
    }
    text += &later_version(status);
    let rows = attempts(spec, status);
    if !rows.is_empty() {
        let header = [
            ("attempt", Align::Right),
            ("result", Align::Left),
            ("cluster", Align::Left),
            ("state", Align::Left),
            ("started", Align::Left),
            ("took", Align::Right),
            ("output", Align::Left),
        ];
        text.push('\n');
        text += &table(
            header,
            rows.iter().map(|row| {
                let ended = row.ended_at.map(|at| duration(at.duration_since(row.started_at)));
                [
                    row.attempt.to_string(),
                    row.result().to_owned(),
                    row.cluster_id.clone().unwrap_or_default(),
                    row.cluster_state.clone().unwrap_or_default(),
                    format!("{:.0}", row.started_at),
                    ended.unwrap_or_default(),
                    row.output.to_owned(),
                ]
            }),
        );
    }
    text.push('\n');
    for recorded in &status.events {
        let _ = writeln!(text, "  {} {}", styled(DIM, format_args!("{:.0}", recorded.at)), line(recorded));
    }
    text
}

/// An event in one line; here even those that are not printed during a run.
fn line(recorded: &Recorded) -> String {
    match &recorded.event {
        Event::Opened { .. } => "the day's record is opened".to_owned(),
        Event::AlarmChecked { current: false } => "the alarm has to be written".to_owned(),
        Event::Closed { outcome } => format!("the run is over: {}", outcome_text(Some(outcome.name()))),
        event => describe(event).map_or_else(String::new, |(level, line)| match level {
            Level::Info => line,
            Level::Warn => format!("! {line}"),
        }),
    }
}
