//! What really went over the wire, from the journal of the embedded AWS.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::DemoError;

/// How often an operation was called.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct CallCount {
    /// The service.
    pub service: String,
    /// The operation.
    pub operation: String,
    /// How often.
    pub calls: u64,
    /// How often the answer was that there is no such thing (yet): a question's answer like others.
    pub absent: u64,
    /// How often it was another error.
    pub errors: u64,
}

#[derive(Deserialize)]
struct Line {
    seq: u64,
    service: String,
    operation: String,
    status: u16,
}

/// The number of the last call in the journal so far.
pub fn last_seq(dir: &Path) -> Result<u64, DemoError> {
    Ok(lines(dir)?.last().map_or(0, |line| line.seq))
}

/// The calls after that one, by operation.
pub fn calls_since(dir: &Path, seq: u64) -> Result<Vec<CallCount>, DemoError> {
    let mut counts: BTreeMap<(String, String), CallCount> = BTreeMap::new();
    for line in lines(dir)?.into_iter().filter(|line| line.seq > seq) {
        let key = (line.service.clone(), line.operation.clone());
        let count = counts.entry(key).or_insert_with(|| CallCount {
            service: line.service,
            operation: line.operation,
            calls: 0,
            absent: 0,
            errors: 0,
        });
        count.calls += 1;
        match line.status {
            404 => count.absent += 1,
            400.. => count.errors += 1,
            _ => {}
        }
    }
    Ok(counts.into_values().collect())
}

fn lines(dir: &Path) -> Result<Vec<Line>, DemoError> {
    let path = dir.join("journal.jsonl");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(DemoError::File { path, source }),
    };
    // The daemon may be writing its last line just now.
    Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
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
            line(4, "ListSteps", 404),
            "{\"seq\":".into(),
        ];
        std::fs::write(dir.path().join("journal.jsonl"), text.join("\n")).unwrap();
        assert_eq!(last_seq(dir.path()).unwrap(), 4);
        let expected = CallCount {
            service: "emr".into(),
            operation: "ListSteps".into(),
            calls: 3,
            absent: 1,
            errors: 1,
        };
        assert_eq!(calls_since(dir.path(), 1).unwrap(), [expected]);
    }
}
