//! The tasks of this repository. `cargo xtask test` is what CI runs.

mod python;
mod stages;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use stages::Stage;

const USAGE: &str = "\
Usage: cargo xtask test [STAGE…]
       cargo xtask simulate [--optimized] [--seeds N] [--from S] [--singles] [--pairs] …

`simulate` plays runs under faults, crashes and several operators in virtual time, and says what does not hold.
With `--optimized` first it is built anew for speed, which pays from some ten thousand seeds on.
`test` sets everything up and runs all checks and tests. With names of stages, only those:
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.split_first() {
        Some((task, names)) if task == "test" => {
            Stage::named(names).and_then(|stages| stages::run(&repository(), &stages))
        }
        Some((task, options)) if task == "simulate" => simulate(&repository(), options),
        _ => Err(usage()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            say(&message);
            ExitCode::FAILURE
        }
    }
}

fn simulate(root: &Path, options: &[String]) -> Result<(), String> {
    let (profile, options) = match options.split_first() {
        Some((first, rest)) if first == "--optimized" => ("simulation", rest),
        _ => ("dev", options),
    };
    let mut cargo = std::process::Command::new("cargo");
    cargo.args([
        "run",
        "--quiet",
        "--profile",
        profile,
        "--package",
        "emrys-simulation",
        "--bin",
        "simulate",
        "--",
    ]);
    cargo.args(options);
    python::run_command(root, cargo)
}

fn usage() -> String {
    let stages = Stage::ALL.map(|stage| format!("  {:<8} {}", stage.name(), stage.about()));
    format!("{USAGE}{}", stages.join("\n"))
}

/// The root of the repository, two levels above this crate.
fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new(".")).to_owned()
}

#[expect(clippy::print_stderr, reason = "the one place where xtask speaks")]
fn say(message: &str) {
    eprintln!("{message}");
}
