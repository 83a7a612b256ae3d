//! The connector in the place of the network. It also notes what really happened, which no operator knows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use emrys_local_aws::server::Endpoint;
use fastrand::Rng;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::chaos::{Chaos, Disposition, Position, When};
use crate::fault::{Call, Fault, Service, cut, denied, error, expired, throttled};
use crate::harness;
use crate::listener::Trace;
use crate::process::Control;
use crate::reader::{After, Excuse, Reader};
use crate::run::sorted;
use crate::scenario::Scenario;

/// The assumption about ListClusters, in seconds: a cluster shows at the latest so long after its launch. It has to be
/// less than the time after which `Pace::AWS` resolves an unclear launch, together with [`SLOWEST`].
pub const STALE: u64 = 59;

/// The assumption about the network, in milliseconds: a request takes effect within this time, or never.
pub const SLOWEST: u64 = 55_000;

/// A process that was suspended for so long just before it launches is too late, and no check of its own can help.
const LONG: Duration = Duration::from_mins(2);

/// The same for a table: from here on another may have the lease when the call arrives.
const NAP: Duration = Duration::from_secs(30);

/// A cluster that was launched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// Its id.
    pub cluster: String,
    /// Its name.
    pub name: String,
    /// The process that asked for it.
    pub process: usize,
    /// Whether that process was suspended between its last read of the ledger and this call: no check can help there.
    pub by_sleeper: bool,
    /// Other clusters of the run that were alive when it was launched, that nobody had asked to end and that were not
    /// launched by such a sleeper themselves.
    pub beside: Vec<String>,
    /// Whether the process got to know the id.
    pub is_known: bool,
}

/// What happened on the wire.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// All launches.
    pub launches: Vec<Launch>,
    /// The clusters whose termination was asked for, whether the request arrived or not, and the process that asked.
    pub terminations: BTreeSet<(usize, String)>,
    /// When each guard that was made fires.
    pub guards: BTreeMap<String, Timestamp>,
    /// The guards whose making was slow on its way, or asked for by a process that was suspended in the middle of it:
    /// they may come to be after they were removed.
    pub late_guards: BTreeSet<String>,
    /// Clusters that an observation left out although their first minute was over: each at most once.
    pub left_out: BTreeSet<String>,
    /// Faults, crashes and suspensions by kind.
    pub injected: BTreeMap<&'static str, u64>,
    /// Calls that left a process.
    pub calls: u64,
}

/// What all processes share.
#[derive(Debug, Clone)]
pub(crate) struct Network(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    endpoint: Endpoint,
    origin: Instant,
    chaos: Chaos,
    /// For how long ListClusters does not show a new cluster.
    late: Duration,
    seed: u64,
    trace: Trace,
    reader: Reader,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    facts: Facts,
    /// How often each process made each kind of call.
    counts: BTreeMap<(usize, String), u64>,
    /// See [`Network::projection`].
    projection: Vec<String>,
}

impl Network {
    pub(crate) fn new(
        endpoint: Endpoint,
        Scenario { chaos, stale, seed, .. }: &Scenario,
        trace: Trace,
        reader: Reader,
    ) -> Self {
        let state = State { facts: Facts::default(), counts: BTreeMap::new(), projection: Vec::new() };
        let origin = Instant::now();
        let (chaos, late, seed) = (chaos.clone(), *stale, *seed);
        Self(Arc::new(Inner { endpoint, origin, chaos, late, seed, trace, reader, state: Mutex::new(state) }))
    }

    /// The network as one process has it.
    pub(crate) fn wire(&self, process: usize, control: Control) -> Wire {
        Wire {
            network: self.clone(),
            process,
            control,
            slept: Arc::default(),
            slept_since_observation: Arc::default(),
        }
    }

    pub(crate) fn facts(&self) -> Facts {
        self.state().facts.clone()
    }

    /// What every process asked of AWS, a line each, in words that no renaming changes: when (in milliseconds), who,
    /// which operation on which resource, and what came of it; for a launch also what it asked for. Two versions of the
    /// engine that behave alike have the same lines.
    pub(crate) fn projection(&self) -> Vec<String> {
        self.state().projection.clone()
    }

