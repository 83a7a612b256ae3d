//! rpcv2Cbor: between CBOR and the world's values (those of awsJson), by the shapes of the model.
//!
//! | CBOR | awsJson |
//! | --- | --- |
//! | tag 1 around a number | seconds since 1970 |
//! | byte string | base64 |
//! | NaN, infinities | `"NaN"`, `"Infinity"`, `"-Infinity"` |

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ciborium::Value as Cbor;
use serde_json::{Map, Number, Value};

use crate::models::{Kind, Model, Shape};

/// CBOR's tag of a time in seconds since 1970.
const EPOCH: u64 = 1;

/// Reads a body; an empty one is an input without members.
pub(super) fn decode(body: &[u8]) -> Result<Value, String> {
    if body.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    let mut rest = body;
    let cbor =
        ciborium::from_reader(&mut rest).map_err(|error| format!("the body is not valid CBOR: {error}"))?;
    if rest.is_empty() { to_json(cbor) } else { Err("the body goes on after its CBOR value".to_owned()) }
}

fn to_json(cbor: Cbor) -> Result<Value, String> {
    match cbor {
        Cbor::Null => Ok(Value::Null),
        Cbor::Bool(flag) => Ok(Value::Bool(flag)),
        Cbor::Text(text) => Ok(Value::String(text)),
        Cbor::Bytes(bytes) => Ok(Value::String(STANDARD.encode(bytes))),
        Cbor::Integer(number) => {
            let number = i128::from(number);
            i64::try_from(number).map(Value::from).map_err(|_| format!("{number} does not fit into 64 bits"))
        }
        Cbor::Float(number) => Ok(float_to_json(number)),
        Cbor::Tag(EPOCH, seconds) if matches!(*seconds, Cbor::Integer(_) | Cbor::Float(_)) => {
            to_json(*seconds)
        }
        Cbor::Array(items) => items.into_iter().map(to_json).collect::<Result<_, _>>().map(Value::Array),
        Cbor::Map(entries) => {
            let entry = |(name, value)| match name {
                Cbor::Text(name) => Ok((name, to_json(value)?)),
                _ => Err("a member's name is not text".to_owned()),
            };
            entries.into_iter().map(entry).collect::<Result<_, _>>().map(Value::Object)
        }
        _ => Err("the body has a CBOR value that no shape allows".to_owned()),
    }
}

fn float_to_json(number: f64) -> Value {
    let name = if number.is_nan() {
        "NaN"
    } else if number > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    };
    Number::from_f64(number).map_or_else(|| Value::from(name), Value::Number)
}

/// Writes an output of a shape; without a shape (an error, an operation without output) numbers and texts go as they
/// are.
pub(super) fn encode(model: &Model, shape: Option<&Shape>, output: &Value) -> Vec<u8> {
    let mut body = Vec::new();
    // Writing to memory cannot fail.
    let _ = ciborium::into_writer(&from_json(model, shape, output), &mut body);
    body
}

fn from_json(model: &Model, shape: Option<&Shape>, value: &Value) -> Cbor {
    let kind = shape.map(|shape| shape.kind);
    let inner = |reference: Option<&_>| reference.and_then(|reference| model.resolve(reference));
    match value {
        Value::Null => Cbor::Null,
        Value::Bool(flag) => Cbor::Bool(*flag),
        Value::Number(number) if kind == Some(Kind::Timestamp) => Cbor::Tag(EPOCH, Box::new(time(number))),
        Value::Number(number) if matches!(kind, Some(Kind::Double | Kind::Float)) => {
            Cbor::Float(number.as_f64().unwrap_or(f64::NAN))
        }
        Value::Number(number) => plain(number),
        Value::String(text) if matches!(kind, Some(Kind::Double | Kind::Float)) => {
            Cbor::Float(text.parse().unwrap_or(f64::NAN))
        }
        Value::String(text) if kind == Some(Kind::Blob) => {
            Cbor::Bytes(STANDARD.decode(text).unwrap_or_else(|_| text.clone().into_bytes()))
        }
        Value::String(text) => Cbor::Text(text.clone()),
        Value::Array(items) => {
            let element = inner(shape.and_then(|shape| shape.member.as_ref()));
            Cbor::Array(items.iter().map(|item| from_json(model, element, item)).collect())
        }
        Value::Object(entries) => {
            let of = |name: &str| {
                let shape = shape?;
                inner(if shape.kind == Kind::Map { shape.value.as_ref() } else { shape.members.get(name) })
            };
            let entries = entries.iter().filter(|(_, value)| !value.is_null());
            Cbor::Map(entries.map(|(k, v)| (Cbor::Text(k.clone()), from_json(model, of(k), v))).collect())
        }
    }
}

