//! What is told and done about what was found.

mod queries;

use super::*;
use crate::catalog::Table;
use crate::lifecycle::{Expiration, Filter, Rule};
use crate::testing::spec_and;

const TABLES: &str =
    "[catalog]\ndatabase = \"logs\"\n[retention]\narchive-after-days = 30\nexpire-after-days = 100\n";

fn told(plan: &Plan) -> String {
    let mut lines: Vec<String> = plan
        .items
        .iter()
        .map(|item| {
            let change = match &item.change {
                Change::Create { what } => format!("create: {what}"),
                Change::Update { drifted, differences } => format!(
                    "update (drifted: {drifted:?}): {}",
                    differences
                        .iter()
                        .map(|d| format!("{}: {} -> {}", d.what, d.found, d.wanted))
                        .collect::<Vec<_>>()
                        .join("; ")
                ),
                Change::Leave { why } => format!("leave {}", why.as_deref().unwrap_or_default()),
                Change::Remove { what } => format!("remove: {what}"),
            };
            format!("{} {}: {change}", item.kind, item.name)
        })
        .collect();
    lines.extend(plan.steps.iter().map(|step| format!("> {step}")));
    lines.extend(plan.obstacles.iter().map(|refusal| format!("! {}: {}", refusal.about, refusal.message)));
    lines.extend(plan.notes.iter().map(|note| format!("note: {note}")));
    lines.join("\n")
}

/// What is there once all steps are done.
fn done(spec: &Spec, mut found: Found, plan: &Plan) -> Found {
    for step in &plan.steps {
        let catalog = found.catalog.get_or_insert_default();
        match step.clone() {
            Step::PutAlarm { .. } => found.alarm = Some(alarm::alarm(spec).facts()),
            Step::DeleteAlarm { .. } => found.alarm = None,
            Step::WriteRules { bucket, write, .. } => {
                found.buckets.insert(
                    bucket,
                    match write {
                        Write::Put(rules) => rules,
                        Write::Delete | Write::Nothing => Configuration::default(),
                    },
                );
            }
            Step::CreateDatabase { .. } => {
                catalog.database = Some(crate::catalog::marks(&spec.config));
            }
            Step::CreateTable { table, .. } => catalog.tables.push(*table),
            Step::UpdateTable { table, .. } => {
                catalog.tables.retain(|found| found.name != table.name);
                catalog.tables.push(*table);
            }
            Step::DeleteTable { name, .. } => catalog.tables.retain(|found| found.name != name),
            Step::DeleteDatabase { .. } => {
                assert!(catalog.tables.is_empty());
                catalog.database = None;
            }
            other => queries::done(spec, found.queries.get_or_insert_default(), other),
        }
    }
    found
}

fn nothing() -> Found {
    Found { catalog: Some(FoundCatalog::default()), ..Found::default() }
}

