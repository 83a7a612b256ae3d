//! A machine whose clock is wrong: AWS takes no calls of it, and so it judges no deadline.

use emrys_control_plane::{Interrupts, Stop, survey};
use emrys_core::record::{CallError, ErrorClass};
use emrys_local_aws::world::ScriptedStep;
use jiff::SignedDuration;

use crate::world::{Aws, good_step, run, run_with, spec};

/// A cluster at work whose driver is gone, in an AWS that looks at the time of each call.
async fn cluster_at_work() -> Aws {
    let world = Aws::strict(ScriptedStep { duration_ms: 4 * 3_600_000, ..good_step() });
    let aws = world.connect(1).await;
    assert!(world.kill_after_done("RunJobFlow", 1, run(&aws, 1)).await.is_none());
    world
}

fn call_error(stop: Stop) -> CallError {
    match stop {
        Stop::CallError(error) => error,
        other => panic!("{other:?}"),
    }
}

/// The SDK would sign by AWS's clock after the first refusal, and the deadlines would still be judged by this one.
#[tokio::test(start_paused = true)]
async fn a_sweep_on_a_machine_whose_clock_is_hours_ahead_ends_nothing_and_says_so() {
    let world = cluster_at_work().await;
    for (by, words) in [(8, "this machine's clock is 8h ahead of AWS's"), (-8, "is 8h behind AWS's")] {
        let wrong = world.connect_off(SignedDuration::from_hours(by), 2).await;
        let refused = call_error(survey(&wrong, &spec()).await.unwrap_err());
        assert_eq!(refused.class, ErrorClass::Clock, "{refused}");
        assert!(refused.message.contains(words), "{refused}");
        let hint = Stop::CallError(refused).hint().unwrap();
        assert!(hint.contains("timedatectl") && !hint.contains("credentials"), "{hint}");
    }
    assert_eq!(world.done("TerminateJobFlows"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_run_on_a_machine_whose_clock_is_hours_ahead_is_not_begun() {
    let world = Aws::strict(good_step());
    let wrong = world.connect_off(SignedDuration::from_hours(8), 1).await;
    let refused = call_error(run(&wrong, 1).await.unwrap_err());
    assert_eq!((refused.class, refused.code.as_str()), (ErrorClass::Clock, "RequestTimeTooSkewed"));
    assert_eq!(world.sent("RunJobFlow"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_is_watched_by_a_clock_that_is_hours_ahead_is_not_ended_by_its_limits() {
    let world = cluster_at_work().await;
    let wrong = world.connect_off(SignedDuration::from_hours(48), 2).await;
    let refused = call_error(run_with(&wrong, 2, &mut Interrupts::none()).await.unwrap_err());
    assert_eq!(refused.class, ErrorClass::Clock, "{refused}");
    assert_eq!(world.done("TerminateJobFlows"), 0);
}

/// Within what AWS takes, it is as any other machine.
#[tokio::test(start_paused = true)]
async fn a_clock_that_is_minutes_off_drives_a_run() {
    for minutes in [-10, 10] {
        let world = Aws::strict(good_step());
        let off = world.connect_off(SignedDuration::from_mins(minutes), 1).await;
        run(&off, 1).await.unwrap();
        assert_eq!(world.done("RunJobFlow"), 1);
    }
}
