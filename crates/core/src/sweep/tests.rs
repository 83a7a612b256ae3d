//! A cluster is an orphan only where the record proves it, and ours only where name and tags agree.

use jiff::SignedDuration;

use super::*;
use crate::cluster_request::run_job_flow;
use crate::names::TAG_MAX;
use crate::record::{Actor, CallError, ErrorClass};
use crate::run::testing::{Engine, Good, now};
use crate::testing;

const CLUSTER: &str = "j-1";

/// A run of which everything goes well, driven until this holds.
fn driven_until(spec: &Spec, done: impl Fn(&State) -> bool) -> Engine<'_> {
    let mut engine = Engine::new(spec);
    while !done(&engine.state) {
        engine.turn(&mut Good);
    }
    engine
}

fn is_launched(state: &State) -> bool {
    state.attempt().is_some_and(|attempt| attempt.cluster().is_some())
}

/// The cluster that the last intent of a run asks for, as EMR would show it.
fn cluster(engine: &Engine<'_>, id: &str) -> ClusterNote {
    let (intent, at) = engine
        .record
        .iter()
        .rev()
        .find_map(|recorded| match &recorded.event {
            Event::LaunchIntended(intent) => Some((intent.clone(), recorded.at)),
            _ => None,
        })
        .expect("a launch was intended");
    let inputs = &engine.state.attempts.last().expect("there is an attempt").inputs;
    let request = run_job_flow(engine.spec, engine.spec.job().unwrap(), &intent, inputs, at);
    let tag = |tag: &serde_json::Value| Some((tag["Key"].as_str()?.into(), tag["Value"].as_str()?.into()));
    ClusterNote {
        id: id.to_owned(),
        name: request["Name"].as_str().unwrap().to_owned(),
        state: ClusterState::Running,
        created_at: Some(at),
        tags: request["Tags"].as_array().unwrap().iter().filter_map(tag).collect(),
    }
}

fn standing(engine: &Engine<'_>, cluster: &ClusterNote, at: Timestamp) -> ClusterUsage {
    let label = by_name(engine.spec, &cluster.name).unwrap();
    by_tags(engine.spec, &label, &cluster.tags).unwrap();
    evaluate(cluster, &label, Some((&engine.state, &engine.record)), at)
}

#[test]
fn the_accepted_cluster_of_a_run_in_flight_is_live_until_its_deadline() {
    let spec = testing::spec();
    let engine = driven_until(&spec, is_launched);
    let id = &engine.state.attempt().unwrap().cluster().unwrap().id;
    let own = cluster(&engine, id);
    assert_eq!(standing(&engine, &own, engine.now), ClusterUsage::Live);
    let deadline: Timestamp = own.tags["emrys:deadline"].parse().unwrap();
    let before = deadline.checked_sub(SignedDuration::from_secs(1)).unwrap();
    assert_eq!(standing(&engine, &own, before), ClusterUsage::Live);
    assert_eq!(standing(&engine, &own, deadline), ClusterUsage::Orphan(Orphan::PastDeadline(deadline)));

    let duplicate = cluster(&engine, "j-2");
    let accepted = id.clone();
    assert_eq!(
        standing(&engine, &duplicate, engine.now),
        ClusterUsage::Orphan(Orphan::DuplicateCluster { accepted })
    );
    let ending = ClusterNote { state: ClusterState::Terminating, ..duplicate };
    assert_eq!(standing(&engine, &ending, engine.now), ClusterUsage::Ending);
}

#[test]
fn a_cluster_of_a_launch_that_is_not_settled_is_awaited_and_of_one_that_is_settled_without_it_no_more() {
    let spec = testing::spec();
    let mut engine = driven_until(&spec, |state| state.attempt().is_some_and(|a| a.unstaged.is_empty()));
    let Some(attempt) = engine.state.attempt() else { panic!("an attempt is at hand") };
    let intent = crate::record::LaunchIntent {
        attempt: attempt.number,
        nonce: "00c0ffee00c0ffee".to_owned(),
        choice: crate::record::Choice::default(),
    };
    engine.append(Event::LaunchIntended(intent));
    engine.append(Event::LaunchUnclear { why: "the connection broke".to_owned() });
    let unreconciled = cluster(&engine, CLUSTER);
    assert_eq!(standing(&engine, &unreconciled, engine.now), ClusterUsage::Awaited);

    // "Rate exceeded", and the cluster was made all the same.
    let error = CallError { class: ErrorClass::Throttled, code: String::new(), message: String::new() };
    engine.append(Event::LaunchRefused { error });
    assert_eq!(standing(&engine, &unreconciled, engine.now), ClusterUsage::Orphan(Orphan::GivenUp));
}

#[test]
fn nothing_of_a_closed_run_is_needed_nor_what_no_record_knows() {
    let spec = testing::spec();
    let mut engine = driven_until(&spec, |state| state.closed.is_some());
    let left = cluster(&engine, CLUSTER);
    assert_eq!(standing(&engine, &left, engine.now), ClusterUsage::Orphan(Orphan::RunClosed));
    engine.append(Event::Reopened { by: Actor("ann".to_owned()) });
    assert_eq!(standing(&engine, &left, engine.now), ClusterUsage::Orphan(Orphan::GivenUp));

    let label = Label::read(&left.name).unwrap();
    assert_eq!(evaluate(&left, &label, None, now()), ClusterUsage::Orphan(Orphan::Unknown));
    let other = Label { nonce: "ffffffffffffffff".to_owned(), ..label };
    let record = Some((&engine.state, engine.record.as_slice()));
    assert_eq!(evaluate(&left, &other, record, now()), ClusterUsage::Orphan(Orphan::Unknown));
}

