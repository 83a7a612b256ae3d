//! The one call that must not happen twice.

use std::time::Duration;

use emrys_control_plane::{How, Interrupts, Stop, built_in_job};
use emrys_core::record::{CallError, ErrorClass, Outcome};
use emrys_core::spec::Spec;
use emrys_local_aws::world::ScriptedStep;

use crate::world::{Aws, Fault, good_step, run, run_spec, spec};

const LAUNCH: &str = "ElasticMapReduce.RunJobFlow";

#[tokio::test(start_paused = true)]
async fn a_cluster_whose_reply_was_lost_is_adopted() {
    let world = Aws::new(good_step());
    world.fault(LAUNCH, Fault::LoseReply);
    let end = run(&world.connect(1).await, 1).await.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Succeeded));
    assert_eq!((world.sent(LAUNCH), world.done("RunJobFlow")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_launch_that_never_arrived_is_made_again_once_two_looks_agree() {
    let world = Aws::new(good_step());
    world.fault(LAUNCH, Fault::LoseRequest);
    let end = run(&world.connect(1).await, 1).await.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Succeeded));
    assert_eq!((world.sent(LAUNCH), world.done("RunJobFlow")), (2, 1));
    assert!(world.done("ListClusters") >= 2);
}

/// The SDK would try both again by itself, and a 500 may come from an EMR that has launched: each request has a
/// recorded intent of its own.
#[tokio::test(start_paused = true)]
async fn every_launch_is_asked_for_once() {
    for (fault, looks) in [
        (Fault::Answer(500, "InternalServerError"), true),
        (Fault::Answer(400, "ThrottlingException"), false),
    ] {
        let world = Aws::new(good_step());
        world.fault(LAUNCH, fault);
        let end = run(&world.connect(1).await, 1).await.unwrap();
        assert_eq!(end.how, How::Closed(Outcome::Succeeded));
        assert_eq!((world.sent(LAUNCH), world.done("RunJobFlow")), (2, 1));
        let intents =
            world.object("emrys/web-logs/2024-10-20/ledger.json").matches("\"launch_intended\"").count();
        assert_eq!(world.sent(LAUNCH), intents, "one request of an intent");
        assert_eq!(world.done("ListClusters") > 0, looks, "only what is unclear is looked for");
    }
}

#[tokio::test(start_paused = true)]
async fn a_launch_that_is_wrong_is_not_asked_for_again() {
    let world = Aws::new(good_step());
    world.fault(LAUNCH, Fault::Answer(400, "ValidationException"));
    let end = run(&world.connect(1).await, 1).await.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Failed));
    assert_eq!(world.sent(LAUNCH), 1);
}

/// Looks and acts that may be repeated are, by the SDK and then by `decide`.
#[tokio::test(start_paused = true)]
async fn trouble_with_looking_is_no_trouble_with_the_run() {
    let world = Aws::new(good_step());
    for _ in 0..7 {
        world.fault("ElasticMapReduce.DescribeCluster", Fault::Answer(400, "ThrottlingException"));
        world.fault("ElasticMapReduce.ListSteps", Fault::LoseReply);
    }
    let end = run(&world.connect(1).await, 1).await.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Succeeded));
}

/// The launch stands in the record, and whoever drives next finds its cluster: to end it would cost the day its run.
#[tokio::test(start_paused = true)]
async fn a_cluster_that_cannot_be_recorded_is_left_to_who_drives_next() {
    let world = Aws::new(good_step());
    world.fault(LAUNCH, Fault::ThenDeny("ledger.json"));
    let stop = run(&world.connect(1).await, 1).await.unwrap_err();
    assert!(matches!(stop, Stop::CallError(CallError { class: ErrorClass::Access, .. })), "{stop:?}");
    let end = run(&world.connect(2).await, 2).await.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Succeeded));
    assert_eq!((world.done("RunJobFlow"), world.done("TerminateJobFlows")), (1, 0));
}

/// Nobody would know of it: the record that says so is gone, or the launch was given up in it.
#[tokio::test(start_paused = true)]
async fn a_cluster_that_no_record_can_accept_is_ended_by_who_holds_its_id() {
    let world = Aws::new(good_step());
    let key = "emrys/web-logs/2024-10-20/ledger.json";
    let somebody = async {
        while world.done("RunJobFlow") == 0 {
            tokio::task::yield_now().await;
        }
        world.delete_object(key);
    };
    let aws = world.connect(1).await;
    let (stop, ()) = tokio::join!(run(&aws, 1), somebody);
    assert!(matches!(stop, Err(Stop::Ledger(_))), "{stop:?}");
    assert_eq!((world.done("RunJobFlow"), world.done("TerminateJobFlows")), (1, 1));
}

