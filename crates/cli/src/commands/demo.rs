//! `emrys demo`: everything at work on this machine.

use std::path::PathBuf;

use clap::Args;
use emrys_core::day::Day;
use emrys_demo::{self as demo, DayOfLogs};
use emrys_terminal::clock;
use emrys_terminal::printer::Printer;
use jiff::tz::TimeZone;
use serde_json::json;

use crate::commands::plan;
use crate::commands::run::{Driving, drive, exit, print_end};
use crate::error::CliError;
use crate::exit::Exit;
use crate::place;
use crate::settings::{self, Common, PlaceChoice};

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
    let begin = clock::now();
    let config = PathBuf::from(demo::PIPELINE_FILE);
    let common = &Common { place: PlaceChoice::Embedded, config, ..common.clone() };
    let day = args.day.unwrap_or_else(|| Day::yesterday(begin, &TimeZone::UTC));
    // With `--json` there is one document at the end instead.
    let print = |text: String| if common.json { Ok(()) } else { printer.data(&text) };

    demo::chapter(printer, 1, "Spark", "a real PySpark, from a lock file, in your cache directory");
    let python = demo::spark(printer).await?;

    demo::chapter(printer, 2, "A day of logs", "made up, uploaded over the S3 API to the embedded AWS");
    demo::write_pipeline_file()?;
    let spec = settings::spec_with_job(common, Some(day))?;
    let aws = place::connect(&spec.config, common, printer).await?;
    let first_call = demo::last_seq(&common.local_dir)?;
    let DayOfLogs { files, facts } = demo::make_day(day, args.seed, args.requests);
    demo::print_day(printer, day, &files, &facts);
    demo::store_day(&aws, &spec, files, printer).await?;

    demo::chapter(printer, 3, "The plan", "every call that will change AWS, before any is made");
    print(plan::text(&emrys_control_plane::plan(&aws, &spec).await?))?;

    demo::chapter(printer, 4, "The run", "cluster, step, check, report; Ctrl-C cancels it");
    let end = drive(&aws, &spec, Driving::default(), common, printer).await?;
    let exit = exit(&end);
    if exit != Exit::Done {
        print_end(&end, &spec, common, printer)?;
        return Ok(exit);
    }

    demo::chapter(printer, 5, "The results", "read back from S3 and queried with DuckDB");
    let results = demo::fetch(&aws, &end.report, &python.python).await?;
    print(demo::list_results(&results))?;
    print(demo::compared(&facts, &end.report))?;

    demo::chapter(printer, 6, "What AWS saw", "metrics, alarm, and the calls over the wire");
    print(demo::reported(&aws, &spec, begin).await?)?;
    let calls = demo::calls_since(&common.local_dir, first_call)?;
    print(demo::list_calls(&calls))?;

    if common.json {
        printer.json(&json!({ "made": facts, "run": end.report, "results": results, "calls": calls }))?;
    }
    demo::print_next_steps(printer, day, clock::now().duration_since(begin));
    Ok(Exit::Done)
}
