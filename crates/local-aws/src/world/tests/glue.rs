//! Databases, tables and partitions of Glue's Data Catalog.

use super::*;

fn columns(names: &[&str]) -> Value {
    names.iter().map(|name| json!({"Name": name, "Type": "string"})).collect()
}

fn table(name: &str, keys: &[&str]) -> Value {
    json!({
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "parquet"},
        "PartitionKeys": columns(keys),
        "StorageDescriptor": {"Columns": columns(&["path"]), "Location": "s3://b/hits/"},
    })
}

fn day(day: &str, attempt: u32) -> Value {
    let location = format!("s3://b/hits/date={day}/a{attempt}/");
    json!({
        "Values": [day],
        "Parameters": {"attempt": attempt.to_string()},
        "StorageDescriptor": {"Columns": columns(&["path"]), "Location": location},
    })
}

/// An input about the table `web.hits`.
#[expect(clippy::needless_pass_by_value, reason = "inputs are written where they are used: json!({..})")]
fn hits(more: Value) -> Value {
    let mut input = json!({"DatabaseName": "web", "TableName": "hits"});
    for (name, value) in more.as_object().unwrap() {
        input[name] = value.clone();
    }
    input
}

#[expect(clippy::needless_pass_by_value, reason = "inputs are written where they are used: json!({..})")]
impl Harness {
    fn glue(&mut self, operation: &str, input: Value) -> Value {
        self.try_call(Service::Glue, operation, &input).unwrap_or_else(|error| panic!("{operation}: {error}"))
    }

    /// The code and message of a call that is refused, and leaves no trace.
    fn no_glue(&mut self, operation: &str, input: Value) -> (String, String) {
        let before = self.world.glue.clone();
        let error = self.try_call(Service::Glue, operation, &input).expect_err(operation);
        assert_eq!((error.status, &self.world.glue), (400, &before), "{operation}: {error}");
        (error.code, error.message)
    }

    /// All pages of a list.
    fn pages(&mut self, operation: &str, list: &str, mut input: Value) -> Vec<Vec<Value>> {
        let mut pages = Vec::new();
        loop {
            let answer = self.glue(operation, input.clone());
            pages.push(answer[list].as_array().unwrap().clone());
            match answer.get("NextToken") {
                Some(token) => input["NextToken"] = token.clone(),
                None => return pages,
            }
        }
    }

    fn days(&mut self, expression: &str) -> Vec<String> {
        let pages = self.pages("GetPartitions", "Partitions", hits(json!({"Expression": expression})));
        pages.concat().iter().map(|partition| partition["Values"][0].as_str().unwrap().to_owned()).collect()
    }
}

/// The table `web.hits`, by day.
fn with_hits() -> Harness {
    let mut harness = Harness::new();
    harness.glue("CreateDatabase", json!({"DatabaseInput": {"Name": "web"}}));
    harness.glue("CreateTable", json!({"DatabaseName": "web", "TableInput": table("hits", &["date"])}));
    harness
}

fn error(code: &str, message: &str) -> (String, String) {
    (format!("{code}Exception"), message.to_owned())
}

#[test]
fn names_are_kept_in_lower_case_and_found_in_any() {
    let mut harness = Harness::new();
    harness.glue("CreateDatabase", json!({"DatabaseInput": {"Name": "Web", "Description": "d"}}));
    harness.glue("CreateTable", json!({"DatabaseName": "WEB", "TableInput": table("Hits", &["Date"])}));
    let database = harness.glue("GetDatabase", json!({"Name": "wEb"}))["Database"].clone();
    assert_eq!((&database["Name"], &database["Description"]), (&json!("web"), &json!("d")));
    assert_eq!(
        (&database["CatalogId"], &database["CreateTime"]),
        (&json!("123456789012"), &json!(1_729_479_600.0))
    );
    let shown = harness.glue("GetTable", json!({"DatabaseName": "Web", "Name": "HITS"}))["Table"].clone();
    assert_eq!((&shown["Name"], &shown["DatabaseName"]), (&json!("hits"), &json!("web")));
    assert_eq!(shown["PartitionKeys"][0]["Name"], "Date", "columns keep their case");
    assert_eq!((&shown["VersionId"], &shown["CatalogId"]), (&json!("0"), &json!("123456789012")));
    assert_eq!(shown["StorageDescriptor"]["Compressed"], false, "what has a value at AWS has one here");

    let again = json!({"DatabaseInput": {"Name": "WEB"}});
    assert_eq!(harness.no_glue("CreateDatabase", again), error("AlreadyExists", "Database already exists."));
    let again = json!({"DatabaseName": "web", "TableInput": table("HITS", &[])});
    assert_eq!(harness.no_glue("CreateTable", again), error("AlreadyExists", "Table already exists."));
}

