//! What queries see: partitions of the day's tables, made and moved after an attempt was verified.

use std::task::Poll;

use aws_sdk_glue::types::{Column, DatabaseInput, PartitionInput, SerDeInfo, StorageDescriptor, TableInput};
use emrys_control_plane::{AwsContext, How, Interrupts, Publication, RunEnd, Stop, attach, publish, served};
use emrys_core::catalog;
use emrys_core::record::Outcome;
use emrys_core::spec::Spec;
use emrys_local_aws::world::ScriptedStep;

use crate::world::{Aws, Fault, good_step, holder, run_spec, spec_and};

const CREATE: &str = "AWSGlue.CreatePartition";

pub(crate) fn published() -> Spec {
    spec_and("[limits]\nmax-attempts = 9\n[catalog]\ndatabase = \"logs\"\n")
}

/// Somebody makes the database and its tables, as they are wanted.
pub(crate) async fn set_up(world: &Aws, spec: &Spec) -> aws_sdk_glue::Client {
    let glue = world.glue_of_another_person();
    let database = DatabaseInput::builder().name("logs").build().unwrap();
    glue.create_database().database_input(database).send().await.unwrap();
    let columns = |columns: &[catalog::Column]| {
        let column = |column: &catalog::Column| {
            Column::builder()
                .name(&column.name)
                .r#type(&column.kind)
                .comment(&column.comment)
                .build()
                .unwrap()
        };
        columns.iter().map(column).collect::<Vec<_>>()
    };
    for table in catalog::tables(&spec.config) {
        let storage = &table.storage_descriptor;
        let serde = SerDeInfo::builder()
            .serialization_library(&storage.serde_info.serialization_library)
            .set_parameters(Some(storage.serde_info.parameters.clone().into_iter().collect()));
        let descriptor = StorageDescriptor::builder()
            .set_columns(Some(columns(&storage.columns)))
            .location(&storage.location)
            .input_format(&storage.input_format)
            .output_format(&storage.output_format)
            .serde_info(serde.build());
        let input = TableInput::builder()
            .name(&table.name)
            .description(&table.description)
            .table_type(&table.table_type)
            .set_partition_keys(Some(columns(&table.partition_keys)))
            .storage_descriptor(descriptor.build())
            .set_parameters(Some(table.parameters.clone().into_iter().collect()));
        glue.create_table().database_name("logs").table_input(input.build().unwrap()).send().await.unwrap();
    }
    glue
}

pub(crate) async fn run(aws: &AwsContext, spec: &Spec, pid: u32) -> RunEnd {
    run_spec(aws, spec, pid, &mut Interrupts::none()).await.unwrap()
}

/// Somebody lets a table serve another folder for the day.
pub(crate) async fn move_partition(glue: &aws_sdk_glue::Client, table: &str, location: &str) {
    let input = PartitionInput::builder()
        .values("2024-10-20")
        .storage_descriptor(StorageDescriptor::builder().location(location).build());
    glue.update_partition()
        .database_name("logs")
        .table_name(table)
        .partition_value_list("2024-10-20")
        .partition_input(input.build())
        .send()
        .await
        .unwrap();
}

/// Which attempts the tables serve.
pub(crate) async fn serving(aws: &AwsContext, spec: &Spec, end: &RunEnd) -> Vec<Option<u32>> {
    served(aws, spec, &end.state).await.unwrap().into_iter().map(|served| served.attempt).collect()
}

