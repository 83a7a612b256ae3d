//! What a job says it wrote: `manifest.json`, the last object that it writes.
//!
//! Its schema stands in `spark-jobs/manifest.schema.json`; the job checks what it writes against that, and this
//! reader takes nothing else.

use serde::{Deserialize, Serialize};

use crate::day::Day;
use crate::record::{Counts, MANIFEST_FILE, Rows};

/// The manifest's name in the output folder.
pub const FILE_NAME: &str = MANIFEST_FILE;

/// The version of the format that this reader knows.
const VERSION: u32 = 1;

/// What a job says it wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Of the format: 1.
    pub version: u32,
    /// Who wrote it.
    pub job: Job,
    /// Spark's version.
    pub spark_version: String,
    /// The run it belongs to, `a<attempt>-<nonce>`.
    pub run: String,
    /// The day that was analysed.
    pub day: Day,
    /// `parquet` or `csv`.
    pub format: String,
    /// When the job began.
    pub started_at: jiff::Timestamp,
    /// When it had written everything else.
    pub finished_at: jiff::Timestamp,
    /// What became of the rows.
    pub rows: Rows,
    /// What was among them.
    pub counts: Counts,
    /// What was written.
    pub tables: Vec<Table>,
}

/// The job that wrote a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// One table of the output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Its name, and that of its folder.
    pub name: String,
    /// How many rows it has.
    pub rows: u64,
    /// Its files.
    pub files: Vec<File>,
}

/// One file of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Relative to the output folder.
    pub path: String,
    /// In bytes.
    pub size: u64,
}

/// Reads a manifest; the error is a fragment that says what is wrong with it.
pub fn read(bytes: &[u8]) -> Result<Manifest, String> {
    let value: serde_json::Value =
        serde_json::from_slice(bytes).map_err(|error| format!("no JSON: {error}"))?;
    // The version first: another one may have any other fields.
    match value.get("version").and_then(serde_json::Value::as_u64) {
        Some(version) if version == u64::from(VERSION) => {}
        Some(version) => return Err(format!("version {version}, and only {VERSION} is known")),
        None => return Err("no version".to_owned()),
    }
    serde_json::from_value(value).map_err(|error| error.to_string())
}