    fn project(&self, process: usize, call: &Call, request: &str, outcome: &str) {
        let at = self.0.origin.elapsed().as_millis();
        let line = format!("{at} p{process} {:?} {}{request} {outcome}", call.service, call.what);
        self.state().projection.push(line);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts something that was put in the run's way.
    pub(crate) fn inject(&self, kind: &'static str) {
        *self.state().facts.injected.entry(kind).or_default() += 1;
    }

    /// The chance of a call. It comes from the seed, the process, and how often the process has made this kind of call.
    /// What others do has no part in it, and a seed means the same thing when the engine makes other calls in between.
    fn chance(&self, process: usize, call: &Call, what: &str) -> Rng {
        let kind = format!("{what} {}", call.kind());
        let mut state = self.state();
        let count = state.counts.entry((process, kind.clone())).or_default();
        *count += 1;
        let mut hash = Sha256::new();
        hash.update(format!("{} {process} {kind} {count}", self.0.seed));
        let digest: [u8; 32] = hash.finalize().into();
        Rng::with_seed(digest[..8].iter().fold(0, |seed, byte| seed << 8 | u64::from(*byte)))
    }

    async fn deliver(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
        let request = request.map(|body| Bytes::copy_from_slice(body.bytes().unwrap_or_default()));
        let response = self.0.endpoint.handle_bytes(request).await.map(SdkBody::from);
        HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
    }

    /// The request arrives, and what it brings about is recorded.
    async fn effect(
        &self,
        call: &Call,
        by: usize,
        excuse: Option<Excuse>,
        request: HttpRequest,
    ) -> Result<HttpResponse, ConnectorError> {
        if call.what == "CreateSchedule" {
            return self.guard(excuse == Some(Excuse::Slept), request).await;
        }
        if !call.is_launch() {
            if call.is_deletion() {
                self.0.reader.deleted(by, call, request.body().bytes().unwrap_or_default());
            }
            let response = self.deliver(request).await?;
            if call.changes {
                self.0.reader.observe(After { by, excuse, of_catalog: call.service == Service::Glue });
            }
            let is_list = call.what == "ListClusters";
            return Ok(if is_list {
                self.stale(response, &mut self.chance(by, call, "list"))
            } else {
                response
            });
        }
        let name = member(request.body(), "Name").unwrap_or_default();
        let beside = self.alive();
        let response = self.deliver(request).await?;
        if let Some(cluster) = member(response.body(), "JobFlowId") {
            self.0.trace.say(by, &format!("launched {cluster} {name}, beside {beside:?}"));
            self.state().facts.launches.push(Launch {
                cluster,
                name,
                process: by,
                by_sleeper: excuse == Some(Excuse::Slept),
                beside,
                is_known: false,
            });
        }
        Ok(response)
    }

    /// A guard is made.
    async fn guard(&self, slept: bool, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let name = guard_name(&request);
        let fires = member(request.body(), "ScheduleExpression").and_then(|expression| fires(&expression));
        let response = self.deliver(request).await?;
        if response.status().is_success() {
            let facts = &mut self.state().facts;
            facts.guards.extend(fires.map(|at| (name.clone(), at)));
            if slept {
                facts.late_guards.insert(name);
            }
        }
        Ok(response)
    }

    /// Clusters of the run that are alive, and that it should know of: nobody has asked to end them, and no sleeper
    /// launched them after another process had made sure that they were not there.
    fn alive(&self) -> Vec<String> {
        let mut world = self.0.endpoint.world();
        let state = self.state();
        let Facts { launches, terminations, .. } = &state.facts;
        let is_known = |id: &str| {
            !terminations.iter().any(|(_, ended)| ended == id)
                && !launches.iter().any(|launch| launch.cluster == id && launch.by_sleeper)
        };
        let clusters = harness::clusters(&mut world).into_iter();
        clusters.filter(|c| c.is_ours() && c.is_alive() && is_known(&c.id)).map(|c| c.id).collect()
    }

    /// ListClusters, as late as it is assumed to be at worst.
    fn stale(&self, response: HttpResponse, rng: &mut Rng) -> HttpResponse {
        let Some(mut answer) = response.body().bytes().and_then(|b| serde_json::from_slice::<Value>(b).ok())
        else {
            return response;
        };
        let now = harness::start() + self.0.origin.elapsed();
        let mut state = self.state();
        let Facts { left_out, injected, .. } = &mut state.facts;
        if let Some(clusters) = answer["Clusters"].as_array_mut() {
            clusters.retain(|cluster| {
                let id = cluster["Id"].as_str().unwrap_or_default().to_owned();
                let created = cluster["Status"]["Timeline"]["CreationDateTime"].as_f64();
                let is_young =
                    created.is_some_and(|at| at > harness::seconds(now) - self.0.late.as_secs_f64());
                let is_moving = !self.0.late.is_zero() && rng.u8(0..8) == 0 && !left_out.contains(&id);
                if is_moving && !is_young {
                    left_out.insert(id);
                }
                if is_young || is_moving {
                    *injected.entry("stale ListClusters").or_default() += 1;
                }
                !is_young && !is_moving
            });
        }
        let mut changed = HttpResponse::new(response.status(), SdkBody::from(answer.to_string()));
        for (name, value) in response.headers().iter().filter(|(name, _)| *name != "content-length") {
            changed.headers_mut().insert(name.to_owned(), value.to_owned());
        }
        changed
    }
}

/// The network as one process has it.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    network: Network,
    process: usize,
    control: Control,
    /// How long the process was suspended since its last write of the ledger.
    slept: Arc<Mutex<Duration>>,
    /// How long since it last read the answer to an observation of the catalog: after that it makes sure that it is in
    /// time.
    slept_since_observation: Arc<Mutex<Duration>>,
}

