//! `emrys sweep`: clusters of ours that nobody needs any more, and their guards.

mod guards;

use std::collections::BTreeMap;
use std::fmt::Write;

use clap::Args;
use emrys_control_plane::{Swept, end_cluster, survey};
use emrys_core::record::CallError;
use emrys_core::sweep::ClusterUsage;
use emrys_terminal::clock;
use emrys_terminal::format::{duration, plural};
use emrys_terminal::printer::{BAD, BOLD, GOOD, Printer, styled};
use emrys_terminal::table::{Align, table};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::confirm::{can_ask, confirm};
use crate::error::CliError;
use crate::exit::Exit;
use crate::settings::{self, Common};
use crate::{place, stop};
use guards::Guards;

/// What became of what was to be ended, by its id or name.
type Ended = BTreeMap<String, Result<(), CallError>>;

/// List the clusters of this pipeline that belong to no live run, and end them if asked
///
/// A cluster counts as this pipeline's when its name and its tags say so alike, for this state folder. It is an orphan
/// when its run or its attempt is over, when another cluster of the same launch was accepted, when no record knows its
/// launch, or when its `emrys:deadline` is past. Everything else is listed as left alone, and never ended: clusters of
/// live runs, of launches that are still unclear, and of other pipelines.
///
/// Where `[guard]` is set, the schedules that guard clusters are listed too. One is an orphan when its cluster is gone,
/// or is an orphan itself; then it is removed after the cluster was terminated.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  emrys sweep                                  only look
  emrys sweep --terminate                      look, ask, and end the orphans
  emrys sweep --terminate --yes --json         the same for a nightly job")]
pub(crate) struct SweepArgs {
    /// End the orphans, and remove their guards
    #[arg(long)]
    pub(crate) terminate: bool,
    /// Do not ask before
    #[arg(long, requires = "terminate")]
    pub(crate) yes: bool,
}

pub(crate) async fn run(args: &SweepArgs, common: &Common, printer: &Printer) -> Result<Exit, CliError> {
    if args.terminate {
        can_ask(args.yes, "`emrys sweep --terminate` ends clusters")?;
    }
    let spec = settings::spec(common, None)?;
    let aws = place::connect(&spec.config, common, printer).await?;
    let mut swept = Box::pin(survey(&aws, &spec)).await?;
    let mut guards = Guards::survey(&aws, &spec).await;
    let now = clock::now();
    let mut ended = Ended::new();
    if !common.json {
        printer.data(&text(spec.pipeline(), &swept, now))?;
        printer.data(&guards.text(now))?;
    }
    if let Some(question) = question(&swept, &guards).filter(|_| args.terminate)
        && confirm(printer, args.yes, &question)?
    {
        if !args.yes {
            // A person took their time: what has become needed meanwhile is left alone.
            swept = Box::pin(survey(&aws, &spec)).await?;
            guards = Guards::survey(&aws, &spec).await;
        }
        for orphan in swept.iter().filter(|swept| is_orphan(swept)) {
            let id = &orphan.cluster.id;
            ended.insert(id.clone(), end_cluster(&aws, id).await);
        }
        guards.remove(&aws, &ended).await;
        if !common.json {
            printer.data(&outcome(&ended, "terminating", "terminated"))?;
            printer.data(&outcome(guards.removed(), "removed", "removed"))?;
        }
    }
    let exit = exit(&ended, &guards);
    if common.json {
        let mut document = document(spec.pipeline(), &swept, &ended, now, exit);
        document["guards"] = guards.document(now);
        printer.json(&document)?;
    }
    Ok(exit)
}

/// What is to be agreed to; nothing, when there is nothing to do.
fn question(swept: &[Swept], guards: &Guards) -> Option<String> {
    let clusters = swept.iter().filter(|swept| is_orphan(swept)).count();
    let count = |count: usize, what: &str| plural(count as u64, what);
    match (clusters, guards.orphans()) {
        (0, 0) => None,
        (clusters, 0) => Some(format!("End {}?", count(clusters, "cluster"))),
        (0, guards) => Some(format!("Remove {}?", count(guards, "guard"))),
        (clusters, guards) => {
            Some(format!("End {}, and remove {}?", count(clusters, "cluster"), count(guards, "guard")))
        }
    }
}

