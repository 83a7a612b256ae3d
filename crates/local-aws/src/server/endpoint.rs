//! From a request to a response.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::{SignedDuration, Timestamp};
use s3s::Body;
use s3s::service::S3Service;
use serde_json::Value;
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::faults::{FaultPlan, Faults};
use crate::journal::{Journal, OK, Recorded};
use crate::s3;
use crate::services::Operation;
use crate::steps::{Runner, RunnerConfig};
use crate::store::Store;
use crate::wire::{self, Call, Route, Verifier};
use crate::world::{ApiError, CallContext, Effect, ListView, MadeCall, World};

use super::Driver;
use super::open_call::OpenCall;
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
    pub(super) s3: S3Service,
    pub(super) store: Store,
    pub(super) journal: Journal,
    clock: Clock,
    account: String,
    pub(super) verifier: Verifier,
    runner: Runner,
    pub(super) faults: Faults,
    requests: AtomicU64,
    /// What was wrong with the first wrong answer.
    pub(super) wrong_answer: OnceLock<String>,
    pub(super) in_flight: AtomicU64,
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

/// A fault cut the connection: the call has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection was cut")]
pub struct Cut;

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
            store: config.store.clone(),
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
            store: config.store.clone(),
            journal: config.journal,
            active: Mutex::new(config.clock.now()),
            clock: config.clock,
            account: config.account,
            verifier,
            runner,
            faults: Faults::default(),
            requests: AtomicU64::new(0),
            wrong_answer: OnceLock::new(),
            in_flight: AtomicU64::new(0),
            moved: Notify::new(),
        };
        let endpoint = Self(Arc::new(inner));
        let driver = Driver::new(endpoint.clone(), ends);
        (endpoint, driver)
    }

    /// Answers one request, or cuts the connection where a fault says so. For callers in the process.
    ///
    /// # Panics
    ///
    /// Once the embedded AWS has given an answer that the service model does not allow, to any caller.
    pub async fn send(&self, request: Request<Body>) -> Result<Response<Body>, Cut> {
        let answer = self.answer(request).await;
        if let Some(sentence) = self.0.wrong_answer.get() {
            panic!("{sentence}");
        }
        answer
    }

    /// [`send`](Self::send) that does not panic.
    pub(super) async fn answer(&self, request: Request<Body>) -> Result<Response<Body>, Cut> {
        let (mut head, body) = request.into_parts();
        set_host(&mut head);
        let seq = self.0.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let request_id = format!("{seq:08x}-0000-4000-8000-{seq:012x}");
        let route = wire::route(&head);
        let open = OpenCall::new(self, &head, route.service(), seq, request_id.clone());
        let response = if route == Route::S3 {
            open.answer_s3(Request::from_parts(head, body)).await?
        } else {
            match Limited::new(body, LONGEST_BODY).collect().await {
                Ok(body) => open.answer_world(&head, &body.to_bytes(), route).await?,
                // The caller is gone, or sends more than any request can be.
                Err(error) => {
                    tracing::debug!(%error, "a request's body ended early");
                    status_only(StatusCode::PAYLOAD_TOO_LARGE)
                }
            }
        };
        Ok(self.dated(with_request_id(response, &request_id)))
    }

    /// As AWS does, an answer tells the time: the world's own.
    fn dated(&self, mut response: Response<Body>) -> Response<Body> {
        let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&self.0.clock.now());
        if let Some(date) = date.ok().and_then(|date| HeaderValue::try_from(date).ok()) {
            response.headers_mut().insert(header::DATE, date);
        }
        response
    }

    /// [`send`](Self::send) for callers in the process: the request's body is in memory, and so is the answer's.
    pub async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Cut> {
        let (head, body) = self.send(request.map(Body::from)).await?.into_parts();
        let body = match body.collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => {
                tracing::warn!(%error, "an answer's body ended early");
                Bytes::new()
            }
        };
        Ok(Response::from_parts(head, body))
    }

    /// [`send_bytes`](Self::send_bytes) where no faults are set; a cut connection is an empty 502.
    pub async fn handle_bytes(&self, request: Request<Bytes>) -> Response<Bytes> {
        self.send_bytes(request).await.unwrap_or_else(|Cut| {
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = StatusCode::BAD_GATEWAY;
            response
        })
    }

    /// Decides from now on which calls meet which faults; `None` for no faults. Calls that are on their way already
    /// keep what was decided for them.
    pub fn set_faults(&self, plan: Option<FaultPlan>) {
        self.0.faults.set(plan);
    }

    /// The journal.
    pub fn journal(&self) -> &Journal {
        &self.0.journal
    }

    /// The world as it stands just now: for a simulation, which asks what really happened.
    pub fn world(&self) -> World {
        lock(&self.0.world).clone()
    }

    /// Whether a fault on purpose shows this state, which no service has.
    pub(super) fn is_unknown_state(&self, state: &str) -> bool {
        lock(&self.0.world).is_unknown_state(state)
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

    /// Lets the world answer a call.
    pub(super) fn call(&self, call: &Call, view: ListView) -> Result<Value, ApiError> {
        let turn = if call.operation.is_write() { Turn::Change } else { Turn::Observe };
        let result = self.turn(turn, |world, now| {
            let context = CallContext {
                now,
                region: call.caller.region.clone(),
                account: self.0.account.clone(),
                access_key: call.caller.access_key.clone(),
                view,
            };
            world.answer(call.operation, &call.input, &context)
        });
        self.0.moved.notify_one();
        result.unwrap_or_else(|error| {
            let why = format!("the embedded AWS cannot save this change and did not make it: {error}");
            Err(ApiError::new("InternalFailure", why, 500))
        })
    }

    /// One turn of the world: what was due, then `change`, then what follows from it. A changed world is saved before
    /// an effect is executed and before the call is answered. If it cannot be saved, a call's change is undone and the
    /// call gets an error: no daemon forgets what an earlier one has promised. What was due happens all the same.
    pub(super) fn turn<T>(
        &self,
        turn: Turn,
        change: impl FnOnce(&mut World, Timestamp) -> T,
    ) -> io::Result<T> {
        let mut world = lock(&self.0.world);
        let now = self.0.clock.now();
        let due = world.next_deadline().is_some_and(|deadline| deadline <= now);
        let mut effects: Vec<Effect> = world.advance(now);
        let may_refuse = turn == Turn::Change && self.0.saved.is_some();
        let before = may_refuse.then(|| (world.clone(), effects.len()));
        let mut result = Ok(change(&mut world, now));
        effects.extend(world.advance(now));
        if (turn != Turn::Observe || due || !effects.is_empty())
            && let Err(error) = self.changed(&world, now)
        {
            tracing::error!(%error, "the world cannot be saved: what is not saved is lost when the daemon ends");
            if let Some((unchanged, due)) = before {
                *world = unchanged;
                effects.truncate(due);
                result = Err(error);
            }
        }
        for effect in effects {
            match effect {
                Effect::Called(call) => self.record_own_call(*call),
                effect => self.0.runner.execute(effect),
            }
        }
        result
    }

    /// A line for a call that the world made by itself.
    fn record_own_call(&self, call: MadeCall) {
        let operation = Operation::Emr(call.operation);
        let recorded = Recorded {
            resource: wire::resource(operation, &call.input),
            operation: operation.name().to_owned(),
            request: Some(call.input),
            by: Some(call.by),
            ..Recorded::default()
        };
        let (outcome, status) = call.error.map_or((OK.to_owned(), 200), |error| (error.code, error.status));
        self.0.journal.record(call.at, operation.service().name(), recorded, &outcome, status);
    }

    fn changed(&self, world: &World, now: Timestamp) -> io::Result<()> {
        self.touch(now);
        self.0.saved.as_ref().map_or(Ok(()), |saved| saved.save(world))
    }

    pub(super) fn touch(&self, now: Timestamp) {
        let mut active = lock(&self.0.active);
        *active = now.max(*active);
    }
}

/// Why the world takes a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// A call reads, or time has passed.
    Observe,
    /// A call may change something.
    Change,
    /// Something happened outside, and cannot be taken back.
    Event,
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

pub(super) fn status_only(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
