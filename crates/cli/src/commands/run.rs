//! `emrys run`: a day, from its logs to its results.

use std::fmt::Write;

use clap::Args;
use emrys_control_plane::{AwsContext, How, RunEnd, RunOptions};
use emrys_core::day::Day;
use emrys_core::record::{Diagnosis, Outcome};
use emrys_core::report::{Phase, RunReport};
use emrys_core::spec::Spec;
use emrys_terminal::printer::{DIM, Printer, styled};

use crate::commands::status;
use crate::error::CliError;
use crate::error_report::ErrorReport;
use crate::exit::Exit;
use crate::invocation::invocation;
use crate::progress::ProgressReporter;
use crate::settings::{self, Common};
use crate::signals::CtrlC;
use crate::{place, signals, stop};

/// Run a day: launch a cluster, run the job, check what it wrote, report, and see the cluster gone
///
/// A run that is in flight already and that no process drives is picked up where it is. A day that was run before is
/// run again, as a new attempt beside the old one. The first Ctrl-C cancels the run; the second stops watching and
/// lets it go on.
///
/// With `--detach` the command ends as soon as the cluster is launched, and no process drives the run. The cluster
/// works through its steps and terminates by itself. The next `emrys run` or `emrys attach` of the day verifies the
/// output and reports the run.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  emrys run                                    yesterday, in the pipeline's time zone
  emrys run --day 2024-10-20 --json
  emrys run --day 2024-10-20 --detach          launch, and do not wait; `emrys attach` comes back
  emrys --local run --day 2024-10-20           on the embedded AWS")]
pub(crate) struct RunArgs {
    /// The day whose logs are analysed [default: yesterday in the pipeline's time zone]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) day: Option<Day>,
    /// Leave the run as soon as its cluster is launched and recorded
    #[arg(long)]
    pub(crate) detach: bool,
}

pub(crate) async fn run(args: &RunArgs, common: &Common, printer: &Printer) -> Result<Exit, CliError> {
    let spec = settings::spec_with_job(common, args.day)?;
    let aws = place::connect(&spec.config, common, printer).await?;
    let driving = Driving { detach: args.detach, ..Driving::default() };
    let end = drive(&aws, &spec, driving, common, printer).await?;
    print_end(&end, &spec, common, printer)?;
    Ok(exit(&end))
}

/// How a run is driven.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Driving {
    /// Whether a day that was run before is run again.
    pub(crate) again: bool,
    /// Whether to leave it as soon as its cluster is launched.
    pub(crate) detach: bool,
    /// What Ctrl-C means.
    pub(crate) ctrl_c: CtrlC,
}

impl Default for Driving {
    fn default() -> Self {
        Self { again: true, detach: false, ctrl_c: CtrlC::Cancels }
    }
}

/// Drives a run to its end, and shows it on the way.
pub(crate) async fn drive(
    aws: &AwsContext,
    spec: &Spec,
    driving: Driving,
    common: &Common,
    printer: &Printer,
) -> Result<RunEnd, CliError> {
    let Driving { again, detach, ctrl_c } = driving;
    let mut interrupts = signals::listen(ctrl_c).map_err(CliError::Start)?;
    let options = RunOptions { again, detach, ..RunOptions::new(&signals::whoami()) };
    let title = format!("{} {}", spec.pipeline(), spec.day);
    let mut progress = ProgressReporter::start(printer, &title);
    // On the heap: it is a large future, and its callers would be large too.
    let run = emrys_control_plane::run(aws, spec, &options, &mut progress, &mut interrupts);
    let end = Box::pin(run).await;
    drop(progress);
    end.map_err(|stop| CliError::run(stop, spec, common))
}

/// How the command ends after a run.
pub(crate) fn exit(end: &RunEnd) -> Exit {
    match &end.how {
        How::Closed(outcome) => Exit::from(*outcome),
        How::Detached => Exit::Done,
        How::StoppedWatching => Exit::StoppedWatching,
        How::Left(leave) => stop::error_exit(leave.error().class),
    }
}

