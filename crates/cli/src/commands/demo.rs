//! `emrys demo`: everything at work on this machine.

use clap::Args;
use emrys_core::day::Day;

use crate::demo::{Choices, tour};
use crate::error::CliError;
use crate::exit::Exit;
use crate::printer::Printer;
use crate::settings::Common;

/// Run the whole pipeline over a made-up day of logs, on the embedded AWS
///
/// Makes a realistic day of logs, uploads it, plans, launches a cluster, runs the real PySpark job on it, checks and
/// reads the results, and shows the metrics, the alarm and every call that was made. Nothing leaves this machine. The
/// pipeline file that it writes is yours to go on with.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  emrys demo
  emrys demo --day 2024-10-20 --requests 1000000")]
pub(crate) struct DemoArgs {
    /// The day that the logs are of [default: yesterday in UTC]
    #[arg(long, value_name = "YYYY-MM-DD")]
    day: Option<Day>,
    /// About how many requests the day has
    #[arg(long, value_name = "N", default_value_t = 200_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1_000..=20_000_000))]
    requests: u32,
    /// What the day is made from; the same seed makes the same day
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

pub(crate) async fn run(args: &DemoArgs, common: &Common, printer: &Printer) -> Result<Exit, CliError> {
    let choices = Choices { day: args.day, requests: args.requests, seed: args.seed };
    tour(&choices, common, printer).await
}
