//! Workgroup and named queries as they are found.

use aws_sdk_athena::types as athena;
use emrys_core::catalog::OWNER;
use emrys_core::managed::{FoundNamed, FoundQueries, FoundWorkgroup, NamedQuery, Workgroup};
use emrys_core::record::CallError;

use crate::clients::AwsContext;
use crate::{errors, observe};

/// As many named queries as one call gives.
const BATCH: usize = 50;

/// The workgroup of this name with what it holds.
pub(super) async fn read(aws: &AwsContext, name: &str) -> Result<FoundQueries, CallError> {
    if !observe::workgroup_is_there(aws, name).await? {
        return Ok(FoundQueries::default());
    }
    let what = format!("could not look at the workgroup {name}");
    let answer = aws.athena.get_work_group().work_group(name).send().await;
    let answer = answer.map_err(|error| errors::call_error(&what, &error))?;
    let Some(found) = answer.work_group else { return Ok(FoundQueries::default()) };
    let owner = owner(aws, name, &what).await?;
    let named = named(aws, &named_ids(aws, name, &what).await?).await?;
    let prepared = prepared(aws, name, &what).await?;
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
async fn owner(aws: &AwsContext, name: &str, what: &str) -> Result<Option<String>, CallError> {
    let caller = aws.caller().await?;
    let mut parts = caller.split(':');
    let (_, partition) = (parts.next(), parts.next().unwrap_or_default());
    let account = parts.nth(2).unwrap_or_default();
    let arn = format!("arn:{partition}:athena:{}:{account}:workgroup/{name}", aws.region());
    let mut pages = aws.athena.list_tags_for_resource().resource_arn(arn).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| errors::call_error(what, &error))?;
        if let Some(tag) = page.tags().iter().find(|tag| tag.key() == Some(OWNER)) {
            return Ok(tag.value().map(str::to_owned));
        }
    }
    Ok(None)
}

async fn named_ids(aws: &AwsContext, workgroup: &str, what: &str) -> Result<Vec<String>, CallError> {
    let mut ids = Vec::new();
    let mut pages = aws.athena.list_named_queries().work_group(workgroup).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| errors::call_error(what, &error))?;
        ids.extend(page.named_query_ids().iter().cloned());
    }
    Ok(ids)
}

/// The named queries of these ids, as far as they are there.
pub(super) async fn named(aws: &AwsContext, ids: &[String]) -> Result<Vec<FoundNamed>, CallError> {
    let mut found = Vec::new();
    for batch in ids.chunks(BATCH) {
        let answer =
            aws.athena.batch_get_named_query().set_named_query_ids(Some(batch.to_vec())).send().await;
        let answer =
            answer.map_err(|error| errors::call_error("could not look at the named queries", &error))?;
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

async fn prepared(aws: &AwsContext, workgroup: &str, what: &str) -> Result<usize, CallError> {
    let mut count = 0;
    let mut pages = aws.athena.list_prepared_statements().work_group(workgroup).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| errors::call_error(what, &error))?;
        count += page.prepared_statements().len();
    }
    Ok(count)
}
