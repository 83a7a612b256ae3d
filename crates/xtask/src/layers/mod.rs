//! Holds the layers of modules that `layers.toml` declares.
//!
//! The file lists, for each crate, groups of modules with the ground floor first. A module may use modules of the
//! groups before its own. Within a group modules do not use one another, unless the group says `inside = "acyclic"`.
//! The root file of a crate stands above all, and nothing uses what is defined in it.

mod declared;
mod graph;
mod paths;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use crate::source::{CrateSource, text_of};
use declared::{Declared, Inside};
use graph::{Graph, ROOT};

/// Where the layers are declared, from the root of the repository.
const FILE: &str = "crates/xtask/layers.toml";

/// Checks all crates of `layers.toml`; the error lists every violation.
pub(crate) fn check(repository: &Path) -> Result<(), String> {
    let mut wrong = Vec::new();
    for declared in declared::read(&repository.join(FILE))? {
        let source = CrateSource::read(repository, Path::new(&declared.root))?;
        wrong.extend(violations(&declared, &source));
    }
    if wrong.is_empty() { Ok(()) } else { Err(format!("{}\n{} violations", wrong.join("\n"), wrong.len())) }
}

/// Everything in which a crate does not keep to its layers.
fn violations(declared: &Declared, source: &CrateSource) -> Vec<String> {
    let name = &declared.name;
    let mut wrong = unlisted(declared, source);
    let found = paths::paths(source);
    wrong.extend(found.hidden.iter().map(|(place, what)| format!("{place}: {what}")));

    let units = declared.units();
    let graph = Graph::new(&units, &found.uses);
    let floors: BTreeMap<&String, usize> = declared
        .layers
        .iter()
        .enumerate()
        .flat_map(|(floor, layer)| layer.modules.iter().map(move |module| (module, floor)))
        .collect();
    let mut excused = BTreeSet::new();
    for ((from, to), places) in &graph.edges {
        if from == ROOT {
            continue;
        }
        if declared.exceptions.iter().any(|exception| exception.from == *from && exception.to == *to) {
            excused.insert((from.clone(), to.clone()));
            continue;
        }
        let why = match (floors.get(from), floors.get(to)) {
            _ if to == ROOT => "what the root defines is above every module",
            (Some(own), Some(other)) if other > own => "it is above",
            (Some(own), Some(other)) if other == own && declared.layers[*own].inside == Inside::Nothing => {
                "it stands beside"
            }
            _ => continue,
        };
        for place in places {
            wrong.push(format!("{place}: `{from}` uses `{to}` of {name}, and {why}"));
        }
    }
    for exception in &declared.exceptions {
        if !excused.contains(&(exception.from.clone(), exception.to.clone())) {
            wrong.push(format!(
                "{FILE}: {name}: the exception from `{}` to `{}` excuses nothing any more",
                exception.from, exception.to
            ));
        }
    }
    for layer in declared.layers.iter().filter(|layer| layer.inside == Inside::Acyclic) {
        let inside = Graph { units: layer.modules.iter().cloned().collect(), edges: graph.edges.clone() };
        for circle in inside.circles() {
            let circle: Vec<String> = circle.into_iter().collect();
            wrong.push(format!("{name}: {} use one another in a circle", circle.join(", ")));
        }
    }
    wrong
}

/// Modules that are not listed, listed ones that do not exist, and those that the picture in the root does not name.
fn unlisted(declared: &Declared, source: &CrateSource) -> Vec<String> {
    let name = &declared.name;
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for module in declared.layers.iter().flat_map(|layer| &layer.modules) {
        let path: Vec<String> = module.split("::").map(str::to_owned).collect();
        if !source.has_module(&path) {
            wrong.push(format!("{FILE}: {name} has no module `{module}`"));
        }
        if !seen.insert(module) {
            wrong.push(format!("{FILE}: `{module}` of {name} is listed twice"));
        }
    }
    for module in source.top_level().iter().filter(|module| !seen.contains(module)) {
        wrong.push(format!("{FILE}: `{module}` of {name} is in no layer"));
    }
    let picture = picture(source);
    let named: BTreeSet<&str> = picture.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
    for module in source.top_level().iter().filter(|module| !named.contains(module.as_str())) {
        let root = source.root().file.display();
        wrong.push(format!("{root}: the picture of the crate does not name `{module}`"));
    }
    wrong
}

/// What stands in the ```` ```text ```` blocks of the crate's documentation.
fn picture(source: &CrateSource) -> String {
    let attributes = &source.root().syntax.attrs;
    let docs = attributes.iter().filter(|attribute| attribute.path().is_ident("doc")).filter_map(text_of);
    let mut inside = false;
    let mut picture = String::new();
    for line in docs {
        let line = line.trim();
        if line.starts_with("```") {
            inside = line == "```text";
        } else if inside {
            picture.push_str(line);
            picture.push('\n');
        }
    }
    picture
}

/// Which module of a crate uses which, and in what circles, for a person who plans; with two modules, the places where
/// the first uses the second.
pub(crate) fn describe(
    repository: &Path,
    name: &str,
    between: Option<(&str, &str)>,
) -> Result<String, String> {
    let folder = Path::new("crates").join(name.strip_prefix("emrys-").unwrap_or(name)).join("src");
    let root = ["lib.rs", "main.rs"].map(|file| folder.join(file));
    let root = root.iter().find(|file| repository.join(file).is_file());
    let root = root.ok_or_else(|| format!("{} holds no lib.rs and no main.rs", folder.display()))?;
    let source = CrateSource::read(repository, root)?;
    let found = paths::paths(&source);
    let mut units: BTreeSet<String> = source.top_level().clone();
    if let Some((from, to)) = between {
        units.extend([from.to_owned(), to.to_owned()]);
    }
    let graph = Graph::new(&units, &found.uses);
    if let Some((from, to)) = between {
        let places = graph.edges.get(&(from.to_owned(), to.to_owned())).cloned().unwrap_or_default();
        return Ok(places.iter().fold(String::new(), |text, place| format!("{text}{place}\n")));
    }
    Ok(drawn(&graph, &found.hidden))
}

fn drawn(graph: &Graph, hidden: &[(paths::Place, String)]) -> String {
    let mut text = String::new();
    for unit in graph.units.iter().map(String::as_str).chain([ROOT]) {
        let used: Vec<String> = graph
            .used_by(unit)
            .map(|other| format!("{other} ({})", graph.edges[&(unit.to_owned(), other.to_owned())].len()))
            .collect();
        let used = if used.is_empty() { "nothing".to_owned() } else { used.join(", ") };
        let _ = writeln!(text, "{unit} -> {used}");
    }
    for circle in graph.circles() {
        let _ = writeln!(
            text,
            "circle of {}: {}",
            circle.len(),
            circle.into_iter().collect::<Vec<_>>().join(", ")
        );
    }
    for (place, what) in hidden {
        let _ = writeln!(text, "{place}: {what}");
    }
    text
}
