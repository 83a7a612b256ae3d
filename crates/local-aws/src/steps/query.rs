//! A query of Athena: the SQL engine as a process in a group of its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::sync::mpsc::UnboundedReceiver;

use super::{RunnerConfig, WORK, leftovers, logs};
use crate::athena::ENGINE;
use crate::pyenv;
use crate::world::{QueryEnd, QueryLaunch};

/// Athena's types of errors.
const ENGINE_ERROR: u32 = 200;
const RESULT_NOT_WRITTEN: u32 = 401;

/// Runs a query to its end, or until it is stopped.
pub(super) async fn run(
    config: &RunnerConfig,
    launch: &QueryLaunch,
    mut stop: UnboundedReceiver<()>,
) -> QueryEnd {
    let Some(root) = &config.root else {
        return failed("an embedded AWS in memory runs no queries", ENGINE_ERROR);
    };
    let folder = root.join(WORK).join("athena").join(&launch.id);
    let end = match run_in(config, launch, root, &folder, &mut stop).await {
        Ok(end) => end,
        Err(why) => failed(&why, ENGINE_ERROR),
    };
    let _ = std::fs::remove_dir_all(&folder);
    end
}

async fn run_in(
    config: &RunnerConfig,
    launch: &QueryLaunch,
    root: &Path,
    folder: &Path,
    stop: &mut UnboundedReceiver<()>,
) -> Result<QueryEnd, String> {
    write_engine(folder)?;
    let buckets = config.store.bucket_folders().into_iter().map(|(bucket, path)| {
        let path = if path.is_absolute() { path } else { root.join(path) };
        (bucket, json!(path))
    });
    let query = json!({
        "statement": launch.statement,
        "parameters": launch.parameters,
        "database": launch.database,
        "catalog": launch.catalog,
        "buckets": buckets.collect::<serde_json::Map<_, _>>(),
        "cutoff": launch.cutoff,
    });
    write(&folder.join(QUERY), &query.to_string())?;
    let python = tokio::select! {
        biased;
        // Making the Python environment may take minutes, and a stop does not wait for it.
        _ = stop.recv() => return Err("stopped before it began".to_owned()),
        python = python() => python?,
    };
    let errors = run_engine(&python, folder, stop).await?;
    let outcome = std::fs::read_to_string(folder.join(OUTCOME));
    let Some(outcome) = outcome.ok().and_then(|text| serde_json::from_str::<Value>(&text).ok()) else {
        let last = errors.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it was stopped");
        return Err(format!("the engine has no outcome: {last}"));
    };
    Ok(conclude(config, launch, folder, outcome).await)
}

const QUERY: &str = "query.json";
const OUTCOME: &str = "outcome.json";
const RESULT: &str = "result";

async fn python() -> Result<PathBuf, String> {
    let env = pyenv::ensure(|line| tracing::info!("{line}")).await.map_err(|error| match error.hint() {
        Some(hint) => format!("{error}; {hint}"),
        None => error.to_string(),
    })?;
    Ok(env.python)
}

fn write_engine(folder: &Path) -> Result<(), String> {
    let engine = folder.join("engine");
    std::fs::create_dir_all(&engine).map_err(|error| format!("cannot make {}: {error}", engine.display()))?;
    ENGINE.iter().try_for_each(|(name, text)| write(&engine.join(name), text))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// Runs the engine and gives what it said on stderr.
async fn run_engine(
    python: &Path,
    folder: &Path,
    stop: &mut UnboundedReceiver<()>,
) -> Result<String, String> {
    let log = folder.join("stderr");
    let stderr = std::fs::File::create(&log).map_err(|error| format!("cannot write the log: {error}"))?;
    let mut command = Command::new(python);
    // Isolated, and nothing written beside the engine's files.
    command.args(["-I", "-B", "engine", QUERY, OUTCOME, RESULT]).current_dir(folder).env_clear();
    for name in ["PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr).process_group(0).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| format!("cannot run {}: {error}", python.display()))?;
    if let Some(pid) = child.id() {
        leftovers::remember(folder, pid);
    }
    let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    let stopped = tokio::select! {
        biased;
        _ = stop.recv() => true,
        _ = child.wait() => false,
    };
    if stopped {
        if let Some(group) = group {
            // An error says that it is gone already.
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = child.wait().await;
    }
    leftovers::forget(folder);
    Ok(std::fs::read_to_string(log).unwrap_or_default())
}

/// Puts the result where it belongs, and says how the query ended.
async fn conclude(config: &RunnerConfig, launch: &QueryLaunch, folder: &Path, outcome: Value) -> QueryEnd {
    if !outcome["error"].is_null() {
        return QueryEnd::Failed { error: outcome["error"].clone() };
    }
    let scanned = outcome["scanned"].as_u64().unwrap_or_default();
    if outcome["over_limit"] == true {
        return QueryEnd::OverLimit { scanned };
    }
    let result = match std::fs::read(folder.join(RESULT)) {
        Ok(result) => result,
        Err(error) => return failed(&format!("the engine has no result: {error}"), ENGINE_ERROR),
    };
    if let Err(error) = logs::put(config, &launch.output, result).await {
        let bucket = launch.output.trim_start_matches("s3://").split('/').next().unwrap_or_default();
        return failed(
            &format!("Unable to verify/create output bucket {bucket} ({error})"),
            RESULT_NOT_WRITTEN,
        );
    }
    QueryEnd::Done { columns: outcome["columns"].as_array().cloned().unwrap_or_default(), scanned }
}

fn failed(message: &str, kind: u32) -> QueryEnd {
    let category = if kind == RESULT_NOT_WRITTEN { 2 } else { 1 };
    QueryEnd::Failed {
        error: json!({
            "ErrorCategory": category, "ErrorType": kind, "Retryable": false, "ErrorMessage": message,
        }),
    }
}
