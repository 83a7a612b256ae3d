//! `emrys setup`: what outlives a run, made as configured.

use std::fmt::Write;

use clap::Args;
use emrys_control_plane::{apply, managed};
use emrys_core::managed::{Change, Goal, Item, Plan, Step, plan};
use emrys_terminal::format::plural;
use emrys_terminal::printer::{BAD, BOLD, DIM, GOOD, HINT, Printer, WARN, styled};
use serde_json::{Map, Value, json};

use crate::confirm::{can_ask, confirm};
use crate::error::CliError;
use crate::exit::Exit;
use crate::place;
use crate::settings::{self, Common};

/// Make what outlives a run as configured: the alarm, lifecycle rules, tables in the catalog, workgroup and named
/// queries
///
/// What is there is compared with the pipeline file, and shown: what would be created, what changed from what to what,
/// and what is left. A second setup changes nothing. Others' lifecycle rules are kept as they are; one that moves or
/// deletes the same objects stops it, and so does a table of another schema. Nothing is done then. A workgroup that was
/// not made for this pipeline is used, and left as it is.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  emrys setup --dry-run                        what would be made or changed?
  emrys setup                                  show it, ask, and do it
  emrys setup --yes --json                     do not ask, as where there is no terminal")]
pub(crate) struct SetupArgs {
    /// Only show what would be done
    #[arg(long)]
    dry_run: bool,
    /// Do not ask before
    #[arg(long)]
    yes: bool,
}

pub(crate) async fn run(args: &SetupArgs, common: &Common, printer: &Printer) -> Result<Exit, CliError> {
    if !args.dry_run {
        can_ask(args.yes, "`emrys setup` changes the alarm, rules, tables and queries of the pipeline")?;
    }
    let how = How { goal: Goal::Setup, dry_run: args.dry_run, yes: args.yes };
    reconcile(how, common, printer).await
}

/// What is wanted, and how far to go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct How {
    /// Whether all of it is to stand, or nothing.
    pub(crate) goal: Goal,
    /// Whether it is only shown.
    pub(crate) dry_run: bool,
    /// Whether nobody is asked.
    pub(crate) yes: bool,
}

/// Observes, shows, asks, does it, and observes again.
pub(crate) async fn reconcile(how: How, common: &Common, printer: &Printer) -> Result<Exit, CliError> {
    let spec = settings::spec(common, None)?;
    let aws = place::connect(&spec.config, common, printer).await?;
    let found = Box::pin(managed(&aws, &spec)).await?;
    let planned = plan(&spec, &found, how.goal);
    if !common.json {
        printer.data(&text(spec.pipeline(), &planned, how))?;
    }
    for refusal in &planned.obstacles {
        printer.error(&format!("{}: {}", refusal.about, refusal.message), Some(&refusal.hint));
    }
    let mut exit = if planned.obstacles.is_empty() { Exit::Done } else { Exit::Usage };
    let mut done: Vec<&Step> = Vec::new();
    let question = format!("Go on with {}?", plural(planned.steps.len() as u64, "change"));
    if !how.dry_run && !planned.steps.is_empty() && confirm(printer, how.yes, &question)? {
        for step in &planned.steps {
            Box::pin(apply(&aws, &spec, step)).await?;
            printer.record("info", &step.to_string(), Map::new());
            done.push(step);
        }
        let after = plan(&spec, &Box::pin(managed(&aws, &spec)).await?, how.goal);
        if !after.has_nothing_to_do() {
            printer.warning("all of it was done, and not all of it is there: run the command again, and see whether somebody else changes it");
            exit = Exit::Usage;
        }
    }
    if common.json {
        printer.json(&document(spec.pipeline(), &planned, how, &done, exit))?;
    }
    Ok(exit)
}

fn text(pipeline: &str, plan: &Plan, how: How) -> String {
    let mut text = String::new();
    for item in &plan.items {
        entry(item, &mut text);
    }
    for remark in &plan.notes {
        let _ = writeln!(text, "  {} {remark}", styled(WARN, "note:"));
    }
    let end = match (plan.steps.len(), how.goal) {
        _ if !plan.obstacles.is_empty() => styled(BAD, "nothing is done: something stands in the way"),
        (0, Goal::Setup) => styled(GOOD, "nothing to do: all of it stands as configured"),
        (0, Goal::Destroy) => styled(GOOD, "nothing to do: none of it stands"),
        (count, _) => styled(BOLD, plural(count as u64, "change")),
    };
    let _ = writeln!(text, "{pipeline}: {end}");
    text
}

fn entry(item: &Item, text: &mut String) {
    let name = format!("{} {}", item.kind, styled(HINT, &item.name));
    let _ = match &item.change {
        Change::Create { what } => writeln!(text, "  {} {name}\n      {what}", styled(GOOD, "create")),
        Change::Remove { what } => writeln!(text, "  {} {name}\n      {what}", styled(BAD, "remove")),
        Change::Leave { why: None } => writeln!(text, "  {} {name}", styled(DIM, "leave ")),
        Change::Leave { why: Some(why) } => writeln!(text, "  {} {name}\n      {why}", styled(DIM, "leave ")),
        Change::Update { drifted, differences } => {
            let why = match drifted {
                Some(true) => "\n      somebody changed it since Emrys wrote it",
                Some(false) => "\n      the configuration has changed since it was written",
                None => "",
            };
            let _ = writeln!(text, "  {} {name}{why}", styled(WARN, "change"));
            differences.iter().try_for_each(|difference| {
                writeln!(text, "      {}: {} -> {}", difference.what, difference.found, difference.wanted)
            })
        }
    };
}

fn document(pipeline: &str, plan: &Plan, how: How, done: &[&Step], exit: Exit) -> Value {
    json!({
        "pipeline": pipeline,
        "goal": match how.goal { Goal::Setup => "setup", Goal::Destroy => "destroy" },
        "dry_run": how.dry_run,
        "items": plan.items,
        "obstacles": plan.obstacles,
        "notes": plan.notes,
        "nothing_to_do": plan.has_nothing_to_do(),
        "done": done.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "exit_code": exit.code(),
    })
}
