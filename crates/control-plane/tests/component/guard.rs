//! The schedule that ends a cluster which everybody forgot.

use std::time::Duration;

use emrys_control_plane::{How, Interrupts, plan, remove_guard, survey_guards};
use emrys_core::record::Outcome;
use emrys_core::spec::Spec;
use emrys_core::sweep::{ClusterUsage, Orphan};
use emrys_local_aws::world::ScriptedStep;

use crate::world::{Aws, Fault, good_step, run_spec, spec_and};

/// A pipeline with a guard, whose clusters may stand for 45 minutes and 60, and 15 more.
fn guarded() -> Spec {
    spec_and(
        "[limits]\nrun-minutes = 60\nmax-attempts = 9\n[guard]\nscheduler-role = \"arn:aws:iam::123456789012:role/emrys-guard\"\n",
    )
}

/// What changed EventBridge Scheduler, in order: operation, and the group without the schedule's name.
fn scheduled(world: &Aws) -> Vec<(String, String)> {
    let reads = ["Get", "List"];
    let changes = world.journal().into_iter().filter(|entry| {
        let is_read = reads.iter().any(|read| entry.operation.starts_with(read));
        entry.service == "scheduler" && !is_read && entry.is_ok()
    });
    let group = |resource: &str| resource.split('/').next().unwrap_or_default().to_owned();
    changes.map(|entry| (entry.operation.clone(), group(&entry.resource))).collect()
}

#[tokio::test(start_paused = true)]
async fn a_guard_stands_as_long_as_its_cluster_and_as_planned() {
    let world = Aws::new(good_step());
    let (aws, spec) = (world.connect(1).await, guarded());
    for operations in [
        &["CreateScheduleGroup", "CreateSchedule", "DeleteSchedule"][..],
        &["CreateSchedule", "DeleteSchedule"],
    ] {
        let plan = plan(&aws, &spec).await.unwrap();
        let planned: Vec<_> = plan
            .calls
            .iter()
            .filter(|call| call.service.name() == "scheduler")
            .map(|call| (call.operation.to_owned(), call.resource.clone()))
            .collect();
        assert_eq!(planned.iter().map(|(operation, _)| operation.as_str()).collect::<Vec<_>>(), operations);
        let before = scheduled(&world).len();
        let end = run_spec(&aws, &spec, 1, &mut Interrupts::none()).await.unwrap();
        assert_eq!(end.how, How::Closed(Outcome::Succeeded));
        assert_eq!(scheduled(&world)[before..], planned);
        assert_eq!(end.report.guard.unwrap().state, "removed");
    }
    assert_eq!(world.done("TerminateJobFlows"), 0);
}

/// Everybody is dead, and the step hangs: the schedule ends the cluster at its deadline, and goes away with that.
#[tokio::test(start_paused = true)]
async fn a_cluster_that_everybody_forgot_is_ended_by_its_schedule() {
    let world = Aws::new(ScriptedStep { duration_ms: 1_000 * 3_600_000, ..good_step() });
    let (one, spec) = (world.connect(1).await, guarded());
    let mut none = Interrupts::none();
    tokio::time::timeout(Duration::from_mins(5), run_spec(&one, &spec, 1, &mut none)).await.unwrap_err();
    assert_eq!(world.states().await, ["RUNNING"]);
    tokio::time::sleep(Duration::from_mins(110)).await;
    assert_eq!(world.states().await, ["RUNNING"]);
    // It fires within a minute of its time.
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert_eq!(world.states().await, ["TERMINATED"]);
    let end = run_spec(&world.connect(2).await, &spec, 2, &mut Interrupts::none()).await.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Failed));
    let diagnosis = end.report.diagnosis.unwrap();
    assert!(diagnosis.summary.contains("USER_REQUEST"), "{diagnosis:#?}");
    assert!(diagnosis.hint.unwrap().contains("a guard"));
}

