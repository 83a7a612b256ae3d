//! Reads a TOML file key by key, and keeps going after a mistake.
//!
//! Every method that finds something wrong notes the problem with its place and returns nothing, so that a caller
//! reads on and the user hears of all mistakes at once. A value counts as missing only where nothing was noted.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use toml_span::Span;
use toml_span::value::{Table, ValueInner};

use super::entry::{Entry, quoted};
use super::problem::{ConfigErrors, Problem, Wrong, nearest};

/// A file that is being read.
pub(super) struct Reader<'t> {
    file: &'t str,
    text: &'t str,
    problems: RefCell<Vec<Problem>>,
    /// Where each key stands, by its path, for problems that only show when all is read.
    places: RefCell<BTreeMap<String, Span>>,
    /// Keys whose value is not known, because something is wrong with it or because it probably stands there under a
    /// misspelt name. What else is wrong with them cannot be told.
    doubts: RefCell<BTreeSet<String>>,
}

impl<'t> Reader<'t> {
    pub(super) fn new(file: &'t str, text: &'t str) -> Self {
        Self {
            file,
            text,
            problems: RefCell::default(),
            places: RefCell::default(),
            doubts: RefCell::default(),
        }
    }

    /// The file as a table; an error where it is no TOML at all.
    pub(super) fn root(&self) -> Result<Section<'t, '_>, ConfigErrors> {
        let mut value = toml_span::parse(self.text).map_err(|error| {
            let written = self.text.get(error.span.start..error.span.end).unwrap_or_default();
            let hint = syntax_hint(&error.kind, written);
            self.note(error.span.start, "", Wrong::new(error.to_string()).hint(hint));
            self.errors()
        })?;
        let ValueInner::Table(table) = value.take() else {
            return Err(self.errors());
        };
        Ok(Section::new(self, String::new(), 0, table))
    }

    /// Notes a problem with a key that was read before.
    pub(super) fn wrong_at(&self, path: &str, wrong: Wrong) {
        // A key that was left out is reported where its table begins.
        let mut known = path;
        let span = loop {
            if let Some(span) = self.places.borrow().get(known) {
                break *span;
            }
            match known.rfind(['.', '[']) {
                Some(end) => known = &known[..end],
                None => break Span::new(0, 0),
            }
        };
        self.note(span.start, path, wrong);
    }

    /// Keeps where a key or an item stands.
    pub(super) fn place(&self, path: &str, span: Span) {
        self.places.borrow_mut().insert(path.to_owned(), span);
    }

    /// Whether the file has the key.
    pub(super) fn was_given(&self, path: &str) -> bool {
        self.places.borrow().contains_key(path)
    }

    /// Notes that the value of a key is not known.
    pub(super) fn doubt(&self, path: &str) {
        self.doubts.borrow_mut().insert(path.to_owned());
    }

    /// Whether what was read for the key, or that it was left out, is what the user wants.
    pub(super) fn is_certain(&self, path: &str) -> bool {
        let lies_in = |inner: &str, outer: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.doubts.borrow().iter().all(|doubt| !lies_in(doubt, path) && !lies_in(path, doubt))
    }

    pub(super) fn is_sound(&self) -> bool {
        self.problems.borrow().is_empty()
    }

    /// All problems, in the order of their places.
    pub(super) fn errors(&self) -> ConfigErrors {
        let mut problems = self.problems.borrow().clone();
        problems.sort_by_key(|problem| (problem.line, problem.column));
        ConfigErrors { file: self.file.to_owned(), problems }
    }

    pub(super) fn note(&self, at: usize, key: &str, wrong: Wrong) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line_begin = before.rfind('\n').map_or(0, |newline| newline + 1);
        self.problems.borrow_mut().push(Problem {
            line: before.matches('\n').count() + 1,
            column: before[line_begin..].chars().count() + 1,
            key: key.to_owned(),
            message: wrong.message,
            hint: wrong.hint,
        });
    }

    /// Where in the file a letter of a string stands. Where escapes make the text another than what is written, it is
    /// where the string begins.
    pub(super) fn place_in(&self, span: Span, value: &str, offset: usize) -> usize {
        let written = self.text.get(span.start..span.end).unwrap_or_default();
        written.find(value).map_or(span.start, |quotes| span.start + quotes + offset)
    }
}

/// `written` is what stands in the file where the mistake was found.
fn syntax_hint(kind: &toml_span::ErrorKind, written: &str) -> &'static str {
    use toml_span::ErrorKind;
    let is_integer = !written.is_empty() && written.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    match kind {
        ErrorKind::DuplicateKey { .. } | ErrorKind::DuplicateTable { .. } => {
            "a key stands once in its table, and a table once in the file"
        }
        ErrorKind::InvalidNumber if is_integer && written.starts_with('0') => {
            "a number does not begin with 0; what is no number stands in quotes"
        }
        ErrorKind::InvalidNumber if is_integer => {
            "this number is too large: no key takes one of so many digits"
        }
        ErrorKind::UnquotedString | ErrorKind::InvalidNumber => "texts, dates and times stand in quotes",
        _ => "this is not TOML (https://toml.io); what comes after it is checked once this is right",
    }
}

