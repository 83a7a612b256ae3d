//! Clusters of ours that nobody needs any more, and their guards.

mod guards;

use std::collections::BTreeMap;

use aws_sdk_emr::types::{Cluster, ClusterState as Active, ClusterStatus, ClusterSummary, Tag};
use emrys_core::day::Day;
use emrys_core::emr::ClusterState;
use emrys_core::run::Trouble;
use emrys_core::spec::Spec;
use emrys_core::sweep::{ClusterNote, Label, NAME_PREFIX, Standing, by_name, by_tags, judge};
use jiff::Timestamp;

use crate::clients::ControlPlane;
use crate::clock::timestamp;
use crate::patience::patiently;
use crate::status::{RunStatus, status};
use crate::stop::Stop;
use crate::{acts, errors};

pub use guards::{SweptGuard, remove_guard, survey_guards};

/// States in which a cluster costs money.
const ACTIVE: [Active; 5] =
    [Active::Starting, Active::Bootstrapping, Active::Running, Active::Waiting, Active::Terminating];

/// A cluster whose name says that Emrys launched it, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swept {
    /// The cluster.
    pub cluster: ClusterNote,
    /// What its name says, where it is one of this pipeline's.
    pub label: Option<Label>,
    /// How it stands.
    pub standing: Standing,
}

/// Looks at all active clusters that bear a name of Emrys, oldest first. It only reads.
///
/// The order matters: first the clusters, then the records. A launch is recorded before it is asked for, so a cluster
/// that was listed is in a record that is read later, if it is in any.
pub async fn survey(cp: &ControlPlane, spec: &Spec) -> Result<Vec<Swept>, Stop> {
    let mut records = Records::new(cp, spec);
    let mut swept = Vec::new();
    let mut listed = patiently(cp, async || list(cp).await).await?;
    listed.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    for cluster in listed {
        let label = match by_name(spec, &cluster.name) {
            Ok(label) => label,
            Err(foreign) => {
                swept.push(Swept { cluster, label: None, standing: Standing::Foreign(foreign) });
                continue;
            }
        };
        let described = patiently(cp, async || describe(cp, &cluster.id).await).await?;
        let cluster = ClusterNote { tags: described.tags, state: described.state, ..cluster };
        if cluster.state.is_terminal() {
            // It has ended since it was listed.
            continue;
        }
        let standing = match by_tags(spec, &label, &cluster.tags) {
            Ok(()) => records.judge(&cluster, &label).await?,
            Err(foreign) => Standing::Foreign(foreign),
        };
        swept.push(Swept { cluster, label: Some(label), standing });
    }
    Ok(swept)
}

/// Asks for the end of a cluster that was found to be ours. It takes minutes. One that somebody protects is unprotected
/// first, as a run does with its own.
pub async fn end_cluster(cp: &ControlPlane, id: &str) -> Result<(), Trouble> {
    if patiently(cp, async || is_protected(cp, id).await).await? {
        tracing::info!(cluster = id, "somebody protects the cluster: the protection is switched off");
        patiently(cp, async || acts::unprotect(cp, id).await).await?;
    }
    patiently(cp, async || acts::terminate(cp, id).await).await
}

async fn is_protected(cp: &ControlPlane, id: &str) -> Result<bool, Trouble> {
    let cluster = cluster(cp, id).await?;
    Ok(cluster.and_then(|cluster| cluster.termination_protected).unwrap_or_default())
}

/// The records of the days, each read once.
struct Records<'a> {
    cp: &'a ControlPlane,
    spec: &'a Spec,
    read: BTreeMap<Day, Result<Option<RunStatus>, String>>,
}

impl<'a> Records<'a> {
    fn new(cp: &'a ControlPlane, spec: &'a Spec) -> Self {
        Self { cp, spec, read: BTreeMap::new() }
    }

    async fn judge(&mut self, cluster: &ClusterNote, label: &Label) -> Result<Standing, Stop> {
        if !self.read.contains_key(&label.day) {
            let record = self.read(label.day).await?;
            self.read.insert(label.day, record);
        }
        let record = match &self.read[&label.day] {
            Ok(record) => record.as_ref().map(|run| (&run.state, run.events.as_slice())),
            Err(why) => return Ok(Standing::Unclear(why.clone())),
        };
        Ok(judge(cluster, label, record, self.cp.clock.now()))
    }

    async fn read(&self, day: Day) -> Result<Result<Option<RunStatus>, String>, Stop> {
        let spec = match self.spec.on(day) {
            Ok(spec) => spec,
            Err(error) => return Ok(Err(error.to_string())),
        };
        match status(self.cp, &spec).await {
            Ok(record) => Ok(Ok(record)),
            Err(Stop::Ledger(error)) => Ok(Err(error.to_string())),
            Err(stop) => Err(stop),
        }
    }
}

/// All active clusters whose names begin as ours do, over all pages.
async fn list(cp: &ControlPlane) -> Result<Vec<ClusterNote>, Trouble> {
    let list = cp.emr.list_clusters().set_cluster_states(Some(ACTIVE.to_vec()));
    let mut summaries = list.into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(summary) = summaries.next().await {
        let summary = summary.map_err(|error| errors::trouble("could not list the clusters", &error))?;
        found.extend(note(summary));
    }
    Ok(found)
}

fn note(summary: ClusterSummary) -> Option<ClusterNote> {
    let name = summary.name.filter(|name| name.starts_with(NAME_PREFIX))?;
    let status = summary.status.as_ref();
    Some(ClusterNote {
        id: summary.id?,
        name,
        state: state(status),
        created_at: created_at(status),
        tags: BTreeMap::new(),
    })
}

async fn cluster(cp: &ControlPlane, id: &str) -> Result<Option<Cluster>, Trouble> {
    let answer = cp.emr.describe_cluster().cluster_id(id).send().await;
    let answer =
        answer.map_err(|error| errors::trouble(&format!("could not look at the cluster {id}"), &error))?;
    Ok(answer.cluster)
}

/// The cluster with its tags, as it is now.
async fn describe(cp: &ControlPlane, id: &str) -> Result<ClusterNote, Trouble> {
    let cluster = cluster(cp, id).await?.unwrap_or_else(|| Cluster::builder().build());
    let pair = |tag: Tag| Some((tag.key?, tag.value.unwrap_or_default()));
    Ok(ClusterNote {
        id: id.to_owned(),
        name: cluster.name.unwrap_or_default(),
        state: state(cluster.status.as_ref()),
        created_at: created_at(cluster.status.as_ref()),
        tags: cluster.tags.unwrap_or_default().into_iter().filter_map(pair).collect(),
    })
}

fn state(status: Option<&ClusterStatus>) -> ClusterState {
    let state = status.and_then(|status| status.state());
    state.map(|state| state.as_str().to_owned()).unwrap_or_default().into()
}

fn created_at(status: Option<&ClusterStatus>) -> Option<Timestamp> {
    let at = status.and_then(|status| status.timeline()?.creation_date_time())?;
    timestamp(at)
}
