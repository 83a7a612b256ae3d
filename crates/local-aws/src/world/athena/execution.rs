//! One query and its states.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::QUEUE_TIME;
use crate::world::context::{QueryEnd, QueryLaunch, after, seconds};

/// The states of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum State {
    Queued,
    Running,
    Succeeded,
    Failed,
    Cancelled,
}

impl State {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
        }
    }
}

/// A query that somebody has started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Execution {
    pub(super) id: String,
    /// The request that started it.
    pub(super) asked: Value,
    pub(super) workgroup: String,
    /// The address of its result.
    pub(super) output: String,
    pub(super) cutoff: Option<u64>,
    pub(super) statement_type: String,
    pub(super) state: State,
    pub(super) submitted: Timestamp,
    pub(super) started: Option<Timestamp>,
    pub(super) ended: Option<Timestamp>,
    pub(super) reason: Option<String>,
    pub(super) error: Option<Value>,
    pub(super) columns: Vec<Value>,
    pub(super) scanned: u64,
}

impl Execution {
    pub(super) fn is_over(&self) -> bool {
        !matches!(self.state, State::Queued | State::Running)
    }

    /// When it is to run, while it is queued.
    pub(super) fn due(&self) -> Option<Timestamp> {
        (self.state == State::Queued).then(|| after(self.submitted, QUEUE_TIME))
    }

    /// Begins to run.
    pub(super) fn run(&mut self, catalog: Value) -> QueryLaunch {
        self.started = self.due();
        self.state = State::Running;
        let parameters = self.asked["ExecutionParameters"].as_array().into_iter().flatten();
        QueryLaunch {
            id: self.id.clone(),
            statement: self.asked["QueryString"].as_str().unwrap_or_default().to_owned(),
            parameters: parameters.filter_map(Value::as_str).map(str::to_owned).collect(),
            database: self.asked["QueryExecutionContext"]["Database"].as_str().map(str::to_owned),
            catalog,
            output: self.output.clone(),
            cutoff: self.cutoff,
        }
    }

    /// Ends, unless it has ended before.
    pub(super) fn end(&mut self, end: QueryEnd, now: Timestamp) {
        if self.is_over() {
            return;
        }
        self.ended = Some(now);
        match end {
            QueryEnd::Done { columns, scanned } => {
                self.state = State::Succeeded;
                self.columns = columns;
                self.scanned = scanned;
            }
            QueryEnd::Failed { error } => {
                self.state = State::Failed;
                self.reason = error["ErrorMessage"].as_str().map(str::to_owned);
                self.error = Some(error);
            }
            QueryEnd::OverLimit { scanned } => {
                self.state = State::Cancelled;
                self.scanned = scanned;
                self.reason = Some("Query cancelled! : Bytes scanned limit was exceeded".to_owned());
            }
        }
    }

    /// StopQueryExecution.
    pub(super) fn cancel(&mut self, now: Timestamp) {
        if !self.is_over() {
            self.ended = Some(now);
            self.state = State::Cancelled;
            self.reason = Some("Query cancelled by user".to_owned());
        }
    }

    /// Its process is gone; a queued one has none and waits on.
    pub(super) fn lost(&mut self, now: Timestamp) {
        if self.state == State::Running {
            let message = "GENERIC_INTERNAL_ERROR: the embedded AWS ended while the query was running";
            let error = json!({
                "ErrorCategory": 1, "ErrorType": 200, "Retryable": true, "ErrorMessage": message,
            });
            self.end(QueryEnd::Failed { error }, now);
        }
    }

    pub(super) fn description(&self) -> Value {
        let mut status = json!({"State": self.state.name(), "SubmissionDateTime": seconds(self.submitted)});
        if let Some(ended) = self.ended {
            status["CompletionDateTime"] = json!(seconds(ended));
        }
        if let Some(reason) = &self.reason {
            status["StateChangeReason"] = json!(reason);
        }
        if let Some(error) = &self.error {
            status["AthenaError"] = error.clone();
        }
        let millis = |from: Timestamp, to: Option<Timestamp>| {
            to.map_or(0, |to| to.duration_since(from).as_millis().max(0))
        };
        let engine = self.started.map_or(0, |started| millis(started, self.ended));
        let mut described = json!({
            "QueryExecutionId": self.id,
            "Query": self.asked["QueryString"],
            "StatementType": self.statement_type,
            "ResultConfiguration": {"OutputLocation": self.output},
            "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": false}},
            "QueryExecutionContext": self.asked["QueryExecutionContext"],
            "Status": status,
            "Statistics": {
                "DataScannedInBytes": self.scanned,
                "EngineExecutionTimeInMillis": i64::try_from(engine).unwrap_or(i64::MAX),
                "QueryQueueTimeInMillis":
                    i64::try_from(millis(self.submitted, self.started)).unwrap_or(i64::MAX),
                "TotalExecutionTimeInMillis":
                    i64::try_from(millis(self.submitted, self.ended)).unwrap_or(i64::MAX),
                "ServiceProcessingTimeInMillis": 0,
            },
            "WorkGroup": self.workgroup,
            "EngineVersion": super::workgroup::engine_version(),
            "SubstatementType": self.statement_type,
        });
        for member in ["QueryExecutionContext", "ExecutionParameters"] {
            if self.asked[member].is_null() {
                described.as_object_mut().map(|members| members.remove(member));
            } else {
                described[member] = self.asked[member].clone();
            }
        }
        described
    }
}
