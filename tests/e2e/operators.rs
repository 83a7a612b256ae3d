//! Watching, cancelling, unlocking and sweeping, beside a run and after it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{DAY, World, python};

const RUN: [&str; 4] = ["run", "--day", DAY, "--json"];
const OTHER_DAY: &str = "2024-10-21";

/// A world whose step takes so long.
fn world(step_ms: u64) -> World {
    let world = World::scripted("");
    world.script(step_ms, 0);
    world
}

/// Operations that change more than the record.
fn is_action(call: &Value) -> bool {
    let operation = call["operation"].as_str().unwrap();
    ["RunJobFlow", "TerminateJobFlows", "PutMetricData", "PutMetricAlarm"].contains(&operation)
        || operation == "PutObject" && call["outcome"] == "ok"
}

#[test]
fn attach_reads_along_while_another_drives_and_ends_as_the_run_does() {
    let world = world(1_500);
    let mut driver = world.start(&RUN);
    driver.wait_for("RUNNING");
    let mut second = world.start(&["attach", DAY, "--json", "--log-format", "json"]);
    second.wait_for("its record is read along");
    let report = driver.end().expect(0).json();
    let read_along = second.end().expect(0);
    for name in ["outcome", "attempt", "cluster_id", "output", "rows_read"] {
        assert_eq!(read_along.json()[name], report[name], "{name}");
    }
    let records: Vec<Value> =
        read_along.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told = |kind: &str| records.iter().any(|record| record["event"]["type"] == kind);
    assert!(told("cluster_state_changed") && told("verified"), "{}", read_along.stderr);
    assert_eq!(world.calls("RunJobFlow").len(), 1);
}

#[test]
fn attach_takes_over_from_a_driver_that_dies_and_ctrl_c_only_detaches_it() {
    let world = world(3_000);
    let mut driver = world.start(&RUN);
    driver.wait_for("RUNNING");
    let mut detached = world.start(&["attach", DAY]);
    detached.wait_for("its record is read along");
    detached.signal("INT");
    let detached = detached.end().expect(5);
    assert!(detached.stderr.contains(&format!("attach {DAY}")), "{}", detached.stderr);

    let mut second = world.start(&["attach", DAY, "--json"]);
    second.wait_for("its record is read along");
    driver.signal("KILL");
    driver.end();
    let report = second.end().expect(0).json();
    assert_eq!((&report["outcome"], &report["attempt"]), (&json!("succeeded"), &json!(1)));
    assert_eq!(world.calls("RunJobFlow").len(), 1);
    assert_eq!(world.calls("TerminateJobFlows").len(), 0);
}

#[test]
fn a_detached_run_goes_on_by_itself_and_attach_checks_and_reports_it() {
    let world = world(300);
    let detached = world.emrys(&["run", "--day", DAY, "--detach", "--json"]).expect(0).json();
    assert_eq!((&detached["detached"], &detached["outcome"]), (&json!(true), &Value::Null));
    assert!(detached["cluster_id"].is_string(), "{detached}");
    let status = world.emrys(&["status", DAY]).expect(0).stdout;
    assert!(status.contains("nobody"), "{status}");
    // A second one finds the cluster launched, and leaves it as well.
    world.emrys(&["run", "--day", DAY, "--detach"]).expect(0);

    let report = world.emrys(&["attach", DAY, "--json"]).expect(0).json();
    assert_eq!((&report["outcome"], &report["attempt"]), (&json!("succeeded"), &json!(1)));
    assert_eq!(report["cluster_id"], detached["cluster_id"]);
    // Attached to again it only tells the end.
    let calls = world.journal().len();
    let again = world.emrys(&["attach", DAY, "--json"]).expect(0).json();
    assert_eq!(again, report);
    assert!(!world.journal()[calls..].iter().any(is_action));
    assert_eq!(world.calls("RunJobFlow").len(), 1);
    world.assert_nothing_is_left();
}

