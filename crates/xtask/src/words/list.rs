//! `words.toml`, read.

use std::path::Path;

use toml_span::de_helpers::{TableHelper, expected};
use toml_span::value::ValueInner;
use toml_span::{DeserError, Deserialize, Value};

use crate::data;

/// What must not be said, and what is said instead.
#[derive(Debug, Default)]
pub(super) struct List {
    pub(super) words: Vec<Word>,
    pub(super) names: Vec<Name>,
    pub(super) phrases: Vec<Phrase>,
}

/// A word that no name contains: `look` is in `look_at`, `LookAt` and the stored name `look-at`, not in `outlook`.
#[derive(Debug)]
pub(super) struct Word {
    /// Each is one word, or several (`live_look`).
    pub(super) forms: Vec<String>,
    pub(super) rule_for: RuleFor,
    pub(super) rule: Rule,
}

/// Which names a word is denied in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RuleFor {
    /// Those that are no sentences: the word is plain English, and a test may be called by a sentence that has it.
    Names,
    /// All: the word is a private one.
    Sentences,
}

/// A name that nothing bears, exactly as it is written.
#[derive(Debug)]
pub(super) struct Name {
    pub(super) names: Vec<String>,
    pub(super) rule: Rule,
}

/// Words that no sentence contains, in any case and across line breaks.
#[derive(Debug)]
pub(super) struct Phrase {
    pub(super) texts: Vec<String>,
    pub(super) where_: Vec<Prose>,
    pub(super) rule: Rule,
}

/// Where sentences stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prose {
    /// Markdown files.
    Documents,
    /// String literals.
    Texts,
    /// Comments and documentation of the code.
    Comments,
}

/// What all kinds have.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) say: String,
    /// Beginnings of paths; all paths when empty.
    pub(super) within: Vec<String>,
    pub(super) exceptions: Vec<Exception>,
}

/// Where the rule does not hold.
#[derive(Debug)]
pub(super) struct Exception {
    /// The whole name; any when it is left out.
    pub(super) name: Option<String>,
    /// The beginning of a path; any when it is left out.
    pub(super) within: Option<String>,
}

/// Reads the file.
pub(super) fn read(file: &Path) -> Result<List, String> {
    data::read(file)
}

impl Rule {
    fn take(table: &mut TableHelper<'_>) -> Result<Self, toml_span::Error> {
        let say = table.required("say");
        let within = table.optional("in").unwrap_or_default();
        let exceptions = table.optional("exceptions").unwrap_or_default();
        Ok(Self { say: say?, within, exceptions })
    }
}

impl<'de> Deserialize<'de> for List {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let mut table = TableHelper::new(value)?;
        let words = table.optional("word").unwrap_or_default();
        let names = table.optional("name").unwrap_or_default();
        let phrases = table.optional("phrase").unwrap_or_default();
        table.finalize(None)?;
        Ok(Self { words, names, phrases })
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let mut table = TableHelper::new(value)?;
        let (forms, rule) = (table.required("words"), Rule::take(&mut table));
        let rule_for = match table.optional("private") {
            Some(true) => RuleFor::Sentences,
            _ => RuleFor::Names,
        };
        table.finalize(None)?;
        Ok(Self { forms: forms?, rule_for, rule: rule? })
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let mut table = TableHelper::new(value)?;
        let (names, rule) = (table.required("names"), Rule::take(&mut table));
        table.finalize(None)?;
        Ok(Self { names: names?, rule: rule? })
    }
}

impl<'de> Deserialize<'de> for Phrase {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let mut table = TableHelper::new(value)?;
        let (texts, rule) = (table.required("phrases"), Rule::take(&mut table));
        let everywhere = vec![Prose::Documents, Prose::Texts, Prose::Comments];
        let where_ = table.optional("where").unwrap_or(everywhere);
        table.finalize(None)?;
        Ok(Self { texts: texts?, where_, rule: rule? })
    }
}

impl<'de> Deserialize<'de> for Prose {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        match value.take() {
            ValueInner::String(text) if text == "documents" => Ok(Self::Documents),
            ValueInner::String(text) if text == "texts" => Ok(Self::Texts),
            ValueInner::String(text) if text == "comments" => Ok(Self::Comments),
            other => Err(expected("\"documents\", \"texts\" or \"comments\"", other, value.span).into()),
        }
    }
}

impl<'de> Deserialize<'de> for Exception {
    fn deserialize(value: &mut Value<'de>) -> Result<Self, DeserError> {
        let mut table = TableHelper::new(value)?;
        let (name, within) = (table.optional("name"), table.optional("in"));
        // Nobody reads it but people; nobody leaves it out.
        let reason = table.required::<String>("reason");
        table.finalize(None)?;
        reason?;
        Ok(Self { name, within })
    }
}
