//! The imports of the world point one way: `dispatch` knows the services, a service knows itself and the context, and
//! the context knows no service.

use std::path::Path;

/// What a file refers to and must not. `file` is its path below `src/world`.
fn offences(file: &str, text: &str) -> Vec<String> {
    let (layer, name) = file.split_once('/').unwrap_or((file.trim_end_matches(".rs"), ""));
    let code =
        text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    let mut found = Vec::new();
    for (at, _) in code.match_indices("world::") {
        let rest = &code[at + "world::".len()..];
        let to =
            rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or_default();
        if to != "context" && to != layer {
            found.push(format!("{file}: world::{to}"));
        }
    }
    let is_root = name.is_empty() || name == "mod.rs";
    if code.contains("super::super") || (is_root && code.contains("super::")) {
        found.push(format!("{file}: super of {layer}"));
    }
    found
}

fn walk(folder: &Path, root: &Path, found: &mut Vec<String>, files: &mut usize) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        if path.is_dir() && name != "tests" {
            walk(&path, root, found, files);
        } else if path.is_file() && !["mod.rs", "dispatch.rs", "tests.rs"].contains(&name.as_str()) {
            // The unit tests at the end of a file may look at anything beside them.
            let text = std::fs::read_to_string(&path).unwrap();
            found.extend(offences(&name, text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default()));
            *files += 1;
        }
    }
}

#[test]
fn no_file_leans_on_what_is_above_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/world");
    let (mut found, mut files) = (Vec::new(), 0);
    walk(&root, &root, &mut found, &mut files);
    assert!(found.is_empty(), "{found:#?}");
    assert!(files > 30, "{files} files");
}

#[test]
fn a_planted_path_is_found() {
    for (file, text) in [
        ("emr/state.rs", "use crate::world::World;"),
        ("emr/state.rs", "fn f() { crate::world::glue::g() }"),
        ("emr/state.rs", "use super::super::World;"),
        ("emr/mod.rs", "use super::glue::Glue;"),
        ("emr/mod.rs", "use crate::world::{context, glue};"),
        ("context/ids.rs", "use crate::world::emr::Emr;"),
        ("sts.rs", "use super::World;"),
    ] {
        assert_eq!(offences(file, text).len(), 1, "{file}: {text}");
    }
    assert!(offences("emr/state.rs", "use super::Emr;\nuse crate::world::context::Scope;").is_empty());
}
