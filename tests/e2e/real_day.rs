//! The whole pipeline with the real job on a real Spark, looked at by judges that share no code with it.

use std::sync::LazyLock;

use serde_json::Value;

use crate::support::{DAY, World, logs, python};

/// A day that was run once, for all tests of this file to look at.
pub(crate) struct Day {
    pub(crate) world: World,
    pub(crate) report: Value,
}

/// A made-up day, published; who changes anything about its world takes a copy of it.
pub(crate) static MADE_UP: LazyLock<Day> = LazyLock::new(|| {
    let world = Day::world();
    let report = world.run().expect(0).json();
    Day { world, report }
});

impl Day {
    /// A world with a made-up day that is yet to be run.
    pub(crate) fn world() -> World {
        let world = World::with("[catalog]\ndatabase = \"logs\"\n");
        world.put_log("access.log", logs::day(DAY, 4_000, 7));
        world.emrys(&["setup", "--yes"]).expect(0);
        world
    }

    /// Compares every table with a recomputation over the raw lines.
    pub(crate) fn assert_numbers_are_right(&self) {
        let raw = self.world.bucket().join("application-logs/2024/10/20");
        let output = self.report["output"].as_str().unwrap().replace("s3://my-log-bucket", "");
        let output = self.world.bucket().join(output.trim_start_matches('/'));
        python("compare_tables.py", &["--output", output.to_str().unwrap(), raw.to_str().unwrap()], &[])
            .expect(0);
    }
}

#[test]
fn the_numbers_are_those_of_an_independent_computation() {
    MADE_UP.assert_numbers_are_right();
    let report = &MADE_UP.report;
    assert_eq!(report["outcome"], "succeeded");
    assert_eq!(report["rows_read"], 4_001, "the truncated last line is a row too");
    assert!(report["rows_rejected"].as_u64().unwrap() > 0, "{report}");
}

#[test]
fn a_stranger_s_sdk_finds_the_cluster_its_logs_the_metrics_and_the_alarm() {
    let cluster = MADE_UP.report["cluster_id"].as_str().unwrap();
    let arguments = [cluster, "s3://my-log-bucket/emrys/emr-logs/", "web-logs"];
    let seen = python("boto3_view.py", &arguments, &MADE_UP.world.environment()).expect(0).json();
    assert_eq!(seen["cluster"]["state"], "TERMINATED", "{seen:#}");
    assert_eq!(seen["cluster"]["reason"], "ALL_STEPS_COMPLETED");
    assert_eq!(seen["clusters"], serde_json::json!([cluster]));
    let steps = seen["steps"].as_array().unwrap();
    assert!(!steps.is_empty() && steps.iter().all(|step| step["state"] == "COMPLETED"), "{seen:#}");
    let step = steps[0]["id"].as_str().unwrap();
    for log in ["controller", "stdout", "stderr"] {
        let name = format!("{cluster}/steps/{step}/{log}.gz");
        assert!(seen["logs"][&name].is_string(), "{name} is missing: {seen:#}");
    }
    assert_eq!(seen["metrics"]["RowsRead"], 4_001.0);
    assert!(seen["metrics"]["ErrorResponses"].as_f64().unwrap() > 0.0);
    assert!(seen["alarms"]["emrys/web-logs/no-success"].is_string(), "{seen:#}");
}

#[test]
fn every_request_of_the_run_is_one_that_botocore_would_send() {
    MADE_UP.world.assert_journal_is_valid();
}

#[test]
fn the_numbers_of_a_real_log_are_right_too_and_so_in_csv() {
    let world = World::with("");
    let pipeline = std::fs::read_to_string(world.path().join("emrys.toml")).unwrap();
    world.write("emrys.toml", &pipeline.replace("processed-logs/\"", "processed-logs/\"\nformat = \"csv\""));
    let log =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/real-logs/elastic-apache-access.log.gz");
    let rendered = python("apache_to_jsonl.py", &[log], &[]).expect(0).stdout;
    assert!(rendered.lines().count() >= 10_000);
    world.put_log("access.log", rendered);
    let report = world.run().expect(0).json();
    let day = Day { world, report };
    day.assert_numbers_are_right();
    assert_eq!(day.report["rows_read"], 10_000);
}

impl World {
    /// Lets botocore judge every request that this world has seen.
    pub(crate) fn assert_journal_is_valid(&self) {
        let journal = self.journal_path();
        python("validate_journal.py", &[journal.to_str().unwrap()], &[]).expect(0);
    }
}

/// The manifests that scripted steps write follow the same schema as a real one: they must not drift apart.
#[test]
fn the_scripted_manifest_has_the_form_of_a_real_one() {
    let output = MADE_UP.report["output"].as_str().unwrap().replace("s3://my-log-bucket/", "");
    let text = std::fs::read_to_string(MADE_UP.world.bucket().join(output).join("manifest.json")).unwrap();
    let real: Value = serde_json::from_str(&text).unwrap();
    let scripted: Value = serde_json::from_str(include_str!("../fixtures/scripted-manifest.json")).unwrap();
    assert_eq!(form(&scripted), form(&real));
    // And nothing of the run is left in the process table.
    #[cfg(target_os = "linux")]
    assert_eq!(MADE_UP.world.processes(), Vec::<String>::new());
}

/// The names and types of a JSON value; of a list, those of its first item.
fn form(value: &Value) -> Value {
    match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), form(value))).collect(),
        Value::Array(items) => items.first().map(form).into_iter().collect(),
        Value::String(_) => "text".into(),
        Value::Number(_) => "number".into(),
        other => other.clone(),
    }
}
