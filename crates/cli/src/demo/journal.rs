//! What really went over the wire, from the journal of the embedded AWS.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::DemoError;

/// How often an operation was called.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct CallCount {
    /// The service.
    pub(crate) service: String,
    /// The operation.
    pub(crate) operation: String,
    /// How often.
    pub(crate) calls: u64,
    /// How often the answer was an error.
    pub(crate) errors: u64,
}

#[derive(Deserialize)]
struct Line {
    seq: u64,
    service: String,
    operation: String,
    status: u16,
}

/// The number of the last call in the journal so far.
pub(crate) fn last_seq(dir: &Path) -> Result<u64, DemoError> {
    Ok(lines(dir)?.last().map_or(0, |line| line.seq))
}

/// The calls after that one, by operation.
pub(crate) fn calls_since(dir: &Path, seq: u64) -> Result<Vec<CallCount>, DemoError> {
    let mut counts: BTreeMap<(String, String), (u64, u64)> = BTreeMap::new();
    for line in lines(dir)?.into_iter().filter(|line| line.seq > seq) {
        let (calls, errors) = counts.entry((line.service, line.operation)).or_default();
        *calls += 1;
        *errors += u64::from(line.status >= 400);
    }
    Ok(counts
        .into_iter()
        .map(|((service, operation), (calls, errors))| CallCount {
            service,
            operation,
            calls,
            errors,
        })
        .collect())
}

fn lines(dir: &Path) -> Result<Vec<Line>, DemoError> {
    let path = dir.join("journal.jsonl");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(DemoError::File { path, source }),
    };
    // The daemon may be writing its last line just now.
    Ok(text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_operation_from_a_point_on() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(last_seq(dir.path()).unwrap(), 0);
        let line = |seq: u64, operation: &str, status: u16| {
            format!(
                r#"{{"seq":{seq},"time":"t","service":"emr","operation":"{operation}","resource":"","outcome":"ok","status":{status}}}"#
            )
        };
        let text = [
            line(1, "RunJobFlow", 200),
            line(2, "ListSteps", 200),
            line(3, "ListSteps", 400),
            "{\"seq\":".into(),
        ];
        std::fs::write(dir.path().join("journal.jsonl"), text.join("\n")).unwrap();
        assert_eq!(last_seq(dir.path()).unwrap(), 3);
        let calls = calls_since(dir.path(), 1).unwrap();
        assert_eq!(calls.len(), 1);
        assert_eq!(
            (calls[0].operation.as_str(), calls[0].calls, calls[0].errors),
            ("ListSteps", 2, 1)
        );
    }
}
