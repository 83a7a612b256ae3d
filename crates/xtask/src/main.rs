//! The tasks of this repository. `cargo xtask test` is what CI runs.

mod data;
mod files;
mod layers;
mod markdown;
mod pieces;
mod python;
mod source;
mod stages;
mod words;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use stages::Stage;

const USAGE: &str = "\
Usage: cargo xtask test [STAGE…]
       cargo xtask layers [--graph CRATE [MODULE MODULE]]
       cargo xtask words [WORD]
       cargo xtask simulate [--optimized] [--seeds N] [--from S] [--singles] [--pairs] …

`layers` checks the layers of `crates/xtask/layers.toml`; with `--graph` it prints which module of a crate uses which, and
in what circles; with two modules, where the first uses the second.
`words` lists what `crates/xtask/words.toml` denies, by word; with a word, every place of it.
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
        Some((task, options)) if task == "layers" => layers(&repository(), options),
        Some((task, options)) if task == "words" => {
            words::describe(&repository(), options.first().map(String::as_str)).map(|text| print(&text))
        }
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

fn layers(root: &Path, options: &[String]) -> Result<(), String> {
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let graph = match options.as_slice() {
        [] => return layers::check(root),
        ["--graph", name] => layers::describe(root, name, None)?,
        ["--graph", name, from, to] => layers::describe(root, name, Some((from, to)))?,
        _ => return Err(usage()),
    };
    print(&graph);
    Ok(())
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

#[expect(clippy::print_stdout, reason = "what was asked for")]
fn print(text: &str) {
    print!("{text}");
}
