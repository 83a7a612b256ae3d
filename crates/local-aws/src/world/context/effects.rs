//! What the world asks of the outside, and what the outside answers.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::ApiError;
use super::scripts::ScriptedWork;
use crate::services::{EmrOperation, Service};

/// Something that must happen outside of the pure world. [`crate::steps::Runner`] executes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Effect {
    /// Start a step's work.
    StartStep(Box<StepLaunch>),
    /// Stop a step's work. The end is reported as any other end.
    KillStep {
        /// The cluster.
        cluster_id: String,
        /// The step.
        step_id: String,
        /// How gently.
        how: KillHow,
    },
    /// Upload the logs that the steps of a cluster have withheld.
    UploadLogs {
        /// The cluster.
        cluster_id: String,
    },
    /// Run a query of Athena.
    StartQuery(Box<QueryLaunch>),
    /// Stop a query. Its end is reported all the same.
    StopQuery {
        /// The query.
        id: String,
    },
    /// The world has made a call to itself; for the journal.
    Called(Box<MadeCall>),
}

/// A call that nobody sent: the world made it by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MadeCall {
    /// When.
    pub at: Timestamp,
    /// What made it: `scheduler`.
    pub by: String,
    /// The service that was called.
    pub service: Service,
    /// The operation.
    pub operation: EmrOperation,
    /// The parameters.
    pub input: Value,
    /// What the service refused it with.
    pub error: Option<ApiError>,
}

/// How a step is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KillHow {
    /// CancelSteps with SEND_INTERRUPT: SIGTERM, and the step may take its time.
    Interrupt,
    /// CancelSteps with TERMINATE_PROCESS: SIGKILL to the step and its descendants.
    Terminate,
    /// The cluster ends: SIGTERM, and SIGKILL after a short grace.
    ClusterEnds,
}

/// A step to start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepLaunch {
    /// The cluster.
    pub cluster_id: String,
    /// The cluster's name.
    pub cluster_name: String,
    /// The step.
    pub step_id: String,
    /// The step's name.
    pub name: String,
    /// What it does.
    pub work: Work,
    /// Where logs go: the step's own LogUri, else the cluster's; `None` as at EMR means that no logs are kept.
    pub log_uri: Option<String>,
    /// The cluster's release label.
    pub release_label: String,
    /// Whether the cluster's applications include Spark: without it a real cluster has no `spark-submit`.
    pub spark: bool,
    /// Properties of the configuration classification `spark-defaults`.
    pub spark_defaults: BTreeMap<String, String>,
    /// What becomes of its logs on purpose.
    #[serde(default)]
    pub logs: LogFaults,
    /// What the embedded AWS does otherwise than EMR for this step; lines for its controller log.
    #[serde(rename = "notes")]
    pub remarks: Vec<String>,
}

/// What becomes of a step's logs on purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogFaults {
    /// They are withheld until [`Effect::UploadLogs`].
    pub late: bool,
    /// Their first half is in a file of its own.
    pub rotated: bool,
    /// They are truncated.
    pub corrupt: bool,
}

/// The work of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Work {
    /// `command-runner.jar`: a program and its arguments.
    Command {
        /// Never empty.
        args: Vec<String>,
    },
    /// `script-runner.jar`: a script to download and run.
    Script {
        /// An `s3://` address.
        uri: String,
        /// The script's arguments.
        args: Vec<String>,
    },
    /// A script of the settings answers in the step's place.
    Scripted(ScriptedWork),
}

/// How a step's work ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepEnd {
    /// The end of its process.
    pub exit: StepExit,
    /// What its logs say about a failure.
    pub failure: Option<FailureDetails>,
}

impl StepEnd {
    /// An ordinary exit without failure details.
    pub fn exited(code: i32) -> Self {
        Self { exit: StepExit::Exited(code), failure: None }
    }
}

/// The end of a step's process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StepExit {
    /// It exited with this code.
    Exited(i32),
    /// A signal ended it.
    Signalled(i32),
    /// There was no process: why.
    CouldNotStart(String),
}

/// EMR's `FailureDetails`: best effort, as there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FailureDetails {
    /// "Unknown Error." where EMR knows no better.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// The line of a log that describes the cause.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
    /// The address of the log that the message was found in.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub log_file: Option<String>,
}

/// A query to run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueryLaunch {
    /// Its id.
    pub id: String,
    /// The SQL.
    pub statement: String,
    /// The values for its `?`: literals.
    pub parameters: Vec<String>,
    /// The database of names without one.
    pub database: Option<String>,
    /// The catalog as it was when the query started: databases, tables and partitions in Glue's form.
    pub catalog: Value,
    /// The address that the result is written to.
    pub output: String,
    /// The most bytes that it may scan.
    pub cutoff: Option<u64>,
}

/// How a query ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum QueryEnd {
    /// The result is written.
    Done {
        /// The name and type of each column.
        columns: Vec<Value>,
        /// The size of the files that were read.
        scanned: u64,
    },
    /// It failed.
    Failed {
        /// Athena's `AthenaError`.
        error: Value,
    },
    /// It would have scanned more than its workgroup lets it.
    OverLimit {
        /// How much.
        scanned: u64,
    },
}
