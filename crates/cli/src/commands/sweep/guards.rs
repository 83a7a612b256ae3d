//! The schedules that guard clusters, in `emrys sweep`.

use std::fmt::Write;

use emrys_control_plane::{AwsContext, Stop, SweptGuard, remove_guard, survey_guards};
use emrys_core::spec::Spec;
use emrys_core::sweep::{ClusterUsage, Orphan};
use emrys_terminal::format::plural;
use emrys_terminal::printer::{BAD, BOLD, styled};
use emrys_terminal::table::{Align, table};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Ended, age, age_seconds, usage};
use crate::exit::Exit;
use crate::stop;

/// What was found of guards. Where they cannot be looked at, clusters are swept all the same.
pub(super) struct Guards {
    found: Result<Vec<SweptGuard>, Stop>,
    removed: Ended,
}

impl Guards {
    pub(super) async fn survey(aws: &AwsContext, spec: &Spec) -> Self {
        Self { found: Box::pin(survey_guards(aws, spec)).await, removed: Ended::new() }
    }

    fn all(&self) -> &[SweptGuard] {
        self.found.as_deref().unwrap_or_default()
    }

    pub(super) fn orphans(&self) -> usize {
        self.all().iter().filter(|swept| is_orphan(swept)).count()
    }

    /// Removes the orphans. The guard of a cluster that may still run is its last one: it is left until the cluster
    /// was terminated.
    pub(super) async fn remove(&mut self, aws: &AwsContext, ended: &Ended) {
        let mut removed = Ended::new();
        for SweptGuard { guard, usage, .. } in self.all() {
            let may_go = match usage {
                ClusterUsage::Orphan(Orphan::ClusterOrphan) => {
                    let cluster = guard.cluster.as_ref().and_then(|cluster| ended.get(cluster));
                    cluster.is_some_and(Result::is_ok)
                }
                ClusterUsage::Orphan(_) => true,
                _ => false,
            };
            if may_go {
                removed.insert(guard.name.clone(), remove_guard(aws, &guard.name).await);
            }
        }
        self.removed = removed;
    }

    /// What became of those that were to be removed.
    pub(super) fn removed(&self) -> &Ended {
        &self.removed
    }

    /// What went wrong, as the command's end.
    pub(super) fn exit(&self) -> Option<Exit> {
        let error = self.removed.values().find_map(|result| result.as_ref().err());
        let of_removing = error.map(|error| stop::error_exit(error.class));
        self.found.as_ref().err().map(stop::exit).or(of_removing)
    }

    pub(super) fn text(&self, now: Timestamp) -> String {
        let (orphans, others): (Vec<_>, Vec<_>) = self.all().iter().partition(|swept| is_orphan(swept));
        let mut text = String::new();
        if let Err(stop) = &self.found {
            let _ = writeln!(text, "\n{}: {stop}", styled(BAD, "guards could not be looked at"));
        }
        if !orphans.is_empty() {
            let count = plural(orphans.len() as u64, "orphaned guard");
            let _ = writeln!(text, "\n{}\n", styled(BAD, count));
            text += &rows(&orphans, now);
        }
        if !others.is_empty() {
            let _ = writeln!(text, "\n{}\n", styled(BOLD, "guards left alone"));
            text += &rows(&others, now);
        }
        text
    }

    pub(super) fn document(&self, now: Timestamp) -> Value {
        let list = |wanted: bool| -> Vec<Value> {
            let swept = self.all().iter().filter(|swept| is_orphan(swept) == wanted);
            swept.map(|swept| row(swept, &self.removed, now)).collect()
        };
        json!({
            "orphans": list(true),
            "left_alone": list(false),
            "error": self.found.as_ref().err().map(ToString::to_string),
        })
    }
}

fn is_orphan(swept: &SweptGuard) -> bool {
    matches!(swept.usage, ClusterUsage::Orphan(_))
}

fn rows(swept: &[&SweptGuard], now: Timestamp) -> String {
    let header = [
        ("schedule", Align::Left),
        ("ends", Align::Left),
        ("due", Align::Left),
        ("age", Align::Right),
        ("why", Align::Left),
    ];
    table(
        header,
        swept.iter().map(|SweptGuard { guard, usage: how, .. }| {
            let (_, why, _) = usage(how);
            let cluster = guard.cluster.clone().unwrap_or_default();
            [guard.name.clone(), cluster, guard.due.clone(), age(guard.created_at, now), why]
        }),
    )
}

fn row(swept: &SweptGuard, removed: &Ended, now: Timestamp) -> Value {
    let SweptGuard { guard, label, usage: how } = swept;
    let (usage, why, reason) = usage(how);
    let mut row = json!({
        "name": guard.name,
        "cluster_id": guard.cluster,
        "due": guard.due,
        "day": label.as_ref().map(|label| label.day),
        "attempt": label.as_ref().map(|label| label.attempt),
        "created_at": guard.created_at,
        "age_seconds": age_seconds(guard.created_at, now),
        "usage": usage,
        "reason": reason,
        "why": why,
    });
    if is_orphan(swept) {
        let result = removed.get(&guard.name);
        row["removed"] = result.is_some_and(Result::is_ok).into();
        row["error"] = result.and_then(|result| result.as_ref().err()).map(ToString::to_string).into();
    }
    row
}
