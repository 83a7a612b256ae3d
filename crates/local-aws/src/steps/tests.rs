//! Real processes and scripts as steps. Spark is in the end-to-end tests.

use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use tempfile::TempDir;

use super::*;
use crate::world::{LogFaults, ScriptedFile, ScriptedWork};

struct Bench {
    dir: TempDir,
    runner: Runner,
    ends: UnboundedReceiver<Finished>,
    store: Store,
}

async fn step_end(ends: &mut UnboundedReceiver<Finished>) -> StepEnd {
    match ends.recv().await.unwrap() {
        Finished::Step(ended) => ended.end,
        Finished::Query { id, .. } => panic!("no query was started, but {id} ended"),
    }
}

fn bench() -> Bench {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::directory(dir.path(), Clock::system()).unwrap();
    store.create_bucket("logs").unwrap();
    let (runner, ends) = Runner::new(config(dir.path(), &store));
    Bench { dir, runner, ends, store }
}

fn config(root: &Path, store: &Store) -> RunnerConfig {
    RunnerConfig {
        root: Some(root.to_owned()),
        store: store.clone(),
        endpoint_url: "http://127.0.0.1:1".to_owned(),
        region: "eu-west-1".to_owned(),
        access_key: "local".to_owned(),
        secret_key: "secret".to_owned(),
        clock: Clock::system(),
    }
}

fn launch(work: Work) -> StepLaunch {
    StepLaunch {
        cluster_id: "j-1".to_owned(),
        cluster_name: "emrys/web/2024-10-20/a1/n".to_owned(),
        step_id: "s-1".to_owned(),
        name: "step".to_owned(),
        work,
        log_uri: Some("s3://logs/emr".to_owned()),
        release_label: "emr-7.13.0".to_owned(),
        spark: false,
        spark_defaults: BTreeMap::new(),
        logs: LogFaults::default(),
        remarks: vec!["a remark of the world".to_owned()],
    }
}

fn sh(script: &str) -> Work {
    Work::Command { args: ["sh", "-c", script].map(str::to_owned).to_vec() }
}

impl Bench {
    async fn run(&mut self, work: Work) -> StepEnd {
        self.runner.execute(Effect::StartStep(Box::new(launch(work))));
        step_end(&mut self.ends).await
    }

    async fn log(&self, name: &str) -> String {
        let packed = self.store.read("logs", &format!("emr/j-1/steps/s-1/{name}.gz")).await.unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut MultiGzDecoder::new(packed.as_slice()), &mut text).unwrap();
        text
    }
}

#[tokio::test]
async fn a_command_runs_with_the_endpoint_in_its_environment_and_its_logs_are_kept() {
    let mut bench = bench();
    let end = bench.run(sh("echo $AWS_ENDPOINT_URL $AWS_REGION; echo oops >&2; exit 0")).await;
    assert_eq!(end, StepEnd::exited(0));
    assert_eq!(bench.log("stdout").await, "http://127.0.0.1:1 eu-west-1\n");
    assert_eq!(bench.log("stderr").await, "oops\n");
    let controller = bench.log("controller").await;
    assert!(controller.contains("WARN a remark of the world"), "{controller}");
    assert!(controller.contains("ended with exit code 0"), "{controller}");
}

#[tokio::test]
async fn a_failed_command_says_so_and_names_its_log() {
    let mut bench = bench();
    let end = bench.run(sh("echo 'ValueError: no rows' >&2; exit 3")).await;
    assert_eq!(end.exit, StepExit::Exited(3));
    let failure = end.failure.unwrap();
    assert_eq!(failure.message.as_deref(), Some("ValueError: no rows"));
    assert_eq!(failure.log_file.as_deref(), Some("s3://logs/emr/j-1/steps/s-1/stderr.gz"));
}

#[tokio::test]
async fn a_command_that_is_not_there_is_a_failure_of_the_step() {
    let mut bench = bench();
    let end = bench.run(Work::Command { args: vec!["no-such-program".to_owned()] }).await;
    assert!(matches!(&end.exit, StepExit::CouldNotStart(why) if why.contains("no-such-program")), "{end:?}");
}

#[tokio::test]
async fn ending_a_step_ends_its_whole_group() {
    let mut bench = bench();
    let told = bench.dir.path().join("child");
    // A child that does not listen to SIGTERM; its number is told once it runs.
    let script = format!("(trap '' TERM; echo started > {}; exec sleep 600) & wait", told.display());
    bench.runner.execute(Effect::StartStep(Box::new(launch(sh(&script)))));
    while !told.exists() {
        tokio::task::yield_now().await;
    }
    bench.runner.execute(Effect::KillStep {
        cluster_id: "j-1".to_owned(),
        step_id: "s-1".to_owned(),
        how: KillHow::Terminate,
    });
    assert_eq!(step_end(&mut bench.ends).await.exit, StepExit::Signalled(9));
    assert!(!bench.dir.path().join("work/j-1/s-1/process").exists());
}

