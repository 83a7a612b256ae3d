//! The tasks of this repository. `cargo xtask test` is what CI runs.
//!
//! ```text
//! stages      what `test` runs, in which order
//!   |-> layers, words, sentences, links   checks of this crate's own
//!   |     |-> source, pieces, markdown    Rust and Markdown, taken apart
//!   |     `-> files, data                 the repository's files, and the lists of the checks
//!   `-> python                            the environments of the tests
//! format      `fmt`
//! output      what is printed
//! ```

mod data;
mod files;
mod format;
mod layers;
mod links;
mod markdown;
mod output;
mod pieces;
mod python;
mod sentences;
mod source;
mod stages;
mod words;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use output::{print, say};
use stages::Stage;

const USAGE: &str = "\
Usage: cargo xtask test [STAGE…]
       cargo xtask fmt
       cargo xtask pytest PATH [OPTION…]
       cargo xtask layers [--graph CRATE [MODULE MODULE]]
       cargo xtask words [WORD]
       cargo xtask sentences
       cargo xtask simulate [--optimized] [--seeds N] [--from S] [--singles] [--pairs] …

`fmt` formats all Rust and Python, and fixes what ruff can fix.
`pytest` runs Python tests below a path, with options of pytest, in the Python of the tests.
`layers` checks the layers of `crates/xtask/layers.toml`. With `--graph` it prints which module of a crate uses which, and in
what circles; with two modules, where the first uses the second.
`words` lists what `crates/xtask/words.toml` denies, by word; with a word, every place of it.
`sentences` lists sentences and lines that are too long.
`simulate` plays runs under faults, crashes and several operators in virtual time, and lists what does not hold.
With `--optimized` first it is built anew for speed, which pays from some ten thousand seeds on.
`test` sets everything up and runs all checks and tests. With names of stages, only those:
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&repository(), &arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            say(&message);
            ExitCode::FAILURE
        }
    }
}

fn run(root: &Path, arguments: &[&str]) -> Result<(), String> {
    match arguments {
        ["test", names @ ..] => {
            stages::run(root, &Stage::named(names).map_err(|wrong| format!("{wrong}\n\n{}", usage()))?)
        }
        ["fmt"] => format::format(root),
        ["pytest", arguments @ ..] => python::pytest(root, arguments),
        ["layers"] => layers::check(root),
        ["layers", "--graph", name] => print(&layers::describe(root, name, None)?),
        ["layers", "--graph", name, from, to] => print(&layers::describe(root, name, Some((from, to)))?),
        ["words"] => print(&words::describe(root, None)?),
        ["words", word] => print(&words::describe(root, Some(word))?),
        ["sentences"] => print(&sentences::search(root)?.join("\n")),
        ["simulate", "--optimized", options @ ..] => simulate(root, "simulation", options),
        ["simulate", options @ ..] => simulate(root, "dev", options),
        _ => Err(usage()),
    }
}

fn simulate(root: &Path, profile: &str, options: &[&str]) -> Result<(), String> {
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
    let about = |stage: Stage| {
        let named = if Stage::NAMED_ONLY.contains(&stage) { " (when it is named)" } else { "" };
        format!("  {:<9} {}{named}", stage.name(), stage.about())
    };
    format!("{USAGE}{}", Stage::ALL.map(about).join("\n"))
}

/// The root of the repository, two levels above this crate.
fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new(".")).to_owned()
}
