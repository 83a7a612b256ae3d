//! The world as its driver sees it: calls, time and ends of steps go in; answers, states and effects come out.

mod alarms;
mod attributes;
mod cancel;
mod cluster_faults;
mod failures;
mod glue;
mod lifecycle;
mod lists;
mod metrics;
mod persistence;
mod properties;
mod queries;
mod requests;
mod schedules;
mod shapes;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::context::{after, seconds};
use super::*;

/// A world with a clock in hand, and the runner's side of it: what is running, and what was asked to stop.
struct Harness {
    world: World,
    now: Timestamp,
    started: Vec<StepLaunch>,
    stopped: Vec<(String, KillHow)>,
    /// The queries that were started, and those that were stopped.
    queries: Vec<QueryLaunch>,
    stopped_queries: Vec<String>,
    /// The calls that the world made by itself.
    called: Vec<MadeCall>,
    /// The clusters whose logs were uploaded late.
    uploaded: Vec<String>,
    /// What lists show.
    view: ListView,
}

#[expect(clippy::needless_pass_by_value, reason = "inputs are written where they are used: json!({..})")]
impl Harness {
    fn new() -> Self {
        Self::with(WorldSettings::default())
    }

    fn with(settings: WorldSettings) -> Self {
        Self {
            world: World::new(settings, 1),
            now: "2024-10-21T03:00:00Z".parse().unwrap(),
            started: Vec::new(),
            stopped: Vec::new(),
            queries: Vec::new(),
            stopped_queries: Vec::new(),
            called: Vec::new(),
            uploaded: Vec::new(),
            view: ListView::default(),
        }
    }

    fn scripted(scripts: &str) -> Self {
        Self::with(WorldSettings { scripts: Scripts::read(scripts).unwrap(), ..WorldSettings::default() })
    }

    fn try_call(&mut self, service: Service, operation: &str, input: &Value) -> Result<Value, ApiError> {
        let context = CallContext {
            now: self.now,
            region: "us-east-1".into(),
            account: "123456789012".into(),
            access_key: "AKIDLOCAL".into(),
            view: self.view,
        };
        let answer = self.world.call(service, operation, input, &context);
        self.collect();
        let Some(operation) = service.operation(operation) else {
            return Err(answer.expect_err(operation));
        };
        shapes::assert_fits(operation, &answer, &self.world);
        if answer.is_ok() {
            shapes::assert_valid(operation, input);
        }
        answer
    }

    fn emr(&mut self, operation: &str, input: Value) -> Value {
        self.try_call(Service::Emr, operation, &input).unwrap_or_else(|error| panic!("{operation}: {error}"))
    }

    fn cloudwatch(&mut self, operation: &str, input: Value) -> Value {
        self.try_call(Service::CloudWatch, operation, &input)
            .unwrap_or_else(|error| panic!("{operation}: {error}"))
    }

    /// The code and message of an EMR call that is refused, and leaves no trace.
    fn refused(&mut self, operation: &str, input: Value) -> (String, String) {
        self.world.advance(self.now);
        let before = json!([self.world.emr, self.world.cloudwatch]);
        let service =
            if Service::Emr.operation(operation).is_some() { Service::Emr } else { Service::CloudWatch };
        let error = self.try_call(service, operation, &input).expect_err(operation);
        assert_eq!(error.status / 100, 4, "{error}");
        assert_eq!(json!([self.world.emr, self.world.cloudwatch]), before, "{operation} left a trace");
        (error.code, error.message)
    }

    fn collect(&mut self) {
        for effect in self.world.advance(self.now) {
            match effect {
                Effect::StartStep(launch) => self.started.push(*launch),
                Effect::KillStep { step_id, how, .. } => self.stopped.push((step_id, how)),
                Effect::StartQuery(launch) => self.queries.push(*launch),
                Effect::StopQuery { id } => self.stopped_queries.push(id),
                Effect::Called(call) => self.called.push(*call),
                Effect::UploadLogs { cluster_id } => self.uploaded.push(cluster_id),
            }
        }
    }

    fn pass(&mut self, time: SignedDuration) {
        self.now = self.now.checked_add(time).unwrap();
        self.collect();
    }

    fn pass_ms(&mut self, millis: i64) {
        self.pass(SignedDuration::from_millis(millis));
    }

    fn pass_secs(&mut self, seconds: i64) {
        self.pass(SignedDuration::from_secs(seconds));
    }

