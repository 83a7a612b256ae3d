//! The expressions of GetPartitions, as far as keys of strings need them.
//!
//! ```text
//! any         all [OR all]…
//! all         term [AND term]…
//! term        ( any ) | key <operator> 'text' | key BETWEEN 'text' AND 'text' | key IN ('text', …)
//! operator    = <> != < <= > >=
//! ```
//!
//! LIKE, NOT and IS NULL, numbers, and keys of other types are refused by name: AWS would take them.

use super::table::Key;
use super::{folded, invalid};
use crate::world::context::ApiError;

/// More than anybody writes, and less than a stack holds.
const DEEPEST: usize = 50;

/// What partitions must be.
#[derive(Debug)]
pub(super) enum Filter {
    Any(Vec<Filter>),
    All(Vec<Filter>),
    /// The value of the key at this place, an operator, and what it is compared with.
    Compared(usize, Operator, String),
    In(usize, Vec<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// A name or a keyword.
    Word(String),
    /// A name in backticks or double quotes: never a keyword.
    Name(String),
    Text(String),
    Is(Operator),
    Open,
    Close,
    Comma,
}

impl Filter {
    pub(super) fn holds(&self, values: &[String]) -> bool {
        match self {
            Self::Any(filters) => filters.iter().any(|filter| filter.holds(values)),
            Self::All(filters) => filters.iter().all(|filter| filter.holds(values)),
            Self::Compared(at, operator, text) => {
                values.get(*at).is_some_and(|value| operator.holds(value, text))
            }
            Self::In(at, texts) => values.get(*at).is_some_and(|value| texts.contains(value)),
        }
    }
}

impl Operator {
    fn holds(self, left: &str, right: &str) -> bool {
        match self {
            Self::Equal => left == right,
            Self::Unequal => left != right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }
}

/// Reads an expression over these keys.
pub(super) fn read(text: &str, keys: &[Key]) -> Result<Filter, ApiError> {
    let mut tokens = tokens(text)?;
    tokens.reverse();
    let mut reader = Reader { text, tokens, keys };
    let filter = reader.any(0)?;
    match reader.tokens.pop() {
        None => Ok(filter),
        Some(token) => Err(reader.unexpected(Some(&token))),
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, ApiError> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (token, after) = match first {
            _ if first.is_whitespace() => {
                rest = rest.trim_start();
                continue;
            }
            '\'' | '"' | '`' => {
                let (inner, after) = quoted(rest, first).ok_or_else(|| unsupported(text, rest))?;
                (if first == '\'' { Token::Text(inner) } else { Token::Name(inner) }, after)
            }
            _ if first.is_alphabetic() || first == '_' => {
                let end = rest
                    .find(|letter: char| !letter.is_alphanumeric() && letter != '_')
                    .unwrap_or(rest.len());
                (Token::Word(rest[..end].to_owned()), &rest[end..])
            }
            _ => sign(rest).ok_or_else(|| unsupported(text, rest))?,
        };
        tokens.push(token);
        rest = after;
    }
    Ok(tokens)
}

/// What stands in quotes, with doubled ones made one, and what follows.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut inner = String::new();
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter != quote {
            inner.push(letter);
        } else if letters.next_if(|(_, next)| *next == quote).is_some() {
            inner.push(quote);
        } else {
            return Some((inner, &text[at + quote.len_utf8()..]));
        }
    }
    None
}

fn sign(text: &str) -> Option<(Token, &str)> {
    // The longer ones first.
    let signs = [
        ("<=", Token::Is(Operator::LessOrEqual)),
        (">=", Token::Is(Operator::GreaterOrEqual)),
        ("<>", Token::Is(Operator::Unequal)),
        ("!=", Token::Is(Operator::Unequal)),
        ("<", Token::Is(Operator::Less)),
        (">", Token::Is(Operator::Greater)),
        ("=", Token::Is(Operator::Equal)),
        ("(", Token::Open),
        (")", Token::Close),
        (",", Token::Comma),
    ];
    signs.into_iter().find_map(|(sign, token)| Some((token, text.strip_prefix(sign)?)))
}

