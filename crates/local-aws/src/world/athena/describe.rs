//! GetQueryExecution, GetQueryResults and the lists of executions.

use serde_json::{Value, json};

use super::execution::State;
use super::{Athena, MOST_ON_A_PAGE, PRIMARY, answer_page, invalid, text};
use crate::world::context::ApiError;

/// The member of an answer to GetQueryResults that says which rows belong into it.
pub(crate) const ROWS: &str = "$rows";

impl Athena {
    pub(super) fn get_execution(&self, input: &Value) -> Result<Value, ApiError> {
        let execution = self.execution(&text(input, "QueryExecutionId"))?;
        Ok(json!({"QueryExecution": execution.description()}))
    }

    pub(super) fn batch_get_executions(&self, input: &Value) -> Value {
        let asked = input["QueryExecutionIds"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for id in asked {
            match self.execution(id) {
                Ok(execution) => found.push(execution.description()),
                Err(error) => missing.push(json!({
                    "QueryExecutionId": id, "ErrorCode": "INVALID_INPUT", "ErrorMessage": error.message,
                })),
            }
        }
        json!({"QueryExecutions": found, "UnprocessedQueryExecutionIds": missing})
    }

    pub(super) fn list_executions(&self, input: &Value) -> Result<Value, ApiError> {
        let workgroup = input["WorkGroup"].as_str().unwrap_or(PRIMARY);
        self.workgroup(workgroup)?;
        let newest = self.executions.iter().rev().filter(|execution| execution.workgroup == workgroup);
        let ids: Vec<String> = newest.map(|execution| execution.id.clone()).collect();
        answer_page("QueryExecutionIds", ids, input, MOST_ON_A_PAGE, String::clone, |id| json!(id))
    }

    /// All but the rows: the object that they are in, and from which of its bytes on how many belong here.
    pub(super) fn get_results(&self, input: &Value) -> Result<Value, ApiError> {
        let execution = self.execution(&text(input, "QueryExecutionId"))?;
        match execution.state {
            State::Succeeded => {}
            state @ (State::Queued | State::Running) => {
                return Err(invalid(format!("Query has not yet finished. Current state: {}", state.name())));
            }
            state => {
                return Err(invalid(format!(
                    "Query did not finish successfully. Final query state: {}",
                    state.name()
                )));
            }
        }
        let from = match input["NextToken"].as_str() {
            None => 0,
            Some(token) => token
                .strip_prefix("byte-")
                .and_then(|at| at.parse::<u64>().ok())
                .ok_or_else(|| invalid("Malformed next token"))?,
        };
        let columns: Vec<Value> = execution.columns.iter().map(column_info).collect();
        Ok(json!({
            "UpdateCount": 0,
            "ResultSet": {"Rows": [], "ResultSetMetadata": {"ColumnInfo": columns}},
            ROWS: {
                "location": execution.output,
                "from": from,
                "most": input["MaxResults"].as_u64().unwrap_or(1000).clamp(1, 1000),
                "is_table": execution.statement_type == "DML",
            },
        }))
    }
}

fn column_info(column: &Value) -> Value {
    let kind = column["Type"].as_str().unwrap_or_default();
    let (precision, scale) = match kind {
        "integer" => (10, 0),
        "bigint" => (19, 0),
        "double" => (17, 0),
        "float" => (24, 0),
        "decimal" => (38, 0),
        "timestamp" | "date" | "boolean" | "tinyint" | "smallint" => (3, 0),
        _ => (i64::from(i32::MAX), 0),
    };
    json!({
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": column["Name"],
        "Label": column["Name"],
        "Type": kind,
        "Precision": precision,
        "Scale": scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": kind == "varchar",
    })
}
