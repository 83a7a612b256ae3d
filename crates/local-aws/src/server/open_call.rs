//! One request from its arrival to its line in the journal.

use std::sync::atomic::Ordering;

use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use s3s::Body;

use crate::athena::rows;
use crate::faults::{CallView, Fault, Gate};
use crate::journal::{CUT_OFF, CallRecord, OK};
use crate::s3;
use crate::services::Service;
use crate::wire::{self, Opened, Received, Route};
use crate::world::ApiError;

use super::Endpoint;
use super::endpoint::{Cut, status_only};

/// A request until its line stands in the journal. If it is dropped before that, its caller went away.
pub(super) struct OpenCall<'a> {
    endpoint: &'a Endpoint,
    /// As far as the request's head tells.
    service: String,
    record: CallRecord,
    gate: Gate,
    arrived: Timestamp,
    request_id: String,
    /// For requests whose operation nobody notes.
    request: String,
    open: bool,
}

/// What a call was answered with by who does it.
struct Done {
    response: Response<Body>,
    error: Option<String>,
}

impl<'a> OpenCall<'a> {
    pub(super) fn new(
        endpoint: &'a Endpoint,
        head: &Parts,
        service: &str,
        seq: u64,
        request_id: String,
    ) -> Self {
        let clock = endpoint.clock().clone();
        let arrived = clock.now();
        endpoint.touch(arrived);
        endpoint.0.in_flight.fetch_add(1, Ordering::Relaxed);
        let record = CallRecord::new();
        Self {
            endpoint,
            service: service.to_owned(),
            gate: Gate { faults: endpoint.0.faults.clone(), clock, seq, record: record.clone() },
            record,
            arrived,
            request_id,
            request: format!("{} {}", head.method, head.uri.path()),
            open: true,
        }
    }

    /// Answers a request to a service of the world.
    pub(super) async fn answer_world(
        mut self,
        head: &Parts,
        body: &[u8],
        route: Route,
    ) -> Result<Response<Body>, Cut> {
        let endpoint = self.endpoint;
        let received = Received { head, body, now: self.arrived, request_id: &self.request_id };
        let asked = match wire::open(received, route, &endpoint.0.verifier, &self.record) {
            Opened::Valid(asked) => asked,
            Opened::Refused(answer) => {
                self.close(&answer.service, answer.error.as_deref().unwrap_or(OK), answer.response.status());
                return Ok(answer.response.map(Body::from));
            }
        };
        let service = asked.call.operation.service();
        let fault = self.gate.decide(service.name());
        let done = match fault {
            Some(fault) if fault.prevents() => None,
            fault => {
                let result = if let Some(error) = endpoint.refusal() {
                    Err(error)
                } else {
                    let result = self.do_call(asked.call.clone(), fault).await;
                    endpoint.checked(asked.call.operation, rows::fill(&endpoint.0.store, result).await)
                };
                let answer = asked.answer(result);
                Some(Done { response: answer.response.map(Body::from), error: answer.error })
            }
        };
        self.conclude(service, fault, done, |error| asked.answer(Err(error)).response.map(Body::from)).await
    }

