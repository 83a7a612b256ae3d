//! A wrong answer, planted in the saved state: no client gets it, and nobody can overlook it.

use http_body_util::BodyExt as _;

use super::*;

const SENTENCE: &str = "the embedded AWS answers emr DescribeCluster wrongly: Cluster.Configurations must be a list \
                        (ConfigurationList), not '7'";

/// An endpoint that has a cluster with a configuration of the wrong type, and the cluster's id.
async fn planted() -> (Endpoint, String) {
    let clock = Clock::stepped(start());
    let (good, _driver) = endpoint(&clock, None);
    let launched = ask(&good, "RunJobFlow", launch()).await;
    let id = launched["JobFlowId"].as_str().unwrap().to_owned();
    let mut world = serde_json::to_value(good.world()).unwrap();
    world["emr"]["clusters"][&id]["request"]["Configurations"] = json!(7);
    let (bad, _driver) = endpoint_of(serde_json::from_value(world).unwrap(), &clock, None);
    (bad, id)
}

#[tokio::test]
#[should_panic(expected = "emr DescribeCluster wrongly: Cluster.Configurations must be a list")]
async fn a_caller_in_the_process_panics() {
    let (endpoint, id) = planted().await;
    ask(&endpoint, "ListClusters", json!({})).await;
    let request = emr("DescribeCluster", &json!({"ClusterId": id}), start());
    drop(endpoint.handle_bytes(request).await);
}

#[tokio::test]
#[should_panic(expected = "emr DescribeCluster wrongly: Cluster.Configurations must be a list")]
async fn every_later_caller_in_the_process_panics_too() {
    let (endpoint, id) = planted().await;
    let other = endpoint.clone();
    let request = emr("DescribeCluster", &json!({"ClusterId": id}), start());
    let hidden = tokio::spawn(async move { other.handle_bytes(request).await.status() }).await;
    assert!(hidden.is_err());
    ask(&endpoint, "ListClusters", json!({})).await;
}

#[tokio::test]
async fn a_client_gets_an_error_that_names_the_member_and_then_nothing_else() {
    let (endpoint, id) = planted().await;
    let send = async |operation: &str, input: Value| {
        let request = emr(operation, &input, start()).map(Body::from);
        let (head, body) = endpoint.answer(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (head.status.as_u16(), serde_json::from_slice::<Value>(&body).unwrap())
    };
    assert_eq!(send("ListClusters", json!({})).await.0, 200);
    let failure = (500, json!({"__type": "InternalFailure", "message": SENTENCE}));
    assert_eq!(send("DescribeCluster", json!({"ClusterId": id})).await, failure);
    assert_eq!(send("ListClusters", json!({})).await, failure);
    // Nor is anything done.
    assert_eq!(send("TerminateJobFlows", json!({"JobFlowIds": [id]})).await, failure);
    let calls = endpoint.journal().entries().unwrap();
    let told: Vec<_> = calls.iter().map(|call| (call.outcome.as_str(), call.status)).collect();
    assert_eq!(
        told,
        [("ok", 200), ("InternalFailure", 500), ("InternalFailure", 500), ("InternalFailure", 500)]
    );
}

#[tokio::test]
async fn a_state_that_a_fault_makes_up_is_no_mistake() {
    let rule = json!({"cluster": ".", "kind": "unknown_state", "of": "cluster", "after_ms": 0});
    let settings = WorldSettings {
        cluster_rules: vec![serde_json::from_value(rule).unwrap()],
        ..WorldSettings::default()
    };
    let clock = Clock::stepped(start());
    let (endpoint, _driver) = endpoint_of(World::new(settings, 1), &clock, None);
    let launched = ask(&endpoint, "RunJobFlow", launch()).await;
    clock.advance(SignedDuration::from_secs(2));
    let cluster = ask(&endpoint, "DescribeCluster", json!({"ClusterId": launched["JobFlowId"]})).await;
    assert_eq!(cluster["Cluster"]["Status"]["State"], "DREAMING");
}
