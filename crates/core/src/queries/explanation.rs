//! Why a query has no result, for the person who asked.

use super::execution::Failure;

/// Why a query has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What is wrong, and whose fault Athena takes it for.
    pub message: String,
    /// What can be done about it.
    pub hint: Option<&'static str>,
}

/// What Athena's messages begin with or hold, and what can be done then. The first that fits counts.
const HINTS: [(&str, &str); 13] = [
    (
        "Bytes scanned limit was exceeded",
        "ask for fewer days, with `date BETWEEN …` in the SELECT that names the table, or raise `[catalog] scan-limit-gigabytes` and run `emrys setup`",
    ),
    ("Query cancelled", "somebody stopped it; ask again"),
    (
        "TABLE_NOT_FOUND",
        "`emrys setup` makes the tables of the pipeline; `emrys query \"SHOW TABLES\"` lists what is there",
    ),
    ("SCHEMA_NOT_FOUND", "`emrys setup` makes the database and its tables"),
    ("COLUMN_NOT_FOUND", "`emrys query \"DESCRIBE …\"` with the name of the table lists its columns"),
    (
        "TYPE_MISMATCH",
        "Athena compares values of one type only: `date` is a text, as '2024-10-20', and status codes are numbers; CAST helps",
    ),
    ("FUNCTION_NOT_FOUND", "Athena has the functions of Trino: see their list in Athena's documentation"),
    (
        "INVALID_PARAMETER_USAGE",
        "each `?` needs a value: `--day`, or `--from` and `--to`, fill them with days",
    ),
    (
        "HIVE_BAD_DATA",
        "a file is not what the table says: `emrys runs DAY` shows what is served, and `emrys publish DAY --attempt N` another attempt",
    ),
    (
        "HIVE_CANNOT_OPEN_SPLIT",
        "a file that a partition serves cannot be read: was it deleted or archived, or is there no right to read it?",
    ),
    (
        "output bucket",
        "Athena writes the result before it shows it: see that the bucket of `[catalog] query-results` is there, and may be written",
    ),
    ("mismatched input", "`line N:M` is the place in the statement; Athena speaks the SQL of Trino"),
    ("SYNTAX_ERROR", "`line N:M` is the place in the statement; Athena speaks the SQL of Trino"),
];

/// Puts a failure into words.
pub fn explain(failure: &Failure) -> Explanation {
    let whose = match failure.category {
        Some(1) => " (Athena's own fault)",
        _ => "",
    };
    let message =
        if failure.message.is_empty() { "Athena does not say why" } else { failure.message.as_str() };
    let known = HINTS.iter().find(|(words, _)| failure.message.contains(words)).map(|(_, hint)| *hint);
    let hint = known.or(failure.retryable.then_some("Athena says that asking again may help"));
    Explanation { message: format!("{message}{whose}"), hint }
}
