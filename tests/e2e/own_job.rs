//! A user's own PySpark job, unmodified, on a real Spark.

use std::fs;

use crate::support::{DAY, World};

/// As a user brought it.
const LOG_ANALYSIS: &str = r#"from pyspark.sql import SparkSession
spark = SparkSession.builder.appName("LogAnalysis").getOrCreate()
logs_df = spark.read.json("s3://my-log-bucket/application-logs/2024/10/20/*.log")
processed_df = logs_df.groupBy("status_code").agg({"response_time": "avg", "status_code": "count"})
processed_df.write.csv("s3://my-log-bucket/processed-logs/2024/10/20/")
spark.stop()
"#;

const THREE_LINES: &str = r#"{"status_code": 200, "response_time": 10}
{"status_code": 200, "response_time": 25}
{"status_code": 500, "response_time": 900}
"#;

const JOB: &str = "[job]\nscript = \"log_analysis.py\"\n";

#[test]
fn a_job_with_a_fixed_address_runs_once_and_a_second_time_is_refused_before_the_launch() {
    let world = World::with(JOB);
    world.write("log_analysis.py", LOG_ANALYSIS);
    world.put_log("access.log", THREE_LINES);
    let report = world.run().expect(0).json();
    assert_eq!(report["outcome"], "succeeded");
    assert!(report["rows_read"].is_null(), "nobody counted the rows: {report}");

    let mut rows: Vec<String> = fs::read_dir(world.bucket().join("processed-logs/2024/10/20"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "csv"))
        .flat_map(|path| fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    rows.sort();
    assert_eq!(rows, ["200,2,17.5", "500,1,900.0"]);

    let again = world.run().expect(2);
    let text = again.stdout.clone() + &again.stderr;
    assert!(text.contains("{output}"), "the hint names the way out: {text}");
    assert_eq!(world.calls("RunJobFlow").len(), 1);
}

/// Only a command that may launch needs the script: the others work on a machine that does not have it.
#[test]
fn a_day_is_shown_and_cancelled_on_a_machine_without_the_script() {
    let world = World::with(JOB);
    let missing = world.emrys(&["plan", "--day", DAY]).expect(2);
    assert!(missing.stderr.contains("cannot read `log_analysis.py`"), "{}", missing.stderr);
    let shown = world.emrys(&["status", DAY]).expect(0);
    assert!(shown.stdout.contains("was not run yet"), "{}", shown.stdout);
    let cancelled = world.emrys(&["cancel", DAY]);
    assert!(!cancelled.stderr.contains("log_analysis.py"), "{}", cancelled.stderr);
    world.emrys(&["runs", "--json"]).expect(0);
    world.emrys(&["sweep"]).expect(0);
}

#[test]
fn a_job_that_raises_ends_the_run_with_its_traceback() {
    let world = World::with(JOB);
    world.write(
        "log_analysis.py",
        "def analyse():\n    raise ValueError('no such column: status')\n\nanalyse()\n",
    );
    world.put_log("access.log", "{}\n");
    let ended = world.run().expect(1);
    let report = ended.json();
    let lines = report["diagnosis"]["lines"].to_string();
    assert!(lines.contains("ValueError: no such column: status") && lines.contains("analyse()"), "{report}");
    let log = report["diagnosis"]["log"].as_str().unwrap();
    assert!(log.ends_with("/stdout.gz"), "{log}");
    assert!(ended.stderr.contains("ValueError") && ended.stderr.contains(log), "{}", ended.stderr);
    assert!(report["cluster_state"].as_str().unwrap().starts_with("TERMINATED"));
    let status = world.emrys(&["status", DAY]).expect(0);
    assert!(status.stdout.contains("failed"), "{}", status.stdout);
}

/// Two tables below `{output}`, one of CSV as Spark writes it by itself; the second only on request.
const TWO_TABLES: &str = r#"import sys
from pyspark.sql import SparkSession, functions as F
spark = SparkSession.builder.getOrCreate()
source, output, more = sys.argv[1:4]
logs = spark.read.json(source)
codes = logs.groupBy("status_code").agg(F.count("*").alias("requests"), F.avg("response_time").alias("average"))
codes.select(F.col("status_code").cast("int"), "requests", "average").coalesce(1).write.parquet(output + "codes/")
if more == "both":
    logs.agg(F.max("response_time")).coalesce(1).write.csv(output + "longest/")
spark.stop()
"#;

const TWO_TABLES_OF_THE_CATALOG: &str = r#"[job]
script = "two_tables.py"
args = ["{input}", "{output}", "both"]

[catalog]
database = "shop"

[[catalog.tables]]
name = "codes"
columns = { status_code = "int", requests = "bigint", average = "double" }

[[catalog.tables]]
name = "longest"
format = "csv-without-header"
columns = { response_time = "bigint" }
"#;

#[test]
fn the_tables_of_an_own_job_are_published_once_each_was_written() {
    let world = World::with(TWO_TABLES_OF_THE_CATALOG);
    world.write("two_tables.py", TWO_TABLES);
    world.put_log("access.log", THREE_LINES);
    let ended = world.run().expect(2);
    assert!(ended.stderr.contains("`emrys setup`"), "no table, no launch: {}", ended.stderr);
    world.emrys(&["setup", "--yes"]).expect(0);
    let ended = world.run().expect(0);
    let report = ended.json();
    assert_eq!((&report["published"], &report["checked_by"]), (&true.into(), &"files".into()), "{report}");
    assert!(ended.stderr.contains("without a manifest nobody counted rows"), "{}", ended.stderr);
    let rows = |sql: &str| world.emrys(&["query", "--format", "csv", sql]).expect(0).stdout;
    let both = "SELECT status_code, requests, average FROM codes WHERE date = '2024-10-20' ORDER BY 1";
    let codes = rows(both);
    assert_eq!(codes, "status_code,requests,average\n200,2,17.5\n500,1,900.0\n");
    assert_eq!(rows("SELECT date, response_time FROM longest"), "date,response_time\n2024-10-20,900\n");
    let named = world.emrys(&["query", "--named", "latency"]).expect(2);
    assert!(named.stderr.contains("this pipeline has a job of its own"), "{}", named.stderr);

    // A job that lacks one of them changes nothing of what queries see.
    let config = fs::read_to_string(world.path().join("emrys.toml")).unwrap();
    world.write("emrys.toml", &config.replace("\"both\"", "\"one\""));
    let ended = world.run().expect(1);
    let report = ended.json();
    assert_eq!((&report["published"], &report["attempt"]), (&false.into(), &2.into()), "{report}");
    assert!(ended.stderr.contains("nothing was written for the table longest"), "{}", ended.stderr);
    assert_eq!(rows(both), codes);
}
