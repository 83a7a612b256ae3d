//! What was found out about a failure.

use serde::{Deserialize, Serialize};

/// What was found out about a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// In one sentence.
    pub summary: String,
    /// The lines of the log that say it, oldest first.
    #[serde(default)]
    pub lines: Vec<String>,
    /// The log's address; the folder where it should be, when none arrived in time.
    #[serde(default)]
    pub log: Option<String>,
    /// What can be done.
    #[serde(default)]
    pub hint: Option<String>,
}
