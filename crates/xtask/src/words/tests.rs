use super::*;

const LIST: &str = r#"
[[word]]
words = ["look", "looked", "live_look"]
say = "observe"
in = ["crates/a/"]
exceptions = [{ name = "look_up", reason = "a test" }, { in = "crates/a/tests", reason = "a test" }]

[[word]]
words = ["surplus"]
say = "duplicate"
private = true

[[name]]
names = ["Query"]
say = "Probe"

[[phrase]]
phrases = ["is no day"]
say = "is not a valid date"
where = ["documents", "texts"]

[[phrase]]
phrases = ["whoever"]
say = "name who"
"#;

fn found_in(prepare: impl Fn(&mut Search)) -> (Vec<String>, Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("words.toml");
    std::fs::write(&file, LIST).expect("a file");
    let mut state = Search::new(list::read(&file).expect("a list"));
    prepare(&mut state);
    let (findings, idle) = state.end();
    let shown = findings.iter().map(|finding| {
        let Finding { listed, found, path, line, .. } = finding;
        format!("{path}:{line} {found} ({listed})")
    });
    (shown.collect(), idle)
}

fn in_rust(path: &str, text: &str) -> Vec<String> {
    let file = TextFile { path: path.to_owned(), text: text.to_owned() };
    found_in(|search| search.rust(&file).expect("Rust")).0
}

#[test]
fn a_word_is_found_in_every_kind_of_name() {
    for (text, name) in [
        ("fn look() {}", "look"),
        ("fn has_looked() {}", "has_looked"),
        ("struct LookAt;", "LookAt"),
        ("const LOOK_AT: u8 = 1;", "LOOK_AT"),
        ("macro_rules! m { () => { r#look } }", "look"),
        ("const TAG: &str = \"look-at\";", "look-at"),
        ("#[serde(rename = \"looked\")] struct S;", "looked"),
        ("/// See [`Look::At`].\nstruct S;", "Look::At"),
        ("struct LookUp;", "LookUp"),
    ] {
        assert_eq!(
            in_rust("crates/a/src/x.rs", text),
            [format!("crates/a/src/x.rs:1 {name} (look)")],
            "{text}"
        );
    }
    assert_eq!(in_rust("crates/a/src/look.rs", ""), ["crates/a/src/look.rs:1 look (look)"]);
}

#[test]
fn other_words_other_paths_and_sentences_of_tests_are_left_alone() {
    for text in [
        "fn outlook() {}",
        "fn overlooked() {}",
        "// Have a look.",
        "const TEXT: &str = \"have a look\";",
        "fn a_test_that_has_a_look_at_it() {}",
        "fn look_up() {}",
    ] {
        assert_eq!(in_rust("crates/a/src/x.rs", text), Vec::<String>::new(), "{text}");
    }
    assert_eq!(in_rust("crates/b/src/x.rs", "fn look() {}"), Vec::<String>::new());
    assert_eq!(in_rust("crates/a/tests/x.rs", "fn look() {}"), Vec::<String>::new());
    let private = "fn a_test_with_a_surplus_in_its_name() {}";
    assert_eq!(
        in_rust("crates/b/src/x.rs", private),
        ["crates/b/src/x.rs:1 a_test_with_a_surplus_in_its_name (surplus)"]
    );
}

#[test]
fn a_name_is_found_as_it_is_and_not_in_others() {
    assert_eq!(in_rust("x.rs", "struct Query;\nstruct NamedQuery; mod query {}"), ["x.rs:1 Query (Query)"]);
}

#[test]
fn a_phrase_is_found_across_lines_where_it_is_denied() {
    assert_eq!(
        in_rust("x.rs", "// For Whoever\n// comes.\nconst T: &str = \"`{x}` is\\n no day\";\n// is no day"),
        ["x.rs:3 is no day (is no day)", "x.rs:1 whoever (whoever)"]
    );
    assert_eq!(in_rust("x.rs", "const T: &str = \"this is no daylight\";"), Vec::<String>::new());
    let document = "# `surplus`\n\nIt is\nno day.\n\n```text\nwhoever\n```\n";
    let file = TextFile { path: "a.md".to_owned(), text: document.to_owned() };
    let (found, _) = found_in(|search| search.document(&file));
    assert_eq!(found, ["a.md:3 is no day (is no day)", "a.md:1 surplus (surplus)"]);
}

#[test]
fn stored_names_are_found() {
    let file =
        TextFile { path: "a.json".to_owned(), text: "{\n  \"surplus\": \"of a surplus\"\n}".to_owned() };
    let (found, _) = found_in(|search| search.stored(&file));
    assert_eq!(found, ["a.json:2 surplus (surplus)"]);
}

#[test]
fn an_exception_that_excuses_nothing_is_found() {
    let used = TextFile { path: "crates/a/src/x.rs".to_owned(), text: "fn look_up() {}".to_owned() };
    let (found, idle) = found_in(|search| search.rust(&used).expect("Rust"));
    assert_eq!(found, Vec::<String>::new());
    assert_eq!(idle.len(), 1);
    assert!(idle[0].contains("crates/a/tests"), "{}", idle[0]);
}

#[test]
fn the_list_of_this_repository_can_be_read() {
    let list = list::read(&crate::repository().join(FILE)).unwrap_or_else(|wrong| panic!("{wrong}"));
    assert!(list.words.len() > 20 && list.names.len() > 5 && list.phrases.len() > 10);
}
