//! The commands in the documentation, as they stand there.

use std::path::Path;
use std::process::Command;

use crate::real_day::MADE_UP;
use crate::support::{Ended, World, without_aws};

/// The blocks of commands in a document, each with the line that it begins at.
fn blocks(text: &str) -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (number, line) in text.lines().enumerate() {
        match (&mut open, line) {
            (None, "```sh") => open = Some((number + 2, String::new())),
            (Some(_), "```") => blocks.extend(open.take()),
            (Some((_, block)), line) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, _) => {}
        }
    }
    blocks
}

/// Runs a block as a person would paste it into a shell, and stops at the first command that fails.
fn run(world: &World, block: &str) -> Ended {
    let folder = Path::new(env!("CARGO_BIN_EXE_emrys")).parent().unwrap();
    let path = std::env::join_paths(
        std::iter::once(folder.to_owned()).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let mut shell = Command::new("sh");
    shell.args(["-eux", "-c", block]).current_dir(world.path());
    without_aws(&mut shell);
    // The document says `eval "$(emrys local env)"` once, for all of its commands.
    shell.env("PATH", path.unwrap()).env("EMRYS_LOCAL_DIR", world.local_dir()).envs(world.environment());
    shell.output().unwrap().into()
}

/// Runs all blocks of a document, one after the other in one world.
fn run_all(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    let blocks = blocks(&std::fs::read_to_string(&path).unwrap());
    assert!(!blocks.is_empty(), "{name} has no commands");
    let world = MADE_UP.world.copy();
    for (line, block) in blocks {
        let ended = run(&world, &block);
        assert_eq!(
            ended.code,
            Some(0),
            "docs/{name}:{line}\n{block}\n--- stdout\n{}\n--- stderr\n{}",
            ended.stdout,
            ended.stderr
        );
    }
}

#[test]
fn every_command_about_querying_works() {
    run_all("querying.md");
}

#[test]
fn every_command_about_retention_works() {
    run_all("retention.md");
}
