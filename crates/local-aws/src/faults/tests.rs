//! Faults as callers meet them: at an endpoint in memory, over its real protocols.

use std::fmt::Write as _;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use jiff::SignedDuration;
use s3s::Body;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::clock::Clock;
use crate::journal::{CUT_OFF, Entry};
use crate::s3::harness;
use crate::server::tests::{SECRET, ask, emr, endpoint, launch, run_ready_tasks, start};
use crate::server::{Cut, Endpoint, serve_on};

/// An endpoint with rules, its clock, and a driver that nobody runs.
struct Harness {
    endpoint: Endpoint,
    clock: Clock,
}

fn harness(rules: &Value) -> Harness {
    let clock = Clock::stepped(start());
    let (endpoint, _driver) = endpoint(&clock, None);
    let script = FaultScript::read(&json!({ "calls": rules }).to_string()).unwrap();
    endpoint.set_faults(Some(FaultPlan::script(&script).unwrap()));
    Harness { endpoint, clock }
}

impl Harness {
    async fn send(&self, operation: &str, input: &Value) -> Result<Response<Bytes>, Cut> {
        self.endpoint.send_bytes(emr(operation, input, self.clock.now())).await
    }

    /// Status and error code of a call.
    async fn code(&self, operation: &str, input: &Value) -> (u16, String) {
        let response = self.send(operation, input).await.unwrap();
        let code = response.headers().get("x-amzn-errortype").map(|code| code.to_str().unwrap().to_owned());
        (response.status().as_u16(), code.unwrap_or_default())
    }

    async fn list(&self) -> Value {
        ask(&self.endpoint, "ListClusters", json!({})).await
    }

    fn journal(&self) -> Vec<Entry> {
        self.endpoint.journal().entries().unwrap()
    }

    async fn s3(&self, line: (&str, &str, &str), body: &str) -> Result<Response<Body>, Cut> {
        let headers = [("content-length", &*body.len().to_string())];
        self.endpoint.send(harness::signed(line, &headers, "UNSIGNED-PAYLOAD", body.to_owned(), SECRET)).await
    }

    async fn s3_text(&self, line: (&str, &str, &str), body: &str) -> (u16, String) {
        let (head, body) = self.s3(line, body).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (head.status.as_u16(), String::from_utf8(body.to_vec()).unwrap())
    }
}