/// A sleeper wakes up with a cluster in its hand that another has adopted meanwhile.
#[tokio::test(start_paused = true)]
async fn a_cluster_that_another_has_adopted_is_not_ended_by_who_launched_it() {
    let world = Aws::new(good_step());
    let (one, two) = (world.connect(1).await, world.connect(2).await);
    let mut sleeper = Box::pin(run(&one, 1));
    // The answer to the launch is on its way, and nobody takes it.
    let launched = world.kill_after_done("RunJobFlow", 1, &mut sleeper).await;
    assert!(launched.is_none());
    assert_eq!(run(&two, 2).await.unwrap().how, How::Closed(Outcome::Succeeded));
    assert!(matches!(sleeper.await.unwrap_err(), Stop::Lost { .. }));
    assert_eq!((world.done("RunJobFlow"), world.done("TerminateJobFlows")), (1, 0));
}

/// Whoever takes an attempt up may have edited the job, or have another version of Emrys: what the cluster is told to
/// run has to lie there.
#[tokio::test(start_paused = true)]
async fn a_job_that_was_edited_before_the_launch_is_uploaded_by_who_launches() {
    let world = Aws::new(good_step());
    for _ in 0..3 {
        world.fault(LAUNCH, Fault::Answer(400, "AccessDeniedException"));
    }
    let denied = run(&world.connect(1).await, 1).await.unwrap();
    assert!(matches!(denied.how, How::Left(_)), "{:?}", denied.how);
    world.forget_faults();
    // Rights that were just given take a moment to count.
    tokio::time::sleep(Duration::from_mins(5)).await;

    let mut edited = built_in_job();
    edited.files[0].1 = std::sync::Arc::from(&b"print('edited')\n"[..]);
    let spec = Spec::new(spec().config.clone(), spec().day, edited).unwrap();
    let end = run_spec(&world.connect(2).await, &spec, 2, &mut Interrupts::none()).await.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Succeeded));
    let launch =
        world.journal().into_iter().find(|call| call.operation == "RunJobFlow" && call.is_ok()).unwrap();
    let request = launch.request.unwrap().to_string();
    assert!(request.contains(&spec.job().unwrap().script().to_string()), "{request}");
    assert_eq!(world.object(spec.job().unwrap().script().key()), "print('edited')\n");
}

impl Aws {
    /// A cluster takes a while to end.
    async fn assert_nothing_is_left(&self) {
        tokio::time::sleep(Duration::from_mins(10)).await;
        let states = self.states().await;
        assert!(states.iter().all(|state| state.starts_with("TERMINATED")), "{states:?}");
    }
}

/// A request that takes effect after it was given up: looks had found no cluster of it, and another was launched.
#[tokio::test(start_paused = true)]
async fn a_cluster_that_comes_of_a_launch_that_was_given_up_is_ended_and_the_other_accepted() {
    let world = Aws::new(ScriptedStep { duration_ms: 1_800_000, ..good_step() });
    world.fault(LAUNCH, Fault::Late(Duration::from_mins(8)));
    let end = run(&world.connect(1).await, 1).await.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Succeeded));
    assert_eq!((world.sent(LAUNCH), world.done("RunJobFlow"), world.done("TerminateJobFlows")), (2, 2, 1));
    let attempt = end.state.attempt().unwrap();
    let [duplicates] = attempt.duplicates.as_slice() else { panic!("{attempt:?}") };
    assert_eq!(duplicates.nonce, attempt.given_up[0].nonce);
    let ended = world.journal().into_iter().find(|call| call.operation == "TerminateJobFlows").unwrap();
    assert_eq!(ended.request.unwrap()["JobFlowIds"][0], duplicates.cluster.as_str());
    world.assert_nothing_is_left().await;
}

#[tokio::test(start_paused = true)]
async fn a_surplus_cluster_that_somebody_protects_is_unprotected_and_ended() {
    let world = Aws::new(ScriptedStep { duration_ms: 1_800_000, ..good_step() });
    world.fault(LAUNCH, Fault::Late(Duration::from_mins(8)));
    let somebody = async {
        while world.clusters().await.len() < 2 {
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        for cluster in world.clusters().await {
            let protect = world.emr_of_another_person().set_termination_protection();
            protect.job_flow_ids(cluster).termination_protected(true).send().await.unwrap();
        }
    };
    let aws = world.connect(1).await;
    let (end, ()) = tokio::join!(run(&aws, 1), somebody);
    let end = end.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Succeeded));
    let attempt = end.state.attempt().unwrap();
    let off = world.journal().into_iter().filter(|call| call.operation == "SetTerminationProtection");
    let off: Vec<_> = off
        .map(|call| call.request.unwrap())
        .filter(|request| request["TerminationProtected"] == false)
        .map(|request| request["JobFlowIds"][0].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(off, [attempt.duplicates[0].cluster.clone()], "the accepted one ends by itself");
    world.assert_nothing_is_left().await;
}
