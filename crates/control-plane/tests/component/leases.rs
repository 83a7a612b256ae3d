//! One process drives a run at a time.

use std::time::Duration;

use emrys_control_plane::{How, RunEnd, Stop};
use emrys_core::record::Outcome;

use crate::world::{Aws, Fault, good_step, holder, run};

const LEDGER: &str = "PUT http://aws.test/my-log-bucket/emrys/web-logs/2024-10-20/ledger.json";

/// Asserts that a command was told that process 1 drives the run.
#[track_caller]
fn assert_held_by_the_first(end: Result<RunEnd, Stop>) {
    let stop = end.unwrap_err();
    assert!(matches!(&stop, Stop::Held { holder: held, .. } if **held == holder(1)), "{stop:?}");
}

#[tokio::test(start_paused = true)]
async fn a_second_process_is_told_who_drives() {
    let world = Aws::new(good_step());
    let (one, two) = (world.connect(1).await, world.connect(2).await);
    let second = async {
        tokio::time::sleep(Duration::from_mins(1)).await;
        run(&two, 2).await
    };
    let (first, second) = tokio::join!(run(&one, 1), second);
    assert_eq!(first.unwrap().how, How::Closed(Outcome::Succeeded));
    assert_held_by_the_first(second);
    assert_eq!(world.done("RunJobFlow"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_process_died_is_taken_over_after_a_whole_lease() {
    let world = Aws::new(good_step());
    let (one, two) = (world.connect(1).await, world.connect(2).await);
    // A process that dies is a future that is dropped.
    tokio::time::timeout(Duration::from_mins(1), run(&one, 1)).await.unwrap_err();
    let before = tokio::time::Instant::now();
    let end = run(&two, 2).await.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Succeeded));
    assert!(before.elapsed() >= Duration::from_mins(2));
    assert_eq!(end.state.fence(), 2);
    assert_eq!(world.done("RunJobFlow"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_reply_was_lost_is_known_again() {
    let world = Aws::new(good_step());
    for _ in 0..6 {
        world.fault(LEDGER, Fault::LoseReply);
    }
    let end = run(&world.connect(1).await, 1).await.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Succeeded));
    assert_eq!(world.done("RunJobFlow"), 1);
}

/// S3 says that it has too much to do, or that another write was under way: neither says anything about the lease. Both
/// come more often than the SDK tries again by itself.
#[tokio::test(start_paused = true)]
async fn an_s3_that_is_busy_or_in_conflict_is_waited_out() {
    for (status, code) in [(503, "SlowDown"), (409, "ConditionalRequestConflict")] {
        let world = Aws::new(good_step());
        for _ in 0..4 {
            world.fault(LEDGER, Fault::Answer(status, code));
        }
        let end = run(&world.connect(1).await, 1).await.unwrap();
        assert_eq!(end.how, How::Closed(Outcome::Succeeded), "{code}");
        assert_eq!((end.state.fence(), world.done("RunJobFlow")), (1, 1), "{code}");
    }
}

/// What nobody can write ends the watching in the end, and nothing else: the run is as its ledger says.
#[tokio::test(start_paused = true)]
async fn an_s3_that_stays_busy_stops_the_watching_and_not_the_run() {
    let world = Aws::new(good_step());
    let somebody = async {
        tokio::time::sleep(Duration::from_mins(1)).await;
        for _ in 0..1_000 {
            world.fault(LEDGER, Fault::Answer(503, "SlowDown"));
        }
    };
    let one = world.connect(1).await;
    let (stop, ()) = tokio::join!(run(&one, 1), somebody);
    let stop = stop.unwrap_err();
    assert!(matches!(&stop, Stop::CallError(error) if error.code == "SlowDown"), "{stop:?}");
    world.forget_faults();
    let end = run(&world.connect(2).await, 2).await.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Succeeded));
    assert_eq!(world.done("RunJobFlow"), 1);
}

/// A process that was suspended for longer than its lease finds that another drives, at its next write, and stops.
#[tokio::test(start_paused = true)]
async fn who_lost_the_lease_writes_nothing_more() {
    let world = Aws::new(good_step());
    let (one, two) = (world.connect(1).await, world.connect(2).await);
    let mut sleeper = Box::pin(run(&one, 1));
    tokio::time::timeout(Duration::from_mins(1), &mut sleeper).await.unwrap_err();
    // The sleeper is not polled while the other takes over and comes to the end.
    assert_eq!(run(&two, 2).await.unwrap().how, How::Closed(Outcome::Succeeded));
    assert!(matches!(sleeper.await.unwrap_err(), Stop::Lost { .. }));
    assert_eq!(world.done("RunJobFlow"), 1);
}

/// Who waits to see whether the holder lives, and sees it come to the end and let go, did not ask to run the day again.
#[tokio::test(start_paused = true)]
async fn a_contender_that_sees_the_run_come_to_its_end_does_not_run_the_day_again() {
    let begun = tokio::time::Instant::now();
    run(&Aws::new(good_step()).connect(1).await, 1).await.unwrap();
    let took = begun.elapsed();

    let world = Aws::new(good_step());
    let (one, two) = (world.connect(1).await, world.connect(2).await);
    let second = async {
        // The second one looks a moment before the first one's last word, and next when that has gone.
        tokio::time::sleep(took.saturating_sub(Duration::from_secs(1))).await;
        run(&two, 2).await
    };
    let (first, second) = tokio::join!(run(&one, 1), second);
    assert_eq!(first.unwrap().how, How::Closed(Outcome::Succeeded));
    assert_held_by_the_first(second);
    assert_eq!(world.done("RunJobFlow"), 1);
    // Who asks afterwards does.
    assert_eq!(run(&two, 2).await.unwrap().state.attempts.len(), 2);
}
