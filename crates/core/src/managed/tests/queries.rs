//! Workgroup and named queries.

use super::*;
use crate::managed::queries::{FoundNamed, FoundQueries, FoundWorkgroup, Workgroup};

const CATALOG: &str = "[catalog]\ndatabase = \"logs\"\nscan-limit-gigabytes = 100\n";

/// What is there once a step is done.
pub(super) fn done(spec: &Spec, found: &mut FoundQueries, step: Step) {
    let owned = |workgroup: Box<Workgroup>| FoundWorkgroup {
        owner: Some(spec.pipeline().to_owned()),
        workgroup: *workgroup,
    };
    match step {
        Step::CreateWorkgroup { workgroup } => {
            assert_eq!(found.workgroup, None);
            found.workgroup = Some(owned(workgroup));
        }
        Step::UpdateWorkgroup { workgroup } => found.workgroup = Some(owned(workgroup)),
        Step::DeleteWorkgroup { .. } => {
            assert!(found.named.is_empty(), "nothing of others goes with it");
            found.workgroup = None;
        }
        Step::CreateNamedQuery { query } => {
            let id = format!("id of {}", query.name);
            found.named.push(FoundNamed { id, query: *query });
        }
        Step::UpdateNamedQuery { id, query } => {
            let same = found.named.iter_mut().find(|found| found.id == id).unwrap();
            assert_eq!(same.query.database, query.database, "Athena does not change it");
            same.query = *query;
        }
        Step::DeleteNamedQuery { id, .. } => found.named.retain(|found| found.id != id),
        other => unreachable!("{other}"),
    }
}

/// The items and steps that are about queries.
fn about_queries(plan: &Plan) -> String {
    let about = ["workgroup", "named query", "> the workgroup", "> the named query", "note: the scan"];
    let told = told(plan);
    told.lines()
        .filter(|line| about.iter().any(|words| line.starts_with(words)))
        .collect::<Vec<_>>()
        .join("\n")
}

fn nothing() -> Found {
    Found {
        catalog: Some(FoundCatalog::default()),
        queries: Some(FoundQueries::default()),
        ..Found::default()
    }
}

fn standing(spec: &Spec) -> Found {
    super::done(spec, nothing(), &plan(spec, &nothing(), Goal::Setup))
}

fn queries(found: &mut Found) -> &mut FoundQueries {
    found.queries.as_mut().unwrap()
}

#[test]
fn they_are_made_once_and_removed_again() {
    let spec = spec_and(CATALOG);
    let first = plan(&spec, &nothing(), Goal::Setup);
    insta::assert_snapshot!(about_queries(&first));
    let standing = standing(&spec);
    let second = plan(&spec, &standing, Goal::Setup);
    assert!(second.has_nothing_to_do(), "{}", told(&second));
    let end = plan(&spec, &standing, Goal::Destroy);
    assert!(about_queries(&end).contains("workgroup emrys: remove: with the history of its queries"));
    let gone = super::done(&spec, standing, &end);
    assert_eq!(gone.queries, Some(FoundQueries::default()));
    assert!(plan(&spec, &gone, Goal::Destroy).has_nothing_to_do());
}

#[test]
fn what_somebody_changed_is_told_apart_from_what_the_file_changed() {
    let spec = spec_and(CATALOG);
    let mut touched = standing(&spec);
    let found = queries(&mut touched);
    let workgroup = &mut found.workgroup.as_mut().unwrap().workgroup;
    workgroup.scan_limit_bytes = None;
    workgroup.is_enforced = false;
    found.named[7].query.statement = "SELECT 1".to_owned();
    insta::assert_snapshot!(about_queries(&plan(&spec, &touched, Goal::Setup)));

    let later = spec_and(&CATALOG.replace("100", "200"));
    let told = about_queries(&plan(&later, &standing(&spec), Goal::Setup));
    assert!(
        told.starts_with("workgroup emrys: update (drifted: Some(false)): description: ")
            && told.contains("scan limit: 100 GB -> 200 GB"),
        "{told}"
    );
}

