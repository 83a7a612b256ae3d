//! An error, as a program and as a person reads it. Every `error` object of a JSON document is made here.

use emrys_terminal::printer::Printer;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::exit::Exit;

/// An error of a command, or of a run that it drove.
#[derive(Debug)]
pub(crate) struct ErrorReport {
    kind: &'static str,
    message: String,
    hint: Option<String>,
    details: String,
    fields: Map<String, Value>,
}

impl ErrorReport {
    /// An error of a kind, which is for programs, with a message in one sentence.
    pub(crate) fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None, details: String::new(), fields: Map::new() }
    }

    /// With what a person can do about it.
    pub(crate) fn with_hint(self, hint: Option<impl Into<String>>) -> Self {
        Self { hint: hint.map(Into::into), ..self }
    }

    /// With text that people read after the message. Programs find its content elsewhere in the document.
    pub(crate) fn with_details(self, details: String) -> Self {
        Self { details, ..self }
    }

    /// With one more member, for programs.
    pub(crate) fn with_field(mut self, name: &str, value: impl Serialize) -> Self {
        self.fields.insert(name.to_owned(), serde_json::to_value(value).unwrap_or_default());
        self
    }

    /// The object: `kind`, `message`, `hint` (or null), and the further members.
    pub(crate) fn json(&self) -> Value {
        let mut object = Map::new();
        object.insert("kind".to_owned(), self.kind.into());
        object.insert("message".to_owned(), self.message.as_str().into());
        object.insert("hint".to_owned(), self.hint.as_deref().into());
        object.extend(self.fields.clone());
        Value::Object(object)
    }

    /// The document of a command that has nothing else to print.
    pub(crate) fn document(&self, exit: Exit) -> Value {
        json!({ "error": self.json(), "exit_code": exit.code() })
    }

    /// Prints it for people.
    pub(crate) fn print(&self, printer: &Printer) {
        printer.error(&format!("{}{}", self.message, self.details), self.hint.as_deref());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_without_a_hint_says_so_and_details_are_for_people() {
        let report = ErrorReport::new("held", "another drives it").with_details("\n  | line".to_owned());
        let report = report.with_field("attach", "emrys attach");
        assert_eq!(
            report.document(Exit::Held).to_string(),
            r#"{"error":{"kind":"held","message":"another drives it","hint":null,"attach":"emrys attach"},"exit_code":3}"#
        );
    }
}
