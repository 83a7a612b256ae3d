//! A real step: a process in a group of its own.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use jiff::SignedDuration;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::UnboundedReceiver;

use super::logs::Controller;
use super::spark::{self, SparkHome};
use super::{Outcome, RunnerConfig, WORK, leftovers, logs};
use crate::world::{KillHow, StepExit, StepLaunch, Work};

/// Between SIGTERM and SIGKILL when a cluster ends under a step.
const GRACE: SignedDuration = SignedDuration::from_secs(3);

/// How much of a step's output becomes its log; the end of a longer one is kept.
const LOG_LIMIT: u64 = 32 << 20;

pub(super) async fn run(
    config: &RunnerConfig,
    launch: &StepLaunch,
    controller: &mut Controller,
    mut kills: UnboundedReceiver<KillHow>,
) -> Outcome {
    let folder = match work_folder(config, launch) {
        Ok(folder) => folder,
        Err(why) => return could_not_start(why),
    };
    let prepared = tokio::select! {
        biased;
        // Making the Python environment may take minutes, and a cancel does not wait for it.
        Some(_) = kills.recv() => return could_not_start("ended before it began".to_owned()),
        prepared = prepare(config, launch, &folder, controller) => prepared,
    };
    let child = match prepared.and_then(|command| start(command, &folder)) {
        Ok(child) => child,
        Err(why) => return could_not_start(why),
    };
    let exit = wait(config, child, controller, kills).await;
    leftovers::forget(&folder);
    Outcome { exit, stdout: read_log(&folder.join(STDOUT)), stderr: read_log(&folder.join(STDERR)) }
}

const STDOUT: &str = "stdout";
const STDERR: &str = "stderr";

fn could_not_start(why: String) -> Outcome {
    Outcome {
        stdout: Vec::new(),
        stderr: format!("{why}\n").into_bytes(),
        exit: StepExit::CouldNotStart(why),
    }
}

fn work_folder(config: &RunnerConfig, launch: &StepLaunch) -> Result<PathBuf, String> {
    let root = config.root.as_ref().ok_or("an embedded AWS in memory runs scripted steps only")?;
    let folder = root.join(WORK).join(&launch.cluster_id).join(&launch.step_id);
    std::fs::create_dir_all(&folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    Ok(folder)
}

async fn prepare(
    config: &RunnerConfig,
    launch: &StepLaunch,
    folder: &Path,
    controller: &mut Controller,
) -> Result<Command, String> {
    let (args, needs_spark) = match &launch.work {
        Work::Command { args } => (args.clone(), spark::is_named_in(&args.join(" "))),
        Work::Script { uri, args } => fetch_script(config, uri, args, folder).await?,
        Work::Scripted(_) => unreachable!("scripted work has no process"),
    };
    let home = match (needs_spark, launch.spark) {
        (true, true) => Some(spark::prepare(config, launch, folder, controller).await?),
        (true, false) => {
            controller.warn("the cluster's applications do not include Spark: it has no spark-submit");
            None
        }
        (false, _) => None,
    };
    controller.info(&format!("startExec {args:?}"));
    let (program, rest) = args.split_first().ok_or("the step has no command")?;
    let mut command = Command::new(program);
    command.args(rest).current_dir(folder).env_clear().envs(environment(config, home.as_ref()));
    Ok(command)
}

/// Puts a script of script-runner.jar into the work folder, and says how to run it.
async fn fetch_script(
    config: &RunnerConfig,
    uri: &str,
    args: &[String],
    folder: &Path,
) -> Result<(Vec<String>, bool), String> {
    let content = logs::get(config, uri).await.map_err(|error| format!("cannot read {uri}: {error}"))?;
    let path = folder.join("script");
    let written = std::fs::write(&path, &content)
        .and_then(|()| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)));
    written.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    let path = path.to_string_lossy().into_owned();
    let mut command = if content.starts_with(b"#!") { vec![path] } else { vec!["sh".to_owned(), path] };
    command.extend_from_slice(args);
    Ok((command, spark::is_named_in(&String::from_utf8_lossy(&content))))
}

