//! The tables of the built-in job, as `spark-jobs/log_analysis/tables.py` makes them. `spark-jobs/tables.json` holds
//! names and types, and both sides are tested against it.

use std::collections::BTreeMap;

use super::shape::{Column, SerdeInfo, StorageDescriptor, Table};
use super::{OWNER, PARTITION_KEY};
use crate::config::{Config, OutputFormat};

/// Name, type and meaning of a column.
type ColumnRow = (&'static str, &'static str, &'static str);

/// A table of the built-in job.
#[derive(Debug, Clone, Copy)]
pub struct TableRow {
    /// Its name in the manifest, and so in the catalog.
    pub name: &'static str,
    /// What is in it.
    description: &'static str,
    /// Its columns, without `run`, which all have at their end.
    columns: &'static [ColumnRow],
}

const HOUR: ColumnRow = ("hour", "string", "the hour in UTC, as `2024-10-20 13:00`");
const METHOD: ColumnRow = ("method", "string", "the HTTP method");
const PATH: ColumnRow = ("path", "string", "the route: the path without what identifies a single thing");
const STATUS: ColumnRow = ("status_code", "int", "the HTTP status code");
const REQUESTS: ColumnRow = ("requests", "bigint", "how many requests");
const TOTAL: ColumnRow = ("total_response_time", "double", "the sum of the response times, in milliseconds");
const LONGEST: ColumnRow = ("max_response_time", "double", "the longest response time, in milliseconds");
const RUN: ColumnRow = ("run", "string", "the attempt that wrote the row, as `a1-b05021c8c63799c6`");

/// The tables, in the order of the manifest.
pub const TABLES: [TableRow; 6] = [
    TableRow {
        name: "processed_logs",
        description: "Requests and response times by status code",
        columns: &[
            STATUS,
            REQUESTS,
            TOTAL,
            ("avg_response_time", "double", "the average response time, in milliseconds"),
            ("min_response_time", "double", "the shortest response time, in milliseconds"),
            LONGEST,
        ],
    },
    TableRow {
        name: "endpoints",
        description: "Requests and response times by hour, route and status code",
        columns: &[
            HOUR,
            METHOD,
            PATH,
            STATUS,
            REQUESTS,
            ("bytes", "bigint", "the size of the answers, in bytes"),
            TOTAL,
            LONGEST,
        ],
    },
    TableRow {
        name: "latency",
        description: "A histogram of response times by hour, route and status code: percentiles are sums over it",
        columns: &[
            HOUR,
            METHOD,
            PATH,
            STATUS,
            (
                "bucket",
                "int",
                "ceil(log(ms) / log(1.02)), and -1000 for 0 ms; power(1.02, bucket - 0.5) ms is within 1%",
            ),
            REQUESTS,
        ],
    },
    TableRow {
        name: "traffic",
        description: "Requests and failures by minute",
        columns: &[
            ("minute", "string", "the minute in UTC, as `2024-10-20 13:45`"),
            REQUESTS,
            ("errors", "bigint", "how many of them were answered with a status code of 500 or above"),
        ],
    },
    TableRow {
        name: "errors",
        description: "Entries of the error logs by level, masked message and exception",
        columns: &[
            ("level", "string", "the level, in upper case"),
            ("message", "string", "the message, with numbers and identifiers masked"),
            ("exception", "string", "the exception's class"),
            ("count", "bigint", "how many entries"),
            ("first_seen", "string", "the first one's second in UTC, as `2024-10-20 13:45:07`"),
            ("last_seen", "string", "the last one's second in UTC"),
            ("sample", "string", "one message as it was"),
        ],
    },
    TableRow {
        name: "rejects",
        description: "Lines that could not be understood, by reason",
        columns: &[
            ("reason", "string", "what is wrong with the lines"),
            ("count", "bigint", "how many lines"),
            ("samples", "string", "the most frequent ones, as a JSON array"),
        ],
    },
];

/// The names of all tables, in the order of the manifest.
pub fn table_names() -> impl Iterator<Item = &'static str> {
    TABLES.iter().map(|row| row.name)
}

/// The tables that a pipeline publishes to, as they should stand in the catalog.
pub fn tables(config: &Config) -> Vec<Table> {
    TABLES.iter().map(|row| row.table(config)).collect()
}

impl TableRow {
    fn table(&self, config: &Config) -> Table {
        let location = config.output.uri.join(&format!("{}/", self.name)).to_string();
        let columns = self.columns.iter().chain([&RUN]).map(column).collect();
        let mut parameters = BTreeMap::from([
            ("EXTERNAL".to_owned(), "TRUE".to_owned()),
            ("classification".to_owned(), config.output.format.name().to_owned()),
            (OWNER.to_owned(), config.pipeline.clone()),
        ]);
        if config.output.format == OutputFormat::Csv {
            parameters.insert("skip.header.line.count".to_owned(), "1".to_owned());
        }
        Table {
            name: self.name.to_owned(),
            description: self.description.to_owned(),
            table_type: "EXTERNAL_TABLE".to_owned(),
            partition_keys: vec![column(&(PARTITION_KEY, "string", "the day, as `2024-10-20`"))],
            storage_descriptor: storage(columns, location, config.output.format),
            parameters,
        }
    }
}

fn column((name, kind, comment): &ColumnRow) -> Column {
    Column { name: (*name).to_owned(), kind: (*kind).to_owned(), comment: (*comment).to_owned() }
}

/// CSV is read by OpenCSVSerde, because messages hold commas, and Spark puts such fields into quotes, which
/// LazySimpleSerDe would take for data. Athena makes numbers of its texts where a column has a numeric type, as long as
/// none is empty: in these tables every number is there. Hive and Spark see texts in all columns.
fn storage(columns: Vec<Column>, location: String, format: OutputFormat) -> StorageDescriptor {
    let texts = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let (input, output, library, parameters) = match format {
        OutputFormat::Parquet => (
            "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
            "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
            "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
            texts(&[("serialization.format", "1")]),
        ),
        OutputFormat::Csv => (
            "org.apache.hadoop.mapred.TextInputFormat",
            "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "org.apache.hadoop.hive.serde2.OpenCSVSerde",
            texts(&[("separatorChar", ","), ("quoteChar", "\""), ("escapeChar", "\"")]),
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
