//! The endpoint as a whole: a world, an object store and steps behind real requests.

mod answers;
mod operations;

use std::pin::pin;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use s3s::Body;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::clock::Clock;
use crate::journal::{CUT_OFF, Journal};
use crate::store::Store;
use crate::wire::Verifier;
use crate::world::{ScriptedStep, Scripts, World, WorldSettings};

pub(crate) const SECRET: &str = "secret";

pub(crate) fn start() -> Timestamp {
    "2024-10-21T03:00:00Z".parse().unwrap()
}

/// An endpoint in memory whose steps are all scripted.
pub(crate) fn endpoint(clock: &Clock, saved: Option<SavedWorld>) -> (Endpoint, Driver) {
    let step = ScriptedStep { duration_ms: 60_000, stdout: "done\n".to_owned(), ..ScriptedStep::default() };
    let scripts = Scripts { steps: vec![step], clusters: Vec::new() };
    endpoint_of(World::new(WorldSettings { scripts, ..WorldSettings::default() }, 1), clock, saved)
}

fn endpoint_of(world: World, clock: &Clock, saved: Option<SavedWorld>) -> (Endpoint, Driver) {
    Endpoint::new(EndpointConfig {
        world,
        saved,
        store: Store::memory(clock.clone()),
        journal: Journal::memory(),
        clock: clock.clone(),
        root: None,
        endpoint_url: "http://127.0.0.1:4599".to_owned(),
        region: "us-east-1".to_owned(),
        account: "123456789012".to_owned(),
        access_key: "AKID".to_owned(),
        secret_key: SECRET.to_owned(),
        max_skew: Some(SignedDuration::from_mins(15)),
    })
}

/// A signed call to EMR. It has no `Host` header: callers in the process name the host in the address.
pub(crate) fn emr(operation: &str, input: &Value, now: Timestamp) -> Request<Bytes> {
    let body = input.to_string().into_bytes();
    let request = Request::post("http://127.0.0.1:4599/")
        .header("host", "127.0.0.1:4599")
        .header("x-amz-target", format!("ElasticMapReduce.{operation}"))
        .body(())
        .unwrap();
    let mut head = request.into_parts().0;
    Verifier::new(SECRET, None).sign(&mut head, &body, ("AKID", "us-east-1", "elasticmapreduce"), now);
    head.headers.remove("host");
    Request::from_parts(head, Bytes::from(body))
}

pub(crate) async fn ask(endpoint: &Endpoint, operation: &str, input: Value) -> Value {
    let response = endpoint.handle_bytes(emr(operation, &input, endpoint.clock().now())).await;
    assert_eq!(response.status(), StatusCode::OK, "{:?}", response.body());
    if response.body().is_empty() { Value::Null } else { serde_json::from_slice(response.body()).unwrap() }
}

pub(crate) fn launch() -> Value {
    json!({
        "Name": "nightly",
        "ReleaseLabel": "emr-7.13.0",
        "Applications": [{"Name": "Spark"}],
        "Instances": {
            "InstanceFleets": [{
                "InstanceFleetType": "MASTER",
                "TargetOnDemandCapacity": 1,
                "InstanceTypeConfigs": [{"InstanceType": "m5.xlarge"}],
            }],
            "KeepJobFlowAliveWhenNoSteps": false,
        },
        "ServiceRole": "EMR_DefaultRole_V2",
        "JobFlowRole": "EMR_EC2_DefaultRole",
        "Steps": [{
            "Name": "analysis",
            "ActionOnFailure": "TERMINATE_CLUSTER",
            "HadoopJarStep": {"Jar": "command-runner.jar", "Args": ["true"]},
        }],
    })
}

/// Lets everything run that can run at this time.
pub(crate) async fn run_ready_tasks() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_cluster_lives_and_ends_while_only_time_passes() {
    let clock = Clock::stepped(start());
    let (endpoint, driver) = endpoint(&clock, None);
    let driver = tokio::spawn(driver.run());
    let launched = ask(&endpoint, "RunJobFlow", launch()).await;
    let id = launched["JobFlowId"].as_str().unwrap().to_owned();
    assert_eq!(endpoint.quiet_since(), None, "a cluster is alive");

    // Nobody calls meanwhile: the driver alone takes the world from deadline to deadline.
    for _ in 0..70 {
        run_ready_tasks().await;
        clock.advance(SignedDuration::from_secs(1));
    }
    run_ready_tasks().await;
    assert!(endpoint.quiet_since().is_some());
    let cluster = ask(&endpoint, "DescribeCluster", json!({"ClusterId": id})).await;
    let status = &cluster["Cluster"]["Status"];
    assert_eq!(status["State"], "TERMINATED", "{status}");
    assert_eq!(status["StateChangeReason"]["Code"], "ALL_STEPS_COMPLETED");

    let calls = endpoint.journal().entries().unwrap();
    let told: Vec<_> =
        calls.iter().map(|call| (call.seq, call.operation.as_str(), call.resource.as_str())).collect();
    assert_eq!(told, [(1, "RunJobFlow", "nightly"), (2, "DescribeCluster", id.as_str())]);
    assert_eq!(calls[0].request.as_ref().unwrap(), &launch());
    driver.abort();
}

