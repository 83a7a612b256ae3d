//! Building the environment: `venv`, then pip from the lock file.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::fs::{FlockOperation, flock};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use super::{COMPLETE, Interpreter, LOCK, PyEnvError, is_complete};

/// PySpark is published as source only, and is built with these, which come from the same lock file: a build in
/// isolation would fetch others, past the hashes.
const BUILD_TOOLS: [&str; 3] = ["setuptools", "wheel", "packaging"];

pub(super) async fn build(
    root: &Path,
    interpreter: &Interpreter,
    progress: &(impl Fn(&str) + Send + Sync),
) -> Result<(), PyEnvError> {
    let parent = root.parent().ok_or(PyEnvError::NoPlace)?;
    std::fs::create_dir_all(parent).map_err(io(format!("cannot make {}", parent.display())))?;
    // Not `with_extension`: the folder's name has dots of its own.
    let _lock = lock(&PathBuf::from(format!("{}.lock", root.display())), progress).await?;
    if is_complete(root) {
        return Ok(());
    }
    if root.exists() {
        progress("removing an environment that was not finished");
        std::fs::remove_dir_all(root).map_err(io(format!("cannot remove {}", root.display())))?;
    }
    progress(&format!("making a Python {} environment in {}", interpreter.version(), root.display()));
    let mut venv = Command::new(interpreter.command());
    venv.args(["-m", "venv"]).arg(root);
    run("python -m venv", venv, progress).await?;

    let all = root.join("requirements.lock");
    let tools = root.join("build-tools.lock");
    write(&all, LOCK)?;
    write(&tools, &blocks_of(LOCK, &BUILD_TOOLS))?;
    progress("installing the build tools");
    run("pip install (build tools)", pip(root, &tools), progress).await?;
    progress("installing PySpark, Java and DuckDB (about 400 MB, a minute or two)");
    run("pip install", pip(root, &all), progress).await?;
    write(&root.join(COMPLETE), "")?;
    progress("the Python environment is ready");
    Ok(())
}

fn pip(root: &Path, requirements: &Path) -> Command {
    let mut pip = Command::new(root.join("bin").join("python"));
    pip.args(["-m", "pip", "install", "--require-hashes", "--no-build-isolation", "--no-deps"])
        .args(["--disable-pip-version-check", "--no-input", "--progress-bar", "off", "--no-compile"])
        .arg("-r")
        .arg(requirements);
    pip
}

/// The lock file's entries for some packages: a package line, and the lines of hashes that it continues on.
fn blocks_of(lock: &str, packages: &[&str]) -> String {
    let mut kept = String::new();
    let mut keep = false;
    for line in lock.lines() {
        if !line.starts_with(char::is_whitespace) {
            keep = line.split_once("==").is_some_and(|(name, _)| packages.contains(&name));
        }
        if keep {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// Waits for the lock in a thread of its own: another build may take minutes.
async fn lock(path: &Path, progress: &(impl Fn(&str) + Send + Sync)) -> Result<File, PyEnvError> {
    let what = || format!("cannot lock {}", path.display());
    let file = File::create(path).map_err(io(what()))?;
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
        return Ok(file);
    }
    progress("another process is making the Python environment: waiting for it");
    let waiting = file.try_clone().map_err(io(what()))?;
    tokio::task::spawn_blocking(move || flock(&waiting, FlockOperation::LockExclusive))
        .await
        .map_err(std::io::Error::other)
        .and_then(|locked| locked.map_err(std::io::Error::from))
        .map_err(io(what()))?;
    Ok(file)
}

/// Runs a command of the build, tells its progress, and keeps its last lines for an error.
async fn run(
    what: &str,
    mut command: Command,
    progress: &(impl Fn(&str) + Send + Sync),
) -> Result<(), PyEnvError> {
    const KEPT: usize = 25;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(io(format!("cannot run {what}")))?;
    let mut last = std::collections::VecDeque::new();
    let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else {
        unreachable!("both were asked for as pipes")
    };
    let (mut out, mut err) = (BufReader::new(out).lines(), BufReader::new(err).lines());
    let (mut out_open, mut err_open) = (true, true);
    while out_open || err_open {
        let line = tokio::select! {
            line = out.next_line(), if out_open => { out_open = matches!(line, Ok(Some(_))); line }
            line = err.next_line(), if err_open => { err_open = matches!(line, Ok(Some(_))); line }
        };
        if let Ok(Some(line)) = line {
            if let Some(told) = worth_telling(&line) {
                progress(told);
            }
            if last.len() == KEPT {
                last.pop_front();
            }
            last.push_back(line);
        }
    }
    let status = child.wait().await.map_err(io(format!("cannot wait for {what}")))?;
    if status.success() {
        return Ok(());
    }
    let output = last.into_iter().collect::<Vec<_>>().join("\n");
    Err(PyEnvError::Command { what: what.to_owned(), status: status.to_string(), output })
}

/// Of pip's many lines, those that say what takes the time. Nothing that names an index's address.
fn worth_telling(line: &str) -> Option<&str> {
    let line = line.trim();
    let telling = ["Collecting ", "Building wheel", "Installing collected packages"];
    let line = telling.iter().any(|start| line.starts_with(start)).then_some(line)?;
    // "Collecting pyspark==3.5.9 (from -r …)": the file is of no interest.
    Some(line.split(" (from ").next().unwrap_or(line))
}

fn write(path: &Path, text: &str) -> Result<(), PyEnvError> {
    std::fs::write(path, text).map_err(io(format!("cannot write {}", path.display())))
}

fn io(what: String) -> impl FnOnce(std::io::Error) -> PyEnvError {
    move |source| PyEnvError::Io { what, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_build_tools_are_cut_from_the_lock_with_their_hashes() {
        let tools = blocks_of(LOCK, &BUILD_TOOLS);
        let names: Vec<_> = tools.lines().filter_map(|line| Some(line.split_once("==")?.0)).collect();
        assert_eq!(names, ["packaging", "setuptools", "wheel"]);
        assert!(tools.lines().filter(|line| line.trim().starts_with("--hash=sha256:")).count() >= 3);
    }

    #[test]
    fn progress_tells_what_takes_time_and_nothing_else() {
        assert_eq!(
            worth_telling("Collecting pyspark==3.5.9 (from -r x (line 1))"),
            Some("Collecting pyspark==3.5.9")
        );
        assert_eq!(worth_telling("  Downloading something (318 MB)"), None);
    }
}