impl Wire {
    async fn exchange(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let call = Call::of(&request);
        if self.control.is_dead() {
            self.control.die().await;
        }
        let disposition = self.disposition(&call);
        self.record_termination(&call, &request);
        let asked = if call.is_launch() { launch_request(&request) } else { String::new() };
        self.suffer(&call, disposition, When::Before).await;
        let result = self.send(&call, disposition.fault, request).await;
        let is_ok = result.as_ref().is_ok_and(|response| response.status().is_success());
        if call.changes && call.what.ends_with("/ledger.json") && is_ok {
            *lock(&self.slept) = Duration::ZERO;
        }
        self.suffer(&call, disposition, When::After).await;
        if call.service == Service::Glue && !call.changes {
            *lock(&self.slept_since_observation) = Duration::ZERO;
        }
        let outcome = match &result {
            Ok(response) => response.status().as_u16().to_string(),
            Err(_) => "cut".to_owned(),
        };
        self.network.0.trace.say(self.process, &format!("{} -> {outcome}", call.what));
        self.network.project(self.process, &call, &asked, &outcome);
        if let Ok(response) = &result {
            self.learn(&call, response);
        }
        result
    }

    fn disposition(&self, call: &Call) -> Disposition {
        let (nth, nth_change) = self.control.count(call.changes);
        let at = self.network.0.origin.elapsed();
        let mut state = self.network.state();
        state.facts.calls += 1;
        drop(state);
        let position = Position { process: self.process, nth, nth_change, at };
        let mut rng = self.network.chance(self.process, call, "fate");
        self.network.0.chaos.disposition(&mut rng, call, position)
    }

    /// Dies or stands still, if it is so.
    async fn suffer(&self, call: &Call, disposition: Disposition, when: When) {
        if disposition.crash == Some(when) {
            self.network.inject("crash");
            self.network.0.trace.say(self.process, &format!("crashes {when:?} {}", call.what));
            self.control.die().await;
        }
        if let Some((_, duration)) = disposition.freeze.filter(|(then, _)| *then == when) {
            self.network.inject("suspension");
            let text = format!("is suspended {when:?} {} for {} s", call.what, duration.as_secs());
            self.network.0.trace.say(self.process, &text);
            *lock(&self.slept) += duration;
            *lock(&self.slept_since_observation) += duration;
            self.control.freeze(duration).await;
        }
    }

