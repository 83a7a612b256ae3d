//! Which service, operation and protocol a request is for.

use http::request::Parts;
use http::{Method, header};

use crate::models::Model;
use crate::services::{Operation, Service};

use super::auth::signed_service;
use super::{Protocol, rest};

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// To an operation of a service that the world answers.
    World(Target),
    /// To awsQuery, whose operation stands in the body.
    Query,
    /// To S3.
    S3,
    /// To a service that is not here.
    Unknown {
        /// The name that the request was signed for, or the prefix of its target.
        service: String,
        /// The operation as far as the request tells.
        operation: String,
        /// The protocol to refuse it in.
        protocol: Protocol,
    },
}

impl Route {
    /// The service as the journal names it; empty while it stands in the body.
    pub fn service(&self) -> &str {
        match self {
            Self::World(target) => target.service.name(),
            Self::Query => "",
            Self::S3 => Service::S3.name(),
            Self::Unknown { service, .. } => service,
        }
    }
}

/// An operation and how to speak about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The service.
    pub service: Service,
    /// The operation; not yet known to be one.
    pub operation: String,
    /// The protocol.
    pub protocol: Protocol,
}

/// Routes a request by its head.
pub fn route(head: &Parts) -> Route {
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(target) = header("x-amz-target") {
        return by_target(target, header("content-type"));
    }
    if header("smithy-protocol").is_some() {
        return by_path(head.uri.path());
    }
    let form = header(header::CONTENT_TYPE.as_str())
        .is_some_and(|content| content.starts_with("application/x-www-form-urlencoded"));
    if head.method == Method::POST && head.uri.path() == "/" && form {
        return Route::Query;
    }
    match signed_service(head) {
        // Signing names of S3; a request without a signature may still be a presigned one.
        None | Some("s3" | "s3express") => Route::S3,
        // Scheduler signs with the name that it has in the journal.
        Some(service) if service == Service::Scheduler.name() => by_method_and_path(head),
        Some(service) => Route::Unknown {
            service: service.to_owned(),
            operation: format!("{} {}", head.method, head.uri.path()),
            protocol: Protocol::AwsJson11,
        },
    }
}

fn by_method_and_path(head: &Parts) -> Route {
    let (service, protocol) = (Service::Scheduler, Protocol::RestJson1);
    match rest::operation(service, &head.method, head.uri.path()).map(Operation::name) {
        Some(operation) => Route::World(Target { service, operation: operation.to_owned(), protocol }),
        None => Route::Unknown {
            service: service.name().to_owned(),
            operation: format!("{} {}", head.method, head.uri.path()),
            protocol,
        },
    }
}

fn by_target(target: &str, content_type: Option<&str>) -> Route {
    let (prefix, operation) = target.rsplit_once('.').unwrap_or((target, ""));
    let protocol = match content_type {
        Some(content) if content.contains("json-1.0") => Protocol::AwsJson10,
        _ => Protocol::AwsJson11,
    };
    let service = Service::IN_WORLD.iter().copied().find(|service| target_prefix(*service) == Some(prefix));
    let operation = operation.to_owned();
    match service {
        Some(service) => Route::World(Target { service, operation, protocol }),
        None => Route::Unknown { service: prefix.to_owned(), operation, protocol },
    }
}

/// The name of a service's shape, which stands in targets and paths.
fn target_prefix(service: Service) -> Option<&'static str> {
    Model::of(service).and_then(Model::target_prefix)
}

/// `/service/<service shape>/operation/<operation>`, at the end of the path as Smithy has it.
fn by_path(path: &str) -> Route {
    let protocol = Protocol::RpcV2Cbor;
    let parts: Vec<&str> = path.rsplitn(5, '/').collect();
    match parts.as_slice() {
        [operation, "operation", shape, "service", ..] => {
            let operation = (*operation).to_owned();
            if target_prefix(Service::CloudWatch) == Some(*shape) {
                Route::World(Target { service: Service::CloudWatch, operation, protocol })
            } else {
                Route::Unknown { service: (*shape).to_owned(), operation, protocol }
            }
        }
        _ => Route::Unknown { service: String::new(), operation: path.to_owned(), protocol },
    }
}