/// A signed call to EventBridge Scheduler.
async fn schedule(endpoint: &Endpoint, method: &str, path: &str, body: &str) -> (u16, Value) {
    let request = Request::builder().method(method).uri(format!("http://127.0.0.1:4599{path}"));
    let mut head = request.header("host", "127.0.0.1:4599").body(()).unwrap().into_parts().0;
    let scope = ("AKID", "us-east-1", "scheduler");
    Verifier::new(SECRET, None).sign(&mut head, body.as_bytes(), scope, endpoint.clock().now());
    let response = endpoint.handle_bytes(Request::from_parts(head, Bytes::from(body.to_owned()))).await;
    assert_eq!(response.headers()["content-type"], "application/json");
    (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap())
}

#[tokio::test]
async fn a_schedule_ends_a_cluster_that_nobody_looks_at_and_the_journal_tells() {
    let clock = Clock::stepped(start());
    let (endpoint, driver) = endpoint(&clock, None);
    let driver = tokio::spawn(driver.run());
    let launched = ask(&endpoint, "RunJobFlow", launch()).await;
    let id = launched["JobFlowId"].as_str().unwrap().to_owned();
    assert_eq!(schedule(&endpoint, "POST", "/schedule-groups/emrys", "{}").await.0, 200);
    let body = json!({
        "GroupName": "emrys",
        "ScheduleExpression": "at(2024-10-21T03:00:30)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "DELETE",
        "ClientToken": "t",
        "Target": {
            "Arn": "arn:aws:scheduler:::aws-sdk:emr:terminateJobFlows",
            "RoleArn": "arn:aws:iam::123456789012:role/guard",
            "Input": json!({"JobFlowIds": [&id]}).to_string(),
        },
    });
    let (status, made) = schedule(&endpoint, "POST", "/schedules/n1", &body.to_string()).await;
    assert_eq!((status, made["ScheduleArn"].is_string()), (200, true), "{made}");
    let (status, shown) = schedule(&endpoint, "GET", "/schedules/n1?groupName=emrys", "").await;
    assert_eq!((status, shown["Name"].as_str()), (200, Some("n1")));
    let (status, none) = schedule(&endpoint, "DELETE", "/schedules/n1?groupName=default", "").await;
    assert_eq!((status, none["Message"].as_str()), (404, Some("Schedule n1 does not exist.")));
    let (status, put) = schedule(&endpoint, "PUT", "/schedules/n1", "{}").await;
    assert_eq!((status, put["__type"].as_str()), (400, Some("UnknownOperationException")));

    for _ in 0..40 {
        run_ready_tasks().await;
        clock.advance(SignedDuration::from_secs(1));
    }
    run_ready_tasks().await;
    let calls = endpoint.journal().entries().unwrap();
    let made = calls.last().unwrap();
    assert_eq!((made.operation.as_str(), made.resource.as_str()), ("TerminateJobFlows", id.as_str()));
    assert_eq!((made.by.as_deref(), made.is_ok()), (Some("scheduler"), true));
    assert_eq!(made.time, "2024-10-21T03:00:30Z".parse().unwrap());
    let told: Vec<_> = calls.iter().map(|call| call.resource.as_str()).collect();
    assert_eq!(told[1..4], ["emrys", "emrys/n1", "emrys/n1"]);
    let cluster = ask(&endpoint, "DescribeCluster", json!({"ClusterId": id})).await;
    assert_eq!(cluster["Cluster"]["Status"]["StateChangeReason"]["Code"], "USER_REQUEST");
    driver.abort();
}

#[tokio::test]
async fn the_world_is_saved_before_the_answer_and_only_when_it_changed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("world.json");
    let saved = SavedWorld::at(&path);
    let clock = Clock::stepped(start());
    let (endpoint, _driver) = endpoint(&clock, Some(saved.clone()));
    ask(&endpoint, "ListClusters", json!({})).await;
    assert!(!path.exists(), "a read changes nothing");
    let launched = ask(&endpoint, "RunJobFlow", launch()).await;
    let id = launched["JobFlowId"].as_str().unwrap();
    assert!(std::fs::read_to_string(&path).unwrap().contains(id));

    // The next daemon knows the cluster, whatever it makes of it.
    let mut world = saved.load().unwrap().unwrap();
    world.restarted(clock.now());
    assert!(serde_json::to_string(&world).unwrap().contains(id));
}

