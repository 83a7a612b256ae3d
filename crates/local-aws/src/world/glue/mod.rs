//! AWS Glue, API 2017-03-31: the Data Catalog, with databases, tables and partitions.
//!
//! ```text
//! database     Create-, Get-, GetDatabases, Update- and DeleteDatabase
//! table        the same for tables
//! partition    the same for partitions, and BatchCreate- and BatchDeletePartition
//! expression   which partitions GetPartitions is asked for
//! ```
//!
//! Names of databases and tables are folded to lower case; those of columns and keys, and partition values, are not. An
//! update replaces everything: what an input does not have, the entry does not have afterwards.
//!
//! What is refused by name:
//!
//! - other catalogs than the account's own, and the catalog of the past;
//! - federated and linked databases and tables, and views in many dialects;
//! - Iceberg's inputs, partition indexes and transactions.
//!
//! What is simpler than at AWS: a table has the number of its version, and no older versions. Partition keys that have
//! partitions cannot be changed (what AWS does then is not verified).

mod database;
mod expression;
mod partition;
mod table;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use self::database::Database;
use self::table::Table;
use crate::services::GlueOperation;
use crate::world::context::{ApiError, Page, Scope, WorldSettings, sorted_page};

/// Members that no input may have, because the embedded AWS does not support them.
const NOT_HERE: &[&str] = &[
    "AttributesToGet",
    "OpenTableFormatInput",
    "PartitionIndexes",
    "QueryAsOfTime",
    "TransactionId",
    "UpdateOpenTableFormatInput",
    "ViewUpdateAction",
];

/// All databases by their names in lower case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Glue {
    databases: BTreeMap<String, Database>,
}

impl Glue {
    pub(crate) fn call(
        &mut self,
        operation: GlueOperation,
        input: &Value,
        scope: &Scope<'_>,
    ) -> Result<Value, ApiError> {
        let Scope { context, settings, .. } = scope;
        refuse(input, NOT_HERE)?;
        if let Some(catalog) = input["CatalogId"].as_str().filter(|catalog| *catalog != context.account) {
            return Err(not_found(format!("Catalog {catalog} not found.")));
        }
        if let Some(kind) = input["ResourceShareType"].as_str().filter(|kind| *kind != "ALL") {
            return Err(invalid(format!("the embedded AWS has no ResourceShareType {kind}")));
        }
        match operation {
            GlueOperation::CreateDatabase => self.create_database(input, context),
            GlueOperation::GetDatabase => self.get_database(input),
            GlueOperation::GetDatabases => self.get_databases(input, settings),
            GlueOperation::UpdateDatabase => self.update_database(input),
            GlueOperation::DeleteDatabase => self.delete_database(input),
            GlueOperation::CreateTable => self.create_table(input, context),
            GlueOperation::GetTable => self.get_table(input),
            GlueOperation::GetTables => self.get_tables(input, settings),
            GlueOperation::UpdateTable => self.update_table(input, context),
            GlueOperation::DeleteTable => self.delete_table(input),
            GlueOperation::CreatePartition => self.create_partition(input, context),
            GlueOperation::GetPartition => self.get_partition(input),
            GlueOperation::GetPartitions => self.get_partitions(input, settings),
            GlueOperation::UpdatePartition => self.update_partition(input),
            GlueOperation::DeletePartition => self.delete_partition(input),
            GlueOperation::BatchCreatePartition => self.create_partitions(input, context),
            GlueOperation::BatchDeletePartition => self.delete_partitions(input),
        }
    }

    /// Everything, for who queries it: `{"databases": {<name>: {"tables": {<name>: <Table>}}}}`, each table as GetTable
    /// answers it, and in its `Partitions` each partition as GetPartitions does.
    pub(in crate::world) fn catalog(&self) -> Value {
        let databases: Map<String, Value> =
            self.databases.iter().map(|(name, database)| (name.clone(), database.catalog(name))).collect();
        json!({"databases": databases})
    }

    fn database(&self, name: &str) -> Result<&Database, ApiError> {
        self.databases.get(&folded(name)).ok_or_else(|| no_database(name))
    }

    fn database_mut(&mut self, name: &str) -> Result<&mut Database, ApiError> {
        self.databases.get_mut(&folded(name)).ok_or_else(|| no_database(name))
    }
}

/// A name as the catalog keeps it.
fn folded(name: &str) -> String {
    name.to_lowercase()
}

/// Refuses an input that has one of these members.
fn refuse(input: &Value, members: &[&str]) -> Result<(), ApiError> {
    match members.iter().find(|member| input.get(**member).is_some()) {
        Some(member) => Err(invalid(format!("the embedded AWS has no {member}"))),
        None => Ok(()),
    }
}

/// One page of a list in the order of its keys, as the answer's member `list`.
fn listed<T>(
    items: impl Iterator<Item = T>,
    input: &Value,
    settings: &WorldSettings,
    key: impl Fn(&T) -> String,
    form: impl FnMut(T) -> Value,
    list: &str,
) -> Result<Value, ApiError> {
    let asked = input["MaxResults"].as_u64().and_then(|most| usize::try_from(most).ok());
    let size = settings.pages.catalog.min(asked.unwrap_or(usize::MAX));
    // An empty token asks for the first page: clients that hand the last one's on send it.
    let token = input["NextToken"].as_str().filter(|token| !token.is_empty());
    let page = sorted_page(items, token, size, key)
        .ok_or_else(|| invalid("Invalid NextToken: no page of this list returned it."))?;
    let Page { items, marker } = page.map(form);
    let mut answer = Map::from_iter([(list.to_owned(), Value::Array(items))]);
    if let Some(marker) = marker {
        answer.insert("NextToken".to_owned(), Value::String(marker));
    }
    Ok(Value::Object(answer))
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidInputException", message, 400)
}

fn not_found(message: impl Into<String>) -> ApiError {
    ApiError::new("EntityNotFoundException", message, 400)
}

fn exists(message: impl Into<String>) -> ApiError {
    ApiError::new("AlreadyExistsException", message, 400)
}

fn no_database(name: &str) -> ApiError {
    not_found(format!("Database {name} not found."))
}
