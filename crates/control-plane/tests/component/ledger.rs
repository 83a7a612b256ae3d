//! The record of a day holds what happened, and does not grow with the time that it took.

use std::fmt::Write;

use emrys_control_plane::{
    How, Interrupts, LedgerError, Stop, UnknownEvent, all_garbage, attach, cancel, clear, plan, status,
    survey, unlock,
};
use emrys_core::record::{Event, Outcome};
use emrys_core::sweep::ClusterUsage;
use emrys_local_aws::world::{Pace, ScriptedStep, Scripts, WorldSettings};
use jiff::SignedDuration;

use crate::world::{Aws, Fault, good_step, holder, run, run_spec, spec, spec_and};

const LEDGER: &str = "emrys/web-logs/2024-10-20/ledger.json";

/// What a day costs at most in the ledger, after three attempts.
const MOST: usize = 256 << 10;

/// Two attempts without capacity, and a third whose job fails after hours, with nine other steps beside it and as
/// much of a log as a diagnosis takes.
#[tokio::test(start_paused = true)]
async fn three_attempts_stay_small() {
    let frame = |number: u32| {
        format!("  File \"log_analysis/stage_{number}.py\", line {number}, in run\n    {}\n", "x".repeat(900))
    };
    let traceback: String = (0..60).map(frame).collect();
    let failing = ScriptedStep {
        duration_ms: 3 * 3_600_000,
        exit_code: 1,
        files: Vec::new(),
        stderr: format!("Traceback (most recent call last):\n{traceback}ValueError: {}\n", "y".repeat(3_000)),
        ..good_step()
    };
    let other = ScriptedStep { duration_ms: 60_000, ..ScriptedStep::default() };
    let message = "EC2 has insufficient capacity for m5.xlarge in the zone. ".repeat(20);
    let faults = ["/a1/", "/a2/"].map(|cluster| {
        serde_json::json!({
            "cluster": cluster, "at": "starting", "code": "VALIDATION_ERROR", "message": message,
            "error_code": "VALIDATION_ERROR_EC2_INSUFFICIENT_CAPACITY",
        })
    });
    let scripts = Scripts::read(&serde_json::json!({ "clusters": faults }).to_string()).unwrap();
    let scripts = Scripts { steps: vec![failing, other], ..scripts };
    let minutes = SignedDuration::from_mins;
    let pace =
        Pace { starting: minutes(8), bootstrapping: minutes(4), terminating: minutes(3), ..Pace::default() };
    let world = Aws::with(WorldSettings { scripts, pace, ..WorldSettings::default() });

    let mut more =
        String::from("[cluster.fleets.core]\ntypes = [\"m5.xlarge\", \"m5a.xlarge\", \"r5.xlarge\"]\n");
    for number in 1..10 {
        let when = if number < 5 { "before" } else { "after" };
        let _ = write!(
            more,
            "[[steps]]\nname = \"step-{number}\"\nkind = \"command\"\nargs = [\"true\"]\nwhen = \"{when}\"\n"
        );
    }
    let spec = spec_and(&more);
    let end = run_spec(&world.connect(1).await, &spec, 1, &mut Interrupts::none()).await.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Failed));
    assert_eq!((end.report.attempt, world.done("RunJobFlow")), (Some(3), 3));
    assert!(end.report.diagnosis.unwrap().summary.contains("ValueError"));
    let ledger = world.object(LEDGER);
    assert!(ledger.len() < MOST / 4, "{} bytes", ledger.len());
    // Hours of looking, and no event of it: only what changed.
    assert!(world.done("DescribeCluster") > 100);
    assert!(ledger.matches("\"seq\"").count() < 100);
    // What EMR said at the end of each is kept beside it.
    for attempt in 1..=3 {
        world.object(&format!("emrys/web-logs/2024-10-20/attempt-{attempt}/cluster.json"));
    }
}

/// The ledger as a later version goes on with it: an event of a type that nobody knows here, or a known one with more
/// in it. The format keeps its `readable-since`.
fn written_on(ledger: &str, event: &serde_json::Value) -> String {
    let mut document: serde_json::Value = serde_json::from_str(ledger).unwrap();
    document["format"]["version"] = 5.into();
    let events = document["events"].as_array_mut().unwrap();
    let (last, seq) = (events.last().unwrap().clone(), events.len() + 1);
    events.push(serde_json::json!({"seq": seq, "at": last["at"], "fence": last["fence"], "event": event}));
    document.to_string()
}

