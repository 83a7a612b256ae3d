use std::path::Path;

use super::declared::{Declared, Exception, Inside, Layer};
use super::*;

const ROOT_FILE: &str = "//! A crate.\n//!\n//! ```text\n//! low -> high\n//! ```\n\nmod low;\nmod high;\n";

/// A crate of these files, in a folder of its own.
fn planted(files: &[(&str, &str)]) -> (tempfile::TempDir, CrateSource) {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let file = folder.path().join("src").join(name);
        std::fs::create_dir_all(file.parent().expect("a parent")).expect("a folder");
        std::fs::write(file, text).expect("a file");
    }
    let source = CrateSource::read(folder.path(), Path::new("src/lib.rs")).expect("Rust");
    (folder, source)
}

fn layer(modules: &[&str]) -> Layer {
    Layer { modules: modules.iter().map(|&module| module.to_owned()).collect(), inside: Inside::Nothing }
}

fn declared(layers: Vec<Layer>) -> Declared {
    Declared { name: "planted".to_owned(), root: "src/lib.rs".to_owned(), layers, exceptions: Vec::new() }
}

/// What is wrong with `low`, which must not use `high`.
fn in_low(text: &str) -> Vec<String> {
    let (_folder, source) = planted(&[
        ("lib.rs", ROOT_FILE),
        ("low.rs", text),
        ("high.rs", "pub fn item() {}\npub struct Item;"),
    ]);
    violations(&declared(vec![layer(&["low"]), layer(&["high"])]), &source)
}

#[test]
fn a_path_upwards_is_found_wherever_it_stands() {
    for text in [
        "use crate::high::Item;",
        "use crate::{high::{Item}};",
        "pub use super::high as up;",
        "use crate::high::*;",
        "fn f() { crate::high::item(); }",
        "fn f(_: &[crate::high::Item]) {}",
        "fn f() { let _: Vec<super::high::Item> = Vec::new(); }",
        "fn f() { let _ = vec![crate::high::item()]; }",
        "fn f() { println!(\"{}\", { use crate::{high::item}; 1 }); }",
        "macro_rules! m { () => { $crate::high::item() } }",
        "#[serde(with = \"crate::high\")] struct S;",
        "struct S { #[serde(default = \"super::high::item\")] field: u8 }",
        "#[derive(crate::high::Item)] struct S;",
        "mod inner { fn f() { super::super::high::item(); } }",
        "fn f() { mod inner { use super::super::high::Item; } }",
        "impl crate::high::Item { fn f() {} }",
        "fn f<T: crate::high::Item>() {}",
        "#[cfg(not(test))] use crate::high::Item;",
        "#[cfg(any(test, unix))] use crate::high::Item;",
    ] {
        assert_eq!(in_low(text), ["src/low.rs:1: `low` uses `high` of planted, and it is above"], "{text}");
    }
}

