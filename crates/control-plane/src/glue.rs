//! Glue's words and values, in those of the core.

use std::collections::BTreeMap;

use aws_sdk_glue::types as glue;
use emrys_core::catalog::{Column, Owner, SerdeInfo, StorageDescriptor, Table, marks, owner};
use emrys_core::spec::Spec;

/// What Glue answers where there is no such database, table or partition.
pub(crate) const NOT_FOUND: &str = "EntityNotFoundException";
/// What it answers where there is one of this name already.
pub(crate) const EXISTS: &str = "AlreadyExistsException";

/// Whose the table is, by its marks.
pub(crate) fn owner_of(found: &glue::Table, spec: &Spec) -> Owner {
    owner(&marks(&spec.config), |mark| found.parameters()?.get(mark))
}

/// A table of Glue in the core's shape.
pub(crate) fn core_table(found: &glue::Table) -> Table {
    Table {
        name: found.name().to_owned(),
        description: text(found.description()),
        table_type: text(found.table_type()),
        partition_keys: core_columns(found.partition_keys()),
        storage_descriptor: core_storage(found.storage_descriptor()),
        parameters: found.parameters.clone().into_iter().flatten().collect(),
    }
}

/// How files are read, in the core's shape.
pub(crate) fn core_storage(storage: Option<&glue::StorageDescriptor>) -> StorageDescriptor {
    let serde = storage.and_then(|storage| storage.serde_info());
    StorageDescriptor {
        columns: core_columns(storage.map(glue::StorageDescriptor::columns).unwrap_or_default()),
        location: text(storage.and_then(|storage| storage.location())),
        input_format: text(storage.and_then(|storage| storage.input_format())),
        output_format: text(storage.and_then(|storage| storage.output_format())),
        serde_info: SerdeInfo {
            serialization_library: text(serde.and_then(|serde| serde.serialization_library())),
            parameters: serde.and_then(|serde| serde.parameters.clone()).into_iter().flatten().collect(),
        },
    }
}

fn text(value: Option<&str>) -> String {
    value.unwrap_or_default().to_owned()
}

fn core_columns(found: &[glue::Column]) -> Vec<Column> {
    let column = |found: &glue::Column| Column {
        name: found.name().to_owned(),
        kind: found.r#type().unwrap_or_default().to_owned(),
        comment: found.comment().unwrap_or_default().to_owned(),
    };
    found.iter().map(column).collect()
}

/// How files are read, as it is to be: what Emrys does not set is copied. Columns are only appended; those of files
/// that were read in another way are replaced.
pub(crate) fn storage(
    found: Option<glue::StorageDescriptor>,
    wanted: &StorageDescriptor,
) -> glue::StorageDescriptor {
    let mut storage = found.unwrap_or_else(|| glue::StorageDescriptor::builder().build());
    let library = wanted.serde_info.serialization_library.as_str();
    let serde = storage.serde_info.take().filter(|found| found.serialization_library() == Some(library));
    let (name, parameters) = serde.map(|serde| (serde.name, serde.parameters)).unwrap_or_default();
    storage.serde_info = Some(
        glue::SerDeInfo::builder()
            .set_name(name)
            .serialization_library(library)
            .set_parameters(Some(with(parameters, &wanted.serde_info.parameters)))
            .build(),
    );
    let found = storage.columns.take().unwrap_or_default();
    let is_begun = core_columns(&found).iter().zip(&wanted.columns).all(|(have, want)| have.is_same(want));
    let mut columns = if is_begun { found } else { Vec::new() };
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

/// A column.
pub(crate) fn column(column: &Column) -> glue::Column {
    glue::Column::builder()
        .name(&column.name)
        .r#type(&column.kind)
        .comment(&column.comment)
        .build()
        .expect("a name is all that a column needs")
}

/// Parameters that are found, and over them those that are wanted.
#[expect(clippy::disallowed_types, reason = "the SDK's type; what is sent does not depend on its order")]
pub(crate) fn with(
    found: Option<std::collections::HashMap<String, String>>,
    wanted: &BTreeMap<String, String>,
) -> std::collections::HashMap<String, String> {
    let mut all = found.unwrap_or_default();
    all.extend(wanted.clone());
    all
}
