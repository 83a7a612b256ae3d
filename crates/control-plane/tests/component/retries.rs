//! What follows by itself on an attempt that failed, and what does not.

use emrys_control_plane::{How, Interrupts};
use emrys_core::record::{Outcome, RetryCause};
use emrys_core::spec::Spec;
use emrys_local_aws::faults::FaultScript;
use emrys_local_aws::world::{Pace, Scripts, WorldSettings};
use jiff::SignedDuration;

use crate::world::{Aws, good_step, run_spec, spec_and};

const CHOICES: &str = r#"
[cluster.fleets.primary]
types = ["m5.xlarge", "m5a.xlarge"]
market = "spot"
[cluster.fleets.core]
types = ["m5.xlarge", "m5a.xlarge"]
"#;

fn with_choices() -> Spec {
    spec_and(CHOICES)
}

/// An AWS whose clusters fail in STARTING, where their names fit this pattern.
fn failing(cluster: &str, code: &str, error_code: Option<&str>, message: &str) -> Aws {
    let mut fault =
        serde_json::json!({ "cluster": cluster, "at": "starting", "code": code, "message": message });
    if let Some(error_code) = error_code {
        fault["error_code"] = error_code.into();
    }
    let scripts = Scripts::read(&serde_json::json!({ "clusters": [fault] }).to_string()).unwrap();
    let scripts = Scripts { steps: vec![good_step()], ..scripts };
    Aws::with(WorldSettings { scripts, ..WorldSettings::default() })
}

/// The first instance type of the primary fleet of each cluster, and whether it was asked for on demand.
async fn primaries(world: &Aws) -> Vec<(String, bool)> {
    let emr = world.emr_of_another_person();
    let mut primaries = Vec::new();
    for cluster in world.clusters().await {
        let fleets = emr.list_instance_fleets().cluster_id(cluster).send().await.unwrap();
        let mut fleets = fleets.instance_fleets.unwrap_or_default().into_iter();
        let primary = fleets.find(|fleet| fleet.name() == Some("primary")).unwrap();
        let mut types: Vec<_> = primary.instance_type_specifications().to_vec();
        types.sort_by(|a, b| a.priority().partial_cmp(&b.priority()).unwrap());
        let first = types.first().and_then(|kind| kind.instance_type()).unwrap_or_default();
        primaries.push((first.to_owned(), primary.target_on_demand_capacity() == Some(1)));
    }
    primaries
}

#[tokio::test(start_paused = true)]
async fn without_capacity_the_next_choice_is_launched() {
    let words = "EC2 has insufficient capacity for m5.xlarge in the zone";
    for (code, error_code, message) in [
        ("VALIDATION_ERROR", None, words),
        ("INSTANCE_FLEET_TIMEOUT", None, ""),
        ("INTERNAL_ERROR", Some("INTERNAL_ERROR_EC2_INSUFFICIENT_CAPACITY_AZ"), ""),
    ] {
        let world = failing("/a1/", code, error_code, message);
        let end =
            run_spec(&world.connect(1).await, &with_choices(), 1, &mut Interrupts::none()).await.unwrap();
        assert_eq!(end.how, How::Closed(Outcome::Succeeded), "{code:?}");
        assert_eq!((end.report.attempt, world.done("RunJobFlow")), (Some(2), 2));
        let retry = end.state.attempts[1].retry.unwrap();
        assert_eq!(retry.because, RetryCause::Capacity);
        let first = ("m5.xlarge".to_owned(), false);
        assert_eq!(primaries(&world).await, [first, ("m5a.xlarge".to_owned(), false)], "{code:?}");
        assert_eq!(world.done("PutMetricData"), 1, "the run is reported, not each attempt");
        // Both clusters are kept, word for word.
        for attempt in [1, 2] {
            world.object(&format!("emrys/web-logs/2024-10-20/attempt-{attempt}/cluster.json"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn lost_instances_are_replaced_by_some_on_demand() {
    for (code, error_code) in
        [("INSTANCE_FAILURE", None), ("INTERNAL_ERROR", Some("INTERNAL_ERROR_SPOT_PRICE_INCREASE_PRIMARY"))]
    {
        let world = failing("/a1/", code, error_code, "");
        let end =
            run_spec(&world.connect(1).await, &with_choices(), 1, &mut Interrupts::none()).await.unwrap();
        assert_eq!(end.how, How::Closed(Outcome::Succeeded));
        let kind = "m5.xlarge".to_owned();
        assert_eq!(primaries(&world).await, [(kind.clone(), false), (kind, true)]);
    }
}

/// An AWS whose first cluster loses a node while its step runs.
fn losing(node: &str) -> Aws {
    let rule = serde_json::json!({
        "cluster": "/a1/", "kind": "spot_loss", "node": node, "after_ms": 30_000
    });
    let rules = FaultScript::read(&serde_json::json!({ "clusters": [rule] }).to_string()).unwrap();
    let scripts = Scripts { steps: vec![good_step()], clusters: Vec::new() };
    Aws::with(WorldSettings { scripts, cluster_rules: rules.clusters, ..WorldSettings::default() })
}

#[tokio::test(start_paused = true)]
async fn a_task_node_that_is_lost_costs_time_and_nothing_else() {
    let world = losing("task");
    let end = run_spec(&world.connect(1).await, &with_choices(), 1, &mut Interrupts::none()).await.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Succeeded));
    assert_eq!((end.report.attempt, world.done("RunJobFlow")), (Some(1), 1));
}

/// EMR says of such a step what it says of one that failed by itself: another cluster might fail as well.
#[tokio::test(start_paused = true)]
async fn a_step_that_fails_because_core_nodes_were_lost_is_a_step_that_failed() {
    let world = losing("core");
    let end = run_spec(&world.connect(1).await, &with_choices(), 1, &mut Interrupts::none()).await.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Failed));
    assert_eq!(world.done("RunJobFlow"), 1);
    let diagnosis = end.report.diagnosis.unwrap();
    assert!(diagnosis.summary.contains("log-analysis"), "{diagnosis:?}");
}

#[tokio::test(start_paused = true)]
async fn a_primary_node_that_is_lost_under_a_step_is_replaced_by_one_on_demand() {
    let world = losing("primary");
    let end = run_spec(&world.connect(1).await, &with_choices(), 1, &mut Interrupts::none()).await.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Succeeded));
    assert_eq!(end.state.attempts[1].retry.unwrap().because, RetryCause::InstancesLost);
    let kind = "m5.xlarge".to_owned();
    assert_eq!(primaries(&world).await, [(kind.clone(), false), (kind, true)]);
}

