//! One request from its bytes to its answer.
//!
//! The order is that of AWS: the signature, the operation, whether the input can be read, the constraints of the model.
//! Only a request that passes all of them reaches the world, or a fault on purpose.

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use jiff::Timestamp;
use serde_json::Value;

use crate::journal::CallRecord;
use crate::models::{InputError, Model};
use crate::services::{Operation, Service};
use crate::world::ApiError;

use super::auth::signed_service;
use super::protocol::{Envelope, nothing};
use super::resource::resource;
use super::route::{Route, Target};
use super::{Caller, Protocol, Verifier, query, rest};

/// A request that is in order, for the world.
#[derive(Clone, Debug)]
pub struct Call {
    /// The operation.
    pub operation: Operation,
    /// The input: it keeps all constraints of the model.
    pub input: Value,
    /// Who signed it.
    pub caller: Caller,
}

/// An answer to the caller.
#[derive(Debug)]
pub struct Answer {
    /// The service, as the journal names it.
    pub service: String,
    /// The error code, if it is one.
    pub error: Option<String>,
    /// The response.
    pub response: Response<Bytes>,
}

/// A request with its whole body.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    /// Method, address, headers.
    pub head: &'a Parts,
    /// The body, as it came.
    pub body: &'a [u8],
    /// The time at the endpoint.
    pub now: Timestamp,
    /// The id to answer with.
    pub request_id: &'a str,
}

/// A request that was read.
#[derive(Debug)]
pub enum Opened {
    /// It is in order.
    Valid(ValidRequest),
    /// It is not, and this is its answer.
    Refused(Answer),
}

/// A request that is in order, and what its answer needs to know.
#[derive(Debug)]
pub struct ValidRequest {
    /// The call, for the world.
    pub call: Call,
    form: Form,
}

/// How an answer is written.
#[derive(Debug)]
struct Form {
    target: Target,
    request_id: String,
    query_mode: bool,
}

/// Reads a request to a service of the world.
pub fn open(received: Received<'_>, route: Route, verifier: &Verifier, record: &CallRecord) -> Opened {
    let target = match route {
        Route::World(target) => Ok(target),
        Route::Query => query_target(received),
        unknown @ (Route::Unknown { .. } | Route::S3) => Err(unknown),
    };
    match target {
        Ok(target) => open_target(received, target, verifier, record),
        Err(unknown) => Opened::Refused(refuse(received, unknown, record)),
    }
}

fn open_target(received: Received<'_>, target: Target, verifier: &Verifier, record: &CallRecord) -> Opened {
    record.operation(&target.operation);
    let form = Form {
        target,
        request_id: received.request_id.to_owned(),
        query_mode: received.head.headers.contains_key("x-amzn-query-mode"),
    };
    let call = verifier
        .verify(received.head, received.body, received.now)
        .and_then(|caller| read(received, &form.target, caller, record));
    match call {
        Ok(call) => Opened::Valid(ValidRequest { call, form }),
        Err(error) => Opened::Refused(form.answer(Err(error))),
    }
}

impl ValidRequest {
    /// The answer with this result.
    pub fn answer(&self, result: Result<Value, ApiError>) -> Answer {
        self.form.answer(result)
    }
}

impl Form {
    fn answer(&self, result: Result<Value, ApiError>) -> Answer {
        let Target { service, operation, protocol } = &self.target;
        let envelope = Envelope {
            model: Model::of(*service),
            operation,
            request_id: &self.request_id,
            query_mode: self.query_mode,
        };
        let response = match &result {
            Ok(output) => protocol.encode(&envelope, output),
            Err(error) => protocol.encode_error(&envelope, error),
        };
        Answer { service: service.name().to_owned(), error: result.err().map(|e| e.code), response }
    }
}

fn read(
    received: Received<'_>,
    target: &Target,
    caller: Caller,
    record: &CallRecord,
) -> Result<Call, ApiError> {
    let Target { service, operation, protocol } = target;
    let (Some(known), Some(model)) = (service.operation(operation), Model::of(*service)) else {
        return Err(ApiError::unknown_operation(service.name(), operation));
    };
    let input =
        protocol.decode(&received.head.headers, received.body).map_err(|why| protocol.unreadable(why))?;
    let input = if input.is_null() { nothing() } else { input };
    let input = match input {
        Value::Object(members) if *protocol == Protocol::RestJson1 => {
            let uri = &received.head.uri;
            rest::bind(model, operation, (uri.path(), uri.query()), members)
                .map_err(|why| protocol.unreadable(why))?
        }
        input => input,
    };
    record.parameters(resource(known, &input), input.clone());
    let checked = model.check(operation, input);
    for path in checked.unknown {
        record.warn(format!("{path} is not a member of the model: AWS ignores it"));
    }
    match checked.error {
        None => Ok(Call { operation: known, input: checked.input, caller }),
        Some(InputError::Unreadable(why)) => Err(protocol.unreadable(why)),
        Some(error @ InputError::Invalid(_)) => {
            // CloudWatch and STS keep the code of their query days.
            let code = match service {
                Service::Emr | Service::Scheduler | Service::Glue => "ValidationException",
                Service::Athena => "InvalidRequestException",
                _ => "ValidationError",
            };
            Err(ApiError::new(code, error.to_string(), 400))
        }
    }
}

/// The operation of a form.
fn query_target(received: Received<'_>) -> Result<Target, Route> {
    let parameters = query::parameters(received.body).unwrap_or_default();
    let parameter = |name: &str| {
        parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let (operation, version, protocol) = (parameter("Action"), parameter("Version"), Protocol::AwsQuery);
    if version == "2011-06-15" {
        return Ok(Target { service: Service::Sts, operation, protocol });
    }
    // Old clients speak query to CloudWatch too; the SDKs of today do not.
    let service = signed_service(received.head).unwrap_or_default().to_owned();
    Err(Route::Unknown { service, operation, protocol })
}

/// Refuses what is not here: never an empty success.
fn refuse(received: Received<'_>, route: Route, record: &CallRecord) -> Answer {
    let (service, operation, protocol) = match route {
        Route::Unknown { service, operation, protocol } => (service, operation, protocol),
        Route::World(target) => (target.service.name().to_owned(), target.operation, target.protocol),
        Route::Query | Route::S3 => (String::new(), String::new(), Protocol::AwsQuery),
    };
    record.operation(&operation);
    let model = (protocol == Protocol::RpcV2Cbor).then(|| Model::of(Service::CloudWatch)).flatten();
    let request_id = received.request_id;
    let envelope = Envelope { model, operation: &operation, request_id, query_mode: false };
    let error = ApiError::unknown_operation(&service, &operation);
    let response = protocol.encode_error(&envelope, &error);
    Answer { service, error: Some(error.code), response }
}
