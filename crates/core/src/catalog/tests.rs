use std::collections::BTreeMap;

use super::*;
use crate::record::Choice;
use crate::testing::{spec, spec_with};

const AS_WRITTEN: &str = include_str!("../../../../spark-jobs/tables.json");

fn wanted() -> Table {
    tables(&spec().config).remove(0)
}

fn changed(change: impl FnOnce(&mut Table)) -> Comparison {
    let mut found = wanted();
    change(&mut found);
    compare(&wanted(), &found)
}

#[test]
fn columns_are_those_that_the_job_writes() {
    let written: BTreeMap<String, Vec<(String, String)>> = serde_json::from_str(AS_WRITTEN).unwrap();
    let here: BTreeMap<String, Vec<(String, String)>> = tables(&spec().config)
        .into_iter()
        .map(|table| {
            let columns = table.storage_descriptor.columns.into_iter();
            (table.name, columns.map(|column| (column.name, column.kind)).collect())
        })
        .collect();
    assert_eq!(here, written);
}

#[test]
fn a_table_in_the_member_names_of_glue() {
    insta::assert_json_snapshot!(wanted());
    let csv = spec_with(&[(
        "uri = \"s3://my-log-bucket/processed-logs/\"",
        "uri = \"s3://my-log-bucket/processed-logs/\"\nformat = \"csv\"",
    )]);
    let table = tables(&csv.config).remove(0);
    assert_eq!(table.parameters["skip.header.line.count"], "1");
    assert!(table.storage_descriptor.serde_info.serialization_library.ends_with("OpenCSVSerde"));
}

#[test]
fn every_column_has_a_comment_that_glue_takes() {
    for table in tables(&spec().config) {
        for column in table.storage_descriptor.columns.iter().chain(&table.partition_keys) {
            assert!(!column.comment.is_empty() && column.comment.len() <= 255, "{}.{column}", table.name);
        }
        assert!(table.storage_descriptor.columns.iter().all(|column| column.name != PARTITION_KEY));
    }
}

#[test]
fn what_others_add_counts_as_nothing() {
    assert_eq!(changed(|_| ()), Comparison::Equal);
    let more = Column { name: "team".into(), kind: "string".into(), comment: String::new() };
    assert_eq!(changed(|found| found.storage_descriptor.columns.push(more)), Comparison::Equal);
    let set = |found: &mut Table| {
        found.parameters.insert("useGlueParquetWriter".into(), "true".into());
    };
    assert_eq!(changed(set), Comparison::Equal);
}

#[test]
fn columns_are_only_appended() {
    let lacks_one = changed(|found| {
        found.storage_descriptor.columns.pop();
    });
    let Comparison::Outdated { append, changes } = lacks_one else { panic!("{lacks_one:?}") };
    assert_eq!((append[0].to_string(), append.len(), changes.len()), ("run string".to_owned(), 1, 0));
    let other_comment = changed(|found| found.storage_descriptor.columns[0].comment = "old".into());
    let Comparison::Outdated { changes, .. } = other_comment else { panic!("{other_comment:?}") };
    assert_eq!(changes[0].what, "Columns.status_code.Comment");
}

#[test]
fn what_would_be_read_in_another_way_than_it_was_written_is_incompatible() {
    let ways: [fn(&mut Table); 5] = [
        |found| found.storage_descriptor.columns[1].kind = "int".into(),
        |found| found.storage_descriptor.columns.swap(0, 1),
        |found| found.partition_keys[0].kind = "date".into(),
        |found| found.partition_keys.clear(),
        |found| {
            found.storage_descriptor.serde_info.serialization_library =
                "org.apache.hadoop.hive.serde2.OpenCSVSerde".into();
        },
    ];
    for way in ways {
        let comparison = changed(way);
        assert!(matches!(comparison, Comparison::Incompatible { .. }), "{comparison:?}");
    }
    let Comparison::Incompatible { why, .. } = changed(ways[0]) else { unreachable!() };
    assert_eq!(why, "it has `requests int` where `requests bigint` is expected");
}

#[test]
fn a_table_without_our_mark_or_with_anothers_is_foreign() {
    let unmarked = changed(|found| {
        found.parameters.remove(OWNER);
    });
    assert_eq!(unmarked, Comparison::Foreign { owner: None });
    let others = changed(|found| {
        found.parameters.insert(OWNER.into(), "shop".into());
    });
    assert_eq!(others, Comparison::Foreign { owner: Some("shop".into()) });
}

/// Two deployments of one pipeline may name one database.
#[test]
fn a_table_of_the_same_pipeline_with_another_state_folder_is_foreign() {
    let staging = changed(|found| {
        found.parameters.insert(STATE.into(), "s3://staging/emrys/".into());
    });
    let owner = "web-logs with its state in s3://staging/emrys/".to_owned();
    assert_eq!(staging, Comparison::Foreign { owner: Some(owner) });
    // One that was made before that was marked is marked.
    let older = changed(|found| {
        found.parameters.remove(STATE);
    });
    let Comparison::Outdated { append, changes } = older else { panic!("{older:?}") };
    assert_eq!((append.len(), changes.len(), changes[0].what.as_str()), (0, 1, "Parameters.emrys:state"));
}

