//! What is checked, in which order.

use std::path::Path;
use std::process::Command;

use crate::output::say;
use crate::{layers, links, python, sentences, words};

/// One stage of `cargo xtask test`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Format,
    Layers,
    Links,
    Words,
    Sentences,
    Build,
    Python,
    Extracted,
    Job,
    Rust,
    Lints,
    Docs,
}

impl Stage {
    /// All stages. What fails fast comes first. The lints share no work with the build and come late; the documentation
    /// shares the checked dependencies of the lints.
    pub(crate) const ALL: [Self; 12] = [
        Self::Format,
        Self::Layers,
        Self::Links,
        Self::Words,
        Self::Sentences,
        Self::Build,
        Self::Python,
        Self::Extracted,
        Self::Job,
        Self::Rust,
        Self::Lints,
        Self::Docs,
    ];

    /// Stages that run only when they are named.
    pub(crate) const NAMED_ONLY: &[Self] = &[Self::Words, Self::Extracted, Self::Docs];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Layers => "layers",
            Self::Links => "links",
            Self::Words => "words",
            Self::Sentences => "sentences",
            Self::Build => "build",
            Self::Python => "python",
            Self::Extracted => "extracted",
            Self::Job => "job",
            Self::Rust => "rust",
            Self::Lints => "lints",
            Self::Docs => "docs",
        }
    }

    pub(crate) fn about(self) -> &'static str {
        match self {
            Self::Format => "rustfmt finds nothing to change",
            Self::Layers => "modules use only what the layers of their crate allow",
            Self::Links => "links and paths in the documents lead to what exists",
            Self::Words => "names and sentences use the words of the project",
            Self::Sentences => "sentences have at most 40 words, and lines at most 120 columns",
            Self::Build => "the binary and all tests build",
            Self::Python => "the Python environments exist, and ruff finds nothing",
            Self::Extracted => "the embedded AWS's service models are what is extracted from botocore",
            Self::Job => {
                "the PySpark job's own tests, on a real Spark session; the embedded Athena's, on real statements"
            }
            Self::Rust => "all Rust tests, and the end-to-end tests over the real binary",
            Self::Lints => "clippy finds nothing",
            Self::Docs => "rustdoc finds nothing",
        }
    }

    /// The stages of these names; without names, those that always run.
    pub(crate) fn named(names: &[&str]) -> Result<Vec<Self>, String> {
        if names.is_empty() {
            return Ok(Self::ALL.into_iter().filter(|stage| !Self::NAMED_ONLY.contains(stage)).collect());
        }
        let find = |name: &&str| {
            let stage = Self::ALL.into_iter().find(|stage| stage.name() == *name);
            stage.ok_or_else(|| format!("`{name}` is not a stage"))
        };
        names.iter().map(find).collect()
    }

    fn run(self, root: &Path) -> Result<(), String> {
        match self {
            Self::Format => command(root, "cargo", &["fmt", "--all", "--check"]),
            Self::Layers => layers::check(root),
            Self::Links => links::check(root),
            Self::Words => words::check(root),
            Self::Sentences => sentences::check(root),
            Self::Build => {
                command(root, "cargo", &["build", "--package", "emrys"])?;
                command(root, "cargo", &["test", "--workspace", "--no-run"])
            }
            Self::Python => {
                let tools = python::tools(root)?;
                python::run(root, &tools, &["-m", "ruff", "check", "."])?;
                python::run(root, &tools, &["-m", "ruff", "format", "--check", "."])
            }
            Self::Extracted => {
                python::run(root, &python::tools(root)?, &["crates/local-aws/models/extract.py", "--check"])
            }
            Self::Job => {
                let tools = python::tools(root)?;
                let pytest = ["-m", "pytest", "-q", "--durations=5"];
                python::TESTED
                    .into_iter()
                    .try_for_each(|folder| python::run(&root.join(folder), &tools, &pytest))
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
            Self::Docs => {
                let mut doc = Command::new("cargo");
                doc.args(["doc", "--workspace", "--no-deps", "--document-private-items", "--quiet"]);
                doc.env("RUSTDOCFLAGS", "--deny warnings");
                python::run_command(root, doc)
            }
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
        times.push(format!("  {:<9} {:>5} s", stage.name(), start.elapsed().as_secs()));
        result.map_err(|error| {
            format!("\n{}\n\nFAILED in stage {}: {error}", times.join("\n"), stage.name())
        })?;
    }
    say(&format!("\n{}\n\nall stages passed in {} s", times.join("\n"), begin.elapsed().as_secs()));
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a stage took is printed for a person, and decides nothing"
)]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

fn command(root: &Path, program: &str, arguments: &[&str]) -> Result<(), String> {
    let mut command = Command::new(program);
    command.args(arguments);
    python::run_command(root, command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_named_in_their_order_and_without_names_those_run_that_always_do() {
        assert_eq!(Stage::named(&["words", "format"]).expect("stages"), [Stage::Words, Stage::Format]);
        Stage::named(&["words", "no-such-stage"]).expect_err("not a stage");
        let always = Stage::named(&[]).expect("stages");
        assert!(always.contains(&Stage::Rust));
        assert!(Stage::NAMED_ONLY.iter().all(|stage| !always.contains(stage)));
    }
}
