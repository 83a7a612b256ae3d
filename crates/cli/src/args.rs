//! What may stand on the command line. Each command's own arguments stand with the command.

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{ArgAction, Args, ColorChoice, Parser, Subcommand, ValueEnum, ValueHint};

use crate::commands;
use crate::env;
use crate::exit::Exit;

/// The pipeline file when none is named.
pub(crate) const CONFIG: &str = "emrys.toml";
/// The data of the embedded AWS when no place is named.
pub(crate) const LOCAL_DIR: &str = ".emrys/local";

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Runs a daily log analysis on Amazon EMR, and leaves nothing behind but the results.
///
/// Emrys plans a day, launches a Spark cluster, uploads the PySpark job, submits it as a step, watches it, checks what
/// it wrote, reports to CloudWatch, and makes sure that the cluster is gone. What to run stands in a pipeline file.
#[derive(Debug, Parser)]
#[command(name = "emrys", version, styles = STYLES, max_term_width = 110)]
#[command(after_help = examples())]
#[command(after_long_help = format!("{}\n\nExit codes:\n{}", examples(), Exit::HELP))]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Plan(commands::plan::PlanArgs),
    Run(commands::run::RunArgs),
    Status(commands::status::StatusArgs),
    Attach(commands::attach::AttachArgs),
    Cancel(commands::cancel::CancelArgs),
    Runs(commands::runs::RunsArgs),
    Publish(commands::publish::PublishArgs),
    Query(commands::query::QueryArgs),
    Sweep(commands::sweep::SweepArgs),
    Gc(commands::gc::GcArgs),
    Unlock(commands::unlock::UnlockArgs),
    Setup(commands::setup::SetupArgs),
    Destroy(commands::destroy::DestroyArgs),
    #[cfg(feature = "local")]
    Local(commands::local::LocalArgs),
    #[cfg(feature = "local")]
    Demo(commands::demo::DemoArgs),
}

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// The pipeline file
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    #[arg(env = env::CONFIG, hide_env_values = true, default_value = CONFIG)]
    pub(crate) config: PathBuf,
    /// Use the embedded AWS on this machine instead of AWS
    #[arg(long, global = true)]
    pub(crate) local: bool,
    /// Where the embedded AWS keeps its data
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    #[arg(env = env::LOCAL_DIR, hide_env_values = true, default_value = LOCAL_DIR)]
    pub(crate) local_dir: PathBuf,
    /// Print one JSON document on stdout, errors included
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// How progress and log records are written to stderr
    #[arg(long, global = true, value_name = "FORMAT", value_enum)]
    #[arg(env = env::LOG_FORMAT, hide_env_values = true, default_value_t)]
    pub(crate) log_format: LogFormat,
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t)]
    pub(crate) color: ColorChoice,
    /// Show more log records; twice or three times for still more
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// How stderr is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people
    #[default]
    Text,
    /// One JSON object a line
    Json,
}

impl From<LogFormat> for emrys_terminal::printer::LogFormat {
    fn from(format: LogFormat) -> Self {
        match format {
            LogFormat::Text => Self::Text,
            LogFormat::Json => Self::Json,
        }
    }
}

fn examples() -> &'static str {
    if cfg!(feature = "local") {
        "\
Examples:
  emrys demo                                   see everything at work on this machine
  emrys plan --day 2024-10-20                  which calls would a run make?
  emrys run --day 2024-10-20                   run that day on Amazon EMR
  emrys --local run --day 2024-10-20           the same on the embedded AWS
  emrys status 2024-10-20 --json               how did it go?
  emrys attach 2024-10-20                      watch a run that somebody else drives, or nobody
  emrys query --named slow-endpoints           ask the published results
  emrys sweep                                  is a cluster left that nobody needs?
  eval \"$(emrys local env)\"                    let any AWS client use the embedded AWS"
    } else {
        "\
Examples:
  emrys plan --day 2024-10-20                  which calls would a run make?
  emrys run --day 2024-10-20                   run that day on Amazon EMR
  emrys status 2024-10-20 --json               how did it go?
  emrys attach 2024-10-20                      watch a run that somebody else drives, or nobody
  emrys query --named slow-endpoints           ask the published results
  emrys sweep                                  is a cluster left that nobody needs?"
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_options_may_stand_on_both_sides_of_the_command() {
        for line in [["emrys", "--json", "plan"], ["emrys", "plan", "--json"]] {
            assert!(Cli::try_parse_from(line).unwrap().global.json);
        }
    }

    #[test]
    fn every_command_has_examples() {
        fn check(command: &clap::Command) {
            for sub in command.get_subcommands() {
                if sub.has_subcommands() {
                    check(sub);
                    continue;
                }
                let help = sub.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(help.contains("Examples:\n"), "`{}` has no examples", sub.get_name());
            }
        }
        check(&Cli::command());
    }
}
