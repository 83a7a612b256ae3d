//! What other people do to a run: each is seen, and named.

use std::time::Duration;

use emrys_control_plane::{How, Interrupt, Interrupts, LedgerError, Stop, end_cluster, survey};
use emrys_core::record::Outcome;
use emrys_core::sweep::{ClusterUsage, Orphan};
use emrys_local_aws::world::{Pace, ScriptedStep, Scripts, WorldSettings};
use jiff::SignedDuration;

use crate::world::{Aws, good_step, run, run_with, spec};

const LEDGER: &str = "emrys/web-logs/2024-10-20/ledger.json";

/// While the step runs.
async fn a_minute() {
    tokio::time::sleep(Duration::from_mins(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_step_that_somebody_else_cancels_is_named() {
    let world = Aws::new(good_step());
    let somebody = async {
        a_minute().await;
        let (emr, clusters) = (world.emr_of_another_person(), world.clusters().await);
        let steps = emr.list_steps().cluster_id(&clusters[0]).send().await.unwrap();
        let step = steps.steps()[0].id().unwrap();
        emr.cancel_steps().cluster_id(&clusters[0]).step_ids(step).send().await.unwrap();
    };
    let aws = world.connect(1).await;
    let (end, ()) = tokio::join!(run(&aws, 1), somebody);
    let end = end.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Failed));
    let diagnosis = end.report.diagnosis.unwrap();
    assert_eq!(diagnosis.summary, "somebody else cancelled the step `log-analysis`");
    assert!(diagnosis.hint.unwrap().contains("CloudTrail"));
    assert_eq!(world.done("RunJobFlow"), 1, "what a person ended is not tried again");
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_somebody_else_terminates_is_named() {
    let world = Aws::new(good_step());
    let somebody = async {
        a_minute().await;
        let cluster = world.clusters().await.remove(0);
        world.emr_of_another_person().terminate_job_flows().job_flow_ids(cluster).send().await.unwrap();
    };
    let aws = world.connect(1).await;
    let (end, ()) = tokio::join!(run(&aws, 1), somebody);
    let end = end.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Failed));
    let summary = end.report.diagnosis.unwrap().summary;
    assert!(summary.starts_with("somebody else terminated the cluster j-"), "{summary}");
    assert_eq!(world.done("RunJobFlow"), 1, "what a person ended is not tried again");
}

#[tokio::test(start_paused = true)]
async fn a_protection_that_somebody_switched_on_does_not_keep_a_cluster_alive() {
    let world = Aws::new(ScriptedStep { duration_ms: 3_600_000, ..good_step() });
    let aws = world.connect(1).await;
    let (sender, mut interrupts) = Interrupts::channel();
    let somebody = async {
        a_minute().await;
        let cluster = world.clusters().await.remove(0);
        let protect = world.emr_of_another_person().set_termination_protection();
        protect.job_flow_ids(cluster).termination_protected(true).send().await.unwrap();
        sender.send(Interrupt::Cancel { by: "ann".to_owned() });
    };
    let (end, ()) = tokio::join!(run_with(&aws, 1, &mut interrupts), somebody);
    assert_eq!(end.unwrap().how, How::Closed(Outcome::Cancelled));
    // The other person's call, and ours.
    assert_eq!((world.done("SetTerminationProtection"), world.done("TerminateJobFlows")), (2, 1));
    let ledger = world.object(LEDGER);
    assert!(ledger.contains("protection_changed") && ledger.contains("unprotected"), "{ledger}");
}

