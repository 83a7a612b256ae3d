//! Running the binary.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// How a command ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// The one JSON document on stdout.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            panic!("stdout is no JSON document ({error}):\n{}\n{}", self.stdout, self.stderr)
        })
    }

    /// Asserts the exit code, and shows everything where it is another.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// A command that runs beside the test.
pub(crate) struct Background {
    child: Child,
    stderr: BufReader<std::process::ChildStderr>,
    seen: String,
}

impl Background {
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self { child, stderr, seen: String::new() }
    }

    /// Reads what the command says until a line has `text` in it.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) {
        loop {
            let mut line = String::new();
            let read = self.stderr.read_line(&mut line).unwrap();
            assert_ne!(read, 0, "the command ended without saying {text:?}:\n{}", self.seen);
            self.seen += &line;
            if line.contains(text) {
                return;
            }
        }
    }

    /// Reads what the command says until an event is told, and gives it; none when the command has ended. It takes
    /// `--log-format json`.
    pub(crate) fn next_event(&mut self) -> Option<Value> {
        loop {
            let mut line = String::new();
            if self.stderr.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            self.seen += &line;
            let record: Value = serde_json::from_str(&line).unwrap_or_default();
            if record["event"].is_object() {
                return Some(record);
            }
        }
    }

    /// Waits until something is seen from outside, or the command has ended; says whether it was seen. What other
    /// processes do can only be looked for.
    #[expect(
        clippy::disallowed_methods,
        reason = "an observation in between would take the time of what is waited for"
    )]
    pub(crate) fn until(&mut self, mut is_seen: impl FnMut() -> bool) -> bool {
        loop {
            if is_seen() {
                return true;
            }
            if !self.is_running() {
                return is_seen();
            }
            std::thread::sleep(std::time::Duration::from_millis(3));
        }
    }

    /// Whether it has not ended yet.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Kills it, wherever it is; one that has ended is as good.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, by its name.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(status.unwrap().success());
    }

    /// Waits for the end.
    pub(crate) fn end(mut self) -> Ended {
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut self.stderr, &mut rest).unwrap();
        let mut ended = Ended::from(self.child.wait_with_output().unwrap());
        ended.stderr = self.seen + &rest;
        ended
    }
}
