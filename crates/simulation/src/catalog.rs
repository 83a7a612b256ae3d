//! The catalog of a pipeline that has one: its database and tables as `emrys setup` makes them, and things of others
//! beside them.

use std::collections::BTreeMap;

use emrys_core::catalog::{OWNER, table_names, tables};
use emrys_core::spec::Spec;
use emrys_local_aws::world::{Service, World};
use serde_json::{Value, json};

use crate::harness::{call, text, try_call};

/// The database.
pub(crate) const DATABASE: &str = "logs";
/// The value of the partition key.
pub(crate) const DAY: &str = "2024-10-20";

/// `[catalog]`, as the pipeline has it.
pub(crate) const SECTION: &str = "
[catalog]
database = \"logs\"
";

/// A table of others in the same database, with a partition of the same day.
const FOREIGN_TABLE: &str = "processed_logs_2";
/// Another day of one of our tables.
const OTHER_DAY: &str = "2024-10-19";

/// Makes database and tables, and puts things of others beside them.
pub(crate) fn furnish(world: &mut World, spec: &Spec) {
    let database = json!({ "Name": DATABASE, "Parameters": { OWNER: spec.pipeline() } });
    glue(world, "CreateDatabase", &json!({ "DatabaseInput": database }));
    for table in tables(&spec.config) {
        glue(world, "CreateTable", &json!({ "DatabaseName": DATABASE, "TableInput": table }));
    }
    let foreign = json!({
        "Name": FOREIGN_TABLE,
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [{ "Name": "date", "Type": "string" }],
        "StorageDescriptor": { "Columns": [{ "Name": "n", "Type": "int" }], "Location": "s3://their-bucket/" },
    });
    glue(world, "CreateTable", &json!({ "DatabaseName": DATABASE, "TableInput": foreign }));
    for (table, day) in [(FOREIGN_TABLE, DAY), ("processed_logs", OTHER_DAY)] {
        let partition = json!({
            "Values": [day],
            "StorageDescriptor": { "Location": format!("s3://their-bucket/{table}/{day}/") },
        });
        let create = json!({ "DatabaseName": DATABASE, "TableName": table, "PartitionInput": partition });
        glue(world, "CreatePartition", &create);
    }
}

/// Everything in the catalog that no run may change, whether there is a catalog or not.
pub(crate) fn foreign(world: &mut World) -> Value {
    let Ok(mut tables) = try_call(world, Service::Glue, "GetTables", &json!({ "DatabaseName": DATABASE }))
    else {
        return Value::Null;
    };
    for table in tables["TableList"].as_array_mut().into_iter().flatten() {
        let input = json!({ "DatabaseName": DATABASE, "TableName": table["Name"] });
        let mut partitions = glue(world, "GetPartitions", &input)["Partitions"].take();
        let is_ours = table_names().any(|name| table["Name"] == name);
        if let Some(partitions) = partitions.as_array_mut() {
            partitions.retain(|partition| !is_ours || partition["Values"] != json!([DAY]));
        }
        table["Partitions"] = partitions;
    }
    tables
}

/// Where each of the pipeline's tables has the day: none, where it does not.
pub(crate) fn serving(world: &mut World) -> BTreeMap<&'static str, Option<String>> {
    let mut serving = BTreeMap::new();
    for table in table_names() {
        let input = json!({ "DatabaseName": DATABASE, "TableName": table, "PartitionValues": [DAY] });
        let found = try_call(world, Service::Glue, "GetPartition", &input).ok();
        let location = found.map(|found| text(&found["Partition"]["StorageDescriptor"]["Location"]));
        serving.insert(table, location);
    }
    serving
}

/// Whether a call of the journal is about the day in one of the pipeline's tables.
pub(crate) fn is_partition(resource: &str) -> bool {
    table_names().any(|table| resource == format!("{DATABASE}.{table}/{DAY}"))
}

fn glue(world: &mut World, operation: &str, input: &Value) -> Value {
    call(world, Service::Glue, operation, input)
}
