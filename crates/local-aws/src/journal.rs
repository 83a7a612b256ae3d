//! The journal of calls: one line for each request that reached the embedded AWS, whatever became of it.
//!
//! `journal.jsonl` is append-only, one JSON object a line:
//!
//! ```json
//! {"seq":1,"time":"2024-10-21T03:00:00Z","service":"emr","operation":"RunJobFlow","resource":"nightly",
//!  "outcome":"ok","status":200,"request":{"Name":"nightly"}}
//! ```
//!
//! | member | meaning |
//! | --- | --- |
//! | `seq` | 1, 2, 3 …, in the order of the answers, going on where the file ended |
//! | `time` | when the request arrived |
//! | `resource` | what the call is about: a cluster's id (its name before it has an id), an alarm, `s3://bucket/key` |
//! | `outcome` | `ok`, the error code, or [`CUT_OFF`] if the call was not answered |
//! | `status` | the HTTP status; 0 where no answer was given |
//! | `request` | the request's parameters under botocore's names, unless switched off; never an object's content |
//! | `warnings` | what AWS ignores and a reader may want to know, such as members that no model has |
//! | `by` | who made the call, if no client did: `scheduler` |
//! | `fault` | the fault that the call met on purpose ([`crate::faults`]) |
//!
//! A reader must accept further members: later versions may add some, and take none away.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::faults::{Fault, FaultRecord};

/// The outcome of a call that succeeded.
pub const OK: &str = "ok";

/// The outcome of a call that was not answered: its caller went away, or a fault cut the connection. What it asked for
/// may have happened.
pub const CUT_OFF: &str = "CutOff";

/// One call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its place in the journal, from 1.
    pub seq: u64,
    /// When the request arrived.
    pub time: Timestamp,
    /// The service: `emr`, `s3`, `cloudwatch`, `scheduler`, `glue`, `sts`, or the name that a client signed for.
    pub service: String,
    /// The operation, as the service's model names it.
    pub operation: String,
    /// What the call is about; may be empty.
    pub resource: String,
    /// [`OK`], an error code, or [`CUT_OFF`].
    pub outcome: String,
    /// The HTTP status; 0 for [`CUT_OFF`].
    pub status: u16,
    /// The parameters under botocore's names; `None` where they could not be read or are not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Value>,
    /// What AWS ignores silently.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// What made the call, if no client did: `scheduler`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The fault that it met on purpose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<FaultRecord>,
}

impl Entry {
    /// Whether the call succeeded, and its caller got the answer.
    pub fn is_ok(&self) -> bool {
        self.outcome == OK
    }

    /// Whether the call is known to have been done, told or not.
    pub fn was_done(&self) -> bool {
        self.is_ok() || self.fault.as_ref().is_some_and(|fault| fault.effect.as_deref() == Some(OK))
    }
}

/// What is known about a call while it is being answered.
///
/// The endpoint puts one into the extensions of each S3 request, and the S3 layer records there what is asked for.
/// Clones are the same record.
#[derive(Clone, Debug, Default)]
pub struct CallRecord(Arc<Mutex<Recorded>>);

/// The content of a [`CallRecord`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded {
    /// The operation; empty until it is known.
    pub operation: String,
    /// What the call is about.
    pub resource: String,
    /// The parameters under botocore's names.
    pub request: Option<Value>,
    /// The error code, where the layer that answers knows it better than the HTTP response tells.
    pub error: Option<String>,
    /// What AWS ignores silently.
    pub warnings: Vec<String>,
    /// What made the call, if no client did.
    pub by: Option<String>,
    /// The fault that the call meets.
    pub fault: Option<FaultRecord>,
}

impl CallRecord {
    /// An empty record.
    pub fn new() -> Self {
        Self::default()
    }

    /// Records what the call is about, and its parameters under botocore's names.
    pub fn parameters(&self, resource: impl Into<String>, request: Value) {
        let mut recorded = lock(&self.0);
        recorded.resource = resource.into();
        recorded.request = Some(request);
    }

    /// Records the operation.
    pub fn operation(&self, operation: impl Into<String>) {
        lock(&self.0).operation = operation.into();
    }

    /// Records an error code that the HTTP response will not tell (an error after the headers, a HEAD).
    pub fn error(&self, code: impl Into<String>) {
        lock(&self.0).error = Some(code.into());
    }

    /// Records something that AWS ignores silently.
    pub fn warn(&self, warning: impl Into<String>) {
        lock(&self.0).warnings.push(warning.into());
    }

    /// Records the fault that the call meets.
    pub fn fault(&self, fault: Fault) {
        lock(&self.0).fault = Some(FaultRecord { fault, effect: None });
    }

    /// Records the outcome of a call that met a fault after it was done.
    pub fn effect(&self, outcome: &str) {
        if let Some(fault) = &mut lock(&self.0).fault {
            fault.effect = Some(outcome.to_owned());
        }
    }

    /// What is recorded so far.
    pub fn read(&self) -> Recorded {
        lock(&self.0).clone()
    }
}

/// The journal.
#[derive(Debug)]
pub struct Journal {
    inner: Mutex<Inner>,
    requests: bool,
}

#[derive(Debug)]
struct Inner {
    last: u64,
    sink: Sink,
}

#[derive(Debug)]
enum Sink {
    Memory(Vec<Entry>),
    File(PathBuf, File),
}

impl Journal {
    /// A journal in memory, with the parameters of requests.
    pub fn memory() -> Self {
        Self { inner: Mutex::new(Inner { last: 0, sink: Sink::Memory(Vec::new()) }), requests: true }
    }

