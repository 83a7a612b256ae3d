//! STS: who is calling.

use serde_json::{Value, json};

use super::{ApiError, CallContext};

pub(crate) const OPERATIONS: &[&str] = &["GetCallerIdentity"];

pub(crate) fn call(operation: &str, context: &CallContext) -> Result<Value, ApiError> {
    match operation {
        "GetCallerIdentity" => Ok(json!({
            "UserId": context.access_key,
            "Account": context.account,
            "Arn": format!("arn:aws:iam::{}:user/local", context.account),
        })),
        _ => Err(ApiError::unknown_operation("STS", operation)),
    }
}
