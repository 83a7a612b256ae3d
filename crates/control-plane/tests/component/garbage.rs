//! Output that nobody needs any more goes, and nothing else does: not before its time, not what a table serves, and
//! whoever is cut off in the middle is followed by one that ends it.

use std::time::Duration;

use emrys_control_plane::{
    AwsContext, Collection, Interrupts, Publication, RunEnd, Stop, all_garbage, clear, garbage, status,
};
use emrys_core::catalog;
use emrys_core::gc::{Disposition, Reason};
use emrys_core::record::Removal;
use emrys_core::run::{RetentionState, State};
use emrys_core::spec::Spec;
use emrys_local_aws::world::ScriptedStep;

use crate::publishing::{move_partition, publish_attempt, published, run, serving, set_up};
use crate::world::{Aws, Fault, good_step, holder, spec_and};

pub(crate) async fn pass(hours: u64) {
    tokio::time::sleep(Duration::from_hours(hours)).await;
}

async fn collected(aws: &AwsContext, spec: &Spec, pid: u32) -> Result<Collection, Stop> {
    Box::pin(clear(aws, spec, &holder(pid), &mut (), &mut Interrupts::none())).await
}

/// Clears the day, and says which attempts' output went and why.
pub(crate) async fn gone(aws: &AwsContext, spec: &Spec) -> Vec<(u32, Removal)> {
    match collected(aws, spec, 5).await.unwrap() {
        Collection::Done(done) => {
            done.removed.iter().map(|removed| (removed.attempt, removed.because)).collect()
        }
        other => panic!("{other:?}"),
    }
}

/// The key of the folder of an attempt.
pub(crate) fn folder(spec: &Spec, state: &State, attempt: usize) -> String {
    let intent = state.attempts[attempt - 1].intent().unwrap();
    spec.output_folder(intent).key().to_owned()
}

pub(crate) async fn ran_twice(world: &Aws, aws: &AwsContext, spec: &Spec) -> RunEnd {
    set_up(world, spec).await;
    run(aws, spec, 1).await;
    run(aws, spec, 1).await
}

/// What the record says has become of an attempt's output.
pub(crate) async fn retention(aws: &AwsContext, spec: &Spec, attempt: usize) -> RetentionState {
    status(aws, spec).await.unwrap().unwrap().state.attempts[attempt - 1].retention.clone()
}

#[tokio::test(start_paused = true)]
async fn a_superseded_attempt_goes_after_its_grace_and_cannot_be_published_any_more() {
    let world = Aws::new(good_step());
    let (aws, spec) = (world.connect(1).await, published());
    assert_eq!(collected(&aws, &spec, 1).await.unwrap(), Collection::NotRun);
    let end = ran_twice(&world, &aws, &spec).await;
    let (first, second) = (folder(&spec, &end.state, 1), folder(&spec, &end.state, 2));
    // Beside the folder, and with the same first letters: it is not the attempt's.
    world.put_object(&format!("{}-copy/part-0.parquet", first.trim_end_matches('/')), "theirs");
    pass(23).await;
    let found = garbage(&aws, &spec).await.unwrap().unwrap();
    assert_eq!(found.removals, []);
    let dispositions: Vec<Disposition> =
        found.attempts.iter().map(|evaluated| evaluated.disposition).collect();
    assert!(
        matches!(
            dispositions[..],
            [Disposition::Keep(Reason::Grace { .. }), Disposition::Keep(Reason::Wanted)]
        ),
        "{dispositions:?}"
    );
    assert_eq!(gone(&aws, &spec).await, []);
    pass(2).await;
    let found = all_garbage(&aws, &spec).await.unwrap();
    let removal = &found[0].as_ref().unwrap().removals[0];
    assert_eq!((removal.attempt, removal.objects), (1, 2));
    assert_eq!(world.keys(&first).await.len(), 2, "a look removes nothing");
    assert_eq!(gone(&aws, &spec).await, [(1, Removal::Superseded)]);
    assert_eq!(world.keys(&first).await, Vec::<String>::new());
    assert_eq!(world.keys(&second).await.len(), 2);
    assert_eq!(world.keys("processed-logs/").await.len(), 3, "theirs is there");
    assert!(matches!(retention(&aws, &spec, 1).await, RetentionState::Deleted { objects: 2, .. }));
    assert_eq!(publish_attempt(&aws, &spec, Some(1)).await, Publication::Removed { attempt: 1 });
    assert_eq!(serving(&aws, &spec, &end).await, [Some(2); 6]);
    assert_eq!(gone(&aws, &spec).await, [], "there is nothing left to do");
}