#[tokio::test(start_paused = true)]
async fn a_bootstrap_script_that_cannot_be_downloaded_is_tried_once_more() {
    let code = Some("BOOTSTRAP_FAILURE_BA_DOWNLOAD_FAILED_PRIMARY");
    let world = failing("/a\\d+/", "BOOTSTRAP_FAILURE", code, "404");
    let end = run_spec(&world.connect(1).await, &with_choices(), 1, &mut Interrupts::none()).await.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Failed));
    assert_eq!(world.done("RunJobFlow"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_configuration_and_a_failing_script_are_not_tried_again() {
    for (code, error_code, message) in [
        ("VALIDATION_ERROR", None, "The subnet subnet-0123456789abcdef0 does not exist"),
        ("BOOTSTRAP_FAILURE", Some("BOOTSTRAP_FAILURE_PRIMARY_WITH_NON_ZERO_CODE"), "exit code 1"),
        ("USER_REQUEST", None, "Terminated by user request"),
    ] {
        let world = failing("/a1/", code, error_code, message);
        let end =
            run_spec(&world.connect(1).await, &with_choices(), 1, &mut Interrupts::none()).await.unwrap();
        assert_eq!(end.how, How::Closed(Outcome::Failed), "{code:?}");
        assert_eq!(world.done("RunJobFlow"), 1, "{code:?}");
    }
}

/// EC2 may be without capacity and EMR say nothing: the cluster stays in STARTING for ever.
#[tokio::test(start_paused = true)]
async fn an_endless_start_is_ended_and_the_next_choice_launched_until_the_limit() {
    let scripts = Scripts { steps: vec![good_step()], clusters: Vec::new() };
    let pace = Pace { starting: SignedDuration::from_hours(1_000), ..Pace::default() };
    let world = Aws::with(WorldSettings { scripts, pace, ..WorldSettings::default() });
    let spec = spec_and(&format!("{CHOICES}[limits]\nstart-minutes = 30\nmax-attempts = 2\n"));
    let end = run_spec(&world.connect(1).await, &spec, 1, &mut Interrupts::none()).await.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Failed));
    assert_eq!((world.done("RunJobFlow"), world.done("TerminateJobFlows")), (2, 2));
    let diagnosis = end.report.diagnosis.unwrap();
    assert!(diagnosis.summary.contains("start-minutes"), "{diagnosis:#?}");
}

/// A process that dies between two attempts leaves a run that the next one goes on with.
#[tokio::test(start_paused = true)]
async fn who_comes_later_goes_on_with_the_next_attempt() {
    let world = failing("/a1/", "INSTANCE_FLEET_TIMEOUT", None, "");
    let (one, spec) = (world.connect(1).await, with_choices());
    let mut none = Interrupts::none();
    {
        let mut first = Box::pin(run_spec(&one, &spec, 1, &mut none));
        while !ledger_of(&world).contains("attempt_ended") {
            tokio::time::timeout(std::time::Duration::from_millis(50), &mut first).await.unwrap_err();
        }
    }
    let end = run_spec(&world.connect(2).await, &spec, 2, &mut Interrupts::none()).await.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Succeeded));
    assert_eq!((end.report.attempt, world.done("RunJobFlow")), (Some(2), 2));
}

fn ledger_of(world: &Aws) -> String {
    world.try_object("emrys/web-logs/2024-10-20/ledger.json").unwrap_or_default()
}
