//! awsQuery: a form in, XML out. Only what STS needs: scalars in, structures, lists and scalars out.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::models::{Model, Shape};

/// The parameters of a form, in order.
pub(super) fn parameters(body: &[u8]) -> Result<Vec<(String, String)>, String> {
    let body = std::str::from_utf8(body).map_err(|_| "the form is not UTF-8".to_owned())?;
    let pairs = body.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((percent_decoded(name)?, percent_decoded(value)?))
        })
        .collect()
}

/// The input that a form holds beside `Action` and `Version`.
pub(super) fn decode(body: &[u8]) -> Result<Value, String> {
    let members = parameters(body)?.into_iter().filter(|(name, _)| name != "Action" && name != "Version");
    Ok(Value::Object(members.map(|(name, value)| (name, Value::String(value))).collect::<Map<_, _>>()))
}

/// A segment of a path.
pub(super) fn decoded(segment: &str) -> Result<String, String> {
    percent_decoded(&segment.replace('+', "%2B"))
}

fn percent_decoded(text: &str) -> Result<String, String> {
    let wrong = || format!("{text:?} is not valid form text");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = tail.get(..2).ok_or_else(wrong)?;
                bytes.extend(hex::decode(digits).map_err(|_| wrong())?);
                rest = &tail[2..];
            }
            other => bytes.push(*other),
        }
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

/// The answer to an operation.
pub(super) fn encode(model: &Model, operation: &str, output: &Value, request_id: &str) -> Vec<u8> {
    let of = model.operation(operation);
    let shape = of.and_then(|of| model.shape(of.output.as_deref()?));
    let mut result = String::new();
    members(model, shape, output, &mut result);
    if let Some(wrapper) = of.and_then(|of| of.result_wrapper.as_deref()) {
        result = format!("<{wrapper}>{result}</{wrapper}>");
    }
    let namespace = model.xml_namespace();
    format!(
        "<{operation}Response xmlns=\"{namespace}\">{result}<ResponseMetadata><RequestId>{request_id}</RequestId>\
         </ResponseMetadata></{operation}Response>"
    )
    .into_bytes()
}

fn members(model: &Model, shape: Option<&Shape>, value: &Value, xml: &mut String) {
    let inner = |reference: Option<&_>| reference.and_then(|reference| model.resolve(reference));
    match value {
        Value::Null => {}
        Value::Object(entries) => {
            for (name, value) in entries.iter().filter(|(_, value)| !value.is_null()) {
                let _ = write!(xml, "<{name}>");
                members(model, inner(shape.and_then(|shape| shape.members.get(name))), value, xml);
                let _ = write!(xml, "</{name}>");
            }
        }
        Value::Array(items) => {
            for item in items {
                xml.push_str("<member>");
                members(model, inner(shape.and_then(|shape| shape.member.as_ref())), item, xml);
                xml.push_str("</member>");
            }
        }
        Value::String(text) => xml.push_str(&escaped(text)),
        scalar => {
            let _ = write!(xml, "{scalar}");
        }
    }
}

/// An error.
pub(super) fn error(namespace: &str, code: &str, message: &str, status: u16, request_id: &str) -> Vec<u8> {
    let fault = if status >= 500 { "Receiver" } else { "Sender" };
    let (code, message) = (escaped(code), escaped(message));
    format!(
        "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{fault}</Type><Code>{code}</Code><Message>{message}\
         </Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    .into_bytes()
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_form_is_decoded() {
        let form = b"Action=GetCallerIdentity&Version=2011-06-15&Name=a+b%2Fc%C3%A4&Flag";
        assert_eq!(decode(form).unwrap(), json!({"Name": "a b/c\u{e4}", "Flag": ""}));
        for bad in [&b"a=%2"[..], b"a=%zz", b"a=%ff", b"\xff"] {
            assert!(decode(bad).is_err(), "{bad:?}");
        }
    }
}
