//! A call to AWS that failed, and what that means for the run.

use serde::{Deserialize, Serialize};

/// Why a call to AWS failed. It never means that the run failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}{message}", if .code.is_empty() { String::new() } else { format!("{}: ", .code) })]
pub struct CallError {
    /// What helps against it.
    pub class: ErrorClass,
    /// AWS's error code; empty where AWS did not answer, or where Emrys itself found the error.
    pub code: String,
    /// What was tried, and what came of it.
    pub message: String,
}

impl CallError {
    /// An error that Emrys itself found: it has no code of AWS.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self { class: ErrorClass::Invalid, code: String::new(), message: message.into() }
    }
}

/// Classes of [`CallError`], by what helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// Too many calls: the same call may succeed later.
    Throttled,
    /// No answer, or a server error: the same call may succeed later.
    Unreachable,
    /// Missing or expired credentials, or a missing permission: only a person can help.
    Access,
    /// AWS rejects calls that are signed with this machine's clock: only a person can help, by setting it.
    Clock,
    /// A bucket that does not exist, or a request that AWS rejects: only another configuration can help.
    Invalid,
}
