//! The one call that must not happen twice.

use emrys_control_plane::{How, Stop};
use emrys_core::run::{Outcome, Trouble, TroubleKind};

use crate::world::{Aws, Fault, good_step, run};

const LAUNCH: &str = "ElasticMapReduce.RunJobFlow";

#[tokio::test(start_paused = true)]
async fn a_cluster_whose_reply_was_lost_is_adopted() {
    let aws = Aws::new(good_step());
    aws.fault(LAUNCH, Fault::LoseReply);
    let end = run(&aws.connect(1).await, 1).await.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Succeeded));
    assert_eq!((aws.sent(LAUNCH), aws.done("RunJobFlow")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_launch_that_never_arrived_is_made_again_once_two_looks_agree() {
    let aws = Aws::new(good_step());
    aws.fault(LAUNCH, Fault::LoseRequest);
    let end = run(&aws.connect(1).await, 1).await.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Succeeded));
    assert_eq!((aws.sent(LAUNCH), aws.done("RunJobFlow")), (2, 1));
    assert!(aws.done("ListClusters") >= 2);
}

/// The SDK would try both again by itself, and a 500 may come from an EMR that has launched.
#[tokio::test(start_paused = true)]
async fn every_launch_is_asked_for_once() {
    for (fault, looks) in [
        (Fault::Answer(500, "InternalServerError"), true),
        (Fault::Answer(400, "ThrottlingException"), false),
    ] {
        let aws = Aws::new(good_step());
        aws.fault(LAUNCH, fault);
        let end = run(&aws.connect(1).await, 1).await.unwrap();
        assert_eq!(end.how, How::Closed(Outcome::Succeeded));
        assert_eq!((aws.sent(LAUNCH), aws.done("RunJobFlow")), (2, 1));
        assert_eq!(aws.done("ListClusters") > 0, looks, "only what is unclear is looked for");
    }
}

#[tokio::test(start_paused = true)]
async fn a_launch_that_is_wrong_is_not_asked_for_again() {
    let aws = Aws::new(good_step());
    aws.fault(LAUNCH, Fault::Answer(400, "ValidationException"));
    let end = run(&aws.connect(1).await, 1).await.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Failed));
    assert_eq!(aws.sent(LAUNCH), 1);
}

/// Looks and acts that may be repeated are, by the SDK and then by `decide`.
#[tokio::test(start_paused = true)]
async fn trouble_with_looking_is_no_trouble_with_the_run() {
    let aws = Aws::new(good_step());
    for _ in 0..7 {
        aws.fault("ElasticMapReduce.DescribeCluster", Fault::Answer(400, "ThrottlingException"));
        aws.fault("ElasticMapReduce.ListSteps", Fault::LoseReply);
    }
    let end = run(&aws.connect(1).await, 1).await.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Succeeded));
}

/// Whoever holds a cluster that it cannot record ends it: nobody else would know of it for certain.
#[tokio::test(start_paused = true)]
async fn a_cluster_that_cannot_be_recorded_is_ended() {
    let aws = Aws::new(good_step());
    aws.fault(LAUNCH, Fault::ThenDeny("ledger.json"));
    let stop = run(&aws.connect(1).await, 1).await.unwrap_err();
    assert!(matches!(stop, Stop::Trouble(Trouble { kind: TroubleKind::Access, .. })), "{stop:?}");
    assert_eq!((aws.done("RunJobFlow"), aws.done("TerminateJobFlows")), (1, 1));
}
