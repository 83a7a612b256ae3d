//! One directory with a pipeline file and an embedded AWS.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::{Background, Ended, python};

/// The day that the tests analyse.
pub(crate) const DAY: &str = "2024-10-20";

/// A test's own world. The daemon is stopped when it goes out of scope.
pub(crate) struct World {
    dir: TempDir,
}

impl World {
    /// A world with the usual pipeline, a bucket, and no logs.
    pub(crate) fn new() -> Self {
        Self::with("")
    }

    /// A world whose pipeline has further sections.
    pub(crate) fn with(sections: &str) -> Self {
        let world = Self { dir: tempfile::tempdir().unwrap() };
        fs::create_dir_all(world.bucket()).unwrap();
        world.write("emrys.toml", &format!("{PIPELINE}\n{sections}"));
        world
    }

    /// A world with logs, whose job follows a script: it takes no time and writes what a real one wrote.
    pub(crate) fn scripted(sections: &str) -> Self {
        let world = Self::with(sections);
        world.put_log("access.log", "{}\n");
        world.script(0, 0);
        world
    }

    /// Another world that is as this one is now, with a daemon of its own.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self { dir: tempfile::tempdir().unwrap() };
        // The daemon writes everything down before it answers. Its process and its journal stay behind.
        copy_folder(
            self.path(),
            copy.path(),
            &["work", "address.json", "daemon.lock", "daemon.log", "journal.jsonl"],
        );
        copy
    }

    /// Lets the job's step follow a script: so long, with this exit code, and with the output of a real job.
    pub(crate) fn script(&self, duration_ms: u64, exit_code: i32) {
        let manifest = include_str!("../../fixtures/scripted-manifest.json").replace(DAY, "{yyyy}-{mm}-{dd}");
        let files =
            [("manifest.json", manifest.as_str()), ("processed_logs/part-0.parquet", "not really parquet")];
        let files: Vec<Value> = files
            .iter()
            .map(
                |(name, content)| serde_json::json!({"uri": format!("{{output}}{name}"), "content": content}),
            )
            .collect();
        let script = serde_json::json!({"steps": [{
            "args": r"--output (?P<output>\S+/(?P<yyyy>\d{4})/(?P<mm>\d\d)/(?P<dd>\d\d)/\S+) --run (?P<run>\S+)",
            "duration_ms": duration_ms,
            "exit_code": exit_code,
            "files": if exit_code == 0 { files } else { Vec::new() },
            "stderr": if exit_code == 0 { "" } else { "Traceback (most recent call last):\nValueError: scripted\n" },
        }]});
        self.script_file(&script);
    }

    /// Lets steps follow these scripts, the first that fits.
    pub(crate) fn script_steps(&self, steps: &Vec<Value>) {
        self.script_file(&serde_json::json!({ "steps": steps }));
    }

    fn script_file(&self, script: &Value) {
        fs::create_dir_all(self.local_dir()).unwrap();
        fs::write(self.local_dir().join("scripted-steps.json"), script.to_string()).unwrap();
    }

    /// The same for steps from now on, in a world that is at work already: its daemon reads the script when it starts.
    pub(crate) fn script_anew(&self, duration_ms: u64, exit_code: i32) {
        self.emrys(&["local", "stop"]).expect(0);
        self.script(duration_ms, exit_code);
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn local_dir(&self) -> PathBuf {
        self.path().join("local")
    }

    /// The folder of the bucket.
    pub(crate) fn bucket(&self) -> PathBuf {
        self.local_dir().join("s3/my-log-bucket")
    }

    /// Where the record of a day lies.
    pub(crate) fn ledger_path(&self, day: &str) -> PathBuf {
        self.bucket().join(format!("emrys/web-logs/{day}/ledger.json"))
    }

    /// The events in the record of a day, as it lies in the store; none where there is no record, or where it is just
    /// being written.
    pub(crate) fn recorded(&self, day: &str) -> Vec<Value> {
        let read = fs::read(self.ledger_path(day)).ok().and_then(|text| serde_json::from_slice(&text).ok());
        let mut ledger: Value = read.unwrap_or_default();
        ledger["events"].as_array_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Lets calls of its AWS meet these faults, in a world that may be at work already: its daemon reads them when it
    /// starts.
    pub(crate) fn fault_calls(&self, calls: &Value) {
        let _ = self.emrys(&["local", "stop"]);
        fs::write(self.local_dir().join("faults.json"), serde_json::json!({ "calls": calls }).to_string())
            .unwrap();
    }

    /// All schedules, as a stranger's SDK sees them.
    pub(crate) fn schedules(&self) -> Value {
        python("schedules.py", &["list"], &self.environment()).expect(0).json()
    }

    pub(crate) fn write(&self, name: &str, content: &str) {
        fs::write(self.path().join(name), content).unwrap();
    }

    /// Puts a file into the day's folder.
    pub(crate) fn put_log(&self, name: &str, content: impl AsRef<[u8]>) {
        self.put_log_of(DAY, name, content);
    }

    /// Puts a file into another day's folder.
    pub(crate) fn put_log_of(&self, day: &str, name: &str, content: impl AsRef<[u8]>) {
        let folder = self.bucket().join("application-logs").join(day.replace('-', "/"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), content).unwrap();
    }

    /// The command, without any AWS of the environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_emrys"));
        command
            .current_dir(self.path())
            .arg("--local")
            .arg("--local-dir")
            .arg(self.local_dir())
            .args(arguments);
        without_aws(&mut command);
        command
    }

    /// Runs the command to its end.
    pub(crate) fn emrys(&self, arguments: &[&str]) -> Ended {
        self.command(arguments).output().unwrap().into()
    }

    /// Runs the day, and gives the document of the run.
    pub(crate) fn run(&self) -> Ended {
        self.emrys(&["run", "--day", DAY, "--json"])
    }

    /// All clusters and their states, as a stranger's SDK sees them.
    pub(crate) fn cluster_states(&self) -> BTreeMap<String, String> {
        let seen = python("clusters.py", &["states"], &self.environment()).expect(0).json();
        serde_json::from_value(seen).unwrap()
    }

    /// Asserts that a stranger's SDK sees no cluster that still costs money.
    #[track_caller]
    pub(crate) fn assert_nothing_is_left(&self) {
        let states = self.cluster_states();
        assert!(states.values().all(|state| state.starts_with("TERMINATED")), "{states:?}");
    }

    /// The names of the processes of its steps: all work in a folder of their step, by the kernel's table of processes.
    #[cfg(target_os = "linux")]
    pub(crate) fn processes(&self) -> Vec<String> {
        let work = self.local_dir().join("work").canonicalize();
        let Ok(work) = work else { return Vec::new() };
        let all = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
        let is_ours = |process: &PathBuf| {
            // One that has ended meanwhile has no folder any more, and is none.
            fs::read_link(process.join("cwd")).is_ok_and(|folder| folder.starts_with(&work))
        };
        all.filter(is_ours)
            .filter_map(|process| fs::read_to_string(process.join("comm")).ok())
            .map(|name| name.trim_end().to_owned())
            .collect()
    }

    /// Starts the command beside the test.
    pub(crate) fn start(&self, arguments: &[&str]) -> Background {
        Background::start(self.command(arguments))
    }

    /// The calls that reached the embedded AWS.
    pub(crate) fn journal(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.journal_path()).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub(crate) fn journal_path(&self) -> PathBuf {
        self.local_dir().join("journal.jsonl")
    }

    /// The calls of one operation.
    pub(crate) fn calls(&self, operation: &str) -> Vec<Value> {
        self.journal().into_iter().filter(|entry| entry["operation"] == operation).collect()
    }

    /// The environment that a foreign client needs.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let document = self.emrys(&["local", "env", "--json"]).expect(0).json();
        let variables = document["environment"].as_object().unwrap();
        variables.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
    }
}

impl Drop for World {
    /// Stops the daemon, and lets botocore judge every request that reached it.
    fn drop(&mut self) {
        let _ = self.command(&["local", "stop"]).output();
        if self.journal_path().exists() && !std::thread::panicking() {
            self.assert_journal_is_valid();
        }
    }
}

/// Copies a folder, as far as it is still there: a daemon may be at work in it.
fn copy_folder(from: &Path, to: &Path, but: &[&str]) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).into_iter().flatten().flatten() {
        let target = to.join(entry.file_name());
        if but.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target, but);
        } else if let Err(error) = fs::copy(entry.path(), target) {
            assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{error}");
        }
    }
}

/// Takes everything of AWS out of a command's environment.
pub(crate) fn without_aws(command: &mut Command) {
    for (name, _) in
        std::env::vars().filter(|(name, _)| name.starts_with("AWS_") || name.starts_with("EMRYS_"))
    {
        if name != "EMRYS_CACHE_DIR" && name != "EMRYS_PYTHON" {
            command.env_remove(name);
        }
    }
    command.env("AWS_CONFIG_FILE", "/nonexistent").env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent");
    command.env("NO_COLOR", "1");
}

const PIPELINE: &str = include_str!("../../fixtures/pipeline.toml");