/// The grace counts from when the last table had moved, and not from when that was intended.
#[tokio::test(start_paused = true)]
async fn the_grace_begins_when_the_last_table_has_moved() {
    let world = Aws::new(good_step());
    let (aws, spec) = (world.connect(1).await, published());
    set_up(&world, &spec).await;
    run(&aws, &spec, 1).await;
    let doomed = world.connect(2).await;
    let end = world.kill_after_done("UpdatePartition", 3, run(&doomed, &spec, 2)).await;
    assert!(end.is_none(), "it was to die: {end:?}");
    pass(48).await;
    assert_eq!(collected(&aws, &spec, 3).await.unwrap(), Collection::InFlight);
    let options = emrys_control_plane::RunOptions { holder: holder(4), again: false, detach: false };
    let end =
        emrys_control_plane::run(&aws, &spec, &options, &mut (), &mut Interrupts::none()).await.unwrap();
    assert_eq!(serving(&aws, &spec, &end).await, [Some(2); 6]);
    assert_eq!(gone(&aws, &spec).await, []);
    pass(25).await;
    assert_eq!(gone(&aws, &spec).await, [(1, Removal::Superseded)]);
}

/// What a table serves stays, whatever the record says: it is put right, and has its grace from then on.
#[tokio::test(start_paused = true)]
async fn what_a_table_serves_is_never_removed() {
    let world = Aws::new(good_step());
    let (aws, spec) = (world.connect(1).await, published());
    let end = ran_twice(&world, &aws, &spec).await;
    let glue = world.glue_of_another_person();
    let intent = end.state.attempts[0].intent().unwrap();
    pass(48).await;
    move_partition(&glue, "errors", &catalog::table_folder(&spec, intent, "errors").to_string()).await;
    let found = garbage(&aws, &spec).await.unwrap().unwrap();
    assert_eq!(found.attempts[0].disposition, Disposition::Keep(Reason::Served));
    assert_eq!(gone(&aws, &spec).await, []);
    assert_eq!(serving(&aws, &spec, &end).await, [Some(2); 6], "it was put right");
    pass(25).await;
    assert_eq!(gone(&aws, &spec).await, [(1, Removal::Superseded)]);
}

