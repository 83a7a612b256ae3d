//! Publishing: the partition of the day, in each table, is made to serve what an attempt wrote.
//!
//! Glue has no condition on an update, and `PartitionInput` replaces everything. So what is there is read first, and
//! written back with another location; a partition that is as it should be is left alone. Between the two the machine may
//! have been suspended: what was seen is then of another time, and nothing is made or moved by it.

use std::time::Duration;

use aws_sdk_glue::types::{Partition, PartitionInput, StorageDescriptor};
use emrys_core::catalog::{OWNER, Publication};
use emrys_core::run::{Trouble, TroubleKind};
use emrys_core::spec::Spec;

use crate::clients::ControlPlane;
use crate::errors::{self, Failure};
use crate::glue::EXISTS;
use crate::looks::partition;

/// Publishes one table's share, as long as the lease lasts: until the clock has counted so far. Harmless when repeated.
pub(crate) async fn act(
    cp: &ControlPlane,
    spec: &Spec,
    publication: &Publication,
    until: Duration,
) -> Result<(), Trouble> {
    let catalog = spec.published_to().ok_or_else(|| Trouble::invalid("no `[catalog]` is configured"))?;
    let database = catalog.database.as_str();
    if let Some(found) = partition(cp, database, publication).await? {
        return move_to(cp, database, publication, found, until).await;
    }
    match create(cp, database, spec.pipeline(), publication, until).await? {
        Created::Done => Ok(()),
        // Another was first, or an answer was lost: now it is there.
        Created::There => match partition(cp, database, publication).await? {
            Some(found) => move_to(cp, database, publication, found, until).await,
            None => Err(Trouble {
                kind: TroubleKind::Unreachable,
                code: EXISTS.to_owned(),
                message: format!("{} is said to be there, and is not found", name(database, publication)),
            }),
        },
    }
}

enum Created {
    Done,
    There,
}

/// The partition is made as the table is: columns, format and all.
async fn create(
    cp: &ControlPlane,
    database: &str,
    pipeline: &str,
    publication: &Publication,
    until: Duration,
) -> Result<Created, Trouble> {
    let table = &publication.table;
    let what = format!("could not look at the table {database}.{table}");
    let answer = cp.glue.get_table().database_name(database).name(table).send().await;
    let found = answer.map_err(|error| errors::trouble(&what, &error))?.table;
    let Some(found) = found else {
        return Err(Trouble::invalid(format!("{what}: there is none in the answer")));
    };
    let owner = found.parameters().and_then(|parameters| parameters.get(OWNER));
    if owner.map(String::as_str) != Some(pipeline) {
        return Err(Trouble::invalid(format!("the table {database}.{table} is not this pipeline's")));
    }
    let input = PartitionInput::builder()
        .values(&publication.date)
        .storage_descriptor(located(found.storage_descriptor, publication))
        .set_parameters(Some(publication.parameters.clone().into_iter().collect()));
    in_time(cp, publication, until)?;
    let create = cp
        .glue
        .create_partition()
        .database_name(database)
        .table_name(table)
        .partition_input(input.build())
        .send()
        .await;
    match create.map_err(|error| Failure::of(&error)) {
        Ok(_) => Ok(Created::Done),
        Err(failure) if failure.code == EXISTS => Ok(Created::There),
        Err(failure) => {
            Err(failure
                .into_trouble(&format!("could not make the partition {}", name(database, publication))))
        }
    }
}

/// Everything is copied but the location and the parameters that are ours.
async fn move_to(
    cp: &ControlPlane,
    database: &str,
    publication: &Publication,
    found: Partition,
    until: Duration,
) -> Result<(), Trouble> {
    let have = found.parameters.unwrap_or_default();
    let is_marked = publication.parameters.iter().all(|(name, value)| have.get(name) == Some(value));
    let location = found.storage_descriptor.as_ref().and_then(StorageDescriptor::location);
    if is_marked && location == Some(&publication.location) {
        return Ok(());
    }
    let mut parameters = have;
    parameters.extend(publication.parameters.clone());
    let input = PartitionInput::builder()
        .values(&publication.date)
        .storage_descriptor(located(found.storage_descriptor, publication))
        .set_parameters(Some(parameters))
        .set_last_access_time(found.last_access_time)
        .set_last_analyzed_time(found.last_analyzed_time);
    let update = cp
        .glue
        .update_partition()
        .database_name(database)
        .table_name(&publication.table)
        .partition_value_list(&publication.date)
        .partition_input(input.build());
    in_time(cp, publication, until)?;
    let what = || format!("could not move the partition {}", name(database, publication));
    update.send().await.map_err(|error| errors::trouble(&what(), &error))?;
    Ok(())
}

/// What is to be said of a table that was not published while the lease lasted.
pub(crate) fn late(publication: &Publication) -> Trouble {
    Trouble {
        kind: TroubleKind::Unreachable,
        code: String::new(),
        message: format!("the table {} was not published in time", publication.table),
    }
}

/// By a count that goes on while the machine is suspended, as tokio's time-outs do not.
fn in_time(cp: &ControlPlane, publication: &Publication, until: Duration) -> Result<(), Trouble> {
    if cp.clock.uptime() < until { Ok(()) } else { Err(late(publication)) }
}

fn located(found: Option<StorageDescriptor>, publication: &Publication) -> StorageDescriptor {
    let mut descriptor = found.unwrap_or_else(|| StorageDescriptor::builder().build());
    descriptor.location = Some(publication.location.clone());
    descriptor
}

fn name(database: &str, publication: &Publication) -> String {
    format!("{database}.{}/date={}", publication.table, publication.date)
}
