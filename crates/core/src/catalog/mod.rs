//! The results as tables of a catalog: what each table has to be, and how one that is found compares.
//!
//! ```text
//! <database>.<table>             made by setup; the name is the one in the manifest, or the configuration's
//!   partition date='2024-10-20'  made, or moved, by publishing: its location is the folder of a verified attempt
//! ```
//!
//! The structures have the member names of Glue, so that they are shown and translated as they are. The key `date` is a
//! text: with a key of type `date`, Athena would refuse `date = '2024-10-20'`.

mod external;
mod owner;
mod shape;
mod tables;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::config::{Config, OwnTable};
use crate::record::{LaunchIntent, Unready};
use crate::s3_uri::S3Uri;
use crate::spec::Spec;

pub use crate::config::PARTITION_KEY;
pub use owner::{OWNER, Owner, STATE, marks, owner};
pub use shape::{Column, SerdeInfo, StorageDescriptor, Table};
pub use tables::{TABLES, table_names};

/// The parameter of a table of CSV files: with how many lines that are no rows each file begins.
const HEADER_LINES: &str = "skip.header.line.count";
/// The parameter of a partition that names the attempt whose output it serves, as the column `run` does.
pub const RUN: &str = "emrys:run";

/// How a table that is found compares with the one that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Comparison {
    /// It is what it should be. Columns that others appended, and parameters that others set, count as nothing.
    Equal,
    /// It can be made what it should be, without harm to what it serves.
    Outdated {
        /// Columns that it lacks at its end.
        append: Vec<Column>,
        /// What else differs.
        changes: Vec<Change>,
    },
    /// It cannot: what it serves would be read in another way than it was written.
    Incompatible {
        /// Why, in a sentence.
        why: String,
        /// Its columns.
        found: Vec<Column>,
        /// The columns that it should have.
        wanted: Vec<Column>,
    },
    /// It is somebody else's.
    Foreign {
        /// The pipeline that it names; none where Emrys did not make it.
        owner: Option<String>,
    },
}

/// Something that differs, and may be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What, as Glue spells it.
    pub what: String,
    /// What it is; none where it is not set.
    pub found: Option<String>,
    /// What it should be.
    pub wanted: String,
}

/// One table's share of publishing an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Publication {
    /// The table.
    pub table: String,
    /// The value of the partition key.
    pub date: String,
    /// Where the attempt wrote the table.
    pub location: String,
    /// Parameters that are ours; all others stay as they are found.
    pub parameters: BTreeMap<String, String>,
}

/// What a table of the catalog serves for a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Served {
    /// The table.
    pub table: String,
    /// The folder; none where the day has no partition.
    pub location: Option<String>,
    /// The attempt that wrote it; none where no attempt of the record did.
    pub attempt: Option<u32>,
}

/// The tables that a pipeline publishes to, as they should stand in the catalog: the built-in job's, or those that are
/// described of the user's own.
pub fn tables(config: &Config) -> Vec<Table> {
    match config.job {
        None => TABLES.iter().map(|row| row.table(config)).collect(),
        Some(_) => own_tables(config).map(|table| external::own(config, table)).collect(),
    }
}

/// Whether a pipeline publishes to a table of this name.
pub fn has_table(config: &Config, name: &str) -> bool {
    folders(config).any(|(table, _)| table == name)
}

/// The tables' names, each with the folder below the output of an attempt that the job writes it to.
pub fn folders(config: &Config) -> impl Iterator<Item = (&str, String)> {
    let built_in = config.job.is_none().then(table_names).into_iter().flatten();
    let built_in = built_in.map(|name| (name, format!("{name}/")));
    built_in.chain(own_tables(config).map(|table| (table.name.as_str(), table.folder.clone())))
}

fn own_tables(config: &Config) -> impl Iterator<Item = &OwnTable> {
    config.catalog.iter().filter(|_| config.job.is_some()).flat_map(|catalog| &catalog.tables)
}

/// Where the attempt of this launch wrote a table: in a folder of its name, where nothing else is described.
pub fn table_folder(spec: &Spec, intent: &LaunchIntent, table: &str) -> S3Uri {
    let described = folders(&spec.config).find(|(name, _)| *name == table);
    spec.output_folder(intent).join(&described.map_or_else(|| format!("{table}/"), |(_, folder)| folder))
}

/// What must hold something before tables may serve the attempt: queries would take an empty folder for a day without a
/// row. The folder of the attempt, where a manifest tells what each table has; else that of each table.
pub fn evidence(spec: &Spec, intent: &LaunchIntent, table: &str) -> S3Uri {
    if spec.has_manifest() { spec.output_folder(intent) } else { table_folder(spec, intent, table) }
}

/// What publishing an attempt means, table by table.
pub fn publications(spec: &Spec, intent: &LaunchIntent) -> Vec<Publication> {
    let mut parameters = marks(&spec.config);
    parameters.insert(RUN.to_owned(), spec.run_id(intent));
    let output = spec.output_folder(intent);
    let of = |(table, folder): (&str, String)| Publication {
        table: table.to_owned(),
        date: spec.day.to_string(),
        location: output.join(&folder).to_string(),
        parameters: parameters.clone(),
    };
    folders(&spec.config).map(of).collect()
}

