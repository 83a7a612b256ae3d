//! Asking Athena, and what stands there for it. An AWS in memory runs no statement: how rows come is seen end to end.

use aws_sdk_athena::types::{Tag, WorkGroupConfiguration};
use emrys_control_plane::{Asked, AwsContext, Interrupt, Interrupts, QueryError, managed, query};
use emrys_core::managed::{Change, Goal, Plan, plan};
use emrys_core::queries::{Execution, Outcome, QueryState};
use emrys_core::record::ErrorClass;
use emrys_core::s3_uri::S3Uri;
use emrys_core::spec::Spec;
use emrys_local_aws::world::WorldSettings;

use crate::managed::{changing, reconcile};
use crate::world::{Aws, Fault, spec_and};

const CATALOG: &str = "\n[catalog]\ndatabase = \"logs\"\nscan-limit-gigabytes = 100\n";

async fn place(catalog: &str) -> (Aws, AwsContext, Spec) {
    let world = Aws::with(WorldSettings::default());
    let aws = world.connect(1).await;
    (world, aws, spec_and(catalog))
}

fn wanted(plan: &Plan) -> Vec<(&str, &Change)> {
    let items = plan.items.iter().filter(|item| matches!(item.kind, "workgroup" | "named query"));
    items.map(|item| (item.name.as_str(), &item.change)).collect()
}

/// Asks in the workgroup `primary`, and gives what was told too.
async fn ask(
    aws: &AwsContext,
    workgroup: &str,
    interrupts: &mut Interrupts,
) -> (Result<Outcome, QueryError>, Vec<Execution>) {
    let results: S3Uri = "s3://my-log-bucket/results/".parse().unwrap();
    let parameters = ["'2024-10-20'".to_owned()];
    let asked = Asked {
        statement: "SELECT count(*) FROM latency WHERE date = ?",
        parameters: &parameters,
        database: "logs",
        workgroup,
        results: &results,
    };
    let mut seen = Vec::new();
    let outcome = query(aws, asked, &mut |execution| seen.push(execution.clone()), interrupts).await;
    (outcome, seen)
}

