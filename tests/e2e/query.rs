//! Asking the published results, through the command and as a stranger asks.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::real_day::MADE_UP;
use crate::support::{DAY, Ended, World, python};

/// As people write it.
const STATEMENT: &str = "SELECT status_code, AVG(avg_response_time) AS avg_response_time
FROM processed_logs
WHERE date = '2024-10-20'
GROUP BY status_code;";

/// It takes minutes, and reads no table.
const LONG: &str = "SELECT sum(x * y) FROM UNNEST(sequence(1, 1000000)) AS a(x) CROSS JOIN UNNEST(sequence(1, 1000000)) AS b(y)";

const CATALOG: &str = "[catalog]\ndatabase = \"logs\"\nscan-limit-gigabytes = 100\n";

fn named(name: &str) -> Vec<Value> {
    let ended = MADE_UP.world.emrys(&["query", "--named", name, "--day", DAY, "--format", "json"]).expect(0);
    ended.json().as_array().unwrap().clone()
}

fn sum(rows: &[Value], column: &str) -> u64 {
    rows.iter().map(|row| row[column].as_u64().unwrap_or_else(|| panic!("no {column}: {row}"))).sum()
}

/// What boto3 is answered, with what the raw logs of the day say.
fn ask_as_a_stranger(statement: &str) -> Value {
    let raw = MADE_UP.world.bucket().join("application-logs/2024/10/20");
    let arguments = ["logs", "emrys", statement, raw.to_str().unwrap()];
    python("ask_athena.py", &arguments, &MADE_UP.world.environment()).expect(0).json()
}

#[test]
fn the_statement_as_people_write_it_gives_the_right_rows_to_the_command_and_to_a_stranger() {
    let answer = MADE_UP.world.emrys(&["query", STATEMENT, "--json"]).expect(0).json();
    let theirs = ask_as_a_stranger(STATEMENT);
    assert_eq!(theirs["state"], "SUCCEEDED", "{theirs:#}");
    assert_eq!(
        answer["columns"],
        json!([
            {"name": "status_code", "type": "integer"},
            {"name": "avg_response_time", "type": "double"},
        ])
    );
    let averages = theirs["expected"]["averages"].as_object().unwrap();
    let rows = answer["rows"].as_array().unwrap();
    assert_eq!((rows.len(), theirs["rows"].as_array().unwrap().len()), (averages.len(), averages.len()));
    for row in rows {
        let (status, average) = (row["status_code"].to_string(), row["avg_response_time"].as_f64().unwrap());
        let right = averages[&status].as_f64().unwrap();
        assert!((average / right - 1.0).abs() < 1e-12, "{status}: {average}, and not {right}");
        let theirs = theirs["rows"].as_array().unwrap().iter().find(|row| row[0] == status.as_str()).unwrap();
        let same: f64 = theirs[1].as_str().unwrap().parse().unwrap();
        assert!((same / average - 1.0).abs() < 1e-12, "{theirs}, and not {average}");
    }
    assert!(answer["scanned_bytes"].as_u64().unwrap() > 0, "{answer:#}");
    assert_eq!((&answer["billed_bytes"], &answer["cost_usd"]), (&json!(10_000_000), &json!(0.000_05)));
    assert_eq!((&answer["state"], &answer["workgroup"]), (&json!("succeeded"), &json!("emrys")));
    assert_eq!((&answer["error"], &answer["exit_code"]), (&Value::Null, &json!(0)));
}

#[test]
fn every_named_statement_answers_and_they_agree_with_the_raw_logs() {
    let right = ask_as_a_stranger("SELECT 1")["expected"].clone();
    let (access, failed) = (right["access"].as_u64().unwrap(), right["error_responses"].as_u64().unwrap());
    for name in ["status-codes", "error-share", "traffic-peaks", "latency", "latency-by-day"] {
        assert_eq!(sum(&named(name), "requests"), access, "{name}");
    }
    for row in named("status-codes") {
        assert_eq!(row["requests"], right["requests"][row["status_code"].to_string()], "{row}");
    }
    assert_eq!(sum(&named("error-share"), "errors"), failed);
    let peak = &named("traffic-peaks")[0];
    assert_eq!(json!([peak["peak_minute"], peak["peak_requests"]]), right["peak"]);
    assert_eq!(sum(&named("top-errors"), "occurrences"), right["errors"].as_u64().unwrap());
    assert_eq!(sum(&named("rejects"), "lines"), right["rejected"].as_u64().unwrap());
    let slow = named("slow-endpoints");
    assert!(!slow.is_empty() && slow.is_sorted_by_key(|row| -row["p99_ms"].as_f64().unwrap()), "{slow:#?}");
}

