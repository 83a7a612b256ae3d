//! A day from its plan to its end.

use emrys_control_plane::{Cancelling, How, Interrupt, Interrupts, cancel, plan, status};
use emrys_core::record::Outcome;
use emrys_local_aws::world::ScriptedStep;

use crate::world::{Aws, good_step, run, run_with, spec};

const STATE: &str = "emrys/web-logs/2024-10-20";

#[tokio::test(start_paused = true)]
async fn a_day_is_planned_run_and_told() {
    let world = Aws::new(good_step());
    let aws = world.connect(1).await;
    let spec = spec();

    let plan = plan(&aws, &spec).await.unwrap();
    let planned: Vec<_> = plan
        .calls
        .iter()
        .map(|call| (call.service.name().to_owned(), call.operation.to_owned(), call.resource.clone()))
        .collect();
    let operations: Vec<_> = planned.iter().map(|(_, operation, _)| operation.as_str()).collect();
    assert_eq!(operations, ["PutObject", "PutObject", "RunJobFlow", "PutMetricData", "PutMetricAlarm"]);
    let reads = ["Get", "Head", "List", "Describe"];
    for entry in world.journal() {
        assert!(
            reads.iter().any(|read| entry.operation.starts_with(read)),
            "a plan reads, and this: {entry:?}"
        );
    }

    let end = run(&aws, 1).await.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Succeeded), "{:#?}", end.report);
    assert_eq!(end.report.rows_read, Some(100));
    assert_eq!(end.report.rows_rejected, Some(1));
    assert_eq!(end.report.cluster_state.as_deref(), Some("TERMINATED"));
    // What changed AWS is what was planned, but for the run's own records.
    let changed = world.journal().into_iter().filter(|entry| {
        let is_record = entry.service == "s3" && entry.resource.contains(STATE);
        !is_record && !reads.iter().any(|read| entry.operation.starts_with(read))
    });
    // The plan does not know the nonce at the end of the cluster's name.
    let changed = changed.map(|entry| match (entry.operation.as_str(), entry.resource.rsplit_once('/')) {
        ("RunJobFlow", Some((name, _nonce))) => (entry.service, entry.operation, name.to_owned()),
        _ => (entry.service, entry.operation, entry.resource),
    });
    assert_eq!(changed.collect::<Vec<_>>(), planned);

    let told = status(&aws, &spec).await.unwrap().unwrap();
    assert_eq!(told.report, end.report);
    assert_eq!(told.driven_by, None, "the lease is given back");
    // What EMR said at the end is kept, word for word.
    let kept: serde_json::Value =
        serde_json::from_str(&world.object(&format!("{STATE}/attempt-1/cluster.json"))).unwrap();
    assert_eq!(kept["DescribeCluster"]["Cluster"]["Status"]["State"], "TERMINATED");
    assert_eq!(kept["ListSteps"][0]["Steps"][0]["Status"]["State"], "COMPLETED");
}

#[tokio::test(start_paused = true)]
async fn an_empty_day_launches_nothing() {
    let world = Aws::new(good_step());
    world.delete_input();
    let end = run(&world.connect(1).await, 1).await.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Empty));
    assert_eq!(world.done("RunJobFlow"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_fails_ends_the_run_with_the_lines_that_say_why() {
    let traceback = "Traceback (most recent call last):\n  File \"main.py\", line 3, in <module>\nValueError: no such day\n";
    let step = ScriptedStep { exit_code: 1, files: Vec::new(), stderr: traceback.to_owned(), ..good_step() };
    let world = Aws::new(step);
    let end = run(&world.connect(1).await, 1).await.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Failed));
    let diagnosis = end.report.diagnosis.unwrap();
    assert!(diagnosis.summary.contains("ValueError: no such day"), "{diagnosis:#?}");
    assert!(diagnosis.log.unwrap().ends_with("/stderr.gz"));
}

#[tokio::test(start_paused = true)]
async fn the_first_interrupt_ends_the_run_in_the_ordinary_way() {
    let world = Aws::new(good_step());
    let aws = world.connect(1).await;
    let (sender, mut interrupts) = Interrupts::channel();
    let canceller = async {
        tokio::time::sleep(std::time::Duration::from_mins(1)).await;
        sender.send(Interrupt::Cancel { by: "ann".to_owned() });
    };
    let (end, ()) = tokio::join!(run_with(&aws, 1, &mut interrupts), canceller);
    let end = end.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Cancelled));
    assert_eq!(end.report.cancelled_by.as_deref(), Some("ann"));
    assert_eq!((world.done("RunJobFlow"), world.done("TerminateJobFlows")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_run_goes_on_when_nobody_watches_and_is_picked_up_where_it_stands() {
    let world = Aws::new(good_step());
    let aws = world.connect(1).await;
    let (sender, mut interrupts) = Interrupts::channel();
    let leaver = async {
        tokio::time::sleep(std::time::Duration::from_mins(1)).await;
        sender.send(Interrupt::StopWatching);
    };
    let (end, ()) = tokio::join!(run_with(&aws, 1, &mut interrupts), leaver);
    assert_eq!(end.unwrap().how, How::StoppedWatching);
    let end = run(&aws, 2).await.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Succeeded));
    assert_eq!(world.done("RunJobFlow"), 1);
}

#[tokio::test(start_paused = true)]
async fn another_process_may_ask_for_the_end() {
    let world = Aws::new(good_step());
    let aws = world.connect(1).await;
    let spec = spec();
    assert_eq!(cancel(&aws, &spec, "ben").await.unwrap(), Cancelling::NothingToCancel);
    let asking = async {
        tokio::time::sleep(std::time::Duration::from_mins(1)).await;
        cancel(&aws, &spec, "ben").await.unwrap()
    };
    let (end, asked) = tokio::join!(run(&aws, 1), asking);
    assert_eq!(asked, Cancelling::Asked);
    let end = end.unwrap();
    assert_eq!(end.how, How::Closed(Outcome::Cancelled));
    assert_eq!(end.report.cancelled_by.as_deref(), Some("ben"));
    // The request was about that run, and not about the next one of the day.
    assert_eq!(run(&aws, 1).await.unwrap().how, How::Closed(Outcome::Succeeded));
}
