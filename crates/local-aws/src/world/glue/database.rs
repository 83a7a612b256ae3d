//! Databases.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Glue, Table, exists, folded, invalid, listed, no_database, refuse};
use crate::world::context::{ApiError, CallContext, WorldSettings, read, seconds};

/// A database with its tables by their names in lower case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Database {
    /// The DatabaseInput; its name is in lower case.
    input: Map<String, Value>,
    created: Timestamp,
    account: String,
    pub(super) tables: BTreeMap<String, Table>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    /// The database that an update is for.
    name: Option<String>,
    database_input: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    name: String,
}

impl Database {
    fn description(&self) -> Value {
        let mut shown = self.input.clone();
        // What an account has that does not use Lake Formation.
        shown.entry("CreateTableDefaultPermissions").or_insert_with(|| {
            json!([{
                "Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"},
                "Permissions": ["ALL"],
            }])
        });
        shown.insert("CreateTime".to_owned(), json!(seconds(self.created)));
        shown.insert("CatalogId".to_owned(), json!(self.account));
        Value::Object(shown)
    }

    pub(super) fn catalog(&self, name: &str) -> Value {
        let tables: Map<String, Value> =
            self.tables.iter().map(|(of, table)| (of.clone(), table.catalog(name))).collect();
        json!({"tables": tables})
    }
}

impl Request {
    /// The DatabaseInput with its name as it is kept, and that name.
    fn checked(self) -> Result<(String, Map<String, Value>), ApiError> {
        let mut input = self.database_input;
        refuse(&Value::Object(input.clone()), &["TargetDatabase", "FederatedDatabase"])?;
        let name = folded(input.get("Name").and_then(Value::as_str).unwrap_or_default());
        input.insert("Name".to_owned(), json!(name));
        Ok((name, input))
    }
}

impl Glue {
    pub(super) fn create_database(
        &mut self,
        input: &Value,
        context: &CallContext,
    ) -> Result<Value, ApiError> {
        refuse(input, &["Tags"])?;
        let (name, input) = read::<Request>(input)?.checked()?;
        if self.databases.contains_key(&name) {
            return Err(exists("Database already exists."));
        }
        let account = context.account.clone();
        let database = Database { input, created: context.now, account, tables: BTreeMap::new() };
        self.databases.insert(name, database);
        Ok(json!({}))
    }

    pub(super) fn get_database(&self, input: &Value) -> Result<Value, ApiError> {
        let asked: Named = read(input)?;
        Ok(json!({"Database": self.database(&asked.name)?.description()}))
    }

    pub(super) fn get_databases(&self, input: &Value, settings: &WorldSettings) -> Result<Value, ApiError> {
        let key = |(name, _): &(&String, &Database)| (*name).clone();
        let form = |(_, database): (&String, &Database)| database.description();
        listed(self.databases.iter(), input, settings, key, form, "DatabaseList")
    }

    pub(super) fn update_database(&mut self, input: &Value) -> Result<Value, ApiError> {
        let asked: Request = read(input)?;
        let of = asked.name.clone().unwrap_or_default();
        let (name, input) = asked.checked()?;
        let database = self.database_mut(&of)?;
        if name != folded(&of) {
            return Err(invalid(format!("the embedded AWS does not rename the database {of} to {name}")));
        }
        database.input = input;
        Ok(json!({}))
    }

    pub(super) fn delete_database(&mut self, input: &Value) -> Result<Value, ApiError> {
        let asked: Named = read(input)?;
        let removed = self.databases.remove(&folded(&asked.name));
        removed.map(|_| json!({})).ok_or_else(|| no_database(&asked.name))
    }
}
