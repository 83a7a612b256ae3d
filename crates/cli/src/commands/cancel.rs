//! `emrys cancel`: asking for the end of a run, from anywhere.

use clap::Args;
use emrys_control_plane::{AwsContext, Cancelling, Holder, How, Stop, status};
use emrys_core::day::Day;
use emrys_core::record::Outcome;
use emrys_core::spec::Spec;
use emrys_terminal::printer::Printer;
use jiff::Timestamp;
use serde_json::json;

use crate::commands::run::{Driving, drive, exit, print_end};
use crate::commands::status::summary;
use crate::error::CliError;
use crate::exit::Exit;
use crate::holder::holder_json;
use crate::invocation::invocation;
use crate::place;
use crate::settings::{self, Common};
use crate::signals::{self, CtrlC};

/// Ask for the end of a run in flight, from any machine
///
/// The request is stored beside the run's record. The process that drives the run finds it at its next check,
/// terminates the cluster and closes the run as cancelled. When no process drives the run, this command does so itself,
/// unless `--no-wait` is given.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  emrys cancel 2024-10-20
  emrys cancel 2024-10-20 --no-wait            only store the request
  emrys attach 2024-10-20                      watch the run end, when another process drives it")]
pub(crate) struct CancelArgs {
    /// The day
    #[arg(value_name = "DAY")]
    pub(crate) day: Day,
    /// Only store the request, even when no process drives the run
    #[arg(long)]
    no_wait: bool,
}

pub(crate) async fn run(args: &CancelArgs, common: &Common, printer: &Printer) -> Result<Exit, CliError> {
    let spec = settings::spec(common, Some(args.day))?;
    let aws = place::connect(&spec.config, common, printer).await?;
    let before = status(&aws, &spec).await?.ok_or_else(|| CliError::not_run(&spec))?;
    match emrys_control_plane::cancel(&aws, &spec, &signals::whoami()).await? {
        Cancelling::NothingToCancel => {
            let outcome = status(&aws, &spec).await?.and_then(|status| status.report.outcome);
            print_request(&spec, common, printer, &Unfinished::Over(outcome.unwrap_or_default()))
        }
        Cancelling::Asked if args.no_wait => {
            let driver = before.driven_by.filter(|(holder, _)| !holder.is_certainly_dead());
            print_request(&spec, common, printer, &Unfinished::Asked(driver))
        }
        Cancelling::Asked => carry_out(&aws, &spec, common, printer).await,
    }
}

/// Takes the run, if nobody has it, and drives it to its end; the request is found on the way.
async fn carry_out(
    aws: &AwsContext,
    spec: &Spec,
    common: &Common,
    printer: &Printer,
) -> Result<Exit, CliError> {
    let driving = Driving { again: false, detach: false, ctrl_c: CtrlC::StopsWatching };
    let end = match drive(aws, spec, driving, common, printer).await {
        Err(CliError::Run { stop: Stop::Held { holder, since }, .. }) => {
            return print_request(spec, common, printer, &Unfinished::Asked(Some((*holder, since))));
        }
        end => end?,
    };
    if end.how != How::Closed(Outcome::Cancelled) {
        print_end(&end, spec, common, printer)?;
        return Ok(exit(&end));
    }
    if common.json {
        let mut document = serde_json::to_value(&end.report).map_err(std::io::Error::from)?;
        document["cancel"] = "carried_out".into();
        document["exit_code"] = Exit::Done.code().into();
        printer.json(&document)?;
    } else {
        printer.data(&summary(&end.report))?;
    }
    Ok(Exit::Done)
}

/// A request that this command did not carry out.
enum Unfinished {
    /// The run is over, and ended so.
    Over(&'static str),
    /// It waits for the process that drives the run, if there is one.
    Asked(Option<(Holder, Timestamp)>),
}

fn print_request(
    spec: &Spec,
    common: &Common,
    printer: &Printer,
    request: &Unfinished,
) -> Result<Exit, CliError> {
    let (pipeline, day) = (spec.pipeline(), spec.day);
    if common.json {
        let (cancel, outcome, driver) = match request {
            Unfinished::Over(outcome) => ("nothing_to_cancel", Some(outcome), None),
            Unfinished::Asked(driver) => ("asked", None, driver.as_ref()),
        };
        printer.json(&json!({
            "pipeline": pipeline,
            "day": day,
            "cancel": cancel,
            "outcome": outcome,
            "driven_by": driver.map(|(holder, since)| holder_json(holder, *since)),
            "exit_code": Exit::Done.code(),
        }))?;
        return Ok(Exit::Done);
    }
    let attach = invocation(common, &format!("attach {day}"));
    printer.data(&match request {
        Unfinished::Over(outcome) => {
            format!("nothing to cancel: the run of {pipeline} on {day} is over ({outcome})\n")
        }
        Unfinished::Asked(Some((holder, _))) => format!(
            "requested to cancel the run of {pipeline} on {day}\n  {holder} drives it, and finds the request at its next check; `{attach}` watches it end\n"
        ),
        Unfinished::Asked(None) => format!(
            "requested to cancel the run of {pipeline} on {day}\n  no process drives it: its cluster keeps running until `{attach}`, a run or another cancel carries that out\n"
        ),
    })?;
    Ok(Exit::Done)
}
