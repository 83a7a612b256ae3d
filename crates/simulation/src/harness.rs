//! An AWS in memory, with the run's bucket and with things that belong to others.

use emrys_control_plane::built_in_job;
use emrys_core::catalog::table_names;
use emrys_core::pipeline_file;
use emrys_core::record::Recorded;
use emrys_core::run::{GUARD_GROUP, IllegalEvent, State};
use emrys_core::spec::Spec;
use emrys_local_aws::clock::Clock;
use emrys_local_aws::journal::Journal;
use emrys_local_aws::server::{Driver, Endpoint, EndpointConfig};
use emrys_local_aws::store::{ListRequest, Store};
use emrys_local_aws::world::{
    ApiError, CallContext, ClusterFault, ListView, Pace, ScriptedFile, ScriptedStep, Scripts, Service, World,
    WorldSettings,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::catalog;
use crate::scenario::{Doing, Scenario, WorldPlan};

/// The bucket of the run; others have things in it too.
pub const BUCKET: &str = "my-log-bucket";
/// A bucket of others.
const ELSEWHERE: &str = "their-bucket";
/// The access key of all.
pub(crate) const ACCESS_KEY: &str = "AKID";
/// The secret of all.
pub(crate) const SECRET: &str = "secret";
/// The address; no loopback, so that the pace is that of the real AWS.
pub(crate) const ENDPOINT: &str = "http://aws.test";
/// The region.
pub(crate) const REGION: &str = "us-east-1";
/// Names of the clusters of the run begin so.
const OURS: &str = "emrys/web-logs/2024-10-20/";

const PIPELINE: &str = include_str!("../../../tests/fixtures/pipeline.toml");

/// The guard of a pipeline that has one.
const GUARD: &str = "
[guard]
scheduler-role = \"arn:aws:iam::123456789012:role/emrys-guard\"
";

/// For how long output is kept, where that is not for ever.
const RETENTION: &str = "
[retention]
output-expire-after-days = 1
";

/// Objects of others, as near to the run's own as a name can be.
const FOREIGN_OBJECTS: &[(&str, &str)] = &[
    (BUCKET, "application-logs/2024/10/20/app.log"),
    (BUCKET, "application-logs/2024/10/21/app.log"),
    (BUCKET, "emrys/web-logs/2024-10-19/ledger.json"),
    (BUCKET, "emrys/web-logs-2/2024-10-20/ledger.json"),
    (BUCKET, "emrys/web-logs/2024-10-200/cancel.json"),
    (BUCKET, "processed-logs/2024/10/20/a1-0123456789abcdef/manifest.json"),
    (BUCKET, "processed-logs/2024/10/20/notes.txt"),
    (BUCKET, "processed-logs/2024/10/2/a1/part-0.parquet"),
    (ELSEWHERE, "emrys/web-logs/2024-10-20/ledger.json"),
];

/// Clusters of others.
const FOREIGN_CLUSTERS: &[&str] =
    &["emrys/web-logs-2/2024-10-20/a1/0123456789abcdef", "emrys/web-logs/2024-10-2/a1/0123456789abcdef", "x"];

/// Alarms of others.
const FOREIGN_ALARMS: &[&str] = &["emrys/web-logs-2/no-success", "emrys/web-logs"];

/// A schedule of others, in the group that all have.
const FOREIGN_SCHEDULE: &str = "0123456789abcdef";

/// The time at which a simulation begins.
pub fn start() -> Timestamp {
    Timestamp::from_second(1_729_479_600).unwrap_or_default()
}

/// The day that is run, with `[guard]` or without, and with `[catalog]` or without.
pub fn spec(guarded: bool, catalog: bool) -> Spec {
    spec_with(&[(guarded, GUARD), (catalog, catalog::SECTION)])
}

/// The day of a scenario.
pub(crate) fn spec_of(Scenario { guarded, catalog, expires, .. }: &Scenario) -> Spec {
    spec_with(&[(*guarded, GUARD), (*catalog, catalog::SECTION), (*expires, RETENTION)])
}

fn spec_with(sections: &[(bool, &str)]) -> Spec {
    let sections = sections.iter().filter(|(is_there, _)| *is_there).map(|(_, section)| *section);
    let pipeline = [PIPELINE].into_iter().chain(sections).collect::<String>();
    let config =
        pipeline_file::read("emrys.toml", &pipeline).unwrap_or_else(|errors| unreachable!("{errors}"));
    let day = "2024-10-20".parse().unwrap_or_else(|error| unreachable!("{error:?}"));
    Spec::new(config, day, built_in_job()).unwrap_or_else(|error| unreachable!("{error}"))
}

/// An AWS, and what moves it.
pub(crate) struct Harness {
    pub(crate) endpoint: Endpoint,
    pub(crate) driver: Driver,
    pub(crate) store: Store,
    foreign: Foreign,
}

/// Everything of others.
#[derive(Debug, Clone, PartialEq)]
struct Foreign {
    objects: Vec<(String, Option<Vec<u8>>)>,
    clusters: Vec<Value>,
    alarms: Value,
    schedule: Value,
    catalog: Value,
}

/// A cluster as EMR knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its state, in EMR's words.
    pub state: String,
    /// When it was launched, in seconds since the start.
    pub born: f64,
    /// When it was gone, in seconds since the start; none while it is there.
    pub gone: Option<f64>,
    /// Names and states of its steps, the first first.
    pub steps: Vec<(String, String)>,
}