/// A table of the file.
pub(super) struct Section<'t, 'r> {
    reader: &'r Reader<'t>,
    path: String,
    at: usize,
    table: Table<'t>,
    known: Vec<&'static str>,
    /// Keys that have to be there and are not, each with its hint.
    missing: Vec<(&'static str, &'static str)>,
}

impl<'t, 'r> Section<'t, 'r> {
    pub(super) fn new(reader: &'r Reader<'t>, path: String, at: usize, table: Table<'t>) -> Self {
        Self { reader, path, at, table, known: Vec::new(), missing: Vec::new() }
    }

    /// The path of the table itself.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn reader(&self) -> &'r Reader<'t> {
        self.reader
    }

    pub(super) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Takes a key out, if it is there.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Entry<'t, 'r>> {
        self.known.push(key);
        let (name, mut value) = self.table.remove_entry(key)?;
        let path = self.path_of(key);
        self.reader.place(&path, name.span);
        let span = if matches!(value.as_ref(), ValueInner::Table(_)) { name.span } else { value.span };
        Some(Entry { reader: self.reader, path, span, value: value.take() })
    }

    /// As [`Self::take`], for a key that has to be there. That it is missing is noted at the end, when it is known
    /// whether it was misspelt.
    pub(super) fn require(&mut self, key: &'static str, hint: &'static str) -> Option<Entry<'t, 'r>> {
        let found = self.take(key);
        if found.is_none() {
            self.missing.push((key, hint));
        }
        found
    }

    /// A key that is told apart from what the file may hold: it names a feature that does not exist yet.
    pub(super) fn not_yet(&mut self, key: &'static str, what: &str) {
        let Some((name, _)) = self.table.remove_entry(key) else {
            return;
        };
        let hint = "leave it out: this version would have to ignore it";
        let path = self.path_of(key);
        self.reader.note(
            name.span.start,
            &path,
            Wrong::new(format!("{what} is not yet available")).hint(hint),
        );
    }

    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        self.take(key)?.text()
    }

    /// A text that must be something particular.
    pub(super) fn parsed<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, Wrong>,
    ) -> Option<T> {
        self.take(key)?.parsed(parse)
    }

    pub(super) fn integer(
        &mut self,
        key: &'static str,
        range: RangeInclusive<u32>,
        hint: &str,
    ) -> Option<u32> {
        self.take(key)?.integer(range, hint)
    }

    /// A list of texts; empty where the key is left out.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        parse: impl FnMut(&str) -> Result<T, Wrong>,
    ) -> Vec<T> {
        self.take(key).map(|entry| entry.list(parse)).unwrap_or_default()
    }

    /// A list of arguments, which may be empty texts.
    pub(super) fn arguments<T>(
        &mut self,
        key: &'static str,
        parse: impl FnMut(&str) -> Result<T, Wrong>,
    ) -> Vec<T> {
        self.take(key).map(|entry| entry.arguments(parse)).unwrap_or_default()
    }

    /// A table in this table.
    pub(super) fn section(&mut self, key: &'static str) -> Option<Section<'t, 'r>> {
        self.take(key)?.section()
    }

    /// A table that has to be there.
    pub(super) fn required_section(
        &mut self,
        key: &'static str,
        hint: &'static str,
    ) -> Option<Section<'t, 'r>> {
        self.require(key, hint)?.section()
    }

    /// Tables that may come several times.
    pub(super) fn sections(&mut self, key: &'static str) -> Vec<Section<'t, 'r>> {
        let Some(entry) = self.take(key) else {
            return Vec::new();
        };
        let hint = format!("write each as a table of its own: [[{}]]", entry.path);
        entry.items(&hint).into_iter().filter_map(Entry::section).collect()
    }

    /// Everything that was not asked for is unknown, and what has to be there and is not is missing: a misspelt key is
    /// one problem, not two.
    pub(super) fn finish(mut self) {
        for name in self.table.keys() {
            let hint = match nearest(&name.name, self.known.iter().copied()) {
                Some(known) => {
                    self.reader.doubt(&self.path_of(known));
                    self.missing.retain(|(missing, _)| *missing != known);
                    format!("did you mean `{known}`?")
                }
                None => format!("known here: {}", self.known.join(", ")),
            };
            let path = self.path_of(&quoted(&name.name));
            self.reader.note(name.span.start, &path, Wrong::new("this key is unknown").hint(hint));
        }
        for (key, hint) in &self.missing {
            self.reader.doubt(&self.path_of(key));
            self.reader.note(self.at, &self.path_of(key), Wrong::new("this key is missing").hint(*hint));
        }
    }
}
