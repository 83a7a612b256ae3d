//! The results of a run, read from its Parquet files with the DuckDB of the Python environment.

use std::path::Path;
use std::process::Stdio;

use emrys_control_plane::AwsContext;
use emrys_core::report::RunReport;
use emrys_core::s3_uri::S3Uri;
use serde::{Deserialize, Serialize};

use crate::error::DemoError;

const SCRIPT: &str = include_str!("results.py");

/// What the demo shows of a day.
#[derive(Debug, Serialize, Deserialize)]
pub struct Results {
    /// All status codes.
    pub(crate) status_codes: Vec<StatusCode>,
    /// The slowest endpoints by their 99th percentile.
    pub(crate) slowest: Vec<Endpoint>,
    /// The most frequent errors.
    pub(crate) errors: Vec<ErrorKind>,
    /// The time around the most errors.
    pub(crate) incident: Vec<Bar>,
    /// Lines that could not be understood, by reason.
    pub(crate) rejects: Vec<Reject>,
}

/// A row of the table `processed_logs`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StatusCode {
    pub(crate) code: u16,
    pub(crate) requests: u64,
    pub(crate) average: Option<f64>,
    pub(crate) longest: Option<f64>,
}

/// An endpoint with percentiles in milliseconds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Endpoint {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) requests: u64,
    pub(crate) p50: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
}

/// A row of the table `errors`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ErrorKind {
    pub(crate) level: String,
    pub(crate) message: String,
    pub(crate) exception: Option<String>,
    pub(crate) count: u64,
    pub(crate) first_seen: Option<String>,
    pub(crate) last_seen: Option<String>,
}

/// Five minutes of traffic.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Bar {
    pub(crate) at: String,
    pub(crate) requests: u64,
    pub(crate) errors: u64,
}

/// A row of the table `rejects`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Reject {
    pub(crate) reason: String,
    pub(crate) count: u64,
}

/// Where the demo puts the output of its run, from the working directory.
pub(crate) const FOLDER: &str = ".emrys/demo/results";

/// Downloads the output of a run, so that it can be examined further, and queries it.
pub async fn fetch(aws: &AwsContext, report: &RunReport, python: &Path) -> Result<Results, DemoError> {
    let unknown = || DemoError::Results { why: "the run names no output folder".to_owned() };
    let folder: S3Uri = report.output.as_deref().and_then(|uri| uri.parse().ok()).ok_or_else(unknown)?;
    let into = Path::new(FOLDER);
    if into.exists() {
        std::fs::remove_dir_all(into).map_err(|source| DemoError::File { path: into.into(), source })?;
    }
    for object in aws.list_objects(&folder).await.map_err(DemoError::Call)? {
        let Some(relative) = object.uri.key().strip_prefix(folder.key()) else {
            continue;
        };
        let path = into.join(relative);
        let content = aws.get_object(&object.uri).await.map_err(DemoError::Call)?;
        path.parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| std::fs::write(&path, content))
            .map_err(|source| DemoError::File { path, source })?;
    }
    read(python, into).await
}

/// Reads the tables in a folder.
async fn read(python: &Path, folder: &Path) -> Result<Results, DemoError> {
    let output = tokio::process::Command::new(python)
        .args(["-c", SCRIPT])
        .arg(folder)
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(|source| DemoError::File { path: python.to_owned(), source })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(DemoError::Results { why: said });
    }
    serde_json::from_slice(&output.stdout).map_err(|error| DemoError::Results { why: error.to_string() })
}