#[test]
fn another_database_makes_the_named_queries_anew() {
    let standing = standing(&spec_and(CATALOG));
    let other = spec_and(&CATALOG.replace("\"logs\"", "\"other\""));
    let planned = plan(&other, &standing, Goal::Setup);
    let made = planned.steps.iter().filter(|step| matches!(step, Step::CreateNamedQuery { .. })).count();
    let gone = planned.steps.iter().filter(|step| matches!(step, Step::DeleteNamedQuery { .. })).count();
    assert_eq!((made, gone), (8, 8), "{}", told(&planned));
    let after = super::done(&other, standing, &planned);
    assert!(!about_queries(&plan(&other, &after, Goal::Setup)).contains('>'));
}

#[test]
fn a_workgroup_of_others_is_used_and_left() {
    let spec = spec_and(CATALOG);
    for (name, owner) in [("emrys", Some("shop")), ("emrys", None), ("primary", None)] {
        let spec = spec_and(&format!("{CATALOG}workgroup = \"{name}\"\n"));
        let mut found = standing(&spec_and(CATALOG));
        let workgroup = queries(&mut found).workgroup.as_mut().unwrap();
        workgroup.owner = owner.map(str::to_owned);
        workgroup.workgroup.name = name.to_owned();
        workgroup.workgroup.scan_limit_bytes = None;
        let setup = plan(&spec, &found, Goal::Setup);
        assert!(about_queries(&setup).contains(": used, and left as it is"), "{}", told(&setup));
        assert!(setup.notes[0].contains("is none, whatever"), "{}", told(&setup));
        let end = plan(&spec, &found, Goal::Destroy);
        assert!(end.steps.iter().all(|step| !matches!(step, Step::DeleteWorkgroup { .. })), "{}", told(&end));
        let left = super::done(&spec, found, &end).queries.unwrap();
        assert_eq!((left.named.len(), left.workgroup.is_some()), (0, true), "the queries are ours");
    }
    // Even where the tag says that it is this pipeline's.
    let primary = spec_and(&format!("{CATALOG}workgroup = \"primary\"\n"));
    let mut found = standing(&spec);
    queries(&mut found).workgroup.as_mut().unwrap().workgroup.name = "primary".to_owned();
    let end = plan(&primary, &found, Goal::Destroy);
    assert!(end.steps.iter().all(|step| !matches!(step, Step::DeleteWorkgroup { .. })), "{}", told(&end));
}

#[test]
fn queries_of_others_stay_and_keep_their_workgroup() {
    let spec = spec_and(CATALOG);
    let mut found = standing(&spec);
    let names = ["their own", "emrys/shop/latency", "emrys/web-logs/by hand"];
    let theirs = names.map(|name| {
        let mut query = queries(&mut found).named[0].query.clone();
        query.name = name.to_owned();
        query.description = "no sign".to_owned();
        FoundNamed { id: name.to_owned(), query }
    });
    queries(&mut found).named.extend(theirs);
    assert!(plan(&spec, &found, Goal::Setup).has_nothing_to_do());
    let end = plan(&spec, &found, Goal::Destroy);
    assert!(about_queries(&end).contains("workgroup emrys: leave it holds 3 queries of others"));
    let left: Vec<String> =
        super::done(&spec, found, &end).queries.unwrap().named.into_iter().map(|found| found.id).collect();
    assert_eq!(left, names);

    let mut prepared = standing(&spec);
    queries(&mut prepared).prepared = 1;
    let end = plan(&spec, &prepared, Goal::Destroy);
    assert!(about_queries(&end).contains("workgroup emrys: leave it holds 1 query of others"));
}

#[test]
fn a_query_that_is_there_twice_or_that_no_version_knows_any_more_is_removed() {
    let spec = spec_and(CATALOG);
    let mut found = standing(&spec);
    let mut again = queries(&mut found).named[0].clone();
    again.id = "again".to_owned();
    let mut old = again.clone();
    (old.id, old.query.name) = ("old".to_owned(), "emrys/web-logs/old".to_owned());
    queries(&mut found).named.extend([again, old]);
    let planned = plan(&spec, &found, Goal::Setup);
    let gone: Vec<&str> = planned
        .steps
        .iter()
        .filter_map(|step| match step {
            Step::DeleteNamedQuery { id, .. } => Some(id.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(gone, ["again", "old"], "{}", told(&planned));
}