impl Cluster {
    /// Whether it belongs to the run.
    pub fn is_ours(&self) -> bool {
        self.name.starts_with(OURS)
    }

    /// Whether it costs money.
    pub fn is_alive(&self) -> bool {
        !self.state.starts_with("TERMINATED")
    }

    /// How long it was there, in seconds; none while it is.
    pub fn lifetime(&self) -> Option<f64> {
        self.gone.map(|gone| gone - self.born)
    }

    /// The nonce of its launch.
    pub fn nonce(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }
}

impl Harness {
    /// A new AWS. It has to be made on a paused clock.
    pub(crate) fn new(plan: &WorldPlan, spec: &Spec, seed: u64) -> Self {
        let clock = Clock::tokio(start());
        let store = Store::memory(clock.clone());
        for bucket in [BUCKET, ELSEWHERE] {
            must(store.create_bucket(bucket));
        }
        for (bucket, key) in FOREIGN_OBJECTS {
            must(store.put(bucket, key, format!("{{\"of\":\"{key}\"}}\n").as_bytes()));
        }
        let mut world = World::new(settings(plan), seed);
        furnish(&mut world);
        if spec.config.catalog.is_some() {
            catalog::furnish(&mut world, spec);
        }
        let foreign = foreign(&mut world, &store);
        let (endpoint, driver) = Endpoint::new(EndpointConfig {
            world,
            saved: None,
            store: store.clone(),
            journal: Journal::memory(),
            clock,
            root: None,
            endpoint_url: ENDPOINT.to_owned(),
            region: REGION.to_owned(),
            account: "123456789012".to_owned(),
            access_key: ACCESS_KEY.to_owned(),
            secret_key: SECRET.to_owned(),
            max_skew: None,
        });
        Self { endpoint, driver, store, foreign }
    }

    /// What of others is not as it was.
    pub(crate) fn foreign_changes(endpoint: &Endpoint, store: &Store, before: &Before) -> Option<String> {
        let now = foreign(&mut endpoint.world(), store);
        (now != before.0).then(|| format!("{:#?} became {now:#?}", before.0))
    }

    /// How the things of others stand now.
    pub(crate) fn before(&self) -> Before {
        Before(self.foreign.clone())
    }
}

/// How the things of others stood at the start.
pub(crate) struct Before(Foreign);

/// All clusters of a world.
pub fn clusters(world: &mut World) -> Vec<Cluster> {
    let list = call(world, Service::Emr, "ListClusters", &json!({}));
    let mut page = list;
    let mut clusters = Vec::new();
    loop {
        let ids: Vec<String> = strings(&page["Clusters"], "Id");
        clusters.extend(ids.into_iter().map(|id| cluster(world, &id)));
        let Some(marker) = page["Marker"].as_str() else { return clusters };
        page = call(world, Service::Emr, "ListClusters", &json!({ "Marker": marker }));
    }
}

fn cluster(world: &mut World, id: &str) -> Cluster {
    let described = call(world, Service::Emr, "DescribeCluster", &json!({ "ClusterId": id }));
    let described = &described["Cluster"];
    let timeline = &described["Status"]["Timeline"];
    let since_start = |member: &str| timeline[member].as_f64().map(|at| at - seconds(start()));
    let mut steps = Vec::new();
    let mut input = json!({ "ClusterId": id });
    loop {
        let page = call(world, Service::Emr, "ListSteps", &input);
        for step in page["Steps"].as_array().into_iter().flatten() {
            steps.push((text(&step["Name"]), text(&step["Status"]["State"])));
        }
        let Some(marker) = page["Marker"].as_str() else { break };
        input["Marker"] = json!(marker);
    }
    steps.reverse();
    Cluster {
        id: id.to_owned(),
        name: text(&described["Name"]),
        state: text(&described["Status"]["State"]),
        born: since_start("CreationDateTime").unwrap_or_default(),
        gone: since_start("EndDateTime"),
        steps,
    }
}

