//! The command line. Each command's own arguments stand beside the command.

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Parser, Subcommand};

use crate::args::GlobalArgs;
use crate::commands;
use crate::exit::Exit;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Runs a daily log analysis on Amazon EMR, and leaves nothing behind but the results.
///
/// Emrys plans a day, launches a Spark cluster, uploads the PySpark job, submits it as a step, watches it, checks what
/// it wrote, reports to CloudWatch, and makes sure that the cluster is gone. A pipeline file says what to run.
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

fn examples() -> &'static str {
    if cfg!(feature = "local") {
        "\
Examples:
  emrys demo                                   see everything at work on this machine
  emrys plan --day 2024-10-20                  which calls would a run make?
  emrys run --day 2024-10-20                   run that day on Amazon EMR
  emrys --local run --day 2024-10-20           the same on the embedded AWS
  emrys status 2024-10-20 --json               how did it go?
  emrys attach 2024-10-20                      watch a run, and drive it if no process does
  emrys query --named slow-endpoints           ask the published results
  emrys sweep                                  is a cluster left that nobody needs?
  eval \"$(emrys local env)\"                    let any AWS client use the embedded AWS"
    } else {
        "\
Examples:
  emrys plan --day 2024-10-20                  which calls would a run make?
  emrys run --day 2024-10-20                   run that day on Amazon EMR
  emrys status 2024-10-20 --json               how did it go?
  emrys attach 2024-10-20                      watch a run, and drive it if no process does
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
