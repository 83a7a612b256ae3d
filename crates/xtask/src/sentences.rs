//! Holds the length of sentences and of lines.
//!
//! No sentence of a document, of a help text or of any other text that the program may print is longer than 40 words. A
//! list's item, a heading and a table's cell are sentences of their own; a name in code style is one word. Every string
//! literal outside tests counts as a text that may be printed: what is printed is nowhere marked.
//!
//! No line of a document, and no comment, is wider than 120 columns. Tables and code blocks are exempt, since they
//! cannot be wrapped without becoming something else, and so is a line without a place to break it, such as a long
//! link.

use std::path::Path;

use crate::files::{self, TextFile};
use crate::pieces::{self, Kind};
use crate::{markdown, source};

/// The most words of a sentence.
const MOST_WORDS: usize = 40;

/// The most columns of a line.
const MOST_COLUMNS: usize = 120;

/// What ends with a full stop and ends no sentence.
const ABBREVIATIONS: [&str; 4] = ["e.g.", "i.e.", "vs.", "cf."];

/// Checks the repository; the error lists every sentence and line.
pub(crate) fn check(repository: &Path) -> Result<(), String> {
    let wrong = search(repository)?;
    if wrong.is_empty() { Ok(()) } else { Err(format!("{}\n{} findings", wrong.join("\n"), wrong.len())) }
}

/// All that is too long, by the paths of the files.
pub(crate) fn search(repository: &Path) -> Result<Vec<String>, String> {
    let mut wrong = Vec::new();
    for file in files::documents(repository)? {
        document(&file, &mut wrong);
    }
    for file in files::files(repository, "crates", &[".rs"])? {
        code(&file, &mut wrong)?;
    }
    Ok(wrong)
}

fn document(file: &TextFile, wrong: &mut Vec<String>) {
    let document = markdown::read(&file.text);
    for block in &document.blocks {
        sentences_of(&file.path, &block.text, block.line, wrong);
    }
    for (index, line) in file.text.lines().enumerate() {
        let number = index + 1;
        if !document.unwrappable.iter().any(|lines| lines.contains(&number)) {
            width(&file.path, line, number, wrong);
        }
    }
}