/// Prints how a run ended: its report on stdout, and what went wrong on stderr.
pub(crate) fn print_end(
    end: &RunEnd,
    spec: &Spec,
    common: &Common,
    printer: &Printer,
) -> Result<(), CliError> {
    let report = &end.report;
    let attach = invocation(common, &format!("attach {}", spec.day));
    let error_report = error_report(end, spec, &attach, common);
    if common.json {
        let mut document = serde_json::to_value(report).map_err(std::io::Error::from)?;
        if let Some(error) = &error_report {
            document["error"] = error.json();
        }
        if end.how == How::Detached {
            document["detached"] = true.into();
        }
        document["exit_code"] = exit(end).code().into();
        printer.json(&document)?;
    } else {
        printer.data(&status::summary(report))?;
        if end.how == How::Detached {
            printer.data(&nobody_drives(&attach))?;
        }
    }
    if let Some(error) = error_report {
        error.print(printer);
    }
    Ok(())
}

/// What a detached run has to expect.
fn nobody_drives(attach: &str) -> String {
    format!(
        "  {} nobody: the cluster works through its steps and terminates by itself\n  {} at the next `{attach}`, or run of the day\n",
        styled(DIM, "driven by"),
        styled(DIM, "checked  "),
    )
}

/// What to report of a run that did not succeed.
fn error_report(end: &RunEnd, spec: &Spec, attach: &str, common: &Common) -> Option<ErrorReport> {
    let RunReport { pipeline, day, phase, cancelled_by, .. } = &end.report;
    let go_on = Some(format!("`{attach}` picks it up where it is then"));
    match &end.how {
        How::Closed(outcome) => error_of(*outcome, &end.report, spec),
        How::Detached => None,
        How::StoppedWatching if cancelled_by.is_some() => {
            let message = format!(
                "stopped watching; the run of {pipeline} on {day} is cancelled, and its cluster may not have ended yet"
            );
            let hint = Some(format!(
                "`{attach}` waits until it is gone; without that it terminates after its steps"
            ));
            Some(ErrorReport::new("stopped_watching", message).with_hint(hint))
        }
        How::StoppedWatching => {
            let message = format!("stopped watching; the run of {pipeline} on {day} goes on");
            Some(ErrorReport::new("stopped_watching", message).with_hint(go_on))
        }
        How::Left(leave) => {
            let error = leave.error();
            let (message, hint) = if *phase == Phase::Preparing {
                // It was left before it had begun: there is nothing to be picked up.
                let message = format!("{leave}; nothing of {pipeline} on {day} was launched");
                (message, stop::error_hint(error, common))
            } else {
                (format!("{leave}; the run of {pipeline} on {day} is no longer watched"), go_on)
            };
            Some(ErrorReport::new(stop::error_class_name(error.class), message).with_hint(hint))
        }
    }
}

/// The same of a run that is over.
fn error_of(outcome: Outcome, report: &RunReport, spec: &Spec) -> Option<ErrorReport> {
    let RunReport { pipeline, day, .. } = report;
    match outcome {
        Outcome::Succeeded => None,
        Outcome::Empty => {
            let source = spec.source();
            let message =
                format!("there are no logs of {pipeline} on {day} in {source}: nothing was launched");
            let hint = "is the day over, and does `[source] uri` name its folder?";
            Some(ErrorReport::new("empty", message).with_hint(Some(hint)))
        }
        Outcome::Cancelled => {
            Some(ErrorReport::new("cancelled", format!("the run of {pipeline} on {day} was cancelled")))
        }
        Outcome::Refused => {
            let refusal = report.refusal.as_ref();
            let why = refusal.map(|refusal| refusal.summary.as_str()).unwrap_or_default();
            let message = format!("{pipeline} cannot be run on {day}: {why}");
            Some(ErrorReport::new("refused", message).with_hint(refusal.map(|refusal| refusal.hint)))
        }
        Outcome::Failed => {
            let message = format!("the run of {pipeline} on {day} failed");
            let Some(diagnosis) = &report.diagnosis else {
                return Some(ErrorReport::new("failed", message));
            };
            let failed = ErrorReport::new("failed", format!("{message}: {}", diagnosis.summary));
            Some(failed.with_details(details(diagnosis)).with_hint(diagnosis.hint.clone()))
        }
    }
}

/// The lines of the log that say why, and where the whole of it is.
fn details(diagnosis: &Diagnosis) -> String {
    let mut text = String::new();
    for line in &diagnosis.lines {
        let _ = write!(text, "\n  {} {line}", styled(DIM, "|"));
    }
    if let Some(log) = &diagnosis.log {
        let _ = write!(text, "\n  {} {log}", styled(DIM, "log"));
    }
    text
}
