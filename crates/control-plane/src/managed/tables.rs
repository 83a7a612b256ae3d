//! Database and tables as they are found, and as Glue is given them.

use aws_sdk_glue::types::{self as glue, TableInput};
use emrys_core::catalog::Table;
use emrys_core::managed::FoundCatalog;
use emrys_core::record::CallError;

use crate::clients::AwsContext;
use crate::errors::{self, Failure};
use crate::glue::{NOT_FOUND, column, core_table, storage, with};

/// The database with all its tables.
pub(super) async fn read(aws: &AwsContext, database: &str) -> Result<FoundCatalog, CallError> {
    let what = format!("could not look at the database {database}");
    let mut found = FoundCatalog::default();
    let parameters = match aws.glue.get_database().name(database).send().await {
        Ok(answer) => answer.database.and_then(|database| database.parameters),
        Err(error) if Failure::of(&error).code == NOT_FOUND => return Ok(found),
        Err(error) => return Err(errors::call_error(&what, &error)),
    };
    found.database = Some(parameters.into_iter().flatten().collect());
    let mut pages = aws.glue.get_tables().database_name(database).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| errors::call_error(&what, &error))?;
        found.tables.extend(page.table_list().iter().map(core_table));
    }
    Ok(found)
}

/// A new table.
pub(super) fn fresh(table: &Table) -> TableInput {
    TableInput::builder()
        .name(&table.name)
        .description(&table.description)
        .table_type(&table.table_type)
        .set_partition_keys(Some(table.partition_keys.iter().map(column).collect()))
        .storage_descriptor(storage(None, &table.storage_descriptor))
        .set_parameters(Some(with(None, &table.parameters)))
        .build()
        .expect("a name is all that a table needs")
}

/// A table that was found, as it is to be: what Emrys does not set is copied, and columns are only appended.
pub(super) fn changed(found: glue::Table, wanted: &Table) -> TableInput {
    TableInput::builder()
        .name(&wanted.name)
        .description(&wanted.description)
        .set_owner(found.owner)
        .set_last_access_time(found.last_access_time)
        .set_last_analyzed_time(found.last_analyzed_time)
        .retention(found.retention)
        .storage_descriptor(storage(found.storage_descriptor, &wanted.storage_descriptor))
        .set_partition_keys(found.partition_keys)
        .set_view_original_text(found.view_original_text)
        .set_view_expanded_text(found.view_expanded_text)
        .table_type(&wanted.table_type)
        .set_parameters(Some(with(found.parameters, &wanted.parameters)))
        .set_target_table(found.target_table)
        .build()
        .expect("a name is all that a table needs")
}
