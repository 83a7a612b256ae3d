//! The command `emrys`.
//!
//! ```text
//! main -> usage -> cli      the command line, read
//!     `-> commands/*        one file per command: its arguments, its settings, what it does and prints
//!           |-> settings    the pipeline file, read and checked before anything is done; what all commands share
//!           |-> place       AWS, or the embedded one (local)
//!           |-> emrys_control_plane::{plan, run, attach, cancel, status, days, survey, unlock, managed, apply, query}
//!           |-> progress    what is printed while a run goes on
//!           |-> confirm, signals
//!           `-> error -> stop -> exit, error_report     why not, what to do about it, and the exit code
//! args, env                 options of all commands, and environment variables
//! emrys_terminal            the printer, numbers, tables and spinners
//! emrys_demo                a made-up day, and its results
//! ```

mod args;
mod cli;
mod commands;
mod confirm;
mod env;
mod error;
mod error_report;
mod exit;
mod holder;
mod invocation;
#[cfg(feature = "local")]
mod local;
mod logging;
mod place;
mod progress;
mod settings;
mod signals;
mod stop;
mod usage;

use std::process::ExitCode;

use anstream::ColorChoice;
use emrys_terminal::printer::Printer;

use crate::cli::{Cli, Command};
use crate::error::CliError;
use crate::exit::Exit;
use crate::settings::Common;

fn main() -> ExitCode {
    match usage::parse() {
        Ok(cli) => start(cli).into(),
        Err(exit) => exit.into(),
    }
}

fn start(cli: Cli) -> Exit {
    let color = match cli.global.color {
        clap::ColorChoice::Auto => ColorChoice::Auto,
        clap::ColorChoice::Always => ColorChoice::Always,
        clap::ColorChoice::Never => ColorChoice::Never,
    };
    let printer = Printer::new(color, cli.global.log_format.into());
    logging::start(cli.global.verbose, &printer);
    let common = Common::new(&cli.global);
    let result = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(CliError::Start)
        .and_then(|runtime| runtime.block_on(run(cli.command, &common, &printer)));
    result.unwrap_or_else(|error| {
        error.print(&printer, &common);
        error.exit()
    })
}

async fn run(command: Command, common: &Common, printer: &Printer) -> Result<Exit, CliError> {
    match command {
        Command::Plan(args) => commands::plan::run(args, common, printer).await,
        Command::Run(args) => commands::run::run(&args, common, printer).await,
        Command::Status(args) => commands::status::run(&args, common, printer).await,
        Command::Attach(args) => commands::attach::run(&args, common, printer).await,
        Command::Cancel(args) => commands::cancel::run(&args, common, printer).await,
        Command::Runs(args) => commands::runs::run(&args, common, printer).await,
        Command::Publish(args) => commands::publish::run(&args, common, printer).await,
        Command::Query(args) => commands::query::run(&args, common, printer).await,
        Command::Sweep(args) => commands::sweep::run(&args, common, printer).await,
        Command::Gc(args) => commands::gc::run(&args, common, printer).await,
        Command::Unlock(args) => commands::unlock::run(&args, common, printer).await,
        Command::Setup(args) => commands::setup::run(&args, common, printer).await,
        Command::Destroy(args) => commands::destroy::run(&args, common, printer).await,
        #[cfg(feature = "local")]
        Command::Local(args) => commands::local::run(args, common, printer).await,
        #[cfg(feature = "local")]
        Command::Demo(args) => commands::demo::run(&args, common, printer).await,
    }
}
