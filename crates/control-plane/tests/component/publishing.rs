//! What queries see: partitions of the day's tables, made and moved after an attempt was verified.

use std::task::Poll;

use aws_sdk_glue::types::{Column, DatabaseInput, PartitionInput, SerDeInfo, StorageDescriptor, TableInput};
use emrys_control_plane::{ControlPlane, How, Interrupts, Publication, RunEnd, publish, served};
use emrys_core::catalog;
use emrys_core::run::Outcome;
use emrys_core::spec::Spec;
use emrys_local_aws::world::ScriptedStep;

use crate::world::{Aws, Fault, good_step, holder, run_spec, spec_and};

const CREATE: &str = "AWSGlue.CreatePartition";

fn published() -> Spec {
    spec_and("[limits]\nmax-attempts = 9\n[catalog]\ndatabase = \"logs\"\n")
}

/// Somebody makes the database and its tables, as they are wanted.
async fn set_up(aws: &Aws, spec: &Spec) -> aws_sdk_glue::Client {
    let glue = aws.glue_of_another_person();
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

async fn run(cp: &ControlPlane, spec: &Spec, pid: u32) -> RunEnd {
    run_spec(cp, spec, pid, &mut Interrupts::none()).await.unwrap()
}

/// Which attempts the tables serve.
async fn serving(cp: &ControlPlane, spec: &Spec, end: &RunEnd) -> Vec<Option<u32>> {
    served(cp, spec, &end.state).await.unwrap().into_iter().map(|served| served.attempt).collect()
}

async fn publish_attempt(cp: &ControlPlane, spec: &Spec, attempt: Option<u32>) -> Publication {
    publish(cp, spec, attempt, &holder(7), &mut (), &mut Interrupts::none()).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_day_is_published_run_again_and_published_over_the_old() {
    let aws = Aws::new(good_step());
    let (cp, spec) = (aws.connect(1).await, published());
    set_up(&aws, &spec).await;
    let first = run(&cp, &spec, 1).await;
    assert_eq!(first.how, How::Closed(Outcome::Succeeded));
    assert_eq!((first.report.published, first.report.published_attempt), (Some(true), Some(1)));
    assert_eq!(serving(&cp, &spec, &first).await, [Some(1); 6]);
    assert_eq!((aws.done("CreatePartition"), aws.done("UpdatePartition")), (6, 0));
    let second = run(&cp, &spec, 1).await;
    assert_eq!(second.report.published_attempt, Some(2));
    assert_eq!(serving(&cp, &spec, &second).await, [Some(2); 6]);
    assert_eq!((aws.done("CreatePartition"), aws.done("UpdatePartition")), (6, 6));
}

#[tokio::test(start_paused = true)]
async fn a_partition_keeps_all_but_its_location_and_our_parameters() {
    let aws = Aws::new(good_step());
    let (cp, spec) = (aws.connect(1).await, published());
    let glue = set_up(&aws, &spec).await;
    run(&cp, &spec, 1).await;
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
    run(&cp, &spec, 1).await;
    let after = get().await.unwrap().partition.unwrap();
    let storage = after.storage_descriptor.unwrap();
    assert!(storage.location().unwrap().contains("/a2-"), "{storage:?}");
    assert!(storage.compressed);
    assert_eq!(storage.parameters().unwrap()["theirs"], "1");
    assert_eq!(after.parameters.unwrap()["comment"], "checked by ann");
}

#[tokio::test(start_paused = true)]
async fn without_tables_nothing_is_launched() {
    let aws = Aws::new(good_step());
    let end = run(&aws.connect(1).await, &published(), 1).await;
    assert_eq!(end.how, How::Closed(Outcome::Refused));
    let refusal = end.report.refusal.unwrap();
    assert!(refusal.summary.contains("is without the tables processed_logs, "), "{}", refusal.summary);
    assert!(refusal.hint.contains("emrys setup"));
    assert_eq!(aws.done("RunJobFlow"), 0);
}

#[tokio::test(start_paused = true)]
async fn lost_answers_and_throttling_end_in_a_published_day() {
    let aws = Aws::new(good_step());
    let (cp, spec) = (aws.connect(1).await, published());
    set_up(&aws, &spec).await;
    for fault in [Fault::LoseReply, Fault::LoseRequest, Fault::Answer(400, "ThrottlingException")] {
        for _ in 0..4 {
            aws.fault(CREATE, fault.clone());
        }
    }
    let end = run(&cp, &spec, 1).await;
    assert_eq!(end.how, How::Closed(Outcome::Succeeded));
    assert_eq!(serving(&cp, &spec, &end).await, [Some(1); 6]);
    assert_eq!(aws.done("CreatePartition"), 6);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_published_fails_the_day_and_the_next_run_publishes_it() {
    let aws = Aws::new(good_step());
    let (cp, spec) = (aws.connect(1).await, published());
    set_up(&aws, &spec).await;
    for _ in 0..3 {
        aws.fault(CREATE, Fault::Answer(400, "AccessDeniedException"));
    }
    let failed = run(&cp, &spec, 1).await;
    assert_eq!(failed.how, How::Closed(Outcome::Failed));
    let diagnosis = failed.report.diagnosis.clone().unwrap();
    assert!(diagnosis.summary.contains("could not make the partition logs.processed_logs"), "{diagnosis:#?}");
    assert_eq!(serving(&cp, &spec, &failed).await, [None; 6]);
    let end = run(&cp, &spec, 1).await;
    assert_eq!(end.how, How::Closed(Outcome::Succeeded));
    assert_eq!((end.report.attempt, aws.done("RunJobFlow")), (Some(1), 1));
    assert_eq!(serving(&cp, &spec, &end).await, [Some(1); 6]);
}

/// The publisher dies after some of its calls, the answer to the last of them unread: the tables serve two attempts, and
/// the record knows which it should be.
#[tokio::test(start_paused = true)]
async fn a_publisher_that_dies_in_the_middle_is_followed_by_one_that_ends_it() {
    let aws = Aws::new(good_step());
    let spec = published();
    set_up(&aws, &spec).await;
    run(&aws.connect(1).await, &spec, 1).await;
    for cut in 1..=6_u32 {
        let wanted = aws.done("UpdatePartition") + usize::try_from(cut).unwrap();
        let cp = aws.connect(u64::from(cut) + 2).await;
        let died = std::future::poll_fn(|_| {
            if aws.done("UpdatePartition") >= wanted { Poll::Ready(()) } else { Poll::Pending }
        });
        tokio::select! {
            biased;
            () = died => {}
            end = run(&cp, &spec, cut + 10) => panic!("it was to die: {end:?}"),
        }
        let next = aws.connect(99).await;
        let end = run(&next, &spec, cut + 100).await;
        assert_eq!(end.report.published_attempt, Some(cut + 1));
        assert_eq!(serving(&next, &spec, &end).await, [Some(cut + 1); 6], "cut {cut}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_operator_goes_back_to_an_attempt_and_forward_again() {
    let aws = Aws::new(good_step());
    let (cp, spec) = (aws.connect(1).await, published());
    assert_eq!(publish_attempt(&cp, &spec, None).await, Publication::NotRun);
    set_up(&aws, &spec).await;
    run(&cp, &spec, 1).await;
    run(&cp, &spec, 1).await;
    for (asked, serves) in [(Some(1), 1), (Some(2), 2), (None, 2)] {
        let Publication::Tried(end) = publish_attempt(&cp, &spec, asked).await else { panic!("refused") };
        assert_eq!(end.how, How::Closed(Outcome::Succeeded));
        assert_eq!(end.report.published_attempt, Some(serves));
        assert_eq!(serving(&cp, &spec, &end).await, [Some(serves); 6]);
    }
    assert_eq!(publish_attempt(&cp, &spec, Some(3)).await, Publication::NoAttempt { last: 2 });
    assert_eq!(aws.done("RunJobFlow"), 2);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_was_not_verified_is_not_published() {
    let aws = Aws::new(ScriptedStep { files: Vec::new(), ..good_step() });
    let (cp, spec) = (aws.connect(1).await, published());
    set_up(&aws, &spec).await;
    let end = run(&cp, &spec, 1).await;
    assert_eq!(end.how, How::Closed(Outcome::Failed));
    assert_eq!(serving(&cp, &spec, &end).await, [None; 6]);
    for asked in [None, Some(1)] {
        assert_eq!(publish_attempt(&cp, &spec, asked).await, Publication::NotVerified);
    }
    assert_eq!(aws.done("CreatePartition"), 0);
}

/// Somebody moves a partition behind everybody's back: it is told apart, and put right.
#[tokio::test(start_paused = true)]
async fn a_partition_that_somebody_moved_is_seen_and_put_right() {
    let aws = Aws::new(good_step());
    let (cp, spec) = (aws.connect(1).await, published());
    let glue = set_up(&aws, &spec).await;
    let end = run(&cp, &spec, 1).await;
    let input = PartitionInput::builder()
        .values("2024-10-20")
        .storage_descriptor(StorageDescriptor::builder().location("s3://elsewhere/").build());
    glue.update_partition()
        .database_name("logs")
        .table_name("errors")
        .partition_value_list("2024-10-20")
        .partition_input(input.build())
        .send()
        .await
        .unwrap();
    let seen = served(&cp, &spec, &end.state).await.unwrap();
    let astray: Vec<_> = seen.iter().filter(|served| served.attempt.is_none()).collect();
    assert_eq!((astray.len(), astray[0].table.as_str()), (1, "errors"));
    publish_attempt(&cp, &spec, None).await;
    assert_eq!(serving(&cp, &spec, &end).await, [Some(1); 6]);
}
