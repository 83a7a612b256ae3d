//! Checking an input against its shape.

use std::fmt;

use serde_json::{Map, Value};

use super::shape::{Kind, Model, Shape};

/// An input that was checked.
#[derive(Debug)]
pub struct Checked {
    /// The input without members that are null: in JSON null and absent are the same.
    pub input: Value,
    /// The paths of members that the model does not have. AWS ignores them.
    pub unknown: Vec<String>,
    /// What is wrong with it, if anything.
    pub error: Option<InputError>,
}

/// Why an input is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputError {
    /// A value has the wrong type: it cannot even be read (`SerializationException`). AWS stops at the first.
    Unreadable(String),
    /// Constraints do not hold; all of them.
    Invalid(Vec<Violation>),
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => f.write_str(why),
            Self::Invalid(violations) => {
                let plural = if violations.len() == 1 { "" } else { "s" };
                write!(f, "{} validation error{plural} detected: ", violations.len())?;
                for (at, violation) in violations.iter().enumerate() {
                    write!(f, "{}{violation}", if at == 0 { "" } else { "; " })?;
                }
                Ok(())
            }
        }
    }
}

/// A constraint that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The value as AWS shows it: quoted, or `null`.
    pub value: String,
    /// Where: `instances.instanceCount`, `steps.1.member.name`.
    pub path: String,
    /// `Member must …`.
    pub constraint: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { value, path, constraint } = self;
        write!(f, "Value {value} at '{path}' failed to satisfy constraint: {constraint}")
    }
}

impl Model {
    /// Checks the input of an operation; an operation without an input takes anything.
    pub fn check(&self, operation: &str, input: Value) -> Checked {
        let shape = self.operation(operation).and_then(|operation| self.shape(operation.input.as_deref()?));
        let Some(shape) = shape else {
            return Checked { input, unknown: Vec::new(), error: None };
        };
        let mut check = Check { model: self, violations: Vec::new(), unknown: Vec::new() };
        match check.value("", shape, &input) {
            Err(Unreadable(why)) => {
                Checked { input, unknown: check.unknown, error: Some(InputError::Unreadable(why)) }
            }
            Ok(input) => {
                let violations = check.violations;
                let error = (!violations.is_empty()).then_some(InputError::Invalid(violations));
                Checked { input, unknown: check.unknown, error }
            }
        }
    }
}

/// A value of the wrong type.
struct Unreadable(String);

struct Check<'m> {
    model: &'m Model,
    violations: Vec<Violation>,
    unknown: Vec<String>,
}

impl Check<'_> {
    /// Checks a value, and gives it without its nulls.
    fn value(&mut self, path: &str, shape: &Shape, value: &Value) -> Result<Value, Unreadable> {
        if !is_of(shape.kind, value) {
            let at = if path.is_empty() { String::new() } else { format!(" at '{path}'") };
            return Err(Unreadable(format!(
                "{} can not be converted to {}{at}",
                name_of(value),
                type_of(shape.kind)
            )));
        }
        for constraint in broken(shape, value) {
            self.violation(path, value, constraint);
        }
        match value {
            Value::Object(members) if shape.kind == Kind::Structure => self.structure(path, shape, members),
            Value::Object(entries) => self.map(path, shape, entries),
            Value::Array(items) => self.list(path, shape, items),
            scalar => Ok(scalar.clone()),
        }
    }

    fn structure(
        &mut self,
        path: &str,
        shape: &Shape,
        members: &Map<String, Value>,
    ) -> Result<Value, Unreadable> {
        let present = |name: &str| members.get(name).filter(|value| !value.is_null());
        let mut clean = Map::new();
        for (name, reference) in &shape.members {
            let path = join(path, &lower_first(name));
            match (present(name), self.model.resolve(reference)) {
                (Some(value), Some(shape)) => {
                    clean.insert(name.clone(), self.value(&path, shape, value)?);
                }
                (None, _) if shape.required.contains(name) => {
                    self.violation(&path, &Value::Null, "Member must not be null".to_owned());
                }
                _ => {}
            }
        }
        // `__type` is how JSON clients name a structure's shape: no member.
        let unknown = members.keys().filter(|name| !shape.members.contains_key(*name) && *name != "__type");
        self.unknown.extend(unknown.map(|name| join(path, name)));
        Ok(Value::Object(clean))
    }

    fn list(&mut self, path: &str, shape: &Shape, items: &[Value]) -> Result<Value, Unreadable> {
        let Some(element) = shape.member.as_ref().and_then(|reference| self.model.resolve(reference)) else {
            return Ok(Value::Array(items.to_vec()));
        };
        let mut clean = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            let path = format!("{path}.{}.member", at + 1);
            if item.is_null() {
                self.violation(&path, item, "Member must not be null".to_owned());
            } else if element.kind.is_compound() {
                clean.push(self.value(&path, element, item)?);
            } else {
                clean.push(Self::scalar(&path, element, item)?);
            }
        }
        // A list of scalars is reported as a whole, once.
        if !element.kind.is_compound() {
            self.inner(path, "Member must satisfy constraint", element, items.iter(), &Value::from(items));
        }
        Ok(Value::Array(clean))
    }

    fn map(&mut self, path: &str, shape: &Shape, entries: &Map<String, Value>) -> Result<Value, Unreadable> {
        let shape_of = |reference: &Option<super::shape::Reference>| {
            reference.as_ref().and_then(|reference| self.model.resolve(reference))
        };
        let (Some(key), Some(value)) = (shape_of(&shape.key), shape_of(&shape.value)) else {
            return Ok(Value::Object(entries.clone()));
        };
        let whole = Value::Object(entries.clone());
        let keys: Vec<Value> = entries.keys().map(|key| Value::from(key.as_str())).collect();
        self.inner(path, "Map keys must satisfy constraint", key, keys.iter(), &whole);
        let mut clean = Map::new();
        for (name, item) in entries.iter().filter(|(_, item)| !item.is_null()) {
            let path = format!("{path}.{name}.member");
            let item = if value.kind.is_compound() {
                self.value(&path, value, item)?
            } else {
                Self::scalar(&path, value, item)?
            };
            clean.insert(name.clone(), item);
        }
        if !value.kind.is_compound() {
            self.inner(path, "Map value must satisfy constraint", value, entries.values(), &whole);
        }
        Ok(Value::Object(clean))
    }

    /// A scalar in a list or a map: only its type, its constraints are reported with the whole.
    fn scalar(path: &str, shape: &Shape, value: &Value) -> Result<Value, Unreadable> {
        if is_of(shape.kind, value) {
            return Ok(value.clone());
        }
        Err(Unreadable(format!(
            "{} can not be converted to {} at '{path}'",
            name_of(value),
            type_of(shape.kind)
        )))
    }

    /// Reports the constraints of the first scalar in `items` that breaks any.
    fn inner<'v>(
        &mut self,
        path: &str,
        words: &str,
        shape: &Shape,
        items: impl Iterator<Item = &'v Value>,
        whole: &Value,
    ) {
        let first = items.map(|item| broken(shape, item)).find(|broken| !broken.is_empty());
        if let Some(constraints) = first {
            self.violation(path, whole, format!("{words}: [{}]", constraints.join(", ")));
        }
    }

    fn violation(&mut self, path: &str, value: &Value, constraint: String) {
        self.violations.push(Violation { value: shown(value), path: path.to_owned(), constraint });
    }
}