#[tokio::test]
async fn what_cannot_be_saved_is_not_done_and_not_promised() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("full");
    let clock = Clock::stepped(start());
    let (endpoint, _driver) = endpoint(&clock, Some(SavedWorld::at(folder.join("world.json"))));
    let response = endpoint.handle_bytes(emr("RunJobFlow", &launch(), start())).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let none = ask(&endpoint, "ListClusters", json!({})).await;
    assert_eq!(none["Clusters"], json!([]));

    std::fs::create_dir(&folder).unwrap();
    let launched = ask(&endpoint, "RunJobFlow", launch()).await;
    let clusters = ask(&endpoint, "ListClusters", json!({})).await;
    assert_eq!(clusters["Clusters"].as_array().unwrap().len(), 1);
    assert_eq!(clusters["Clusters"][0]["Id"], launched["JobFlowId"]);
}

#[tokio::test]
async fn a_request_of_another_time_is_refused() {
    let clock = Clock::stepped(start());
    let (endpoint, _driver) = endpoint(&clock, None);
    let late = emr("ListClusters", &json!({}), start() - SignedDuration::from_mins(16));
    let response = endpoint.handle_bytes(late).await;
    assert_eq!(response.headers()["x-amzn-errortype"], "InvalidSignatureException");

    assert_eq!(endpoint.journal().entries().unwrap()[0].outcome, "InvalidSignatureException");
}

#[tokio::test]
async fn an_s3_error_is_journalled_by_its_code() {
    let clock = Clock::stepped(start());
    let (endpoint, _driver) = endpoint(&clock, None);
    // Nobody signed this.
    let request = Request::get("http://127.0.0.1:4599/bucket/key").body(Bytes::new()).unwrap();
    let response: Response<Bytes> = endpoint.handle_bytes(request).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert!(response.headers().contains_key("x-amz-request-id"));
    assert!(!response.body().is_empty(), "the caller still gets what the journal has read");
    let calls = endpoint.journal().entries().unwrap();
    assert_eq!((calls[0].service.as_str(), calls[0].outcome.as_str()), ("s3", "AccessDenied"));
}

#[tokio::test]
async fn a_caller_that_goes_away_is_journalled_too() {
    let clock = Clock::stepped(start());
    let (endpoint, _driver) = endpoint(&clock, None);
    let body = Body::http_body_unsync(http_body_util::StreamBody::new(futures::stream::pending::<
        Result<hyper::body::Frame<Bytes>, std::io::Error>,
    >()));
    let (head, _) = emr("RunJobFlow", &launch(), start()).into_parts();
    {
        let mut call = pin!(endpoint.send(Request::from_parts(head, body)));
        assert!(futures::poll!(call.as_mut()).is_pending());
        assert_eq!(endpoint.quiet_since(), None, "a request is being answered");
    }
    assert_eq!(endpoint.quiet_since(), Some(start()));
    let calls = endpoint.journal().entries().unwrap();
    assert_eq!((calls[0].service.as_str(), calls[0].outcome.as_str(), calls[0].status), ("emr", CUT_OFF, 0));
}

#[tokio::test]
async fn over_a_socket_it_is_plain_http() {
    let clock = Clock::system();
    let (endpoint, _driver) = endpoint(&clock, None);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(serve_on(listener, endpoint.clone(), async {
        drop(stopped.await);
    }));

    let mut stream = TcpStream::connect(address).await.unwrap();
    let unsigned = "POST / HTTP/1.1\r\nhost: x\r\nx-amz-target: ElasticMapReduce.ListClusters\r\n\
                    content-length: 2\r\n\r\n{}";
    // Twice over one connection, which stays open until the server is stopped.
    for seq in 1..=2 {
        stream.write_all(unsigned.as_bytes()).await.unwrap();
        let mut answer = String::new();
        while !answer.contains("Missing Authentication Token") {
            let mut part = [0; 1024];
            let length = stream.read(&mut part).await.unwrap();
            assert!(length > 0, "closed after {answer}");
            answer += std::str::from_utf8(&part[..length]).unwrap();
        }
        assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
        assert!(answer.contains("x-amzn-errortype: MissingAuthenticationTokenException"), "{answer}");
        assert_eq!(endpoint.journal().entries().unwrap().len(), seq);
    }
    stop.send(()).unwrap();
    server.await.unwrap();
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0, "the server has closed the connection");
    assert!(TcpStream::connect(address).await.is_err());
}