#[test]
fn other_names_and_tests_are_no_paths_upwards() {
    for text in [
        "/// See [`crate::high`].\nfn f() {}",
        "use high::Item;",
        "use ::high::Item;",
        "fn high() {}\nfn f() { high(); self::high(); }",
        "pub(in crate::low) struct S;",
        "pub(crate) struct S;",
        "#[cfg(test)] mod tests { use crate::high::Item; }",
        "#[cfg(all(test, unix))] fn f() { crate::high::item(); }",
        "#[test] fn f() { crate::high::item(); }",
        "impl S { #[cfg(test)] fn f() { crate::high::item(); } }",
        "const TEXT: &str = \"crate::high::item\";",
    ] {
        assert_eq!(in_low(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn what_hides_a_path_is_found() {
    for (text, what) in [
        ("use crate::*;", "`crate` takes everything from the root of the crate"),
        ("use super::*;", "`super` takes everything from the root of the crate"),
        ("use crate as up;", "`crate` gives another name to the root of the crate"),
        ("use super::{self as up};", "`super` gives another name to the root of the crate"),
        ("include!(\"high.rs\");", "`include!` hides what a file uses"),
        ("#[macro_use] mod inner {}", "#[macro_use] on `inner` hides who uses its macros"),
    ] {
        assert_eq!(in_low(text), [format!("src/low.rs:1: {what}")], "{text}");
    }
}

#[test]
fn a_name_that_the_root_gives_is_followed() {
    let (_folder, source) = planted(&[
        ("lib.rs", &format!("{ROOT_FILE}pub use high::Item as Other;\nmod own {{}}")),
        ("low.rs", "fn f(_: crate::Other) {}"),
        ("high.rs", "pub struct Item;"),
    ]);
    let mut wrong = violations(&declared(vec![layer(&["low"]), layer(&["high"]), layer(&["own"])]), &source);
    wrong.sort();
    assert_eq!(
        wrong,
        [
            "src/lib.rs: the picture of the crate does not name `own`",
            "src/low.rs:1: `low` uses `high` of planted, and it is above",
        ]
    );
}

#[test]
fn nothing_uses_what_the_root_defines() {
    let (_folder, source) = planted(&[
        ("lib.rs", &format!("{ROOT_FILE}pub struct Own;")),
        ("low.rs", "use crate::Own;"),
        ("high.rs", "#[macro_export] macro_rules! shout { () => {} }\nfn f() { crate::shout!(); }"),
    ]);
    let wrong = violations(&declared(vec![layer(&["low"]), layer(&["high"])]), &source);
    assert_eq!(
        wrong,
        ["src/low.rs:1: `low` uses `crate` of planted, and what the root defines is above every module"]
    );
}

#[test]
fn files_are_followed_as_the_compiler_does() {
    let (_folder, source) = planted(&[
        ("lib.rs", "mod low;\n#[path = \"elsewhere/file.rs\"]\nmod high;"),
        ("low/mod.rs", "mod deep { mod deeper; }"),
        ("low/deep/deeper.rs", "fn f() { super::super::super::high::item(); }"),
        ("elsewhere/file.rs", "mod beside;"),
        ("elsewhere/beside.rs", ""),
    ]);
    let found = paths::paths(&source);
    assert_eq!(found.uses.len(), 1);
    assert_eq!(found.uses[0].from, ["low", "deep", "deeper"]);
    assert_eq!(found.uses[0].to, ["high", "item"]);
    assert!(source.has_module(&["high".to_owned(), "beside".to_owned()]));
}

#[test]
fn a_group_may_be_acyclic_inside() {
    let files = [
        ("lib.rs", "//! ```text\n//! a b c\n//! ```\nmod a;\nmod b;\nmod c;\n"),
        ("a.rs", "use crate::b::B;"),
        ("b.rs", "fn f() { crate::c::c(); }"),
        ("c.rs", ""),
    ];
    let (_folder, source) = planted(&files);
    let beside = declared(vec![layer(&["a", "b", "c"])]);
    assert_eq!(
        violations(&beside, &source),
        [
            "src/a.rs:1: `a` uses `b` of planted, and it stands beside",
            "src/b.rs:1: `b` uses `c` of planted, and it stands beside",
        ]
    );
    let acyclic = || declared(vec![Layer { inside: Inside::Acyclic, ..layer(&["a", "b", "c"]) }]);
    assert_eq!(violations(&acyclic(), &source), Vec::<String>::new());

    let (_folder, source) = planted(&[files[0], files[1], files[2], ("c.rs", "use super::a::A;")]);
    assert_eq!(violations(&acyclic(), &source), ["planted: a, b, c use one another in a circle"]);
}

#[test]
fn a_module_that_is_listed_by_its_path_is_taken_apart_from_its_parent() {
    let (_folder, source) = planted(&[
        ("lib.rs", "//! ```text\n//! low high\n//! ```\nmod low;\nmod high;\n"),
        ("low.rs", "mod plain;\nfn f() { plain::item(); crate::high::item() }"),
        ("low/plain.rs", "fn f() { super::f(); }"),
        ("high.rs", ""),
    ]);
    let layers = vec![layer(&["low::plain"]), layer(&["high"]), layer(&["low"])];
    assert_eq!(
        violations(&declared(layers), &source),
        ["src/low/plain.rs:1: `low::plain` uses `low` of planted, and it is above"]
    );
}

#[test]
fn the_list_is_complete_and_true() {
    let (_folder, source) =
        planted(&[("lib.rs", "//! low and high\nmod low;\nmod high;\n"), ("low.rs", ""), ("high.rs", "")]);
    let wrong = violations(&declared(vec![layer(&["low", "gone"]), layer(&["low"])]), &source);
    assert_eq!(
        wrong,
        [
            "crates/xtask/layers.toml: planted has no module `gone`",
            "crates/xtask/layers.toml: `low` of planted is listed twice",
            "crates/xtask/layers.toml: `high` of planted is in no layer",
            "src/lib.rs: the picture of the crate does not name `high`",
            "src/lib.rs: the picture of the crate does not name `low`",
        ]
    );
}

#[test]
fn an_exception_excuses_what_it_names_and_goes_when_it_excuses_nothing() {
    let files =
        [("lib.rs", ROOT_FILE), ("low.rs", "use crate::high::Item;"), ("high.rs", "pub struct Item;")];
    let with_exception = || Declared {
        exceptions: vec![Exception { from: "low".to_owned(), to: "high".to_owned() }],
        ..declared(vec![layer(&["low"]), layer(&["high"])])
    };
    let (_folder, source) = planted(&files);
    assert_eq!(violations(&with_exception(), &source), Vec::<String>::new());
    let (_folder, source) = planted(&[files[0], ("low.rs", ""), files[2]]);
    assert_eq!(
        violations(&with_exception(), &source),
        ["crates/xtask/layers.toml: planted: the exception from `low` to `high` excuses nothing any more"]
    );
}

#[test]
fn the_file_is_read_strictly() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("layers.toml");
    let read = |text: &str| {
        std::fs::write(&file, text).expect("a file");
        declared::read(&file)
    };
    let good = r#"
[[crate]]
name = "planted"
root = "src/lib.rs"
layers = [{ modules = ["low"] }, { modules = ["high", "higher"], inside = "acyclic" }]
exceptions = [{ from = "low", to = "high", reason = "a test" }]
"#;
    let found = read(good).expect("layers");
    assert_eq!(found[0].layers[1].inside, Inside::Acyclic);
    assert_eq!(found[0].units().len(), 3);
    for bad in [
        good.replace("acyclic", "anything"),
        good.replace(", reason = \"a test\"", ""),
        good.replace("name =", "title ="),
    ] {
        read(&bad).expect_err("a mistake");
    }
}

#[test]
fn the_layers_of_this_repository_hold() {
    check(&crate::repository()).unwrap_or_else(|wrong| panic!("{wrong}"));
}
