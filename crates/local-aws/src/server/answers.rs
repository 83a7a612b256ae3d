//! The check of every answer of the world against the service model, before it is sent.
//!
//! A wrong answer is a mistake of the embedded AWS, and no client would find it. It is never sent: the caller gets an
//! `InternalFailure` whose message names the service, the operation and the member. Beyond that:
//!
//! - [`Endpoint::send`], for callers in the process, panics from then on. Tests and simulations fail.
//! - A daemon that was built with debug assertions answers every later call to the world with the same error. Its
//!   clients tolerate single errors of a server, but a test must fail.
//!
//! The answers of S3 are not checked: their types are those of s3s, which writes them.

use serde_json::Value;

use super::Endpoint;
use crate::models::{check_error, check_output};
use crate::services::Operation;
use crate::world::ApiError;

impl Endpoint {
    /// The answer, or the error that stands in for a wrong one.
    pub(super) fn checked(
        &self,
        operation: Operation,
        answer: Result<Value, ApiError>,
    ) -> Result<Value, ApiError> {
        let found = match &answer {
            Ok(output) => check_output(operation, output, &|state| self.is_unknown_state(state)),
            Err(error) => check_error(operation, &error.code, error.status).into_iter().collect(),
        };
        if found.is_empty() {
            return answer;
        }
        let sentence = format!(
            "the embedded AWS answers {} {} wrongly: {}",
            operation.service().name(),
            operation.name(),
            found.join("; ")
        );
        tracing::error!("{sentence}");
        Err(failure(self.0.wrong_answer.get_or_init(|| sentence)))
    }

    /// The error that every call is answered with after a wrong answer, in a build with debug assertions.
    pub(super) fn refusal(&self) -> Option<ApiError> {
        self.0.wrong_answer.get().filter(|_| cfg!(debug_assertions)).map(|sentence| failure(sentence))
    }
}

fn failure(sentence: &str) -> ApiError {
    ApiError::new("InternalFailure", sentence, 500)
}
