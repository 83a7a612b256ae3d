//! Which call a schedule makes.

use serde_json::{Map, Value};

use crate::world::context::ApiError;

/// The one universal target that is here.
const TERMINATE: &str = "arn:aws:scheduler:::aws-sdk:emr:terminateJobFlows";

/// Members of a target that this one may have.
const MEMBERS: &[&str] = &["Arn", "RoleArn", "Input", "RetryPolicy"];

/// Checks a target, and gives the input of its call. AWS reads the input only when it makes the call; here a wrong
/// one is refused at once, since a guard that does nothing is found out too late.
pub(super) fn input(target: &Map<String, Value>) -> Result<Value, ApiError> {
    let arn = target.get("Arn").and_then(Value::as_str).unwrap_or_default();
    if arn != TERMINATE {
        return Err(ApiError::validation(format!(
            "the embedded AWS has no target '{arn}'; its one target is {TERMINATE}"
        )));
    }
    if let Some(other) = target.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
        return Err(ApiError::validation(format!("the embedded AWS does not take {other} of a target")));
    }
    let text = target.get("Input").and_then(Value::as_str);
    let text = text.ok_or_else(|| ApiError::validation("The target needs an Input: {\"JobFlowIds\":[…]}"))?;
    let input: Value = serde_json::from_str(text)
        .map_err(|error| ApiError::validation(format!("The target's Input is not valid JSON: {error}")))?;
    let ids =
        input["JobFlowIds"].as_array().filter(|ids| !ids.is_empty() && ids.iter().all(Value::is_string));
    match (ids, input.as_object().map(Map::len)) {
        (Some(_), Some(1)) => Ok(input),
        _ => Err(ApiError::validation(format!(
            "The target's Input is to be {{\"JobFlowIds\":[\"j-…\"]}} and nothing else, not {text}"
        ))),
    }
}