#[test]
fn what_is_found_reads_files_as_is_wanted_whatever_others_added() {
    let wanted = tables(&own().config).remove(1).storage_descriptor;
    let reads = |change: fn(&mut StorageDescriptor)| {
        let mut found = wanted.clone();
        change(&mut found);
        reads_as(&found, &wanted)
    };
    let theirs: [fn(&mut StorageDescriptor); 4] = [
        |found| found.location = "s3://elsewhere/".into(),
        |found| found.columns[0].comment = "theirs".into(),
        |found| found.columns.push(found.columns[0].clone()),
        |found| drop(found.serde_info.parameters.insert("theirs".into(), "1".into())),
    ];
    assert!(theirs.into_iter().all(reads));
    let other: [fn(&mut StorageDescriptor); 5] = [
        |found| drop(found.columns.pop()),
        |found| found.columns[1].kind = "int".into(),
        |found| drop(found.serde_info.parameters.insert("escapeChar".into(), "\\".into())),
        |found| found.serde_info.serialization_library = "LazySimpleSerDe".into(),
        |found| found.input_format.clear(),
    ];
    assert!(!other.into_iter().any(reads));
}

#[test]
fn tables_are_ready_when_all_are_there_and_fit() {
    let spec = spec();
    let mut found = tables(&spec.config);
    assert_eq!(unready(&spec, &found), []);
    found[1].parameters.clear();
    found[2].storage_descriptor.columns[0].kind = "timestamp".into();
    found.remove(0);
    let told: Vec<String> = unready(&spec, &found).iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 3, "{told:#?}");
    assert_eq!(told[..2], ["processed_logs is not there", "endpoints was not made by Emrys"]);
    assert!(told[2].starts_with("latency is incompatible: it has `hour timestamp`"), "{}", told[2]);
}

#[test]
fn an_attempt_is_published_table_by_table_to_its_own_folder() {
    let intent = LaunchIntent { attempt: 2, nonce: "0123456789abcdef".into(), choice: Choice::default() };
    let all = publications(&spec(), &intent);
    assert_eq!(all.len(), 6);
    assert_eq!(
        (all[0].table.as_str(), all[0].date.as_str(), all[0].location.as_str()),
        (
            "processed_logs",
            "2024-10-20",
            "s3://my-log-bucket/processed-logs/2024/10/20/a2-0123456789abcdef/processed_logs/"
        )
    );
    assert_eq!(all[0].parameters[RUN], "a2-0123456789abcdef");
}

/// A script of one's own, with two tables.
fn own() -> Spec {
    crate::testing::spec_and(
        r#"
[job]
script = "report.py"
args = ["{output}"]
[catalog]
database = "logs"
[[catalog.tables]]
name = "whole"
folder = "all/whole/"
description = "All of it"
columns = { n = "int" }
[[catalog.tables]]
name = "sums"
format = "csv-without-header"
columns = { day = "string", total = "double" }
"#,
    )
}

#[test]
fn the_tables_of_an_own_job_are_those_that_are_described() {
    let spec = own();
    assert!(spec.published_to().is_some());
    let tables = tables(&spec.config);
    insta::assert_json_snapshot!(tables[1]);
    let intent = LaunchIntent { attempt: 1, nonce: "0123456789abcdef".into(), choice: Choice::default() };
    let folder = "s3://my-log-bucket/processed-logs/2024/10/20/a1-0123456789abcdef/";
    let locations: Vec<String> = publications(&spec, &intent).into_iter().map(|p| p.location).collect();
    assert_eq!(locations, [format!("{folder}all/whole/"), format!("{folder}sums/")]);
    assert_eq!(table_folder(&spec, &intent, "whole").to_string(), locations[0]);
    assert_eq!(unready(&spec, &tables), []);
    assert_eq!(unready(&spec, &[]).len(), 2);
}

#[test]
fn an_own_job_without_tables_is_not_published() {
    let spec = crate::testing::spec_and(
        "[job]\nscript = \"report.py\"\nargs = [\"{output}\"]\n[catalog]\ndatabase = \"logs\"\n",
    );
    assert!(spec.published_to().is_none());
    assert_eq!(tables(&spec.config), []);
}

#[test]
fn a_header_that_comes_or_goes_is_incompatible() {
    let wanted = tables(&own().config).remove(1);
    let mut found = wanted.clone();
    found.parameters.insert(HEADER_LINES.into(), "1".into());
    let comparison = compare(&wanted, &found);
    assert!(matches!(comparison, Comparison::Incompatible { .. }), "{comparison:?}");
}
