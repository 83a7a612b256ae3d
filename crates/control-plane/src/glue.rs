//! Glue's words and values, in those of the core.

use aws_sdk_glue::types as glue;
use emrys_core::catalog::{Column, OWNER, SerdeInfo, StorageDescriptor, Table};

/// What Glue answers where there is no such database, table or partition.
pub(crate) const NOT_FOUND: &str = "EntityNotFoundException";
/// What it answers where there is one of this name already.
pub(crate) const EXISTS: &str = "AlreadyExistsException";

/// Whether the table bears the mark of this pipeline.
pub(crate) fn belongs_to(found: &glue::Table, pipeline: &str) -> bool {
    let owner = found.parameters().and_then(|parameters| parameters.get(OWNER));
    owner.is_some_and(|owner| owner == pipeline)
}

/// A table of Glue in the core's shape.
pub(crate) fn core_table(found: &glue::Table) -> Table {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let storage = found.storage_descriptor();
    let serde = storage.and_then(|storage| storage.serde_info());
    let storage_descriptor = StorageDescriptor {
        columns: core_columns(storage.map(glue::StorageDescriptor::columns).unwrap_or_default()),
        location: text(storage.and_then(|storage| storage.location())),
        input_format: text(storage.and_then(|storage| storage.input_format())),
        output_format: text(storage.and_then(|storage| storage.output_format())),
        serde_info: SerdeInfo {
            serialization_library: text(serde.and_then(|serde| serde.serialization_library())),
            parameters: serde.and_then(|serde| serde.parameters.clone()).into_iter().flatten().collect(),
        },
    };
    Table {
        name: found.name().to_owned(),
        description: text(found.description()),
        table_type: text(found.table_type()),
        partition_keys: core_columns(found.partition_keys()),
        storage_descriptor,
        parameters: found.parameters.clone().into_iter().flatten().collect(),
    }
}

fn core_columns(found: &[glue::Column]) -> Vec<Column> {
    let column = |found: &glue::Column| Column {
        name: found.name().to_owned(),
        kind: found.r#type().unwrap_or_default().to_owned(),
        comment: found.comment().unwrap_or_default().to_owned(),
    };
    found.iter().map(column).collect()
}
