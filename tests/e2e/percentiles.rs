//! Percentiles over thirty days, merged by SQL, against the exact ones of the raw times.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{World, python};

const SEED: u64 = 7;
const DAYS: u32 = 30;

fn day(number: u32) -> String {
    format!("2024-10-{number:02}")
}

/// A step for each day that writes the day's histogram as the job would.
fn scripts(folder: &Path) -> Value {
    let step = |number: u32| {
        let latency = std::fs::read_to_string(folder.join(format!("{}.csv", day(number)))).unwrap();
        let rows = latency.lines().count() - 1;
        let size = latency.replace("{run}", "a1-0123456789abcdef").len();
        let manifest = include_str!("../fixtures/scripted-manifest.json");
        let mut manifest: Value = serde_json::from_str(manifest).unwrap();
        manifest["day"] = day(number).into();
        manifest["format"] = "csv".into();
        let files = json!([{"path": "latency/part-0.csv", "size": size}]);
        manifest["tables"] = json!([{"name": "latency", "rows": rows, "files": files}]);
        json!({
            "args": format!(r"--output (?P<output>\S+/2024/10/{number:02}/\S+) --run (?P<run>\S+)"),
            "files": [
                {"uri": "{output}latency/part-0.csv", "content": latency},
                {"uri": "{output}manifest.json", "content": manifest.to_string()},
            ],
        })
    };
    json!({"steps": (1..=DAYS).map(step).collect::<Vec<_>>()})
}

/// A world with thirty days that were run, verified and published.
fn month() -> (World, Value) {
    let world = World::with("[catalog]\ndatabase = \"logs\"\n");
    let pipeline = std::fs::read_to_string(world.path().join("emrys.toml")).unwrap();
    world.write("emrys.toml", &pipeline.replace("processed-logs/\"", "processed-logs/\"\nformat = \"csv\""));
    let folder = world.path().join("month");
    std::fs::create_dir_all(&folder).unwrap();
    let arguments = [folder.to_str().unwrap(), &SEED.to_string()];
    let exact = python("latency_month.py", &arguments, &[]).expect(0).json();
    std::fs::write(world.local_dir().join("scripted-steps.json"), scripts(&folder).to_string()).unwrap();
    for number in 1..=DAYS {
        world.put_log_of(&day(number), "access.log", "{}\n");
    }
    world.emrys(&["setup", "--yes"]).expect(0);
    let days: Vec<String> = (1..=DAYS).map(day).collect();
    let here = &world;
    std::thread::scope(|scope| {
        for days in days.chunks(8) {
            scope.spawn(move || {
                for day in days {
                    here.emrys(&["run", "--day", day, "--json"]).expect(0);
                }
            });
        }
    });
    (world, exact)
}

/// Asserts that a row's percentiles are within 1% of the exact ones.
#[track_caller]
fn assert_close(row: &Value, exact: &Value, names: &[&str], of: &str) -> f64 {
    assert_eq!(row["requests"], exact["requests"], "{of}, seed {SEED}");
    let mut largest: f64 = 0.0;
    for name in names {
        let (found, right) = (row[format!("{name}_ms")].as_f64().unwrap(), exact[*name].as_f64().unwrap());
        let off = if right > 0.0 { (found / right - 1.0).abs() } else { found };
        assert!(off < 0.01, "{name} of {of} is {found}, and not {right}; seed {SEED}");
        largest = largest.max(off);
    }
    largest
}

#[test]
fn percentiles_of_thirty_days_are_within_one_percent_of_the_exact_ones() {
    let (world, exact) = month();
    let ask = |name: &str| {
        let (from, to) = (day(1), day(DAYS));
        let answer =
            world.emrys(&["query", "--named", name, "--from", &from, "--to", &to, "--json"]).expect(0);
        let rows = answer.json()["rows"].as_array().unwrap().clone();
        assert!(!rows.is_empty(), "{name}");
        rows
    };
    assert_close(&ask("latency")[0], &exact["all"], &["p50", "p90", "p95", "p99", "p999"], "all days");

    let routes: BTreeMap<String, Value> = serde_json::from_value(exact["routes"].clone()).unwrap();
    let slow = ask("slow-endpoints");
    assert_eq!((slow.len(), slow[0]["path"].as_str()), (routes.len(), Some("/reports")));
    for row in &slow {
        let path = row["path"].as_str().unwrap();
        assert_close(row, &routes[path], &["p50", "p95", "p99"], path);
    }

    let by_day = ask("latency-by-day");
    assert_eq!(by_day.len(), DAYS as usize);
    let off = by_day.iter().map(|row| {
        let date = row["date"].as_str().unwrap();
        assert_close(row, &exact["days"][date], &["p50", "p95", "p99"], date)
    });
    let largest = off.fold(0.0, f64::max);
    assert!(largest > 0.005, "times at the edges of buckets are among these: {largest}, seed {SEED}");

    // Only the days that are asked for are read.
    let scanned = |from: &str, to: &str| {
        let answer = world.emrys(&["query", "--named", "latency", "--from", from, "--to", to, "--json"]);
        answer.expect(0).json()["scanned_bytes"].as_u64().unwrap()
    };
    let (ten, thirty) = (scanned("2024-10-01", "2024-10-10"), scanned("2024-10-01", "2024-10-30"));
    assert!(ten * 2 < thirty && ten * 4 > thirty, "{ten} of {thirty} bytes");
}
