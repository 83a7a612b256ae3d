//! `emrys gc`: output that nobody needs any more.

use std::fmt::Write;

use clap::Args;
use emrys_control_plane::{
    AwsContext, Collected, Collection, Garbage, Interrupts, Removed, RunListener, RunOptions, all_garbage,
    collect_garbage_of, garbage,
};
use emrys_core::day::Day;
use emrys_core::gc::{Disposition, EvaluatedOutput};
use emrys_core::spec::Spec;
use emrys_terminal::format::{bytes, plural};
use emrys_terminal::printer::{BAD, BOLD, GOOD, Printer, styled};
use emrys_terminal::table::{Align, table};
use serde_json::{Value, json};

use crate::confirm::{can_ask, confirm};
use crate::error::CliError;
use crate::exit::Exit;
use crate::progress::ProgressReporter;
use crate::settings::{self, Common};
use crate::signals::{self, CtrlC};
use crate::{place, stop};

/// Remove the output of attempts that nobody needs any more
///
/// That is the output of attempts of which another took the place, and of attempts that were never found good, both for
/// longer than `[retention] superseded-expire-after-hours`; and of whole days that are older than
/// `[retention] output-expire-after-days`, whose partitions are removed first. Only what the record of a day names is
/// ever removed, below the attempt's own folder, and never what a table of the catalog serves. An attempt whose output
/// is removed cannot be published any more. A run that succeeded does the same at its end, without asking.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  emrys gc --dry-run                           what may go, of all days?
  emrys gc 2024-10-20                          show it for one day, ask, and remove it
  emrys gc --yes --json                        all days, without asking, as a nightly job")]
pub(crate) struct GcArgs {
    /// The day [default: all days]
    #[arg(value_name = "DAY")]
    day: Option<Day>,
    /// Only show what would be removed
    #[arg(long)]
    dry_run: bool,
    /// Do not ask before
    #[arg(long)]
    yes: bool,
}

/// A day that was observed, and what became of it.
struct Row {
    found: Garbage,
    collected: Option<Result<Collected, String>>,
}

/// A day, and why nobody can say what may go of it.
type Unreadable = (Day, String);

pub(crate) async fn run(args: &GcArgs, common: &Common, printer: &Printer) -> Result<Exit, CliError> {
    if !args.dry_run {
        can_ask(args.yes, "`emrys gc` deletes output that nobody needs any more")?;
    }
    let spec = settings::spec(common, args.day)?;
    let aws = place::connect(&spec.config, common, printer).await?;
    let (mut rows, unreadable) = observe(&aws, &spec, args.day).await?;
    if !common.json {
        printer.data(&text(spec.pipeline(), &rows))?;
    }
    for (day, why) in &unreadable {
        printer.error(&format!("the record of {day} cannot be read, and the day is left alone: {why}"), None);
    }
    let mut exit = if unreadable.is_empty() { Exit::Done } else { Exit::Usage };
    if let Some(question) = question(&rows).filter(|_| !args.dry_run)
        && confirm(printer, args.yes, &question)?
        && let Some(error) = remove(&aws, &spec, &mut rows, printer).await?
    {
        exit = error;
    }
    if common.json {
        printer.json(&document(spec.pipeline(), &rows, &unreadable, args.dry_run, exit))?;
    }
    Ok(exit)
}

async fn observe(
    aws: &AwsContext,
    spec: &Spec,
    day: Option<Day>,
) -> Result<(Vec<Row>, Vec<Unreadable>), CliError> {
    let row = |found| Row { found, collected: None };
    if day.is_some() {
        let found = Box::pin(garbage(aws, spec)).await?.ok_or_else(|| CliError::not_run(spec))?;
        return Ok((vec![row(found)], Vec::new()));
    }
    let (mut rows, mut unreadable) = (Vec::new(), Vec::new());
    for found in Box::pin(all_garbage(aws, spec)).await? {
        match found {
            Ok(found) => rows.push(row(found)),
            Err(why) => unreadable.push(why),
        }
    }
    Ok((rows, unreadable))
}

/// Clears what is due; how the command ends where not all of it could be done.
async fn remove(
    aws: &AwsContext,
    spec: &Spec,
    rows: &mut [Row],
    printer: &Printer,
) -> Result<Option<Exit>, CliError> {
    let mut interrupts: Interrupts = signals::listen(CtrlC::StopsWatching).map_err(CliError::Start)?;
    let RunOptions { holder, .. } = RunOptions::new(&signals::whoami());
    let due: Vec<Day> = rows.iter().filter(|row| is_due(&row.found)).map(|row| row.found.day).collect();
    let (printer_of_days, pipeline) = (printer.clone(), spec.pipeline().to_owned());
    let mut listener = move |day| {
        Box::new(ProgressReporter::start(&printer_of_days, &format!("{pipeline} {day}")))
            as Box<dyn RunListener>
    };
    let collected =
        Box::pin(collect_garbage_of(aws, spec, &due, &holder, &mut listener, &mut interrupts)).await;
    let is_cut_short = collected.len() < due.len();
    let mut exit = None;
    for (day, collected) in collected {
        let result = match collected {
            Ok(Collection::Done(collected)) => {
                if collected.stopped {
                    exit.get_or_insert(Exit::StoppedWatching);
                }
                Ok(*collected)
            }
            Ok(Collection::InFlight | Collection::NotRun) => {
                exit.get_or_insert(Exit::Held);
                Err("it is run again just now".to_owned())
            }
            Err(stopped) => {
                exit.get_or_insert(stop::exit(&stopped));
                Err(stopped.to_string())
            }
        };
        if let Err(why) = &result {
            printer.error(&format!("{day} was not cleared: {why}"), None);
        }
        if let Some(row) = rows.iter_mut().find(|row| row.found.day == day) {
            row.collected = Some(result);
        }
    }
    if is_cut_short {
        printer
            .error("stopped: the days after it are left as they are", Some("`emrys gc` goes on with them"));
    }
    Ok(exit)
}