#[test]
fn csv_comes_page_by_page_and_is_what_athena_has_written() {
    let world = &MADE_UP.world;
    let statement =
        "SELECT hour, path, bucket, requests FROM latency WHERE date BETWEEN ? AND ? ORDER BY 1, 2, 3, 4";
    let before = world.calls("GetQueryResults").len();
    let csv = world.emrys(&["query", statement, "--day", DAY, "--format", "csv"]).expect(0);
    assert!(world.calls("GetQueryResults").len() >= before + 2, "more than one page");
    let answer = world.emrys(&["query", statement, "--day", DAY, "--json"]).expect(0).json();
    assert_eq!(csv.stdout.lines().count() as u64, answer["row_count"].as_u64().unwrap() + 1);
    assert!(answer["row_count"].as_u64().unwrap() > 1_000);
    assert_eq!(csv.stdout.lines().next(), Some("hour,path,bucket,requests"));
    let result = answer["result"].as_str().unwrap().strip_prefix("s3://my-log-bucket/").unwrap();
    let written = std::fs::read_to_string(world.bucket().join(result)).unwrap();
    // No value has a comma or a quote in it.
    assert_eq!(csv.stdout, written.replace('"', ""));
    let table = world.emrys(&["query", statement, "--day", DAY]).expect(0);
    assert_eq!(table.stdout.lines().count(), 1_002);
    assert!(
        table.stderr.contains("there are more rows: `--format csv` prints all of them"),
        "{}",
        table.stderr
    );
    assert!(table.stderr.contains("1 000 rows; "), "{}", table.stderr);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let statement = "SELECT hour, path, bucket, requests FROM latency WHERE date = ?";
    let mut command = MADE_UP.world.command(&["query", statement, "--day", DAY, "--format", "csv"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::with_capacity(64, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "hour,path,bucket,requests\n");
    let ended = Ended::from(child.wait_with_output().unwrap()).expect(0);
    assert!(!ended.stderr.contains("error"), "{}", ended.stderr);
}

#[test]
fn a_statement_that_fails_is_explained() {
    let world = &MADE_UP.world;
    let ended = world.emrys(&["query", "SELECT nope FROM latency WHERE date = '2024-10-20'"]).expect(1);
    assert!(ended.stdout.is_empty(), "{}", ended.stdout);
    assert!(ended.stderr.contains("error: COLUMN_NOT_FOUND: line 1:8: Column 'nope'"), "{}", ended.stderr);
    assert!(ended.stderr.contains("error 1000") && ended.stderr.contains("hint: "), "{}", ended.stderr);
    let document = world.emrys(&["query", "SELECT 1 FROM nope", "--json"]).expect(1).json();
    let error = &document["error"];
    assert_eq!((&document["state"], &document["exit_code"]), (&json!("failed"), &json!(1)));
    assert_eq!(
        (&error["kind"], &error["category"], &error["type"]),
        (&json!("query_failed"), &json!(2), &json!(1000))
    );
    assert!(error["hint"].as_str().unwrap().contains("emrys setup"), "{error:#}");
    let id = document["query_execution_id"].as_str().unwrap();
    assert!(world.calls("GetQueryExecution").iter().any(|call| call["resource"] == id));
}

#[test]
fn ctrl_c_stops_the_query_and_so_does_a_lost_terminal() {
    let world = World::with(CATALOG);
    world.emrys(&["setup", "--yes"]).expect(0);
    for signal in ["INT", "TERM", "HUP"] {
        let stopped = world.calls("StopQueryExecution").len();
        let mut query = world.start(&["query", LONG, "--json"]);
        query.wait_for("is RUNNING");
        query.signal(signal);
        let ended = query.end().expect(1);
        assert_eq!(world.calls("StopQueryExecution").len(), stopped + 1, "{signal}");
        let document = ended.json();
        assert_eq!(
            (&document["state"], &document["error"]["kind"]),
            (&json!("cancelled"), &json!("stopped"))
        );
        assert!(ended.stderr.contains("was stopped: it is CANCELLED"), "{}", ended.stderr);
    }
}

/// Operations that change something.
fn changing(world: &World) -> Vec<String> {
    let reads = ["Get", "Head", "List", "Describe", "BatchGet"];
    let operations = world.journal().into_iter().map(|entry| entry["operation"].as_str().unwrap().to_owned());
    operations.filter(|operation| !reads.iter().any(|read| operation.starts_with(read))).collect()
}

#[test]
fn setup_makes_workgroup_and_named_queries_once_and_destroy_removes_them() {
    let world = World::with(CATALOG);
    let dry = world.emrys(&["setup", "--dry-run", "--json"]).expect(0).json();
    assert_eq!(changing(&world), Vec::<String>::new());
    let kinds = |document: &Value, kind: &str, change: &str| {
        let items = document["items"].as_array().unwrap().iter();
        items.filter(|item| item["kind"] == kind && item["change"] == change).count()
    };
    assert_eq!((kinds(&dry, "workgroup", "create"), kinds(&dry, "named query", "create")), (1, 8), "{dry:#}");
    world.emrys(&["setup", "--yes"]).expect(0);
    assert_eq!(world.calls("CreateNamedQuery").len(), 8);
    assert_eq!(
        world.calls("CreateWorkGroup")[0]["request"]["Configuration"]["BytesScannedCutoffPerQuery"],
        json!(100_000_000_000_u64)
    );

    let calls = changing(&world);
    let again = world.emrys(&["setup", "--yes", "--json"]).expect(0).json();
    assert_eq!((changing(&world), &again["nothing_to_do"]), (calls, &json!(true)));

    // The file wants another limit: old and new are told.
    let pipeline = std::fs::read_to_string(world.path().join("emrys.toml")).unwrap();
    world.write("emrys.toml", &pipeline.replace("= 100", "= 200"));
    let changed = world.emrys(&["setup", "--yes"]).expect(0);
    assert!(changed.stdout.contains("scan limit: 100 GB -> 200 GB"), "{}", changed.stdout);
    assert_eq!(world.calls("UpdateWorkGroup").len(), 1);

    // Queries leave a history, with which Athena removes a workgroup only when told to.
    world.emrys(&["query", "SELECT 1"]).expect(0);
    world.emrys(&["destroy", "--yes"]).expect(0);
    assert_eq!((world.calls("DeleteNamedQuery").len(), world.calls("DeleteWorkGroup").len()), (8, 1));
    let gone = world.emrys(&["query", "SELECT 1", "--json"]).expect(2).json();
    assert_eq!(gone["error"]["kind"], "no_workgroup");
    assert!(gone["error"]["hint"].as_str().unwrap().contains("emrys setup"), "{gone:#}");
}

#[test]
fn a_query_over_the_scan_limit_is_ended_and_a_limit_changed_by_hand_is_told() {
    let world = MADE_UP.world.copy();
    // The least limit that Athena takes is ten megabytes, and a day of `latency` has fewer.
    let output = MADE_UP.report["output"].as_str().unwrap().strip_prefix("s3://my-log-bucket/").unwrap();
    let folder = world.bucket().join(output).join("latency");
    let part = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let copies = 10_000_000 / part.metadata().unwrap().len() + 1;
    for number in 0..copies {
        std::fs::copy(&part, folder.join(format!("copy-{number}.parquet"))).unwrap();
    }
    python("limit_scans.py", &["emrys", "10000000"], &world.environment()).expect(0);
    let ended = world.emrys(&["query", "--named", "latency", "--day", DAY, "--json"]).expect(1);
    let document = ended.json();
    assert_eq!(
        (&document["state"], &document["error"]["kind"]),
        (&json!("cancelled"), &json!("query_cancelled"))
    );
    assert!(ended.stderr.contains("Bytes scanned limit was exceeded"), "{}", ended.stderr);
    assert!(ended.stderr.contains("scan-limit-gigabytes"), "{}", ended.stderr);

    let setup = world.emrys(&["setup", "--yes"]).expect(0);
    assert!(setup.stdout.contains("somebody changed it since Emrys wrote it"), "{}", setup.stdout);
    assert!(setup.stdout.contains("scan limit: 10000000 bytes -> none"), "{}", setup.stdout);
    world.emrys(&["query", "--named", "latency", "--day", DAY]).expect(0);
}

#[test]
fn what_cannot_be_asked_is_told_before_any_call() {
    let world = World::new();
    let none = world.emrys(&["query", "SELECT 1", "--json"]).expect(2).json();
    assert!(none["error"]["message"].as_str().unwrap().contains("no `[catalog]`"), "{none:#}");
    let world = World::with(CATALOG);
    for (arguments, message) in [
        (vec!["query", "SELECT 1", "--day", DAY], "no `?`"),
        (vec!["query", "SELECT ?", "--from", DAY, "--to", "2024-10-21"], "fill two"),
        (vec!["query", "SELECT ?", "--from", DAY, "--to", "2024-10-19"], "there is no day"),
        (vec!["query", "--named", "nope"], "possible values: status-codes, "),
        (vec!["query"], "required arguments"),
    ] {
        let ended = world.emrys(&arguments).expect(2);
        assert!(ended.stderr.contains(message), "{arguments:?}: {}", ended.stderr);
    }
    assert_eq!(world.journal(), Vec::<Value>::new());
}
