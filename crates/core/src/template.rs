//! Texts with placeholders, such as `s3://my-bucket/logs/{yyyy}/{mm}/{dd}/`.
//!
//! They are taken apart when the configuration is read, so that a misspelt placeholder is found there, with its
//! position, and filling one in cannot fail. A brace that is meant is written twice.

use std::fmt;

use crate::day::Day;

/// What can stand between braces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Placeholder {
    /// The day, as `yyyy-mm-dd`.
    Day,
    /// Its year.
    Yyyy,
    /// Its month.
    Mm,
    /// Its day of the month.
    Dd,
    /// The run, `a<attempt>-<nonce>`.
    Run,
    /// The folder of the day's logs, with a slash at its end.
    Input,
    /// The folder that belongs to this attempt alone, with a slash at its end.
    Output,
}

impl Placeholder {
    /// All of them, in the order in which they are explained.
    pub const ALL: [Self; 7] =
        [Self::Day, Self::Yyyy, Self::Mm, Self::Dd, Self::Run, Self::Input, Self::Output];

    /// Those that depend on the day alone.
    pub const OF_THE_DAY: [Self; 4] = [Self::Day, Self::Yyyy, Self::Mm, Self::Dd];

    /// The word between the braces.
    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Yyyy => "yyyy",
            Self::Mm => "mm",
            Self::Dd => "dd",
            Self::Run => "run",
            Self::Input => "input",
            Self::Output => "output",
        }
    }

    /// What it stands for on a day; none for those that a day does not settle.
    pub fn of_day(self, day: Day) -> Option<String> {
        match self {
            Self::Day => Some(day.to_string()),
            Self::Yyyy => Some(day.yyyy()),
            Self::Mm => Some(day.mm()),
            Self::Dd => Some(day.dd()),
            Self::Run | Self::Input | Self::Output => None,
        }
    }
}

/// A text with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Placeholder(Placeholder),
}

/// What is wrong with a template, and where (in bytes from its begin).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// No placeholder has this name.
    #[error("there is no placeholder {{{name}}}")]
    Unknown {
        /// The name.
        name: String,
        /// Where its brace opens.
        offset: usize,
    },
    /// A brace that does not close.
    #[error("`{{` has no `}}`")]
    Unclosed {
        /// Where it opens.
        offset: usize,
    },
    /// A brace that was not opened.
    #[error("`}}` has no `{{`")]
    Unopened {
        /// Where it stands.
        offset: usize,
    },
    /// The placeholder means nothing in this place.
    #[error("{{{}}} has no meaning here", .placeholder.name())]
    NotHere {
        /// The placeholder.
        placeholder: Placeholder,
        /// Where its brace opens.
        offset: usize,
    },
}

impl TemplateError {
    /// Where, in bytes from the begin.
    pub fn offset(&self) -> usize {
        match self {
            Self::Unknown { offset, .. }
            | Self::Unclosed { offset }
            | Self::Unopened { offset }
            | Self::NotHere { offset, .. } => *offset,
        }
    }
}

impl Template {
    /// Takes a text apart. Only the placeholders that have a meaning in its place are allowed.
    pub fn parse(text: &str, allowed: &[Placeholder]) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut at = 0;
        while let Some(found) = text[at..].find(['{', '}']) {
            let offset = at + found;
            literal.push_str(&text[at..offset]);
            let rest = &text[offset..];
            if rest.starts_with("{{") || rest.starts_with("}}") {
                literal.push_str(&rest[..1]);
                at = offset + 2;
                continue;
            }
            if rest.starts_with('}') {
                return Err(TemplateError::Unopened { offset });
            }
            let end = rest.find('}').ok_or(TemplateError::Unclosed { offset })?;
            let placeholder = named(&rest[1..end], offset)?;
            if !allowed.contains(&placeholder) {
                return Err(TemplateError::NotHere { placeholder, offset });
            }
            if !literal.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut literal)));
            }
            parts.push(Part::Placeholder(placeholder));
            at = offset + end + 1;
        }
        literal.push_str(&text[at..]);
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        Ok(Self { parts })
    }

    /// The text before the first placeholder.
    pub fn literal_begin(&self) -> &str {
        match self.parts.first() {
            Some(Part::Text(text)) => text,
            _ => "",
        }
    }

    /// Whether it mentions the placeholder.
    pub fn mentions(&self, placeholder: Placeholder) -> bool {
        self.parts.contains(&Part::Placeholder(placeholder))
    }

    /// Whether two days always give two texts.
    pub fn tells_days_apart(&self) -> bool {
        self.mentions(Placeholder::Day)
            || [Placeholder::Yyyy, Placeholder::Mm, Placeholder::Dd].iter().all(|part| self.mentions(*part))
    }

    /// The text, with every placeholder filled in.
    pub fn fill(&self, mut value: impl FnMut(Placeholder) -> String) -> String {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.clone(),
                Part::Placeholder(placeholder) => value(*placeholder),
            })
            .collect()
    }

    /// The text on a day, for templates that allow [`Placeholder::OF_THE_DAY`] only.
    pub fn on(&self, day: Day) -> String {
        self.fill(|placeholder| {
            placeholder.of_day(day).unwrap_or_else(|| format!("{{{}}}", placeholder.name()))
        })
    }

    /// Whether the text begins with what this template gives on some day.
    pub fn begins(&self, text: &str) -> bool {
        let mut rest = text;
        self.parts.iter().all(|part| {
            let taken = match part {
                Part::Text(literal) => rest.starts_with(literal.as_str()).then_some(literal.len()),
                Part::Placeholder(Placeholder::Day) => day_length(rest),
                Part::Placeholder(Placeholder::Yyyy) => digits(rest, 4),
                Part::Placeholder(Placeholder::Mm | Placeholder::Dd) => digits(rest, 2),
                Part::Placeholder(Placeholder::Run | Placeholder::Input | Placeholder::Output) => None,
            };
            taken.inspect(|length| rest = &rest[*length..]).is_some()
        })
    }
}

