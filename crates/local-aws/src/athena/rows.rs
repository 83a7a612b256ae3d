//! The rows of GetQueryResults, from the object that the query wrote.

use serde_json::{Value, json};

use crate::store::Store;
use crate::world::{ApiError, ROWS};

/// One value of a row; `None` is NULL.
type Cell = Option<String>;

/// Puts the rows into an answer of the world to GetQueryResults; other answers stay as they are.
pub(crate) async fn fill(store: &Store, answer: Result<Value, ApiError>) -> Result<Value, ApiError> {
    let mut answer = answer?;
    let Some(wanted) = answer.as_object_mut().and_then(|members| members.remove(ROWS)) else {
        return Ok(answer);
    };
    let location = wanted["location"].as_str().unwrap_or_default();
    let (bucket, key) =
        location.strip_prefix("s3://").and_then(|rest| rest.split_once('/')).unwrap_or_default();
    let content = store.read(bucket, key).await.map_err(|error| {
        ApiError::invalid_request(format!("Could not find results: {location} cannot be read: {error}"))
    })?;
    let content = String::from_utf8_lossy(&content);
    let rows = if wanted["is_table"] == true {
        read_csv(&content)
    } else {
        content.lines().map(|line| vec![Some(line.to_owned())]).collect()
    };
    let number =
        |member: &str| usize::try_from(wanted[member].as_u64().unwrap_or_default()).unwrap_or(usize::MAX);
    let (from, most) = (number("from").min(rows.len()), number("most"));
    let page: Vec<Value> = rows.iter().skip(from).take(most).map(|row| datum_row(row)).collect();
    let next = from + page.len();
    answer["ResultSet"]["Rows"] = Value::Array(page);
    if next < rows.len() {
        answer["NextToken"] = json!(format!("row-{next}"));
    }
    Ok(answer)
}

fn datum_row(row: &[Cell]) -> Value {
    let data =
        row.iter().map(|cell| cell.as_ref().map_or_else(|| json!({}), |text| json!({"VarCharValue": text})));
    json!({"Data": data.collect::<Vec<_>>()})
}

/// Reads what the engine wrote: each value in quotes, NULL as nothing.
fn read_csv(content: &str) -> Vec<Vec<Cell>> {
    let (mut rows, mut row) = (Vec::new(), Vec::new());
    let mut cell: Cell = None;
    let mut quoted = false;
    let mut chars = content.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.get_or_insert_default().push('"');
            }
            '"' => {
                quoted = !quoted;
                cell.get_or_insert_default();
            }
            ',' if !quoted => row.push(cell.take()),
            '\n' if !quoted => {
                row.push(cell.take());
                rows.push(std::mem::take(&mut row));
            }
            other => cell.get_or_insert_default().push(other),
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn an_empty_text_is_not_null_and_quotes_lines_and_commas_survive() {
        let rows = read_csv("\"a\",\"b\"\n\"\",\n\"x \"\"y\"\"\nz\",\"1,2\"\n");
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            rows,
            [vec![text("a"), text("b")], vec![text(""), None], vec![text("x \"y\"\nz"), text("1,2")]]
        );
    }

    #[tokio::test]
    async fn pages_begin_with_the_header_and_end_without_a_token() {
        let store = Store::memory(Clock::system());
        store.create_bucket("results").unwrap();
        store.put("results", "r.csv", b"\"n\"\n\"1\"\n\"2\"\n").unwrap();
        let page = |from: u64| {
            let rows = json!({"location": "s3://results/r.csv", "from": from, "most": 2, "is_table": true});
            json!({"ResultSet": {"Rows": []}, ROWS: rows})
        };
        let first = fill(&store, Ok(page(0))).await.unwrap();
        assert_eq!(first["ResultSet"]["Rows"][0]["Data"][0]["VarCharValue"], "n");
        assert_eq!(first["NextToken"], "row-2");
        let last = fill(&store, Ok(page(2))).await.unwrap();
        assert_eq!(last, json!({"ResultSet": {"Rows": [{"Data": [{"VarCharValue": "2"}]}]}}));
        store.delete("results", "r.csv", &crate::store::Condition::default()).unwrap();
        assert_eq!(fill(&store, Ok(page(0))).await.unwrap_err().code, "InvalidRequestException");
    }
}