/// The environment of a step: little of the daemon's own, so that a step finds what it would find on a cluster.
fn environment(config: &RunnerConfig, spark: Option<&SparkHome>) -> Vec<(OsString, OsString)> {
    const KEPT: [&str; 8] = ["PATH", "HOME", "USER", "LANG", "LC_ALL", "TMPDIR", "TZ", "LD_LIBRARY_PATH"];
    let mut variables: Vec<(OsString, OsString)> = KEPT
        .iter()
        .filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)))
        .chain(
            [
                ("AWS_ENDPOINT_URL", config.endpoint_url.as_str()),
                ("AWS_ACCESS_KEY_ID", &config.access_key),
                ("AWS_SECRET_ACCESS_KEY", &config.secret_key),
                ("AWS_REGION", &config.region),
                ("AWS_DEFAULT_REGION", &config.region),
                ("AWS_EC2_METADATA_DISABLED", "true"),
            ]
            .map(|(name, value)| (name.into(), value.into())),
        )
        .collect();
    if let Some(spark) = spark {
        // Later entries win.
        variables.extend(spark.environment());
    }
    variables
}

fn start(mut command: Command, folder: &Path) -> Result<Child, String> {
    let log = |name| {
        let path = folder.join(name);
        File::create(&path).map_err(|error| format!("cannot write {}: {error}", path.display()))
    };
    command.stdin(Stdio::null()).stdout(log(STDOUT)?).stderr(log(STDERR)?).process_group(0);
    let child = command.spawn().map_err(|error| {
        format!("cannot run {}: {error}", command.as_std().get_program().to_string_lossy())
    })?;
    if let Some(pid) = child.id() {
        leftovers::remember(folder, pid);
    }
    Ok(child)
}

/// Waits for the end of the process, and passes on what the world asks for.
async fn wait(
    config: &RunnerConfig,
    mut child: Child,
    controller: &mut Controller,
    mut kills: UnboundedReceiver<KillHow>,
) -> StepExit {
    let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    let mut kill_at = None;
    let status = loop {
        tokio::select! {
            biased;
            status = child.wait() => break status,
            Some(how) = kills.recv() => {
                controller.info(&format!("asked to end ({how:?})"));
                match how {
                    KillHow::Interrupt => signal(group, Signal::TERM),
                    KillHow::Terminate => signal(group, Signal::KILL),
                    KillHow::ClusterEnds => {
                        signal(group, Signal::TERM);
                        kill_at = config.clock.now().checked_add(GRACE).ok();
                    }
                }
            }
            () = config.clock.sleep_until(kill_at.unwrap_or(jiff::Timestamp::MAX)), if kill_at.is_some() => {
                kill_at = None;
                signal(group, Signal::KILL);
            }
        }
    };
    // What the step left running in its group goes with it, as it would with its cluster.
    signal(group, Signal::KILL);
    match status {
        Ok(status) => exit_of(status),
        Err(error) => StepExit::CouldNotStart(format!("cannot wait for the process: {error}")),
    }
}

fn signal(group: Option<Pid>, signal: Signal) {
    // An error says that the group is gone, which is what was wanted.
    if let Some(group) = group {
        let _ = kill_process_group(group, signal);
    }
}

fn exit_of(status: ExitStatus) -> StepExit {
    match (status.code(), status.signal()) {
        (Some(code), _) => StepExit::Exited(code),
        (None, signal) => StepExit::Signalled(signal.unwrap_or_default()),
    }
}

fn read_log(path: &Path) -> Vec<u8> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let start = file.metadata()?.len().saturating_sub(LOG_LIMIT);
        file.seek(SeekFrom::Start(start))?;
        let mut content = Vec::new();
        file.take(LOG_LIMIT).read_to_end(&mut content)?;
        Ok(content)
    };
    read()
        .unwrap_or_else(|error| format!("the log {} cannot be read: {error}\n", path.display()).into_bytes())
}
