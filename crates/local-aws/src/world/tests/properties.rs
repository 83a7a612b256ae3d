//! What holds for any run of calls, ends and times.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// Something that happens to a world.
#[derive(Clone, Debug)]
enum Event {
    Launch { keep_alive: bool, steps: usize, concurrency: usize, idle: Option<i64>, on_failure: &'static str },
    Add { cluster: usize },
    Cancel { cluster: usize, step: usize, force: bool },
    Terminate { cluster: usize },
    Protect { cluster: usize, protect: bool },
    End { which: usize, code: i32 },
    Put { value: f64, back: i64 },
    Alarm { evaluation_periods: i64, missing: &'static str },
    Schedule { cluster: usize, seconds: i64 },
    Restart,
}

fn event() -> impl Strategy<Value = Event> {
    let on_failure = prop::sample::select(vec!["TERMINATE_CLUSTER", "CANCEL_AND_WAIT", "CONTINUE"]);
    let missing = prop::sample::select(vec!["breaching", "notBreaching", "ignore", "missing"]);
    prop_oneof![
        4 => (any::<bool>(), 0..4_usize, 1..3_usize, prop::option::of(60..120_i64), on_failure).prop_map(
            |(keep_alive, steps, concurrency, idle, on_failure)| Event::Launch {
                keep_alive,
                steps,
                concurrency,
                idle,
                on_failure: if concurrency > 1 { "CONTINUE" } else { on_failure },
            }
        ),
        2 => (0..4_usize).prop_map(|cluster| Event::Add { cluster }),
        2 => (0..4_usize, 0..4_usize, any::<bool>())
            .prop_map(|(cluster, step, force)| Event::Cancel { cluster, step, force }),
        1 => (0..4_usize).prop_map(|cluster| Event::Terminate { cluster }),
        1 => (0..4_usize, any::<bool>()).prop_map(|(cluster, protect)| Event::Protect { cluster, protect }),
        8 => (0..4_usize, 0..2_i32).prop_map(|(which, code)| Event::End { which, code }),
        3 => (0..3_u8, 0..400_i64).prop_map(|(value, back)| Event::Put { value: f64::from(value), back }),
        2 => (1..4_i64, missing)
            .prop_map(|(evaluation_periods, missing)| Event::Alarm { evaluation_periods, missing }),
        2 => (0..4_usize, -10..300_i64)
            .prop_map(|(cluster, seconds)| Event::Schedule { cluster, seconds }),
        1 => Just(Event::Restart),
    ]
}

/// Runs the events, each after its pause, which is taken in `pieces`. Returns the world and the effects by step.
fn run(events: &[(u32, Event)], pieces: i64) -> (World, BTreeMap<String, Vec<String>>) {
    let mut harness = Harness::new();
    let mut clusters: Vec<String> = Vec::new();
    let mut ended = 0;
    for (pause, event) in events {
        let end = after(harness.now, SignedDuration::from_millis(i64::from(*pause)));
        for piece in 1..=pieces {
            let millis = i64::from(*pause) * piece / pieces - i64::from(*pause) * (piece - 1) / pieces;
            harness.pass_ms(millis);
            check(&harness.world);
        }
        assert_eq!(harness.now, end);
        apply(&mut harness, &mut clusters, &mut ended, event);
        check(&harness.world);
    }
    let mut effects: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for launch in &harness.started {
        effects.entry(launch.step_id.clone()).or_default().push("start".to_owned());
    }
    for (step, how) in &harness.stopped {
        effects.entry(step.clone()).or_default().push(format!("{how:?}"));
    }
    (harness.world, effects)
}

fn apply(harness: &mut Harness, clusters: &mut Vec<String>, ended: &mut usize, event: &Event) {
    let cluster = |index: usize| clusters.get(index % clusters.len().max(1)).cloned().unwrap_or_default();
    let call = match event {
        Event::Launch { keep_alive, steps, concurrency, idle, on_failure } => {
            let steps: Vec<Value> = (0..*steps).map(|n| step(&format!("s{n}"), on_failure)).collect();
            let mut asked = if *keep_alive { kept_alive(&steps) } else { request(&steps) };
            asked["StepConcurrencyLevel"] = json!(concurrency);
            if let Some(seconds) = idle {
                asked["AutoTerminationPolicy"] = json!({"IdleTimeout": seconds});
            }
            clusters.push(text(&harness.emr("RunJobFlow", asked)["JobFlowId"]));
            return;
        }
        Event::Add { cluster: c } => {
            ("AddJobFlowSteps", json!({"JobFlowId": cluster(*c), "Steps": [step("added", "CONTINUE")]}))
        }
        Event::Cancel { cluster: c, step, force } => {
            let id = cluster(*c);
            let known = harness.world.emr.clusters().find(|cluster| cluster.id == id);
            let Some(step) = known.and_then(|cluster| cluster.steps.get(*step)) else {
                return;
            };
            let option = if *force { "TERMINATE_PROCESS" } else { "SEND_INTERRUPT" };
            let input = json!({"ClusterId": id, "StepIds": [step.id], "StepCancellationOption": option});
            ("CancelSteps", input)
        }
        Event::Terminate { cluster: c } => ("TerminateJobFlows", json!({"JobFlowIds": [cluster(*c)]})),
        Event::Protect { cluster: c, protect } => (
            "SetTerminationProtection",
            json!({"JobFlowIds": [cluster(*c)], "TerminationProtected": protect}),
        ),
        Event::End { which, code } => {
            // Started steps end in any order; the same one may be told to end twice.
            let Some(launch) = harness.started.get((*ended + which) % harness.started.len().max(1)) else {
                return;
            };
            let (cluster, step) = (launch.cluster_id.clone(), launch.step_id.clone());
            *ended += 1;
            harness.exit(&cluster, &step, *code);
            return;
        }
        Event::Put { value, back } => {
            let at = seconds(harness.now).floor() - f64::from(i32::try_from(*back).unwrap());
            let data = json!([{"MetricName": "M", "Value": value, "Timestamp": at}]);
            harness.cloudwatch("PutMetricData", json!({"Namespace": "N", "MetricData": data}));
            return;
        }
        Event::Alarm { evaluation_periods, missing } => {
            let input = json!({"AlarmName": missing, "Namespace": "N", "MetricName": "M", "Statistic": "Maximum",
                "Period": 60, "EvaluationPeriods": evaluation_periods, "Threshold": 1.0,
                "ComparisonOperator": "LessThanThreshold", "TreatMissingData": missing});
            harness.cloudwatch("PutMetricAlarm", input);
            return;
        }
        Event::Schedule { cluster: c, seconds } => {
            let at =
                (harness.now + SignedDuration::from_secs(*seconds)).strftime("%Y-%m-%dT%H:%M:%S").to_string();
            let input = schedules::create(&format!("n{at}").replace(':', "-"), None, &at, &[&cluster(*c)]);
            // A name that is taken is an answer too.
            drop(harness.try_call(Service::Scheduler, "CreateSchedule", &input));
            return;
        }
        Event::Restart => {
            harness.world = serde_json::from_str(&serde_json::to_string(&harness.world).unwrap()).unwrap();
            harness.world.restarted(harness.now);
            harness.collect();
            return;
        }
    };
    // Refusals are answers too; illegal transitions would have panicked.
    drop(harness.try_call(Service::Emr, call.0, &call.1));
}

/// What must hold at any time.
fn check(world: &World) {
    for cluster in world.emr.clusters() {
        let ended = cluster.state.is_terminal();
        assert_eq!(ended, cluster.ended.is_some());
        assert!(cluster.running_steps() <= cluster.concurrency);
        if ended {
            assert!(cluster.steps.iter().all(|step| step.state.is_terminal()), "{}", cluster.id);
        }
        for step in &cluster.steps {
            assert_eq!(step.state.is_terminal(), step.ended.is_some());
            let times = [Some(step.created), step.started, step.ended];
            assert!(times.iter().flatten().is_sorted(), "{times:?}");
            assert!(cluster.ended.is_none_or(|end| step.ended.is_some_and(|at| at <= end)));
        }
        if cluster.state == emr::ClusterState::Waiting {
            assert!(cluster.keep_alive && cluster.active_steps() == 0 && cluster.idle_since.is_some());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    /// One long step of time equals many short ones: nothing depends on how often anybody looked.
    #[test]
    fn one_long_step_of_time_equals_many_short_ones(
        events in prop::collection::vec((0..200_000_u32, event()), 1..25),
    ) {
        let (long, effects) = run(&events, 1);
        let (short, more_effects) = run(&events, 13);
        prop_assert_eq!(effects, more_effects);
        prop_assert_eq!(long, short);
    }

    /// Every step that was started ends, and then every cluster that need not wait for steps is gone.
    #[test]
    fn everything_ends_when_its_steps_end(
        events in prop::collection::vec((0..5_000_u32, event()), 1..25),
    ) {
        let (mut world, _) = run(&events, 1);
        let mut now = world.clock;
        for _ in 0..400 {
            now = after(now, SignedDuration::from_secs(1));
            world.advance(now);
            let running: Vec<(String, String)> = world
                .emr
                .clusters()
                .flat_map(|cluster| cluster.steps.iter().map(move |step| (cluster, step)))
                .filter(|(_, step)| step.state.has_process())
                .map(|(cluster, step)| (cluster.id.clone(), step.id.clone()))
                .collect();
            for (cluster, step) in running {
                world.step_ended(&cluster, &step, StepEnd::exited(0), now);
            }
        }
        for cluster in world.emr.clusters() {
            let waits = cluster.keep_alive && cluster.idle_timeout.is_none();
            prop_assert!(cluster.state.is_terminal() || waits, "{:?}", cluster.state);
        }
    }
}