/// The ledger of the run, as it lies in the store.
pub(crate) struct Ledger {
    pub(crate) events: Vec<Recorded>,
}

impl Ledger {
    pub(crate) fn read(store: &Store, spec: &Spec) -> Self {
        let uri = spec.ledger_uri();
        let bytes = store.get(uri.bucket(), uri.key()).unwrap_or_default();
        let document: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        Self { events: serde_json::from_value(document["events"].clone()).unwrap_or_default() }
    }

    /// What its events mean.
    pub(crate) fn state(&self) -> Result<State, IllegalEvent> {
        let mut state = State::default();
        for recorded in &self.events {
            state.apply(recorded)?;
        }
        Ok(state)
    }
}

/// The names of all schedules that guard clusters of the run.
pub fn guards(world: &mut World) -> Vec<String> {
    let mut input = json!({ "GroupName": GUARD_GROUP });
    let mut names = Vec::new();
    // There is no such group before the first of them.
    while let Ok(page) = try_call(world, Service::Scheduler, "ListSchedules", &input) {
        names.extend(strings(&page["Schedules"], "Name"));
        let Some(token) = page["NextToken"].as_str() else { break };
        input["NextToken"] = json!(token);
    }
    names
}

/// The files below a folder of the run's bucket, with their sizes.
pub fn files(store: &Store, folder: &str) -> Vec<(String, u64)> {
    let request = ListRequest { prefix: folder.to_owned(), limit: usize::MAX, ..ListRequest::default() };
    let page = must(store.list(BUCKET, &request));
    page.objects.into_iter().map(|object| (object.key, object.size)).collect()
}

fn settings(plan: &WorldPlan) -> WorldSettings {
    let secs = |secs: u32| SignedDuration::from_secs(secs.into());
    let pace = Pace {
        starting: secs(plan.starting),
        bootstrapping: secs(plan.bootstrapping),
        terminating: secs(plan.terminating),
        first_evaluation: secs(60),
    };
    let clusters = plan.cluster_fault.iter().map(|fault| ClusterFault {
        cluster: format!("^{OURS}"),
        at: fault.at,
        code: fault.code,
        message: "made up".to_owned(),
        error_code: None,
    });
    // The first that matches counts.
    let later = plan.later.map(|doing| step(plan, doing, "a([2-9]|[1-9][0-9]+)-"));
    let steps = later.into_iter().chain([step(plan, plan.doing, "")]).collect();
    let scripts = Scripts { steps, clusters: clusters.collect() };
    WorldSettings { pace, scripts, cluster_rules: plan.rules.clone(), ..WorldSettings::default() }
}

/// What a step does in the runs whose names begin so.
fn step(plan: &WorldPlan, doing: Doing, run: &str) -> ScriptedStep {
    let content = "not really parquet";
    let file = |path: &str, content: &str| ScriptedFile {
        uri: format!("{{output}}{path}"),
        content: content.to_owned(),
    };
    let parts = |content: &str| -> Vec<ScriptedFile> {
        table_names().map(|table| file(&part(table), content)).collect()
    };
    let manifest = manifest(content);
    let with = |mut files: Vec<ScriptedFile>, more: ScriptedFile| {
        files.push(more);
        files
    };
    let good = with(parts(content), file("manifest.json", &manifest));
    let (exit_code, files) = match doing {
        Doing::Good => (0, good),
        Doing::Fails => (1, parts(content)),
        Doing::LeavesOutTheManifest => (0, parts(content)),
        Doing::LeavesOutAFile => (0, good.into_iter().skip(1).collect()),
        Doing::WritesShort => (0, with(parts("not"), file("manifest.json", &manifest))),
        Doing::WritesMore => (0, with(good, file("processed_logs/part-1.parquet", "x"))),
        Doing::LosesRows => {
            let lost = manifest.replace("\"parsed\":99", "\"parsed\":90");
            (0, with(parts(content), file("manifest.json", &lost)))
        }
    };
    ScriptedStep {
        args: Some(format!(r"--output (?P<output>\S+) --run (?P<run>{run}\S+)")),
        duration_ms: u64::from(plan.step) * 1000,
        exit_code,
        files,
        ..ScriptedStep::default()
    }
}

/// The one file of a table.
fn part(table: &str) -> String {
    format!("{table}/part-0.parquet")
}

/// What a real job left, but for its files: one of each table.
fn manifest(content: &str) -> String {
    let scripted = include_str!("../../../tests/fixtures/scripted-manifest.json");
    let mut manifest: Value = must(serde_json::from_str(scripted));
    let table =
        |name| json!({ "name": name, "rows": 0, "files": [{ "path": part(name), "size": content.len() }] });
    manifest["tables"] = table_names().map(table).collect();
    manifest.to_string()
}