#[test]
fn everything_is_made_once_and_removed_again() {
    let spec = spec_and(TABLES);
    let first = plan(&spec, &nothing(), Goal::Setup);
    insta::assert_snapshot!(told(&first), @r#"
    database logs: create: in the Glue catalog
    table logs.processed_logs: create: Requests and response times by status code (status_code int, requests bigint, total_response_time double, avg_response_time double, min_response_time double, max_response_time double, run string)
    table logs.endpoints: create: Requests and response times by hour, route and status code (hour string, method string, path string, status_code int, requests bigint, bytes bigint, total_response_time double, max_response_time double, run string)
    table logs.latency: create: A histogram of response times by hour, route and status code: percentiles are sums over it (hour string, method string, path string, status_code int, bucket int, requests bigint, run string)
    table logs.traffic: create: Requests and failures by minute (minute string, requests bigint, errors bigint, run string)
    table logs.errors: create: Entries of the error logs by level, masked message and exception (level string, message string, exception string, count bigint, first_seen string, last_seen string, sample string, run string)
    table logs.rejects: create: Lines that could not be understood, by reason (reason string, count bigint, samples string, run string)
    lifecycle rule my-log-bucket: emrys/web-logs/source/c8f880159208: create: objects under `application-logs/`: to GLACIER after 30 days, deleted after 100 days
    lifecycle rule my-log-bucket: emrys/web-logs/uploads/2da497fadcaf: create: objects under `processed-logs/`: unfinished uploads removed after 7 days
    alarm emrys/web-logs/no-success: create: fires after 26 hours without a success, and tells nobody
    > the database logs is made
    > the table logs.processed_logs is made
    > the table logs.endpoints is made
    > the table logs.latency is made
    > the table logs.traffic is made
    > the table logs.errors is made
    > the table logs.rejects is made
    > the lifecycle rules of the bucket my-log-bucket are written, and read back
    > the alarm emrys/web-logs/no-success is written
    note: objects under 128 KB do not move to GLACIER unless the bucket says otherwise (TransitionDefaultMinimumObjectSize)
    note: a day can be run again from its raw logs until they are 30 days old; after that they have to be restored from GLACIER first
    note: raw logs are deleted 70 days after they moved to GLACIER, and S3 bills 90 days there at least
    "#);
    let standing = done(&spec, nothing(), &first);
    let second = plan(&spec, &standing, Goal::Setup);
    assert!(second.has_nothing_to_do(), "{}", told(&second));
    let end = plan(&spec, &standing, Goal::Destroy);
    insta::assert_snapshot!(told(&end), @r#"
    table logs.processed_logs: remove: from the catalog, with its partitions; no file of it
    table logs.endpoints: remove: from the catalog, with its partitions; no file of it
    table logs.latency: remove: from the catalog, with its partitions; no file of it
    table logs.traffic: remove: from the catalog, with its partitions; no file of it
    table logs.errors: remove: from the catalog, with its partitions; no file of it
    table logs.rejects: remove: from the catalog, with its partitions; no file of it
    database logs: remove: from the Glue catalog
    lifecycle rule my-log-bucket: emrys/web-logs/source/c8f880159208: remove: objects under `application-logs/`: to GLACIER after 30 days, deleted after 100 days
    lifecycle rule my-log-bucket: emrys/web-logs/uploads/2da497fadcaf: remove: objects under `processed-logs/`: unfinished uploads removed after 7 days
    alarm emrys/web-logs/no-success: remove: fires after 26 hours without a success, and tells nobody
    > the table logs.processed_logs is removed from the catalog; its files stay
    > the table logs.endpoints is removed from the catalog; its files stay
    > the table logs.latency is removed from the catalog; its files stay
    > the table logs.traffic is removed from the catalog; its files stay
    > the table logs.errors is removed from the catalog; its files stay
    > the table logs.rejects is removed from the catalog; its files stay
    > the database logs is removed
    > the bucket my-log-bucket has no lifecycle rule any more
    > the alarm emrys/web-logs/no-success is deleted
    note: the next run of the pipeline writes its alarm again
    "#);
    let gone = done(&spec, standing, &end);
    assert_eq!((&gone.alarm, &gone.catalog), (&None, &Some(FoundCatalog::default())));
    assert!(plan(&spec, &gone, Goal::Destroy).has_nothing_to_do());
}

#[test]
fn a_change_by_hand_and_a_change_of_the_configuration_are_told_apart() {
    let spec = spec_and(TABLES);
    let standing = done(&spec, nothing(), &plan(&spec, &nothing(), Goal::Setup));
    let mut touched = standing.clone();
    touched.buckets.get_mut("my-log-bucket").unwrap().rules[0].status = "Disabled".to_owned();
    touched.alarm.as_mut().unwrap()[5].1 = "60".to_owned();
    insta::assert_snapshot!(told(&plan(&spec, &touched, Goal::Setup)), @r#"
    database logs: leave 
    table logs.processed_logs: leave 
    table logs.endpoints: leave 
    table logs.latency: leave 
    table logs.traffic: leave 
    table logs.errors: leave 
    table logs.rejects: leave 
    lifecycle rule my-log-bucket: emrys/web-logs/source/c8f880159208: update (drifted: Some(true)): status: Disabled -> Enabled
    lifecycle rule my-log-bucket: emrys/web-logs/uploads/2da497fadcaf: leave 
    alarm emrys/web-logs/no-success: update (drifted: Some(true)): period seconds: 60 -> 3600
    > the lifecycle rules of the bucket my-log-bucket are written, and read back
    > the alarm emrys/web-logs/no-success is written
    note: objects under 128 KB do not move to GLACIER unless the bucket says otherwise (TransitionDefaultMinimumObjectSize)
    note: a day can be run again from its raw logs until they are 30 days old; after that they have to be restored from GLACIER first
    note: raw logs are deleted 70 days after they moved to GLACIER, and S3 bills 90 days there at least
    "#);
    let later = spec_and(&TABLES.replace("30", "40"));
    insta::assert_snapshot!(told(&plan(&later, &standing, Goal::Setup)), @r#"
    database logs: leave 
    table logs.processed_logs: leave 
    table logs.endpoints: leave 
    table logs.latency: leave 
    table logs.traffic: leave 
    table logs.errors: leave 
    table logs.rejects: leave 
    lifecycle rule my-log-bucket: emrys/web-logs/source/c8f880159208: update (drifted: Some(false)): to: GLACIER after 30 days -> GLACIER after 40 days
    lifecycle rule my-log-bucket: emrys/web-logs/uploads/2da497fadcaf: leave 
    alarm emrys/web-logs/no-success: leave 
    > the lifecycle rules of the bucket my-log-bucket are written, and read back
    note: objects under 128 KB do not move to GLACIER unless the bucket says otherwise (TransitionDefaultMinimumObjectSize)
    note: a day can be run again from its raw logs until they are 40 days old; after that they have to be restored from GLACIER first
    note: raw logs are deleted 60 days after they moved to GLACIER, and S3 bills 90 days there at least
    "#);
}

#[test]
fn an_obstacle_stops_everything() {
    let spec = spec_and(TABLES);
    let mut found = done(&spec, nothing(), &plan(&spec, &nothing(), Goal::Setup));
    found.alarm = None;
    let tables = &mut found.catalog.as_mut().unwrap().tables;
    tables[0].storage_descriptor.columns[0].kind = "string".to_owned();
    tables[1].parameters.clear();
    tables[2].storage_descriptor.columns.truncate(3);
    let theirs = Rule {
        id: Some("theirs".to_owned()),
        filter: Some(Filter::default()),
        status: "Enabled".to_owned(),
        expiration: Some(Expiration { days: Some(10), ..Expiration::default() }),
        ..Rule::default()
    };
    found.buckets.get_mut("my-log-bucket").unwrap().rules.push(theirs);
    let plan = plan(&spec, &found, Goal::Setup);
    assert!(plan.steps.is_empty());
    insta::assert_snapshot!(told(&plan), @r#"
    database logs: leave 
    table logs.latency: update (drifted: None): a column at the end: none -> status_code int; a column at the end: none -> bucket int; a column at the end: none -> requests bigint; a column at the end: none -> run string
    table logs.traffic: leave 
    table logs.errors: leave 
    table logs.rejects: leave 
    alarm emrys/web-logs/no-success: create: fires after 26 hours without a success, and tells nobody
    ! the table logs.processed_logs: it has `status_code string` where `status_code int` is expected; found (status_code string, requests bigint, total_response_time double, avg_response_time double, min_response_time double, max_response_time double, run string), wanted (status_code int, requests bigint, total_response_time double, avg_response_time double, min_response_time double, max_response_time double, run string)
    ! the table logs.endpoints: it was not made by Emrys
    ! the lifecycle rules of the bucket my-log-bucket: the rule `theirs`, which is not this pipeline's, moves or deletes objects under `application-logs/` too: all objects: deleted after 10 days
    note: the rule `theirs` of the bucket my-log-bucket, which is not this pipeline's, reaches the results in s3://my-log-bucket/processed-logs/: all objects: deleted after 10 days
    note: objects under 128 KB do not move to GLACIER unless the bucket says otherwise (TransitionDefaultMinimumObjectSize)
    note: a day can be run again from its raw logs until they are 30 days old; after that they have to be restored from GLACIER first
    note: raw logs are deleted 70 days after they moved to GLACIER, and S3 bills 90 days there at least
    "#);
}

#[test]
fn what_is_others_stays_when_all_is_destroyed() {
    let spec = spec_and(TABLES);
    let mut found = done(&spec, nothing(), &plan(&spec, &nothing(), Goal::Setup));
    let catalog = found.catalog.as_mut().unwrap();
    let sessions =
        Table { name: "sessions".to_owned(), parameters: BTreeMap::new(), ..catalog.tables[0].clone() };
    catalog.tables.push(sessions);
    catalog.tables[0].parameters.insert(crate::catalog::OWNER.to_owned(), "shop".to_owned());
    let end = plan(&spec, &found, Goal::Destroy);
    let left = done(&spec, found, &end).catalog.unwrap();
    assert_eq!(left.tables.len(), 2);
    assert!(left.database.is_some());
    assert!(told(&end).contains("database logs: leave it holds 2 tables of others"), "{}", told(&end));
}

#[test]
fn a_table_that_the_configuration_names_no_more_stays_until_all_is_destroyed() {
    let own = |tables: &str| {
        spec_and(&format!(
            "[job]\nscript = \"report.py\"\nargs = [\"{{output}}\"]\n[catalog]\ndatabase = \"logs\"\n{tables}"
        ))
    };
    let table = |name: &str| format!("[[catalog.tables]]\nname = \"{name}\"\ncolumns = {{ n = \"int\" }}\n");
    let before = own(&(table("one") + &table("two")));
    let standing = done(&before, nothing(), &plan(&before, &nothing(), Goal::Setup));
    let after = own(&table("one"));
    let again = plan(&after, &standing, Goal::Setup);
    assert!(again.steps.is_empty(), "{}", told(&again));
    assert!(
        told(&again).contains("table logs.two: leave the configuration names it no more"),
        "{}",
        told(&again)
    );
    let end = plan(&after, &standing, Goal::Destroy);
    assert_eq!(done(&after, standing, &end).catalog.unwrap().tables, []);
}
