//! A value of the file with its place: the half of the reader that looks into it.

use std::ops::RangeInclusive;

use toml_span::Span;
use toml_span::value::{Array, Key, Value, ValueInner};

use super::problem::{Wrong, nearest};
use super::reader::{Reader, Section};

/// A value with its place.
pub(super) struct Entry<'t, 'r> {
    pub(super) reader: &'r Reader<'t>,
    pub(super) path: String,
    pub(super) span: Span,
    pub(super) value: ValueInner<'t>,
}

impl<'t, 'r> Entry<'t, 'r> {
    pub(super) fn wrong(&self, wrong: Wrong) {
        self.reader.doubt(&self.path);
        let at = match &self.value {
            ValueInner::String(text) => self.reader.place_in(self.span, text, wrong.offset),
            _ => self.span.start,
        };
        self.reader.note(at, &self.path, wrong);
    }

    fn wrong_type(&self, expected: &str) {
        self.wrong_type_with(
            expected,
            match expected {
                "a text" => "write it in quotes",
                "a list" => "write it in square brackets, each text in quotes",
                "a table" => "write its keys below a line with its name in square brackets",
                _ if matches!(self.value, ValueInner::Float(_)) => "write a whole number",
                _ => "write the number without quotes",
            },
        );
    }

    fn wrong_type_with(&self, expected: &str, hint: &str) {
        let found = match &self.value {
            ValueInner::String(_) => "a text",
            ValueInner::Integer(_) => "an integer",
            ValueInner::Float(_) => "a number with a fraction",
            ValueInner::Boolean(_) => "true or false",
            ValueInner::Array(_) => "a list",
            ValueInner::Table(_) => "a table",
        };
        self.wrong(Wrong::new(format!("{expected} is expected, and this is {found}")).hint(hint));
    }

    pub(super) fn text(self) -> Option<String> {
        self.parsed(|text| Ok(text.to_owned()))
    }

    pub(super) fn parsed<T>(self, parse: impl FnOnce(&str) -> Result<T, Wrong>) -> Option<T> {
        if matches!(&self.value, ValueInner::String(text) if text.trim().is_empty()) {
            self.wrong(Wrong::new("this is empty").hint("leave the key out, or give it a value"));
            return None;
        }
        self.argument(parse)
    }

    /// As [`Self::parsed`], for a text that may be empty.
    fn argument<T>(self, parse: impl FnOnce(&str) -> Result<T, Wrong>) -> Option<T> {
        let ValueInner::String(text) = &self.value else {
            self.wrong_type("a text");
            return None;
        };
        parse(text).map_err(|wrong| self.wrong(wrong)).ok()
    }

    /// Whether this is a table without that key, and without one that was probably meant to be it.
    pub(super) fn lacks(&self, key: &str) -> bool {
        match &self.value {
            ValueInner::Table(table) => table.keys().all(|found| nearest(&found.name, [key]).is_none()),
            _ => false,
        }
    }

    /// Whether this is a table with nothing in it.
    pub(super) fn is_empty_table(&self) -> bool {
        matches!(&self.value, ValueInner::Table(table) if table.is_empty())
    }

    /// The value of a tag, which may be empty.
    pub(super) fn tag_value(self) -> Option<String> {
        match &self.value {
            ValueInner::String(text) if text.chars().count() <= 256 => Some(text.to_string()),
            ValueInner::String(_) => {
                self.wrong(Wrong::new("a tag's value has 256 characters at most").hint("shorten it"));
                None
            }
            _ => {
                self.wrong_type("a text");
                None
            }
        }
    }

    /// `hint` is for a number out of range.
    pub(super) fn integer(self, range: RangeInclusive<u32>, hint: &str) -> Option<u32> {
        let ValueInner::Integer(number) = self.value else {
            self.wrong_type("an integer");
            return None;
        };
        let good = u32::try_from(number).ok().filter(|number| range.contains(number));
        if good.is_none() {
            let (least, most) = range.into_inner();
            let message = if least == most {
                format!("{number} is not {least}")
            } else {
                format!("{number} is not between {least} and {most}")
            };
            self.wrong(Wrong::new(message).hint(hint));
        }
        good
    }

