//! Database and tables as they are found, and as Glue is given them.

use std::collections::BTreeMap;

use aws_sdk_glue::types::{self as glue, TableInput};
use emrys_core::catalog::{Column, StorageDescriptor, Table};
use emrys_core::run::Trouble;
use emrys_core::standing::FoundCatalog;

use crate::clients::ControlPlane;
use crate::errors::{self, Failure};
use crate::glue::{NOT_FOUND, core_table};

/// The database with all its tables.
pub(super) async fn read(cp: &ControlPlane, database: &str) -> Result<FoundCatalog, Trouble> {
    let what = format!("could not look at the database {database}");
    let mut found = FoundCatalog::default();
    let parameters = match cp.glue.get_database().name(database).send().await {
        Ok(answer) => answer.database.and_then(|database| database.parameters),
        Err(error) if Failure::of(&error).code == NOT_FOUND => return Ok(found),
        Err(error) => return Err(errors::trouble(&what, &error)),
    };
    found.database = Some(parameters.into_iter().flatten().collect());
    let mut pages = cp.glue.get_tables().database_name(database).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| errors::trouble(&what, &error))?;
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

fn storage(found: Option<glue::StorageDescriptor>, wanted: &StorageDescriptor) -> glue::StorageDescriptor {
    let mut storage = found.unwrap_or_else(|| glue::StorageDescriptor::builder().build());
    let serde = storage.serde_info.take();
    let (name, parameters) = serde.map(|serde| (serde.name, serde.parameters)).unwrap_or_default();
    storage.serde_info = Some(
        glue::SerDeInfo::builder()
            .set_name(name)
            .serialization_library(&wanted.serde_info.serialization_library)
            .set_parameters(Some(with(parameters, &wanted.serde_info.parameters)))
            .build(),
    );
    let mut columns = storage.columns.take().unwrap_or_default();
    for (have, want) in columns.iter_mut().zip(&wanted.columns) {
        have.comment = Some(want.comment.clone());
    }
    let have = columns.len();
    columns.extend(wanted.columns.iter().skip(have).map(column));
    storage.columns = Some(columns);
    storage.location = Some(wanted.location.clone());
    storage.input_format = Some(wanted.input_format.clone());
    storage.output_format = Some(wanted.output_format.clone());
    storage
}

fn column(column: &Column) -> glue::Column {
    glue::Column::builder()
        .name(&column.name)
        .r#type(&column.kind)
        .comment(&column.comment)
        .build()
        .expect("a name is all that a column needs")
}

/// Parameters that are found, and over them those that are wanted.
#[expect(clippy::disallowed_types, reason = "the SDK's type; what is sent does not depend on its order")]
fn with(
    found: Option<std::collections::HashMap<String, String>>,
    wanted: &BTreeMap<String, String>,
) -> std::collections::HashMap<String, String> {
    let mut all = found.unwrap_or_default();
    all.extend(wanted.clone());
    all
}