    /// Opens the journal in a file, or begins it. `requests` says whether the parameters of requests are kept.
    pub fn open(path: &Path, requests: bool) -> io::Result<Self> {
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
        let last = continue_file(&mut file)?;
        Ok(Self { inner: Mutex::new(Inner { last, sink: Sink::File(path.to_owned(), file) }), requests })
    }

    /// Appends a call, and gives its sequence number.
    pub fn record(
        &self,
        time: Timestamp,
        service: &str,
        recorded: Recorded,
        outcome: &str,
        status: u16,
    ) -> u64 {
        let mut inner = lock(&self.inner);
        inner.last += 1;
        let entry = Entry {
            seq: inner.last,
            time,
            service: service.to_owned(),
            operation: recorded.operation,
            resource: recorded.resource,
            outcome: outcome.to_owned(),
            status,
            request: recorded.request.filter(|_| self.requests),
            warnings: recorded.warnings,
            by: recorded.by,
            fault: recorded.fault,
        };
        match &mut inner.sink {
            Sink::Memory(entries) => entries.push(entry),
            // One write per line: a reader never sees half a line of a daemon that is alive.
            Sink::File(path, file) => {
                let line = serde_json::to_string(&entry).map_err(io::Error::from);
                if let Err(error) = line.and_then(|line| append(file, &format!("{line}\n"))) {
                    tracing::error!(path = %path.display(), %error, "the journal cannot be written");
                }
            }
        }
        inner.last
    }

    /// All calls so far, in order.
    pub fn entries(&self) -> io::Result<Vec<Entry>> {
        match &lock(&self.inner).sink {
            Sink::Memory(entries) => Ok(entries.clone()),
            Sink::File(path, _) => read(path),
        }
    }
}

/// Reads a journal file. A torn last line (of a daemon that was killed while it wrote) is left out.
pub fn read(path: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut lines = BufReader::new(File::open(path)?).lines().peekable();
    while let Some(line) = lines.next() {
        match serde_json::from_str(&line?) {
            Ok(entry) => entries.push(entry),
            Err(_) if lines.peek().is_none() => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(entries)
}

/// Appends a line, or nothing of it: where the disk is full, half a line would spoil the one that follows.
fn append(file: &mut File, line: &str) -> io::Result<()> {
    let length = file.metadata()?.len();
    file.write_all(line.as_bytes()).inspect_err(|_| {
        // What cannot be cut off is a torn line, which the next daemon ends.
        let _ = file.set_len(length);
    })
}

/// Finds the last sequence number of an existing file, and ends a torn last line, so that the next one is whole.
fn continue_file(file: &mut File) -> io::Result<u64> {
    #[derive(Deserialize)]
    struct Seq {
        seq: u64,
    }
    // Far longer than a line, and far shorter than a journal may become.
    const TAIL: u64 = 4 << 20;
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    if let Some(end) = tail.iter().rposition(|&byte| byte == b'\n').map_or(Some(0), |at| Some(at + 1))
        && end < tail.len()
    {
        file.set_len(length - u64::try_from(tail.len() - end).unwrap_or(0))?;
        tail.truncate(end);
    }
    let last =
        tail.split(|&byte| byte == b'\n').rev().find_map(|line| serde_json::from_slice::<Seq>(line).ok());
    Ok(last.map_or(0, |line| line.seq))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at() -> Timestamp {
        "2024-10-21T03:00:00Z".parse().unwrap()
    }

    fn recorded(operation: &str) -> Recorded {
        let record = CallRecord::new();
        record.operation(operation);
        record.clone().parameters("j-1", json!({"ClusterId": "j-1"}));
        record.read()
    }

    #[test]
    fn a_line_has_the_documented_members() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        let journal = Journal::open(&path, true).unwrap();
        journal.record(at(), "emr", recorded("DescribeCluster"), OK, 200);
        let line = std::fs::read_to_string(&path).unwrap();
        assert_eq!(
            line,
            "{\"seq\":1,\"time\":\"2024-10-21T03:00:00Z\",\"service\":\"emr\",\"operation\":\"DescribeCluster\",\
             \"resource\":\"j-1\",\"outcome\":\"ok\",\"status\":200,\"request\":{\"ClusterId\":\"j-1\"}}\n"
        );
    }

    #[test]
    fn an_opened_journal_goes_on_and_repairs_a_torn_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        let journal = Journal::open(&path, true).unwrap();
        journal.record(at(), "emr", recorded("ListSteps"), OK, 200);
        journal.record(at(), "emr", recorded("ListSteps"), "ThrottlingException", 400);
        drop(journal);
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"seq\":3,\"ti").unwrap();
        assert_eq!(read(&path).unwrap().len(), 2, "a torn last line is no entry");

        let journal = Journal::open(&path, true).unwrap();
        assert_eq!(journal.record(at(), "s3", Recorded::default(), CUT_OFF, 0), 3);
        let entries = journal.entries().unwrap();
        assert_eq!(entries.iter().map(|e| e.seq).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(entries.iter().map(Entry::is_ok).collect::<Vec<_>>(), [true, false, false]);
    }

    #[test]
    fn parameters_are_kept_only_when_they_are_wanted() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(&dir.path().join("journal.jsonl"), false).unwrap();
        journal.record(at(), "emr", recorded("ListSteps"), OK, 200);
        assert_eq!(journal.entries().unwrap()[0].request, None);
        let journal = Journal::memory();
        journal.record(at(), "emr", recorded("ListSteps"), OK, 200);
        assert_eq!(journal.entries().unwrap()[0].request, Some(json!({"ClusterId": "j-1"})));
    }
}