fn ids(list: &Value) -> usize {
    list["Clusters"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_rule_hits_the_calls_that_it_counts() {
    let harness = harness(&json!([
        {"service": "emr", "operation": "^List", "kind": "throttle", "first": 2, "every": 2, "times": 2},
    ]));
    let mut codes = Vec::new();
    for _ in 0..7 {
        codes.push(harness.code("ListClusters", &json!({})).await.0);
    }
    assert_eq!(codes, [200, 400, 200, 400, 200, 200, 200]);
    let told = &harness.journal()[1];
    assert_eq!((told.outcome.as_str(), told.status), ("ThrottlingException", 400));
    assert_eq!(told.fault, Some(FaultRecord { fault: Fault::Throttle, effect: None }));
    assert_eq!(serde_json::to_value(told).unwrap()["fault"], json!({"kind": "throttle"}));
    assert!(harness.journal()[0].fault.is_none());
}

#[tokio::test]
async fn a_rule_can_hold_for_a_while() {
    let harness = harness(&json!([{"kind": "cut", "first": 2, "for_ms": 1_000}]));
    harness.list().await;
    assert_eq!(harness.send("ListClusters", &json!({})).await.unwrap_err(), Cut);
    harness.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(harness.send("ListClusters", &json!({})).await.unwrap_err(), Cut);
    harness.clock.advance(SignedDuration::from_millis(1));
    harness.list().await;
}

#[tokio::test]
async fn a_call_before_the_effect_leaves_nothing_and_after_it_leaves_all() {
    let harness = harness(&json!([
        {"operation": "RunJobFlow", "kind": "cut", "times": 1},
        {"operation": "RunJobFlow", "kind": "server_error", "first": 2, "times": 1},
        {"operation": "RunJobFlow", "kind": "cut", "when": "after", "first": 3, "times": 1},
        {"operation": "RunJobFlow", "kind": "server_error", "status": 503, "when": "after", "first": 4},
    ]));
    assert_eq!(harness.send("RunJobFlow", &launch()).await.unwrap_err(), Cut);
    assert_eq!(harness.code("RunJobFlow", &launch()).await, (500, "InternalServerError".to_owned()));
    assert_eq!(ids(&harness.list().await), 0);
    assert_eq!(harness.send("RunJobFlow", &launch()).await.unwrap_err(), Cut);
    assert_eq!(ids(&harness.list().await), 1);
    assert_eq!(harness.code("RunJobFlow", &launch()).await, (503, "ServiceUnavailable".to_owned()));
    assert_eq!(ids(&harness.list().await), 2);

    let calls: Vec<Entry> =
        harness.journal().into_iter().filter(|call| call.operation == "RunJobFlow").collect();
    let told: Vec<_> =
        calls.iter().map(|c| (c.outcome.as_str(), c.status, c.is_ok(), c.was_done())).collect();
    assert_eq!(
        told,
        [
            (CUT_OFF, 0, false, false),
            ("InternalServerError", 500, false, false),
            (CUT_OFF, 0, false, true),
            ("ServiceUnavailable", 503, false, true),
        ]
    );
    assert_eq!(
        serde_json::to_value(&calls[2]).unwrap()["fault"],
        json!({"kind": "cut", "when": "after", "effect": "ok"})
    );
    assert_eq!(calls[2].request.as_ref().unwrap(), &launch());
}

#[tokio::test]
async fn denied_and_expired_are_said_as_aws_says_them() {
    let harness = harness(&json!([
        {"kind": "access_denied", "operation": "Describe|Get", "times": 2},
        {"kind": "expired_token"},
    ]));
    let described = json!({"ClusterId": "j-1"});
    let denied = harness.send("DescribeCluster", &described).await.unwrap();
    let body: Value = serde_json::from_slice(denied.body()).unwrap();
    assert_eq!(denied.headers()["x-amzn-errortype"], "AccessDeniedException");
    let message = body["message"].as_str().unwrap();
    assert!(message.contains("elasticmapreduce:DescribeCluster"), "{message}");
    let got = harness.s3_text(("GET", "/bucket/key", ""), "").await;
    assert_eq!(got.0, 403);
    assert!(got.1.contains("<Code>AccessDenied</Code>"), "{}", got.1);

    assert_eq!(harness.code("DescribeCluster", &described).await, (400, "ExpiredTokenException".to_owned()));
    let got = harness.s3_text(("GET", "/bucket/key", ""), "").await;
    assert!(got.1.contains("<Code>ExpiredToken</Code>"), "{}", got.1);
    let told = harness.journal();
    assert_eq!(told[1].outcome, "AccessDenied");
    assert_eq!((told[3].outcome.as_str(), told[3].resource.as_str()), ("ExpiredToken", "s3://bucket/key"));
}

#[tokio::test]
async fn a_slow_call_is_done_before_it_is_answered() {
    let harness = harness(&json!([{"operation": "RunJobFlow", "kind": "slow", "delay_ms": 5_000}]));
    let input = launch();
    let mut call = std::pin::pin!(harness.send("RunJobFlow", &input));
    assert!(futures::poll!(call.as_mut()).is_pending());
    assert_eq!(ids(&harness.list().await), 1);
    assert_eq!(harness.endpoint.quiet_since(), None);
    harness.clock.advance(SignedDuration::from_secs(5));
    assert_eq!(call.await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn a_late_call_is_done_although_its_caller_is_gone() {
    let harness = harness(&json!([{"operation": "RunJobFlow|PutObject", "kind": "late", "delay_ms": 5_000}]));
    harness.s3_text(("PUT", "/bucket", ""), "").await;
    let input = launch();
    {
        let mut call = std::pin::pin!(harness.send("RunJobFlow", &input));
        let mut put = std::pin::pin!(harness.s3(("PUT", "/bucket/key", ""), "late"));
        assert!(futures::poll!(call.as_mut()).is_pending());
        assert!(futures::poll!(put.as_mut()).is_pending());
        run_ready_tasks().await;
    }
    assert_eq!(ids(&harness.list().await), 0);
    harness.clock.advance(SignedDuration::from_secs(5));
    run_ready_tasks().await;
    assert_eq!(ids(&harness.list().await), 1);
    assert_eq!(harness.s3_text(("GET", "/bucket/key", ""), "").await, (200, "late".to_owned()));
    let told = harness.journal();
    let cut: Vec<_> = told.iter().filter(|call| call.outcome == CUT_OFF).collect();
    assert_eq!(cut.len(), 2);
    assert!(cut.iter().all(|call| call.fault.is_some() && call.time == start()));

    // And when the caller waits, it is answered.
    let mut call = std::pin::pin!(harness.send("RunJobFlow", &input));
    assert!(futures::poll!(call.as_mut()).is_pending());
    run_ready_tasks().await;
    harness.clock.advance(SignedDuration::from_secs(5));
    assert_eq!(call.await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn a_stale_list_shows_what_was() {
    let harness = harness(&json!([
        {"kind": "stale_list", "age_ms": 60_000, "first": 2, "times": 2},
        {"kind": "hide_new", "age_ms": 60_000, "first": 4, "times": 1},
    ]));
    harness.code("RunJobFlow", &launch()).await;
    harness.clock.advance(SignedDuration::from_secs(30));
    let state = |list: &Value| list["Clusters"][0]["Status"]["State"].as_str().unwrap_or("-").to_owned();
    assert_eq!(state(&harness.list().await), "RUNNING");
    assert_eq!(ids(&harness.list().await), 0, "a minute ago there was no cluster");
    harness.clock.advance(SignedDuration::from_secs(30));
    let then = harness.list().await;
    assert_eq!(state(&then), "STARTING");
    assert_eq!(then["Clusters"][0]["Status"]["Timeline"].get("ReadyDateTime"), None);
    assert_eq!(ids(&harness.list().await), 1, "it is a minute old by now, and no younger");
    let named = harness.code("DescribeCluster", &json!({"ClusterId": then["Clusters"][0]["Id"]})).await;
    assert_eq!(named.0, 200, "only the list is stale");
}

#[tokio::test]
async fn a_young_cluster_is_hidden_and_others_are_not() {
    let harness = harness(&json!([{"kind": "hide_new", "age_ms": 10_000}]));
    harness.code("RunJobFlow", &launch()).await;
    harness.clock.advance(SignedDuration::from_secs(10));
    harness.code("RunJobFlow", &launch()).await;
    let list = harness.list().await;
    assert_eq!(ids(&list), 1);
    assert_eq!(list["Clusters"][0]["Status"]["State"], "RUNNING", "what is shown is shown as it is");
}

#[tokio::test]
async fn short_pages_lose_nothing() {
    let harness = harness(&json!([
        {"service": "emr", "kind": "short_page", "items": 0, "times": 1},
        {"kind": "short_page", "items": 1},
    ]));
    for _ in 0..2 {
        harness.code("RunJobFlow", &launch()).await;
    }
    let (mut pages, mut input) = (Vec::new(), json!({}));
    loop {
        let page = ask(&harness.endpoint, "ListClusters", input.clone()).await;
        pages.push(ids(&page));
        match page.get("Marker") {
            Some(marker) => input["Marker"] = marker.clone(),
            None => break,
        }
    }
    assert_eq!(pages, [0, 1, 1]);

    for path in ["/bucket", "/bucket/a", "/bucket/b"] {
        harness.s3_text(("PUT", path, ""), "").await;
    }
    let (_, page) = harness.s3_text(("GET", "/bucket", "list-type=2&max-keys=1000"), "").await;
    assert!(page.contains("<IsTruncated>true</IsTruncated>") && page.contains("<KeyCount>1<"), "{page}");
}

#[tokio::test]
async fn s3_is_throttled_and_cut_in_its_own_words() {
    let harness = harness(&json!([
        {"operation": "HeadObject", "kind": "throttle"},
        {"resource": "/ledger\\.json$", "operation": "PutObject", "kind": "cut", "when": "after", "times": 1},
    ]));
    harness.s3_text(("PUT", "/bucket", ""), "").await;
    harness.s3_text(("PUT", "/bucket/other.json", ""), "1").await;
    assert_eq!(harness.s3(("PUT", "/bucket/ledger.json", ""), "2").await.unwrap_err(), Cut);
    assert_eq!(harness.s3_text(("GET", "/bucket/ledger.json", ""), "").await, (200, "2".to_owned()));
    let throttled = harness.s3_text(("HEAD", "/bucket/ledger.json", ""), "").await;
    assert_eq!(throttled, (503, String::new()));
    let told: Vec<_> = harness.journal().into_iter().map(|call| (call.operation, call.outcome)).collect();
    assert_eq!(told[2], ("PutObject".to_owned(), CUT_OFF.to_owned()));
    assert_eq!(told[4], ("HeadObject".to_owned(), "SlowDown".to_owned()));
}

#[tokio::test]
async fn a_function_sees_each_call_that_was_let_in() {
    let harness = harness(&json!([]));
    let (seen, calls) = std::sync::mpsc::channel();
    harness.endpoint.set_faults(Some(FaultPlan::new(move |call| {
        seen.send((call.seq, format!("{} {} {}", call.service, call.operation, call.resource))).unwrap();
        (call.operation == "RunJobFlow").then_some(Fault::StaleList { age_ms: 1 })
    })));
    assert_eq!(harness.code("RunJobFlow", &launch()).await.0, 200, "a stale launch means nothing");
    harness.code("DescribeCluster", &json!({})).await;
    harness.s3_text(("GET", "/bucket/key", ""), "").await;
    harness.endpoint.set_faults(None);
    harness.list().await;
    let told: Vec<_> = calls.iter().collect();
    assert_eq!(
        told,
        [(1, "emr RunJobFlow nightly".to_owned()), (3, "s3 GetObject s3://bucket/key".to_owned())]
    );
    assert!(harness.journal().iter().all(|call| call.fault.is_none()));
}

#[tokio::test]
async fn over_a_socket_a_cut_is_a_connection_that_ends() {
    let harness = harness(&json!([{"kind": "cut"}]));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(serve_on(listener, harness.endpoint.clone(), std::future::pending()));
    let request: Request<Bytes> = emr("ListClusters", &json!({}), start());
    let mut text = "POST / HTTP/1.1\r\nhost: 127.0.0.1:4599\r\ncontent-length: 2\r\n".to_owned();
    for (name, value) in request.headers() {
        write!(text, "{name}: {}\r\n", value.to_str().unwrap()).unwrap();
    }
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("{text}\r\n{{}}").as_bytes()).await.unwrap();
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap_or(0), 0, "nothing comes back");
    assert_eq!(harness.journal()[0].outcome, CUT_OFF);
    server.abort();
}

#[test]
fn a_wrong_rule_is_an_error_when_it_is_read() {
    let why =
        |rules: Value| FaultScript::read(&json!({ "calls": rules }).to_string()).unwrap_err().to_string();
    for (rule, words) in [
        (json!({"kind": "throttle", "when": "after"}), "\"throttle\" has no `when`"),
        (json!({"kind": "slow"}), "\"slow\" needs `delay_ms`"),
        (json!({"kind": "sloth"}), "unknown variant `sloth`"),
        (json!({"service": "emr"}), "missing field `kind`"),
        (
            json!({"kind": "cut", "service": "lambda"}),
            "\"lambda\" is not one of athena, cloudwatch, emr, glue, s3",
        ),
        (json!({"kind": "cut", "operations": "x"}), "unknown field `operations`"),
        (
            json!({"kind": "cut", "operation": "("}),
            "calls[0]: the pattern \"(\" is not a valid regular expression",
        ),
        (json!({"kind": "cut", "first": 0}), "calls[0]: `first` counts from 1"),
        (json!({"kind": "server_error", "status": 404}), "`status` is from 500 to 599, not 404"),
    ] {
        let said = why(json!([rule]));
        assert!(said.contains(words), "{said}");
    }
    let clusters = FaultScript::read(r#"{"clusters": [{"cluster": "("}]}"#).unwrap_err();
    assert!(matches!(clusters, FaultScriptError::Json(_)), "{clusters}");
}

#[test]
fn rules_are_written_as_they_are_read() {
    let text = json!({"calls": [
        {"service": "emr", "kind": "server_error", "status": 500, "when": "after", "first": 1, "every": 1},
        {"operation": "x", "kind": "short_page", "items": 0, "first": 2, "every": 3, "times": 4, "for_ms": 5},
    ], "clusters": []});
    let script = FaultScript::read(&text.to_string()).unwrap();
    assert_eq!(serde_json::to_value(&script).unwrap(), text);
}
