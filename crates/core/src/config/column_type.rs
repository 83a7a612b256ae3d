//! The types of columns, as Athena's `CREATE TABLE` takes them.
//!
//! Source: <https://docs.aws.amazon.com/athena/latest/ug/data-types.html>, and for CSV
//! <https://docs.aws.amazon.com/athena/latest/ug/csv-serde.html>.

use super::problem::Wrong;

const SCALARS: [&str; 11] = [
    "boolean",
    "tinyint",
    "smallint",
    "int",
    "bigint",
    "float",
    "double",
    "string",
    "date",
    "timestamp",
    "binary",
];

/// Those that OpenCSVSerde makes of the text that Spark writes. Of dates it expects the number of days, and of times
/// that of milliseconds.
const OF_CSV: [&str; 8] = ["boolean", "tinyint", "smallint", "int", "bigint", "float", "double", "string"];

/// A type, in lower case and without spaces.
pub(super) fn parse(text: &str, is_csv: bool) -> Result<String, Wrong> {
    let kind: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
    if is_csv && !OF_CSV.contains(&kind.as_str()) {
        let message = format!("`{text}` is no type of a column in CSV files");
        return Err(Wrong::new(message).hint(format!("one of {}; Parquet has all types", OF_CSV.join(", "))));
    }
    if is_type(&kind) {
        return Ok(kind);
    }
    let wrong = Wrong::new(format!("`{text}` is no type of Athena's"));
    Err(match kind.as_str() {
        "integer" | "long" | "text" | "real" | "short" | "byte" => {
            let meant = match kind.as_str() {
                "integer" => "int",
                "long" => "bigint",
                "text" => "string",
                "real" => "float",
                "short" => "smallint",
                _ => "tinyint",
            };
            wrong.hint(format!("`CREATE TABLE` says `{meant}`"))
        }
        _ => wrong.hint(format!(
            "one of {}, decimal(p,s), char(n), varchar(n), array<…>, map<…,…>, struct<name:…>",
            SCALARS.join(", ")
        )),
    })
}

fn is_type(kind: &str) -> bool {
    let within = |name: &str, open: char, close: char| {
        kind.strip_prefix(name)?.strip_prefix(open)?.strip_suffix(close)
    };
    if SCALARS.contains(&kind) {
        true
    } else if let Some(size) = within("decimal", '(', ')') {
        let (precision, scale) = size.split_once(',').unwrap_or((size, "0"));
        let (precision, scale) = (number(precision), number(scale));
        precision.zip(scale).is_some_and(|(p, s)| (1..=38).contains(&p) && s <= p)
    } else if let Some(length) = within("varchar", '(', ')') {
        number(length).is_some_and(|length| (1..=65535).contains(&length))
    } else if let Some(length) = within("char", '(', ')') {
        number(length).is_some_and(|length| (1..=255).contains(&length))
    } else if let Some(item) = within("array", '<', '>') {
        is_type(item)
    } else if let Some(both) = within("map", '<', '>') {
        matches!(parts(both).as_slice(), [key, value] if is_type(key) && is_type(value))
    } else if let Some(fields) = within("struct", '<', '>') {
        let is_field = |field: &&str| {
            field.split_once(':').is_some_and(|(name, kind)| {
                let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
                !name.is_empty() && name.bytes().all(good) && is_type(kind)
            })
        };
        parts(fields).iter().all(is_field)
    } else {
        false
    }
}

/// Digits alone: no sign, and nothing that is too large.
fn number(text: &str) -> Option<u32> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

/// What stands between the commas that are in no brackets.
fn parts(text: &str) -> Vec<&str> {
    let (mut depth, mut begin, mut parts) = (0_u32, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '<' | '(' => depth += 1,
            '>' | ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&text[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[begin..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_those_of_create_table() {
        for good in [
            "int",
            "BIGINT",
            "decimal(12, 2)",
            "decimal(5)",
            "varchar(40)",
            "char(2)",
            "array<string>",
            "map<string, array<int>>",
            "struct<street:string, at:struct<lat:double,lon:double>>",
            "timestamp",
        ] {
            assert!(parse(good, false).is_ok(), "{good}");
        }
        assert_eq!(parse("map< string , Int >", false).as_deref().ok(), Some("map<string,int>"));
        for bad in [
            "",
            "integer",
            "number",
            "decimal(39,2)",
            "decimal(2,3)",
            "decimal(+2)",
            "varchar",
            "varchar(0)",
            "char(256)",
            "array<>",
            "array<int",
            "map<int>",
            "struct<>",
            "struct<int>",
            "struct<a:int,>",
            "int>",
            "date)",
        ] {
            assert!(parse(bad, false).is_err(), "{bad}");
        }
        assert!(
            parse("integer", false).is_err_and(|wrong| wrong.hint.is_some_and(|hint| hint.contains("`int`")))
        );
    }

    #[test]
    fn csv_has_the_types_that_its_text_can_be_read_as() {
        assert!(parse("double", true).is_ok());
        for other in ["date", "timestamp", "decimal(10,2)", "array<int>", "binary"] {
            assert!(parse(other, true).is_err(), "{other}");
        }
    }
}
