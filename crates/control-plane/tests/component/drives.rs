//! A run that is driven in steps: from one long wait to the next, by drivers that remember nothing of each other.

use emrys_control_plane::{
    AwsContext, Budget, BudgetTooSmall, Drive, Driven, How, Interrupts, RunOptions, Stop, drive_once, status,
};
use emrys_core::record::{Event, Outcome};
use emrys_core::run::WaitReason;
use emrys_core::spec::Spec;
use emrys_local_aws::world::ScriptedStep;
use jiff::SignedDuration;

use crate::world::{Aws, Fault, good_step, holder, spec, spec_and};

const LAUNCH: &str = "ElasticMapReduce.RunJobFlow";
/// How long a function may last, but for a minute.
const LASTING: SignedDuration = SignedDuration::from_mins(14);

/// One drive of a process that nobody knows.
async fn drive(world: &Aws, spec: &Spec, pid: u32) -> (AwsContext, Result<Driven, Stop>) {
    let aws = world.connect(pid.into()).await;
    let options = RunOptions { holder: holder(pid), again: false, detach: false };
    let budget = Budget::new(&aws, LASTING).unwrap();
    let driven = drive_once(&aws, spec, &options, budget, &mut (), &mut Interrupts::none()).await;
    (aws, driven)
}

/// Drives until the run is over, each time by another process; how often, and how it ended.
async fn drive_to_end(world: &Aws, spec: &Spec, first: u32) -> (u32, Outcome) {
    for pid in first..first + 200 {
        let (aws, driven) = drive(world, spec, pid).await;
        match driven.unwrap().drive {
            Drive::WaitUntil { at, .. } => aws.clock().sleep_until(at).await,
            Drive::Ended(How::Closed(outcome)) => return (pid + 1 - first, outcome),
            Drive::Ended(how) => panic!("{how:?}"),
        }
    }
    panic!("the run comes to no end");
}

#[tokio::test(start_paused = true)]
async fn a_day_is_run_by_drivers_that_come_and_go() {
    let (world, spec) = (Aws::new(good_step()), spec());
    let (drives, outcome) = drive_to_end(&world, &spec, 1).await;
    assert_eq!(outcome, Outcome::Succeeded);
    assert!(drives > 5, "{drives}");
    assert_eq!((world.sent(LAUNCH), world.done("RunJobFlow")), (1, 1));
    // Each of them took the lease anew, at once, and nobody had to wait for it.
    let state = status(&world.connect(1000).await, &spec).await.unwrap().unwrap().state;
    assert!(state.fence() > 5 && state.fence() <= drives.into(), "{}", state.fence());
}

/// The time is that of the next observation of the cluster, not that of the next renewal of a lease that nobody holds
/// any more.
#[tokio::test(start_paused = true)]
async fn a_long_wait_is_handed_back_without_the_lease() {
    let (world, spec) = (Aws::new(good_step()), spec());
    let (aws, driven) = drive(&world, &spec, 1).await;
    let Drive::WaitUntil { at, why } = driven.unwrap().drive else { panic!("the cluster is at work") };
    assert_eq!(why, WaitReason::ClusterAtWork);
    let (wait, poll) = (at.duration_since(aws.clock().now()), aws.pace().poll_early);
    assert!(wait <= poll && wait > poll - SignedDuration::from_secs(2), "{wait}");
    let status = status(&aws, &spec).await.unwrap().unwrap();
    assert_eq!(status.driven_by, None);
    assert_eq!(status.report.cluster_state.as_deref(), Some("STARTING"));
}

