//! The process that drives a run dies, or is asked to stop, while the real job is at work in a real Spark.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::real_day::Day;
use crate::support::{Background, DAY, World, python};

/// Starts the day, and waits until its Spark is at work.
fn start(world: &World) -> Background {
    let mut run = world.start(&["run", "--day", DAY, "--json"]);
    run.wait_for("step log-analysis RUNNING");
    assert!(run.until(|| world.is_spark_at_work()));
    run
}

impl World {
    /// Asserts that nothing of the day is left: neither a cluster, as a stranger's SDK sees them, nor a process.
    #[track_caller]
    fn assert_all_is_over(&self) {
        self.assert_nothing_is_left();
        assert_eq!(self.processes(), Vec::<String>::new(), "a process of a step is left");
    }

    /// Whether there is a JVM.
    fn is_spark_at_work(&self) -> bool {
        self.processes().iter().any(|name| name == "java")
    }

    /// What lies in the folder of an attempt, file by file: those of tables, and the manifest at last.
    fn written(&self, attempt: u32) -> Vec<String> {
        let entries =
            |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().collect::<Vec<_>>();
        let name = |entry: &fs::DirEntry| entry.file_name().into_string().unwrap();
        let day = entries(&self.bucket().join("processed-logs/2024/10/20"));
        let folder = day.iter().find(|entry| name(entry).starts_with(&format!("a{attempt}-")));
        let mut files = Vec::new();
        for entry in folder.map(|folder| entries(&folder.path())).unwrap_or_default() {
            let table = name(&entry);
            let parts = entries(&entry.path());
            files.extend(parts.iter().map(|part| format!("{table}/{}", name(part))));
            files.extend(entry.path().is_file().then_some(table));
        }
        files.sort();
        files
    }
}

#[test]
fn a_killed_command_leaves_spark_at_work_and_the_next_one_takes_the_day_to_its_end() {
    let world = Day::world();
    let run = start(&world);
    run.signal("KILL");
    assert_eq!(run.end().code, None);
    assert!(world.is_spark_at_work(), "the cluster knows nothing of who watched it");

    let report = world.run().expect(0).json();
    assert_eq!((&report["outcome"], &report["attempt"]), (&json!("succeeded"), &json!(1)));
    assert_eq!((report["rows_read"].as_u64(), world.served()), (Some(4_001), json!(1)));
    assert_eq!(world.calls("RunJobFlow").len(), 1);
    assert!(world.calls("TerminateJobFlows").is_empty());
    world.assert_all_is_over();
    Day { world, report }.assert_numbers_are_right();
}

#[test]
fn ctrl_c_ends_spark_in_the_middle_of_its_output_and_nobody_sees_the_half_of_it() {
    let world = Day::world();
    let mut run = start(&world);
    let has_a_table = || world.written(1).iter().any(|file| file.contains("/part-"));
    assert!(run.until(has_a_table), "it was over before it could be cancelled");
    run.signal("INT");
    let report = run.end().expect(1).json();
    assert_eq!((&report["outcome"], &report["cluster_state"]), (&json!("cancelled"), &json!("TERMINATED")));
    assert_eq!(world.calls("TerminateJobFlows").len(), 1);
    world.assert_all_is_over();
    let half = world.written(1);
    assert!(has_a_table() && !half.contains(&"manifest.json".to_owned()), "{half:?}");
    assert_eq!(world.served(), Value::Null);

    let report = world.run().expect(0).json();
    assert_eq!((&report["outcome"], &report["attempt"]), (&json!("succeeded"), &json!(2)));
    assert_eq!(world.calls("RunJobFlow").len(), 2);
    world.assert_all_is_over();
    assert_eq!(world.written(1), half, "the folder of the first attempt is its own");
    let seen = python("partitions.py", &["logs"], &world.environment()).expect(0).json();
    for (table, partitions) in seen.as_object().unwrap() {
        let second = format!("{}{table}/", report["output"].as_str().unwrap());
        assert_eq!(partitions, &json!({ DAY: second }));
    }
    Day { world, report }.assert_numbers_are_right();
}

#[test]
fn a_term_signal_stops_the_watching_of_spark_and_attach_sees_the_day_to_its_end() {
    let world = Day::world();
    let run = start(&world);
    run.signal("TERM");
    let left = run.end().expect(5);
    assert!(left.stderr.contains(&format!("attach {DAY}")), "{}", left.stderr);
    assert!(world.is_spark_at_work(), "the run goes on");
    let status = world.emrys(&["status", DAY, "--json"]).expect(0).json();
    assert_eq!((&status["outcome"], &status["attempt"]), (&Value::Null, &json!(1)), "{status}");

    let report = world.emrys(&["attach", DAY, "--json"]).expect(0).json();
    assert_eq!((&report["outcome"], &report["attempt"]), (&json!("succeeded"), &json!(1)));
    assert_eq!((report["rows_read"].as_u64(), world.served()), (Some(4_001), json!(1)));
    assert_eq!(world.calls("RunJobFlow").len(), 1);
    assert!(world.calls("TerminateJobFlows").is_empty());
    world.assert_all_is_over();
}