    async fn send(
        &self,
        call: &Call,
        fault: Option<Fault>,
        request: HttpRequest,
    ) -> Result<HttpResponse, ConnectorError> {
        if let Some(fault) = fault {
            self.network.inject(fault.kind());
            self.network.0.trace.say(self.process, &format!("{}: {fault:?}", call.what));
        }
        let is_late = if call.service == Service::Glue {
            *lock(&self.slept_since_observation) >= NAP
        } else {
            *lock(&self.slept) >= LONG
        };
        let slept = is_late.then_some(Excuse::Slept);
        if call.service == Service::Glue && call.changes {
            // It was too late for this table; before the next there is another check.
            *lock(&self.slept_since_observation) = Duration::ZERO;
        }
        let effect = |request| self.network.effect(call, self.process, slept, request);
        match fault {
            None => effect(request).await,
            Some(Fault::Throttled) => Ok(throttled(call.service)),
            Some(Fault::ErrorBefore) => Ok(error(call.service)),
            Some(Fault::Denied) => Ok(denied(call.service)),
            Some(Fault::Expired) => Ok(expired(call.service)),
            Some(Fault::CutBefore) => Err(cut()),
            Some(Fault::ErrorAfter) => effect(request).await.map(|_| error(call.service)),
            Some(Fault::CutAfter) => effect(request).await.and_then(|_| Err(cut())),
            Some(Fault::SlowReply(late)) => {
                let response = effect(request).await;
                tokio::time::sleep(late).await;
                response
            }
            Some(Fault::SlowRequest(late)) => {
                if call.what == "CreateSchedule" {
                    self.network.state().facts.late_guards.insert(guard_name(&request));
                }
                let (answer, answered) = oneshot::channel();
                let (network, call, by) = (self.network.clone(), call.clone(), self.process);
                let control = self.control.clone();
                // On its way it is nobody's: it arrives even when its sender is dead by then.
                tokio::spawn(async move {
                    tokio::time::sleep(late).await;
                    let is_late = answer.is_closed() || control.is_dead();
                    let excuse = slept.or(is_late.then_some(Excuse::Late));
                    let _ = answer.send(network.effect(&call, by, excuse, request).await);
                });
                answered.await.unwrap_or_else(|_| Err(cut()))
            }
        }
    }

    fn record_termination(&self, call: &Call, request: &HttpRequest) {
        if call.what == "TerminateJobFlows"
            && let Some(body) = request.body().bytes()
            && let Ok(body) = serde_json::from_slice::<Value>(body)
        {
            let ids = body["JobFlowIds"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let asked = ids.map(|id| (self.process, id.to_owned()));
            self.network.state().facts.terminations.extend(asked);
        }
    }

    /// The process has read the answer.
    fn learn(&self, call: &Call, response: &HttpResponse) {
        if call.is_launch()
            && let Some(id) = member(response.body(), "JobFlowId")
        {
            let mut state = self.network.state();
            for launch in state.facts.launches.iter_mut().filter(|launch| launch.cluster == id) {
                launch.is_known = true;
            }
        }
    }
}

impl HttpClient for Wire {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().exchange(request))
    }
}

/// The body of a launch, its members in their order.
fn launch_request(request: &HttpRequest) -> String {
    let body = request.body().bytes().and_then(|body| serde_json::from_slice::<Value>(body).ok());
    format!(" {}", sorted(body.unwrap_or_default()))
}

/// The name of the schedule that a request is for.
fn guard_name(request: &HttpRequest) -> String {
    request.uri().rsplit('/').next().unwrap_or_default().to_owned()
}

/// When a schedule fires that does so once.
fn fires(expression: &str) -> Option<Timestamp> {
    let at: DateTime = expression.strip_prefix("at(")?.strip_suffix(')')?.parse().ok()?;
    TimeZone::UTC.to_timestamp(at).ok()
}

fn member(body: &SdkBody, name: &str) -> Option<String> {
    let body: Value = serde_json::from_slice(body.bytes()?).ok()?;
    Some(body[name].as_str()?.to_owned())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
