//! Tables.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use regex_lite::Regex;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::database::Database;
use super::partition::{Partition, with_defaults};
use super::{Glue, exists, folded, invalid, listed, not_found, refuse};
use crate::world::context::{ApiError, CallContext, WorldSettings, read, seconds};

/// A table with its partitions, in the order of their values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Table {
    /// The TableInput; its name is in lower case.
    input: Map<String, Value>,
    /// Counts the updates.
    version: u64,
    created: Timestamp,
    updated: Timestamp,
    account: String,
    created_by: String,
    pub(super) partitions: BTreeMap<String, Partition>,
}

/// A partition key.
#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Key {
    pub(super) name: String,
    /// `string` where a table does not say.
    #[serde(rename = "Type")]
    kind: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    database_name: String,
    name: Option<String>,
    table_input: Option<Map<String, Value>>,
    version_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    database_name: String,
    name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListRequest {
    database_name: String,
    expression: Option<String>,
}

impl Key {
    /// Its type in lower case.
    pub(super) fn kind(&self) -> String {
        folded(self.kind.as_deref().unwrap_or("string"))
    }
}

impl Table {
    /// The partition keys, in their order.
    pub(super) fn keys(&self) -> Vec<Key> {
        keys(&self.input)
    }

    fn description(&self, database: &str) -> Value {
        let mut shown = self.input.clone();
        with_defaults(&mut shown);
        shown.entry("Retention").or_insert(json!(0));
        for (name, value) in [
            ("DatabaseName", json!(database)),
            ("CreateTime", json!(seconds(self.created))),
            ("UpdateTime", json!(seconds(self.updated))),
            ("CreatedBy", json!(self.created_by)),
            ("IsRegisteredWithLakeFormation", json!(false)),
            ("CatalogId", json!(self.account)),
            ("VersionId", json!(self.version.to_string())),
        ] {
            shown.insert(name.to_owned(), value);
        }
        Value::Object(shown)
    }

    pub(super) fn catalog(&self, database: &str) -> Value {
        let mut shown = self.description(database);
        let name = shown["Name"].as_str().unwrap_or_default().to_owned();
        let partitions: Vec<Value> =
            self.partitions.values().map(|partition| partition.description(database, &name)).collect();
        shown["Partitions"] = Value::Array(partitions);
        shown
    }
}

fn keys(input: &Map<String, Value>) -> Vec<Key> {
    input.get("PartitionKeys").and_then(|keys| Vec::deserialize(keys).ok()).unwrap_or_default()
}

impl Request {
    /// The TableInput with its name as it is kept, and that name.
    fn checked(self) -> Result<(String, Map<String, Value>), ApiError> {
        let mut input = self.table_input.ok_or_else(|| invalid("TableInput must not be null."))?;
        refuse(&Value::Object(input.clone()), &["TargetTable", "FederatedTable", "ViewDefinition"])?;
        let name = folded(input.get("Name").and_then(Value::as_str).unwrap_or_default());
        if self.name.is_some_and(|other| folded(&other) != name) {
            return Err(invalid("Name is not the name of TableInput."));
        }
        input.insert("Name".to_owned(), json!(name));
        let mut named = BTreeSet::new();
        let columns = input.get("StorageDescriptor").and_then(|of| of["Columns"].as_array());
        let columns = columns.into_iter().flatten().filter_map(|column| column["Name"].as_str().map(folded));
        for column in columns.chain(keys(&input).iter().map(|key| folded(&key.name))) {
            if !named.insert(column.clone()) {
                return Err(invalid(format!("Column {column} is there twice.")));
            }
        }
        Ok((name, input))
    }
}

impl Glue {
    pub(super) fn table(&self, database: &str, name: &str) -> Result<&Table, ApiError> {
        self.database(database)?.tables.get(&folded(name)).ok_or_else(|| no_table(name))
    }

    pub(super) fn table_mut(&mut self, database: &str, name: &str) -> Result<&mut Table, ApiError> {
        self.database_mut(database)?.tables.get_mut(&folded(name)).ok_or_else(|| no_table(name))
    }

    pub(super) fn create_table(&mut self, input: &Value, context: &CallContext) -> Result<Value, ApiError> {
        let asked: Request = read(input)?;
        let database_name = asked.database_name.clone();
        let (name, input) = asked.checked()?;
        let database: &mut Database = self.database_mut(&database_name)?;
        if database.tables.contains_key(&name) {
            return Err(exists("Table already exists."));
        }
        let table = Table {
            input,
            version: 0,
            created: context.now,
            updated: context.now,
            account: context.account.clone(),
            created_by: format!("arn:aws:iam::{}:user/local", context.account),
            partitions: BTreeMap::new(),
        };
        database.tables.insert(name, table);
        Ok(json!({}))
    }

    pub(super) fn get_table(&self, input: &Value) -> Result<Value, ApiError> {
        let asked: Named = read(input)?;
        let table = self.table(&asked.database_name, &asked.name)?;
        Ok(json!({"Table": table.description(&folded(&asked.database_name))}))
    }

    pub(super) fn get_tables(&self, input: &Value, settings: &WorldSettings) -> Result<Value, ApiError> {
        let asked: ListRequest = read(input)?;
        let database_name = folded(&asked.database_name);
        let pattern = asked.expression.filter(|pattern| !pattern.is_empty()).map(|pattern| {
            Regex::new(&format!(r"(?i)\A(?:{pattern})\z"))
                .map_err(|_| invalid(format!("{pattern} is not a valid regular expression.")))
        });
        let pattern = pattern.transpose()?;
        let tables = self.database(&database_name)?.tables.iter();
        let wanted = tables.filter(|(name, _)| pattern.as_ref().is_none_or(|pattern| pattern.is_match(name)));
        let key = |(name, _): &(&String, &Table)| (*name).clone();
        let form = |(_, table): (&String, &Table)| table.description(&database_name);
        listed(wanted, input, settings, key, form, "TableList")
    }

    pub(super) fn update_table(&mut self, input: &Value, context: &CallContext) -> Result<Value, ApiError> {
        let asked: Request = read(input)?;
        let (database, version) = (asked.database_name.clone(), asked.version_id.clone());
        let (name, input) = asked.checked()?;
        let table = self.table_mut(&database, &name)?;
        if version.is_some_and(|version| version != table.version.to_string()) {
            return Err(ApiError::new(
                "ConcurrentModificationException",
                "Update table failed due to concurrent modifications.",
                400,
            ));
        }
        if !table.partitions.is_empty() && keys(&input) != table.keys() {
            return Err(invalid(
                "the embedded AWS does not change the partition keys of a table with partitions",
            ));
        }
        table.input = input;
        table.version += 1;
        table.updated = context.now;
        Ok(json!({}))
    }

    pub(super) fn delete_table(&mut self, input: &Value) -> Result<Value, ApiError> {
        let asked: Named = read(input)?;
        let removed = self.database_mut(&asked.database_name)?.tables.remove(&folded(&asked.name));
        removed.map(|_| json!({})).ok_or_else(|| no_table(&asked.name))
    }
}

fn no_table(name: &str) -> ApiError {
    not_found(format!("Table {name} not found."))
}
