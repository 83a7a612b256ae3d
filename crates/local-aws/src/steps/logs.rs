//! A step's logs, as EMR lays them out: `<LogUri>/<cluster>/steps/<step>/{controller,stdout,stderr}.gz`.

use std::fmt::Write as _;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;

use super::{Outcome, RunnerConfig};
use crate::clock::Clock;
use crate::world::{StepExit, StepLaunch, Work};

/// What the cluster itself says about a step.
pub(super) struct Controller {
    clock: Clock,
    began: Timestamp,
    text: String,
}

impl Controller {
    pub(super) fn new(clock: &Clock) -> Self {
        Self { clock: clock.clone(), began: clock.now(), text: String::new() }
    }

    pub(super) fn info(&mut self, line: &str) {
        self.line("INFO", line);
    }

    pub(super) fn warn(&mut self, line: &str) {
        self.line("WARN", line);
    }

    pub(super) fn begin(&mut self, launch: &StepLaunch) {
        self.info(&format!(
            "step {} \"{}\" of cluster {} begins",
            launch.step_id, launch.name, launch.cluster_id
        ));
        if let Work::Scripted(_) = launch.work {
            self.warn("a script answers in this step's place: nothing is really run");
        }
        for remark in &launch.remarks {
            self.warn(remark);
        }
    }

    pub(super) fn end(&mut self, exit: &StepExit) {
        match exit {
            StepExit::Exited(0) => self.info("waitProcessCompletion ended with exit code 0"),
            StepExit::Exited(code) => {
                self.warn(&format!("waitProcessCompletion ended with exit code {code}"));
            }
            // As Java counts it, and EMR's controller with it. A `timeout` that has to kill ends with its command.
            StepExit::Signalled(signal) => self.warn(&format!(
                "waitProcessCompletion ended with exit code {}: a signal ended the process",
                128 + signal
            )),
            StepExit::CouldNotStart(why) => self.warn(&format!("the step could not be run: {why}")),
        }
    }

    fn line(&mut self, level: &str, line: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{:.3} {level} {line}", self.clock.now());
    }
}

/// The logs of a step, packed.
#[derive(Debug)]
pub(super) struct Logs {
    /// The address that they are below.
    pub(super) folder: String,
    files: Vec<(String, Vec<u8>)>,
}

impl Logs {
    /// The logs of a step that has ended; `None` when the cluster keeps none.
    pub(super) fn new(launch: &StepLaunch, controller: &Controller, outcome: &Outcome) -> Option<Self> {
        let base = launch.log_uri.as_ref()?;
        let slash = if base.ends_with('/') { "" } else { "/" };
        let folder = format!("{base}{slash}{}/steps/{}/", launch.cluster_id, launch.step_id);
        let logs = [
            ("controller", controller.text.as_bytes()),
            ("stdout", outcome.stdout.as_slice()),
            ("stderr", outcome.stderr.as_slice()),
        ];
        let hour = controller.began.strftime("%Y-%m-%d-%H").to_string();
        let mut files = Vec::new();
        for (name, content) in logs {
            let (old, new) = content.split_at(if launch.logs.rotated { middle(content) } else { 0 });
            if launch.logs.rotated {
                files.push((format!("{name}.{hour}.gz"), gzip(old)));
            }
            files.push((format!("{name}.gz"), gzip(new)));
        }
        if launch.logs.corrupt {
            for (_, packed) in &mut files {
                packed.truncate(packed.len() / 2);
            }
        }
        Some(Self { folder, files })
    }

    /// Writes the logs, and gives the folder that they are in; `None` when they cannot be written (the step's end does
    /// not depend on its logs, as at EMR).
    pub(super) async fn upload(self, config: &RunnerConfig) -> Option<String> {
        for (name, content) in self.files {
            let uri = format!("{}{name}", self.folder);
            if let Err(error) = put(config, &uri, content).await {
                tracing::warn!(%uri, %error, "a step's log cannot be written");
                return None;
            }
        }
        Some(self.folder)
    }
}

/// The end of the last line of the first half.
fn middle(content: &[u8]) -> usize {
    content[..content.len() / 2].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory cannot fail.
    let _ = encoder.write_all(content);
    encoder.finish().unwrap_or_default()
}

/// The line that most likely says what went wrong, and the log that it is in: the last that names an exception, else
/// the last of `stderr`. A Python driver's exception is in `stdout`, where Spark joins the streams of the script.
/// EMR's FailureDetails are best effort too.
pub(super) fn likely_cause(outcome: &Outcome) -> (Option<String>, &'static str) {
    let names_a_cause = |line: &&str| {
        let head = line.split(':').next().unwrap_or_default();
        !line.starts_with(char::is_whitespace)
            && !head.contains(' ')
            && (head.ends_with("Error") || head.ends_with("Exception"))
    };
    let clipped = |line: &str| Some(line.chars().take(1_000).collect());
    let texts = [("stderr", &outcome.stderr), ("stdout", &outcome.stdout)]
        .map(|(name, content)| (name, String::from_utf8_lossy(content)));
    for (name, text) in &texts {
        if let Some(line) = text.lines().rfind(names_a_cause) {
            return (clipped(line), name);
        }
    }
    let last = texts[0].1.lines().rfind(|line| !line.trim().is_empty());
    (last.and_then(clipped), "stderr")
}

/// Writes an object.
pub(super) async fn put(config: &RunnerConfig, uri: &str, content: Vec<u8>) -> Result<(), String> {
    let (bucket, key) = split(uri)?;
    config.store.write(bucket, key, content).await.map(drop).map_err(|error| error.to_string())
}

/// Reads an object.
pub(super) async fn get(config: &RunnerConfig, uri: &str) -> Result<Vec<u8>, String> {
    let (bucket, key) = split(uri)?;
    config.store.read(bucket, key).await.map_err(|error| error.to_string())
}

/// Bucket and key of an address; EMR takes `s3n://` and `s3a://` as well.
fn split(uri: &str) -> Result<(&str, &str), String> {
    ["s3://", "s3n://", "s3a://"]
        .iter()
        .find_map(|scheme| uri.strip_prefix(scheme)?.split_once('/'))
        .filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty())
        .ok_or_else(|| format!("{uri} is not the URI of an object"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likely_cause_is_the_last_exception_not_the_last_line() {
        let cause = |stderr: &str, stdout: &str| {
            likely_cause(&Outcome { exit: StepExit::Exited(1), stdout: stdout.into(), stderr: stderr.into() })
        };
        let traceback = "Traceback (most recent call last):\n  File \"x.py\", line 1\nValueError: no rows\n";
        let said = Some("ValueError: no rows".to_owned());
        let log = "24/10/21 INFO ShutdownHookManager: bye\n";
        assert_eq!(cause(&format!("{traceback}{log}"), ""), (said.clone(), "stderr"));
        assert_eq!(cause(log, traceback), (said, "stdout"));
        assert_eq!(cause("sh: 1: x: not found\n\n", "").0.as_deref(), Some("sh: 1: x: not found"));
        assert_eq!(cause("", "hello"), (None, "stderr"));
    }

    #[test]
    fn an_address_has_a_bucket_and_a_key() {
        assert_eq!(split("s3a://b/k/x"), Ok(("b", "k/x")));
        for bad in ["http://b/k", "s3://b", "s3:///k", "s3://b/"] {
            assert!(split(bad).is_err(), "{bad}");
        }
    }
}
