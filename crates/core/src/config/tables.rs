//! `[[catalog.tables]]`: what a job of the user's own writes, as tables of the catalog.

use super::column_type;
use super::entry::Entry;
use super::problem::Wrong;
use super::reader::{Reader, Section};
use super::values;

/// The partition key of all tables: the day.
pub const PARTITION_KEY: &str = "date";

/// `[[catalog.tables]]`: a table that the user's own job writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnTable {
    /// `name`: the table's name in the catalog. Lower-case letters, digits and underscores, 255 at most.
    pub name: String,
    /// `folder`: where the job writes it, below `{output}`, with a slash at its end. Written as `.` it is `{output}`
    /// itself, and empty here. Default: the table's name.
    pub folder: String,
    /// `format`: how its files are read. Default `parquet`.
    pub format: TableFormat,
    /// `description`: what is in it. Default: nothing.
    pub description: String,
    /// `columns`: without the partition key `date`, which no file holds.
    pub columns: Vec<OwnColumn>,
}

/// How the files of a user's table are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableFormat {
    /// `parquet`.
    Parquet,
    /// `csv-with-header`: each file begins with a line of names. Spark writes it with `header=True`.
    CsvWithHeader,
    /// `csv-without-header`: the first line is a row, as Spark writes it by default.
    CsvWithoutHeader,
}

const FORMATS: [(&str, TableFormat); 3] = [
    ("parquet", TableFormat::Parquet),
    ("csv-with-header", TableFormat::CsvWithHeader),
    ("csv-without-header", TableFormat::CsvWithoutHeader),
];

/// A column of a user's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnColumn {
    /// Its name, in lower case.
    pub name: String,
    /// Its type, as Athena's `CREATE TABLE` spells it.
    pub kind: String,
}

/// A table, as far as it could be read.
#[derive(Debug, Clone)]
pub(super) struct TableDraft {
    /// Its path in the file.
    pub(super) path: String,
    pub(super) whole: Option<OwnTable>,
}

pub(super) fn read(catalog: &mut Section<'_, '_>) -> Vec<TableDraft> {
    catalog.sections("tables").into_iter().map(read_table).collect()
}

fn read_table(mut section: Section<'_, '_>) -> TableDraft {
    let path = section.path().to_owned();
    let name = section
        .require("name", "name the table: name = \"status_codes\"")
        .and_then(|entry| entry.parsed(|text| values::catalog_name(text, "a table")));
    let folder = section.parsed("folder", folder);
    let format = section.parsed("format", |text| values::one_of(text, &FORMATS));
    let is_certain = |key: &str| section.reader().is_certain(&section.path_of(key));
    let format = format.or(is_certain("format").then_some(TableFormat::Parquet));
    let has_own_folder = folder.is_some() || !is_certain("folder");
    let description = section.parsed("description", description);
    let hint = "name columns and types: columns = { status_code = \"int\", requests = \"bigint\" }";
    let columns = section.require("columns", hint).and_then(|entry| columns(entry, format));
    section.finish();
    let whole = || {
        let name = name?;
        Some(OwnTable {
            folder: if has_own_folder { folder? } else { format!("{name}/") },
            name,
            format: format?,
            description: description.unwrap_or_default(),
            columns: columns?,
        })
    };
    TableDraft { path, whole: whole() }
}

/// A folder below the job's output.
fn folder(text: &str) -> Result<String, Wrong> {
    if text == "." {
        return Ok(String::new());
    }
    let is_plain = |part: &str| {
        let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'=');
        // Athena and Spark pass over what begins with these two.
        !part.is_empty() && !part.starts_with(['.', '_']) && part.bytes().all(good)
    };
    match text.strip_suffix('/') {
        Some(folder) if folder.split('/').all(is_plain) => Ok(text.to_owned()),
        Some(_) => Err(Wrong::new(format!("`{text}` is no folder below {{output}}")).hint(
            "letters, digits, `_`, `-`, `.` and `=`, and no part that begins with `_` or `.`: Athena would pass over it",
        )),
        None => Err(Wrong::new(format!("`{text}` is not a folder"))
            .hint(format!("end it with a slash: `{text}/`; `.` is {{output}} itself"))),
    }
}

/// Glue takes 2048 bytes and no control characters.
fn description(text: &str) -> Result<String, Wrong> {
    if text.len() <= 2048 && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(Wrong::new("Glue does not take this description").hint("one line of up to 2048 bytes"))
}

/// The columns in the order of the file; none where something is wrong with one.
fn columns(entry: Entry<'_, '_>, format: Option<TableFormat>) -> Option<Vec<OwnColumn>> {
    let is_csv = matches!(format, Some(TableFormat::CsvWithHeader | TableFormat::CsvWithoutHeader));
    if entry.is_empty_table() {
        entry.wrong(Wrong::new("a table has columns").hint("name at least one"));
        return None;
    }
    let read = |(name, entry): (String, Entry<'_, '_>)| {
        if let Err(wrong) = column_name(&name) {
            entry.wrong(wrong);
            return None;
        }
        let kind = entry.parsed(|text| column_type::parse(text, is_csv))?;
        Some(OwnColumn { name, kind })
    };
    // Collected first, so that all mistakes are told and not only the first.
    let columns: Vec<_> = entry.entries().into_iter().map(read).collect();
    columns.into_iter().collect::<Option<Vec<_>>>().filter(|columns| !columns.is_empty())
}

fn column_name(name: &str) -> Result<(), Wrong> {
    if name == PARTITION_KEY {
        return Err(Wrong::new("`date` is what all tables are partitioned by, and no column of the files")
            .hint("leave it out: queries see it, with the day; a column of the files needs another name"));
    }
    values::catalog_name(name, "a column").map(drop)
}

/// What contradicts itself between the tables.
pub(super) fn contradictions(tables: &[TableDraft], reader: &Reader<'_>) {
    let whole = || tables.iter().filter_map(|draft| Some((draft.path.as_str(), draft.whole.as_ref()?)));
    for (index, (path, table)) in whole().enumerate() {
        let before = || whole().take(index);
        if let Some((first, _)) = before().find(|(_, other)| other.name == table.name) {
            let message = format!("{first} has this name already");
            reader.wrong_at(&format!("{path}.name"), Wrong::new(message).hint("give each table its own"));
            continue;
        }
        let nests = |other: &OwnTable| {
            other.folder.starts_with(&table.folder) || table.folder.starts_with(&other.folder)
        };
        if let Some((first, _)) = before().find(|(_, other)| nests(other)) {
            let message = format!("the folders of this table and of {first} lie in one another");
            let hint = "Athena reads a folder with all that is below it: give each table one of its own";
            let key = format!("{path}.folder");
            let key = if reader.was_given(&key) { key } else { path.to_owned() };
            reader.wrong_at(&key, Wrong::new(message).hint(hint));
        }
    }
}
