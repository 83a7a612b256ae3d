//! A machine whose clock is wrong: AWS takes no calls of it, and so it judges no deadline.

use emrys_control_plane::{Interrupts, Stop, survey};
use emrys_core::run::{Trouble, TroubleKind};
use emrys_local_aws::world::ScriptedStep;
use jiff::SignedDuration;

use crate::world::{Aws, good_step, run, run_with, spec};

/// A cluster at work whose driver is gone, in an AWS that looks at the time of each call.
async fn cluster_at_work() -> Aws {
    let aws = Aws::strict(ScriptedStep { duration_ms: 4 * 3_600_000, ..good_step() });
    let cp = aws.connect(1).await;
    assert!(aws.kill_after_done("RunJobFlow", 1, run(&cp, 1)).await.is_none());
    aws
}

fn trouble(stop: Stop) -> Trouble {
    match stop {
        Stop::Trouble(trouble) => trouble,
        other => panic!("{other:?}"),
    }
}

/// The SDK would sign by AWS's clock after the first refusal, and the deadlines would still be judged by this one.
#[tokio::test(start_paused = true)]
async fn a_sweep_on_a_machine_whose_clock_is_hours_ahead_ends_nothing_and_says_so() {
    let aws = cluster_at_work().await;
    for (by, words) in [(8, "this machine's clock is 8h ahead of AWS's"), (-8, "is 8h behind AWS's")] {
        let wrong = aws.connect_off(SignedDuration::from_hours(by), 2).await;
        let refused = trouble(survey(&wrong, &spec()).await.unwrap_err());
        assert_eq!(refused.kind, TroubleKind::Clock, "{refused}");
        assert!(refused.message.contains(words), "{refused}");
        let hint = Stop::Trouble(refused).hint().unwrap();
        assert!(hint.contains("timedatectl") && !hint.contains("credentials"), "{hint}");
    }
    assert_eq!(aws.done("TerminateJobFlows"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_run_on_a_machine_whose_clock_is_hours_ahead_is_not_begun() {
    let aws = Aws::strict(good_step());
    let wrong = aws.connect_off(SignedDuration::from_hours(8), 1).await;
    let refused = trouble(run(&wrong, 1).await.unwrap_err());
    assert_eq!((refused.kind, refused.code.as_str()), (TroubleKind::Clock, "RequestTimeTooSkewed"));
    assert_eq!(aws.sent("RunJobFlow"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_is_watched_by_a_clock_that_is_hours_ahead_is_not_ended_by_its_limits() {
    let aws = cluster_at_work().await;
    let wrong = aws.connect_off(SignedDuration::from_hours(48), 2).await;
    let refused = trouble(run_with(&wrong, 2, &mut Interrupts::none()).await.unwrap_err());
    assert_eq!(refused.kind, TroubleKind::Clock, "{refused}");
    assert_eq!(aws.done("TerminateJobFlows"), 0);
}

/// Within what AWS takes, it is as any other machine.
#[tokio::test(start_paused = true)]
async fn a_clock_that_is_minutes_off_drives_a_run() {
    for minutes in [-10, 10] {
        let aws = Aws::strict(good_step());
        let off = aws.connect_off(SignedDuration::from_mins(minutes), 1).await;
        run(&off, 1).await.unwrap();
        assert_eq!(aws.done("RunJobFlow"), 1);
    }
}
