//! Holds the words of the project: `words.toml` lists what must not be said, and what is said instead.
//!
//! Three kinds of rules: a word that no name contains, a name that nothing bears, and a phrase that no sentence
//! contains. Names are identifiers (those in macros too), the names of files and modules, string literals without
//! spaces (the tags and keys of stored documents among them), and the keys and tags in snapshots and JSON files.
//! Sentences are those of the documents, of string literals, of comments and of the code's documentation.

mod list;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use crate::files::{self, TextFile};
use crate::markdown;
use crate::pieces::{self, Kind};
use list::{List, Prose, Rule, RuleFor};

/// Where the words are listed, from the root of the repository.
const FILE: &str = "crates/xtask/words.toml";

/// A name of so many words is a sentence: that of a test.
const SENTENCE: usize = 6;

/// A name or a sentence, and where it stands.
struct Said<'s> {
    what: What,
    text: &'s str,
    path: &'s str,
    line: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Name,
    Sentence(Prose),
}

/// Something that must not be said, where it was found.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    /// The word, name or phrase as the list has it.
    listed: String,
    say: String,
    /// What it was found in: the whole name, or the phrase itself.
    found: String,
    path: String,
    line: usize,
}

/// Checks the repository; the error lists every place.
pub(crate) fn check(repository: &Path) -> Result<(), String> {
    let (findings, idle) = search(repository)?;
    let mut wrong: Vec<String> = findings
        .iter()
        .map(|finding| {
            let Finding { listed, say, found, path, line } = finding;
            format!("{path}:{line}: `{found}`: `{listed}` is not said, but: {say}")
        })
        .collect();
    wrong.extend(idle);
    if wrong.is_empty() { Ok(()) } else { Err(format!("{}\n{} findings", wrong.join("\n"), wrong.len())) }
}

/// What is found, by word, most frequent first, with the names it was found in; with a word, every place of it.
pub(crate) fn describe(repository: &Path, only: Option<&str>) -> Result<String, String> {
    let (findings, idle) = search(repository)?;
    let mut text = String::new();
    if let Some(only) = only {
        for finding in findings.iter().filter(|finding| finding.listed == only) {
            let _ = writeln!(text, "{}:{}: {}", finding.path, finding.line, finding.found);
        }
        return Ok(text);
    }
    let mut by_word: BTreeMap<(&str, &str), BTreeMap<&str, usize>> = BTreeMap::new();
    for finding in &findings {
        let names = by_word.entry((&finding.listed, &finding.say)).or_default();
        *names.entry(&finding.found).or_default() += 1;
    }
    let mut by_word: Vec<_> =
        by_word.into_iter().map(|(word, names)| (names.values().sum::<usize>(), word, names)).collect();
    by_word.sort_by_key(|(count, word, _)| (std::cmp::Reverse(*count), *word));
    for (count, (word, say), names) in by_word {
        let mut names: Vec<_> = names.into_iter().collect();
        names.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
        let shown: Vec<String> =
            names.iter().take(12).map(|(name, count)| format!("{name} ({count})")).collect();
        let more = if names.len() > 12 { ", …" } else { "" };
        let _ = writeln!(text, "{count:>5}  {word}  ->  {say}\n       {}{more}", shown.join(", "));
    }
    for line in idle {
        let _ = writeln!(text, "{line}");
    }
    let _ = writeln!(text, "{} findings", findings.len());
    Ok(text)
}

/// All findings, and the exceptions that excuse nothing.
fn search(repository: &Path) -> Result<(Vec<Finding>, Vec<String>), String> {
    let mut search = Search::new(list::read(&repository.join(FILE))?);
    // This crate speaks of the words.
    let listed = |file: &TextFile| !file.path.starts_with("crates/xtask/");
    for folder in ["crates", "tests"] {
        for file in files::files(repository, folder, &[".rs"])?.iter().filter(|file| listed(file)) {
            search.rust(file)?;
        }
        // The service models are AWS's own words.
        let own = |file: &TextFile| !file.path.starts_with("crates/local-aws/models/");
        for file in files::files(repository, folder, &[".snap", ".json"])?.iter().filter(|file| own(file)) {
            search.stored(file);
        }
    }
    for file in files::documents(repository)? {
        search.document(&file);
    }
    Ok(search.end())
}