/// Its record is gone, and with it whoever would have unprotected it.
#[tokio::test(start_paused = true)]
async fn a_protection_does_not_keep_an_orphan_from_the_sweep() {
    let world = Aws::new(ScriptedStep { duration_ms: 3_600_000, ..good_step() });
    let aws = world.connect(1).await;
    tokio::time::timeout(Duration::from_mins(5), run(&aws, 1)).await.unwrap_err();
    let cluster = world.clusters().await.remove(0);
    let protect = world.emr_of_another_person().set_termination_protection();
    protect.job_flow_ids(&cluster).termination_protected(true).send().await.unwrap();
    world.delete_object(LEDGER);
    let swept = survey(&aws, &spec()).await.unwrap();
    assert_eq!(swept[0].usage, ClusterUsage::Orphan(Orphan::Unknown));
    end_cluster(&aws, &cluster).await.unwrap();
    assert_eq!(world.states().await, ["TERMINATING"]);
    // What nobody protects is not asked to be unprotected.
    end_cluster(&aws, &cluster).await.unwrap();
    assert_eq!(world.done("SetTerminationProtection"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_ledger_that_somebody_deleted_is_not_written_again() {
    let world = Aws::new(good_step());
    let somebody = async {
        a_minute().await;
        world.delete_object(LEDGER);
    };
    let aws = world.connect(1).await;
    let (stop, ()) = tokio::join!(run(&aws, 1), somebody);
    let stop = stop.unwrap_err();
    assert!(matches!(stop, Stop::Ledger(LedgerError::Deleted { .. })), "{stop:?}");
    assert!(stop.hint().unwrap().contains("a cluster may still be at work"));
    assert_eq!(world.try_object(LEDGER), None);
}

#[tokio::test(start_paused = true)]
async fn a_ledger_that_somebody_wrote_over_is_left_as_it_is() {
    let world = Aws::new(good_step());
    let somebody = async {
        a_minute().await;
        world.put_object(LEDGER, "{}");
    };
    let aws = world.connect(1).await;
    let (stop, ()) = tokio::join!(run(&aws, 1), somebody);
    let stop = stop.unwrap_err();
    assert!(matches!(stop, Stop::Ledger(LedgerError::Unreadable { .. })), "{stop:?}");
    assert_eq!(world.object(LEDGER), "{}");
}

/// Nobody can hurry EMR, but whoever pays should know.
#[tokio::test(start_paused = true)]
async fn a_cluster_that_does_not_end_is_told_once_and_waited_for() {
    let scripts = Scripts { steps: vec![good_step()], clusters: Vec::new() };
    let pace = Pace { terminating: SignedDuration::from_hours(2), ..Pace::default() };
    let world = Aws::with(WorldSettings { scripts, pace, ..WorldSettings::default() });
    let end = run(&world.connect(1).await, 1).await.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Succeeded));
    assert_eq!(world.object(LEDGER).matches("termination_overdue").count(), 1);
}

/// Nobody looked for half a day, and the step has no limit of its own in the cluster.
#[tokio::test(start_paused = true)]
async fn a_step_that_is_found_at_work_long_past_its_limit_is_ended_at_once() {
    let world = Aws::new(ScriptedStep { duration_ms: 48 * 3_600_000, ..good_step() });
    tokio::time::timeout(Duration::from_secs(30), run(&world.connect(1).await, 1)).await.unwrap_err();
    tokio::time::sleep(Duration::from_hours(12)).await;
    let picked_up = tokio::time::Instant::now();
    let end = run(&world.connect(2).await, 2).await.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Failed));
    assert!(picked_up.elapsed() < Duration::from_mins(30), "{:?}", picked_up.elapsed());
    assert!(end.report.diagnosis.unwrap().summary.contains("run-minutes"));
    assert_eq!((world.done("RunJobFlow"), world.done("TerminateJobFlows")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_ended_while_nobody_looked_took_as_long_as_its_cluster() {
    let world = Aws::new(good_step());
    tokio::time::timeout(Duration::from_secs(30), run(&world.connect(1).await, 1)).await.unwrap_err();
    tokio::time::sleep(Duration::from_hours(12)).await;
    let end = run(&world.connect(2).await, 2).await.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Succeeded));
    let took = end.report.duration_seconds.unwrap();
    assert!((120.0..3_600.0).contains(&took), "{took}");
}
