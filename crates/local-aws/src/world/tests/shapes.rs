//! Every request and every answer of every test fits the service model.

use serde_json::Value;

use crate::models::{Model, check_error, check_output};
use crate::services::Operation;
use crate::world::{ApiError, World};

/// An input that the world accepts here is one that the wire lets through.
pub(super) fn assert_valid(operation: Operation, input: &Value) {
    let checked = Model::of(operation.service()).unwrap().check(operation.name(), input.clone());
    assert_eq!(checked.error, None, "{} {input}", operation.name());
    assert!(checked.unknown.is_empty(), "{}: {:?}", operation.name(), checked.unknown);
}

pub(super) fn assert_fits(operation: Operation, answer: &Result<Value, ApiError>, world: &World) {
    let found = match answer {
        Ok(output) => {
            let mut output = output.clone();
            // The endpoint takes it out when it reads the rows.
            output.as_object_mut().unwrap().remove(crate::world::ROWS);
            check_output(operation, &output, &|state| world.is_unknown_state(state))
        }
        Err(error) => check_error(operation, &error.code, error.status).into_iter().collect(),
    };
    assert!(found.is_empty(), "{}: {found:?} in {answer:?}", operation.name());
}