#[test]
fn a_cancel_from_another_process_reaches_the_driver() {
    let world = world(600_000);
    let mut driver = world.start(&RUN);
    driver.wait_for("RUNNING");
    let asked = world.emrys(&["cancel", DAY, "--json"]).expect(0).json();
    assert_eq!((&asked["cancel"], &asked["driven_by"]["pid"]), (&json!("asked"), &json!(driver.id())));
    let report = driver.end().expect(1).json();
    assert_eq!(report["outcome"], "cancelled");
    let over = world.emrys(&["cancel", DAY]).expect(0).stdout;
    assert!(over.contains("nothing to cancel"), "{over}");
    world.assert_nothing_is_left();
}

#[test]
fn a_cancel_of_a_run_that_nobody_drives_is_carried_out_at_once_or_by_the_next_who_comes() {
    let world = world(600_000);
    world.emrys(&["run", "--day", DAY, "--detach"]).expect(0);
    let done = world.emrys(&["cancel", DAY, "--json"]).expect(0).json();
    assert_eq!((&done["cancel"], &done["outcome"]), (&json!("carried_out"), &json!("cancelled")));
    world.assert_nothing_is_left();

    world.emrys(&["run", "--day", DAY, "--detach"]).expect(0);
    let asked = world.emrys(&["cancel", DAY, "--no-wait", "--json"]).expect(0).json();
    assert_eq!((&asked["cancel"], &asked["driven_by"]), (&json!("asked"), &Value::Null));
    let report = world.run().expect(1).json();
    assert_eq!((&report["attempt"], &report["outcome"]), (&json!(2), &json!("cancelled")));
    world.assert_nothing_is_left();
}

#[test]
fn a_day_that_was_never_run_has_nothing_to_watch_cancel_or_unlock() {
    let world = world(0);
    for command in [&["attach", DAY][..], &["cancel", DAY], &["unlock", DAY, "--yes"], &["runs", DAY]] {
        let ended = world.emrys(&[command, &["--json"]].concat()).expect(2);
        assert_eq!(ended.json()["error"]["kind"], "not_run", "{command:?}");
    }
    let runs = world.emrys(&["runs", "--json"]).expect(0).json();
    assert_eq!(runs, json!({"pipeline": "web-logs", "runs": []}));
    assert!(!world.bucket().join("emrys").exists(), "nothing was written");
}

#[test]
fn runs_lists_the_days_and_what_happened_on_one() {
    let world = world(0);
    world.run().expect(0);
    world.script_anew(0, 1);
    world.put_log_of(OTHER_DAY, "access.log", "{}\n");
    world.emrys(&["run", "--day", OTHER_DAY]).expect(1);

    let runs = world.emrys(&["runs", "--json"]).expect(0).json();
    let short = |run: &Value| json!([run["day"], run["outcome"], run["attempts"], run["driven_by"]]);
    let short: Vec<Value> = runs["runs"].as_array().unwrap().iter().map(short).collect();
    assert_eq!(short, [json!([OTHER_DAY, "failed", 1, null]), json!([DAY, "succeeded", 1, null])]);
    let last = world.emrys(&["runs", "--last", "1", "--json"]).expect(0).json();
    assert_eq!(last["runs"].as_array().unwrap().len(), 1);

    let one = world.emrys(&["runs", DAY, "--json"]).expect(0).json();
    assert_eq!(one["attempts"][0]["result"], "succeeded", "{one}");
    let events = one["events"].as_array().unwrap();
    assert_eq!((&events[0]["event"]["type"], &events[0]["seq"]), (&json!("opened"), &json!(1)));
    assert_eq!(events.last().unwrap()["event"], json!({"type": "closed", "outcome": "succeeded"}));
    let text = world.emrys(&["runs", DAY]).expect(0).stdout;
    assert!(text.contains("the output is good") && text.contains("the run is over: succeeded"), "{text}");

    // A ledger that cannot be read hides none of the others.
    let ledger = world.bucket().join(format!("emrys/web-logs/{OTHER_DAY}/ledger.json"));
    std::fs::write(ledger, "{}").unwrap();
    let runs = world.emrys(&["runs", "--json"]).expect(0).json();
    assert!(runs["runs"][0]["error"].is_string() && runs["runs"][1]["error"].is_null(), "{runs}");
}