struct Search {
    list: List,
    /// The forms of each word of the list, taken apart.
    forms: Vec<Vec<Vec<String>>>,
    /// What is known of a name: the rules that it breaks.
    names: BTreeMap<String, Vec<(usize, String)>>,
    findings: Vec<Finding>,
    /// The exceptions that excused something: which rule, which of its exceptions.
    excused: BTreeSet<(usize, usize)>,
}

impl Search {
    fn new(list: List) -> Self {
        let forms =
            list.words.iter().map(|word| word.forms.iter().map(|form| words_of(form)).collect()).collect();
        Self { list, forms, names: BTreeMap::new(), findings: Vec::new(), excused: BTreeSet::new() }
    }

    fn rust(&mut self, file: &TextFile) -> Result<(), String> {
        let path = file.path.as_str();
        for name in path.trim_end_matches(".rs").split('/').filter(|name| !name.is_empty()) {
            self.said(&Said { what: What::Name, text: name, path, line: 1 });
        }
        for piece in pieces::pieces(path, &file.text)? {
            let (text, line) = (piece.text.as_str(), piece.line);
            let what = match piece.kind {
                Kind::Name => What::Name,
                Kind::Text if is_name(text) => What::Name,
                Kind::Text => What::Sentence(Prose::Texts),
                Kind::Comment | Kind::Doc => What::Sentence(Prose::Comments),
            };
            self.said(&Said { what, text, path, line });
            if what == What::Sentence(Prose::Comments) {
                self.codes(text, path, line);
            }
        }
        Ok(())
    }

    /// Names in code style, in a comment.
    fn codes(&mut self, text: &str, path: &str, line: usize) {
        for code in text.split('`').skip(1).step_by(2).filter(|code| is_name(code)) {
            self.said(&Said { what: What::Name, text: code, path, line });
        }
    }

    /// Keys and tags in quotes.
    fn stored(&mut self, file: &TextFile) {
        for (index, line) in file.text.lines().enumerate() {
            for text in line.split('"').skip(1).step_by(2).filter(|text| is_name(text)) {
                self.said(&Said { what: What::Name, text, path: &file.path, line: index + 1 });
            }
        }
    }

    fn document(&mut self, file: &TextFile) {
        let document = markdown::read(&file.text);
        for block in &document.blocks {
            let (text, line) = (block.text.as_str(), block.line);
            self.said(&Said { what: What::Sentence(Prose::Documents), text, path: &file.path, line });
        }
        for code in document.codes.iter().filter(|code| is_name(&code.text)) {
            self.said(&Said { what: What::Name, text: &code.text, path: &file.path, line: code.line });
        }
    }

    fn said(&mut self, said: &Said<'_>) {
        let broken = match said.what {
            What::Name => {
                if !self.names.contains_key(said.text) {
                    let broken = self.broken_by_name(said.text);
                    self.names.insert(said.text.to_owned(), broken);
                }
                self.names[said.text].clone()
            }
            What::Sentence(prose) => self.broken_by_sentence(said.text, prose),
        };
        for (rule, listed) in broken {
            self.found(rule, listed, said);
        }
    }

    fn broken_by_name(&self, name: &str) -> Vec<(usize, String)> {
        let parts = words_of(name);
        let words =
            self.list.words.iter().zip(&self.forms).enumerate().filter_map(|(index, (word, forms))| {
                let sentence = parts.len() >= SENTENCE && word.rule_for == RuleFor::Names;
                // All forms go by the first of them.
                (!sentence && forms.iter().any(|form| contains(&parts, form)))
                    .then(|| (index, word.forms[0].clone()))
            });
        let names = self.list.names.iter().enumerate().filter_map(|(index, names)| {
            let name = names.names.iter().find(|listed| *listed == name)?;
            Some((self.list.words.len() + index, name.clone()))
        });
        words.chain(names).collect()
    }

