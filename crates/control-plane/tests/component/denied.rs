//! A right that is missing once the cluster is up: who may not end it says so, and leaves the run as it is.

use std::time::Duration;

use emrys_control_plane::{AwsContext, How, Interrupt, Interrupts, RunEnd, RunListener, RunOptions, Stop};
use emrys_core::record::{Actor, CallError, Event, Outcome, Recorded};
use emrys_core::run::{Action, Leave, State};
use emrys_local_aws::world::ScriptedStep;

use crate::world::{Aws, good_step, holder, spec};

/// Somebody who notes what could not be done, and what was recorded.
#[derive(Debug, Default)]
struct Told {
    failed: Vec<String>,
    events: Vec<Event>,
}

impl RunListener for Told {
    fn action_failed(&mut self, action: &Action, error: &CallError) {
        self.failed.push(format!("could not {}: {error}", action.label()));
    }

    fn recorded(&mut self, recorded: &Recorded, _: &State) {
        self.events.push(recorded.event.clone());
    }
}

/// Drives the day as process `pid`, and tells what happens.
async fn run_telling(
    aws: &AwsContext,
    pid: u32,
    told: &mut Told,
    interrupts: &mut Interrupts,
) -> Result<RunEnd, Stop> {
    let options = RunOptions { holder: holder(pid), again: true, detach: false };
    emrys_control_plane::run(aws, &spec(), &options, told, interrupts).await
}

/// Whoever asked has to know that nothing came of it; the run stays as it is.
#[tokio::test(start_paused = true)]
async fn who_may_not_end_the_cluster_of_a_cancelled_run_is_told_and_who_may_ends_it() {
    let world = Aws::new(ScriptedStep { duration_ms: 3_600_000, ..good_step() });
    world.deny("TerminateJobFlows");
    let (aws, mut told) = (world.connect(1).await, Told::default());
    let (sender, mut interrupts) = Interrupts::channel();
    let somebody = async {
        tokio::time::sleep(Duration::from_mins(5)).await;
        sender.send(Interrupt::Cancel { by: "ann".to_owned() });
    };
    let (end, ()) = tokio::join!(run_telling(&aws, 1, &mut told, &mut interrupts), somebody);
    let end = end.unwrap();
    assert!(matches!(&end.how, How::Left(Leave::Access(_))), "{:?}", end.how);
    assert_eq!(told.failed.len(), 3, "rights that were just given take a moment to count");
    let what = format!("could not {}: ", "terminate the cluster");
    assert!(told.failed.iter().all(|told| told.starts_with(&what)), "{:?}", told.failed);
    assert!(told.failed[0].contains("AccessDeniedException"), "{}", told.failed[0]);
    assert!(told.events.contains(&Event::CancelRequested { by: Actor("ann".to_owned()) }));
    assert_eq!(world.states().await, ["RUNNING"]);

    world.allow();
    let end = run_telling(&world.connect(2).await, 2, &mut Told::default(), &mut Interrupts::none()).await;
    assert_eq!(end.unwrap().how, How::Closed(Outcome::Cancelled));
    assert_eq!((world.done("RunJobFlow"), world.done("TerminateJobFlows")), (1, 1));
}

/// A step without an end of its own, and past every limit: a command that goes on for days would tell nobody.
#[tokio::test(start_paused = true)]
async fn who_may_not_end_a_cluster_past_its_limit_does_not_watch_it_for_ever() {
    let world = Aws::new(ScriptedStep { duration_ms: 1_000 * 3_600_000, ..good_step() });
    world.deny("TerminateJobFlows");
    let (aws, mut told) = (world.connect(1).await, Told::default());
    let end = run_telling(&aws, 1, &mut told, &mut Interrupts::none()).await.unwrap();
    assert!(matches!(&end.how, How::Left(Leave::Access(_))), "{:?}", end.how);
    assert_eq!(told.failed.len(), 3);
    assert_eq!(world.states().await, ["RUNNING"]);

    world.allow();
    let end = run_telling(&world.connect(2).await, 2, &mut Told::default(), &mut Interrupts::none()).await;
    let end = end.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Failed));
    assert!(end.report.diagnosis.unwrap().summary.contains("run-minutes"));
    assert_eq!((world.done("RunJobFlow"), world.done("TerminateJobFlows")), (1, 1));
    assert_eq!(world.states().await, ["TERMINATED"]);
}