/// A process that is stopped looks alive, and holds its run for ever: only a person can know better.
#[test]
fn a_stopped_holder_loses_the_run_to_unlock_and_touches_nothing_when_it_wakes() {
    let world = world(2_000);
    let mut stopped = world.start(&RUN);
    stopped.wait_for("RUNNING");
    stopped.signal("STOP");
    world.run().expect(3);
    let ended = world.emrys(&["unlock", DAY, "--json"]).expect(2);
    assert_eq!(ended.json()["error"]["kind"], "usage");
    world.run().expect(3);

    let unlocked = world.emrys(&["unlock", DAY, "--yes", "--json"]).expect(0);
    assert_eq!(unlocked.json()["unlocked"], true);
    assert_eq!(unlocked.json()["holder"]["pid"], stopped.id());
    assert!(unlocked.stderr.contains("it is not stopped by this"), "{}", unlocked.stderr);
    let again = world.emrys(&["unlock", DAY, "--yes", "--json"]).expect(0).json();
    assert_eq!(again["unlocked"], false);

    let report = world.run().expect(0).json();
    assert_eq!((&report["outcome"], &report["attempt"]), (&json!("succeeded"), &json!(1)));
    let calls = world.journal().len();
    stopped.signal("CONT");
    let woken = stopped.end().expect(3);
    assert_eq!(woken.json()["error"]["kind"], "held", "{}", woken.stdout);
    let actions: Vec<Value> = world.journal().split_off(calls).into_iter().filter(is_action).collect();
    assert!(actions.is_empty(), "{actions:?}");
    let after = world.emrys(&["status", DAY, "--json"]).expect(0).json();
    assert_eq!(after["outcome"], "succeeded");
    assert_eq!(world.calls("RunJobFlow").len(), 1);
}

impl World {
    /// Launches a cluster as a stranger would, with tags of the stranger's choice.
    fn launch(&self, name: &str, tags: &[String]) -> String {
        let mut arguments = vec!["launch", name];
        arguments.extend(tags.iter().map(String::as_str));
        python("clusters.py", &arguments, &self.environment()).expect(0).stdout.trim().to_owned()
    }

    /// Launches an idle cluster that looks as if Emrys had launched it, with further tags.
    fn launch_like_emrys(&self, pipeline: &str, day: &str, nonce: &str, more: &[&str]) -> String {
        let mut tags = vec![
            format!("emrys:pipeline={pipeline}"),
            format!("emrys:day={day}"),
            "emrys:attempt=1".to_owned(),
            format!("emrys:launch={nonce}"),
        ];
        tags.extend(more.iter().map(|&tag| tag.to_owned()));
        self.launch(&format!("emrys/{pipeline}/{day}/a1/{nonce}"), &tags)
    }

    /// The nonce of the day's launch, as its cluster's name has it.
    fn nonce(&self, day: &str) -> String {
        let calls = self.calls("RunJobFlow");
        let names = calls.iter().map(|call| call["resource"].as_str().unwrap());
        let name =
            names.into_iter().find(|name| name.starts_with(&format!("emrys/web-logs/{day}/"))).unwrap();
        name.rsplit_once('/').unwrap().1.to_owned()
    }
}