#[test]
fn what_is_not_there_is_said_so() {
    let mut harness = with_hits();
    let no_database = error("EntityNotFound", "Database none not found.");
    assert_eq!(harness.no_glue("GetDatabase", json!({"Name": "none"})), no_database);
    assert_eq!(harness.no_glue("DeleteDatabase", json!({"Name": "none"})), no_database);
    assert_eq!(harness.no_glue("GetTables", json!({"DatabaseName": "none"})), no_database);
    let into = json!({"DatabaseName": "none", "TableInput": table("t", &[])});
    assert_eq!(harness.no_glue("CreateTable", into), no_database);
    let no_table = error("EntityNotFound", "Table none not found.");
    for operation in ["GetTable", "DeleteTable"] {
        assert_eq!(harness.no_glue(operation, json!({"DatabaseName": "web", "Name": "none"})), no_table);
    }
    let update = json!({"DatabaseName": "web", "TableInput": table("none", &[])});
    assert_eq!(harness.no_glue("UpdateTable", update), no_table);
    let no_partition = error("EntityNotFound", "Cannot find partition.");
    for operation in ["GetPartition", "DeletePartition"] {
        assert_eq!(
            harness.no_glue(operation, hits(json!({"PartitionValues": ["2024-10-20"]}))),
            no_partition
        );
    }
    let update = hits(json!({"PartitionValueList": ["2024-10-20"], "PartitionInput": day("2024-10-20", 1)}));
    assert_eq!(harness.no_glue("UpdatePartition", update), no_partition);
    let elsewhere = json!({"CatalogId": "210987654321", "Name": "web"});
    assert_eq!(harness.no_glue("GetDatabase", elsewhere).0, "EntityNotFoundException");
    let here = json!({"CatalogId": "123456789012", "Name": "web"});
    harness.glue("GetDatabase", here);
}

#[test]
fn an_update_replaces_everything_and_counts() {
    let mut harness = with_hits();
    harness.pass_secs(60);
    let update = |version: Option<&str>| {
        let mut input =
            json!({"DatabaseName": "web", "TableInput": {"Name": "hits", "Parameters": {"a": "b"}}});
        if let Some(version) = version {
            input["VersionId"] = json!(version);
        }
        input
    };
    harness.glue("UpdateTable", update(Some("0")));
    let shown = harness.glue("GetTable", json!({"DatabaseName": "web", "Name": "hits"}))["Table"].clone();
    assert_eq!((&shown["VersionId"], &shown["Parameters"]), (&json!("1"), &json!({"a": "b"})));
    assert_eq!((shown.get("TableType"), shown.get("StorageDescriptor")), (None, None));
    assert_eq!(
        (&shown["CreateTime"], &shown["UpdateTime"]),
        (&json!(1_729_479_600.0), &json!(1_729_479_660.0))
    );
    let stale = error("ConcurrentModification", "Update table failed due to concurrent modifications.");
    assert_eq!(harness.no_glue("UpdateTable", update(Some("0"))), stale);
    harness.glue("UpdateTable", update(None));

    let renamed = json!({"Name": "web", "DatabaseInput": {"Name": "other"}});
    assert_eq!(harness.no_glue("UpdateDatabase", renamed).0, "InvalidInputException");
    harness.glue(
        "UpdateDatabase",
        json!({"Name": "web", "DatabaseInput": {"Name": "web", "Description": "new"}}),
    );
    let database = harness.glue("GetDatabase", json!({"Name": "web"}))["Database"].clone();
    assert_eq!((&database["Description"], database.get("LocationUri")), (&json!("new"), None));
    assert_eq!(harness.pages("GetTables", "TableList", json!({"DatabaseName": "web"})).concat().len(), 1);
}

