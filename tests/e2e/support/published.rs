//! Days whose output is prepared, real to the last byte: CSV files of all tables, and a manifest that fits.

use emrys_core::catalog::{Table, tables};
use serde_json::{Value, json};

use super::{DAY, World};

/// A way to spoil what a step writes: its manifest, and its files with their paths.
pub(crate) type Spoil = fn(&mut Value, &mut Vec<(String, String)>);

impl World {
    /// A world whose pipeline publishes CSV, with logs, tables that are set up, and steps that take no time. The output
    /// of attempts with these numbers is spoiled like this.
    pub(crate) fn published(sections: &str, spoiled: &[(u32, Spoil)]) -> Self {
        Self::published_after(0, sections, spoiled)
    }

    /// The same with steps that take so long.
    pub(crate) fn published_after(duration_ms: u64, sections: &str, spoiled: &[(u32, Spoil)]) -> Self {
        let world =
            Self::with(&format!("[catalog]\ndatabase = \"logs\"\n[limits]\nmax-attempts = 90\n{sections}"));
        world.edit("processed-logs/\"", "processed-logs/\"\nformat = \"csv\"");
        world.put_log("access.log", "{}\n");
        let text = std::fs::read_to_string(world.path().join("emrys.toml")).unwrap();
        let tables = tables(&emrys_core::pipeline_file::read("emrys.toml", &text).unwrap());
        let special = spoiled.iter().map(|(attempt, spoil)| step(&tables, &attempt.to_string(), 1, *spoil));
        let ordinary = [1, 2].map(|digits| step(&tables, &format!(r"\d{{{digits}}}"), digits, |_, _| {}));
        let mut steps: Vec<Value> = special.chain(ordinary).collect();
        for step in &mut steps {
            step["duration_ms"] = duration_ms.into();
        }
        world.script_steps(&steps);
        world.emrys(&["setup", "--yes"]).expect(0);
        world
    }

    /// Changes a text of the pipeline file.
    pub(crate) fn edit(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.path().join("emrys.toml")).unwrap();
        assert!(text.contains(from), "{from} is not in the pipeline file");
        self.write("emrys.toml", &text.replacen(from, to, 1));
    }

    /// The day's record as if everything in it had happened so many days earlier.
    pub(crate) fn backdate(&self, days: i64) {
        let path = self.ledger_path(DAY);
        let mut ledger: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        for event in ledger["events"].as_array_mut().unwrap() {
            let at: jiff::Timestamp = event["at"].as_str().unwrap().parse().unwrap();
            event["at"] = (at - jiff::SignedDuration::from_hours(24 * days)).to_string().into();
        }
        std::fs::write(path, ledger.to_string()).unwrap();
    }

    /// The day's record, as `emrys runs` prints it.
    pub(crate) fn record(&self) -> Value {
        self.emrys(&["runs", DAY, "--json"]).expect(0).json()
    }

    /// The attempt that all tables serve for the day.
    #[track_caller]
    pub(crate) fn served(&self) -> Value {
        let catalog = self.record()["catalog"].clone();
        let attempts: Vec<&Value> = catalog.as_array().unwrap().iter().map(|row| &row["attempt"]).collect();
        assert_eq!(attempts.len(), 6, "{catalog}");
        assert!(attempts.iter().all(|attempt| *attempt == attempts[0]), "{catalog:#}");
        attempts[0].clone()
    }
}

/// A step that does what the built-in job does, of attempts whose number fits the pattern and has so many digits.
fn step(tables: &[Table], attempt: &str, digits: usize, spoil: Spoil) -> Value {
    let growth = "a-0123456789abcdef".len() + digits;
    let size = |content: &str| {
        content.len() + content.matches("{run}").count() * growth
            - content.matches("{run}").count() * "{run}".len()
    };
    let mut files: Vec<(String, String)> =
        tables.iter().map(|table| (format!("{}/part-0.csv", table.name), rows(table))).collect();
    let listed = tables.iter().zip(&files).map(|(table, (path, content))| {
        json!({ "name": table.name, "rows": 2, "files": [{ "path": path, "size": size(content) }] })
    });
    let mut manifest = json!({
        "version": 1, "job": { "name": "log_analysis", "version": "1.0.0" }, "spark_version": "3.5.9",
        "run": "{run}", "day": "{yyyy}-{mm}-{dd}", "format": "csv",
        "started_at": "2024-10-21T03:00:00Z", "finished_at": "2024-10-21T03:00:09Z",
        "rows": { "read": 100, "parsed": 99, "rejected": 1 },
        "counts": { "access": 98, "errors": 1, "error_responses": 2 },
        "tables": listed.collect::<Vec<_>>(),
    });
    spoil(&mut manifest, &mut files);
    files.push(("manifest.json".to_owned(), manifest.to_string()));
    let files = files.into_iter();
    json!({
        "args": format!(r"--output (?P<output>\S+/(?P<yyyy>\d{{4}})/(?P<mm>\d\d)/(?P<dd>\d\d)/\S+) --run (?P<run>a{attempt}-\S+)"),
        "files": files.map(|(path, content)| json!({ "uri": format!("{{output}}{path}"), "content": content }))
            .collect::<Vec<_>>(),
    })
}

/// A header, and two rows of the attempt.
fn rows(table: &Table) -> String {
    let columns = &table.storage_descriptor.columns;
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let row: Vec<&str> = columns
        .iter()
        .map(|column| match (column.name.as_str(), column.kind.as_str()) {
            ("run", _) => "{run}",
            (_, "string") => "text",
            _ => "1",
        })
        .collect();
    let row = row.join(",");
    format!("{}\n{row}\n{row}\n", names.join(","))
}