/// The catalog cannot be looked at: then nothing goes.
#[tokio::test(start_paused = true)]
async fn without_an_answer_from_the_catalog_nothing_goes() {
    let world = Aws::new(good_step());
    let (aws, spec) = (world.connect(1).await, published());
    ran_twice(&world, &aws, &spec).await;
    pass(48).await;
    for _ in 0..40 {
        world.fault("AWSGlue.GetPartition", Fault::Answer(400, "AccessDeniedException"));
    }
    assert!(matches!(collected(&aws, &spec, 5).await, Err(Stop::CallError(_))));
    assert_eq!(world.done("DeleteObjects"), 0);
    world.forget_faults();
    // Without a catalog in the configuration it cannot be looked up, either.
    let without = spec_and("[limits]\nmax-attempts = 9\n");
    assert_eq!(gone(&aws, &without).await, []);
    assert_eq!(world.done("DeleteObjects"), 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_never_found_good_goes_after_its_grace_with_and_without_a_catalog() {
    for catalog in ["", "[catalog]\ndatabase = \"logs\"\n"] {
        let spec = spec_and(catalog);
        let mut files = good_step().files;
        files.pop();
        let world = Aws::new(ScriptedStep { files, ..good_step() });
        let aws = world.connect(1).await;
        set_up(&world, &spec).await;
        let end = run(&aws, &spec, 1).await;
        let first = folder(&spec, &end.state, 1);
        assert_eq!(world.keys(&first).await.len(), 1, "it lacks the manifest");
        pass(23).await;
        assert_eq!(gone(&aws, &spec).await, []);
        pass(2).await;
        assert_eq!(gone(&aws, &spec).await, [(1, Removal::Unverified)]);
        assert_eq!(world.keys(&first).await, Vec::<String>::new());
    }
}

/// The folder of an attempt that wrote three pages of objects, and that nobody needs any more.
pub(crate) async fn superseded_with_many_objects(world: &Aws, aws: &AwsContext, spec: &Spec) -> String {
    let end = ran_twice(world, aws, spec).await;
    let first = folder(spec, &end.state, 1);
    for part in 0..2_100 {
        world.put_object(&format!("{first}traffic/part-{part}.parquet"), "PAR1");
    }
    pass(25).await;
    first
}

#[tokio::test(start_paused = true)]
async fn a_folder_of_many_objects_goes_page_by_page() {
    let world = Aws::new(good_step());
    let (aws, spec) = (world.connect(1).await, published());
    let first = superseded_with_many_objects(&world, &aws, &spec).await;
    gone(&aws, &spec).await;
    assert_eq!((world.done("DeleteObjects"), world.keys(&first).await.len()), (3, 0));
    assert!(matches!(retention(&aws, &spec, 1).await, RetentionState::Deleted { objects: 2_101, .. }));
}

/// S3 answers for each key: a call that succeeds may have left some.
#[tokio::test(start_paused = true)]
async fn a_key_that_is_left_is_tried_again_or_told() {
    let world = Aws::new(good_step());
    let (aws, spec) = (world.connect(1).await, published());
    let end = ran_twice(&world, &aws, &spec).await;
    pass(25).await;
    let left = |code: &str| {
        let body = format!(
            "<DeleteResult><Error><Key>k</Key><Code>{code}</Code><Message>made up</Message></Error></DeleteResult>"
        );
        Fault::Xml(200, Box::leak(body.into_boxed_str()))
    };
    world.fault("?delete", left("AccessDenied"));
    let stop = collected(&aws, &spec, 5).await.unwrap_err();
    assert!(stop.to_string().contains("AccessDenied"), "{stop}");
    assert!(matches!(retention(&aws, &spec, 1).await, RetentionState::Deleting { .. }));
    world.fault("?delete", left("InternalError"));
    assert_eq!(gone(&aws, &spec).await, [(1, Removal::Superseded)]);
    assert_eq!(world.keys(&folder(&spec, &end.state, 1)).await, Vec::<String>::new());
}

/// Clears the day, and dies when AWS has done so many requests of it; says whether it died.
async fn cleared_until(world: &Aws, aws: &AwsContext, spec: &Spec, cut: usize) -> bool {
    world.kill_after(cut, collected(aws, spec, 5)).await.map(Result::unwrap).is_none()
}

/// Whoever clears a day may die after any of its requests, the answer unread. The next one ends it, and at no point is
/// anything gone of what queries see.
#[tokio::test(start_paused = true)]
async fn a_clearing_that_is_cut_off_anywhere_is_ended_by_the_next_one() {
    let mut cuts = vec![usize::MAX];
    let mut done = 0;
    while let Some(cut) = cuts.pop() {
        let world = Aws::new(good_step());
        let (aws, spec) = (world.connect(1).await, published());
        let end = ran_twice(&world, &aws, &spec).await;
        pass(25).await;
        let since = world.requests();
        let is_cut = cleared_until(&world, &aws, &spec, cut).await;
        if cut == usize::MAX {
            cuts = world.cuts(since);
        }
        let live = world.keys(&folder(&spec, &end.state, 2)).await;
        assert_eq!((live.len(), serving(&aws, &spec, &end).await), (2, vec![Some(2); 6]), "cut {cut}");
        if is_cut {
            let next = world.connect(2).await;
            if !retention(&aws, &spec, 1).await.is_kept() {
                assert_eq!(publish_attempt(&next, &spec, Some(1)).await, Publication::Removed { attempt: 1 });
            }
            collected(&next, &spec, 6).await.unwrap();
        }
        assert_eq!(world.keys(&folder(&spec, &end.state, 1)).await, Vec::<String>::new(), "cut {cut}");
        assert!(matches!(retention(&aws, &spec, 1).await, RetentionState::Deleted { .. }), "cut {cut}");
        done += 1;
    }
    assert!(done > 8, "it was cut {done} times only");
}

fn expiring() -> Spec {
    spec_and(
        "[limits]\nmax-attempts = 9\n[catalog]\ndatabase = \"logs\"\n[retention]\noutput-expire-after-days = 10\n",
    )
}

/// No live partition reads as nothing: the partitions go first, wherever it is cut off.
#[tokio::test(start_paused = true)]
async fn an_expired_day_loses_its_partitions_before_its_objects() {
    let mut cuts = vec![usize::MAX];
    let mut done = 0;
    while let Some(cut) = cuts.pop() {
        let world = Aws::new(good_step());
        let (aws, spec) = (world.connect(1).await, expiring());
        set_up(&world, &spec).await;
        let end = run(&aws, &spec, 1).await;
        pass(9 * 24).await;
        assert_eq!(gone(&aws, &spec).await, []);
        pass(2 * 24).await;
        let since = world.requests();
        let is_cut = cleared_until(&world, &aws, &spec, cut).await;
        if cut == usize::MAX {
            cuts = world.cuts(since);
        }
        let serves = serving(&aws, &spec, &end).await;
        let is_whole = world.keys(&folder(&spec, &end.state, 1)).await.len() == 2;
        assert!(is_whole || serves == [None; 6], "cut {cut}: {serves:?}");
        let next = world.connect(2).await;
        if is_cut {
            collected(&next, &spec, 6).await.unwrap();
        }
        assert_eq!(serving(&next, &spec, &end).await, [None; 6], "cut {cut}");
        assert_eq!(world.keys("processed-logs/").await, Vec::<String>::new(), "cut {cut}");
        if cut == usize::MAX {
            // It can be run again, and is served again.
            assert_eq!(publish_attempt(&next, &spec, None).await, Publication::Removed { attempt: 1 });
            let again = run(&next, &spec, 7).await;
            assert_eq!(serving(&next, &spec, &again).await, [Some(2); 6]);
            assert_eq!(gone(&next, &spec).await, []);
        }
        done += 1;
    }
    assert!(done > 15, "it was cut {done} times only");
}

/// Glue will not have it: nothing is deleted whose partition is still there, and the next one goes on.
#[tokio::test(start_paused = true)]
async fn partitions_that_do_not_go_keep_their_objects() {
    let world = Aws::new(good_step());
    let (aws, spec) = (world.connect(1).await, expiring());
    set_up(&world, &spec).await;
    let end = run(&aws, &spec, 1).await;
    pass(11 * 24).await;
    for _ in 0..100 {
        world.fault("DeletePartition", Fault::Answer(500, "InternalServiceException"));
    }
    assert!(collected(&aws, &spec, 5).await.is_err());
    assert_eq!(serving(&aws, &spec, &end).await, [Some(1); 6]);
    assert_eq!(world.keys(&folder(&spec, &end.state, 1)).await.len(), 2);
    world.forget_faults();
    assert_eq!(gone(&aws, &spec).await, [(1, Removal::Expired)]);
    assert_eq!(serving(&aws, &spec, &end).await, [None; 6]);
}

#[tokio::test(start_paused = true)]
async fn a_day_without_a_catalog_expires_too() {
    let world = Aws::new(good_step());
    let (aws, spec) = (world.connect(1).await, spec_and("[retention]\noutput-expire-after-days = 10\n"));
    run(&aws, &spec, 1).await;
    run(&aws, &spec, 1).await;
    pass(9 * 24).await;
    assert_eq!(gone(&aws, &spec).await, [], "nothing supersedes anything");
    pass(2 * 24).await;
    assert_eq!(gone(&aws, &spec).await, [(1, Removal::Expired), (2, Removal::Expired)]);
    assert_eq!(world.keys("processed-logs/").await, Vec::<String>::new());
}

/// `[output] uri` is changed. What was written before is elsewhere, and still served: it is neither moved to where
/// nothing is, nor counted as gone.
#[tokio::test(start_paused = true)]
async fn output_at_another_address_than_the_configuration_says_is_left_alone() {
    let world = Aws::new(good_step());
    let (aws, spec) = (world.connect(1).await, expiring());
    let end = ran_twice(&world, &aws, &spec).await;
    let mut moved = spec.clone();
    moved.config.output.uri = "s3://my-log-bucket/elsewhere/".parse().unwrap();
    for days in [2, 20] {
        pass(days * 24).await;
        assert_eq!(garbage(&aws, &moved).await.unwrap().unwrap().removals, []);
        assert_eq!(gone(&aws, &moved).await, []);
        assert_eq!(serving(&aws, &spec, &end).await, [Some(2); 6]);
    }
    let refused = publish_attempt(&aws, &moved, Some(1)).await;
    assert!(matches!(refused, Publication::OutputMissing { .. }), "{refused:?}");
    assert!(retention(&aws, &spec, 1).await.is_kept());
    assert_eq!(gone(&aws, &spec).await, [(1, Removal::Expired), (2, Removal::Expired)]);
}

/// A partition that serves something else than an attempt of the record wrote is somebody's, and stays.
#[tokio::test(start_paused = true)]
async fn an_expired_day_keeps_a_partition_that_somebody_moved_elsewhere() {
    let world = Aws::new(good_step());
    let (aws, spec) = (world.connect(1).await, expiring());
    let end = ran_twice(&world, &aws, &spec).await;
    let glue = world.glue_of_another_person();
    pass(11 * 24).await;
    gone(&aws, &spec).await;
    let create = glue.create_partition().database_name("logs").table_name("errors");
    let storage = aws_sdk_glue::types::StorageDescriptor::builder().location("s3://elsewhere/").build();
    let input =
        aws_sdk_glue::types::PartitionInput::builder().values("2024-10-20").storage_descriptor(storage);
    create.partition_input(input.build()).send().await.unwrap();
    gone(&aws, &spec).await;
    let get = glue.get_partition().database_name("logs").table_name("errors").partition_values("2024-10-20");
    assert!(get.send().await.is_ok());
    assert_eq!(world.keys("processed-logs/").await, Vec::<String>::new());
    assert_eq!(serving(&aws, &spec, &end).await, [None; 6]);
}

/// Runs the days, the first of them twice, so that its first attempt is superseded; gives that attempt's folders.
pub(crate) async fn superseded_on(world: &Aws, aws: &AwsContext, spec: &Spec, days: &[&str]) -> Vec<String> {
    let mut folders = Vec::new();
    for day in days {
        let spec = spec.on(day.parse().unwrap()).unwrap();
        world.put_object(&format!("application-logs/{}/app.log", day.replace('-', "/")), "{}\n");
        run(aws, &spec, 1).await;
        let end = run(aws, &spec, 1).await;
        folders.push(folder(&spec, &end.state, 1));
    }
    folders
}

/// Whoever runs a new day clears the old ones; trouble with that fails nothing, and one day's hides none of the others.
#[tokio::test(start_paused = true)]
async fn a_later_run_of_another_day_clears_what_is_due() {
    let world = Aws::new(good_step());
    let (aws, spec) = (world.connect(1).await, published());
    set_up(&world, &spec).await;
    let old = superseded_on(&world, &aws, &spec, &["2024-10-18", "2024-10-19"]).await;
    pass(48).await;
    world.fault("?delete", Fault::Answer(403, "AccessDenied"));
    let end = run(&aws, &spec, 1).await;
    assert_eq!(end.report.outcome, Some("succeeded"));
    let left = [world.keys(&old[0]).await.len(), world.keys(&old[1]).await.len()];
    assert_eq!(left, [2, 0], "the first day was denied, and the second one was not");
    run(&aws, &spec.on("2024-10-21".parse().unwrap()).unwrap(), 1).await;
    assert_eq!(world.keys(&old[0]).await.len(), 2, "it has no logs, and did not succeed");
    run(&aws, &spec, 1).await;
    assert_eq!(world.keys(&old[0]).await, Vec::<String>::new());
}

/// An attempt failed, and then `[output] uri` was changed: what it wrote is not gone because nothing lies at the new
/// address. Of a failed attempt that wrote nothing the same is seen, and no more than a listing is spent on it.
#[tokio::test(start_paused = true)]
async fn a_failed_attempt_of_which_nothing_is_seen_is_not_recorded_as_gone() {
    let mut files = good_step().files;
    files.pop();
    let world = Aws::new(ScriptedStep { files, ..good_step() });
    let (aws, spec) = (world.connect(1).await, published());
    set_up(&world, &spec).await;
    let end = run(&aws, &spec, 1).await;
    let first = folder(&spec, &end.state, 1);
    let mut moved = spec.clone();
    moved.config.output.uri = "s3://my-log-bucket/elsewhere/".parse().unwrap();
    pass(25).await;
    let (puts, asked) = (world.done("PutObject"), world.sent("AWSGlue.GetPartition "));
    assert_eq!(all_garbage(&aws, &moved).await.unwrap(), []);
    assert_eq!((world.done("PutObject"), world.sent("AWSGlue.GetPartition ")), (puts, asked), "one listing");
    assert_eq!(gone(&aws, &moved).await, []);
    assert!(retention(&aws, &spec, 1).await.is_kept());
    assert_eq!(gone(&aws, &spec).await, [(1, Removal::Unverified)]);
    assert_eq!(world.keys(&first).await, Vec::<String>::new());
    assert!(matches!(retention(&aws, &spec, 1).await, RetentionState::Deleted { objects: 1, .. }));
}

/// A day with an attempt that wrote nothing expires all the same.
#[tokio::test(start_paused = true)]
async fn a_day_expires_with_an_attempt_that_wrote_nothing() {
    let mut files = good_step().files;
    files.pop();
    let world = Aws::new(ScriptedStep { files, ..good_step() });
    let (aws, spec) = (world.connect(1).await, expiring());
    set_up(&world, &spec).await;
    let end = run(&aws, &spec, 1).await;
    for key in world.keys(&folder(&spec, &end.state, 1)).await {
        world.delete_object(&key);
    }
    pass(11 * 24).await;
    assert!(garbage(&aws, &spec).await.unwrap().unwrap().expires);
    assert_eq!(gone(&aws, &spec).await, []);
    assert!(matches!(retention(&aws, &spec, 1).await, RetentionState::Expired { .. }));
    assert_eq!(all_garbage(&aws, &spec).await.unwrap(), []);
}

/// The address of the output was changed between two attempts. The first one failed where the new address is; the
/// second one is served from the old one: the day does not expire.
#[tokio::test(start_paused = true)]
async fn a_day_of_which_the_good_output_is_elsewhere_does_not_expire() {
    let world = Aws::new(good_step());
    let (aws, spec) = (world.connect(1).await, expiring());
    set_up(&world, &spec).await;
    let end = run(&aws, &spec, 1).await;
    let mut moved = spec.clone();
    moved.config.output.uri = "s3://my-log-bucket/elsewhere/".parse().unwrap();
    world.put_object("elsewhere/2024/10/20/theirs.txt", "theirs");
    pass(11 * 24).await;
    let found = garbage(&aws, &moved).await.unwrap().unwrap();
    assert!(!found.expires);
    assert_eq!(gone(&aws, &moved).await, []);
    assert_eq!(serving(&aws, &spec, &end).await, [Some(1); 6]);
}

/// A look at all days finds those that tables serve otherwise than their record says, too: where tables were made anew,
/// all.
#[tokio::test(start_paused = true)]
async fn all_days_are_searched_for_drift_where_nothing_is_due() {
    let world = Aws::new(good_step());
    let (aws, spec) = (world.connect(1).await, published());
    let glue = set_up(&world, &spec).await;
    let end = run(&aws, &spec, 1).await;
    assert_eq!(all_garbage(&aws, &spec).await.unwrap(), []);
    let delete = glue.delete_partition().database_name("logs").table_name("errors");
    delete.partition_values("2024-10-20").send().await.unwrap();
    let found = all_garbage(&aws, &spec).await.unwrap();
    let found = found[0].as_ref().unwrap();
    assert_eq!((found.drifted.as_slice(), found.removals.as_slice()), (&["errors".to_owned()][..], &[][..]));
    assert_eq!(gone(&aws, &spec).await, []);
    assert_eq!(serving(&aws, &spec, &end).await, [Some(1); 6]);
    assert_eq!(all_garbage(&aws, &spec).await.unwrap(), []);
}
