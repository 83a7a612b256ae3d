//! From a request to a response.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use jiff::{SignedDuration, Timestamp};
use s3s::Body;
use s3s::service::S3Service;
use serde_json::Value;
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::journal::{CUT_OFF, CallNote, Journal, OK};
use crate::s3;
use crate::steps::{Runner, RunnerConfig};
use crate::store::Store;
use crate::wire::{self, Call, Received, Route, Verifier};
use crate::world::{ApiError, CallContext, Effect, World};

use super::Driver;
use super::saved::SavedWorld;

/// What an endpoint is made of.
#[derive(Debug)]
pub struct EndpointConfig {
    /// The world: new, or a saved one that [`World::restarted`] has been told about.
    pub world: World,
    /// Where it is saved after each change, if anywhere.
    pub saved: Option<SavedWorld>,
    /// The objects.
    pub store: Store,
    /// The journal.
    pub journal: Journal,
    /// What time it is.
    pub clock: Clock,
    /// The folder that steps work in; `None` where only scripted steps may run.
    pub root: Option<std::path::PathBuf>,
    /// Its own address, for the steps' `AWS_ENDPOINT_URL`.
    pub endpoint_url: String,
    /// The region of steps and of S3.
    pub region: String,
    /// The account: twelve digits.
    pub account: String,
    /// The access key id that steps sign with. Others are as good: only the secret counts.
    pub access_key: String,
    /// The one secret.
    pub secret_key: String,
    /// How far a request's date may be off; `None` where clients have another clock.
    pub max_skew: Option<SignedDuration>,
}

/// The embedded AWS. Clones are the same one.
#[derive(Clone)]
pub struct Endpoint(pub(super) Arc<Inner>);

pub(super) struct Inner {
    world: Mutex<World>,
    saved: Option<SavedWorld>,
    s3: S3Service,
    journal: Journal,
    clock: Clock,
    account: String,
    verifier: Verifier,
    runner: Runner,
    requests: AtomicU64,
    in_flight: AtomicU64,
    /// When something happened last.
    active: Mutex<Timestamp>,
    /// Wakes the driver: the world's next deadline may be another one.
    pub(super) moved: Notify,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint").field("clock", &self.0.clock).finish_non_exhaustive()
    }
}

/// The longest body of a request to the world.
const LONGEST_BODY: usize = 16 << 20;

impl Endpoint {
    /// An endpoint, and the driver that moves its world when nobody calls: [`Driver::run`] has to run beside it.
    pub fn new(config: EndpointConfig) -> (Self, Driver) {
        let objects = s3::service_with(
            config.store.clone(),
            config.clock.clone(),
            s3::Settings {
                secret: config.secret_key.clone(),
                region: config.region.clone(),
                page: s3::DEFAULT_PAGE,
                skew: config.max_skew,
            },
        );
        let verifier = Verifier::new(config.secret_key.clone(), config.max_skew);
        let (runner, ends) = Runner::new(RunnerConfig {
            root: config.root,
            store: config.store,
            endpoint_url: config.endpoint_url,
            region: config.region,
            access_key: config.access_key,
            secret_key: config.secret_key,
            clock: config.clock.clone(),
        });
        let inner = Inner {
            world: Mutex::new(config.world),
            saved: config.saved,
            s3: objects,
            journal: config.journal,
            active: Mutex::new(config.clock.now()),
            clock: config.clock,
            account: config.account,
            verifier,
            runner,
            requests: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
            moved: Notify::new(),
        };
        let endpoint = Self(Arc::new(inner));
        let driver = Driver::new(endpoint.clone(), ends);
        (endpoint, driver)
    }

    /// Answers one request.
    pub async fn handle(&self, request: Request<Body>) -> Response<Body> {
        let (mut head, body) = request.into_parts();
        set_host(&mut head);
        let number = self.0.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let request_id = format!("{number:08x}-0000-4000-8000-{number:012x}");
        let route = wire::route(&head);
        let open = OpenCall::new(self, &head, route.service());
        let response = match route {
            Route::S3 => {
                let mut request = Request::from_parts(head, body);
                request.extensions_mut().insert(open.note.clone());
                let response = self.0.s3.call(request).await;
                open.finish_s3(response.unwrap_or_else(|error| {
                    tracing::error!(?error, "the S3 layer has no answer");
                    status_only(StatusCode::INTERNAL_SERVER_ERROR)
                }))
                .await
            }
            route => match Limited::new(body, LONGEST_BODY).collect().await {
                Ok(body) => self.answer(&head, &body.to_bytes(), route, &request_id, open),
                // The caller is gone, or sends more than any request can be.
                Err(error) => {
                    tracing::debug!(%error, "a request's body ended early");
                    status_only(StatusCode::PAYLOAD_TOO_LARGE)
                }
            },
        };
        with_request_id(response, &request_id)
    }