fn code(file: &TextFile, wrong: &mut Vec<String>) -> Result<(), String> {
    for (index, line) in file.text.lines().enumerate() {
        if line.trim_start().starts_with("//") {
            width(&file.path, line, index + 1, wrong);
        }
    }
    let is_test = ["/tests/", "/tests.rs", "/testing.rs", "/properties.rs"];
    if is_test.iter().any(|part| file.path.contains(part)) {
        return Ok(());
    }
    let tests = test_lines(file)?;
    for piece in pieces::pieces(&file.path, &file.text)? {
        if tests.iter().any(|lines| lines.contains(&piece.line)) {
            continue;
        }
        match piece.kind {
            // Each line of a text is read by itself.
            Kind::Text => {
                for line in piece.text.lines() {
                    sentences_of(&file.path, line, piece.line, wrong);
                }
            }
            Kind::Doc => {
                for block in markdown::read(&piece.text).blocks {
                    sentences_of(&file.path, &block.text, piece.line + block.line - 1, wrong);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The lines of a file that are compiled for tests only.
fn test_lines(file: &TextFile) -> Result<Vec<std::ops::RangeInclusive<usize>>, String> {
    use syn::spanned::Spanned as _;
    let syntax = source::parse(Path::new(&file.path), &file.text)?;
    let tests = syntax.items.iter().filter(|item| source::only_for_tests(source::attributes_of(item)));
    Ok(tests.map(|item| item.span().start().line..=item.span().end().line).collect())
}

fn sentences_of(path: &str, text: &str, line: usize, wrong: &mut Vec<String>) {
    for sentence in sentences(text) {
        if sentence.words > MOST_WORDS {
            let Sentence { words, begin, line: within } = sentence;
            wrong.push(format!("{path}:{}: a sentence of {words} words: \"{begin} …\"", line + within));
        }
    }
}

fn width(path: &str, line: &str, number: usize, wrong: &mut Vec<String>) {
    let columns = line.chars().count();
    // Where the line could have been broken: a space before the limit, but not that of a bullet or of a comment.
    let begin: String = line.chars().take(MOST_COLUMNS).collect();
    let marks = |c: char| c.is_whitespace() || matches!(c, '-' | '*' | '/' | '!' | '>' | '#');
    let can_break = begin.trim_start_matches(marks).contains(char::is_whitespace);
    if columns > MOST_COLUMNS && can_break {
        wrong.push(format!("{path}:{number}: a line of {columns} columns"));
    }
}

struct Sentence {
    words: usize,
    /// Its first words.
    begin: String,
    /// How many lines below the beginning of the text it begins.
    line: usize,
}

/// The sentences of a text. Each ends with a full stop, a question mark or an exclamation mark before a space, unless
/// the next word begins with a small letter.
fn sentences(text: &str) -> Vec<Sentence> {
    let mut found = Vec::new();
    let mut words: Vec<&str> = Vec::new();
    let mut line = 0;
    for (number, text) in text.lines().enumerate() {
        for word in text.split_whitespace() {
            let small = word.chars().next().is_some_and(char::is_lowercase);
            if !small && words.last().is_some_and(|last| ends_sentence(last)) {
                found.push(sentence(&words, line));
                words.clear();
            }
            if words.is_empty() {
                line = number;
            }
            words.push(word);
        }
    }
    if !words.is_empty() {
        found.push(sentence(&words, line));
    }
    found
}

fn ends_sentence(word: &str) -> bool {
    let bare = word.trim_end_matches(['"', '\'', '`', ')', ']', '*', '”', '’']);
    let begin = bare.trim_start_matches(['(', '"']);
    bare.ends_with(['.', '!', '?', '…']) && !ABBREVIATIONS.contains(&begin)
}

fn sentence(words: &[&str], line: usize) -> Sentence {
    // A dash or an arrow by itself is no word.
    let count = words.iter().filter(|word| word.contains(char::is_alphanumeric)).count();
    let begin = words.iter().take(8).copied().collect::<Vec<_>>().join(" ");
    Sentence { words: count, begin, line }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(count: usize) -> String {
        vec!["word"; count].join(" ")
    }

    fn file(path: &str, text: String) -> TextFile {
        TextFile { path: path.to_owned(), text }
    }

    fn in_document(text: String) -> Vec<String> {
        let mut wrong = Vec::new();
        document(&file("a.md", text), &mut wrong);
        wrong
    }

    fn in_code(text: String) -> Vec<String> {
        let mut wrong = Vec::new();
        code(&file("src/a.rs", text), &mut wrong).expect("Rust");
        wrong
    }

    #[test]
    fn sentences_end_where_a_reader_ends_them() {
        let counts = |text: &str| sentences(text).iter().map(|sentence| sentence.words).collect::<Vec<_>>();
        assert_eq!(counts("One two. Three!\nFour five? \"Six.\" (Seven.) 8"), [2, 1, 2, 1, 1, 1]);
        assert_eq!(counts("See e.g. Spark 3.5, or a.b — it -> goes on. Next"), [9, 1]);
        assert_eq!(counts("Wait … and go on; also: this"), [6]);
        assert_eq!(counts(""), Vec::<usize>::new());
        assert_eq!(sentences("One\ntwo.\nThree").iter().map(|s| s.line).collect::<Vec<_>>(), [0, 2]);
    }

    #[test]
    fn a_long_sentence_of_a_document_is_found() {
        // Within 120 columns, each line of 10 words.
        let lines = |count: usize| {
            format!("Word{}", "\nword word word word word word word word word word".repeat(count / 10))
        };
        assert_eq!(
            in_document(format!("Short.\n{}.", lines(40))),
            ["a.md:2: a sentence of 41 words: \"Word word word word word word word word …\""]
        );
        assert!(
            in_document(format!("- item\n- {}", lines(50).replace('\n', "\n  ")))[0].contains("51 words")
        );
        assert_eq!(in_document(format!("{} `a b c d e f g h i j k`.", lines(30))), [""; 0]);
        let fine = words(20);
        let list =
            format!("{fine}:\n\n- {fine}\n- {fine}\n\n| {fine} | {fine} |\n| - | - |\n| {fine} | {fine} |\n");
        assert_eq!(in_document(list), Vec::<String>::new());
        assert_eq!(in_document(format!("```text\n{}\n```\n", words(50))), Vec::<String>::new());
    }

    #[test]
    fn a_long_sentence_of_a_text_is_found_outside_tests() {
        let long = words(41);
        for text in [
            format!("const T: &str = \"{long}\";"),
            format!("#[error(\"{long}\")] struct S;"),
            format!("fn f() {{ println!(\"{{}} {long}\", 1) }}"),
        ] {
            assert!(in_code(text.clone()).len() == 1, "{text}");
        }
        let doc = format!("/// {}\n/// {}\nstruct S;", words(20), words(21));
        assert!(in_code(doc)[0].contains("src/a.rs:1: a sentence of 41 words"));
        assert_eq!(in_code(format!("#[cfg(test)] mod tests {{ const T: &str = \"{long}\"; }}")), [""; 0]);
        let lines = format!("const T: &str = \"{}\\n{}\";", words(30), words(30));
        assert_eq!(in_code(lines), [""; 0]);
    }

    #[test]
    fn a_wide_line_is_found_unless_it_cannot_be_broken() {
        let wide = words(25);
        assert_eq!(in_document(wide.clone()), ["a.md:1: a line of 124 columns"]);
        assert_eq!(in_code(format!("    // {wide}")), ["src/a.rs:1: a line of 131 columns"]);
        let link = format!("- [link](https://example.com/{})", "x".repeat(120));
        assert_eq!(in_document(link), [""; 0]);
        let table = format!("| {wide} |\n| - |\n| {wide} |\n");
        assert_eq!(in_document(table), [""; 0]);
        assert_eq!(in_document(format!("```text\n{wide}\n```\n")), [""; 0]);
    }
}
