//! Every answer of every test has the form of the service model: no member that it does not have, no value of another
//! kind, none outside of its enum. A client would drop the first silently and fail at the others.

use serde_json::Value;

use crate::models::{Kind, Model, Shape};
use crate::world::Service;

/// Inputs that the world accepts here are ones that the wire lets through.
pub(super) fn assert_valid(service: Service, operation: &str, input: &Value) {
    let checked = Model::of(service).unwrap().check(operation, input.clone());
    assert_eq!(checked.fault, None, "{operation} {input}");
    assert!(checked.unknown.is_empty(), "{operation}: {:?}", checked.unknown);
}

pub(super) fn assert_fits(service: Service, operation: &str, answer: &Value) {
    let model = Model::of(service).unwrap();
    let output = model.operation(operation).unwrap().output.as_deref();
    match output.and_then(|output| model.shape(output)) {
        Some(shape) => fits(model, shape, answer, operation),
        None => assert_eq!(answer, &serde_json::json!({}), "{operation} has no output"),
    }
}

fn fits(model: &Model, shape: &Shape, value: &Value, path: &str) {
    let of = |reference| model.resolve(reference).unwrap();
    match shape.kind {
        Kind::Structure => {
            for (name, value) in value.as_object().unwrap_or_else(|| panic!("{path}: {value}")) {
                let Some(member) = shape.members.get(name) else {
                    panic!("{path} has no {name} in the model");
                };
                fits(model, of(member), value, &format!("{path}.{name}"));
            }
        }
        Kind::List => {
            let member = of(shape.member.as_ref().unwrap());
            for item in value.as_array().unwrap_or_else(|| panic!("{path}: {value}")) {
                fits(model, member, item, path);
            }
        }
        Kind::Map => {
            let of_values = of(shape.value.as_ref().unwrap());
            for (name, value) in value.as_object().unwrap_or_else(|| panic!("{path}: {value}")) {
                fits(model, of_values, value, &format!("{path}.{name}"));
            }
        }
        Kind::String => {
            let text = value.as_str().unwrap_or_else(|| panic!("{path}: {value}"));
            assert!(
                shape.values.is_empty() || shape.values.iter().any(|known| known == text),
                "{path}: {text} is none of {:?}",
                shape.values
            );
            let most = shape.max.unwrap_or(f64::INFINITY);
            assert!(f64::from(u32::try_from(text.len()).unwrap()) <= most, "{path}: {text} is too long");
        }
        Kind::Integer | Kind::Long => assert!(value.is_i64() || value.is_u64(), "{path}: {value}"),
        Kind::Double | Kind::Float | Kind::Timestamp => assert!(value.is_number(), "{path}: {value}"),
        Kind::Boolean => assert!(value.is_boolean(), "{path}: {value}"),
        Kind::Blob => assert!(value.is_string(), "{path}: {value}"),
    }
}
