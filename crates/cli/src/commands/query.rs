//! `emrys query`: SQL on the published results.

mod cells;
mod output;
mod progress;
mod report;
mod settings;

use std::io;

use clap::builder::PossibleValuesParser;
use clap::{ArgGroup, Args, ValueEnum};
use emrys_control_plane::{Asked, AwsContext, Interrupts, NextPage, pages, query};
use emrys_core::day::Day;
use emrys_core::queries::{Execution, NAMED, Outcome, find};
use emrys_terminal::printer::{BOLD, Printer, styled};

use self::output::Output;
use self::progress::Progress;
use self::settings::QuerySettings;
use crate::error::CliError;
use crate::exit::Exit;
use crate::place;
use crate::settings::Common;
use crate::signals::{self, CtrlC};

/// Ask the published results in SQL
///
/// The statement runs in Athena, in the workgroup and the database of `[catalog]`, and is Athena's SQL (Trino's). A `?`
/// in it stands for a day: one day stands in all places, and of a range the first and the last day in turns, as in
/// `WHERE date BETWEEN ? AND ?`. Without days it is yesterday. Ctrl-C stops the query.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["sql", "named", "list"]))]
#[command(after_help = "\
Examples:
  emrys query --list                           the questions that come with the product
  emrys query --named slow-endpoints --from 2024-10-01 --to 2024-10-31
  emrys query \"SELECT count(*) FROM errors WHERE date = ?\" --day 2024-10-20
  emrys query --named top-errors --day 2024-10-20 --format csv >errors.csv
  emrys query - <question.sql                  the statement from a file")]
pub(crate) struct QueryArgs {
    /// The statement; `-` reads it from standard input
    #[arg(value_name = "SQL")]
    sql: Option<String>,
    /// A statement that comes with the product
    #[arg(long, value_name = "NAME", hide_possible_values = true)]
    #[arg(value_parser = PossibleValuesParser::new(NAMED.map(|named| named.name)))]
    pub(crate) named: Option<String>,
    /// List the statements that come with the product, and what they answer
    #[arg(long)]
    list: bool,
    /// The day
    #[arg(long, value_name = "YYYY-MM-DD", conflicts_with_all = ["from", "to"])]
    pub(crate) day: Option<Day>,
    /// The first of several days
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) from: Option<Day>,
    /// The last of several days [default: yesterday]
    #[arg(long, value_name = "YYYY-MM-DD", requires = "from")]
    pub(crate) to: Option<Day>,
    /// How rows are printed; `--json` prints one document of everything instead
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Format,
}

/// How rows are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table for people, of the first 1000 rows
    #[default]
    Table,
    /// Comma-separated values under a header, as they come
    Csv,
    /// An array of one object a row, as they come
    Json,
}

pub(crate) async fn run(args: &QueryArgs, common: &Common, printer: &Printer) -> Result<Exit, CliError> {
    if args.list {
        return list(common, printer);
    }
    let statement = match (&args.sql, &args.named) {
        (_, Some(name)) => find(name).map(|named| named.statement.to_owned()).unwrap_or_default(),
        (Some(sql), None) if sql == "-" => io::read_to_string(io::stdin()).map_err(CliError::Start)?,
        (sql, None) => sql.clone().unwrap_or_default(),
    };
    let settings = QuerySettings::resolve(args, statement, common)?;
    let aws = place::connect(&settings.spec.config, common, printer).await?;
    let mut interrupts = signals::listen(CtrlC::StopsWatching).map_err(CliError::Start)?;
    let outcome = ask(&aws, &settings, printer, &mut interrupts).await?;
    let asked = report::Asked { named: args.named.as_deref(), settings: &settings };
    let mut output = if common.json { Output::document() } else { Output::of(args.format) };
    let exit = match &outcome {
        Outcome::Over(execution) if execution.failure.is_none() => {
            print_rows(&aws, execution, &mut output, printer, &mut interrupts).await?;
            Exit::Done
        }
        Outcome::Over(_) | Outcome::Stopped(_) => Exit::RunFailed,
    };
    let (Outcome::Over(execution) | Outcome::Stopped(execution)) = &outcome;
    if common.json {
        printer.json(&report::document(&asked, &outcome, &output, exit))?;
    }
    if execution.failure.is_some() || matches!(outcome, Outcome::Stopped(_)) {
        report::print_failure(&outcome, printer);
    } else if !printer.is_stdout_gone() {
        report::print_cost(&asked, execution, &output, printer);
    }
    Ok(exit)
}

/// Starts the query and watches it.
async fn ask(
    aws: &AwsContext,
    settings: &QuerySettings,
    printer: &Printer,
    interrupts: &mut Interrupts,
) -> Result<Outcome, CliError> {
    let asked = Asked {
        statement: &settings.statement,
        parameters: &settings.parameters,
        database: &settings.catalog.database,
        workgroup: &settings.catalog.workgroup,
        results: &settings.catalog.query_results,
    };
    let mut progress = Progress::start(printer);
    let outcome =
        Box::pin(query(aws, asked, &mut |execution| progress.observed(execution), interrupts)).await;
    progress.end();
    Ok(outcome?)
}

/// Prints the rows, as far as somebody wants them.
async fn print_rows(
    aws: &AwsContext,
    execution: &Execution,
    output: &mut Output,
    printer: &Printer,
    interrupts: &mut Interrupts,
) -> Result<(), CliError> {
    let mut pages = pages(aws, execution);
    loop {
        match pages.next(interrupts).await.map_err(CliError::Rows)? {
            NextPage::Rows(rows) => output.page(pages.columns(), rows, printer)?,
            NextPage::End => break,
            NextPage::Interrupted => return Err(CliError::RowsInterrupted),
        }
        if printer.is_stdout_gone() || output.has_enough() {
            break;
        }
    }
    Ok(output.end(printer)?)
}

fn list(common: &Common, printer: &Printer) -> Result<Exit, CliError> {
    if common.json {
        printer.json(&serde_json::json!({ "named": NAMED, "exit_code": Exit::Done.code() }))?;
        return Ok(Exit::Done);
    }
    let width = NAMED.iter().map(|named| named.name.len()).max().unwrap_or_default();
    let lines: Vec<String> = NAMED
        .iter()
        .map(|named| {
            format!("  {}  {}\n", styled(BOLD, format_args!("{:width$}", named.name)), named.answers)
        })
        .collect();
    printer.data(&lines.concat())?;
    Ok(Exit::Done)
}
