//! The literals for a statement's `?`.

use std::fmt;

use serde::Serialize;

use crate::day::Day;

/// A range of days, both ends within.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Days {
    /// The first.
    pub from: Day,
    /// The last.
    pub to: Day,
}

impl Days {
    /// The days from one to another.
    pub fn new(from: Day, to: Day) -> Result<Self, ParameterError> {
        if from > to { Err(ParameterError::Backwards { from, to }) } else { Ok(Self { from, to }) }
    }

    /// One day.
    pub fn one(day: Day) -> Self {
        Self { from: day, to: day }
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == self.to {
            write!(f, "{}", self.from)
        } else {
            write!(f, "{} to {}", self.from, self.to)
        }
    }
}

/// Why days do not fit a statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// The range has no day.
    #[error("there is no day from {from} to {to}")]
    Backwards {
        /// The first.
        from: Day,
        /// The last.
        to: Day,
    },
    /// Days for a statement that asks for none.
    #[error("the statement has no `?` that the days could stand for")]
    NoMark,
    /// A range for an odd number of places.
    #[error("the statement has {marks} `?`, and a first and a last day fill two, or two each time")]
    OddMarks {
        /// How many.
        marks: usize,
    },
}

impl ParameterError {
    /// What a person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Backwards { .. } => "`--from` is the first day and `--to` the last one",
            Self::NoMark => "write `WHERE date BETWEEN ? AND ?`, or leave the days out",
            Self::OddMarks { .. } => "write `date BETWEEN ? AND ?`, or ask for one day with `--day`",
        }
    }
}

/// The execution parameters of a statement: SQL literals, a text in its quotes. One day stands in all places; of a
/// range, the first and the last day stand in turns. `asked` days must have a place, the `default` ones need none.
pub fn parameters(
    statement: &str,
    asked: Option<Days>,
    default: Days,
) -> Result<Vec<String>, ParameterError> {
    let marks = marks(statement);
    if marks == 0 {
        return if asked.is_some() { Err(ParameterError::NoMark) } else { Ok(Vec::new()) };
    }
    let days = asked.unwrap_or(default);
    if days.from != days.to && !marks.is_multiple_of(2) {
        return Err(ParameterError::OddMarks { marks });
    }
    let turns = [days.from, days.to].into_iter().cycle();
    Ok(turns.take(marks).map(|day| format!("'{day}'")).collect())
}

/// How many `?` of a statement are places of parameters: not those in texts, in quoted names and in comments.
pub fn marks(statement: &str) -> usize {
    let mut rest = statement;
    let mut marks = 0;
    while let Some(at) = rest.find(['?', '\'', '"', '-', '/']) {
        let found = &rest[at..];
        rest = match found.as_bytes() {
            [b'?', ..] => {
                marks += 1;
                &found[1..]
            }
            [quote @ (b'\'' | b'"'), ..] => after(&found[1..], char::from(*quote).encode_utf8(&mut [0; 4])),
            [b'-', b'-', ..] => after(&found[2..], "\n"),
            [b'/', b'*', ..] => after(&found[2..], "*/"),
            _ => &found[1..],
        };
    }
    marks
}

/// What stands after the next `end`. A quote that is doubled ends one text and begins another, which comes to the same.
fn after<'a>(text: &'a str, end: &str) -> &'a str {
    text.find(end).map_or("", |at| &text[at + end.len()..])
}
