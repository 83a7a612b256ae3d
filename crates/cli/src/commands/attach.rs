//! `emrys attach`: watching a run that is in flight.

use clap::Args;
use emrys_control_plane::RunOptions;
use emrys_core::day::Day;
use emrys_terminal::printer::Printer;

use crate::commands::run::{exit, print_end};
use crate::error::CliError;
use crate::exit::Exit;
use crate::place;
use crate::progress::ProgressReporter;
use crate::settings::{self, Common};
use crate::signals::{self, CtrlC};

/// Watch a run that is in flight to its end, and drive it when nobody else does
///
/// While another process drives the run, this command only reads its record. When no process drives it any more, this
/// one takes over. Ctrl-C only stops the watching: the run goes on. The exit code is that of the run. A run that is
/// over is reported, and not run again.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  emrys attach 2024-10-20
  emrys attach 2024-10-20 --json               wait for the end, and print the run's report
  emrys attach 2024-10-20 --log-format json    one JSON object a change, on stderr")]
pub(crate) struct AttachArgs {
    /// The day
    #[arg(value_name = "DAY")]
    pub(crate) day: Day,
}

pub(crate) async fn run(args: &AttachArgs, common: &Common, printer: &Printer) -> Result<Exit, CliError> {
    let spec = settings::spec(common, Some(args.day))?;
    let aws = place::connect(&spec.config, common, printer).await?;
    let mut interrupts = signals::listen(CtrlC::StopsWatching).map_err(CliError::Start)?;
    let RunOptions { holder, .. } = RunOptions::new(&signals::whoami());
    let mut progress = ProgressReporter::start(printer, &format!("{} {}", spec.pipeline(), spec.day));
    let attach = emrys_control_plane::attach(&aws, &spec, &holder, &mut progress, &mut interrupts);
    let end = Box::pin(attach).await;
    drop(progress);
    let end = end.map_err(|stop| CliError::run(stop, &spec, common))?;
    let end = end.ok_or_else(|| CliError::not_run(&spec))?;
    print_end(&end, &spec, common, printer)?;
    Ok(exit(&end))
}
