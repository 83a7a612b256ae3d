//! Which tables are in the catalog, and which attempt does each serve for a day?

use std::collections::BTreeMap;

use aws_sdk_glue::types::{self as glue, Partition};
use emrys_core::catalog::{
    Publication, Served, Table, evidence, folders, has_table, publications, table_folder, unready,
};
use emrys_core::gc;
use emrys_core::record::{CallError, Event, LaunchIntent};
use emrys_core::run::{Attempt, State};
use emrys_core::s3_uri::S3Uri;
use emrys_core::spec::Spec;

use super::listing::is_taken;
use crate::clients::AwsContext;
use crate::errors::{self, Failure};
use crate::glue::{NOT_FOUND, core_table};

/// The tables of the database that have the names of ours. No database, no tables.
pub(super) async fn observe(aws: &AwsContext, spec: &Spec) -> Result<Vec<Table>, CallError> {
    let Some(catalog) = spec.published_to() else { return Ok(Vec::new()) };
    let mut tables = Vec::new();
    let mut pages = aws.glue.get_tables().database_name(&catalog.database).into_paginator().send();
    while let Some(page) = pages.next().await {
        match page.map_err(|error| Failure::of(&error)) {
            Ok(page) => {
                let ours = |table: &&glue::Table| has_table(&spec.config, table.name());
                tables.extend(page.table_list().iter().filter(ours).map(core_table));
            }
            Err(failure) if failure.code == NOT_FOUND => return Ok(Vec::new()),
            Err(failure) => {
                let what = format!("could not look at the tables of the database {}", catalog.database);
                return Err(failure.into_call_error(&what));
            }
        }
    }
    Ok(tables)
}

/// What the catalog serves for the day, table by table; nothing, where nothing is published.
pub async fn served(aws: &AwsContext, spec: &Spec, state: &State) -> Result<Vec<Served>, CallError> {
    let (Some(catalog), Some(any)) = (spec.published_to(), state.attempts.iter().find_map(Attempt::intent))
    else {
        return Ok(Vec::new());
    };
    let mut served = Vec::new();
    for publication in publications(spec, any) {
        let found = partition(aws, &catalog.database, &publication).await?;
        served.push(serves(spec, state, publication.table, found.and_then(location)));
    }
    Ok(served)
}

/// What a table serves, and which attempt wrote that.
fn serves(spec: &Spec, state: &State, table: String, location: Option<String>) -> Served {
    let wrote = |attempt: &&Attempt| {
        let intent = attempt.intent();
        let folder = intent.map(|intent| table_folder(spec, intent, &table).to_string());
        folder.is_some() && folder == location
    };
    let attempt = state.attempts.iter().find(wrote).map(|attempt| attempt.number);
    Served { table, location, attempt }
}

fn location(found: Partition) -> Option<String> {
    found.storage_descriptor?.location
}

/// What the pipeline's tables serve, of all days.
pub(crate) struct AllServed {
    /// Tables, and of each the locations by day.
    locations: BTreeMap<String, BTreeMap<String, String>>,
}

impl AllServed {
    /// Lists the partitions of each table: some calls for all days together, where each day would take one a table.
    pub(crate) async fn observe(aws: &AwsContext, spec: &Spec) -> Result<Self, CallError> {
        let mut locations = BTreeMap::new();
        let Some(catalog) = spec.published_to() else { return Ok(Self { locations }) };
        for (table, _) in folders(&spec.config) {
            let list = aws.glue.get_partitions().database_name(&catalog.database).table_name(table);
            let mut pages = list.exclude_column_schema(true).into_paginator().send();
            let days: &mut BTreeMap<String, String> = locations.entry(table.to_owned()).or_default();
            while let Some(page) = pages.next().await {
                let page = match page.map_err(|error| Failure::of(&error)) {
                    Ok(page) => page,
                    Err(failure) if failure.code == NOT_FOUND => break,
                    Err(failure) => {
                        return Err(
                            failure.into_call_error(&format!("could not list the partitions of {table}"))
                        );
                    }
                };
                for found in page.partitions.unwrap_or_default() {
                    let day = found.values.as_ref().and_then(|values| values.first()).cloned();
                    if let Some((day, location)) = day.zip(location(found)) {
                        days.insert(day, location);
                    }
                }
            }
        }
        Ok(Self { locations })
    }