#[tokio::test(start_paused = true)]
async fn a_schedule_that_somebody_deleted_is_made_again() {
    let world = Aws::new(ScriptedStep { duration_ms: 1_800_000, ..good_step() });
    let (aws, spec) = (world.connect(1).await, guarded());
    let somebody = async {
        tokio::time::sleep(Duration::from_mins(2)).await;
        let scheduler = world.scheduler_of_another_person();
        let listed = scheduler.list_schedules().group_name("emrys").send().await.unwrap();
        let name = listed.schedules()[0].name().unwrap();
        scheduler.delete_schedule().group_name("emrys").name(name).send().await.unwrap();
    };
    let mut none = Interrupts::none();
    let (end, ()) = tokio::join!(run_spec(&aws, &spec, 1, &mut none), somebody);
    assert_eq!(end.unwrap().how, How::Closed(Outcome::Succeeded));
    let operations: Vec<_> = scheduled(&world).into_iter().map(|(operation, _)| operation).collect();
    let again =
        ["CreateScheduleGroup", "CreateSchedule", "DeleteSchedule", "CreateSchedule", "DeleteSchedule"];
    assert_eq!(operations, again);
}

/// The reply to CreateSchedule is lost: asked for again, it is there already.
#[tokio::test(start_paused = true)]
async fn a_schedule_that_is_there_already_is_ours() {
    let world = Aws::new(good_step());
    for _ in 0..4 {
        world.fault("POST http://aws.test/schedules/", Fault::LoseReply);
    }
    let end = run_spec(&world.connect(1).await, &guarded(), 1, &mut Interrupts::none()).await.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Succeeded));
    let mut answers = world.journal().into_iter().filter(|entry| entry.operation == "CreateSchedule");
    assert!(answers.any(|entry| entry.outcome == "ConflictException"));
    assert_eq!(end.report.guard.unwrap().state, "removed");
}

#[tokio::test(start_paused = true)]
async fn a_guard_that_may_not_be_made_fails_no_run() {
    let world = Aws::new(good_step());
    for _ in 0..50 {
        world.fault("POST http://aws.test/schedules/", Fault::Answer(403, "AccessDeniedException"));
    }
    let end = run_spec(&world.connect(1).await, &guarded(), 1, &mut Interrupts::none()).await.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Succeeded));
    let guard = end.report.guard.unwrap();
    assert_eq!(guard.state, "given_up");
    assert!(guard.why.unwrap().contains("could not make the schedule emrys/"));
}

/// Its run could not remove it, and is over: nobody will any more, but a sweep.
#[tokio::test(start_paused = true)]
async fn a_sweep_finds_the_guard_that_its_run_could_not_remove_over_all_pages_and_no_live_one() {
    let world = Aws::new(good_step());
    let (aws, spec) = (world.connect(1).await, guarded());
    assert_eq!(survey_guards(&aws, &spec).await.unwrap(), [], "there is not even a group");
    for _ in 0..5 {
        for _ in 0..50 {
            world.fault("DELETE http://aws.test/schedules/", Fault::Answer(403, "AccessDeniedException"));
        }
        let end = run_spec(&aws, &spec, 1, &mut Interrupts::none()).await.unwrap();
        assert_eq!(end.report.guard.unwrap().state, "given_up");
    }
    let mut none = Interrupts::none();
    tokio::time::timeout(Duration::from_mins(1), run_spec(&aws, &spec, 1, &mut none)).await.unwrap_err();

    world.forget_faults();
    let swept = survey_guards(&aws, &spec).await.unwrap();
    assert_eq!(swept.len(), 6);
    let (live, orphans) = swept.split_last().unwrap();
    assert_eq!(live.usage, ClusterUsage::Live);
    for orphan in orphans {
        assert_eq!(orphan.usage, ClusterUsage::Orphan(Orphan::ClusterGone), "{orphan:?}");
        remove_guard(&aws, &orphan.guard.name).await.unwrap();
        // One that is gone is as good.
        remove_guard(&aws, &orphan.guard.name).await.unwrap();
    }
    assert_eq!(survey_guards(&aws, &spec).await.unwrap(), std::slice::from_ref(live));
    // Without a guard in its file a pipeline needs no right to look for one.
    let lists = world.sent("GET http://aws.test/schedules?");
    assert_eq!(survey_guards(&aws, &spec_and("")).await.unwrap(), []);
    assert_eq!(world.sent("GET http://aws.test/schedules?"), lists);
}
