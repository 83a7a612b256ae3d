//! One value of a result, in each format. Athena gives texts and the types that they are texts of.

use emrys_core::queries::QueryColumn;
use serde_json::{Map, Number, Value};

/// Athena's types whose values are whole numbers that JSON holds.
const WHOLE: [&str; 4] = ["tinyint", "smallint", "integer", "bigint"];
/// Those whose values are binary fractions.
const BINARY: [&str; 3] = ["double", "float", "real"];

/// How many digits of a binary fraction a table shows.
const DIGITS: i32 = 6;

/// Whether a column holds numbers.
pub(super) fn is_number(column: &QueryColumn) -> bool {
    let kind = column.kind.as_str();
    WHOLE.contains(&kind) || BINARY.contains(&kind) || kind == "decimal"
}

/// For people: NULL is told apart from nothing, long fractions are cut, and nothing moves the cursor.
pub(super) fn shown(value: Option<&str>, column: &QueryColumn) -> String {
    match value {
        None => "NULL".to_owned(),
        Some(text) if BINARY.contains(&column.kind.as_str()) => {
            text.parse().map_or_else(|_| text.to_owned(), |number| short(number, text))
        }
        Some(text) => visible(text),
    }
}

/// A number with six digits that count; what is very large or small stays as Athena writes it.
fn short(number: f64, text: &str) -> String {
    let size = number.abs();
    if !(1e-3..1e9).contains(&size) {
        return text.to_owned();
    }
    #[expect(clippy::cast_possible_truncation, reason = "from -2 to 9")]
    let before_the_point = size.log10().floor() as i32 + 1;
    let decimals = usize::try_from(DIGITS - before_the_point).unwrap_or_default();
    let digits = format!("{number:.decimals$}");
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.').to_owned() } else { digits }
}

/// A text without what a terminal would take for a command.
pub(super) fn visible(text: &str) -> String {
    if !text.chars().any(char::is_control) {
        return text.to_owned();
    }
    text.chars()
        .map(|char| if char.is_control() { char.escape_default().to_string() } else { char.to_string() })
        .collect()
}

/// A field of RFC 4180. NULL is nothing, an empty text is two quotes.
pub(super) fn csv(value: Option<&str>) -> String {
    match value {
        None => String::new(),
        Some(text) if text.is_empty() || text.contains([',', '"', '\n', '\r']) => {
            format!("\"{}\"", text.replace('"', "\"\""))
        }
        Some(text) => text.to_owned(),
    }
}

/// A line of such fields. A NULL that is alone in its line is two quotes: many readers pass over an empty line.
pub(super) fn csv_line<'a>(values: impl Iterator<Item = Option<&'a str>>) -> String {
    let fields: Vec<String> = values.map(csv).collect();
    match fields.as_slice() {
        [only] if only.is_empty() => "\"\"\n".to_owned(),
        fields => fields.join(",") + "\n",
    }
}

/// A row as an object. Of columns of one name, the later ones get a number.
pub(super) fn object(row: &[Option<String>], columns: &[QueryColumn]) -> Map<String, Value> {
    let mut object = Map::new();
    for (value, column) in row.iter().zip(columns) {
        let mut name = column.name.clone();
        for number in 2.. {
            if !object.contains_key(&name) {
                break;
            }
            name = format!("{}_{number}", column.name);
        }
        object.insert(name, json(value.as_deref(), column));
    }
    object
}

/// Whole and binary numbers and booleans as such; everything else, decimals too, is a text.
fn json(value: Option<&str>, column: &QueryColumn) -> Value {
    let Some(text) = value else { return Value::Null };
    let kind = column.kind.as_str();
    let number = if WHOLE.contains(&kind) {
        text.parse::<i64>().ok().map(Number::from)
    } else if BINARY.contains(&kind) {
        text.parse().ok().and_then(Number::from_f64)
    } else {
        None
    };
    match (number, kind, text) {
        (Some(number), ..) => Value::Number(number),
        (None, "boolean", "true") => Value::Bool(true),
        (None, "boolean", "false") => Value::Bool(false),
        _ => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn column(kind: &str) -> QueryColumn {
        QueryColumn { name: "c".into(), kind: kind.into() }
    }

    #[test]
    fn a_table_shows_what_counts_and_moves_no_cursor() {
        for (kind, text, expected) in [
            ("double", "12.345678901", "12.3457"),
            ("double", "100.0", "100"),
            ("double", "123456.789", "123457"),
            ("double", "0.012345678", "0.0123457"),
            ("double", "-2.5", "-2.5"),
            ("double", "0.0", "0.0"),
            ("double", "1.0E-5", "1.0E-5"),
            ("double", "NaN", "NaN"),
            ("bigint", "12345678", "12345678"),
            ("varchar", "red \u{1b}[31m\nalert\t", "red \\u{1b}[31m\\nalert\\t"),
            ("varchar", "größe", "größe"),
        ] {
            assert_eq!(shown(Some(text), &column(kind)), expected, "{kind} {text}");
        }
        assert_eq!(shown(None, &column("varchar")), "NULL");
        assert!(is_number(&column("decimal")) && !is_number(&column("varchar")));
    }

    #[test]
    fn csv_tells_null_from_nothing_and_quotes_what_needs_it() {
        let row = [Some("a"), None, Some(""), Some("x,y"), Some("say \"hi\""), Some("two\nlines")];
        assert_eq!(csv_line(row.into_iter()), "a,,\"\",\"x,y\",\"say \"\"hi\"\"\",\"two\nlines\"\n");
        assert_eq!(csv_line([None].into_iter()), "\"\"\n");
    }

    #[test]
    fn json_has_numbers_where_no_digit_is_lost() {
        for (kind, text, expected) in [
            ("bigint", "9223372036854775807", json!(9_223_372_036_854_775_807_i64)),
            ("double", "1.5", json!(1.5)),
            ("double", "Infinity", json!("Infinity")),
            ("decimal", "0.10", json!("0.10")),
            ("boolean", "true", json!(true)),
            ("varchar", "true", json!("true")),
            ("date", "2024-10-20", json!("2024-10-20")),
        ] {
            assert_eq!(json(Some(text), &column(kind)), expected, "{kind} {text}");
        }
        assert_eq!(json(None, &column("double")), Value::Null);
    }

    #[test]
    fn columns_of_one_name_are_kept_apart() {
        let columns = [column("bigint"), column("bigint"), column("bigint")];
        let row = ["1", "2", "3"].map(|text| Some(text.to_owned()));
        assert_eq!(Value::Object(object(&row, &columns)), json!({"c": 1, "c_2": 2, "c_3": 3}));
    }
}