fn is_due(found: &Garbage) -> bool {
    found.expires || !found.drifted.is_empty() || !found.removals.is_empty()
}

/// What is to be agreed to; nothing, when there is nothing to do.
fn question(rows: &[Row]) -> Option<String> {
    let removals = || rows.iter().flat_map(|row| &row.found.removals);
    if !rows.iter().any(|row| is_due(&row.found)) {
        return None;
    }
    let objects = plural(removals().map(|removed| removed.objects).sum(), "object");
    let size = bytes(removals().map(|removed| removed.bytes).sum());
    let expires = rows.iter().filter(|row| row.found.expires).count() as u64;
    let partitions = match expires {
        0 if removals().next().is_none() => return Some("Put the catalog right?".to_owned()),
        0 => String::new(),
        days => format!(", and the partitions of {}", plural(days, "day")),
    };
    Some(format!("Remove {objects}, {size}{partitions}?"))
}

/// Why an attempt's output goes or stays, for people.
fn why(evaluated: &EvaluatedOutput) -> String {
    match evaluated.disposition {
        Disposition::Remove(because) => because.to_string(),
        Disposition::Keep(reason) => reason.to_string(),
        Disposition::Gone => "gone already".to_owned(),
    }
}

fn text(pipeline: &str, rows: &[Row]) -> String {
    let mut text = String::new();
    let removals = rows.iter().flat_map(|row| row.found.removals.iter().map(move |removed| (row, removed)));
    let removals: Vec<_> = removals.collect();
    for Garbage { day, drifted, .. } in rows.iter().map(|row| &row.found) {
        if !drifted.is_empty() {
            let what = "the catalog serves something else than the record says";
            let _ = writeln!(text, "{day}: {} ({})", styled(BAD, what), drifted.join(", "));
        }
    }
    if removals.is_empty() && !rows.iter().any(|row| row.found.expires) {
        let _ = writeln!(text, "{} of {pipeline}", styled(GOOD, "nothing to remove"));
    } else {
        let _ = writeln!(text, "{} of {pipeline}\n", styled(BAD, "to be removed"));
        let header = [
            ("day", Align::Left),
            ("attempt", Align::Right),
            ("why", Align::Left),
            ("objects", Align::Right),
            ("size", Align::Right),
            ("folder", Align::Left),
        ];
        text += &table(
            header,
            removals.into_iter().map(|(row, removed)| {
                let Removed { attempt, because, folder, objects, bytes: size } = removed;
                let (day, attempt) = (row.found.day.to_string(), attempt.to_string());
                [day, attempt, because.to_string(), objects.to_string(), bytes(*size), folder.clone()]
            }),
        );
    }
    let kept = rows
        .iter()
        .flat_map(|row| row.found.attempts.iter().map(move |evaluated| (row.found.day, evaluated)));
    let kept: Vec<_> =
        kept.filter(|(_, evaluated)| !matches!(evaluated.disposition, Disposition::Remove(_))).collect();
    if !kept.is_empty() {
        let _ = writeln!(text, "\n{}\n", styled(BOLD, "left alone"));
        let header = [("day", Align::Left), ("attempt", Align::Right), ("why", Align::Left)];
        let row = |(day, evaluated): (Day, &EvaluatedOutput)| {
            [day.to_string(), evaluated.attempt.to_string(), why(evaluated)]
        };
        text += &table(header, kept.into_iter().map(row));
    }
    text
}

fn document(pipeline: &str, rows: &[Row], unreadable: &[Unreadable], dry_run: bool, exit: Exit) -> Value {
    let unreadable = unreadable.iter().map(|(day, why)| json!({ "day": day, "error": why }));
    json!({
        "pipeline": pipeline,
        "dry_run": dry_run,
        "days": rows.iter().map(day_json).chain(unreadable).collect::<Vec<Value>>(),
        "exit_code": exit.code(),
    })
}

fn day_json(Row { found, collected }: &Row) -> Value {
    let removed = |removed: &Removed| {
        json!({
            "attempt": removed.attempt,
            "because": removed.because,
            "folder": removed.folder,
            "objects": removed.objects,
            "bytes": removed.bytes,
        })
    };
    let kept = found.attempts.iter().filter_map(|evaluated| {
        let reason = match evaluated.disposition {
            Disposition::Remove(_) => return None,
            Disposition::Keep(reason) => json!(reason),
            Disposition::Gone => json!({ "reason": "gone" }),
        };
        Some(json!({ "attempt": evaluated.attempt, "why": why(evaluated), "kept": reason }))
    });
    let done = collected.as_ref().and_then(|collected| collected.as_ref().ok());
    json!({
        "day": found.day,
        "expires": found.expires,
        "drifted": found.drifted,
        "to_remove": found.removals.iter().map(removed).collect::<Vec<_>>(),
        "left_alone": kept.collect::<Vec<_>>(),
        "removed": done.map(|done| done.removed.iter().map(removed).collect::<Vec<_>>()),
        "error": collected.as_ref().and_then(|collected| collected.as_ref().err()),
    })
}