struct Reader<'a> {
    text: &'a str,
    /// What is still to be read, the next one last.
    tokens: Vec<Token>,
    keys: &'a [Key],
}

impl Reader<'_> {
    fn any(&mut self, depth: usize) -> Result<Filter, ApiError> {
        if depth > DEEPEST {
            return Err(invalid(format!(
                "the embedded AWS reads no more than {DEEPEST} brackets within each other"
            )));
        }
        let mut filters = vec![self.all(depth)?];
        while self.keyword("OR") {
            filters.push(self.all(depth)?);
        }
        Ok(Filter::Any(filters))
    }

    fn all(&mut self, depth: usize) -> Result<Filter, ApiError> {
        let mut filters = vec![self.term(depth)?];
        while self.keyword("AND") {
            filters.push(self.term(depth)?);
        }
        Ok(Filter::All(filters))
    }

    fn term(&mut self, depth: usize) -> Result<Filter, ApiError> {
        let key = match self.tokens.pop() {
            Some(Token::Open) => {
                let filter = self.any(depth + 1)?;
                self.expect(&Token::Close)?;
                return Ok(filter);
            }
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("NOT") => {
                return Err(unsupported(self.text, "NOT"));
            }
            Some(Token::Word(name) | Token::Name(name)) => self.key(&name)?,
            other => return Err(self.unexpected(other.as_ref())),
        };
        if self.keyword("BETWEEN") {
            let from = self.literal()?;
            if !self.keyword("AND") {
                let next = self.tokens.pop();
                return Err(self.unexpected(next.as_ref()));
            }
            let to = self.literal()?;
            return Ok(Filter::All(vec![
                Filter::Compared(key, Operator::GreaterOrEqual, from),
                Filter::Compared(key, Operator::LessOrEqual, to),
            ]));
        }
        if self.keyword("IN") {
            self.expect(&Token::Open)?;
            let mut texts = vec![self.literal()?];
            while self.tokens.pop_if(|token| *token == Token::Comma).is_some() {
                texts.push(self.literal()?);
            }
            self.expect(&Token::Close)?;
            return Ok(Filter::In(key, texts));
        }
        match self.tokens.pop() {
            Some(Token::Is(operator)) => Ok(Filter::Compared(key, operator, self.literal()?)),
            other => Err(self.unexpected(other.as_ref())),
        }
    }

    /// The place of a key that can be compared here.
    fn key(&self, name: &str) -> Result<usize, ApiError> {
        let wanted = folded(name);
        let at = self.keys.iter().position(|key| folded(&key.name) == wanted);
        let at = at.ok_or_else(|| invalid(format!("{name} is not a partition key of the table.")))?;
        let kind = self.keys[at].kind();
        let is_text = kind == "string" || kind.starts_with("varchar") || kind.starts_with("char");
        if is_text {
            return Ok(at);
        }
        Err(invalid(format!(
            "the embedded AWS compares partition keys of strings only, and {name} is of the type {kind}"
        )))
    }

    fn literal(&mut self) -> Result<String, ApiError> {
        match self.tokens.pop() {
            Some(Token::Text(text)) => Ok(text),
            other => Err(self.unexpected(other.as_ref())),
        }
    }

    /// Takes a keyword if it is next.
    fn keyword(&mut self, keyword: &str) -> bool {
        let is_next =
            |token: &mut Token| matches!(token, Token::Word(word) if word.eq_ignore_ascii_case(keyword));
        self.tokens.pop_if(is_next).is_some()
    }

    fn expect(&mut self, token: &Token) -> Result<(), ApiError> {
        match self.tokens.pop() {
            Some(next) if next == *token => Ok(()),
            other => Err(self.unexpected(other.as_ref())),
        }
    }

    fn unexpected(&self, token: Option<&Token>) -> ApiError {
        match token {
            None => unsupported(self.text, "its end"),
            Some(Token::Word(word) | Token::Name(word)) => unsupported(self.text, word),
            Some(Token::Text(text)) => unsupported(self.text, &format!("'{text}'")),
            Some(Token::Is(operator)) => unsupported(self.text, &format!("{operator:?}")),
            Some(Token::Open) => unsupported(self.text, "("),
            Some(Token::Close) => unsupported(self.text, ")"),
            Some(Token::Comma) => unsupported(self.text, ","),
        }
    }
}

