//! Publishing: the partition of the day, in each table, is made to serve what an attempt wrote.
//!
//! Glue has no condition on an update, and `PartitionInput` replaces everything. So what is there is read first, and
//! written back with another location, and read as the table is to be; a partition that is as it should be is left
//! alone.

use aws_sdk_glue::types::{Partition, PartitionInput, Table};
use emrys_core::catalog::{self, Owner, Publication};
use emrys_core::record::CallError;
use emrys_core::spec::Spec;

use crate::clients::AwsContext;
use crate::errors::{self, Failure};
use crate::glue::{EXISTS, core_storage, owner_of, storage};
use crate::observe::partition;

/// What makes a table serve an attempt.
#[derive(Debug)]
pub(crate) enum Change {
    /// The day has no partition: one is made.
    Create(PartitionInput),
    /// It has one, which serves something else.
    Move(PartitionInput),
}

/// How a change ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Changed {
    /// The table serves the attempt.
    Done,
    /// The partition is there already: another was first, or an answer was lost. What is there is to be looked at.
    There,
}

/// What is to be done for the table to serve the attempt; nothing, where it does. It only reads: the lease is made sure
/// of between this and the change.
pub(crate) async fn change(
    aws: &AwsContext,
    spec: &Spec,
    publication: &Publication,
) -> Result<Option<Change>, CallError> {
    match partition(aws, database(spec)?, publication).await? {
        Some(found) => moved(aws, spec, publication, found).await,
        None => fresh(aws, spec, publication).await.map(Some),
    }
}

/// Makes the change, by one call. Harmless when repeated.
pub(crate) async fn execute(
    aws: &AwsContext,
    spec: &Spec,
    publication: &Publication,
    change: Change,
) -> Result<Changed, CallError> {
    let database = database(spec)?;
    let name = name(database, publication);
    match change {
        Change::Create(input) => {
            let create = aws.glue.create_partition().database_name(database).table_name(&publication.table);
            match create.partition_input(input).send().await.map_err(|error| Failure::of(&error)) {
                Ok(_) => Ok(Changed::Done),
                Err(failure) if failure.code == EXISTS => Ok(Changed::There),
                Err(failure) => Err(failure.into_call_error(&format!("could not make the partition {name}"))),
            }
        }
        Change::Move(input) => {
            let update = aws
                .glue
                .update_partition()
                .database_name(database)
                .table_name(&publication.table)
                .partition_value_list(&publication.date)
                .partition_input(input);
            let what = || format!("could not move the partition {name}");
            update.send().await.map_err(|error| errors::call_error(&what(), &error))?;
            Ok(Changed::Done)
        }
    }
}

fn database(spec: &Spec) -> Result<&str, CallError> {
    let catalog = spec.published_to().ok_or_else(|| CallError::invalid("no `[catalog]` is configured"))?;
    Ok(&catalog.database)
}

/// The partition is made as the table is to be: columns, format and all.
async fn fresh(aws: &AwsContext, spec: &Spec, publication: &Publication) -> Result<Change, CallError> {
    let found = own_table(aws, spec, &publication.table).await?;
    let input = PartitionInput::builder()
        .values(&publication.date)
        .storage_descriptor(storage(found.storage_descriptor, &wanted(spec, publication)?))
        .set_parameters(Some(publication.parameters.clone().into_iter().collect()));
    Ok(Change::Create(input.build()))
}

/// The table, which has to be the pipeline's.
async fn own_table(aws: &AwsContext, spec: &Spec, table: &str) -> Result<Table, CallError> {
    let database = database(spec)?;
    let what = format!("could not look at the table {database}.{table}");
    let answer = aws.glue.get_table().database_name(database).name(table).send().await;
    let found = answer.map_err(|error| errors::call_error(&what, &error))?.table;
    let Some(found) = found else {
        return Err(CallError::invalid(format!("{what}: there is none in the answer")));
    };
    match owner_of(&found, spec) {
        Owner::Us => Ok(found),
        Owner::Nobody => {
            Err(CallError::invalid(format!("the table {database}.{table} was not made by Emrys")))
        }
        Owner::Another(owner) => {
            Err(CallError::invalid(format!("the table {database}.{table} belongs to the pipeline {owner}")))
        }
    }
}

/// Everything is copied but the location, how the files are read, and the parameters that are ours. The partition may
/// have been made when its table had fewer columns, or read CSV with another escape.
async fn moved(
    aws: &AwsContext,
    spec: &Spec,
    publication: &Publication,
    found: Partition,
) -> Result<Option<Change>, CallError> {
    let have = found.parameters.unwrap_or_default();
    let (reads, wanted) = (core_storage(found.storage_descriptor.as_ref()), wanted(spec, publication)?);
    let is_marked = publication.parameters.iter().all(|(name, value)| have.get(name) == Some(value));
    if is_marked && catalog::reads_as(&reads, &wanted) && reads.location == wanted.location {
        return Ok(None);
    }
    match catalog::owner(&catalog::marks(&spec.config), |mark| have.get(mark)) {
        Owner::Us => {}
        Owner::Another(owner) => {
            let name = name(database(spec)?, publication);
            return Err(CallError::invalid(format!("the partition {name} belongs to the pipeline {owner}")));
        }
        // Made by hand: in a table of the pipeline it is the pipeline's.
        Owner::Nobody => drop(own_table(aws, spec, &publication.table).await?),
    }
    let mut parameters = have;
    parameters.extend(publication.parameters.clone());
    let input = PartitionInput::builder()
        .values(&publication.date)
        .storage_descriptor(storage(found.storage_descriptor, &wanted))
        .set_parameters(Some(parameters))
        .set_last_access_time(found.last_access_time)
        .set_last_analyzed_time(found.last_analyzed_time);
    Ok(Some(Change::Move(input.build())))
}

/// How the partition is to be read, and where: as the table is to be, from the attempt's folder.
fn wanted(spec: &Spec, publication: &Publication) -> Result<catalog::StorageDescriptor, CallError> {
    let Publication { table, location, .. } = publication;
    let wanted = catalog::tables(&spec.config).into_iter().find(|wanted| wanted.name == *table);
    let wanted =
        wanted.ok_or_else(|| CallError::invalid(format!("the configuration names no table {table}")))?;
    Ok(catalog::StorageDescriptor { location: location.clone(), ..wanted.storage_descriptor })
}

fn name(database: &str, publication: &Publication) -> String {
    format!("{database}.{}/date={}", publication.table, publication.date)
}
