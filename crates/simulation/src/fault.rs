//! What the network does to a call, and how AWS words its refusals.

use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// AWS refuses: too many calls.
    Throttled,
    /// AWS answers 500 and has done nothing.
    ErrorBefore,
    /// AWS answers 500 and has done it.
    ErrorAfter,
    /// The connection breaks before the request arrives.
    CutBefore,
    /// The connection breaks before the answer arrives.
    CutAfter,
    /// The request takes a while, and arrives even when nobody waits for the answer any more.
    SlowRequest(Duration),
    /// The answer takes a while.
    SlowReply(Duration),
    /// AWS refuses: no right.
    Denied,
    /// AWS refuses: the credentials are too old.
    Expired,
}

impl Fault {
    /// In a word, for the summary.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::ErrorBefore => "500 before the effect",
            Self::ErrorAfter => "500 after the effect",
            Self::CutBefore => "cut before the effect",
            Self::CutAfter => "cut after the effect",
            Self::SlowRequest(_) => "slow request",
            Self::SlowReply(_) => "slow reply",
            Self::Denied => "denied",
            Self::Expired => "expired",
        }
    }
}

/// A service, by how it words an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// XML.
    S3,
    /// JSON.
    Emr,
    /// JSON.
    Glue,
    /// CBOR.
    CloudWatch,
    /// JSON, with the error's name in a header.
    Scheduler,
}

/// A call on the wire, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The service.
    pub service: Service,
    /// The operation, and for S3 the key.
    pub what: String,
    /// Whether it changes something at AWS.
    pub changes: bool,
}

impl Call {
    /// What a request asks for.
    pub fn of(request: &HttpRequest) -> Self {
        if let Some((service, operation)) =
            request.headers().get("x-amz-target").and_then(|target| target.split_once('.'))
        {
            let service = if service == "AWSGlue" { Service::Glue } else { Service::Emr };
            return Self::named(service, operation);
        }
        if let Some((_, operation)) = request.uri().split_once("/operation/") {
            return Self::named(Service::CloudWatch, operation);
        }
        let path = request.uri().split_once("://").map_or(request.uri(), |(_, rest)| rest);
        let path = path.split_once('/').map_or("", |(_, path)| path);
        if let Some(operation) = scheduler_operation(request.method(), path) {
            return Self::named(Service::Scheduler, &operation);
        }
        Self {
            service: Service::S3,
            what: format!("{} {path}", request.method()),
            changes: !matches!(request.method(), "GET" | "HEAD"),
        }
    }

    fn named(service: Service, operation: &str) -> Self {
        let reads = ["Describe", "List", "Get"].iter().any(|verb| operation.starts_with(verb));
        Self { service, what: operation.to_owned(), changes: !reads }
    }

    /// The operation, and for S3 the method and the file's name.
    pub fn kind(&self) -> String {
        match (self.what.split_once(' '), self.what.rsplit_once('/')) {
            (Some((method, _)), Some((_, name))) => {
                format!("{method} {}", name.split('?').next().unwrap_or_default())
            }
            _ => self.what.clone(),
        }
    }

    /// Whether it asks for a cluster.
    pub fn is_launch(&self) -> bool {
        self.service == Service::Emr && self.what == "RunJobFlow"
    }

    /// Whether it reads, makes or moves a partition, or deletes objects.
    pub fn is_felt_by_readers(&self) -> bool {
        self.is_deletion() || self.service == Service::Glue && self.what.ends_with("Partition")
    }

    /// Whether it deletes objects.
    pub fn is_deletion(&self) -> bool {
        self.service == Service::S3 && (self.what.ends_with("?delete") || self.what.starts_with("DELETE "))
    }
}

/// EventBridge Scheduler names what it is about in the path, and what to do by the method.
fn scheduler_operation(method: &str, path: &str) -> Option<String> {
    let what = match path.split(['/', '?']).next()? {
        "schedules" => "Schedule",
        "schedule-groups" => "ScheduleGroup",
        _ => return None,
    };
    let verb = match method {
        "POST" => "Create",
        "PUT" => "Update",
        "DELETE" => "Delete",
        _ => "Get",
    };
    Some(format!("{verb}{what}"))
}

/// The answer of a service that has too many calls.
pub(crate) fn throttled(service: Service) -> HttpResponse {
    match service {
        Service::S3 => refusal(service, 503, "SlowDown"),
        Service::Emr | Service::Glue | Service::CloudWatch => refusal(service, 400, "ThrottlingException"),
        Service::Scheduler => refusal(service, 429, "ThrottlingException"),
    }
}

/// The answer of a service in trouble.
pub(crate) fn error(service: Service) -> HttpResponse {
    match service {
        Service::S3 => refusal(service, 500, "InternalError"),
        Service::Emr | Service::Glue | Service::CloudWatch => refusal(service, 500, "InternalServerError"),
        Service::Scheduler => refusal(service, 500, "InternalServerException"),
    }
}

/// The answer to who may not.
pub(crate) fn denied(service: Service) -> HttpResponse {
    match service {
        Service::S3 => refusal(service, 403, "AccessDenied"),
        Service::Emr | Service::Glue | Service::CloudWatch => refusal(service, 400, "AccessDeniedException"),
        Service::Scheduler => refusal(service, 403, "AccessDeniedException"),
    }
}

/// The answer to whose credentials are too old.
pub(crate) fn expired(service: Service) -> HttpResponse {
    match service {
        Service::S3 => refusal(service, 400, "ExpiredToken"),
        Service::Emr | Service::Glue | Service::CloudWatch => refusal(service, 400, "ExpiredTokenException"),
        Service::Scheduler => refusal(service, 403, "ExpiredTokenException"),
    }
}

/// The error of a connection that broke.
pub(crate) fn cut() -> ConnectorError {
    let reset = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "connection reset by peer");
    ConnectorError::io(reset.into())
}

fn refusal(service: Service, status: u16, code: &str) -> HttpResponse {
    let (kind, body) = match service {
        Service::S3 => {
            let xml = format!("<Error><Code>{code}</Code><Message>made up</Message></Error>");
            ("application/xml", xml.into_bytes())
        }
        Service::Emr | Service::Glue => {
            let json = format!(r#"{{"__type":"{code}","message":"made up"}}"#);
            ("application/x-amz-json-1.1", json.into_bytes())
        }
        Service::CloudWatch => ("application/cbor", cbor(code)),
        Service::Scheduler => ("application/json", br#"{"Message":"made up"}"#.to_vec()),
    };
    let status = status.try_into().unwrap_or_else(|_| unreachable!("a status of three digits"));
    let mut response = HttpResponse::new(status, SdkBody::from(body));
    response.headers_mut().insert("content-type", kind);
    if service == Service::CloudWatch {
        response.headers_mut().insert("smithy-protocol", "rpc-v2-cbor");
    }
    if service == Service::Scheduler {
        response.headers_mut().insert("x-amzn-errortype", code.to_owned());
    }
    response
}

/// A map of one text to another: `{"__type": code}`.
fn cbor(code: &str) -> Vec<u8> {
    let mut bytes = vec![0xa1];
    for text in ["__type", code] {
        match u8::try_from(text.len()).unwrap_or(u8::MAX) {
            short @ 0..24 => bytes.push(0x60 + short),
            long => bytes.extend([0x78, long]),
        }
        bytes.extend(text.as_bytes());
    }
    bytes
}