fn unsupported(text: &str, at: &str) -> ApiError {
    invalid(format!(
        "Unsupported expression '{text}' at {at}: the embedded AWS compares keys with texts by =, <>, <, <=, >, \
         >=, BETWEEN and IN, joined by AND and OR"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(kinds: &[(&str, &str)]) -> Vec<Key> {
        kinds
            .iter()
            .map(|(name, kind)| {
                serde_json::from_value(serde_json::json!({"Name": name, "Type": kind})).unwrap()
            })
            .collect()
    }

    fn holds(text: &str, values: [&str; 2]) -> bool {
        let keys = keys(&[("date", "string"), ("region", "varchar(8)")]);
        let filter = read(text, &keys).unwrap_or_else(|error| panic!("{text}: {error}"));
        filter.holds(&values.map(str::to_owned))
    }

    #[test]
    fn each_comparison_is_of_texts() {
        let day = ["2024-10-20", "eu"];
        for text in [
            "date = '2024-10-20'",
            "DATE='2024-10-20'",
            "`date` = '2024-10-20'",
            "\"date\" <= '2024-10-20'",
            "date >= '2024-10-20' and date < '2024-10-21'",
            "date > '2024-10-19'",
            "date <> '2024-10-19' AND date != '2024-10-21'",
            "date BETWEEN '2024-10-20' AND '2024-10-20'",
            "date between '2024-10-01' and '2024-10-31' and region = 'eu'",
            "region IN ('us', 'eu')",
            "date = 'x' OR date = '2024-10-20' AND region = 'eu'",
            "(date = 'x' OR date = '2024-10-20') AND (region = 'eu')",
        ] {
            assert!(holds(text, day), "{text}");
        }
        for text in [
            "date < '2024-10-20'",
            "region = 'EU'",
            "date IN ('2024-10-21')",
            "date BETWEEN '2024-10-21' AND '2024-10-31'",
            "date = '2024-10-20' AND region = 'us' OR region = 'ap'",
            "(date = '2024-10-20' OR region = 'eu') AND region = 'us'",
        ] {
            assert!(!holds(text, day), "{text}");
        }
        assert!(holds("region = 'it''s'", ["", "it's"]));
    }

    #[test]
    fn everything_else_is_refused_by_its_name() {
        let keys = keys(&[("date", "string"), ("hour", "int"), ("at", "date")]);
        for (text, named) in [
            ("date LIKE '2024%'", "LIKE"),
            ("NOT date = '2024'", "NOT"),
            ("date IS NULL", "IS"),
            ("date = 20241020", "20241020"),
            ("date", "its end"),
            ("date = ", "its end"),
            ("date = '2024", "'2024"),
            ("date = '1' AND", "its end"),
            ("(date = '1'", "its end"),
            ("date = '1')", ")"),
            ("date IN ()", ")"),
            ("'1' = date", "'1'"),
            ("date BETWEEN '1' OR '2'", "OR"),
            ("day = '1'", "day is not a partition key"),
            ("hour = '1'", "of the type int"),
            ("at = '2024-10-20'", "of the type date"),
        ] {
            let error = read(text, &keys).unwrap_err();
            assert_eq!(error.code, "InvalidInputException");
            assert!(error.message.contains(named), "{text}: {error}");
        }
        let deep = format!("{}date = '1'{}", "(".repeat(900), ")".repeat(900));
        assert!(read(&deep, &keys).unwrap_err().message.contains("brackets"));
    }
}
