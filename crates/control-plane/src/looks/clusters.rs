//! Which clusters carry the nonce of a launch?

use aws_sdk_emr::primitives::DateTime;
use aws_sdk_emr::types::ClusterSummary;
use emrys_core::run::Trouble;
use jiff::Timestamp;

use crate::clients::ControlPlane;
use crate::errors;

/// Ids of clusters, oldest first. All pages, and all states, because a cluster that has already ended was launched
/// all the same. ListClusters knows no tags, which is why the nonce stands in the name.
pub(super) async fn look(cp: &ControlPlane, nonce: &str, since: Timestamp) -> Result<Vec<String>, Trouble> {
    let list = cp.emr.list_clusters().created_after(DateTime::from_secs(since.as_second()));
    let mut summaries = list.into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(summary) = summaries.next().await {
        let summary = summary.map_err(|error| errors::trouble("could not list the clusters", &error))?;
        if let Some(cluster) = launched_as(&summary, nonce) {
            found.push(cluster);
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, id)| id).collect())
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

#[cfg(test)]
mod tests {
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
}