#[test]
fn a_partition_is_created_moved_and_deleted() {
    let mut harness = with_hits();
    harness.glue("CreatePartition", hits(json!({"PartitionInput": day("2024-10-20", 1)})));
    let again = hits(json!({"PartitionInput": day("2024-10-20", 2)}));
    assert_eq!(
        harness.no_glue("CreatePartition", again),
        error("AlreadyExists", "Partition already exists.")
    );
    harness.pass_secs(60);
    let mut moved = day("2024-10-20", 2);
    moved.as_object_mut().unwrap().remove("Parameters");
    harness.glue(
        "UpdatePartition",
        hits(json!({"PartitionValueList": ["2024-10-20"], "PartitionInput": moved})),
    );
    let read = hits(json!({"PartitionValues": ["2024-10-20"]}));
    let shown = harness.glue("GetPartition", read.clone())["Partition"].clone();
    assert_eq!(shown["StorageDescriptor"]["Location"], "s3://b/hits/date=2024-10-20/a2/");
    assert_eq!(shown.get("Parameters"), None, "an input replaces everything");
    assert_eq!(shown["CreationTime"], 1_729_479_600.0);
    assert_eq!((&shown["DatabaseName"], &shown["TableName"]), (&json!("web"), &json!("hits")));

    harness.glue("CreatePartition", hits(json!({"PartitionInput": day("2024-10-21", 1)})));
    let onto = hits(json!({"PartitionValueList": ["2024-10-20"], "PartitionInput": day("2024-10-21", 1)}));
    assert_eq!(harness.no_glue("UpdatePartition", onto), error("InvalidInput", "Partition already exists."));
    let to = hits(json!({"PartitionValueList": ["2024-10-20"], "PartitionInput": day("2024-10-19", 1)}));
    harness.glue("UpdatePartition", to);
    assert_eq!(harness.days(""), ["2024-10-19", "2024-10-21"]);
    harness.glue("DeletePartition", hits(json!({"PartitionValues": ["2024-10-19"]})));
    assert_eq!(harness.no_glue("GetPartition", read).0, "EntityNotFoundException");
}

#[test]
fn there_is_one_value_for_each_key() {
    let mut harness = with_hits();
    let wrong =
        error("InvalidInput", "The number of partition keys do not match the number of partition values");
    harness.glue("CreatePartition", hits(json!({"PartitionInput": day("2024-10-20", 1)})));
    assert_eq!(
        harness.no_glue("CreatePartition", hits(json!({"PartitionInput": {"Values": ["a", "b"]}}))),
        wrong
    );
    assert_eq!(harness.no_glue("CreatePartition", hits(json!({"PartitionInput": {}}))), wrong);
    assert_eq!(harness.no_glue("GetPartition", hits(json!({"PartitionValues": []}))), wrong);
    let update = hits(json!({"PartitionValueList": ["2024-10-20"], "PartitionInput": {}}));
    assert_eq!(harness.no_glue("UpdatePartition", update), wrong);
    // Keys cannot change under partitions.
    let update = json!({"DatabaseName": "web", "TableInput": table("hits", &["date", "region"])});
    assert_eq!(harness.no_glue("UpdateTable", update).0, "InvalidInputException");
}

#[test]
fn a_batch_does_what_it_can_and_names_the_rest() {
    let mut harness = with_hits();
    let list = json!([day("2024-10-20", 1), day("2024-10-20", 2), {"Values": []}, day("2024-10-21", 1)]);
    let answer = harness.glue("BatchCreatePartition", hits(json!({"PartitionInputList": list})));
    let codes = |answer: &Value| -> Vec<(Value, String)> {
        let errors = answer["Errors"].as_array().unwrap().iter();
        let code = |error: &Value| error["ErrorDetail"]["ErrorCode"].as_str().unwrap().to_owned();
        errors.map(|error| (error["PartitionValues"].clone(), code(error))).collect()
    };
    assert_eq!(
        codes(&answer),
        [
            (json!(["2024-10-20"]), "AlreadyExistsException".to_owned()),
            (json!([]), "InvalidInputException".to_owned()),
        ]
    );
    let list = json!([{"Values": ["2024-10-20"]}, {"Values": ["2024-10-22"]}]);
    let answer = harness.glue("BatchDeletePartition", hits(json!({"PartitionsToDelete": list})));
    assert_eq!(codes(&answer), [(json!(["2024-10-22"]), "EntityNotFoundException".to_owned())]);
    assert_eq!(harness.days(""), ["2024-10-21"]);
}

