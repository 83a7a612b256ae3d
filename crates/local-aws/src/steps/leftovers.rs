//! Processes that outlive a daemon which was killed.
//!
//! Each step's work folder names its process while it runs. The next daemon ends what it finds there, so that a step
//! which the world calls INTERRUPTED does not go on writing. A process is recognised by its start time as well: its
//! number may have been given to another one.

use std::path::Path;

use rustix::process::{Pid, Signal, kill_process_group};

const FILE: &str = "process";

/// Notes the process of a step.
pub(super) fn remember(folder: &Path, pid: u32) {
    if let Some(started) = start_time(pid)
        && let Err(error) = std::fs::write(folder.join(FILE), format!("{pid} {started}"))
    {
        tracing::warn!(%error, folder = %folder.display(), "a step's process cannot be noted");
    }
}

/// The process of a step is over.
pub(super) fn forget(folder: &Path) {
    let _ = std::fs::remove_file(folder.join(FILE));
}

/// Ends every noted process under `work` that still runs.
pub(super) fn end_all(work: &Path) {
    let folders =
        |path: &Path| std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    for step in folders(work).flat_map(|cluster| folders(&cluster).collect::<Vec<_>>()) {
        let Ok(note) = std::fs::read_to_string(step.join(FILE)) else {
            continue;
        };
        if let Some((pid, started)) = note.split_once(' ')
            && let Ok(pid) = pid.parse::<u32>()
            && start_time(pid).as_deref() == Some(started)
            && let Some(group) = i32::try_from(pid).ok().and_then(Pid::from_raw)
        {
            tracing::info!(pid, "ending a step that outlived its daemon");
            let _ = kill_process_group(group, Signal::KILL);
        }
        forget(&step);
    }
}

/// When a process started, in the kernel's own unit; `None` when there is no such process, or no `/proc`.
fn start_time(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses and may hold anything; the 22nd is the start time.
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(19).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};

    fn sleeper() -> std::process::Child {
        std::process::Command::new("sleep").arg("600").process_group(0).spawn().unwrap()
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_step_that_outlived_its_daemon_is_ended_and_a_stranger_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let (ours, strangers) = (dir.path().join("j-1/s-1"), dir.path().join("j-1/s-2"));
        std::fs::create_dir_all(&ours).unwrap();
        std::fs::create_dir_all(&strangers).unwrap();
        let (mut step, mut stranger) = (sleeper(), sleeper());
        remember(&ours, step.id());
        // Its number was that of a step once, but it started at another time.
        std::fs::write(strangers.join(FILE), format!("{} 1", stranger.id())).unwrap();
        end_all(dir.path());
        assert_eq!(step.wait().unwrap().signal(), Some(9));
        assert_eq!(stranger.try_wait().unwrap(), None);
        stranger.kill().unwrap();
        stranger.wait().unwrap();
        assert!(!ours.join(FILE).exists());
    }
}
