//! Workgroup and named queries as they are found.

use aws_sdk_athena::types as athena;
use emrys_core::catalog::OWNER;
use emrys_core::run::Trouble;
use emrys_core::standing::{FoundNamed, FoundQueries, FoundWorkgroup, NamedQuery, Workgroup};

use crate::clients::ControlPlane;
use crate::{errors, looks};

/// As many named queries as one call gives.
const BATCH: usize = 50;

/// The workgroup of this name with what it holds.
pub(super) async fn read(cp: &ControlPlane, name: &str) -> Result<FoundQueries, Trouble> {
    if !looks::workgroup_is_there(cp, name).await? {
        return Ok(FoundQueries::default());
    }
    let what = format!("could not look at the workgroup {name}");
    let answer = cp.athena.get_work_group().work_group(name).send().await;
    let answer = answer.map_err(|error| errors::trouble(&what, &error))?;
    let Some(found) = answer.work_group else { return Ok(FoundQueries::default()) };
    let owner = owner(cp, name, &what).await?;
    let named = named(cp, &named_ids(cp, name, &what).await?).await?;
    let prepared = prepared(cp, name, &what).await?;
    Ok(FoundQueries {
        workgroup: Some(FoundWorkgroup { owner, workgroup: workgroup(name, &found) }),
        named,
        prepared,
    })
}

fn workgroup(name: &str, found: &athena::WorkGroup) -> Workgroup {
    let configuration = found.configuration();
    let results = configuration.and_then(athena::WorkGroupConfiguration::result_configuration);
    let limit = configuration.and_then(athena::WorkGroupConfiguration::bytes_scanned_cutoff_per_query);
    Workgroup {
        name: name.to_owned(),
        description: found.description().unwrap_or_default().to_owned(),
        is_enabled: found.state() != Some(&athena::WorkGroupState::Disabled),
        results: results.and_then(|results| results.output_location()).map(str::to_owned),
        is_enforced: configuration
            .and_then(athena::WorkGroupConfiguration::enforce_work_group_configuration)
            .unwrap_or_default(),
        scan_limit_bytes: limit.and_then(|bytes| u64::try_from(bytes).ok()),
        has_metrics: configuration
            .and_then(athena::WorkGroupConfiguration::publish_cloud_watch_metrics_enabled)
            .unwrap_or_default(),
    }
}

/// The pipeline that the workgroup's tag names. Tags are asked for by the address that the caller's own tells.
async fn owner(cp: &ControlPlane, name: &str, what: &str) -> Result<Option<String>, Trouble> {
    let caller = cp.caller().await?;
    let mut parts = caller.split(':');
    let (_, partition) = (parts.next(), parts.next().unwrap_or_default());
    let account = parts.nth(2).unwrap_or_default();
    let arn = format!("arn:{partition}:athena:{}:{account}:workgroup/{name}", cp.region());
    let mut pages = cp.athena.list_tags_for_resource().resource_arn(arn).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| errors::trouble(what, &error))?;
        if let Some(tag) = page.tags().iter().find(|tag| tag.key() == Some(OWNER)) {
            return Ok(tag.value().map(str::to_owned));
        }
    }
    Ok(None)
}

async fn named_ids(cp: &ControlPlane, workgroup: &str, what: &str) -> Result<Vec<String>, Trouble> {
    let mut ids = Vec::new();
    let mut pages = cp.athena.list_named_queries().work_group(workgroup).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| errors::trouble(what, &error))?;
        ids.extend(page.named_query_ids().iter().cloned());
    }
    Ok(ids)
}

/// The named queries of these ids, as far as they are there.
pub(super) async fn named(cp: &ControlPlane, ids: &[String]) -> Result<Vec<FoundNamed>, Trouble> {
    let mut found = Vec::new();
    for batch in ids.chunks(BATCH) {
        let answer = cp.athena.batch_get_named_query().set_named_query_ids(Some(batch.to_vec())).send().await;
        let answer =
            answer.map_err(|error| errors::trouble("could not look at the named queries", &error))?;
        found.extend(answer.named_queries().iter().map(core_query));
    }
    Ok(found)
}

fn core_query(found: &athena::NamedQuery) -> FoundNamed {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    FoundNamed {
        id: text(found.named_query_id()),
        query: NamedQuery {
            name: found.name().to_owned(),
            description: text(found.description()),
            database: found.database().to_owned(),
            workgroup: text(found.work_group()),
            statement: found.query_string().to_owned(),
        },
    }
}

async fn prepared(cp: &ControlPlane, workgroup: &str, what: &str) -> Result<usize, Trouble> {
    let mut count = 0;
    let mut pages = cp.athena.list_prepared_statements().work_group(workgroup).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| errors::trouble(what, &error))?;
        count += page.prepared_statements().len();
    }
    Ok(count)
}