/// A line for each that was to be ended.
fn outcome(ended: &Ended, done: &str, not_done: &str) -> String {
    let line = |(name, result): (&String, &Result<(), CallError>)| match result {
        Ok(()) => format!("{name} is {}\n", styled(GOOD, done)),
        Err(error) => format!("{name} {}: {error}\n", styled(BAD, format!("could not be {not_done}"))),
    };
    ended.iter().map(line).collect()
}

fn is_orphan(swept: &Swept) -> bool {
    matches!(swept.usage, ClusterUsage::Orphan(_))
}

/// The first error says how the command ends.
fn exit(ended: &Ended, guards: &Guards) -> Exit {
    let error = ended.values().find_map(|result| result.as_ref().err());
    let of_clusters = error.map(|error| stop::error_exit(error.class));
    of_clusters.or_else(|| guards.exit()).unwrap_or(Exit::Done)
}

/// How a cluster stands, why, and why for programs.
fn usage(usage: &ClusterUsage) -> (&'static str, String, Option<&'static str>) {
    match usage {
        ClusterUsage::Live => ("live", "a run in flight has it".to_owned(), None),
        ClusterUsage::Awaited => ("awaited", "an unclear launch may have made it".to_owned(), None),
        ClusterUsage::Ending => ("ending", "it is on its way down".to_owned(), None),
        ClusterUsage::Foreign(foreign) => ("foreign", foreign.to_string(), Some(foreign.name())),
        ClusterUsage::Unclear(why) => ("unclear", why.clone(), None),
        ClusterUsage::Orphan(orphan) => ("orphan", orphan.to_string(), Some(orphan.name())),
    }
}

fn age(created_at: Option<Timestamp>, now: Timestamp) -> String {
    created_at.map(|at| duration(now.duration_since(at))).unwrap_or_default()
}

fn age_seconds(created_at: Option<Timestamp>, now: Timestamp) -> Option<f64> {
    created_at.map(|at| now.duration_since(at).as_secs_f64().max(0.0))
}

fn text(pipeline: &str, swept: &[Swept], now: Timestamp) -> String {
    let (orphans, others): (Vec<_>, Vec<_>) = swept.iter().partition(|swept| is_orphan(swept));
    let mut text = String::new();
    if orphans.is_empty() {
        let _ = writeln!(text, "{} of {pipeline}", styled(GOOD, "no orphans"));
    } else {
        let count = plural(orphans.len() as u64, "orphan");
        let _ = writeln!(text, "{} of {pipeline}\n", styled(BAD, count));
        text += &rows(&orphans, now);
    }
    if !others.is_empty() {
        let _ = writeln!(text, "\n{}\n", styled(BOLD, "left alone"));
        text += &rows(&others, now);
    }
    text
}

fn rows(swept: &[&Swept], now: Timestamp) -> String {
    let header = [
        ("cluster", Align::Left),
        ("name", Align::Left),
        ("state", Align::Left),
        ("age", Align::Right),
        ("why", Align::Left),
    ];
    table(
        header,
        swept.iter().map(|Swept { cluster, usage: how, .. }| {
            let (_, why, _) = usage(how);
            let state = cluster.state.name().to_owned();
            [cluster.id.clone(), cluster.name.clone(), state, age(cluster.created_at, now), why]
        }),
    )
}

fn document(pipeline: &str, swept: &[Swept], ended: &Ended, now: Timestamp, exit: Exit) -> Value {
    let list = |wanted: bool| -> Vec<Value> {
        swept.iter().filter(|swept| is_orphan(swept) == wanted).map(|swept| row(swept, ended, now)).collect()
    };
    json!({
        "pipeline": pipeline,
        "orphans": list(true),
        "left_alone": list(false),
        "exit_code": exit.code(),
    })
}

fn row(swept: &Swept, ended: &Ended, now: Timestamp) -> Value {
    let Swept { cluster, label, usage: how } = swept;
    let (usage, why, reason) = usage(how);
    let mut row = json!({
        "cluster_id": cluster.id,
        "name": cluster.name,
        "state": cluster.state,
        "day": label.as_ref().map(|label| label.day),
        "attempt": label.as_ref().map(|label| label.attempt),
        "created_at": cluster.created_at,
        "age_seconds": age_seconds(cluster.created_at, now),
        "usage": usage,
        "reason": reason,
        "why": why,
    });
    if is_orphan(swept) {
        let result = ended.get(&cluster.id);
        row["terminated"] = result.is_some_and(Result::is_ok).into();
        row["error"] = result.and_then(|result| result.as_ref().err()).map(ToString::to_string).into();
    }
    row
}