#[tokio::test(start_paused = true)]
async fn a_query_is_watched_to_its_end_and_says_why_it_failed() {
    let (world, aws, _) = place(CATALOG).await;
    let (outcome, seen) = ask(&aws, "primary", &mut Interrupts::none()).await;
    let Ok(Outcome::Over(execution)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(execution.state, QueryState::Failed);
    let failure = execution.failure.unwrap();
    assert_eq!((failure.category, failure.retryable), (Some(1), false));
    assert!(failure.message.contains("runs no queries"), "{failure:?}");
    assert_eq!(seen.first().map(|first| first.state.clone()), Some(QueryState::Queued));
    let sent = &world.journal().into_iter().find(|entry| entry.operation == "StartQueryExecution").unwrap();
    let request = serde_json::to_value(sent).unwrap()["request"].clone();
    assert_eq!(request["ExecutionParameters"], serde_json::json!(["'2024-10-20'"]));
    assert_eq!(request["ClientRequestToken"].as_str().unwrap().len(), 32);
    assert_eq!(request["ResultConfiguration"]["OutputLocation"], "s3://my-log-bucket/results/");
}

#[tokio::test(start_paused = true)]
async fn however_often_the_start_is_tried_there_is_one_query() {
    let (world, aws, _) = place(CATALOG).await;
    for _ in 0..4 {
        world.fault("StartQueryExecution", Fault::LoseReply);
    }
    world.fault("StartQueryExecution", Fault::Answer(400, "TooManyRequestsException"));
    let (outcome, _) = ask(&aws, "primary", &mut Interrupts::none()).await;
    assert!(matches!(outcome, Ok(Outcome::Over(_))), "{outcome:?}");
    assert!(world.sent("StartQueryExecution") >= 6, "more tries than the SDK makes by itself");
    let all = world.athena_of_another_person().list_query_executions().send().await.unwrap();
    assert_eq!(all.query_execution_ids().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn two_invocations_are_two_queries() {
    let (world, aws, _) = place(CATALOG).await;
    for _ in 0..2 {
        let (outcome, _) = ask(&aws, "primary", &mut Interrupts::none()).await;
        assert!(outcome.is_ok(), "{outcome:?}");
    }
    let all = world.athena_of_another_person().list_query_executions().send().await.unwrap();
    assert_eq!(all.query_execution_ids().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_stops_the_query_at_athena() {
    let (world, aws, _) = place(CATALOG).await;
    let (sender, mut interrupts) = Interrupts::channel();
    sender.send(Interrupt::StopWatching);
    world.fault("StopQueryExecution", Fault::LoseReply);
    let (outcome, _) = ask(&aws, "primary", &mut interrupts).await;
    let Ok(Outcome::Stopped(execution)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(execution.state, QueryState::Cancelled);
    assert!(world.done("StopQueryExecution") >= 1);
}

#[tokio::test(start_paused = true)]
async fn a_workgroup_that_is_not_there_is_told_as_such() {
    let (world, aws, _) = place(CATALOG).await;
    let (outcome, seen) = ask(&aws, "emrys", &mut Interrupts::none()).await;
    assert!(
        matches!(&outcome, Err(QueryError::NoWorkgroup { workgroup }) if workgroup == "emrys"),
        "{outcome:?}"
    );
    assert!(seen.is_empty());
    // Nobody may list workgroups: then Athena's own words are told.
    world.fault("ListWorkGroups", Fault::Answer(400, "AccessDeniedException"));
    let (outcome, _) = ask(&aws, "emrys", &mut Interrupts::none()).await;
    let Err(QueryError::NotStarted(error)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(error.class, ErrorClass::Invalid);
    assert!(error.message.contains("WorkGroup emrys is not found"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_query_that_cannot_be_looked_at_is_named() {
    let (world, aws, _) = place(CATALOG).await;
    world.fault("GetQueryExecution", Fault::Answer(400, "ExpiredTokenException"));
    let (outcome, _) = ask(&aws, "primary", &mut Interrupts::none()).await;
    let Err(QueryError::OutOfSight { id, error }) = outcome else { panic!("{outcome:?}") };
    assert_eq!(error.class, ErrorClass::Access);
    let all = world.athena_of_another_person().list_query_executions().send().await.unwrap();
    assert_eq!(all.query_execution_ids(), [id]);
}

#[tokio::test(start_paused = true)]
async fn workgroup_and_named_queries_are_made_once_and_removed_again() {
    let (world, aws, spec) = place(CATALOG).await;
    // Names keep no two apart, so a lost answer must not make a second one.
    for call in
        ["CreateWorkGroup", "CreateNamedQuery", "CreateNamedQuery", "DeleteNamedQuery", "DeleteWorkGroup"]
    {
        world.fault(call, Fault::LoseReply);
    }
    let first = reconcile(&aws, &spec, Goal::Setup).await.unwrap();
    assert_eq!(wanted(&first).len(), 9);
    assert!(wanted(&first).iter().all(|(_, change)| matches!(change, Change::Create { .. })), "{first:#?}");
    let athena = world.athena_of_another_person();
    let group = athena.get_work_group().work_group("emrys").send().await.unwrap().work_group.unwrap();
    let configuration = group.configuration().unwrap();
    assert_eq!(configuration.bytes_scanned_cutoff_per_query(), Some(100_000_000_000));
    assert_eq!(configuration.enforce_work_group_configuration(), Some(true));
    let results = configuration.result_configuration().unwrap().output_location();
    assert_eq!(results, Some("s3://my-log-bucket/emrys/query-results/"));

    let calls = changing(&world);
    let second = reconcile(&aws, &spec, Goal::Setup).await.unwrap();
    assert!(second.has_nothing_to_do(), "{second:#?}");
    assert_eq!(changing(&world), calls, "a second setup makes no changing call");

    reconcile(&aws, &spec, Goal::Destroy).await.unwrap();
    let found = managed(&aws, &spec).await.unwrap().queries.unwrap();
    assert_eq!((found.workgroup, found.named), (None, Vec::new()));
    assert_eq!(world.done("DeleteWorkGroup"), 1);
    assert!(plan(&spec, &managed(&aws, &spec).await.unwrap(), Goal::Destroy).has_nothing_to_do());

    // And again: Athena would know the queries by an old token.
    reconcile(&aws, &spec, Goal::Setup).await.unwrap();
    let found = managed(&aws, &spec).await.unwrap().queries.unwrap();
    assert_eq!(found.named.len(), 8);
}

#[tokio::test(start_paused = true)]
async fn what_somebody_changed_is_told_and_made_as_configured_again() {
    let (world, aws, spec) = place(CATALOG).await;
    reconcile(&aws, &spec, Goal::Setup).await.unwrap();
    let athena = world.athena_of_another_person();
    let updates = aws_sdk_athena::types::WorkGroupConfigurationUpdates::builder()
        .remove_bytes_scanned_cutoff_per_query(true)
        .requester_pays_enabled(true);
    let update = athena.update_work_group().work_group("emrys").configuration_updates(updates.build());
    update.send().await.unwrap();
    let ids = athena.list_named_queries().work_group("emrys").send().await.unwrap();
    let id = &ids.named_query_ids()[0];
    let query = athena.get_named_query().named_query_id(id).send().await.unwrap().named_query.unwrap();
    let update = athena.update_named_query().named_query_id(id).name(query.name()).query_string("SELECT 1");
    update.send().await.unwrap();

    let again = reconcile(&aws, &spec, Goal::Setup).await.unwrap();
    let drifted = again
        .items
        .iter()
        .filter(|item| matches!(item.change, Change::Update { drifted: Some(true), .. }))
        .map(|item| item.name.as_str());
    assert_eq!(drifted.collect::<Vec<_>>(), ["emrys", query.name()]);
    let group = athena.get_work_group().work_group("emrys").send().await.unwrap().work_group.unwrap();
    let configuration = group.configuration().unwrap();
    assert_eq!(configuration.bytes_scanned_cutoff_per_query(), Some(100_000_000_000));
    assert_eq!(configuration.requester_pays_enabled(), Some(true), "what Emrys does not set stays");
    let put_right = athena.get_named_query().named_query_id(id).send().await.unwrap().named_query.unwrap();
    assert_eq!(put_right.query_string(), query.query_string());

    let unlimited = spec_and(&CATALOG.replace("scan-limit-gigabytes = 100\n", ""));
    reconcile(&aws, &unlimited, Goal::Setup).await.unwrap();
    let group = athena.get_work_group().work_group("emrys").send().await.unwrap().work_group.unwrap();
    assert_eq!(group.configuration().unwrap().bytes_scanned_cutoff_per_query(), None);
}

#[tokio::test(start_paused = true)]
async fn what_is_others_is_never_touched() {
    let (world, aws, spec) = place(CATALOG).await;
    let athena = world.athena_of_another_person();
    let tag = Tag::builder().key("emrys:pipeline").value("shop").build();
    let enforced = WorkGroupConfiguration::builder().enforce_work_group_configuration(true);
    let create = athena.create_work_group().name("emrys").tags(tag).configuration(enforced.build());
    create.send().await.unwrap();
    let theirs = athena.create_named_query().name("theirs").database("d").query_string("SELECT 1");
    theirs.work_group("emrys").send().await.unwrap();
    reconcile(&aws, &spec, Goal::Setup).await.unwrap();
    reconcile(&aws, &spec, Goal::Destroy).await.unwrap();
    assert_eq!((world.done("UpdateWorkGroup"), world.done("DeleteWorkGroup")), (0, 0));
    let left = athena.list_named_queries().work_group("emrys").send().await.unwrap();
    assert_eq!(left.named_query_ids().len(), 1);

    // In a workgroup of ours, a query of theirs that comes between the observation and the removal keeps it.
    let own = spec_and(&format!("{CATALOG}workgroup = \"own\"\n"));
    reconcile(&aws, &own, Goal::Setup).await.unwrap();
    let end = plan(&own, &managed(&aws, &own).await.unwrap(), Goal::Destroy);
    let late = athena.create_named_query().name("late").database("d").query_string("SELECT 1");
    late.work_group("own").send().await.unwrap();
    let mut stopped = Ok(());
    for step in &end.steps {
        stopped = emrys_control_plane::apply(&aws, &own, step).await;
        if stopped.is_err() {
            break;
        }
    }
    assert!(stopped.unwrap_err().to_string().contains("meanwhile"));
    assert_eq!(world.done("DeleteWorkGroup"), 0);

    // The one that every account has.
    let primary = spec_and(&format!("{CATALOG}workgroup = \"primary\"\n"));
    reconcile(&aws, &primary, Goal::Setup).await.unwrap();
    reconcile(&aws, &primary, Goal::Destroy).await.unwrap();
    let touched = world.journal().into_iter().filter(|entry| {
        entry.operation.ends_with("WorkGroup")
            && entry.resource == "primary"
            && entry.operation != "GetWorkGroup"
    });
    assert_eq!(touched.count(), 0);
}
