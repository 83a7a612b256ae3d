//! A real daemon in a directory of its own, served by a task of the test.

use std::path::Path;

use jiff::SignedDuration;

use super::serve::quiet_for;
use super::*;
use crate::clock::Clock;
use crate::server;

/// One test for all that ends a daemon by a signal: the signal goes to the process of the tests, and would end the
/// daemon of another test as well.
#[tokio::test]
async fn a_daemon_is_found_and_stopped_and_leaves_no_address() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    assert_eq!(address(dir), None);
    assert!(!stop(dir).await.unwrap());

    let first = run_until_stopped(dir).await;
    let second = run_until_stopped(dir).await;
    assert_eq!(first.secret_key, second.secret_key, "a printed environment stays good");
    assert!(dir.join("journal.jsonl").exists());
}

async fn run_until_stopped(dir: &Path) -> Address {
    let (ready, is_ready) = tokio::sync::oneshot::channel();
    let options = ServeOptions::new(dir);
    let daemon = tokio::spawn(serve(options, |address| ready.send(address.clone()).unwrap()));
    let told = is_ready.await.unwrap();
    assert_eq!(address(dir), Some(told.clone()));
    assert_eq!(told.endpoint_url, format!("http://127.0.0.1:{}", told.port));
    // A caller that needs a daemon gets this one: the program is not started.
    assert_eq!(connect_or_start(dir, Path::new("/nowhere")).await.unwrap(), told);

    let other = serve(ServeOptions::new(dir), |_| panic!("two daemons in one directory")).await;
    assert!(matches!(other, Err(DaemonError::AlreadyRunning { .. })), "{other:?}");

    assert!(stop(dir).await.unwrap());
    daemon.await.unwrap().unwrap();
    assert_eq!(address(dir), None);
    assert!(!dir.join("address.json").exists());
    told
}

#[tokio::test]
async fn an_address_that_a_killed_daemon_left_behind_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let left = Address {
        endpoint_url: "http://127.0.0.1:9".into(),
        access_key: "a".into(),
        secret_key: "s".into(),
        region: "r".into(),
        account: "1".into(),
        // Ours: it must get no signal.
        pid: std::process::id(),
        port: 9,
    };
    super::address::write(dir.path(), &left).unwrap();
    assert_eq!(address(dir.path()), None);
    assert!(!stop(dir.path()).await.unwrap());
}

#[tokio::test]
async fn a_daemon_that_does_not_start_shows_its_log() {
    let dir = tempfile::tempdir().unwrap();
    // A program that is there everywhere, and knows none of the arguments.
    let error = connect_or_start(dir.path(), Path::new("ls")).await.unwrap_err();
    let DaemonError::DidNotStart { tail, .. } = &error else { panic!("{error:?}") };
    assert!(tail.contains("local"), "{tail}");
    let error = connect_or_start(dir.path(), Path::new("/nowhere/emrys")).await.unwrap_err();
    assert!(matches!(error, DaemonError::Spawn { .. }), "{error:?}");
}

#[tokio::test]
async fn a_damaged_directory_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("world.json"), "{").unwrap();
    let error = serve(ServeOptions::new(dir.path()), |_| {}).await.unwrap_err();
    assert!(matches!(error, DaemonError::World(_)), "{error:?}");
    std::fs::remove_file(dir.path().join("world.json")).unwrap();
    std::fs::write(dir.path().join("scripted-steps.json"), r#"{"steps": [{"args": "("}]}"#).unwrap();
    let error = serve(ServeOptions::new(dir.path()), |_| {}).await.unwrap_err();
    assert!(matches!(error, DaemonError::Scripts(_)), "{error:?}");
}

#[tokio::test]
async fn idle_is_counted_from_the_last_call() {
    let clock = Clock::stepped("2024-10-21T03:00:00Z".parse().unwrap());
    let (endpoint, _driver) = server::tests::endpoint(&clock, None);
    let (watched, time) = (endpoint.clone(), clock.clone());
    let idle = SignedDuration::from_mins(10);
    let quiet = tokio::spawn(async move { quiet_for(&watched, &time, idle).await });
    let tick = async |seconds| {
        clock.advance(SignedDuration::from_secs(seconds));
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    };
    tick(0).await;
    tick(599).await;
    let request = http::Request::get("http://127.0.0.1:1/bucket/key").body(bytes::Bytes::new()).unwrap();
    endpoint.handle_bytes(request).await;
    tick(1).await;
    assert!(!quiet.is_finished(), "somebody called a second ago");
    tick(598).await;
    assert!(!quiet.is_finished());
    tick(1).await;
    quiet.await.unwrap();
}

#[tokio::test]
async fn faults_come_from_the_options_and_from_the_directory() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mine.json");
    std::fs::write(&file, r#"{"calls": [{"kind": "throttle", "service": "emr"}]}"#).unwrap();
    std::fs::write(
        dir.path().join("faults.json"),
        r#"{"calls": [{"kind": "cut"}], "clusters": [{"cluster": ".", "kind": "no_capacity"}]}"#,
    )
    .unwrap();
    let options = ServeOptions { faults: Some(file.clone()), ..ServeOptions::new(dir.path()) };
    let all = super::serve::faults(dir.path(), &options).unwrap();
    assert_eq!((all.calls.len(), all.clusters.len()), (2, 1));
    assert_eq!(all.calls[0].service.as_deref(), Some("emr"));

    // A daemon with faults that cannot be used does not start without them.
    std::fs::write(&file, r#"{"calls": [{"kind": "cut", "first": 0}]}"#).unwrap();
    let error = serve(options, |_| panic!("it serves")).await.unwrap_err();
    assert!(matches!(&error, DaemonError::Faults { path, .. } if *path == file), "{error:?}");
}