/// A guard whose cluster is gone, one of a live run, one of an orphan that is up, and what is not ours.
#[test]
fn sweep_removes_exactly_the_guards_that_nobody_needs() {
    const GUARD: &str = "[guard]\nscheduler-role = \"arn:aws:iam::123456789012:role/emrys-guard\"\n";
    let world = World::scripted(GUARD);
    world.script(0, 0);
    let over = world.run().expect(0).json();
    world.script_anew(600_000, 0);
    world.put_log_of(OTHER_DAY, "access.log", "{}\n");
    let live = world.emrys(&["run", "--day", OTHER_DAY, "--detach", "--json"]).expect(0).json();
    let state = "emrys:state=s3://my-log-bucket/emrys/";
    let unknown = world.launch_like_emrys("web-logs", DAY, "00000000000000aa", &[state]);
    let other = world.launch_like_emrys("other", DAY, "00000000000000cc", &[]);

    let make = |group: &str, name: &str, cluster: &str| {
        python("schedules.py", &["make", group, name, cluster], &world.environment()).expect(0);
    };
    let (gone, alive) = (world.nonce(DAY), world.nonce(OTHER_DAY));
    // Its run could not remove it.
    make("emrys", &gone, over["cluster_id"].as_str().unwrap());
    make("emrys", "00000000000000aa", &unknown);
    let foreign = [("00000000000000cc", &*other), ("nightly", &unknown), ("00000000000000dd", &unknown)];
    for (name, cluster) in foreign {
        make("emrys", name, cluster);
    }
    make("emrys", "00000000000000ee", "j-NOBODYKNOWS");
    make("somebody", &gone, over["cluster_id"].as_str().unwrap());

    let seen = world.emrys(&["sweep", "--json"]).expect(0).json();
    let short = |list: &str| -> BTreeSet<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let list = seen["guards"][list].as_array().unwrap().iter();
        list.map(|guard| (text(&guard["name"]), text(&guard["usage"]) + &text(&guard["reason"]))).collect()
    };
    let pairs = |pairs: &[(&str, &str)]| pairs.iter().map(|&(a, b)| (a.to_owned(), b.to_owned())).collect();
    let orphans: BTreeSet<_> =
        pairs(&[(&gone, "orphancluster_gone"), ("00000000000000aa", "orphancluster_orphan")]);
    assert_eq!(short("orphans"), orphans, "{seen:#}");
    let alone: BTreeSet<_> = pairs(&[
        (&alive, "live"),
        ("00000000000000cc", "foreignpipeline"),
        ("nightly", "foreignschedule"),
        ("00000000000000dd", "foreignschedule"),
        ("00000000000000ee", "unclear"),
    ]);
    assert_eq!(short("left_alone"), alone, "{seen:#}");

    let text = world.emrys(&["sweep"]).expect(0).stdout;
    assert!(text.contains("2 orphaned guards") && text.contains("its cluster is gone"), "{text}");
    let ended = world.emrys(&["sweep", "--terminate", "--yes", "--json"]).expect(0).json();
    let removed = ended["guards"]["orphans"].as_array().unwrap();
    assert!(removed.iter().all(|guard| guard["removed"] == true), "{ended:#}");
    let left = python("schedules.py", &["list"], &world.environment()).expect(0).json();
    let left = left.as_array().unwrap().iter();
    let left: BTreeSet<_> = left
        .map(|schedule| (&schedule["GroupName"], &schedule["Name"]))
        .map(|(group, name)| (group.as_str().unwrap().to_owned(), name.as_str().unwrap().to_owned()))
        .collect();
    let emrys = alone.into_iter().map(|(name, _)| ("emrys".to_owned(), name));
    assert_eq!(left, emrys.chain([("somebody".to_owned(), gone)]).collect());
    let states = world.cluster_states();
    assert!(!states[live["cluster_id"].as_str().unwrap()].starts_with("TERMINAT"), "{states:?}");
    world.emrys(&["cancel", OTHER_DAY]).expect(0);
}