#[test]
fn a_cluster_is_ours_only_when_its_tags_say_what_its_name_says() {
    let spec = testing::spec();
    let engine = driven_until(&spec, is_launched);
    let own = cluster(&engine, CLUSTER);
    let label = by_name(&spec, &own.name).unwrap();
    assert_eq!(by_tags(&spec, &label, &own.tags), Ok(()));
    for key in ["emrys:launch", "emrys:pipeline", "emrys:day", "emrys:attempt"] {
        for wrong in [None, Some("other")] {
            let mut tags = own.tags.clone();
            tags.remove(key);
            tags.extend(wrong.map(|value| (key.to_owned(), value.to_owned())));
            assert_eq!(by_tags(&spec, &label, &tags), Err(Foreign::Tags(key)), "{key} {wrong:?}");
        }
    }
    let mut untold = own.tags.clone();
    untold.remove("emrys:state");
    assert_eq!(by_tags(&spec, &label, &untold), Err(Foreign::Tags("emrys:state")));
    // The same pipeline, deployed twice.
    let staging = testing::spec_with(&[("s3://my-log-bucket/emrys/", "s3://staging/emrys/")]);
    let state = "s3://my-log-bucket/emrys/".to_owned();
    assert_eq!(by_tags(&staging, &label, &own.tags), Err(Foreign::State(state)));
}

#[test]
fn only_a_name_that_emrys_gives_is_one_of_ours() {
    let spec = testing::spec();
    let good = "emrys/web-logs/2024-10-20/a2/00c0ffee00c0ffee";
    assert_eq!(by_name(&spec, good).unwrap().attempt, 2);
    let other = by_name(&spec, "emrys/other/2024-10-20/a2/00c0ffee00c0ffee");
    assert_eq!(other, Err(Foreign::Pipeline("other".to_owned())));
    for bad in [
        "emrys",
        "emrys/",
        "emrys/web-logs",
        "emrys/web-logs/today/a2/00c0ffee00c0ffee",
        "emrys/web-logs/2024-10-20/2/00c0ffee00c0ffee",
        "emrys/web-logs/2024-10-20/a2/nightly",
        "emrys/web-logs/2024-10-20/a2/00c0ffee00c0ffee/more",
        "nightly emrys/web-logs/2024-10-20/a2/00c0ffee00c0ffee",
    ] {
        assert_eq!(by_name(&spec, bad), Err(Foreign::Name), "{bad}");
    }
}

#[test]
fn an_address_that_a_tag_cannot_hold_stands_there_as_its_hash() {
    let tag = |text: &str| state_tag(&text.parse().unwrap());
    assert_eq!(tag("s3://bucket/emrys/"), "s3://bucket/emrys/");
    assert!(tag("s3://bucket/größe/").starts_with("sha256:"));
    assert!(tag(&format!("s3://bucket/{}/", "x".repeat(300))).len() <= TAG_MAX);
}

/// A guard as one stands for the cluster, in the hand of Scheduler.
fn guard(engine: &Engine<'_>, cluster: &ClusterNote) -> GuardNote {
    GuardNote {
        name: by_name(engine.spec, &cluster.name).unwrap().nonce,
        created_at: None,
        due: String::new(),
        cluster: Some(cluster.id.clone()),
    }
}

fn guard_standing(engine: &Engine<'_>, guard: &GuardNote, cluster: &ClusterNote) -> ClusterUsage {
    let label = by_name(engine.spec, &cluster.name).unwrap();
    evaluate_guard(guard, &label, cluster, standing(engine, cluster, engine.now))
}

#[test]
fn a_guard_is_an_orphan_with_its_cluster_and_after_it_but_never_while_its_run_is_in_flight() {
    let spec = testing::spec();
    let engine = driven_until(&spec, is_launched);
    let id = &engine.state.attempt().unwrap().cluster().unwrap().id;
    let own = cluster(&engine, id);
    assert_eq!(guard_standing(&engine, &guard(&engine, &own), &own), ClusterUsage::Live);
    // Whoever drives the run removes it.
    let gone = ClusterNote { state: ClusterState::Terminated, ..own.clone() };
    assert_eq!(guard_standing(&engine, &guard(&engine, &gone), &gone), ClusterUsage::Live);

    let engine = driven_until(&spec, |state| state.closed.is_some());
    let left = ClusterNote { state: ClusterState::Running, ..cluster(&engine, id) };
    let kept = guard(&engine, &left);
    assert_eq!(guard_standing(&engine, &kept, &left), ClusterUsage::Orphan(Orphan::ClusterOrphan));
    let gone = ClusterNote { state: ClusterState::Terminated, ..left };
    assert_eq!(guard_standing(&engine, &kept, &gone), ClusterUsage::Orphan(Orphan::ClusterGone));
}

#[test]
fn only_a_schedule_that_is_named_by_the_launch_of_its_one_cluster_is_a_guard() {
    let spec = testing::spec();
    let engine = driven_until(&spec, |state| state.closed.is_some());
    let gone = ClusterNote { state: ClusterState::Terminated, ..cluster(&engine, CLUSTER) };
    let own = guard(&engine, &gone);
    assert_eq!(by_form(&own), Ok(CLUSTER));
    for foreign in
        [GuardNote { name: "nightly".to_owned(), ..own.clone() }, GuardNote { cluster: None, ..own.clone() }]
    {
        assert_eq!(by_form(&foreign), Err(Foreign::Schedule));
    }
    let other = GuardNote { name: "ffffffffffffffff".to_owned(), ..own };
    assert_eq!(guard_standing(&engine, &other, &gone), ClusterUsage::Foreign(Foreign::Schedule));
}
