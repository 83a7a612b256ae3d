//! `cargo xtask fmt`: formats all Rust and Python.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::output::say;
use crate::python::{self, Environment};

/// Formats the repository, and fixes what ruff can fix. What it cannot fix is an error.
pub(crate) fn format(root: &Path) -> Result<(), String> {
    let mut rust = Command::new("cargo");
    rust.args(["fmt", "--all"]);
    python::run_command(root, rust)?;
    let python = ruff(root)?;
    for arguments in [["check", "--fix"], ["format", "--quiet"]] {
        let mut ruff = Command::new(&python);
        ruff.args(["-m", "ruff"]).args(arguments).arg(".");
        python::run_command(root, ruff)?;
    }
    Ok(())
}

/// A Python that has ruff: that of the tests where it exists, or a small one with nothing else, so that formatting does
/// not wait for a build and for Spark.
fn ruff(root: &Path) -> Result<PathBuf, String> {
    let tests = root.join("target/test-python");
    if tests.join(".complete").is_file() {
        return Ok(tests.join("bin/python"));
    }
    let environment = Environment { folder: root.join("target/ruff"), made_from: locked(root, "ruff")? };
    if !environment.is_complete() {
        say("making an environment for ruff");
        let (target, lock) = (root.join("target"), root.join("target/ruff.lock"));
        std::fs::create_dir_all(&target)
            .and_then(|()| std::fs::write(&lock, &environment.made_from))
            .map_err(|error| format!("{}: {error}", lock.display()))?;
        environment.make(root, Path::new("python3"), &lock)?;
        environment.complete()?;
    }
    Ok(environment.python())
}

/// The lines of one package in the lock file of the tests, its hashes included.
fn locked(root: &Path, package: &str) -> Result<String, String> {
    let file = root.join("tests/requirements.lock");
    let text = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    entry(&text, package).ok_or_else(|| format!("{} does not have {package}", file.display()))
}

fn entry(lock: &str, package: &str) -> Option<String> {
    let begins = |line: &&str| line.strip_prefix(package).is_some_and(|rest| rest.starts_with("=="));
    let mut lines = lock.lines().skip_while(|line| !begins(line));
    let mut entry = format!("{}\n", lines.next()?);
    for line in lines.take_while(|line| line.starts_with(' ')) {
        entry += line;
        entry.push('\n');
    }
    Some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_package_is_taken_from_the_lock() {
        let lock = "a==1 \\\n    --hash=x\nruff-more==1 \\\n    --hash=z\nruff==2 \\\n    --hash=y \\\n    --hash=z\nz==3\n";
        assert_eq!(entry(lock, "ruff").as_deref(), Some("ruff==2 \\\n    --hash=y \\\n    --hash=z\n"));
        assert_eq!(entry(lock, "b"), None);
    }
}
