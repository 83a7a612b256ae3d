//! StartQueryExecution and StopQueryExecution.

use serde_json::{Value, json};

use super::execution::{Execution, State};
use super::{Athena, PRIMARY, invalid, text};
use crate::world::context::{ApiError, Effect, Scope};

impl Athena {
    pub(super) fn start(&mut self, input: &Value, scope: &mut Scope<'_>) -> Result<Value, ApiError> {
        if let Some(token) = input["ClientRequestToken"].as_str()
            && let Some(first) =
                self.executions.iter().find(|known| known.asked["ClientRequestToken"] == token)
        {
            if first.asked != *input {
                return Err(invalid("Idempotent parameters do not match"));
            }
            return Ok(json!({"QueryExecutionId": first.id}));
        }
        let workgroup = input["WorkGroup"].as_str().unwrap_or(PRIMARY);
        let group = self.workgroup(workgroup)?;
        if !group.is_enabled() {
            return Err(invalid(format!("WorkGroup {workgroup} is disabled.")));
        }
        let asked = input["ResultConfiguration"]["OutputLocation"].as_str();
        let folder = if group.is_enforced() { group.output() } else { asked.or(group.output()) };
        let folder = folder.ok_or_else(|| {
            invalid(
                "No output location provided. An output location is required either through the Workgroup result \
                 configuration setting or as an API input.",
            )
        })?;
        checked_output(folder)?;
        if input["ResultReuseConfiguration"]["ResultReuseByAgeConfiguration"]["Enabled"] == true {
            return Err(invalid("the embedded Athena does not reuse results"));
        }
        let statement = text(input, "QueryString");
        let kind = statement_type(&statement);
        let id = scope.ids.uuid();
        let slash = if folder.ends_with('/') { "" } else { "/" };
        let suffix = if kind == "DML" { "csv" } else { "txt" };
        self.executions.push(Execution {
            output: format!("{folder}{slash}{id}.{suffix}"),
            id: id.clone(),
            asked: input.clone(),
            workgroup: workgroup.to_owned(),
            cutoff: group.cutoff(),
            statement_type: kind.to_owned(),
            state: State::Queued,
            submitted: scope.context.now,
            started: None,
            ended: None,
            reason: None,
            error: None,
            columns: Vec::new(),
            scanned: 0,
        });
        Ok(json!({"QueryExecutionId": id}))
    }

    /// Athena takes the stop of a query that has ended, and does nothing.
    pub(super) fn stop(&mut self, input: &Value, scope: &mut Scope<'_>) -> Result<Value, ApiError> {
        let id = text(input, "QueryExecutionId");
        self.execution(&id)?;
        for execution in self.executions.iter_mut().filter(|execution| execution.id == id) {
            if execution.state == State::Running {
                scope.outbox.push(Effect::StopQuery { id: id.clone() });
            }
            execution.cancel(scope.context.now);
        }
        Ok(json!({}))
    }
}

/// An output location is a folder in a bucket.
pub(super) fn checked_output(location: &str) -> Result<(), ApiError> {
    let bucket = location.strip_prefix("s3://").map(|rest| rest.split('/').next().unwrap_or_default());
    if bucket.is_none_or(str::is_empty) {
        return Err(invalid("outputLocation is not a valid S3 path."));
    }
    Ok(())
}

/// Athena's kinds of statements: queries are DML.
fn statement_type(statement: &str) -> &'static str {
    let word = statement.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    match word.to_ascii_uppercase().as_str() {
        "SHOW" | "DESC" | "DESCRIBE" | "EXPLAIN" => "UTILITY",
        "CREATE" | "DROP" | "ALTER" | "MSCK" => "DDL",
        _ => "DML",
    }
}