pub(crate) async fn publish_attempt(aws: &AwsContext, spec: &Spec, attempt: Option<u32>) -> Publication {
    publish(aws, spec, attempt, &holder(7), &mut (), &mut Interrupts::none()).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_day_is_published_run_again_and_published_over_the_old() {
    let world = Aws::new(good_step());
    let (aws, spec) = (world.connect(1).await, published());
    set_up(&world, &spec).await;
    let first = run(&aws, &spec, 1).await;
    assert_eq!(first.how, How::Closed(Outcome::Succeeded));
    assert_eq!((first.report.published, first.report.published_attempt), (Some(true), Some(1)));
    assert_eq!(serving(&aws, &spec, &first).await, [Some(1); 6]);
    assert_eq!((world.done("CreatePartition"), world.done("UpdatePartition")), (6, 0));
    let second = run(&aws, &spec, 1).await;
    assert_eq!(second.report.published_attempt, Some(2));
    assert_eq!(serving(&aws, &spec, &second).await, [Some(2); 6]);
    assert_eq!((world.done("CreatePartition"), world.done("UpdatePartition")), (6, 6));
}

#[tokio::test(start_paused = true)]
async fn a_partition_keeps_all_but_its_location_and_our_parameters() {
    let world = Aws::new(good_step());
    let (aws, spec) = (world.connect(1).await, published());
    let glue = set_up(&world, &spec).await;
    run(&aws, &spec, 1).await;
    let get = || {
        let get = glue.get_partition().database_name("logs").table_name("traffic");
        get.partition_values("2024-10-20").send()
    };
    let before = get().await.unwrap().partition.unwrap();
    let mut storage = before.storage_descriptor.unwrap();
    storage.compressed = true;
    storage.parameters = Some(std::iter::once(("theirs".to_owned(), "1".to_owned())).collect());
    let mut parameters = before.parameters.unwrap();
    parameters.insert("comment".to_owned(), "checked by ann".to_owned());
    let input = PartitionInput::builder().values("2024-10-20").storage_descriptor(storage);
    glue.update_partition()
        .database_name("logs")
        .table_name("traffic")
        .partition_value_list("2024-10-20")
        .partition_input(input.set_parameters(Some(parameters)).build())
        .send()
        .await
        .unwrap();
    run(&aws, &spec, 1).await;
    let after = get().await.unwrap().partition.unwrap();
    let storage = after.storage_descriptor.unwrap();
    assert!(storage.location().unwrap().contains("/a2-"), "{storage:?}");
    assert!(storage.compressed);
    assert_eq!(storage.parameters().unwrap()["theirs"], "1");
    assert_eq!(after.parameters.unwrap()["comment"], "checked by ann");
}

/// The partition is of a time when its table had fewer columns, or was read in another way: published again, or run
/// again, it is read as the table is to be.
#[tokio::test(start_paused = true)]
async fn a_partition_is_read_as_its_table_is_to_be_when_it_is_published_again() {
    let world = Aws::new(good_step());
    let (aws, spec) = (world.connect(1).await, published());
    let glue = set_up(&world, &spec).await;
    run(&aws, &spec, 1).await;
    let wanted = catalog::tables(&spec.config).remove(3).storage_descriptor;
    for published in ["again", "anew"] {
        let get = glue.get_partition().database_name("logs").table_name("traffic");
        let found = get.partition_values("2024-10-20").send().await.unwrap().partition.unwrap();
        let mut storage = found.storage_descriptor.unwrap();
        storage.columns.as_mut().unwrap().pop();
        let serde = storage.serde_info.as_mut().unwrap().parameters.as_mut().unwrap();
        serde.insert("serialization.format".to_owned(), "9".to_owned());
        serde.insert("theirs".to_owned(), "1".to_owned());
        let input = PartitionInput::builder().values("2024-10-20").storage_descriptor(storage);
        let update = glue.update_partition().database_name("logs").table_name("traffic");
        let input = input.set_parameters(found.parameters).build();
        update.partition_value_list("2024-10-20").partition_input(input).send().await.unwrap();
        if published == "again" {
            publish_attempt(&aws, &spec, None).await;
        } else {
            run(&aws, &spec, 1).await;
        }
        let get = glue.get_partition().database_name("logs").table_name("traffic");
        let found = get.partition_values("2024-10-20").send().await.unwrap().partition.unwrap();
        let storage = found.storage_descriptor.unwrap();
        let columns: Vec<&str> = storage.columns().iter().map(Column::name).collect();
        assert_eq!(columns, wanted.columns.iter().map(|column| &column.name).collect::<Vec<_>>());
        let serde = storage.serde_info().unwrap().parameters().unwrap();
        assert_eq!((serde["serialization.format"].as_str(), serde["theirs"].as_str()), ("1", "1"));
    }
}

#[tokio::test(start_paused = true)]
async fn without_tables_nothing_is_launched() {
    let world = Aws::new(good_step());
    let end = run(&world.connect(1).await, &published(), 1).await;
    assert_eq!(end.how, How::Closed(Outcome::Refused));
    let refusal = end.report.refusal.unwrap();
    assert!(refusal.summary.contains("is without the tables processed_logs, "), "{}", refusal.summary);
    assert!(refusal.hint.contains("emrys setup"));
    assert_eq!(world.done("RunJobFlow"), 0);
}

#[tokio::test(start_paused = true)]
async fn lost_answers_and_throttling_end_in_a_published_day() {
    let world = Aws::new(good_step());
    let (aws, spec) = (world.connect(1).await, published());
    set_up(&world, &spec).await;
    for fault in [Fault::LoseReply, Fault::LoseRequest, Fault::Answer(400, "ThrottlingException")] {
        for _ in 0..4 {
            world.fault(CREATE, fault.clone());
        }
    }
    let end = run(&aws, &spec, 1).await;
    assert_eq!(end.how, How::Closed(Outcome::Succeeded));
    assert_eq!(serving(&aws, &spec, &end).await, [Some(1); 6]);
    assert_eq!(world.done("CreatePartition"), 6);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_published_fails_the_day_and_the_next_run_publishes_it() {
    let world = Aws::new(good_step());
    let (aws, spec) = (world.connect(1).await, published());
    set_up(&world, &spec).await;
    for _ in 0..3 {
        world.fault(CREATE, Fault::Answer(400, "AccessDeniedException"));
    }
    let failed = run(&aws, &spec, 1).await;
    assert_eq!(failed.how, How::Closed(Outcome::Failed));
    let diagnosis = failed.report.diagnosis.clone().unwrap();
    assert!(diagnosis.summary.contains("could not make the partition logs.processed_logs"), "{diagnosis:#?}");
    assert_eq!(serving(&aws, &spec, &failed).await, [None; 6]);
    let end = run(&aws, &spec, 1).await;
    assert_eq!(end.how, How::Closed(Outcome::Succeeded));
    assert_eq!((end.report.attempt, world.done("RunJobFlow")), (Some(1), 1));
    assert_eq!(serving(&aws, &spec, &end).await, [Some(1); 6]);
}

/// The publisher dies after some of its calls, the answer to the last of them unread: the tables serve two attempts,
/// and the record knows which it should be.
#[tokio::test(start_paused = true)]
async fn a_publisher_that_dies_in_the_middle_is_followed_by_one_that_ends_it() {
    let world = Aws::new(good_step());
    let spec = published();
    set_up(&world, &spec).await;
    run(&world.connect(1).await, &spec, 1).await;
    for cut in 1..=6_u32 {
        let times = usize::try_from(cut).unwrap();
        let aws = world.connect(u64::from(cut) + 2).await;
        let end = world.kill_after_done("UpdatePartition", times, run(&aws, &spec, cut + 10)).await;
        assert!(end.is_none(), "it was to die: {end:?}");
        let next = world.connect(99).await;
        let end = run(&next, &spec, cut + 100).await;
        assert_eq!(end.report.published_attempt, Some(cut + 1));
        assert_eq!(serving(&next, &spec, &end).await, [Some(cut + 1); 6], "cut {cut}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_operator_goes_back_to_an_attempt_and_forward_again() {
    let world = Aws::new(good_step());
    let (aws, spec) = (world.connect(1).await, published());
    assert_eq!(publish_attempt(&aws, &spec, None).await, Publication::NotRun);
    set_up(&world, &spec).await;
    run(&aws, &spec, 1).await;
    run(&aws, &spec, 1).await;
    for (asked, serves) in [(Some(1), 1), (Some(2), 2), (None, 2)] {
        let Publication::Tried(end) = publish_attempt(&aws, &spec, asked).await else { panic!("refused") };
        assert_eq!(end.how, How::Closed(Outcome::Succeeded));
        assert_eq!(end.report.published_attempt, Some(serves));
        assert_eq!(serving(&aws, &spec, &end).await, [Some(serves); 6]);
    }
    assert_eq!(publish_attempt(&aws, &spec, Some(3)).await, Publication::NoAttempt { last: 2 });
    assert_eq!(world.done("RunJobFlow"), 2);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_was_not_verified_is_not_published() {
    let world = Aws::new(ScriptedStep { files: Vec::new(), ..good_step() });
    let (aws, spec) = (world.connect(1).await, published());
    set_up(&world, &spec).await;
    let end = run(&aws, &spec, 1).await;
    assert_eq!(end.how, How::Closed(Outcome::Failed));
    assert_eq!(serving(&aws, &spec, &end).await, [None; 6]);
    for asked in [None, Some(1)] {
        assert_eq!(publish_attempt(&aws, &spec, asked).await, Publication::NotVerified);
    }
    assert_eq!(world.done("CreatePartition"), 0);
}

/// Somebody moves a partition behind everybody's back: it is told apart, and put right.
#[tokio::test(start_paused = true)]
async fn a_partition_that_somebody_moved_is_seen_and_put_right() {
    let world = Aws::new(good_step());
    let (aws, spec) = (world.connect(1).await, published());
    let glue = set_up(&world, &spec).await;
    let end = run(&aws, &spec, 1).await;
    move_partition(&glue, "errors", "s3://elsewhere/").await;
    let seen = served(&aws, &spec, &end.state).await.unwrap();
    let catalog_drift: Vec<_> = seen.iter().filter(|served| served.attempt.is_none()).collect();
    assert_eq!((catalog_drift.len(), catalog_drift[0].table.as_str()), (1, "errors"));
    publish_attempt(&aws, &spec, None).await;
    assert_eq!(serving(&aws, &spec, &end).await, [Some(1); 6]);
}

/// The day whose attempts are published, and where its first one wrote a table.
fn folder_of(end: &RunEnd, spec: &Spec, attempt: usize, table: &str) -> String {
    let intent = end.state.attempts[attempt - 1].intent().unwrap();
    catalog::table_folder(spec, intent, table).to_string()
}

/// Whoever looks at a day that is over puts right what the catalog serves of it, and records that first.
#[tokio::test(start_paused = true)]
async fn every_look_at_a_day_after_its_end_puts_the_catalog_right() {
    let world = Aws::new(good_step());
    let (aws, spec) = (world.connect(1).await, published());
    let glue = set_up(&world, &spec).await;
    run(&aws, &spec, 1).await;
    let end = run(&aws, &spec, 1).await;
    let stale = folder_of(&end, &spec, 1, "traffic");
    for look in ["attach", "run"] {
        move_partition(&glue, "traffic", &stale).await;
        assert_ne!(serving(&aws, &spec, &end).await, [Some(2); 6]);
        let catalog_drift = |end: &RunEnd| end.state.attempts[0].served_until.is_some();
        let (serves, after) =
            if look == "attach" { (2, attached(&aws, &spec).await) } else { (3, run(&aws, &spec, 3).await) };
        assert!(catalog_drift(&after), "{look}");
        assert_eq!(serving(&aws, &spec, &after).await, [Some(serves); 6], "{look}");
    }
    // What is as it should be is only looked at.
    let changes = (world.done("UpdatePartition"), world.done("PutObject"));
    attached(&aws, &spec).await;
    assert_eq!((world.done("UpdatePartition"), world.done("PutObject")), changes);
}

/// Where the tables are gone nothing can be put right, and nothing is taken back of what was recorded.
#[tokio::test(start_paused = true)]
async fn a_look_at_a_day_whose_tables_are_gone_changes_nothing() {
    let world = Aws::new(good_step());
    let (aws, spec) = (world.connect(1).await, published());
    let glue = set_up(&world, &spec).await;
    run(&aws, &spec, 1).await;
    glue.delete_database().name("logs").send().await.unwrap();
    let puts = world.done("PutObject");
    let end = attached(&aws, &spec).await;
    assert_eq!((end.report.published_attempt, world.done("PutObject")), (Some(1), puts));
}

/// A day that is run again serves one attempt, and wholly, while the new one is at work.
#[tokio::test(start_paused = true)]
async fn a_run_again_puts_the_catalog_right_before_it_launches() {
    let world = Aws::new(good_step());
    let (aws, spec) = (world.connect(1).await, published());
    let glue = set_up(&world, &spec).await;
    run(&aws, &spec, 1).await;
    let end = run(&aws, &spec, 1).await;
    move_partition(&glue, "latency", &folder_of(&end, &spec, 1, "latency")).await;
    run(&aws, &spec, 1).await;
    let journal = world.journal();
    let last = |operation: &str| journal.iter().rposition(|entry| entry.operation == operation).unwrap();
    let moved = journal[..last("RunJobFlow")].iter().filter(|entry| entry.operation == "UpdatePartition");
    assert_eq!(
        moved.count(),
        6 + 1 + 1,
        "the second attempt's, the somebody's, and the one that put it right"
    );
}

/// Of a day with two attempts, the second published, somebody goes back to the first and dies after two tables.
async fn cut_off(world: &Aws, aws: &AwsContext, spec: &Spec) -> RunEnd {
    run(aws, spec, 1).await;
    let end = run(aws, spec, 1).await;
    let done = world.kill_after_done("UpdatePartition", 2, publish_attempt(aws, spec, Some(1))).await;
    assert!(done.is_none(), "it was to die: {done:?}");
    end
}

/// A publisher that dies on a day that is closed leaves an intent: whoever looks at the day next ends it.
#[tokio::test(start_paused = true)]
async fn attach_ends_a_publication_of_a_closed_day() {
    let world = Aws::new(good_step());
    let (aws, spec) = (world.connect(1).await, published());
    set_up(&world, &spec).await;
    let end = cut_off(&world, &aws, &spec).await;
    let mixed = serving(&aws, &spec, &end).await;
    assert!(mixed.contains(&Some(1)) && mixed.contains(&Some(2)), "{mixed:?}");
    // Its lease runs out first.
    tokio::time::sleep(std::time::Duration::from_mins(10)).await;
    let next = world.connect(2).await;
    let end = attached(&next, &spec).await;
    assert_eq!(end.report.published_attempt, Some(1));
    assert_eq!(serving(&next, &spec, &end).await, [Some(1); 6]);
}

/// A publisher that was suspended in the middle, longer than its lease: it moves no further table, and what its last
/// call may have moved is put right by the next look.
#[tokio::test(start_paused = true)]
async fn a_publisher_that_wakes_up_late_moves_no_further_table() {
    let world = Aws::new(good_step());
    let spec = published();
    set_up(&world, &spec).await;
    let slow = world.connect(1).await;
    run(&slow, &spec, 1).await;
    run(&slow, &spec, 1).await;
    let moved = world.done("UpdatePartition") + 3;
    let mut stale = Box::pin(publish_attempt_or_stop(&slow, &spec, 1));
    // Suspended: from here on nobody polls it.
    std::future::poll_fn(|context| {
        assert!(stale.as_mut().poll(context).is_pending(), "it was to be suspended in the middle");
        if world.done("UpdatePartition") >= moved { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    tokio::time::sleep(std::time::Duration::from_hours(1)).await;
    let quick = world.connect(2).await;
    let end = run(&quick, &spec, 2).await;
    assert_eq!(serving(&quick, &spec, &end).await, [Some(3); 6]);
    let before = world.done("UpdatePartition");
    let stopped = stale.await.unwrap_err();
    assert!(matches!(stopped, Stop::Lost { .. }), "{stopped}");
    assert!(world.done("UpdatePartition") <= before + 1);
    attached(&quick, &spec).await;
    assert_eq!(serving(&quick, &spec, &end).await, [Some(3); 6]);
}

async fn attached(aws: &AwsContext, spec: &Spec) -> RunEnd {
    Box::pin(attach(aws, spec, &holder(3), &mut (), &mut Interrupts::none())).await.unwrap().unwrap()
}

async fn publish_attempt_or_stop(aws: &AwsContext, spec: &Spec, attempt: u32) -> Result<Publication, Stop> {
    publish(aws, spec, Some(attempt), &holder(1), &mut (), &mut Interrupts::none()).await
}

/// Two pipelines name one database. What the other one serves is its own, whoever asks for the publication.
#[tokio::test(start_paused = true)]
async fn nobody_publishes_over_what_another_pipeline_serves() {
    let world = Aws::new(good_step());
    let (aws, ours) = (world.connect(1).await, published());
    let glue = set_up(&world, &ours).await;
    let end = run(&aws, &ours, 1).await;
    let mut theirs = spec_and("");
    theirs.config.pipeline = "theirs".to_owned();
    run(&aws, &theirs, 2).await;
    // Now it names the same database, and publishes what it has.
    theirs.config.catalog = ours.config.catalog.clone();
    let tried = publish_attempt(&aws, &theirs, None).await;
    let Publication::Tried(tried) = tried else { panic!("{tried:?}") };
    assert_eq!(tried.report.published_attempt, None);
    assert_eq!(serving(&aws, &ours, &end).await, [Some(1); 6]);
    let why = format!("{:?}", tried.state.attempts[0].publishing);
    assert!(why.contains("belongs to the pipeline web-logs"), "{why}");
    // The same where the partition bears nobody's mark: then the table's counts.
    move_partition(&glue, "processed_logs", "s3://elsewhere/").await;
    let tried = publish_attempt(&aws, &theirs, None).await;
    let Publication::Tried(tried) = tried else { panic!("{tried:?}") };
    let why = format!("{:?}", tried.state.attempts[0].publishing);
    assert!(why.contains("the table logs.processed_logs belongs to the pipeline web-logs"), "{why}");
}

/// One pipeline, deployed twice: what production serves is not moved by staging, and its tables are not taken.
#[tokio::test(start_paused = true)]
async fn the_same_pipeline_with_another_state_folder_leaves_the_tables_alone() {
    let world = Aws::new(good_step());
    let (aws, production) = (world.connect(1).await, published());
    set_up(&world, &production).await;
    let end = run(&aws, &production, 1).await;
    let mut staging = production.clone();
    staging.config.state.uri = "s3://my-log-bucket/staging/".parse().unwrap();
    staging.config.output.uri = "s3://my-log-bucket/staged-logs/".parse().unwrap();
    let refused = run(&aws, &staging, 2).await.report.refusal.unwrap();
    let why = "belongs to the pipeline web-logs with its state in s3://my-log-bucket/emrys/";
    assert!(refused.summary.contains(why), "{}", refused.summary);
    assert_eq!(serving(&aws, &production, &end).await, [Some(1); 6]);
    let found = emrys_control_plane::managed(&aws, &staging).await.unwrap();
    let plan = emrys_core::managed::plan(&staging, &found, emrys_core::managed::Goal::Destroy);
    let takes = |step: &emrys_core::managed::Step| format!("{step:?}").contains("Table");
    assert!(!plan.steps.iter().any(takes), "{:?}", plan.steps);
    let plan = emrys_core::managed::plan(&staging, &found, emrys_core::managed::Goal::Setup);
    assert_eq!((plan.obstacles.len(), plan.steps.len()), (6, 0));
}

/// A publisher dies, and the address of the output is changed before the next one looks: no table is moved to where
/// nothing lies.
#[tokio::test(start_paused = true)]
async fn a_publication_is_not_ended_where_nothing_lies() {
    let world = Aws::new(good_step());
    let (aws, spec) = (world.connect(1).await, published());
    set_up(&world, &spec).await;
    let end = cut_off(&world, &aws, &spec).await;
    tokio::time::sleep(std::time::Duration::from_mins(10)).await;
    let next = world.connect(2).await;
    let mut moved = spec.clone();
    moved.config.output.uri = "s3://my-log-bucket/elsewhere/".parse().unwrap();
    let before = serving(&next, &spec, &end).await;
    let after = attached(&next, &moved).await;
    assert!(after.state.attempts[0].publishing.is_given_up(), "{:?}", after.state.attempts[0].publishing);
    assert_eq!(serving(&next, &spec, &end).await, before);
    // With the right address it is published.
    publish_attempt(&next, &spec, Some(1)).await;
    assert_eq!(serving(&next, &spec, &end).await, [Some(1); 6]);
}
