//! What is checked, in which order.

use std::path::Path;
use std::process::Command;

use crate::{python, say, usage};

/// One stage of `cargo xtask test`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Format,
    Build,
    Python,
    Job,
    Rust,
    Lints,
}

impl Stage {
    /// In the order in which they run: what fails fast comes first, and the lints, which share no work with the build,
    /// come last.
    pub(crate) const ALL: [Self; 6] =
        [Self::Format, Self::Build, Self::Python, Self::Job, Self::Rust, Self::Lints];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Build => "build",
            Self::Python => "python",
            Self::Job => "job",
            Self::Rust => "rust",
            Self::Lints => "lints",
        }
    }

    pub(crate) fn about(self) -> &'static str {
        match self {
            Self::Format => "rustfmt is content",
            Self::Build => "the binary and all tests build",
            Self::Python => "the Python environments are there, and ruff is content",
            Self::Job => {
                "the PySpark job's own tests, on a real Spark session; the embedded Athena's, on real statements"
            }
            Self::Rust => "all Rust tests, and the end-to-end tests over the real binary",
            Self::Lints => "clippy is content",
        }
    }

    /// The stages of these names, all of them when there are none.
    pub(crate) fn named(names: &[String]) -> Result<Vec<Self>, String> {
        if names.is_empty() {
            return Ok(Self::ALL.to_vec());
        }
        let find = |name: &String| Self::ALL.into_iter().find(|stage| stage.name() == name).ok_or_else(usage);
        names.iter().map(find).collect()
    }

    fn run(self, root: &Path) -> Result<(), String> {
        match self {
            Self::Format => command(root, "cargo", &["fmt", "--all", "--check"]),
            Self::Build => {
                command(root, "cargo", &["build", "--package", "emrys"])?;
                command(root, "cargo", &["test", "--workspace", "--no-run"])
            }
            Self::Python => {
                let tools = python::tools(root)?;
                python::run(root, &tools, &["-m", "ruff", "check", "."])?;
                python::run(root, &tools, &["-m", "ruff", "format", "--check", "."])
            }
            Self::Job => {
                let tools = python::tools(root)?;
                python::run(&root.join("spark-jobs"), &tools, &["-m", "pytest", "-q", "--durations=5"])?;
                python::run(&root.join("crates/local-aws/python"), &tools, &["-m", "pytest", "-q"])
            }
            Self::Rust => {
                let tools = python::tools(root)?;
                let mut test = Command::new("cargo");
                test.args(["test", "--workspace"]).env(python::VARIABLE, &tools.python);
                python::run_command(root, test)
            }
            Self::Lints => command(
                root,
                "cargo",
                &["clippy", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"],
            ),
        }
    }
}

/// Runs the stages one after the other, and stops at the first that fails.
pub(crate) fn run(root: &Path, stages: &[Stage]) -> Result<(), String> {
    let begin = now();
    let mut times = Vec::new();
    for (index, stage) in stages.iter().enumerate() {
        say(&format!("\n[{}/{}] {}: {}", index + 1, stages.len(), stage.name(), stage.about()));
        let start = now();
        let result = stage.run(root);
        times.push(format!("  {:<8} {:>5} s", stage.name(), start.elapsed().as_secs()));
        result.map_err(|error| {
            format!("\n{}\n\nFAILED in stage {}: {error}", times.join("\n"), stage.name())
        })?;
    }
    say(&format!("\n{}\n\nall stages passed in {} s", times.join("\n"), begin.elapsed().as_secs()));
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a stage took is told to a person, and decides nothing"
)]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

fn command(root: &Path, program: &str, arguments: &[&str]) -> Result<(), String> {
    let mut command = Command::new(program);
    command.args(arguments);
    python::run_command(root, command)
}
