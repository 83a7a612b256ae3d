//! The tables of the built-in job, as `spark-jobs/log_analysis/tables.py` makes them. `spark-jobs/tables.json` holds
//! names and types, and both sides are tested against it.

use super::external::external;
use super::shape::{Column, Table};
use crate::config::{Config, OutputFormat, TableFormat};

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

/// The names of the built-in job's tables, in the order of the manifest.
pub fn table_names() -> impl Iterator<Item = &'static str> {
    TABLES.iter().map(|row| row.name)
}

impl TableRow {
    /// The table, as it should stand in the catalog.
    pub(super) fn table(&self, config: &Config) -> Table {
        let format = match config.output.format {
            OutputFormat::Parquet => TableFormat::Parquet,
            OutputFormat::Csv => TableFormat::CsvWithHeader,
        };
        let columns = self.columns.iter().chain([&RUN]).map(column).collect();
        external(config, self.name, self.description, columns, format)
    }
}

pub(super) fn column((name, kind, comment): &ColumnRow) -> Column {
    Column { name: (*name).to_owned(), kind: (*kind).to_owned(), comment: (*comment).to_owned() }
}