    pub(super) fn ratio(self) -> Option<f64> {
        let number = match self.value {
            ValueInner::Float(number) => number,
            ValueInner::Integer(0) => 0.0,
            ValueInner::Integer(1) => 1.0,
            ValueInner::Integer(_) => f64::NAN,
            _ => {
                self.wrong_type("a number");
                return None;
            }
        };
        if (0.0..=1.0).contains(&number) {
            return Some(number);
        }
        self.wrong(
            Wrong::new("this is not between 0 and 1").hint("a share is expected: 0.01 is one in a hundred"),
        );
        None
    }

    pub(super) fn list<T>(self, mut parse: impl FnMut(&str) -> Result<T, Wrong>) -> Vec<T> {
        self.texts().into_iter().filter_map(|item| item.parsed(&mut parse)).collect()
    }

    pub(super) fn arguments<T>(self, mut parse: impl FnMut(&str) -> Result<T, Wrong>) -> Vec<T> {
        self.texts().into_iter().filter_map(|item| item.argument(&mut parse)).collect()
    }

    /// The values of an array that is to hold texts.
    pub(super) fn texts(self) -> Vec<Entry<'t, 'r>> {
        self.items("write it in square brackets, each text in quotes")
    }

    /// How many values an array has.
    pub(super) fn count(&self) -> Option<usize> {
        match &self.value {
            ValueInner::Array(array) => Some(array.len()),
            _ => None,
        }
    }

    /// As [`Self::list`], where an empty list says nothing.
    pub(super) fn some_of<T>(self, parse: impl FnMut(&str) -> Result<T, Wrong>) -> Option<Vec<T>> {
        if self.count() == Some(0) {
            self.wrong(Wrong::new("this list is empty").hint("name at least one"));
        }
        Some(self.list(parse)).filter(|values| !values.is_empty())
    }

    /// The values of an array.
    pub(super) fn items(self, hint: &str) -> Vec<Entry<'t, 'r>> {
        let Self { reader, path, span, value } = self;
        let array: Array<'t> = match value {
            ValueInner::Array(array) => array,
            value => {
                Entry { reader, path, span, value }.wrong_type_with("a list", hint);
                return Vec::new();
            }
        };
        let entry = |(index, mut value): (usize, Value<'t>)| {
            let path = format!("{path}[{index}]");
            reader.place(&path, value.span);
            Entry { reader, path, span: value.span, value: value.take() }
        };
        array.into_iter().enumerate().map(entry).collect()
    }

    pub(super) fn section(self) -> Option<Section<'t, 'r>> {
        if !matches!(self.value, ValueInner::Table(_)) {
            self.wrong_type("a table");
            return None;
        }
        let Self { reader, path, span, value } = self;
        let ValueInner::Table(table) = value else {
            return None;
        };
        Some(Section::new(reader, path, span.start, table))
    }

    /// The keys and values of a table whose keys are the user's own.
    pub(super) fn entries(self) -> Vec<(String, Entry<'t, 'r>)> {
        let Self { reader, path, span, value } = self;
        let ValueInner::Table(table) = value else {
            Entry { reader, path, span, value }.wrong_type("a table");
            return Vec::new();
        };
        let mut ordered: Vec<(Key<'t>, Value<'t>)> = table.into_iter().collect();
        ordered.sort_by_key(|(name, _)| name.span.start);
        let entry = |(name, mut value): (Key<'t>, Value<'t>)| {
            let path = format!("{path}.{}", quoted(&name.name));
            reader.place(&path, name.span);
            let span = if matches!(value.as_ref(), ValueInner::Table(_)) { name.span } else { value.span };
            (name.name.into_owned(), Entry { reader, path, span, value: value.take() })
        };
        ordered.into_iter().map(entry).collect()
    }
}

/// A key as TOML wants it in a path.
pub(super) fn quoted(key: &str) -> String {
    let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if bare { key.to_owned() } else { format!("\"{key}\"") }
}
