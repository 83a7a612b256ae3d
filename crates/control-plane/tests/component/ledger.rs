//! The record of a day holds what happened, and does not grow with the time that it took.

use std::fmt::Write;

use emrys_control_plane::{How, Interrupts};
use emrys_core::run::Outcome;
use emrys_local_aws::world::{Pace, ScriptedStep, Scripts, WorldSettings};
use jiff::SignedDuration;

use crate::world::{Aws, good_step, run_spec, spec_and};

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
