//! Connecting to a daemon, starting and stopping it.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, setsid};

use super::address::{self, Address, address};
use super::{DaemonError, lock};

/// How long a daemon may be idle that was started on the way.
const IDLE_MINUTES: u32 = 30;

/// Set for a daemon that must leave the session of the process that starts it: a closed terminal, or Ctrl-C in it, must
/// not end "AWS".
const DETACHED: &str = "EMRYS_LOCAL_DETACHED";

const POLL: Duration = Duration::from_millis(20);
const START_POLLS: u32 = 1_500;
const STOP_POLLS: u32 = 1_500;

/// The address of the daemon of this directory. If no daemon runs, `exe local serve --local-dir DIR --port 0
/// --idle-minutes N` is started in the background first, with its output in `DIR/daemon.log`.
pub async fn connect_or_start(dir: &Path, exe: &Path) -> Result<Address, DaemonError> {
    std::fs::create_dir_all(dir).map_err(DaemonError::file("cannot make", dir))?;
    let mut child: Option<Child> = None;
    for _ in 0..START_POLLS {
        if let Some(address) = address(dir) {
            return Ok(address);
        }
        match &mut child {
            // A daemon that is starting or ending: in the one case it is there soon, in the other the lock is free.
            None if lock::is_held(dir) => {}
            None => child = Some(spawn(dir, exe)?),
            Some(started) => match started.try_wait() {
                Ok(None) => {}
                // Two may start at once: the one that came second gives up, and the first is there soon.
                Ok(Some(_)) if lock::is_held(dir) => child = None,
                Ok(Some(status)) => return Err(did_not_start(dir, status.to_string())),
                Err(error) => return Err(did_not_start(dir, error.to_string())),
            },
        }
        tokio::time::sleep(POLL).await;
    }
    Err(did_not_start(dir, format!("no answer after {} seconds", (POLL * START_POLLS).as_secs())))
}

/// Stops the daemon of this directory and waits for its end; `false` if no daemon runs.
pub async fn stop(dir: &Path) -> Result<bool, DaemonError> {
    // The process id is only good together with the lock: without a daemon it may be anybody's by now.
    let Some(address) = address::read(dir).filter(|_| lock::is_held(dir)) else {
        return Ok(false);
    };
    let pid = address.pid;
    let Some(process) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
        return Ok(false);
    };
    match kill_process(process, Signal::TERM) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => {}
        Err(_) => return Err(DaemonError::DoesNotEnd { pid }),
    }
    for _ in 0..STOP_POLLS {
        if !lock::is_held(dir) {
            return Ok(true);
        }
        tokio::time::sleep(POLL).await;
    }
    Err(DaemonError::DoesNotEnd { pid })
}

/// Begins a session of its own, in a daemon that was started in the background.
pub(super) fn detach_if_asked() {
    if std::env::var_os(DETACHED).is_some()
        && let Err(error) = setsid()
    {
        tracing::debug!(%error, "no session of its own");
    }
}

fn spawn(dir: &Path, exe: &Path) -> Result<Child, DaemonError> {
    let log = log(dir).map_err(DaemonError::file("cannot open", log_file(dir)))?;
    let output = log.try_clone().map_err(DaemonError::file("cannot open", log_file(dir)))?;
    Command::new(exe)
        .args(["local", "serve", "--local-dir"])
        .arg(dir)
        .args(["--port", "0", "--idle-minutes", &IDLE_MINUTES.to_string()])
        .env(DETACHED, "1")
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(log)
        .spawn()
        .map_err(|source| DaemonError::Spawn { exe: exe.to_owned(), source })
}

fn log_file(dir: &Path) -> std::path::PathBuf {
    dir.join("daemon.log")
}

/// The log, for its owner only: a daemon tells its credentials at the start.
fn log(dir: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(log_file(dir))
}

fn did_not_start(dir: &Path, how: String) -> DaemonError {
    let log = log_file(dir);
    let text =
        std::fs::read(&log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let tail = lines[lines.len().saturating_sub(10)..].join("\n");
    DaemonError::DidNotStart { how, log, tail }
}