#[test]
fn lists_have_small_pages_and_filters() {
    let mut harness = with_hits();
    for number in 10..17 {
        let partition = day(&format!("2024-10-{number}"), 1);
        harness.glue("CreatePartition", hits(json!({"PartitionInput": partition})));
    }
    let pages = harness.pages("GetPartitions", "Partitions", hits(json!({})));
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 1]);
    assert_eq!(harness.days("date BETWEEN '2024-10-11' AND '2024-10-14'").len(), 4);
    assert_eq!(harness.days("date = '2024-10-11' OR date >= '2024-10-16'"), ["2024-10-11", "2024-10-16"]);
    let refused = harness.no_glue("GetPartitions", hits(json!({"Expression": "date LIKE '2024%'"})));
    assert!(refused.1.contains("LIKE"), "{refused:?}");
    let foreign = hits(json!({"NextToken": "next-please"}));
    assert_eq!(harness.no_glue("GetPartitions", foreign).0, "InvalidInputException");
    // Each partition is in one of the segments.
    let in_segments: usize = (0..3)
        .map(|number| {
            let segment = json!({"Segment": {"SegmentNumber": number, "TotalSegments": 3}});
            harness.pages("GetPartitions", "Partitions", hits(segment)).concat().len()
        })
        .sum();
    assert_eq!(in_segments, 7);
    let bare = harness.glue("GetPartitions", hits(json!({"ExcludeColumnSchema": true, "MaxResults": 1})));
    assert_eq!(bare["Partitions"].as_array().unwrap().len(), 1);
    assert_eq!(bare["Partitions"][0]["StorageDescriptor"].get("Columns"), None);

    for name in ["latency", "latency_by_hour", "errors"] {
        harness.glue("CreateTable", json!({"DatabaseName": "web", "TableInput": table(name, &[])}));
    }
    let names = |harness: &mut Harness, expression: &str| -> Vec<Value> {
        let input = json!({"DatabaseName": "web", "Expression": expression});
        harness
            .pages("GetTables", "TableList", input)
            .concat()
            .iter()
            .map(|table| table["Name"].clone())
            .collect()
    };
    assert_eq!(names(&mut harness, ""), ["errors", "hits", "latency", "latency_by_hour"]);
    assert_eq!(names(&mut harness, "latency.*|errors"), ["errors", "latency", "latency_by_hour"]);
    assert_eq!(names(&mut harness, "latency"), ["latency"], "the pattern is for the whole name");
    for name in ["a", "b", "c"] {
        harness.glue("CreateDatabase", json!({"DatabaseInput": {"Name": name}}));
    }
    let pages = harness.pages("GetDatabases", "DatabaseList", json!({}));
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 1]);
}

#[test]
fn what_contains_others_is_deleted_with_them() {
    let mut harness = with_hits();
    harness.glue("CreatePartition", hits(json!({"PartitionInput": day("2024-10-20", 1)})));
    harness.glue("DeleteTable", json!({"DatabaseName": "web", "Name": "hits"}));
    harness.glue("CreateTable", json!({"DatabaseName": "web", "TableInput": table("hits", &["date"])}));
    assert!(harness.days("").is_empty());
    harness.glue("DeleteDatabase", json!({"Name": "web"}));
    harness.glue("CreateDatabase", json!({"DatabaseInput": {"Name": "web"}}));
    assert_eq!(harness.glue("GetTables", json!({"DatabaseName": "web"})), json!({"TableList": []}));
}

#[test]
fn what_is_not_here_is_refused_by_name() {
    let mut harness = with_hits();
    let to = json!({"DatabaseInput": {"Name": "link", "TargetDatabase": {"DatabaseName": "web"}}});
    let view = json!({"DatabaseName": "web", "TableInput": {"Name": "v", "TargetTable": {"Name": "hits"}}});
    let index = json!({"DatabaseName": "web", "TableInput": table("t", &["date"]),
        "PartitionIndexes": [{"Keys": ["date"], "IndexName": "i"}]});
    for (operation, input, member) in [
        ("CreateDatabase", to, "TargetDatabase"),
        ("CreateTable", view, "TargetTable"),
        ("CreateTable", index, "PartitionIndexes"),
        ("GetPartitions", hits(json!({"QueryAsOfTime": 1_729_479_600})), "QueryAsOfTime"),
        ("CreateTable", json!({"DatabaseName": "web"}), "TableInput"),
        (
            "CreateTable",
            json!({"DatabaseName": "web", "TableInput": table("t", &["Path"])}),
            "Column path is there twice",
        ),
    ] {
        let (code, message) = harness.no_glue(operation, input);
        assert!(code == "InvalidInputException" && message.contains(member), "{message}");
    }
}

#[test]
fn the_catalog_has_everything_and_survives_being_written_down() {
    let mut harness = with_hits();
    harness.glue("CreatePartition", hits(json!({"PartitionInput": day("2024-10-20", 1)})));
    harness.glue("CreateDatabase", json!({"DatabaseInput": {"Name": "empty"}}));
    let catalog = harness.world.glue.catalog();
    let table = &catalog["databases"]["web"]["tables"]["hits"];
    let partition = harness.glue("GetPartition", hits(json!({"PartitionValues": ["2024-10-20"]})));
    assert_eq!(table["Partitions"], json!([partition["Partition"]]));
    let mut shown = harness.glue("GetTable", json!({"DatabaseName": "web", "Name": "hits"}))["Table"].clone();
    shown["Partitions"] = table["Partitions"].clone();
    assert_eq!(*table, shown);
    assert_eq!(catalog["databases"]["empty"], json!({"tables": {}}));
    let written = serde_json::to_string(&harness.world).unwrap();
    assert_eq!(serde_json::from_str::<World>(&written).unwrap(), harness.world);
}
