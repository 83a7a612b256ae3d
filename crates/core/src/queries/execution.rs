//! A query as Athena tells of it.

use jiff::SignedDuration;
use serde::Serialize;

/// The state of a query. A state that this version does not know is no end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueryState {
    /// It waits for its turn.
    Queued,
    /// It runs.
    Running,
    /// It has a result.
    Succeeded,
    /// It has none.
    Failed,
    /// It was stopped: by somebody, or by the scan limit.
    Cancelled,
    /// Another.
    Other(String),
}

impl QueryState {
    /// The state as Athena spells it.
    pub fn of(name: &str) -> Self {
        match name {
            "QUEUED" => Self::Queued,
            "RUNNING" => Self::Running,
            "SUCCEEDED" => Self::Succeeded,
            "FAILED" => Self::Failed,
            "CANCELLED" => Self::Cancelled,
            other => Self::Other(other.to_owned()),
        }
    }

    /// As Athena spells it.
    pub fn name(&self) -> &str {
        match self {
            Self::Queued => "QUEUED",
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
            Self::Other(name) => name,
        }
    }

    /// Whether nothing more comes of it.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

/// What is known of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// Its id at Athena.
    pub id: String,
    /// Its state.
    pub state: QueryState,
    /// `DML` for whatever reads tables, `UTILITY` for SHOW and DESCRIBE, `DDL`.
    pub statement_type: String,
    /// How many bytes it has read.
    pub scanned_bytes: u64,
    /// How long it took, all in all.
    pub took: SignedDuration,
    /// Where its result is.
    pub result: Option<String>,
    /// Why it failed, or was cancelled.
    pub failure: Option<Failure>,
}

impl Execution {
    /// What it is billed for: statements that read tables, unless they failed.
    pub fn is_billed(&self) -> bool {
        self.statement_type == "DML" && matches!(self.state, QueryState::Succeeded | QueryState::Cancelled)
    }
}

/// Why a query has no result, as Athena tells it: `AthenaError`, and the reason of the last change of state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// 1 the system's fault, 2 the user's, 3 another; null where Athena does not say.
    pub category: Option<i32>,
    /// Athena's number for it.
    #[serde(rename = "type")]
    pub kind: Option<i32>,
    /// Whether Athena thinks that asking again can help.
    pub retryable: bool,
    /// In its words.
    pub message: String,
}

/// How asking ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The query is over: it has a result, has failed, or was cancelled.
    Over(Execution),
    /// Somebody wanted it to end, it was told to, and is over, or about to be.
    Stopped(Execution),
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QueryColumn {
    /// Its name.
    pub name: String,
    /// Its type, as Athena spells it.
    #[serde(rename = "type")]
    pub kind: String,
}
