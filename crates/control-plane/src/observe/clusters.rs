//! Which clusters carry the nonce of a launch?

use aws_sdk_emr::primitives::DateTime;
use aws_sdk_emr::types::{Cluster, ClusterSummary};
use emrys_core::names::LAUNCH_TAG;
use emrys_core::record::{CallError, LateLaunch};
use jiff::Timestamp;

use crate::clients::AwsContext;
use crate::errors;

/// Ids of clusters, oldest first.
pub(super) async fn observe(
    aws: &AwsContext,
    nonce: &str,
    since: Timestamp,
) -> Result<Vec<String>, CallError> {
    let found = of(aws, &[nonce.to_owned()], since).await?;
    Ok(found.into_iter().map(|found| found.cluster).collect())
}

/// Clusters of any of these launches, oldest first. All pages, and all states, because a cluster that has already
/// ended was launched all the same. ListClusters knows no tags, which is why the nonce stands in the name.
pub(super) async fn of(
    aws: &AwsContext,
    nonces: &[String],
    since: Timestamp,
) -> Result<Vec<LateLaunch>, CallError> {
    let list = aws.emr.list_clusters().created_after(DateTime::from_secs(since.as_second()));
    let mut summaries = list.into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(summary) = summaries.next().await {
        let summary = summary.map_err(|error| errors::call_error("could not list the clusters", &error))?;
        for nonce in nonces {
            if let Some((created, cluster)) = launched_as(&summary, nonce) {
                found.push((created, cluster, nonce.clone()));
            }
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, cluster, nonce)| LateLaunch { nonce, cluster }).collect())
}

/// When the cluster was created, and its id, if its name ends in the nonce.
fn launched_as(summary: &ClusterSummary, nonce: &str) -> Option<(Option<(i64, u32)>, String)> {
    let (_, last) = summary.name()?.rsplit_once('/')?;
    if last != nonce {
        return None;
    }
    let created = summary.status().and_then(|status| status.timeline()?.creation_date_time());
    Some((created.map(|at| (at.secs(), at.subsec_nanos())), summary.id()?.to_owned()))
}

/// Whether a cluster is of this launch by its tag, and protected. A name alone is no proof for that: what is not ours
/// stays as its owner set it.
pub(super) async fn is_protected(aws: &AwsContext, cluster: &str, nonce: &str) -> Result<bool, CallError> {
    let described = aws.emr.describe_cluster().cluster_id(cluster).send().await;
    let described = described
        .map_err(|error| errors::call_error(&format!("could not look at the cluster {cluster}"), &error))?;
    Ok(described
        .cluster()
        .is_some_and(|cluster| is_of(cluster, nonce) && cluster.termination_protected().unwrap_or_default()))
}

fn is_of(cluster: &Cluster, nonce: &str) -> bool {
    cluster.tags().iter().any(|tag| tag.key() == Some(LAUNCH_TAG) && tag.value() == Some(nonce))
}

#[cfg(test)]
mod tests {
    use aws_sdk_emr::types::Tag;

    use super::*;

    #[test]
    fn only_a_name_that_ends_in_the_nonce_is_of_the_launch() {
        let named = |name: &str| ClusterSummary::builder().id("j-1").name(name).build();
        let is_ours = |name| launched_as(&named(name), "00c0ffee00c0ffee").is_some();
        assert!(is_ours("emrys/web-logs/2024-10-20/a1/00c0ffee00c0ffee"));
        assert!(!is_ours("emrys/web-logs/2024-10-20/a1/00c0ffee00c0ffe0"));
        assert!(!is_ours("emrys/web-logs/2024-10-20/a1/x00c0ffee00c0ffee"));
        assert!(!is_ours("00c0ffee00c0ffee"));
        assert!(!is_ours(""));
    }

    #[test]
    fn only_the_tag_proves_that_a_cluster_is_of_the_launch() {
        let tagged = |key: &str, value: &str| {
            let tag = Tag::builder().key(key).value(value).build();
            Cluster::builder().name("emrys/web-logs/2024-10-20/a1/00c0ffee00c0ffee").tags(tag).build()
        };
        assert!(is_of(&tagged("emrys:launch", "00c0ffee00c0ffee"), "00c0ffee00c0ffee"));
        assert!(!is_of(&tagged("emrys:launch", "00c0ffee00c0ffe0"), "00c0ffee00c0ffee"));
        assert!(!is_of(&tagged("owner", "00c0ffee00c0ffee"), "00c0ffee00c0ffee"));
    }
}
