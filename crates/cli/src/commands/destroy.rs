//! `emrys destroy`: removing what `emrys setup` made.

use clap::Args;
use emrys_core::managed::Goal;
use emrys_terminal::printer::Printer;

use crate::commands::setup::{How, reconcile};
use crate::confirm::can_ask;
use crate::error::CliError;
use crate::exit::Exit;
use crate::settings::Common;

/// Remove what `emrys setup` made, and nothing else
///
/// This pipeline's lifecycle rules, its alarm, its tables in the catalog and its named queries; database and
/// workgroup only when they were made for this pipeline and hold nothing else. No object is deleted, and others'
/// rules, tables and queries stay as they are.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  emrys destroy --dry-run                      what would be removed?
  emrys destroy                                show it, ask, and remove it
  emrys destroy --yes --json                   do not ask, as where there is no terminal")]
pub(crate) struct DestroyArgs {
    /// Only show what would be removed
    #[arg(long)]
    dry_run: bool,
    /// Do not ask before
    #[arg(long)]
    yes: bool,
}

pub(crate) async fn run(args: &DestroyArgs, common: &Common, printer: &Printer) -> Result<Exit, CliError> {
    if !args.dry_run {
        can_ask(args.yes, "`emrys destroy` removes the alarm, rules, tables and queries of the pipeline")?;
    }
    let how = How { goal: Goal::Destroy, dry_run: args.dry_run, yes: args.yes };
    reconcile(how, common, printer).await
}