#[track_caller]
fn assert_too_new<T: std::fmt::Debug>(done: Result<T, Stop>, unknown: &UnknownEvent) {
    let stop = done.unwrap_err();
    let Stop::Ledger(LedgerError::TooNew { found: 5, unknown: Some(found), .. }) = &stop else {
        panic!("{stop:?}")
    };
    assert_eq!(found, unknown);
}

/// An older command beside a newer function: it shows what it knows, decides nothing by it, and writes nothing over it.
#[tokio::test(start_paused = true)]
async fn what_a_later_version_wrote_is_shown_and_left_as_it_is() {
    for event in [
        serde_json::json!({"type": "notification_intended", "id": "n-1", "of": "failed"}),
        serde_json::json!({"type": "closed", "outcome": "succeeded", "cost": 1.5}),
        serde_json::json!({"type": "action_finished", "effect": {"type": "notified", "id": "n-1"}}),
    ] {
        let world = Aws::new(good_step());
        let (aws, spec) = (world.connect(1).await, spec());
        // The run is in flight, and its cluster at work.
        tokio::time::timeout(std::time::Duration::from_mins(2), run(&aws, 1)).await.unwrap_err();
        let known = status(&aws, &spec).await.unwrap().unwrap();
        let later = written_on(&world.object(LEDGER), &event);
        world.put_object(LEDGER, &later);

        let unknown = UnknownEvent {
            seq: known.events.len() as u64 + 1,
            kind: event["type"].as_str().unwrap().to_owned(),
        };
        let shown = status(&aws, &spec).await.unwrap().unwrap();
        assert_eq!(shown.unknown.as_ref(), Some(&unknown));
        assert_eq!((&shown.events, &shown.state), (&known.events, &known.state));

        let (mut none, before) = (Interrupts::none(), world.requests());
        assert_too_new(run(&aws, 2).await, &unknown);
        assert_too_new(attach(&aws, &spec, &holder(2), &mut (), &mut none).await, &unknown);
        assert_too_new(clear(&aws, &spec, &holder(2), &mut (), &mut none).await, &unknown);
        assert_too_new(plan(&aws, &spec).await, &unknown);
        assert_too_new(cancel(&aws, &spec, "ann").await, &unknown);
        let (held_by, since) = shown.driven_by.unwrap();
        assert_too_new(unlock(&aws, &spec, &held_by, since).await, &unknown);
        // What it says of clusters and output may be overruled in what is not known.
        let swept = survey(&aws, &spec).await.unwrap();
        assert!(
            matches!(&swept[..], [swept] if matches!(swept.usage, ClusterUsage::Unclear(_))),
            "{swept:?}"
        );
        assert!(matches!(&all_garbage(&aws, &spec).await.unwrap()[..], [Err(_)]));
        assert!(world.requests() > before);
        assert_eq!(world.object(LEDGER), later);
    }
}

/// A process that has just launched finds that a later version took its run over, and has written what nobody knows
/// here: its cluster may be accepted there, and is left alone.
#[tokio::test(start_paused = true)]
async fn a_cluster_is_left_to_a_later_version_that_may_have_accepted_it() {
    let world = Aws::new(good_step());
    let (aws, spec) = (world.connect(1).await, spec());
    world.fault("ElasticMapReduce.RunJobFlow", Fault::Late(std::time::Duration::from_secs(5)));
    let overtaken = async {
        while world.sent("ElasticMapReduce.RunJobFlow") == 0 {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
        let notified = serde_json::json!({"type": "notification_intended", "id": "n-1"});
        world.put_object(LEDGER, &written_on(&world.object(LEDGER), &notified));
    };
    let (stopped, ()) = tokio::join!(run(&aws, 1), overtaken);
    assert!(matches!(stopped, Err(Stop::Lost { .. })), "{stopped:?}");
    assert_eq!((world.done("RunJobFlow"), world.done("TerminateJobFlows")), (1, 0));
    let shown = status(&aws, &spec).await.unwrap().unwrap();
    assert!(matches!(shown.events.last().unwrap().event, Event::LaunchIntended(_)));
}