#[tokio::test(start_paused = true)]
async fn the_lease_is_given_back_when_a_drive_leaves() {
    let (world, spec) = (Aws::new(good_step()), spec());
    world.deny("DescribeCluster");
    let (aws, driven) = drive(&world, &spec, 1).await;
    assert!(matches!(driven.unwrap().drive, Drive::Ended(How::Left(_))));
    assert_eq!(status(&aws, &spec).await.unwrap().unwrap().driven_by, None);
    world.allow();
    assert_eq!(drive_to_end(&world, &spec, 2).await.1, Outcome::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn a_budget_that_cannot_resolve_a_launch_is_refused() {
    let aws = Aws::new(good_step()).connect(1).await;
    let given = aws.pace().resolve_after + aws.pace().resolve_gap;
    let least = Budget::least(aws.pace());
    assert_eq!(Budget::new(&aws, given), Err(BudgetTooSmall { given, least }));
    assert!(Budget::new(&aws, least).is_ok());
}

/// Two observations that agree are memory of one process: both are made in one drive.
#[tokio::test(start_paused = true)]
async fn an_unclear_launch_is_resolved_within_one_drive() {
    let (world, spec) = (Aws::new(good_step()), spec());
    world.fault(LAUNCH, Fault::LoseRequest);
    let before = tokio::time::Instant::now();
    let (_, driven) = drive(&world, &spec, 1).await;
    let driven = driven.unwrap();
    assert!(matches!(driven.drive, Drive::WaitUntil { why: WaitReason::ClusterAtWork, .. }), "{driven:?}");
    assert!(before.elapsed().as_secs() >= 5 * 60, "{:?}", before.elapsed());
    assert_eq!((world.sent(LAUNCH), world.done("RunJobFlow")), (2, 1));
    assert_eq!(drive_to_end(&world, &spec, 2).await.1, Outcome::Succeeded);
}

/// One that was begun too late for that is begun again by who comes next.
#[tokio::test(start_paused = true)]
async fn a_short_wait_that_would_outlast_the_budget_is_handed_back() {
    let (world, spec) = (Aws::new(good_step()), spec());
    for _ in 0..16 {
        world.fault(LAUNCH, Fault::Answer(400, "ThrottlingException"));
    }
    world.fault(LAUNCH, Fault::LoseReply);
    let begun = tokio::time::Instant::now();
    let (aws, driven) = drive(&world, &spec, 1).await;
    let Drive::WaitUntil { at, why } = driven.unwrap().drive else { panic!("the launch is not made") };
    assert!(!why.is_long(), "{why:?}");
    let took = SignedDuration::try_from(begun.elapsed()).unwrap();
    assert!(took <= LASTING && took + at.duration_since(aws.clock().now()) * 11 / 10 > LASTING, "{took}");
    assert_eq!(status(&aws, &spec).await.unwrap().unwrap().driven_by, None);
    assert_eq!(drive_to_end(&world, &spec, 2).await.1, Outcome::Succeeded);
    assert_eq!(world.done("RunJobFlow"), 1);
}

/// What is given up by the memory of one process is given up within one drive, and so is recorded.
#[tokio::test(start_paused = true)]
async fn a_guard_that_may_not_be_looked_for_is_given_up_within_one_drive() {
    let world = Aws::new(good_step());
    let spec = spec_and("[guard]\nscheduler-role = \"arn:aws:iam::123456789012:role/emrys-guard\"\n");
    world.deny("GetScheduleGroup");
    let (aws, driven) = drive(&world, &spec, 1).await;
    assert!(matches!(driven.unwrap().drive, Drive::WaitUntil { why: WaitReason::ClusterAtWork, .. }));
    let events = status(&aws, &spec).await.unwrap().unwrap().events;
    assert!(events.iter().any(|recorded| matches!(recorded.event, Event::GuardGivenUp { .. })), "{events:?}");
}

/// Metrics that CloudWatch will not have are given up within one drive, and the run comes to its end.
#[tokio::test(start_paused = true)]
async fn a_run_is_closed_without_its_metrics() {
    let (world, spec) = (Aws::new(ScriptedStep { duration_ms: 1_000, ..good_step() }), spec());
    for _ in 0..100 {
        world.fault("GraniteServiceVersion20100801", Fault::LoseRequest);
    }
    assert_eq!(drive_to_end(&world, &spec, 1).await.1, Outcome::Succeeded);
    let report = status(&world.connect(1000).await, &spec).await.unwrap().unwrap().report;
    assert_eq!(report.metrics.unwrap().state, "given_up");
}
