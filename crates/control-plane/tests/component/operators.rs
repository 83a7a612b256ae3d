//! Reading along, leaving, cancelling and unlocking, at the pace of the real AWS.

use std::time::Duration;

use emrys_control_plane::{
    Cancelling, How, Interrupt, Interrupts, RunListener, RunOptions, Stop, Unlocked, attach, cancel, days,
    status, unlock,
};
use emrys_core::record::{Event, Outcome, Recorded};
use emrys_core::run::State;

use crate::world::{Aws, Fault, good_step, holder, run, run_with, spec};

const RUN_JOB_FLOW: &str = "ElasticMapReduce.RunJobFlow";

/// Remembers the numbers of the events that it was told.
#[derive(Debug, Default)]
struct Told(Vec<u64>);

impl RunListener for Told {
    fn recorded(&mut self, event: &Recorded, _state: &State) {
        self.0.push(event.seq);
    }
}

#[tokio::test(start_paused = true)]
async fn attach_reads_along_and_takes_over_a_lease_time_after_the_last_sign_of_life() {
    let world = Aws::new(good_step());
    let (one, two) = (world.connect(1).await, world.connect(2).await);
    let (spec, mut told) = (spec(), Told::default());
    let begun = tokio::time::Instant::now();
    let second = async {
        tokio::time::sleep(Duration::from_secs(40)).await;
        attach(&two, &spec, &holder(2), &mut told, &mut Interrupts::none()).await.unwrap().unwrap()
    };
    // A process that dies is a future that is dropped.
    let driver = tokio::time::timeout(Duration::from_mins(1), run(&one, 1));
    let (end, died) = tokio::join!(second, driver);
    died.unwrap_err();
    assert_eq!(end.how, How::Closed(Outcome::Succeeded));
    assert_eq!(end.state.fence(), 2);
    assert!(begun.elapsed() >= Duration::from_mins(2), "not before the lease was over");
    assert_eq!(world.done("RunJobFlow"), 1);
    let all = told.0.windows(2).all(|pair| pair[0] + 1 == pair[1]);
    assert!(all, "no event was told twice or left out: {told:?}");
    assert_eq!(told.0.last(), Some(&end.state.seq()));
}

#[tokio::test(start_paused = true)]
async fn who_only_reads_along_writes_nothing() {
    let world = Aws::new(good_step());
    let (one, two) = (world.connect(1).await, world.connect(2).await);
    let spec = spec();
    assert!(attach(&two, &spec, &holder(2), &mut (), &mut Interrupts::none()).await.unwrap().is_none());
    assert_eq!(world.sent("PUT "), 0, "a day that was never run is not run by looking at it");
    let second = async {
        tokio::time::sleep(Duration::from_secs(40)).await;
        attach(&two, &spec, &holder(2), &mut (), &mut Interrupts::none()).await.unwrap().unwrap()
    };
    let (end, watched) = tokio::join!(run(&one, 1), second);
    assert_eq!(watched.how, How::Closed(Outcome::Succeeded));
    assert_eq!(watched.state.seq(), end.unwrap().state.seq());
    assert_eq!(watched.state.fence(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_detached_run_is_left_with_its_cluster_recorded_and_its_lease_free() {
    let world = Aws::new(good_step());
    let aws = world.connect(1).await;
    let spec = spec();
    let options = RunOptions { holder: holder(1), again: true, detach: true };
    let left = emrys_control_plane::run(&aws, &spec, &options, &mut (), &mut Interrupts::none()).await;
    let left = left.unwrap();
    assert_eq!(left.how, How::Detached);
    assert!(left.state.attempt().is_some_and(|attempt| attempt.cluster().is_some()));
    assert_eq!(status(&aws, &spec).await.unwrap().unwrap().driven_by, None);
    tokio::time::sleep(Duration::from_hours(1)).await;
    let end = attach(&aws, &spec, &holder(2), &mut (), &mut Interrupts::none()).await.unwrap().unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Succeeded));
    assert_eq!((world.done("RunJobFlow"), world.done("TerminateJobFlows")), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_cancel_that_comes_before_the_launch_is_in_time() {
    let world = Aws::new(good_step());
    let aws = world.connect(1).await;
    let spec = spec();
    for _ in 0..100 {
        world.fault(RUN_JOB_FLOW, Fault::Answer(400, "ThrottlingException"));
    }
    // Nobody looks at a cluster, for there is none: the request is found all the same.
    let asking = async {
        tokio::time::sleep(Duration::from_mins(2)).await;
        cancel(&aws, &spec, "ben").await.unwrap()
    };
    let (end, asked) = tokio::join!(run(&aws, 1), asking);
    assert_eq!(asked, Cancelling::Asked);
    assert_eq!(end.unwrap().how, How::Closed(Outcome::Cancelled));
    assert_eq!(world.done("RunJobFlow"), 0);
}

#[tokio::test(start_paused = true)]
async fn unlock_breaks_the_lease_of_the_holder_that_was_meant_and_of_no_other() {
    let world = Aws::new(good_step());
    let (one, two) = (world.connect(1).await, world.connect(2).await);
    let spec = spec();
    let mut stuck = Box::pin(run(&one, 1));
    tokio::time::timeout(Duration::from_mins(1), &mut stuck).await.unwrap_err();
    let (held, since) = status(&two, &spec).await.unwrap().unwrap().driven_by.unwrap();
    let other = unlock(&two, &spec, &holder(7), since).await.unwrap();
    assert_eq!(other, Unlocked::Other { holder: Box::new(held.clone()), since });
    assert_eq!(unlock(&two, &spec, &held, since).await.unwrap(), Unlocked::Broken);
    assert_eq!(unlock(&two, &spec, &held, since).await.unwrap(), Unlocked::Free);
    // Nobody has to wait for a lease time now, and the fence is higher by one for the unlocking.
    let (sender, mut interrupts) = Interrupts::channel();
    sender.send(Interrupt::StopWatching);
    let taken = run_with(&two, 2, &mut interrupts).await.unwrap();
    assert_eq!(taken.how, How::StoppedWatching);
    let stop = stuck.await.unwrap_err();
    assert!(matches!(stop, Stop::Lost { .. }), "{stop:?}");
    let end = run(&two, 2).await.unwrap();
    assert_eq!((end.how, end.state.fence()), (How::Closed(Outcome::Succeeded), 4));
    assert_eq!(world.done("RunJobFlow"), 1);
}

#[tokio::test(start_paused = true)]
async fn all_days_are_listed_the_latest_first() {
    let world = Aws::new(good_step());
    let aws = world.connect(1).await;
    let spec = spec();
    assert!(days(&aws, &spec, None).await.unwrap().is_empty());
    run(&aws, 1).await.unwrap();
    let empty = spec.on("2024-10-22".parse().unwrap()).unwrap();
    let options = RunOptions { holder: holder(1), again: true, detach: false };
    emrys_control_plane::run(&aws, &empty, &options, &mut (), &mut Interrupts::none()).await.unwrap();
    let listed = days(&aws, &spec, None).await.unwrap();
    let short: Vec<_> = listed
        .iter()
        .map(|record| (record.day.to_string(), record.status.as_ref().unwrap().report.outcome.unwrap()))
        .collect();
    assert_eq!(short, [("2024-10-22".to_owned(), "empty"), ("2024-10-20".to_owned(), "succeeded")]);
    let first = &listed[1].status.as_ref().unwrap().events[0];
    assert!(matches!(first.event, Event::Opened { .. }));
    assert_eq!(days(&aws, &spec, Some(1)).await.unwrap().len(), 1);
}