fn ids(list: &Value) -> BTreeSet<String> {
    let clusters = list.as_array().unwrap().iter();
    clusters.map(|cluster| cluster["cluster_id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn sweep_finds_exactly_the_orphans_and_ends_exactly_those() {
    const STATE: &str = "emrys:state=s3://my-log-bucket/emrys/";
    let world = world(0);
    world.run().expect(0);
    world.script_anew(600_000, 0);
    world.put_log_of(OTHER_DAY, "access.log", "{}\n");
    let live = world.emrys(&["run", "--day", OTHER_DAY, "--detach", "--json"]).expect(0).json();
    let live = live["cluster_id"].as_str().unwrap().to_owned();

    let (over, running) = (world.nonce(DAY), world.nonce(OTHER_DAY));
    let past = "emrys:deadline=2024-10-22T00:00:00Z";
    let orphans = [
        ("run_closed", world.launch_like_emrys("web-logs", DAY, &over, &[STATE])),
        ("duplicate", world.launch_like_emrys("web-logs", OTHER_DAY, &running, &[STATE])),
        ("unknown", world.launch_like_emrys("web-logs", DAY, "00000000000000aa", &[STATE])),
        ("unknown", world.launch_like_emrys("web-logs", "2024-01-01", "00000000000000bb", &[STATE])),
        ("past_deadline", world.launch_like_emrys("web-logs", OTHER_DAY, &running, &[STATE, past])),
    ];
    let foreign = [
        ("pipeline", world.launch_like_emrys("other", DAY, "00000000000000cc", &[past])),
        (
            "state",
            world.launch_like_emrys("web-logs", DAY, &over, &["emrys:state=s3://staging/emrys/", past]),
        ),
        ("tags", world.launch(&format!("emrys/web-logs/{DAY}/a1/{over}"), &[])),
        ("tags", world.launch_like_emrys("web-logs", DAY, "00000000000000dd", &[past])),
        ("name", world.launch("emrys/nightly", &[format!("emrys:launch={over}")])),
    ];
    let stranger = world.launch("nightly-etl", &[]);

    let calls = world.journal().len();
    let seen = world.emrys(&["sweep", "--json"]).expect(0).json();
    assert!(!world.journal()[calls..].iter().any(is_action), "without --terminate it only observes");
    let wanted: BTreeSet<String> = orphans.iter().map(|(_, id)| id.clone()).collect();
    assert_eq!(ids(&seen["orphans"]), wanted, "{seen:#}");
    let all = seen["orphans"].as_array().unwrap().iter().chain(seen["left_alone"].as_array().unwrap());
    for cluster in all.filter(|cluster| cluster["cluster_id"] != live.as_str()) {
        let id = cluster["cluster_id"].as_str().unwrap();
        let (reason, _) = orphans.iter().chain(&foreign).find(|(_, known)| known == id).unwrap();
        assert_eq!(cluster["reason"], *reason, "{cluster}");
    }
    let alone: BTreeSet<String> = foreign.iter().map(|(_, id)| id.clone()).chain([live.clone()]).collect();
    assert_eq!(ids(&seen["left_alone"]), alone);

    // Nobody can be asked, so nothing is ended.
    world.emrys(&["sweep", "--terminate"]).expect(2);
    assert!(world.calls("TerminateJobFlows").is_empty());
    let ended = world.emrys(&["sweep", "--terminate", "--yes", "--json"]).expect(0).json();
    assert!(
        ended["orphans"].as_array().unwrap().iter().all(|orphan| orphan["terminated"] == true),
        "{ended}"
    );
    let states = world.cluster_states();
    for id in &wanted {
        assert!(states[id].starts_with("TERMINAT"), "{id} {states:?}");
    }
    for id in alone.iter().chain([&stranger]) {
        assert!(!states[id].starts_with("TERMINAT"), "{id} {states:?}");
    }
    let text = world.emrys(&["sweep"]).expect(0).stdout;
    assert!(text.contains("no orphans") && text.contains(&live), "{text}");
    world.emrys(&["cancel", OTHER_DAY]).expect(0);
    world.assert_journal_is_valid();
}