    /// Answers a request whose body is in memory, and gives the answer's body in memory: for callers in the process.
    pub async fn handle_bytes(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (head, body) = self.handle(request.map(Body::from)).await.into_parts();
        let body = match body.collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => {
                tracing::warn!(%error, "an answer's body ended early");
                Bytes::new()
            }
        };
        Response::from_parts(head, body)
    }

    /// The journal.
    pub fn journal(&self) -> &Journal {
        &self.0.journal
    }

    /// Since when nothing has happened; `None` while a request is being answered or a cluster is alive.
    pub fn quiet_since(&self) -> Option<Timestamp> {
        let busy = self.0.in_flight.load(Ordering::Relaxed) > 0 || !lock(&self.0.world).is_idle();
        (!busy).then(|| *lock(&self.0.active))
    }

    /// Ends all running steps. The world is not told: to the next daemon they are steps whose processes are gone.
    pub async fn shutdown(&self) {
        self.0.runner.shutdown().await;
    }

    /// When the world has something to do next.
    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        lock(&self.0.world).next_deadline()
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    fn answer(
        &self,
        head: &Parts,
        body: &[u8],
        route: Route,
        request_id: &str,
        open: OpenCall<'_>,
    ) -> Response<Body> {
        let received = Received { head, body, now: open.arrived, request_id };
        let answer = wire::answer(received, route, &self.0.verifier, &open.note, |call| self.call(call));
        open.finish(&answer.service, answer.error.as_deref(), answer.response.status());
        answer.response.map(Body::from)
    }

    fn call(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        let reads = ["Describe", "List", "Get"].iter().any(|verb| call.operation.starts_with(verb));
        let result = self.turn(!reads, |world, now| {
            let context = CallContext {
                now,
                region: call.caller.region.clone(),
                account: self.0.account.clone(),
                access_key: call.caller.access_key.clone(),
            };
            world.call(call.service, call.operation, &call.input, &context)
        });
        self.0.moved.notify_one();
        result
    }

    /// One turn of the world: what was due, then `act`, then what follows from it. A changed world is saved before
    /// anything is done outside or said about it.
    pub(super) fn turn<T>(&self, writes: bool, act: impl FnOnce(&mut World, Timestamp) -> T) -> T {
        let mut world = lock(&self.0.world);
        let now = self.0.clock.now();
        let due = world.next_deadline().is_some_and(|deadline| deadline <= now);
        let mut effects: Vec<Effect> = world.advance(now);
        let result = act(&mut world, now);
        effects.extend(world.advance(now));
        if writes || due || !effects.is_empty() {
            self.changed(&world, now);
        }
        for effect in effects {
            self.0.runner.execute(effect);
        }
        result
    }

    fn changed(&self, world: &World, now: Timestamp) {
        self.touch(now);
        let Some(saved) = &self.0.saved else { return };
        if let Err(error) = saved.save(world) {
            tracing::error!(%error, "the world cannot be saved: it is lost when the daemon ends");
        }
    }

    fn touch(&self, now: Timestamp) {
        let mut active = lock(&self.0.active);
        *active = now.max(*active);
    }
}

/// A request on its way to its line in the journal. Dropped before it is finished, it is a caller that went away.
struct OpenCall<'a> {
    endpoint: &'a Endpoint,
    /// As far as the request's head tells.
    service: String,
    note: CallNote,
    arrived: Timestamp,
    /// For requests whose operation nobody notes.
    request: String,
    open: bool,
}

impl<'a> OpenCall<'a> {
    fn new(endpoint: &'a Endpoint, head: &Parts, service: &str) -> Self {
        let arrived = endpoint.0.clock.now();
        endpoint.touch(arrived);
        endpoint.0.in_flight.fetch_add(1, Ordering::Relaxed);
        Self {
            endpoint,
            service: service.to_owned(),
            note: CallNote::new(),
            arrived,
            request: format!("{} {}", head.method, head.uri.path()),
            open: true,
        }
    }

    fn finish(mut self, service: &str, error: Option<&str>, status: StatusCode) {
        self.close(service, error.unwrap_or(OK), status.as_u16());
    }

    fn close(&mut self, service: &str, outcome: &str, status: u16) {
        self.open = false;
        let mut noted = self.note.read();
        if noted.operation.is_empty() {
            noted.operation.clone_from(&self.request);
        }
        self.endpoint.0.journal.record(self.arrived, service, noted, outcome, status);
    }

    /// S3 answers errors in XML; the code is read from there where the S3 layer has not noted one.
    async fn finish_s3(self, response: Response<Body>) -> Response<Body> {
        let status = response.status();
        let noted = self.note.read().error;
        if status.is_success() || status.is_redirection() && status != StatusCode::NOT_MODIFIED {
            self.finish("s3", noted.as_deref(), status);
            return response;
        }
        let (head, body) = response.into_parts();
        let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let told = noted.or_else(|| code_in(&body)).unwrap_or_else(|| match status {
            StatusCode::NOT_MODIFIED => "NotModified".to_owned(),
            status => status.as_u16().to_string(),
        });
        self.finish("s3", Some(&told), status);
        Response::from_parts(head, Body::from(body))
    }
}

impl Drop for OpenCall<'_> {
    fn drop(&mut self) {
        if self.open {
            let service = std::mem::take(&mut self.service);
            self.close(&service, CUT_OFF, 0);
        }
        let now = self.endpoint.0.clock.now();
        self.endpoint.touch(now);
        self.endpoint.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

fn code_in(xml: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(xml).ok()?;
    let (_, rest) = text.split_once("<Code>")?;
    rest.split_once("</Code>").map(|(code, _)| code.to_owned())
}

/// A request from within the process names its host in the address only; signatures cover the header.
fn set_host(head: &mut Parts) {
    if head.headers.contains_key(header::HOST) {
        return;
    }
    let host = head.uri.authority().and_then(|authority| {
        // Never with a user's name in it.
        let host = authority.as_str().rsplit('@').next().unwrap_or_default();
        HeaderValue::from_str(host).ok()
    });
    if let Some(host) = host {
        head.headers.insert(header::HOST, host);
    }
}

fn with_request_id(mut response: Response<Body>, id: &str) -> Response<Body> {
    let headers: &mut HeaderMap = response.headers_mut();
    let Ok(id) = HeaderValue::from_str(id) else {
        return response;
    };
    if !headers.contains_key("x-amzn-requestid") {
        headers.entry("x-amz-request-id").or_insert(id);
    }
    response
}

fn status_only(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
