//! Clusters of ours that nobody needs any more, and their guards.

mod guards;

use std::collections::BTreeMap;

use aws_sdk_emr::types::{Cluster, ClusterState as Active, ClusterStatus, ClusterSummary, Tag};
use emrys_core::day::Day;
use emrys_core::emr::ClusterState;
use emrys_core::names::NAME_PREFIX;
use emrys_core::record::CallError;
use emrys_core::spec::Spec;
use emrys_core::sweep::{ClusterNote, ClusterUsage, Label, by_name, by_tags, evaluate};
use jiff::Timestamp;

use crate::clients::AwsContext;
use crate::clock::timestamp;
use crate::patience::patiently;
use crate::status::{RunStatus, whole_status};
use crate::stop::Stop;
use crate::{actions, errors};

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
    pub usage: ClusterUsage,
}

/// Looks at all active clusters that bear a name of Emrys, oldest first. It only reads.
///
/// The order matters: first the clusters, then the records. A launch is recorded before it is asked for, so a cluster
/// that was listed is in a record that is read later, if it is in any.
pub async fn survey(aws: &AwsContext, spec: &Spec) -> Result<Vec<Swept>, Stop> {
    let mut records = Records::new(aws, spec);
    let mut swept = Vec::new();
    let mut listed = patiently(aws, async || list(aws).await).await?;
    listed.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    for cluster in listed {
        let label = match by_name(spec, &cluster.name) {
            Ok(label) => label,
            Err(foreign) => {
                swept.push(Swept { cluster, label: None, usage: ClusterUsage::Foreign(foreign) });
                continue;
            }
        };
        let described = patiently(aws, async || describe(aws, &cluster.id).await).await?;
        let cluster = ClusterNote { tags: described.tags, state: described.state, ..cluster };
        if cluster.state.is_terminal() {
            // It has ended since it was listed.
            continue;
        }
        let usage = match by_tags(spec, &label, &cluster.tags) {
            Ok(()) => records.evaluate(&cluster, &label).await?,
            Err(foreign) => ClusterUsage::Foreign(foreign),
        };
        swept.push(Swept { cluster, label: Some(label), usage });
    }
    Ok(swept)
}

/// Asks for the end of a cluster that was found to be ours. It takes minutes. One that somebody protects is unprotected
/// first, as a run does with its own.
pub async fn end_cluster(aws: &AwsContext, id: &str) -> Result<(), CallError> {
    if patiently(aws, async || is_protected(aws, id).await).await? {
        tracing::info!(cluster = id, "somebody protects the cluster: the protection is switched off");
        patiently(aws, async || actions::unprotect(aws, id).await).await?;
    }
    patiently(aws, async || actions::terminate(aws, id).await).await
}

async fn is_protected(aws: &AwsContext, id: &str) -> Result<bool, CallError> {
    let cluster = cluster(aws, id).await?;
    Ok(cluster.and_then(|cluster| cluster.termination_protected).unwrap_or_default())
}

/// The records of the days, each read once.
struct Records<'a> {
    aws: &'a AwsContext,
    spec: &'a Spec,
    read: BTreeMap<Day, Result<Option<RunStatus>, String>>,
}

impl<'a> Records<'a> {
    fn new(aws: &'a AwsContext, spec: &'a Spec) -> Self {
        Self { aws, spec, read: BTreeMap::new() }
    }

    async fn evaluate(&mut self, cluster: &ClusterNote, label: &Label) -> Result<ClusterUsage, Stop> {
        if !self.read.contains_key(&label.day) {
            let record = self.read(label.day).await?;
            self.read.insert(label.day, record);
        }
        let record = match &self.read[&label.day] {
            Ok(record) => record.as_ref().map(|run| (&run.state, run.events.as_slice())),
            Err(why) => return Ok(ClusterUsage::Unclear(why.clone())),
        };
        Ok(evaluate(cluster, label, record, self.aws.clock.now()))
    }

    async fn read(&self, day: Day) -> Result<Result<Option<RunStatus>, String>, Stop> {
        let spec = match self.spec.on(day) {
            Ok(spec) => spec,
            Err(error) => return Ok(Err(error.to_string())),
        };
        match whole_status(self.aws, &spec).await {
            Ok(record) => Ok(Ok(record)),
            Err(Stop::Ledger(error)) => Ok(Err(error.to_string())),
            Err(stop) => Err(stop),
        }
    }
}

/// All active clusters whose names begin as ours do, over all pages.
async fn list(aws: &AwsContext) -> Result<Vec<ClusterNote>, CallError> {
    let list = aws.emr.list_clusters().set_cluster_states(Some(ACTIVE.to_vec()));
    let mut summaries = list.into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(summary) = summaries.next().await {
        let summary = summary.map_err(|error| errors::call_error("could not list the clusters", &error))?;
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

async fn cluster(aws: &AwsContext, id: &str) -> Result<Option<Cluster>, CallError> {
    let answer = aws.emr.describe_cluster().cluster_id(id).send().await;
    let answer =
        answer.map_err(|error| errors::call_error(&format!("could not look at the cluster {id}"), &error))?;
    Ok(answer.cluster)
}

/// The cluster with its tags, as it is now.
async fn describe(aws: &AwsContext, id: &str) -> Result<ClusterNote, CallError> {
    let cluster = cluster(aws, id).await?.unwrap_or_else(|| Cluster::builder().build());
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
