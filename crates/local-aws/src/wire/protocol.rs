//! The protocols behind one pair of functions.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde_json::{Map, Value, json};

use crate::models::Model;
use crate::world::ApiError;

use super::{cbor, gzip, json, query};

/// How a request and its answer are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// JSON, the operation in `X-Amz-Target`.
    AwsJson10,
    /// The same with another content type.
    AwsJson11,
    /// CBOR, the operation in the path.
    RpcV2Cbor,
    /// A form, answered in XML.
    AwsQuery,
    /// JSON, the operation in method and path.
    RestJson1,
}

/// More than any request of ours, and less than hurts.
const LARGEST_BODY: usize = 32 << 20;

/// What is written beside an output or an error.
pub(super) struct Envelope<'a> {
    pub(super) model: Option<&'a Model>,
    pub(super) operation: &'a str,
    pub(super) request_id: &'a str,
    /// The caller asked for the error codes of the query protocol that the service spoke before.
    pub(super) query_mode: bool,
}

impl Protocol {
    /// Reads the input from a body.
    pub(super) fn decode(self, headers: &HeaderMap, body: &[u8]) -> Result<Value, String> {
        let unpacked;
        let body = match headers.get("content-encoding").map(HeaderValue::as_bytes) {
            None | Some(b"") => body,
            Some(b"gzip") => {
                unpacked = gzip::gunzip(body, LARGEST_BODY)?;
                &unpacked
            }
            Some(_) => return Err("the body's encoding is not gzip".to_owned()),
        };
        match self {
            Self::AwsJson10 | Self::AwsJson11 | Self::RestJson1 => json::decode(body),
            Self::RpcV2Cbor => cbor::decode(body),
            Self::AwsQuery => query::decode(body),
        }
    }

    /// Writes an answer.
    pub(super) fn encode(self, envelope: &Envelope<'_>, output: &Value) -> Response<Bytes> {
        let shape = envelope.model.and_then(|model| {
            let output = model.operation(envelope.operation)?.output.as_deref()?;
            Some((model, model.shape(output)))
        });
        let body = match (self, shape, envelope.model) {
            (Self::RpcV2Cbor, Some((model, shape)), _) => cbor::encode(model, shape, output),
            (Self::AwsQuery, _, Some(model)) => {
                query::encode(model, envelope.operation, output, envelope.request_id)
            }
            // An operation without an output answers nothing at all.
            (_, None, _) => Vec::new(),
            _ => json::encode(output),
        };
        self.response(StatusCode::OK, body, envelope)
    }

    /// Writes an error.
    pub(super) fn encode_error(self, envelope: &Envelope<'_>, error: &ApiError) -> Response<Bytes> {
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let shape = envelope.model.and_then(|model| model.shape(&error.code));
        // Models spell it both ways, and clients with types read only their own.
        let message = match shape {
            Some(shape) if shape.members.contains_key("Message") => "Message",
            _ => "message",
        };
        let fields = json!({"__type": error.code, message: error.message});
        let query_code = shape.and_then(|shape| shape.error.as_ref()?.code.as_deref());
        let body = match self {
            Self::AwsJson10 | Self::AwsJson11 | Self::RestJson1 => json::encode(&fields),
            Self::RpcV2Cbor => {
                envelope.model.map_or_else(Vec::new, |model| cbor::encode(model, None, &fields))
            }
            Self::AwsQuery => {
                let namespace = envelope.model.map_or("", Model::xml_namespace);
                let code = query_code.unwrap_or_else(|| in_query(&error.code));
                query::error(namespace, code, &error.message, error.status, envelope.request_id)
            }
        };
        let mut response = self.response(status, body, envelope);
        let mut set = |name, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(name, value);
            }
        };
        if matches!(self, Self::AwsJson10 | Self::AwsJson11 | Self::RestJson1) {
            set("x-amzn-errortype", &error.code);
        }
        if envelope.query_mode {
            let fault = if error.status >= 500 { "Receiver" } else { "Sender" };
            set("x-amzn-query-error", &format!("{};{fault}", query_code.unwrap_or(&error.code)));
        }
        response
    }

    fn response(self, status: StatusCode, body: Vec<u8>, envelope: &Envelope<'_>) -> Response<Bytes> {
        let content_type = match self {
            Self::AwsJson10 => "application/x-amz-json-1.0",
            Self::AwsJson11 => "application/x-amz-json-1.1",
            Self::RpcV2Cbor => "application/cbor",
            Self::AwsQuery => "text/xml",
            Self::RestJson1 => "application/json",
        };
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        if self == Self::RpcV2Cbor {
            headers.insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
        }
        if let Ok(id) = HeaderValue::from_str(envelope.request_id) {
            headers.insert("x-amzn-requestid", id);
        }
        response
    }

    /// The code of an input that cannot be read.
    pub(super) fn unreadable(self, why: impl Into<String>) -> ApiError {
        let code = if self == Self::AwsQuery { "MalformedInput" } else { "SerializationException" };
        ApiError::new(code, why, 400)
    }
}

/// The query protocol's codes for what every service may answer.
fn in_query(code: &str) -> &str {
    match code {
        "MissingAuthenticationTokenException" => "MissingAuthenticationToken",
        "IncompleteSignatureException" => "IncompleteSignature",
        "InvalidSignatureException" => "SignatureDoesNotMatch",
        "UnknownOperationException" => "InvalidAction",
        "ThrottlingException" => "Throttling",
        "AccessDeniedException" => "AccessDenied",
        "ExpiredTokenException" => "ExpiredToken",
        other => other,
    }
}

/// An empty structure, which every protocol can write.
pub(super) fn nothing() -> Value {
    Value::Object(Map::new())
}