    /// Whether a day is served otherwise than its record says.
    pub(crate) fn has_drifted(&self, spec: &Spec, state: &State) -> bool {
        let day = spec.day.to_string();
        let of = |(table, days): (&String, &BTreeMap<String, String>)| {
            serves(spec, state, table.clone(), days.get(&day).cloned())
        };
        let served: Vec<Served> = self.locations.iter().map(of).collect();
        gc::catalog_drift(spec, state, &served).is_some()
    }
}

/// What is to be recorded where the catalog serves something else for the day than the record says. Where its tables
/// are not there, or others, nothing could be put right: that is for `emrys setup` and a person. The same where the
/// output is not there: `[output] uri` was another when it was written, the job did not write that table then, or
/// somebody deleted it, and what is served is no worse.
pub(crate) async fn catalog_drift(
    aws: &AwsContext,
    spec: &Spec,
    state: &State,
) -> Result<Option<Event>, CallError> {
    catalog_drift_of(aws, spec, state, &served(aws, spec, state).await?).await
}

/// The same, by what was seen to be served.
pub(crate) async fn catalog_drift_of(
    aws: &AwsContext,
    spec: &Spec,
    state: &State,
    served: &[Served],
) -> Result<Option<Event>, CallError> {
    if gc::catalog_drift(spec, state, served).is_none() {
        return Ok(None);
    }
    let unready = unready(spec, &observe(aws, spec).await?);
    if let Some(first) = unready.first() {
        tracing::warn!(%first, "the catalog does not serve the day, and cannot be put right");
        return Ok(None);
    }
    let Some(intent) = state.chosen().and_then(Attempt::intent) else {
        return Ok(gc::catalog_drift(spec, state, served));
    };
    let unwritten = unwritten(aws, spec, intent).await?;
    for (table, folder) in &unwritten {
        tracing::warn!(%table, %folder, "nothing is where the configuration says that the attempt wrote");
    }
    let mendable: Vec<Served> =
        served.iter().filter(|served| !unwritten.contains_key(&served.table)).cloned().collect();
    Ok(gc::catalog_drift(spec, state, &mendable))
}

/// The tables of which nothing shows that the attempt wrote them, each with the folder that should. A folder is looked
/// at once.
pub(crate) async fn unwritten(
    aws: &AwsContext,
    spec: &Spec,
    intent: &LaunchIntent,
) -> Result<BTreeMap<String, S3Uri>, CallError> {
    let mut by_folder: BTreeMap<S3Uri, Vec<String>> = BTreeMap::new();
    for (table, _) in folders(&spec.config) {
        by_folder.entry(evidence(spec, intent, table)).or_default().push(table.to_owned());
    }
    let mut unwritten = BTreeMap::new();
    for (folder, tables) in by_folder {
        if !is_taken(aws, &folder).await? {
            unwritten.extend(tables.into_iter().map(|table| (table, folder.clone())));
        }
    }
    Ok(unwritten)
}

/// The partition of a day, if there is one. That the table is missing is told when it is to be made.
pub(crate) async fn partition(
    aws: &AwsContext,
    database: &str,
    publication: &Publication,
) -> Result<Option<Partition>, CallError> {
    let Publication { table, date, .. } = publication;
    let get = aws
        .glue
        .get_partition()
        .database_name(database)
        .table_name(table)
        .partition_values(date)
        .send()
        .await;
    match get {
        Ok(answer) => Ok(answer.partition),
        Err(error) if Failure::of(&error).code == NOT_FOUND => Ok(None),
        Err(error) => Err(errors::call_error(
            &format!("could not look at the partition {database}.{table}/date={date}"),
            &error,
        )),
    }
}