    /// Does a call to the world: at once, or later without regard to whether its caller is still there.
    async fn do_call(&self, call: wire::Call, fault: Option<Fault>) -> Result<serde_json::Value, ApiError> {
        let view = fault.map(Fault::list_view).unwrap_or_default();
        let endpoint = self.endpoint.clone();
        let Some(late) = fault.filter(|fault| fault.effect_delay().is_some()) else {
            return endpoint.call(&call, view);
        };
        let gate = self.gate.clone();
        let task = tokio::spawn(async move {
            gate.wait_for_effect(late).await;
            endpoint.call(&call, view)
        });
        task.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a late call was not done");
            Err(ApiError::new("InternalFailure", "the call was not done", 500))
        })
    }

    /// Answers a request to S3.
    pub(super) async fn answer_s3(self, mut request: Request<Body>) -> Result<Response<Body>, Cut> {
        let is_head = request.method() == Method::HEAD;
        request.extensions_mut().insert(self.record.clone());
        request.extensions_mut().insert(self.gate.clone());
        let s3 = self.endpoint.0.s3.clone();
        let call = async move { s3.call(request).await };
        // A late call goes on without its caller, and only the S3 layer will know that it is one.
        let response = if self.endpoint.0.faults.is_set() {
            tokio::spawn(call).await.unwrap_or_else(|error| {
                tracing::error!(%error, "an S3 call was not done");
                Ok(status_only(StatusCode::INTERNAL_SERVER_ERROR))
            })
        } else {
            call.await
        };
        let response = response.unwrap_or_else(|error| {
            tracing::error!(?error, "the S3 layer has no answer");
            status_only(StatusCode::INTERNAL_SERVER_ERROR)
        });
        let fault = self.gate.decided();
        let done = match fault {
            Some(fault) if fault.prevents() => None,
            _ => Some(self.told_by_s3(response).await),
        };
        let (resource, request_id) = (self.request.clone(), self.request_id.clone());
        let refuse = move |error: ApiError| {
            let mut response = s3::error_response(&error, &resource, &request_id);
            if is_head {
                *response.body_mut() = Body::empty();
            }
            response
        };
        self.conclude(Service::S3, fault, done, refuse).await
    }

    /// S3 answers errors in XML; the code is read from there where the S3 layer has not noted one.
    async fn told_by_s3(&self, response: Response<Body>) -> Done {
        let status = response.status();
        let recorded = self.record.read().error;
        if status.is_success() || status.is_redirection() && status != StatusCode::NOT_MODIFIED {
            return Done { response, error: recorded };
        }
        let (head, body) = response.into_parts();
        let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let told = recorded.or_else(|| code_in(&body)).unwrap_or_else(|| match status {
            StatusCode::NOT_MODIFIED => "NotModified".to_owned(),
            status => status.as_u16().to_string(),
        });
        Done { response: Response::from_parts(head, Body::from(body)), error: Some(told) }
    }

    /// Ends the call: with what it was answered with, or with what its fault makes of it.
    async fn conclude(
        mut self,
        service: Service,
        fault: Option<Fault>,
        done: Option<Done>,
        refuse: impl FnOnce(ApiError) -> Response<Body>,
    ) -> Result<Response<Body>, Cut> {
        let name = service.name();
        let error = fault.and_then(|fault| self.error(fault, service));
        let cut = matches!(fault, Some(Fault::Cut { .. }));
        if let Some(done) = done.as_ref().filter(|_| cut || error.is_some()) {
            self.record.effect(done.error.as_deref().unwrap_or(OK));
        }
        if cut {
            self.finish(name, CUT_OFF, 0);
            return Err(Cut);
        }
        if let Some(error) = error {
            let code = error.code.clone();
            let response = refuse(error);
            self.close(name, &code, response.status());
            return Ok(response);
        }
        if let Some(fault) = fault {
            self.gate.wait_for_answer(fault).await;
        }
        // Only what is cut or answered with an error is not done.
        let Done { response, error } = done.unwrap_or_else(|| Done {
            response: status_only(StatusCode::INTERNAL_SERVER_ERROR),
            error: None,
        });
        self.close(name, error.as_deref().unwrap_or(OK), response.status());
        Ok(response)
    }

    fn error(&self, fault: Fault, service: Service) -> Option<ApiError> {
        let recorded = self.record.read();
        let view = CallView {
            service: service.name(),
            operation: &recorded.operation,
            resource: &recorded.resource,
            seq: self.gate.seq,
            now: self.arrived,
        };
        fault.error(service, &view)
    }

    fn close(&mut self, service: &str, outcome: &str, status: StatusCode) {
        self.finish(service, outcome, status.as_u16());
    }

    fn finish(&mut self, service: &str, outcome: &str, status: u16) {
        self.open = false;
        let mut recorded = self.record.read();
        if recorded.operation.is_empty() {
            recorded.operation.clone_from(&self.request);
        }
        self.endpoint.0.journal.record(self.arrived, service, recorded, outcome, status);
    }
}

impl Drop for OpenCall<'_> {
    fn drop(&mut self) {
        if self.open {
            let service = std::mem::take(&mut self.service);
            self.finish(&service, CUT_OFF, 0);
        }
        let now = self.endpoint.clock().now();
        self.endpoint.touch(now);
        self.endpoint.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

fn code_in(xml: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(xml).ok()?;
    let (_, rest) = text.split_once("<Code>")?;
    rest.split_once("</Code>").map(|(code, _)| code.to_owned())
}