/// Puts clusters and alarms of others into the world.
fn furnish(world: &mut World) {
    for name in FOREIGN_CLUSTERS {
        let request = json!({
            "Name": name,
            "ReleaseLabel": "emr-7.13.0",
            "ServiceRole": "EMR_DefaultRole_V2",
            "JobFlowRole": "EMR_EC2_DefaultRole",
            "Instances": {
                "KeepJobFlowAliveWhenNoSteps": true,
                "InstanceCount": 1,
                "MasterInstanceType": "m5.xlarge",
            },
            "Tags": [{ "Key": "emrys:pipeline", "Value": "web-logs" }],
        });
        call(world, Service::Emr, "RunJobFlow", &request);
    }
    for name in FOREIGN_ALARMS {
        let request = json!({
            "AlarmName": name, "Namespace": "Emrys", "MetricName": "RunsSucceeded", "Statistic": "Maximum",
            "Period": 3600, "EvaluationPeriods": 1, "Threshold": 1.0,
            "ComparisonOperator": "LessThanThreshold",
        });
        call(world, Service::CloudWatch, "PutMetricAlarm", &request);
    }
    let schedule = json!({
        "Name": FOREIGN_SCHEDULE,
        "ScheduleExpression": "at(2038-01-01T00:00:00)",
        "FlexibleTimeWindow": { "Mode": "OFF" },
        "ActionAfterCompletion": "DELETE",
        "ClientToken": "of-others",
        "Target": {
            "Arn": "arn:aws:scheduler:::aws-sdk:emr:terminateJobFlows",
            "RoleArn": "arn:aws:iam::123456789012:role/theirs",
            "Input": json!({ "JobFlowIds": ["j-OTHERS"] }).to_string(),
        },
    });
    call(world, Service::Scheduler, "CreateSchedule", &schedule);
}

fn foreign(world: &mut World, store: &Store) -> Foreign {
    let objects = FOREIGN_OBJECTS
        .iter()
        .map(|(bucket, key)| (format!("{bucket}/{key}"), store.get(bucket, key).ok()))
        .collect();
    let ids: Vec<String> =
        clusters(world).into_iter().filter(|cluster| !cluster.is_ours()).map(|cluster| cluster.id).collect();
    // What time does to them by itself is no change: a cluster starts, an alarm is evaluated.
    let clusters = ids.into_iter().map(|id| {
        let mut described = call(world, Service::Emr, "DescribeCluster", &json!({ "ClusterId": id }));
        let alive = !text(&described["Cluster"]["Status"]["State"]).starts_with("TERMINAT");
        described["Cluster"]["Status"] = json!({ "alive": alive });
        if let Some(cluster) = described["Cluster"].as_object_mut() {
            cluster.remove("MasterPublicDnsName");
            cluster.remove("NormalizedInstanceHours");
        }
        described
    });
    let clusters = clusters.collect();
    let mut alarms =
        call(world, Service::CloudWatch, "DescribeAlarms", &json!({ "AlarmNames": FOREIGN_ALARMS }));
    for alarm in alarms["MetricAlarms"].as_array_mut().into_iter().flatten() {
        if let Some(alarm) = alarm.as_object_mut() {
            alarm.retain(|name, _| !name.starts_with("State"));
        }
    }
    let name = json!({ "GroupName": "default", "Name": FOREIGN_SCHEDULE });
    let schedule = call(world, Service::Scheduler, "GetSchedule", &name);
    Foreign { objects, clusters, alarms, schedule, catalog: catalog::foreign(world) }
}

/// A call that no fault meets.
pub(crate) fn call(world: &mut World, service: Service, operation: &str, input: &Value) -> Value {
    must(try_call(world, service, operation, input))
}

pub(crate) fn try_call(
    world: &mut World,
    service: Service,
    operation: &str,
    input: &Value,
) -> Result<Value, ApiError> {
    let context = CallContext {
        // A world never goes back: its own time counts, where it is later.
        now: start(),
        region: REGION.to_owned(),
        account: "123456789012".to_owned(),
        access_key: ACCESS_KEY.to_owned(),
        view: ListView::default(),
    };
    world.call(service, operation, input, &context)
}

fn must<T, E: std::fmt::Debug>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| unreachable!("the rig is wrong: {error:?}"))
}

fn strings(list: &Value, member: &str) -> Vec<String> {
    list.as_array().into_iter().flatten().map(|item| text(&item[member])).collect()
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A time as EMR's answers have it.
#[expect(clippy::cast_precision_loss, reason = "a time to the millisecond has room in it")]
pub(crate) fn seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}