/// The constraints of a shape itself (not of what is inside it) that a value of the right type breaks.
pub(super) fn broken(shape: &Shape, value: &Value) -> Vec<String> {
    let mut broken = Vec::new();
    let (words, size) = match value {
        Value::String(text) => ("length", Some(count(text.chars().count()))),
        Value::Array(items) => ("length", Some(count(items.len()))),
        Value::Object(entries) => ("length", Some(count(entries.len()))),
        Value::Number(number) => ("value", number.as_f64()),
        Value::Null | Value::Bool(_) => ("", None),
    };
    if let Some(size) = size {
        if let Some(min) = shape.min.filter(|min| size < *min) {
            broken.push(format!("Member must have {words} greater than or equal to {min}"));
        }
        if let Some(max) = shape.max.filter(|max| size > *max) {
            broken.push(format!("Member must have {words} less than or equal to {max}"));
        }
    }
    if let Value::String(text) = value {
        if !shape.values.is_empty() && !shape.values.contains(text) {
            broken.push(format!("Member must satisfy enum value set: [{}]", shape.values.join(", ")));
        }
        if let Some(pattern) = shape.pattern.as_ref().filter(|pattern| !pattern.matches(text)) {
            broken.push(format!("Member must satisfy regular expression pattern: {}", pattern.text));
        }
    }
    broken
}

#[expect(clippy::cast_precision_loss, reason = "lengths of what came in one request are far below 2^53")]
fn count(length: usize) -> f64 {
    length as f64
}

pub(super) fn is_of(kind: Kind, value: &Value) -> bool {
    match kind {
        Kind::Structure | Kind::Map => value.is_object(),
        Kind::List => value.is_array(),
        Kind::String | Kind::Blob => value.is_string(),
        Kind::Integer => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        Kind::Long => value.is_i64(),
        Kind::Double | Kind::Float => {
            value.is_number() || matches!(value.as_str(), Some("NaN" | "Infinity" | "-Infinity"))
        }
        Kind::Boolean => value.is_boolean(),
        Kind::Timestamp => value.is_number(),
    }
}

fn name_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "NULL_VALUE",
        Value::Bool(_) => "BOOLEAN_VALUE",
        Value::Number(number) if number.is_f64() => "DECIMAL_VALUE",
        Value::Number(_) => "NUMBER_VALUE",
        Value::String(_) => "STRING_VALUE",
        Value::Array(_) => "Start of list",
        Value::Object(_) => "Start of structure or map",
    }
}

pub(super) fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Structure => "a structure",
        Kind::List => "a list",
        Kind::Map => "a map",
        Kind::String => "a String",
        Kind::Integer => "an Integer",
        Kind::Long => "a Long",
        Kind::Double => "a Double",
        Kind::Float => "a Float",
        Kind::Boolean => "a Boolean",
        Kind::Timestamp => "a Date",
        Kind::Blob => "a Blob",
    }
}

/// A value in a message: strings as they are, everything else as JSON, nothing longer than a person reads.
pub(super) fn shown(value: &Value) -> String {
    const LONGEST: usize = 1_000;
    let text = match value {
        Value::Null => return "null".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    };
    if text.chars().count() <= LONGEST {
        return format!("'{text}'");
    }
    format!("'{}…'", text.chars().take(LONGEST).collect::<String>())
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn lower_first(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| first.to_ascii_lowercase().to_string() + chars.as_str())
}