fn plain(number: &Number) -> Cbor {
    match number.as_i64() {
        Some(integer) => Cbor::Integer(integer.into()),
        None => Cbor::Float(number.as_f64().unwrap_or(f64::NAN)),
    }
}

/// Whole seconds as an integer: the Rust SDK cuts (it does not round) a float to milliseconds.
fn time(seconds: &Number) -> Cbor {
    let float = seconds.as_f64().unwrap_or_default();
    #[expect(clippy::cast_possible_truncation, reason = "only taken where it is exact")]
    let whole = float as i64;
    #[expect(clippy::cast_precision_loss, reason = "compared with what it came from")]
    let exact = (whole as f64).to_bits() == float.to_bits();
    if exact { Cbor::Integer(whole.into()) } else { Cbor::Float(float) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::services::Service;

    fn bytes(cbor: &Cbor) -> Vec<u8> {
        let mut bytes = Vec::new();
        ciborium::into_writer(cbor, &mut bytes).unwrap();
        bytes
    }

    fn text(text: &str) -> Cbor {
        Cbor::Text(text.to_owned())
    }

    #[test]
    fn a_request_is_read_as_its_json_would_be() {
        let at = |seconds| Cbor::Tag(1, Box::new(seconds));
        let body = bytes(&Cbor::Map(vec![
            (text("Start"), at(Cbor::Integer(1_729_427_640.into()))),
            (text("End"), at(Cbor::Float(1_729_427_640.25))),
            (
                text("Values"),
                Cbor::Array(vec![Cbor::Float(0.5), Cbor::Integer((-3).into()), Cbor::Float(f64::NAN)]),
            ),
            (text("Blob"), Cbor::Bytes(b"blob".to_vec())),
            (text("None"), Cbor::Null),
        ]));
        assert_eq!(
            decode(&body).unwrap(),
            json!({
                "Start": 1_729_427_640, "End": 1_729_427_640.25, "Values": [0.5, -3, "NaN"], "Blob": "YmxvYg==",
                "None": null,
            })
        );
        assert_eq!(decode(b"").unwrap(), json!({}));
    }

    #[test]
    fn what_is_no_request_is_an_error() {
        for bad in [&b"\xff"[..], b"\xa1\x01\x02", b"\xa0\xa0", b"{}"] {
            assert!(decode(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_answer_has_the_types_of_its_shapes() {
        let model = Model::of(Service::CloudWatch).unwrap();
        let shape = model.shape("GetMetricDataOutput");
        let output =
            json!({"MetricDataResults": [{"Id": "m", "Timestamps": [1_729_427_640.0], "Values": [2, 0.1]}]});
        let cbor: Cbor = ciborium::from_reader(encode(model, shape, &output).as_slice()).unwrap();
        let result = Cbor::Map(vec![
            (text("Id"), text("m")),
            (
                text("Timestamps"),
                Cbor::Array(vec![Cbor::Tag(1, Box::new(Cbor::Integer(1_729_427_640.into())))]),
            ),
            // A double stays one when its value is whole: the SDK reads no integer there.
            (text("Values"), Cbor::Array(vec![Cbor::Float(2.0), Cbor::Float(0.1)])),
        ]);
        assert_eq!(cbor, Cbor::Map(vec![(text("MetricDataResults"), Cbor::Array(vec![result]))]));
        assert_eq!(
            decode(&encode(model, shape, &output)).unwrap()["MetricDataResults"][0]["Values"],
            json!([2.0, 0.1])
        );
    }
}