fn day_length(text: &str) -> Option<usize> {
    text.get(..10).filter(|day| day.parse::<Day>().is_ok()).map(str::len)
}

fn digits(text: &str, count: usize) -> Option<usize> {
    text.get(..count).filter(|part| part.bytes().all(|b| b.is_ascii_digit())).map(str::len)
}

fn named(name: &str, offset: usize) -> Result<Placeholder, TemplateError> {
    Placeholder::ALL
        .into_iter()
        .find(|placeholder| placeholder.name() == name)
        .ok_or_else(|| TemplateError::Unknown { name: name.to_owned(), offset })
}

impl fmt::Display for Template {
    /// As it was written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            match part {
                Part::Text(text) => f.write_str(&text.replace('{', "{{").replace('}', "}}"))?,
                Part::Placeholder(placeholder) => write!(f, "{{{}}}", placeholder.name())?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Result<Template, TemplateError> {
        Template::parse(text, &Placeholder::ALL)
    }

    #[test]
    fn a_day_is_filled_in() {
        let template = all("s3://b/{yyyy}/{mm}/{dd}/x-{day}.log").unwrap();
        assert_eq!(template.on("2024-06-05".parse().unwrap()), "s3://b/2024/06/05/x-2024-06-05.log");
        assert_eq!(template.to_string(), "s3://b/{yyyy}/{mm}/{dd}/x-{day}.log");
        assert!(template.tells_days_apart());
        assert!(!all("s3://b/{yyyy}/{mm}/").unwrap().tells_days_apart());
        assert!(template.mentions(Placeholder::Day) && !template.mentions(Placeholder::Run));
    }

    #[test]
    fn braces_that_are_meant_are_written_twice() {
        let template = all(r#"{{"day": "{day}"}}"#).unwrap();
        assert_eq!(template.on("2024-06-05".parse().unwrap()), r#"{"day": "2024-06-05"}"#);
        assert_eq!(template.to_string(), r#"{{"day": "{day}"}}"#);
        assert_eq!(all("").unwrap().fill(|_| String::new()), "");
        assert_eq!(all("{{{day}}}").unwrap().on("2024-06-05".parse().unwrap()), "{2024-06-05}");
    }

    #[test]
    fn mistakes_have_a_position() {
        assert_eq!(all("ü/{dya}"), Err(TemplateError::Unknown { name: "dya".into(), offset: 3 }));
        assert_eq!(all("a{day"), Err(TemplateError::Unclosed { offset: 1 }));
        assert_eq!(all("a}"), Err(TemplateError::Unopened { offset: 1 }));
        assert_eq!(all("{}"), Err(TemplateError::Unknown { name: String::new(), offset: 0 }));
        assert_eq!(all("{Day}"), Err(TemplateError::Unknown { name: "Day".into(), offset: 0 }));
        let run = Template::parse("s3://b/{run}/", &Placeholder::OF_THE_DAY).unwrap_err();
        assert_eq!(run, TemplateError::NotHere { placeholder: Placeholder::Run, offset: 7 });
        assert_eq!(run.to_string(), "{run} has no meaning here");
    }

    #[test]
    fn a_text_can_begin_with_some_day() {
        let template = all("s3://b/{yyyy}/{mm}/{dd}/").unwrap();
        assert!(template.begins("s3://b/2024/10/20/out/"));
        assert!(!template.begins("s3://b/2024/10/"));
        assert!(!template.begins("s3://b/processed/"));
        assert!(all("s3://b/{day}/").unwrap().begins("s3://b/2024-10-20/"));
        assert!(!all("s3://b/{day}/").unwrap().begins("s3://b/2024-10-99/"));
        assert!(!all("s3://b/{day}").unwrap().begins("s3://b/éééééééééé"));
    }

    proptest::proptest! {
        #[test]
        fn what_was_taken_apart_is_written_as_it_was(text in "(\\{|\\}|day|run|é|/|x){0,12}") {
            if let Ok(template) = all(&text) {
                proptest::prop_assert_eq!(template.to_string(), text);
            }
        }

        #[test]
        fn any_text_can_be_meant(text in "(\\{|\\}|é|x){0,12}") {
            let template = all(&text.replace('{', "{{").replace('}', "}}")).unwrap();
            proptest::prop_assert_eq!(template.fill(|_| String::new()), text);
        }
    }
}
