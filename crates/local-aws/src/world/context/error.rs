//! The error of a call, before it is put into a protocol's form.

use serde::{Deserialize, Serialize};

/// An error as a client sees it. `code` is the error's *shape name* in the service model where it has one
/// (`InvalidRequestException`, `InvalidParameterValueException`), else the code that AWS sends undeclared
/// (`ValidationException`).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{code}: {message}")]
pub struct ApiError {
    /// The error code.
    pub code: String,
    /// The message, in AWS's words where they are known.
    pub message: String,
    /// The HTTP status.
    pub status: u16,
}

impl ApiError {
    /// An error with a code, a message and an HTTP status.
    pub fn new(code: impl Into<String>, message: impl Into<String>, status: u16) -> Self {
        Self { code: code.into(), message: message.into(), status }
    }

    /// `ValidationException`, HTTP 400: what EMR answers, undeclared, to a request that does not make sense.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationException", message, 400)
    }

    /// `InvalidRequestException`, HTTP 400: what EMR's read operations answer to an unknown cluster or step.
    pub fn invalid_request(message: impl Into<String>) -> Self {
        Self::new("InvalidRequestException", message, 400)
    }

    /// `InvalidParameterValueException`, HTTP 400 (CloudWatch).
    pub fn invalid_value(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterValueException", message, 400)
    }

    /// `InvalidParameterCombinationException`, HTTP 400 (CloudWatch).
    pub fn invalid_combination(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterCombinationException", message, 400)
    }

    /// `MissingRequiredParameterException`, HTTP 400 (CloudWatch).
    pub fn missing_parameter(message: impl Into<String>) -> Self {
        Self::new("MissingRequiredParameterException", message, 400)
    }

    /// An operation that this service does not answer; an error, never an empty success.
    pub fn unknown_operation(service: &str, operation: &str) -> Self {
        Self::new(
            "UnknownOperationException",
            format!("the embedded AWS does not implement {service} {operation}"),
            400,
        )
    }
}
