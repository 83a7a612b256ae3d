//! `emrys unlock`: breaking a lease, for the operator who knows better.

use clap::Args;
use emrys_control_plane::{Holder, Unlocked, status};
use emrys_core::day::Day;
use emrys_terminal::printer::Printer;
use jiff::Timestamp;
use serde_json::json;

use crate::confirm::{can_ask, confirm};
use crate::error::CliError;
use crate::exit::Exit;
use crate::holder::holder_json;
use crate::invocation::invocation;
use crate::place;
use crate::settings::{self, Common};

/// Take a run away from the process that drives it
///
/// It is hardly ever needed. A process that ended on this host is known to be dead, and one on another host that
/// gives no sign of life loses the run by itself, two minutes after its last. Unlock is for the one that seems alive
/// and does nothing: suspended, or stuck.
///
/// What it risks: the process is not stopped. It stops by itself at its next write to the record, exit code 3, but
/// what it is about to do to AWS just now, it does. A cluster that it launches so is known by its name: the next
/// process that drives the run terminates it, or `emrys sweep` does. Output that was accepted is never touched.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  emrys status 2024-10-20                      who drives the run, and since when?
  emrys unlock 2024-10-20                      asks first
  emrys unlock 2024-10-20 --yes                does not ask, as where there is no terminal")]
pub(crate) struct UnlockArgs {
    /// The day
    #[arg(value_name = "DAY")]
    pub(crate) day: Day,
    /// Do it without asking
    #[arg(long)]
    yes: bool,
}

pub(crate) async fn run(args: &UnlockArgs, common: &Common, printer: &Printer) -> Result<Exit, CliError> {
    can_ask(args.yes, "`emrys unlock` takes a run away from the process that drives it")?;
    let spec = settings::spec(common, Some(args.day))?;
    let aws = place::connect(&spec.config, common, printer).await?;
    let status = status(&aws, &spec).await?.ok_or_else(|| CliError::not_run(&spec))?;
    let (pipeline, day) = (spec.pipeline(), spec.day);
    let print = |unlocked: bool, holder: Option<(&Holder, Timestamp)>, text: &str| {
        if common.json {
            printer.json(&json!({
                "pipeline": pipeline,
                "day": day,
                "unlocked": unlocked,
                "holder": holder.map(|(holder, since)| holder_json(holder, since)),
                "exit_code": Exit::Done.code(),
            }))
        } else {
            printer.data(&format!("{text}\n"))
        }
    };
    let nobody = format!("nobody drives the run of {pipeline} on {day}: there is nothing to unlock");
    let Some((holder, since)) = status.driven_by else {
        print(false, None, &nobody)?;
        return Ok(Exit::Done);
    };
    printer.warning(&format!("{holder} drives the run of {pipeline} on {day}, since {since:.0}"));
    printer.warning(risk(&holder));
    if !confirm(printer, args.yes, "Take the run away from it?")? {
        print(false, Some((&holder, since)), "nothing was done")?;
        return Ok(Exit::Done);
    }
    match emrys_control_plane::unlock(&aws, &spec, &holder, since).await? {
        Unlocked::Broken => {
            let attach = invocation(common, &format!("attach {day}"));
            let text = format!(
                "no process drives the run of {pipeline} on {day} any more: `{attach}` takes it over"
            );
            print(true, Some((&holder, since)), &text)?;
        }
        Unlocked::Free => print(false, None, &nobody)?,
        Unlocked::Other { holder, since } => {
            let text = format!(
                "{holder} took the run of {pipeline} on {day} over meanwhile, {since:.0}: nothing was done"
            );
            print(false, Some((&holder, since)), &text)?;
        }
    }
    Ok(Exit::Done)
}

fn risk(holder: &Holder) -> &'static str {
    if holder.is_certainly_dead() {
        "that process has ended: a run, an attach or a cancel takes over by itself, and needs no unlock"
    } else {
        "it is not stopped by this: it stops at its next write to the record, and what it is about to do to AWS just now, it does"
    }
}
