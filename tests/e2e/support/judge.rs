//! The judges: Python programs that share no code with the product.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Ended;

/// Runs a program of `tests/checks` with some variables in its environment.
pub(crate) fn python(program: &str, arguments: &[&str], environment: &[(String, String)]) -> Ended {
    let Some(python) = std::env::var_os("EMRYS_TEST_PYTHON") else {
        panic!(
            "EMRYS_TEST_PYTHON is not set: `cargo xtask test rust` makes the Python of the judges, and sets it"
        );
    };
    let mut command = Command::new(python);
    command
        .arg(checks().join(program))
        .args(arguments)
        .env("AWS_CONFIG_FILE", "/nonexistent")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        .envs(environment.iter().map(|(name, value)| (name, value)));
    command.output().unwrap().into()
}

fn checks() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/checks")
}
