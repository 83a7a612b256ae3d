//! A table in the member names of Glue. What Emrys does not set is not in here, and stays as it is found.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A table, as Glue's `TableInput` names its parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Table {
    /// Its name.
    pub name: String,
    /// What is in it.
    #[serde(default)]
    pub description: String,
    /// `EXTERNAL_TABLE`.
    pub table_type: String,
    /// What it is partitioned by.
    pub partition_keys: Vec<Column>,
    /// How its files are read.
    pub storage_descriptor: StorageDescriptor,
    /// What else is known of it.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
}

/// How the files of a table or of a partition are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StorageDescriptor {
    /// The columns, in their order.
    pub columns: Vec<Column>,
    /// Where the files are.
    pub location: String,
    /// The Hadoop class that reads them.
    pub input_format: String,
    /// The Hadoop class that would write them.
    pub output_format: String,
    /// What makes rows of them.
    pub serde_info: SerdeInfo,
}

/// What makes rows of files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SerdeInfo {
    /// The Hive class.
    pub serialization_library: String,
    /// Its settings.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, as Hive and Athena's DDL spell it.
    #[serde(rename = "Type")]
    pub kind: String,
    /// What it means.
    #[serde(default)]
    pub comment: String,
}

impl Column {
    /// Whether both have one name and one type. Glue keeps both in lower case.
    pub fn is_same(&self, other: &Self) -> bool {
        self.name.eq_ignore_ascii_case(&other.name) && self.kind.eq_ignore_ascii_case(&other.kind)
    }
}

impl std::fmt::Display for Column {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.name, self.kind)
    }
}