    fn broken_by_sentence(&self, text: &str, prose: Prose) -> Vec<(usize, String)> {
        let text = plain(text);
        let before = self.list.words.len() + self.list.names.len();
        let phrases =
            self.list.phrases.iter().enumerate().filter(|(_, phrase)| phrase.where_.contains(&prose));
        phrases
            .flat_map(|(index, phrase)| {
                let said = phrase.texts.iter().filter(|phrase| has_phrase(&text, phrase));
                said.map(move |phrase| (before + index, phrase.clone()))
            })
            .collect()
    }

    fn found(&mut self, index: usize, listed: String, said: &Said<'_>) {
        let (words, names) = (self.list.words.len(), self.list.names.len());
        let rule = match index {
            _ if index < words => &self.list.words[index].rule,
            _ if index < words + names => &self.list.names[index - words].rule,
            _ => &self.list.phrases[index - words - names].rule,
        };
        if !rule.within.is_empty() && !rule.within.iter().any(|within| said.path.starts_with(within)) {
            return;
        }
        let excuse = rule.exceptions.iter().position(|exception| {
            exception.name.as_ref().is_none_or(|name| name == said.text)
                && exception.within.as_ref().is_none_or(|within| said.path.starts_with(within))
        });
        if let Some(excuse) = excuse {
            self.excused.insert((index, excuse));
            return;
        }
        let found = if said.what == What::Name { said.text.to_owned() } else { listed.clone() };
        let (say, path) = (rule.say.clone(), said.path.to_owned());
        self.findings.push(Finding { listed, say, found, path, line: said.line });
    }

    fn end(self) -> (Vec<Finding>, Vec<String>) {
        let mut idle = Vec::new();
        for (index, rule) in rules(&self.list).into_iter().enumerate() {
            for (excuse, exception) in rule.exceptions.iter().enumerate() {
                if !self.excused.contains(&(index, excuse)) {
                    let Rule { say, .. } = rule;
                    idle.push(format!(
                        "{FILE}: an exception excuses nothing any more: {exception:?} (say: {say})"
                    ));
                }
            }
        }
        (self.findings, idle)
    }
}

/// Words, then names, then phrases.
fn rules(list: &List) -> Vec<&Rule> {
    let words = list.words.iter().map(|word| &word.rule);
    let names = list.names.iter().map(|name| &name.rule);
    words.chain(names).chain(list.phrases.iter().map(|phrase| &phrase.rule)).collect()
}

/// Whether a text is a name, and no sentence of one word: it has no spaces.
fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_whitespace)
}

/// The words in a name, in lower case: `HTTPAnswer_of-day` has four.
fn words_of(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for part in name.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()) {
        let letters: Vec<char> = part.chars().collect();
        let mut word = String::new();
        for (at, &letter) in letters.iter().enumerate() {
            let after_small = at > 0 && !letters[at - 1].is_uppercase();
            let before_small = letters.get(at + 1).is_some_and(|next| next.is_lowercase());
            if letter.is_uppercase() && !word.is_empty() && (after_small || before_small) {
                words.push(std::mem::take(&mut word));
            }
            word.extend(letter.to_lowercase());
        }
        words.push(word);
    }
    words
}

fn contains(words: &[String], wanted: &[String]) -> bool {
    !wanted.is_empty() && words.windows(wanted.len()).any(|some| some == wanted)
}

/// A text in lower case, with one space between words.
fn plain(text: &str) -> String {
    text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

/// Whether a phrase stands in a plain text, not as a part of longer words.
fn has_phrase(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(start, _)| {
        let before = text[..start].chars().next_back();
        let after = text[start + phrase.len()..].chars().next();
        ![before, after].iter().flatten().any(|c| c.is_alphanumeric())
    })
}
