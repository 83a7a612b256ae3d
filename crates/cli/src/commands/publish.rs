//! `emrys publish`: which attempt of a day queries see.

use clap::Args;
use emrys_control_plane::{How, Publication, RunEnd, RunOptions};
use emrys_core::day::Day;
use emrys_core::run::{Attempt, Publishing};
use emrys_core::spec::Spec;
use emrys_terminal::printer::Printer;
use serde_json::json;

use crate::commands::run::exit;
use crate::error::CliError;
use crate::error_report::ErrorReport;
use crate::exit::Exit;
use crate::place;
use crate::progress::ProgressReporter;
use crate::settings::{self, Common};
use crate::signals::{self, CtrlC};

/// Let queries see an attempt of a day: an earlier one, a later one, or the same once more
///
/// The day's partitions in the catalog are made to serve what the attempt wrote. Only an attempt whose output was
/// verified can be published, on a day whose run is over. Without `--attempt` it is the one that queries should see
/// already, which puts a catalog right that somebody else has changed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  emrys runs 2024-10-20                        its attempts, and which of them the catalog serves
  emrys publish 2024-10-20 --attempt 1         back to the first
  emrys publish 2024-10-20                     once more")]
pub(crate) struct PublishArgs {
    /// The day
    #[arg(value_name = "DAY")]
    pub(crate) day: Day,
    /// The attempt [default: the one that the record names]
    #[arg(long, value_name = "N")]
    attempt: Option<u32>,
}

pub(crate) async fn run(args: &PublishArgs, common: &Common, printer: &Printer) -> Result<Exit, CliError> {
    let spec = settings::spec(common, Some(args.day))?;
    if spec.published_to().is_none() {
        let why = "nothing is published: the pipeline has no `[catalog]`, or a job of its own without `[[catalog.tables]]`";
        return refuse(&spec, common, printer, why, None, Exit::Usage);
    }
    let aws = place::connect(&spec.config, common, printer).await?;
    let mut interrupts = signals::listen(CtrlC::StopsWatching).map_err(CliError::Start)?;
    let RunOptions { holder, .. } = RunOptions::new(&signals::whoami());
    let mut progress = ProgressReporter::start(printer, &format!("{} {}", spec.pipeline(), spec.day));
    let publish =
        emrys_control_plane::publish(&aws, &spec, args.attempt, &holder, &mut progress, &mut interrupts);
    let tried = Box::pin(publish).await;
    drop(progress);
    let why: String = match tried.map_err(|stop| CliError::run(stop, &spec, common))? {
        Publication::Tried(end) => return print_publication(&end, &spec, common, printer),
        Publication::NotRun => return Err(CliError::not_run(&spec)),
        Publication::InFlight => {
            "the day's run is not over: it publishes what it makes, when that is verified".to_owned()
        }
        Publication::NoAttempt { last } => format!("there is no such attempt: the last one is {last}"),
        Publication::NotVerified => {
            "only an attempt whose output was verified can be published: see `emrys runs`".to_owned()
        }
        Publication::OutputMissing { folder } => {
            format!("there is nothing in {folder}: was `[output] uri` another when the attempt wrote?")
        }
        Publication::Removed { attempt } => {
            format!("the output of attempt {attempt} is removed, or about to be: run the day again")
        }
    };
    refuse(&spec, common, printer, &why, None, Exit::Usage)
}

/// What came of it.
fn print_publication(
    end: &RunEnd,
    spec: &Spec,
    common: &Common,
    printer: &Printer,
) -> Result<Exit, CliError> {
    let chosen = end.state.chosen();
    // Tables move one after the other.
    let wanted = chosen.map_or_else(String::new, |attempt| {
        format!(
            "; some tables may serve attempt {} already, which the record names from now on",
            attempt.number
        )
    });
    let go_on = "`emrys publish`, `attach` and `gc` of the day go on with it; `emrys runs` of the day shows what each table serves";
    let cut_short = match &end.how {
        How::Closed(_) => None,
        How::Left(leave) => Some(format!("not published: {}", leave.error())),
        How::StoppedWatching | How::Detached => Some("stopped before it was published".to_owned()),
    };
    if let Some(why) = cut_short {
        return refuse(spec, common, printer, &format!("{why}{wanted}"), Some(go_on), exit(end));
    }
    if let Some(Publishing::GivenUp(why)) = chosen.map(|attempt| &attempt.publishing) {
        let hint = "`emrys setup --dry-run` says what is wrong with the tables, and `emrys setup` makes what is missing";
        return refuse(spec, common, printer, &format!("{why}{wanted}"), Some(hint), Exit::RunFailed);
    }
    let attempt = chosen.map(|attempt| attempt.number);
    let run = chosen.and_then(Attempt::intent).map(|intent| spec.run_id(intent));
    if common.json {
        printer.json(&document(spec, attempt, run.as_deref(), None, Exit::Done))?;
    } else {
        let (number, pipeline) = (attempt.unwrap_or_default(), spec.pipeline());
        printer.data(&format!("queries see attempt {number} of {pipeline} on {}\n", spec.day))?;
    }
    Ok(Exit::Done)
}

fn refuse(
    spec: &Spec,
    common: &Common,
    printer: &Printer,
    why: &str,
    hint: Option<&str>,
    exit: Exit,
) -> Result<Exit, CliError> {
    let error = ErrorReport::new("not_published", why).with_hint(hint);
    if common.json {
        printer.json(&document(spec, None, None, Some(&error), exit))?;
    } else {
        error.print(printer);
    }
    Ok(exit)
}

fn document(
    spec: &Spec,
    attempt: Option<u32>,
    run: Option<&str>,
    error: Option<&ErrorReport>,
    exit: Exit,
) -> serde_json::Value {
    json!({
        "pipeline": spec.pipeline(),
        "day": spec.day,
        "published_attempt": attempt,
        "run": run,
        "error": error.map(ErrorReport::json),
        "exit_code": exit.code(),
    })
}
