//! How files become rows: what every table of ours has in common, whoever writes its files.

use std::collections::BTreeMap;

use super::shape::{Column, SerdeInfo, StorageDescriptor, Table};
use super::tables::column;
use super::{HEADER_LINES, PARTITION_KEY, marks};
use crate::config::{Config, OwnTable, TableFormat};

/// An external table of the pipeline, partitioned by day.
pub(super) fn external(
    config: &Config,
    name: &str,
    description: &str,
    columns: Vec<Column>,
    format: TableFormat,
) -> Table {
    let (classification, header_lines) = match format {
        TableFormat::Parquet => ("parquet", None),
        TableFormat::CsvWithHeader => ("csv", Some("1")),
        TableFormat::CsvWithoutHeader => ("csv", Some("0")),
    };
    let mut parameters = BTreeMap::from([
        ("EXTERNAL".to_owned(), "TRUE".to_owned()),
        ("classification".to_owned(), classification.to_owned()),
    ]);
    parameters.extend(marks(config));
    parameters.extend(header_lines.map(|lines| (HEADER_LINES.to_owned(), lines.to_owned())));
    Table {
        name: name.to_owned(),
        description: description.to_owned(),
        table_type: "EXTERNAL_TABLE".to_owned(),
        partition_keys: vec![column(&(PARTITION_KEY, "string", "the day, as `2024-10-20`"))],
        storage_descriptor: storage(columns, config.output.uri.join(&format!("{name}/")).to_string(), format),
        parameters,
    }
}

/// A table of the user's own job.
pub(super) fn own(config: &Config, table: &OwnTable) -> Table {
    let columns = table.columns.iter().map(|column| Column {
        name: column.name.clone(),
        kind: column.kind.clone(),
        comment: String::new(),
    });
    external(config, &table.name, &table.description, columns.collect(), table.format)
}

/// What never stands in the files: OpenCSVSerde drops it wherever it does. With `"` in its place, as RFC 4180 has it,
/// both Hive and Athena read backslashes as escapes, and texts with one would be torn apart. (Hive's
/// `OpenCSVSerde.newReader` takes it for its default. Trino's `CsvDeserializer` does the same on purpose: trinodb/trino
/// pull request 18952.) A quote within quotes is doubled, which is read as one whatever the escape is.
const NO_ESCAPE: &str = "\u{1}";

/// CSV is read by OpenCSVSerde, because messages hold commas, and Spark puts such fields into quotes, which
/// LazySimpleSerDe would take for data. Athena makes numbers of its texts where a column has a numeric type, as long as
/// none is empty: in the built-in job's tables every number is there. Hive and Spark see texts in all columns.
fn storage(columns: Vec<Column>, location: String, format: TableFormat) -> StorageDescriptor {
    let texts = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let (input, output, library, parameters) = match format {
        TableFormat::Parquet => (
            "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
            "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
            "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
            texts(&[("serialization.format", "1")]),
        ),
        TableFormat::CsvWithHeader | TableFormat::CsvWithoutHeader => (
            "org.apache.hadoop.mapred.TextInputFormat",
            "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "org.apache.hadoop.hive.serde2.OpenCSVSerde",
            texts(&[("separatorChar", ","), ("quoteChar", "\""), ("escapeChar", NO_ESCAPE)]),
        ),
    };
    StorageDescriptor {
        columns,
        location,
        input_format: input.to_owned(),
        output_format: output.to_owned(),
        serde_info: SerdeInfo { serialization_library: library.to_owned(), parameters },
    }
}
