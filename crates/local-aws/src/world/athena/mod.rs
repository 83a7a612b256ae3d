//! Athena, API 2017-05-18: workgroups, named queries, and the executions of queries.
//!
//! ```text
//! workgroup    Create-, Get-, Update-, Delete- and ListWorkGroup(s), ListTagsForResource
//! named        Create-, Get-, Update-, Delete-, List- and BatchGetNamedQuery
//! start        StartQueryExecution: which workgroup, where the result goes, the token
//! execution    one query and its states
//! describe     GetQueryExecution, GetQueryResults (without its rows), lists
//! ```
//!
//! The SQL runs outside of the world: [`Effect::StartQuery`](crate::world::Effect) and
//! [`World::query_ended`](crate::world::World::query_ended). The world keeps no rows. GetQueryResults names the object
//! of the result, and [`crate::athena`] reads it for each call, as Athena does.

mod describe;
mod execution;
mod named;
mod start;
mod workgroup;

pub(crate) use self::describe::ROWS;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::execution::Execution;
use self::named::NamedQuery;
use self::workgroup::WorkGroup;
use crate::services::AthenaOperation;
use crate::world::context::{ApiError, Effect, QueryEnd, Scope, after, page};

/// Small, to expose clients that read only the first page of workgroups or named queries.
const USUAL_PAGE: usize = 3;

/// The workgroup that is always there.
const PRIMARY: &str = "primary";

/// The most that Athena puts on a page of a list.
const MOST_ON_A_PAGE: usize = 50;

/// From StartQueryExecution to RUNNING.
const QUEUE_TIME: SignedDuration = SignedDuration::from_millis(50);

/// Athena keeps the history of queries for 45 days.
const HISTORY: SignedDuration = SignedDuration::from_hours(45 * 24);

/// The state of Athena.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Athena {
    workgroups: BTreeMap<String, WorkGroup>,
    named: BTreeMap<String, NamedQuery>,
    /// The oldest first.
    executions: Vec<Execution>,
}

impl Athena {
    pub(crate) fn call(
        &mut self,
        operation: AthenaOperation,
        input: &Value,
        scope: &mut Scope<'_>,
    ) -> Result<Value, ApiError> {
        match operation {
            AthenaOperation::StartQueryExecution => self.start(input, scope),
            AthenaOperation::StopQueryExecution => self.stop(input, scope),
            AthenaOperation::GetQueryExecution => self.get_execution(input),
            AthenaOperation::BatchGetQueryExecution => Ok(self.batch_get_executions(input)),
            AthenaOperation::ListQueryExecutions => self.list_executions(input),
            AthenaOperation::GetQueryResults => self.get_results(input),
            AthenaOperation::CreateWorkGroup => self.create_workgroup(input, scope.context),
            AthenaOperation::GetWorkGroup => self.get_workgroup(input),
            AthenaOperation::UpdateWorkGroup => self.update_workgroup(input),
            AthenaOperation::DeleteWorkGroup => self.delete_workgroup(input),
            AthenaOperation::ListWorkGroups => self.list_workgroups(input),
            AthenaOperation::CreateNamedQuery => self.create_named(input, scope.ids),
            AthenaOperation::GetNamedQuery => self.get_named(input),
            AthenaOperation::BatchGetNamedQuery => Ok(self.batch_get_named(input)),
            AthenaOperation::ListNamedQueries => self.list_named(input),
            AthenaOperation::UpdateNamedQuery => self.update_named(input),
            AthenaOperation::DeleteNamedQuery => self.delete_named(input),
            AthenaOperation::ListTagsForResource => self.list_tags(input, scope.context),
            AthenaOperation::ListPreparedStatements => self.list_prepared(input),
        }
    }

    /// When a queued query is due to run.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        self.executions.iter().filter_map(Execution::due).min()
    }

    /// Whether no query is queued or running.
    pub(crate) fn is_idle(&self) -> bool {
        self.executions.iter().all(Execution::is_over)
    }

    /// Starts what was due by `now`, on the catalog as it is.
    pub(crate) fn advance(&mut self, now: Timestamp, catalog: impl Fn() -> Value, outbox: &mut Vec<Effect>) {
        for execution in &mut self.executions {
            if execution.due().is_some_and(|due| due <= now) {
                outbox.push(Effect::StartQuery(Box::new(execution.run(catalog()))));
            }
        }
        self.executions.retain(|execution| !execution.is_over() || after(execution.submitted, HISTORY) > now);
    }

    /// Records how a query ended.
    pub(crate) fn query_ended(&mut self, id: &str, end: QueryEnd, now: Timestamp) {
        if let Some(execution) = self.executions.iter_mut().find(|execution| execution.id == id) {
            execution.end(end, now);
        }
    }

    /// The processes of running queries are gone with the daemon that ran them.
    pub(crate) fn restarted(&mut self, now: Timestamp) {
        for execution in &mut self.executions {
            execution.lost(now);
        }
    }

    fn execution(&self, id: &str) -> Result<&Execution, ApiError> {
        let found = self.executions.iter().find(|execution| execution.id == id);
        found.ok_or_else(|| invalid(format!("QueryExecution {id} was not found")))
    }
}

/// A page of ids or of documents, and its token: `usual` ones where the caller does not say how many, 50 at most.
fn answer_page<T: Clone>(
    member: &str,
    items: Vec<T>,
    input: &Value,
    usual: usize,
    key: impl Fn(&T) -> String,
    form: impl FnMut(T) -> Value,
) -> Result<Value, ApiError> {
    let asked = input["MaxResults"].as_u64().and_then(|size| usize::try_from(size).ok());
    let size = asked.unwrap_or(usual).clamp(1, MOST_ON_A_PAGE);
    let page = page(items, input["NextToken"].as_str(), size, key);
    let page = page.ok_or_else(|| invalid("Malformed next token".to_owned()))?.map(form);
    let mut answer = json!({member: page.items});
    if let Some(token) = page.marker {
        answer["NextToken"] = json!(token);
    }
    Ok(answer)
}

fn text(input: &Value, member: &str) -> String {
    input[member].as_str().unwrap_or_default().to_owned()
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::invalid_request(message)
}