/// What keeps the pipeline's tables from being published to; nothing, when all are ready. A table that only lacks
/// columns, or has another comment, is ready: what it serves is right as far as it goes.
pub fn unready(spec: &Spec, found: &[Table]) -> Vec<Unready> {
    let evaluate = |wanted: Table| {
        let table = wanted.name.clone();
        let Some(found) = found.iter().find(|found| found.name == wanted.name) else {
            return Some(Unready::Missing { table });
        };
        match compare(&wanted, found) {
            Comparison::Equal | Comparison::Outdated { .. } => None,
            Comparison::Incompatible { why, found, wanted } => {
                Some(Unready::Incompatible { table, why, found: listed(&found), wanted: listed(&wanted) })
            }
            Comparison::Foreign { owner } => Some(Unready::Foreign { table, owner }),
        }
    };
    tables(&spec.config).into_iter().filter_map(evaluate).collect()
}

/// Compares a table that is found with the one that is wanted.
pub fn compare(wanted: &Table, found: &Table) -> Comparison {
    match owner(&wanted.parameters, |mark| found.parameters.get(mark)) {
        Owner::Us => {}
        Owner::Nobody => return Comparison::Foreign { owner: None },
        Owner::Another(owner) => return Comparison::Foreign { owner: Some(owner) },
    }
    let (have, want) = (&found.storage_descriptor, &wanted.storage_descriptor);
    let incompatible = |why: String| Comparison::Incompatible {
        why,
        found: have.columns.clone(),
        wanted: want.columns.clone(),
    };
    if let Some((have, want)) =
        have.columns.iter().zip(&want.columns).find(|(have, want)| !have.is_same(want))
    {
        return incompatible(format!("it has `{have}` where `{want}` is expected"));
    }
    if !same_columns(&found.partition_keys, &wanted.partition_keys) {
        let keys = listed(&found.partition_keys);
        return incompatible(format!(
            "it is partitioned by ({keys}), and not by ({})",
            listed(&wanted.partition_keys)
        ));
    }
    let (read, write) = (&have.serde_info.serialization_library, &want.serde_info.serialization_library);
    if read != write || have.input_format != want.input_format {
        return incompatible(format!("it is read with {read}, and the job's files with {write}"));
    }
    let (have_lines, want_lines) = (header_lines(found), header_lines(wanted));
    if have_lines != want_lines {
        return incompatible(format!(
            "{have_lines} lines are passed over at the beginning of each file, and the job's files have {want_lines} such lines"
        ));
    }
    let append = want.columns.iter().skip(have.columns.len()).cloned().collect::<Vec<_>>();
    let changes = changes(wanted, found);
    if append.is_empty() && changes.is_empty() {
        Comparison::Equal
    } else {
        Comparison::Outdated { append, changes }
    }
}

/// Whether files are read by what is found as by what is wanted. Columns that others appended, comments, and settings
/// of others count as nothing.
pub fn reads_as(found: &StorageDescriptor, wanted: &StorageDescriptor) -> bool {
    let (have, want) = (&found.serde_info, &wanted.serde_info);
    found.columns.len() >= wanted.columns.len()
        && found.columns.iter().zip(&wanted.columns).all(|(have, want)| have.is_same(want))
        && (&found.input_format, &found.output_format) == (&wanted.input_format, &wanted.output_format)
        && have.serialization_library == want.serialization_library
        && want.parameters.iter().all(|(name, value)| have.parameters.get(name) == Some(value))
}

fn header_lines(table: &Table) -> &str {
    table.parameters.get(HEADER_LINES).map_or("0", String::as_str)
}

fn changes(wanted: &Table, found: &Table) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut differs = |what: String, have: Option<&String>, want: &str| {
        if have.map(String::as_str) != Some(want) {
            changes.push(Change { what, found: have.cloned(), wanted: want.to_owned() });
        }
    };
    differs("Description".to_owned(), Some(&found.description), &wanted.description);
    let (have, want) = (&found.storage_descriptor, &wanted.storage_descriptor);
    differs("Location".to_owned(), Some(&have.location), &want.location);
    differs("OutputFormat".to_owned(), Some(&have.output_format), &want.output_format);
    for (name, value) in &want.serde_info.parameters {
        differs(format!("SerdeInfo.{name}"), have.serde_info.parameters.get(name), value);
    }
    for (name, value) in &wanted.parameters {
        differs(format!("Parameters.{name}"), found.parameters.get(name), value);
    }
    for (have, want) in have.columns.iter().zip(&want.columns) {
        differs(format!("Columns.{}.Comment", want.name), Some(&have.comment), &want.comment);
    }
    changes
}

fn same_columns(one: &[Column], other: &[Column]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.is_same(other))
}

fn listed(columns: &[Column]) -> String {
    columns.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