#[tokio::test]
async fn a_script_of_script_runner_is_fetched_and_gets_its_arguments() {
    let mut bench = bench();
    bench.store.write("logs", "tools/hello.sh", b"echo hello $1\n".to_vec()).await.unwrap();
    let uri = "s3://logs/tools/hello.sh".to_owned();
    let end = bench.run(Work::Script { uri, args: vec!["you".to_owned()] }).await;
    assert_eq!(end, StepEnd::exited(0));
    assert_eq!(bench.log("stdout").await, "hello you\n");

    let end = bench.run(Work::Script { uri: "s3://logs/tools/none.sh".to_owned(), args: Vec::new() }).await;
    assert!(matches!(&end.exit, StepExit::CouldNotStart(why) if why.contains("none.sh")), "{end:?}");
}

#[tokio::test]
async fn a_cluster_without_spark_has_no_spark_submit() {
    let mut bench = bench();
    let end = bench
        .run(Work::Command { args: vec!["spark-submit".to_owned(), "s3://logs/job.py".to_owned()] })
        .await;
    assert_ne!(end.exit, StepExit::Exited(0));
    assert!(bench.log("controller").await.contains("do not include Spark"));
}

#[tokio::test(start_paused = true)]
async fn a_scripted_step_takes_its_time_and_writes_its_files() {
    let start = "2024-10-21T03:00:00Z".parse().unwrap();
    let clock = Clock::tokio(start);
    let store = Store::memory(clock.clone());
    store.create_bucket("logs").unwrap();
    let config = RunnerConfig { root: None, clock: clock.clone(), ..config(Path::new("."), &store) };
    let (runner, mut ends) = Runner::new(config);
    let work = ScriptedWork {
        duration_ms: 90_000,
        files: vec![ScriptedFile { uri: "s3://logs/out/manifest.json".to_owned(), content: "{}".to_owned() }],
        ..Default::default()
    };
    runner.execute(Effect::StartStep(Box::new(launch(Work::Scripted(work)))));
    assert_eq!(step_end(&mut ends).await, StepEnd::exited(0));
    assert!(clock.now().duration_since(start) >= jiff::SignedDuration::from_secs(90));
    assert_eq!(store.read("logs", "out/manifest.json").await.unwrap(), b"{}");

    // Without a folder nothing real can run.
    runner.execute(Effect::StartStep(Box::new(launch(sh("true")))));
    assert!(matches!(step_end(&mut ends).await.exit, StepExit::CouldNotStart(_)));
}

/// The names of the logs that are there, and what `stderr.gz` holds.
async fn logs_of(trouble: LogFaults) -> (Vec<String>, Vec<u8>) {
    let store = Store::memory(Clock::stepped("2024-10-21T03:04:05Z".parse().unwrap()));
    store.create_bucket("logs").unwrap();
    let clock = Clock::stepped("2024-10-21T03:04:05Z".parse().unwrap());
    let config = RunnerConfig { root: None, clock, ..config(Path::new("."), &store) };
    let (runner, mut ends) = Runner::new(config);
    let work = ScriptedWork { stderr: "first line\nsecond line\n".to_owned(), ..Default::default() };
    let launch = StepLaunch { logs: trouble, ..launch(Work::Scripted(work)) };
    runner.execute(Effect::StartStep(Box::new(launch)));
    ends.recv().await.unwrap();
    if trouble.late {
        assert!(names(&store).is_empty(), "nothing before the cluster's end");
        runner.execute(Effect::UploadLogs { cluster_id: "j-1".to_owned() });
        runner.shutdown().await;
    }
    let packed = store.read("logs", "emr/j-1/steps/s-1/stderr.gz").await.unwrap();
    (names(&store), packed)
}

fn names(store: &Store) -> Vec<String> {
    let request = crate::store::ListRequest {
        prefix: "emr/j-1/steps/s-1/".to_owned(),
        delimiter: String::new(),
        from: crate::store::Position::Start,
        limit: 100,
    };
    let listed = store.list("logs", &request).unwrap();
    listed.objects.iter().map(|object| object.key.replace("emr/j-1/steps/s-1/", "")).collect()
}

fn unpacked(packed: &[u8]) -> std::io::Result<String> {
    let mut text = String::new();
    std::io::Read::read_to_string(&mut MultiGzDecoder::new(packed), &mut text)?;
    Ok(text)
}

#[tokio::test]
async fn logs_can_be_late_rotated_and_corrupt() {
    let usual = ["controller.gz", "stderr.gz", "stdout.gz"];
    let (names, packed) = logs_of(LogFaults { late: true, ..LogFaults::default() }).await;
    assert_eq!(names, usual);
    assert_eq!(unpacked(&packed).unwrap(), "first line\nsecond line\n");

    let (names, packed) = logs_of(LogFaults { rotated: true, ..LogFaults::default() }).await;
    assert_eq!(names.len(), 6);
    assert!(names.contains(&"stderr.2024-10-21-03.gz".to_owned()), "{names:?}");
    assert_eq!(unpacked(&packed).unwrap(), "second line\n");

    let (names, packed) = logs_of(LogFaults { corrupt: true, ..LogFaults::default() }).await;
    assert_eq!(names, usual);
    assert!(unpacked(&packed).is_err());
}
