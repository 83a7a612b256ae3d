//! `docs/configuration.md` names every key that the reader knows, and no other.
//!
//! The reader is asked: a key that it does not know is answered with those that it knows in that table.

use std::collections::BTreeSet;

use crate::pipeline_file::read;

const REFERENCE: &str = include_str!("../../../../docs/configuration.md");
const EVERYTHING: &str = include_str!("../../../../config/everything.toml");

/// A key that is near to none.
const NONE_SUCH: &str = "zzzzzzzzzz";

/// A table, such as `cluster.fleets.core` (empty for the whole file), and a key in it.
type Keys = BTreeSet<(String, String)>;

fn known_to_the_reader() -> Keys {
    let line = format!("{NONE_SUCH} = 1\n");
    let mut text = line.clone();
    for written in EVERYTHING.lines() {
        text = text + written + "\n";
        if written.starts_with('[') {
            text += &line;
        }
    }
    text = text + "[cluster.fleets]\n" + &line;
    let errors = read("emrys.toml", &text).expect_err("a key is unknown");
    let mut keys = Keys::new();
    for problem in errors.problems {
        let Some(known) = problem.hint.as_deref().and_then(|hint| hint.strip_prefix("known here: ")) else {
            // A table whose keys are the user's own, or EMR's.
            continue;
        };
        // `cluster.bootstrap[0].zzzzzzzzzz` stands in the table `cluster.bootstrap`.
        let path = problem.key.trim_end_matches(NONE_SUCH).trim_end_matches('.');
        let names: Vec<&str> = path.split('.').map(|part| part.split('[').next().unwrap_or(part)).collect();
        let table = names.join(".");
        keys.extend(known.split(", ").map(|key| (table.clone(), key.to_owned())));
    }
    keys
}

/// Of each heading that names tables, the first cells of the rows below it.
fn named_in_the_reference() -> Keys {
    let mut tables: Vec<&str> = Vec::new();
    let mut keys = Keys::new();
    for line in REFERENCE.lines() {
        if line.starts_with('#') {
            tables = match line {
                "## The whole file" => vec![""],
                _ => line.split('`').filter(|part| part.starts_with('[')).collect(),
            };
        }
        let Some((key, _)) = line.strip_prefix("| `").and_then(|rest| rest.split_once('`')) else {
            continue;
        };
        for table in &tables {
            keys.insert((table.trim_matches(['[', ']']).to_owned(), key.to_owned()));
        }
    }
    keys
}

#[test]
fn the_reference_names_every_key_and_no_other() {
    let (known, named) = (known_to_the_reader(), named_in_the_reference());
    assert!(known.contains(&("steps".to_owned(), "main-class".to_owned())), "{known:?}");
    let missing: Vec<_> = known.difference(&named).collect();
    let stale: Vec<_> = named.difference(&known).collect();
    assert!(
        missing.is_empty() && stale.is_empty(),
        "missing: {missing:?}\nnot known to the reader: {stale:?}"
    );
}