    /// Launches and lets the cluster come up.
    fn launch(&mut self, request: Value) -> String {
        let id = text(&self.emr("RunJobFlow", request)["JobFlowId"]);
        self.pass_ms(700);
        id
    }

    fn end(&mut self, cluster: &str, step: &str, exit: StepExit) {
        self.world.step_ended(cluster, step, StepEnd { exit, failure: None }, self.now);
        self.collect();
    }

    fn exit(&mut self, cluster: &str, step: &str, code: i32) {
        self.end(cluster, step, StepExit::Exited(code));
    }

    fn cluster(&mut self, id: &str) -> Value {
        self.emr("DescribeCluster", json!({"ClusterId": id}))["Cluster"].clone()
    }

    /// State and code of a cluster.
    fn state(&mut self, id: &str) -> (String, String) {
        let status = &self.cluster(id)["Status"];
        (text(&status["State"]), status["StateChangeReason"]["Code"].as_str().unwrap_or("-").to_owned())
    }

    /// Step ids in the order of submission.
    fn steps(&mut self, cluster: &str) -> Vec<String> {
        let mut steps: Vec<String> = self
            .all("ListSteps", "Steps", json!({"ClusterId": cluster}))
            .iter()
            .map(|s| text(&s["Id"]))
            .collect();
        steps.reverse();
        steps
    }

    /// Step states in the order of submission.
    fn step_states(&mut self, cluster: &str) -> Vec<String> {
        let steps = self.all("ListSteps", "Steps", json!({"ClusterId": cluster}));
        steps.iter().rev().map(|step| text(&step["Status"]["State"])).collect()
    }

    /// All pages of a list, each of them non-empty unless the list is.
    fn all(&mut self, operation: &str, member: &str, input: Value) -> Vec<Value> {
        let service =
            if Service::Emr.operation(operation).is_some() { Service::Emr } else { Service::CloudWatch };
        let token = if service == Service::Emr { "Marker" } else { "NextToken" };
        let mut input = input;
        let mut items = Vec::new();
        loop {
            let answer = self.try_call(service, operation, &input).unwrap();
            let page = answer[member].as_array().unwrap().clone();
            let more = answer.get(token).cloned();
            assert!(!page.is_empty() || more.is_none());
            items.extend(page);
            match more {
                Some(marker) => input[token] = marker,
                None => return items,
            }
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

fn pair(state: &str, code: &str) -> (String, String) {
    (state.to_owned(), code.to_owned())
}

/// A step that runs a program.
fn step(name: &str, on_failure: &str) -> Value {
    json!({
        "Name": name,
        "ActionOnFailure": on_failure,
        "HadoopJarStep": {"Jar": "command-runner.jar", "Args": ["spark-submit", "s3://b/main.py", name]},
    })
}

/// A launch as Emrys makes it: fleets, steps inside, no life without steps.
fn request(steps: &[Value]) -> Value {
    let fleet = |kind: &str, on_demand: u32, spot: u32| {
        json!({
            "InstanceFleetType": kind,
            "TargetOnDemandCapacity": on_demand,
            "TargetSpotCapacity": spot,
            "InstanceTypeConfigs": [{"InstanceType": "m5.xlarge"}, {"InstanceType": "m5a.xlarge"}],
        })
    };
    json!({
        "Name": "emrys/web-logs/2024-10-20/a1/0011223344556677",
        "ReleaseLabel": "emr-7.13.0",
        "LogUri": "s3://logs/emr/",
        "ServiceRole": "EMR_DefaultRole_V2",
        "JobFlowRole": "EMR_EC2_DefaultRole",
        "Applications": [{"Name": "Spark"}],
        "Instances": {
            "KeepJobFlowAliveWhenNoSteps": false,
            "Ec2SubnetIds": ["subnet-0123456789abcdef0"],
            "InstanceFleets": [fleet("MASTER", 1, 0), fleet("CORE", 2, 0), fleet("TASK", 0, 2)],
        },
        "Tags": [{"Key": "emrys:launch", "Value": "0011223344556677"}],
        "Steps": steps,
    })
}

/// The same, but it waits for steps.
fn kept_alive(steps: &[Value]) -> Value {
    let mut request = request(steps);
    request["Instances"]["KeepJobFlowAliveWhenNoSteps"] = json!(true);
    request
}
