//! An AWS in memory, and a network in between that can fail.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use emrys_control_plane::{
    AwsContext, Clock, Holder, Interrupts, Place, RunEnd, RunOptions, StaticCredentials, Stop, Surroundings,
    built_in_job,
};
use emrys_core::pipeline_file;
use emrys_core::spec::Spec;
use emrys_local_aws::faults::{self, FaultPlan};
use emrys_local_aws::journal::{Entry, Journal};
use emrys_local_aws::server::{Endpoint, EndpointConfig};
use emrys_local_aws::store::Store;
use emrys_local_aws::world::{ScriptedFile, ScriptedStep, Scripts, World, WorldSettings};
use jiff::{SignedDuration, Timestamp};

const BUCKET: &str = "my-log-bucket";
const SECRET: &str = "secret";

const PIPELINE: &str = include_str!("../../../../tests/fixtures/pipeline.toml");

/// What the network does to a request.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// AWS gets it and does it, and the answer is lost.
    LoseReply,
    /// It never arrives.
    LoseRequest,
    /// It arrives so much later, when its caller has long given up.
    Late(Duration),
    /// It is answered with an error, and not done.
    Answer(u16, &'static str),
    /// It is answered with this XML, and not done.
    Xml(u16, &'static str),
    /// It goes well, and the next request with these words in it is denied.
    ThenDeny(&'static str),
}

/// An AWS in memory.
#[derive(Debug, Clone)]
pub(crate) struct Aws {
    endpoint: Endpoint,
    store: Store,
    /// The same time as the AWS has.
    clock: Clock,
    /// Faults to come: each meets the next request that its words fit.
    faults: Arc<Mutex<VecDeque<(String, Fault)>>>,
    /// All requests that were sent, as `POST ElasticMapReduce.RunJobFlow` or `PUT /bucket/key`.
    sent: Arc<Mutex<Vec<String>>>,
    /// Told when the catalog has changed, or an object is gone.
    pub(crate) changed: Arc<tokio::sync::Notify>,
}

/// The day that is run.
pub(crate) fn spec() -> Spec {
    spec_and("")
}

/// The day, with further tables in the pipeline's file.
pub(crate) fn spec_and(more: &str) -> Spec {
    let config = pipeline_file::read("emrys.toml", &format!("{PIPELINE}{more}")).unwrap();
    Spec::new(config, "2024-10-20".parse().unwrap(), built_in_job()).unwrap()
}

/// A step that does what the built-in job does.
pub(crate) fn good_step() -> ScriptedStep {
    let manifest = serde_json::json!({
        "version": 1, "job": {"name": "log_analysis", "version": "1.0.0"}, "spark_version": "3.5.6",
        "run": "{run}", "day": "{yyyy}-{mm}-{dd}", "format": "parquet",
        "started_at": "2024-10-21T03:10:00Z", "finished_at": "2024-10-21T03:12:00Z",
        "rows": {"read": 100, "parsed": 99, "rejected": 1},
        "counts": {"access": 98, "errors": 1, "error_responses": 2},
        "tables": [{"name": "traffic", "rows": 1, "files": [{"path": "traffic/part-0.parquet", "size": 4}]}],
    });
    let file = |path: &str, content: String| ScriptedFile { uri: format!("{{output}}{path}"), content };
    ScriptedStep {
        args: Some(
            r"--output (?P<output>\S+/(?P<yyyy>\d{4})/(?P<mm>\d\d)/(?P<dd>\d\d)/\S+) --run (?P<run>\S+)"
                .to_owned(),
        ),
        duration_ms: 120_000,
        files: vec![
            file("traffic/part-0.parquet", "PAR1".to_owned()),
            file("manifest.json", manifest.to_string()),
        ],
        ..ScriptedStep::default()
    }
}

impl Aws {
    /// An AWS with one bucket and a day of logs, whose steps go like this one. It has to be made on a paused clock.
    pub(crate) fn new(step: ScriptedStep) -> Self {
        let scripts = Scripts { steps: vec![step], clusters: Vec::new() };
        Self::with(WorldSettings { scripts, ..WorldSettings::default() })
    }

    /// As [`Self::new`], with other settings.
    pub(crate) fn with(settings: WorldSettings) -> Self {
        Self::dated(settings, None)
    }

    /// As [`Self::new`], refusing the calls of whoever's clock is further off than AWS takes.
    pub(crate) fn strict(step: ScriptedStep) -> Self {
        let scripts = Scripts { steps: vec![step], clusters: Vec::new() };
        let settings = WorldSettings { scripts, ..WorldSettings::default() };
        Self::dated(settings, Some(SignedDuration::from_mins(15)))
    }

    fn dated(settings: WorldSettings, max_skew: Option<SignedDuration>) -> Self {
        let start: Timestamp = "2024-10-21T03:00:00Z".parse().unwrap();
        let clock = emrys_local_aws::clock::Clock::tokio(start);
        let store = Store::memory(clock.clone());
        store.create_bucket(BUCKET).unwrap();
        store.put(BUCKET, "application-logs/2024/10/20/app.log", b"{}\n").unwrap();
        let (endpoint, driver) = Endpoint::new(EndpointConfig {
            world: World::new(settings, 1),
            saved: None,
            store: store.clone(),
            journal: Journal::memory(),
            clock,
            root: None,
            endpoint_url: "http://aws.test".to_owned(),
            region: "us-east-1".to_owned(),
            account: "123456789012".to_owned(),
            access_key: "AKID".to_owned(),
            secret_key: SECRET.to_owned(),
            max_skew,
        });
        tokio::spawn(driver.run());
        let (faults, sent, changed) = (Arc::default(), Arc::default(), Arc::default());
        Self { endpoint, store, clock: Clock::tokio(start), faults, sent, changed }
    }

    /// The next request with these words in it meets this fault.
    pub(crate) fn fault(&self, words: &str, fault: Fault) {
        locked(&self.faults).push_back((words.to_owned(), fault));
    }

    /// No request meets a fault any more.
    pub(crate) fn forget_faults(&self) {
        locked(&self.faults).clear();
    }

    /// Nobody may do this from here on.
    pub(crate) fn deny(&self, operation: &'static str) {
        let denied = faults::Fault::AccessDenied;
        let plan = FaultPlan::new(move |call| (call.operation == operation).then_some(denied));
        self.endpoint.set_faults(Some(plan));
    }

    /// Everybody may do everything again.
    pub(crate) fn allow(&self) {
        self.endpoint.set_faults(None);
    }

    /// A control plane of this AWS. The address is no loopback, so the pace is that of the real AWS.
    pub(crate) async fn connect(&self, seed: u64) -> AwsContext {
        self.connect_by(self.clock.clone(), seed).await
    }

    /// The same on a machine whose clock is off by so much.
    pub(crate) async fn connect_off(&self, by: SignedDuration, seed: u64) -> AwsContext {
        self.connect_by(Clock::tokio(self.clock.now() + by), seed).await
    }

    async fn connect_by(&self, clock: Clock, seed: u64) -> AwsContext {
        let place = Place {
            region: "us-east-1".to_owned(),
            endpoint_url: Some("http://aws.test".to_owned()),
            credentials: Some(StaticCredentials {
                access_key: "AKID".to_owned(),
                secret_key: SECRET.to_owned(),
            }),
            profile: None,
        };
        let http_client = Some(SharedHttpClient::new(self.clone()));
        let surroundings = Surroundings { clock, http_client, seed };
        AwsContext::connect_in(place, surroundings).await
    }

    /// How somebody else comes to AWS.
    fn another_person(&self) -> SdkConfig {
        let credentials = Credentials::new("AKID", SECRET, None, None, "test");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .endpoint_url("http://aws.test")
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .time_source(self.clock.clone())
            .http_client(SharedHttpClient::new(self.clone()))
            .build()
    }

    /// EMR in the hand of somebody else, who knows nothing of Emrys.
    pub(crate) fn emr_of_another_person(&self) -> aws_sdk_emr::Client {
        aws_sdk_emr::Client::new(&self.another_person())
    }

    /// EventBridge Scheduler in the hand of somebody else.
    pub(crate) fn scheduler_of_another_person(&self) -> aws_sdk_scheduler::Client {
        aws_sdk_scheduler::Client::new(&self.another_person())
    }

    /// Glue in the hand of somebody else.
    pub(crate) fn glue_of_another_person(&self) -> aws_sdk_glue::Client {
        aws_sdk_glue::Client::new(&self.another_person())
    }

    /// Athena in the hand of somebody else.
    pub(crate) fn athena_of_another_person(&self) -> aws_sdk_athena::Client {
        aws_sdk_athena::Client::new(&self.another_person())
    }

    /// S3 in the hand of somebody else.
    pub(crate) fn s3_of_another_person(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(&self.another_person()).force_path_style(true);
        aws_sdk_s3::Client::from_conf(config.build())
    }

    /// The states of all clusters, oldest first.
    pub(crate) async fn states(&self) -> Vec<String> {
        let emr = self.emr_of_another_person();
        let mut states = Vec::new();
        for cluster in self.clusters().await {
            let cluster = emr.describe_cluster().cluster_id(cluster).send().await.unwrap().cluster.unwrap();
            states.push(cluster.status().unwrap().state().unwrap().as_str().to_owned());
        }
        states
    }

    /// The ids of all clusters, oldest first.
    pub(crate) async fn clusters(&self) -> Vec<String> {
        let mut pages = self.emr_of_another_person().list_clusters().into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(cluster) = pages.next().await {
            let cluster = cluster.unwrap();
            let created = *cluster.status().unwrap().timeline().unwrap().creation_date_time().unwrap();
            found.push(((created.secs(), created.subsec_nanos()), cluster.id.unwrap()));
        }
        found.sort();
        found.into_iter().map(|(_, id)| id).collect()
    }

    /// Somebody changes an object behind everybody's back.
    pub(crate) fn put_object(&self, key: &str, content: &str) {
        self.store.put(BUCKET, key, content.as_bytes()).unwrap();
    }

    /// Somebody deletes an object.
    pub(crate) fn delete_object(&self, key: &str) {
        self.store.delete(BUCKET, key, &emrys_local_aws::store::Condition::default()).unwrap();
    }

    /// What was sent with these words in it.
    pub(crate) fn sent(&self, words: &str) -> usize {
        locked(&self.sent).iter().filter(|request| request.contains(words)).count()
    }

    /// The keys below a prefix.
    pub(crate) async fn keys(&self, prefix: &str) -> Vec<String> {
        let list = self.s3_of_another_person().list_objects_v2().bucket(BUCKET).prefix(prefix);
        let mut pages = list.into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            keys.extend(page.unwrap().contents.unwrap_or_default().into_iter().filter_map(|found| found.key));
        }
        keys
    }

    /// How many requests were sent.
    pub(crate) fn requests(&self) -> usize {
        locked(&self.sent).len()
    }

    /// Lets somebody work until so many requests more were answered, and kills them then: nothing, if they died.
    pub(crate) fn kill_after<T>(
        &self,
        requests: usize,
        work: impl Future<Output = T>,
    ) -> impl Future<Output = Option<T>> {
        let wanted = self.requests().saturating_add(requests);
        kill_when(move || self.requests() >= wanted, Box::pin(work))
    }

    /// The same, of what AWS did so many times more.
    pub(crate) fn kill_after_done<T>(
        &self,
        operation: &str,
        times: usize,
        work: impl Future<Output = T>,
    ) -> impl Future<Output = Option<T>> {
        let wanted = self.done(operation) + times;
        kill_when(move || self.done(operation) >= wanted, Box::pin(work))
    }

    /// After which of the requests since `since` somebody might die: all but those that only read partitions.
    pub(crate) fn cuts(&self, since: usize) -> Vec<usize> {
        let sent = locked(&self.sent);
        let counts = |(_, line): &(usize, &String)| !line.contains("AWSGlue.GetPartition");
        sent[since..].iter().enumerate().filter(counts).map(|(at, _)| at + 1).collect()
    }

    /// The calls that AWS got.
    pub(crate) fn journal(&self) -> Vec<Entry> {
        self.endpoint.journal().entries().unwrap()
    }

    /// How often AWS did this.
    pub(crate) fn done(&self, operation: &str) -> usize {
        self.journal().iter().filter(|entry| entry.operation == operation && entry.is_ok()).count()
    }

    /// An object as text.
    pub(crate) fn object(&self, key: &str) -> String {
        self.try_object(key).unwrap()
    }

    /// An object as text, if there is one.
    pub(crate) fn try_object(&self, key: &str) -> Option<String> {
        Some(String::from_utf8(self.store.get(BUCKET, key).ok()?).unwrap())
    }

    pub(crate) fn delete_input(&self) {
        self.delete_object("application-logs/2024/10/20/app.log");
    }
}

/// A process on another host than the one that tests run on: whether it lives, nobody here can tell.
pub(crate) fn holder(pid: u32) -> Holder {
    Holder {
        who: "ann".to_owned(),
        host: format!("host-{pid}"),
        pid,
        boot: String::new(),
        started: String::new(),
    }
}

/// Drives the day to its end, as process `pid`.
pub(crate) async fn run(aws: &AwsContext, pid: u32) -> Result<RunEnd, Stop> {
    run_with(aws, pid, &mut Interrupts::none()).await
}

/// Drives the day to its end or to an interrupt, as process `pid`.
pub(crate) async fn run_with(
    aws: &AwsContext,
    pid: u32,
    interrupts: &mut Interrupts,
) -> Result<RunEnd, Stop> {
    run_spec(aws, &spec(), pid, interrupts).await
}

/// As [`run_with`], with a pipeline of its own.
pub(crate) async fn run_spec(
    aws: &AwsContext,
    spec: &Spec,
    pid: u32,
    interrupts: &mut Interrupts,
) -> Result<RunEnd, Stop> {
    let options = RunOptions { holder: holder(pid), again: true, detach: false };
    emrys_control_plane::run(aws, spec, &options, &mut (), interrupts).await
}

impl HttpClient for Aws {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Aws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let line = match request.headers().get("x-amz-target") {
            Some(target) => format!("{} {target}", request.method()),
            None => format!("{} {}", request.method(), request.uri()),
        };
        locked(&self.sent).push(line.clone());
        let fault = {
            let mut faults = locked(&self.faults);
            let at = faults.iter().position(|(words, _)| line.contains(words.as_str()));
            at.and_then(|at| faults.remove(at)).map(|(_, fault)| fault)
        };
        if let Some(Fault::ThenDeny(words)) = fault {
            self.fault(words, Fault::Answer(403, "AccessDenied"));
        }
        let endpoint = self.endpoint.clone();
        let is_change = ["UpdatePartition", "CreatePartition", "DeletePartition", "?delete"];
        let changed = is_change.iter().any(|word| line.contains(word)).then(|| self.changed.clone());
        HttpConnectorFuture::new(async move {
            let answered = match fault {
                Some(Fault::LoseRequest) => Err(cut()),
                Some(Fault::LoseReply) => {
                    answer(&endpoint, request).await?;
                    Err(cut())
                }
                Some(Fault::Late(by)) => {
                    // Whoever drops the call does not hold up the network.
                    let arriving = tokio::spawn(async move {
                        tokio::time::sleep(by).await;
                        answer(&endpoint, request).await
                    });
                    arriving.await.unwrap_or_else(|_| Err(cut()))
                }
                Some(Fault::Answer(status, code)) => {
                    let body = if line.contains(BUCKET) {
                        format!("<Error><Code>{code}</Code><Message>made up</Message></Error>")
                    } else {
                        format!(r#"{{"__type":"{code}","message":"made up"}}"#)
                    };
                    Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body)))
                }
                Some(Fault::Xml(status, body)) => {
                    Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body)))
                }
                None | Some(Fault::ThenDeny(_)) => answer(&endpoint, request).await,
            };
            if let Some(changed) = changed {
                changed.notify_waiters();
            }
            // AWS has done it, and the answer is on its way: whoever is to die here dies here.
            tokio::task::yield_now().await;
            answered
        })
    }
}

async fn answer(endpoint: &Endpoint, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let request = request.map(|body| Bytes::copy_from_slice(body.bytes().expect("a body in memory")));
    let response = endpoint.handle_bytes(request).await.map(SdkBody::from);
    HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
}

fn cut() -> ConnectorError {
    let reset = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "connection reset by peer");
    ConnectorError::io(reset.into())
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whoever works is looked at before each of their steps.
async fn kill_when<T>(is_time: impl Fn() -> bool, work: Pin<Box<impl Future<Output = T>>>) -> Option<T> {
    let died = std::future::poll_fn(|_| if is_time() { Poll::Ready(()) } else { Poll::Pending });
    tokio::select! {
        biased;
        () = died => None,
        done = work => Some(done),
    }
}
