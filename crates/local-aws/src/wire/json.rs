//! awsJson: the world's own values are of this form already.

use serde_json::{Map, Value};

/// Reads a body; an empty one is an input without members.
pub(super) fn decode(body: &[u8]) -> Result<Value, String> {
    if body.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    serde_json::from_slice(body).map_err(|error| format!("the body is not valid JSON: {error}"))
}

pub(super) fn encode(output: &Value) -> Vec<u8> {
    output.to_string().into_bytes()
}
