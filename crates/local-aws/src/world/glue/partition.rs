//! Partitions.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::table::Table;
use super::{Glue, exists, expression, folded, invalid, listed, not_found};
use crate::world::context::{ApiError, CallContext, WorldSettings, read, seconds};

/// A partition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Partition {
    values: Vec<String>,
    /// The PartitionInput.
    input: Map<String, Value>,
    created: Timestamp,
    account: String,
}

/// What all inputs have that are about partitions of a table.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Of {
    database_name: String,
    table_name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListRequest {
    expression: Option<String>,
    segment: Option<Segment>,
    #[serde(default)]
    exclude_column_schema: bool,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Segment {
    segment_number: usize,
    total_segments: usize,
}

impl Partition {
    pub(super) fn description(&self, database: &str, table: &str) -> Value {
        let mut shown = self.input.clone();
        with_defaults(&mut shown);
        for (name, value) in [
            ("DatabaseName", json!(database)),
            ("TableName", json!(table)),
            ("CreationTime", json!(seconds(self.created))),
            ("CatalogId", json!(self.account)),
        ] {
            shown.insert(name.to_owned(), value);
        }
        Value::Object(shown)
    }
}

/// Fills in the members of a StorageDescriptor that always have a value.
pub(super) fn with_defaults(shown: &mut Map<String, Value>) {
    if let Some(storage) = shown.get_mut("StorageDescriptor").and_then(Value::as_object_mut) {
        for (name, default) in [
            ("Compressed", json!(false)),
            ("NumberOfBuckets", json!(0)),
            ("StoredAsSubDirectories", json!(false)),
        ] {
            storage.entry(name).or_insert(default);
        }
    }
}

impl Segment {
    /// Whether a partition belongs to it: each belongs to one, and always to the same.
    fn has(self, key: &str) -> bool {
        let sum: usize = key.bytes().map(usize::from).sum();
        sum % self.total_segments == self.segment_number
    }
}

/// The place of a partition in its table's order; unlike for unlike values.
fn key(values: &[String]) -> String {
    Value::from(values).to_string()
}

impl Table {
    /// The values in a list, one for each key.
    fn values(&self, list: &Value) -> Result<Vec<String>, ApiError> {
        let values: Vec<String> = list
            .as_array()
            .map_or_else(Vec::new, |list| list.iter().filter_map(Value::as_str).map(str::to_owned).collect());
        if values.len() != self.keys().len() {
            return Err(invalid("The number of partition keys do not match the number of partition values"));
        }
        Ok(values)
    }

    /// The key of a partition that is there.
    fn known(&self, list: &Value) -> Result<String, ApiError> {
        let key = key(&self.values(list)?);
        if self.partitions.contains_key(&key) { Ok(key) } else { Err(not_found("Cannot find partition.")) }
    }

    fn add(&mut self, input: &Value, context: &CallContext) -> Result<(), ApiError> {
        let values = self.values(&input["Values"])?;
        let key = key(&values);
        if self.keys().is_empty() {
            return Err(invalid("the table has no partition keys"));
        }
        if self.partitions.contains_key(&key) {
            return Err(exists("Partition already exists."));
        }
        let (account, created) = (context.account.clone(), context.now);
        self.partitions.insert(key, Partition { values, input: read(input)?, created, account });
        Ok(())
    }
}

impl Glue {
    fn of(&self, input: &Value) -> Result<&Table, ApiError> {
        let of: Of = read(input)?;
        self.table(&of.database_name, &of.table_name)
    }

    fn of_mut(&mut self, input: &Value) -> Result<&mut Table, ApiError> {
        let of: Of = read(input)?;
        self.table_mut(&of.database_name, &of.table_name)
    }

    pub(super) fn create_partition(
        &mut self,
        input: &Value,
        context: &CallContext,
    ) -> Result<Value, ApiError> {
        self.of_mut(input)?.add(&input["PartitionInput"], context)?;
        Ok(json!({}))
    }

    pub(super) fn get_partition(&self, input: &Value) -> Result<Value, ApiError> {
        let of: Of = read(input)?;
        let table = self.of(input)?;
        let key = table.known(&input["PartitionValues"])?;
        let shown = table.partitions[&key].description(&folded(&of.database_name), &folded(&of.table_name));
        Ok(json!({"Partition": shown}))
    }

    pub(super) fn get_partitions(&self, input: &Value, settings: &WorldSettings) -> Result<Value, ApiError> {
        let (of, asked): (Of, ListRequest) = (read(input)?, read(input)?);
        let table = self.of(input)?;
        let (database_name, table_name) = (folded(&of.database_name), folded(&of.table_name));
        let text = asked.expression.filter(|text| !text.trim().is_empty());
        let filter = text.map(|text| expression::read(&text, &table.keys())).transpose()?;
        if asked.segment.is_some_and(|segment| segment.segment_number >= segment.total_segments) {
            return Err(invalid("SegmentNumber must be less than TotalSegments."));
        }
        let wanted = table.partitions.iter().filter(|(key, partition)| {
            asked.segment.is_none_or(|segment| segment.has(key))
                && filter.as_ref().is_none_or(|filter| filter.holds(&partition.values))
        });
        let key = |(key, _): &(&String, &Partition)| (*key).clone();
        let form = |(_, partition): (&String, &Partition)| {
            let mut shown = partition.description(&database_name, &table_name);
            if asked.exclude_column_schema
                && let Some(storage) = shown.get_mut("StorageDescriptor").and_then(Value::as_object_mut)
            {
                storage.remove("Columns");
            }
            shown
        };
        listed(wanted, input, settings, key, form, "Partitions")
    }

    pub(super) fn update_partition(&mut self, input: &Value) -> Result<Value, ApiError> {
        let table = self.of_mut(input)?;
        let old = table.known(&input["PartitionValueList"])?;
        let values = table.values(&input["PartitionInput"]["Values"])?;
        let new = key(&values);
        if new != old && table.partitions.contains_key(&new) {
            // The model declares no AlreadyExistsException for this operation.
            return Err(invalid("Partition already exists."));
        }
        let replaced: Map<String, Value> = read(&input["PartitionInput"])?;
        if let Some(partition) = table.partitions.remove(&old) {
            table.partitions.insert(new, Partition { values, input: replaced, ..partition });
        }
        Ok(json!({}))
    }

    pub(super) fn delete_partition(&mut self, input: &Value) -> Result<Value, ApiError> {
        let table = self.of_mut(input)?;
        let key = table.known(&input["PartitionValues"])?;
        table.partitions.remove(&key);
        Ok(json!({}))
    }

    /// One after the other: what one of them meets does not keep the others back.
    pub(super) fn create_partitions(
        &mut self,
        input: &Value,
        context: &CallContext,
    ) -> Result<Value, ApiError> {
        let table = self.of_mut(input)?;
        let asked = input["PartitionInputList"].as_array().into_iter().flatten();
        let errors = asked.filter_map(|partition| {
            table.add(partition, context).err().map(|error| failed(&partition["Values"], &error))
        });
        Ok(json!({"Errors": errors.collect::<Vec<_>>()}))
    }

    pub(super) fn delete_partitions(&mut self, input: &Value) -> Result<Value, ApiError> {
        let table = self.of_mut(input)?;
        let asked = input["PartitionsToDelete"].as_array().into_iter().flatten();
        let errors = asked.filter_map(|partition| match table.known(&partition["Values"]) {
            Ok(key) => {
                table.partitions.remove(&key);
                None
            }
            Err(error) => Some(failed(&partition["Values"], &error)),
        });
        Ok(json!({"Errors": errors.collect::<Vec<_>>()}))
    }
}

/// What a batch says of a partition that could not be created or deleted.
fn failed(values: &Value, error: &ApiError) -> Value {
    let values = values.as_array().cloned().unwrap_or_default();
    json!({
        "PartitionValues": values,
        "ErrorDetail": {"ErrorCode": error.code, "ErrorMessage": error.message},
    })
}
