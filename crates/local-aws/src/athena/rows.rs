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
    let number =
        |member: &str| usize::try_from(wanted[member].as_u64().unwrap_or_default()).unwrap_or(usize::MAX);
    let (from, most) = (number("from").min(content.len()), number("most"));
    // Only what belongs onto the page is read: a result has as many pages as it has thousands of rows.
    let rest = String::from_utf8_lossy(&content[from..]);
    let (rows, read) =
        if wanted["is_table"] == true { read_csv(&rest, most) } else { read_lines(&rest, most) };
    answer["ResultSet"]["Rows"] = rows.iter().map(|row| datum_row(row)).collect();
    if from + read < content.len() {
        answer["NextToken"] = json!(format!("byte-{}", from + read));
    }
    Ok(answer)
}

fn datum_row(row: &[Cell]) -> Value {
    let data =
        row.iter().map(|cell| cell.as_ref().map_or_else(|| json!({}), |text| json!({"VarCharValue": text})));
    json!({"Data": data.collect::<Vec<_>>()})
}

/// Reads at most this many rows of what the engine wrote: each value in quotes, NULL as nothing. Gives the rows, and
/// how many bytes they take.
fn read_csv(content: &str, most: usize) -> (Vec<Vec<Cell>>, usize) {
    let (mut rows, mut row) = (Vec::new(), Vec::new());
    let mut cell: Cell = None;
    let mut quoted = false;
    let mut chars = content.char_indices().peekable();
    let mut read = 0;
    while rows.len() < most
        && let Some((at, char)) = chars.next()
    {
        match char {
            '"' if quoted && chars.next_if(|(_, next)| *next == '"').is_some() => {
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
                read = at + 1;
            }
            other => cell.get_or_insert_default().push(other),
        }
    }
    (rows, if chars.peek().is_none() { content.len() } else { read })
}

/// The same of a text: each line is a row of one value.
fn read_lines(content: &str, most: usize) -> (Vec<Vec<Cell>>, usize) {
    let lines = content.split_inclusive('\n').take(most);
    let read = lines.clone().map(str::len).sum();
    (lines.flat_map(str::lines).map(|line| vec![Some(line.to_owned())]).collect(), read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn an_empty_text_is_not_null_and_quotes_lines_and_commas_survive() {
        let (rows, _) = read_csv("\"a\",\"b\"\n\"\",\n\"x \"\"y\"\"\nz\",\"1,2\"\n", 9);
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
        assert_eq!(first["NextToken"], "byte-8");
        let last = fill(&store, Ok(page(8))).await.unwrap();
        assert_eq!(last, json!({"ResultSet": {"Rows": [{"Data": [{"VarCharValue": "2"}]}]}}));
        store.delete("results", "r.csv", &crate::store::Condition::default()).unwrap();
        assert_eq!(fill(&store, Ok(page(0))).await.unwrap_err().code, "InvalidRequestException");
    }
}
