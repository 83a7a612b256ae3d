//! How does a query stand, and what is its result?

use aws_sdk_athena::operation::get_query_results::{GetQueryResultsError, GetQueryResultsOutput};
use aws_sdk_athena::types as athena;
use aws_smithy_async::future::pagination_stream::PaginationStream;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use emrys_core::queries::{Execution, Failure, QueryColumn, QueryState};
use emrys_core::record::CallError;
use jiff::SignedDuration;

use crate::clients::AwsContext;
use crate::errors;
use crate::interrupt::Interrupts;

/// Looks at a query.
pub(crate) async fn observe(aws: &AwsContext, id: &str) -> Result<Execution, CallError> {
    let what = format!("could not look at the query {id}");
    let answer = aws.athena.get_query_execution().query_execution_id(id).send().await;
    let found = answer.map_err(|error| errors::call_error(&what, &error))?.query_execution;
    found.map(|found| execution(id, &found)).ok_or_else(|| CallError::invalid(format!("{what}: no answer")))
}

fn execution(id: &str, found: &athena::QueryExecution) -> Execution {
    let status = found.status();
    let state = status.and_then(|status| status.state()).map_or("", |state| state.as_str());
    let statistics = found.statistics();
    let number = |number: Option<i64>| number.unwrap_or_default();
    Execution {
        id: id.to_owned(),
        state: QueryState::of(state),
        statement_type: found.statement_type().map_or("", |kind| kind.as_str()).to_owned(),
        scanned_bytes: number(statistics.and_then(athena::QueryExecutionStatistics::data_scanned_in_bytes))
            .try_into()
            .unwrap_or_default(),
        took: SignedDuration::from_millis(number(
            statistics.and_then(athena::QueryExecutionStatistics::total_execution_time_in_millis),
        )),
        result: found.result_configuration().and_then(|result| result.output_location()).map(str::to_owned),
        failure: status
            .filter(|_| matches!(state, "FAILED" | "CANCELLED"))
            .map(|status| failure(status.athena_error(), status.state_change_reason())),
    }
}

fn failure(error: Option<&athena::AthenaError>, reason: Option<&str>) -> Failure {
    Failure {
        category: error.and_then(athena::AthenaError::error_category),
        kind: error.and_then(athena::AthenaError::error_type),
        retryable: error.is_some_and(athena::AthenaError::retryable),
        message: error.and_then(|error| error.error_message()).or(reason).unwrap_or_default().to_owned(),
    }
}

/// One row of a result: texts, or NULL.
pub type QueryRow = Vec<Option<String>>;

/// The pages of a result, as they come. Nothing is kept of those that were read.
pub struct Pages {
    stream: PaginationStream<Result<GetQueryResultsOutput, SdkError<GetQueryResultsError, HttpResponse>>>,
    what: String,
    columns: Option<Vec<QueryColumn>>,
    /// Whether the first row names the columns, as it does for statements that read tables.
    has_header: bool,
}

impl std::fmt::Debug for Pages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pages")
            .field("what", &self.what)
            .field("columns", &self.columns)
            .finish_non_exhaustive()
    }
}

/// The result of a query that has succeeded, page by page.
pub fn pages(aws: &AwsContext, execution: &Execution) -> Pages {
    let get = aws.athena.get_query_results().query_execution_id(&execution.id);
    Pages {
        stream: get.into_paginator().send(),
        what: format!("could not read the result of the query {}", execution.id),
        columns: None,
        has_header: execution.statement_type == "DML",
    }
}

/// What comes next of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextPage {
    /// These rows; there may be none on a page.
    Rows(Vec<QueryRow>),
    /// Nothing more.
    End,
    /// Somebody wants no more.
    Interrupted,
}

impl Pages {
    /// The columns; known from the first page on.
    pub fn columns(&self) -> &[QueryColumn] {
        self.columns.as_deref().unwrap_or_default()
    }

    /// The next page, unless somebody interrupts.
    pub async fn next(&mut self, interrupts: &mut Interrupts) -> Result<NextPage, CallError> {
        let page = tokio::select! {
            biased;
            _ = interrupts.next() => return Ok(NextPage::Interrupted),
            page = self.stream.next() => page,
        };
        let Some(page) = page else { return Ok(NextPage::End) };
        let page = page.map_err(|error| errors::call_error(&self.what, &error))?;
        let result = page.result_set();
        let is_first = self.columns.is_none();
        let columns = self.columns.get_or_insert_with(|| result.map(columns).unwrap_or_default());
        let rows = result.map(athena::ResultSet::rows).unwrap_or_default().iter().map(row);
        let mut rows: Vec<QueryRow> = rows.collect();
        if is_first && self.has_header && rows.first().is_some_and(|first| is_header(first, columns)) {
            rows.remove(0);
        }
        Ok(NextPage::Rows(rows))
    }
}

fn columns(result: &athena::ResultSet) -> Vec<QueryColumn> {
    let all = result.result_set_metadata().map(athena::ResultSetMetadata::column_info).unwrap_or_default();
    all.iter()
        .map(|column| QueryColumn {
            name: column.label().unwrap_or(column.name()).to_owned(),
            kind: column.r#type().to_owned(),
        })
        .collect()
}

fn row(row: &athena::Row) -> QueryRow {
    row.data().iter().map(|cell| cell.var_char_value().map(str::to_owned)).collect()
}

/// AWS says that the first row is the header, and not of which statements: it is one when it reads like one.
fn is_header(row: &QueryRow, columns: &[QueryColumn]) -> bool {
    row.len() == columns.len()
        && row
            .iter()
            .zip(columns)
            .all(|(cell, column)| cell.as_deref().is_some_and(|cell| cell.eq_ignore_ascii_case(&column.name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_row_of_the_columns_names_is_a_header() {
        let columns =
            ["date", "Status"].map(|name| QueryColumn { name: name.into(), kind: "varchar".into() });
        let row = |cells: [Option<&str>; 2]| cells.map(|cell| cell.map(str::to_owned)).to_vec();
        assert!(is_header(&row([Some("date"), Some("status")]), &columns));
        assert!(!is_header(&row([Some("date"), None]), &columns));
        assert!(!is_header(&row([Some("2024-10-20"), Some("200")]), &columns));
        assert!(!is_header(&row([Some("date"), Some("Status")]), &columns[..1]));
    }

    #[test]
    fn the_reason_of_a_change_is_told_where_athena_has_no_error() {
        let status = |state| athena::QueryExecutionStatus::builder().state(state).state_change_reason("so");
        let of = |status: athena::QueryExecutionStatus| {
            execution("q", &athena::QueryExecution::builder().status(status).build())
        };
        let error =
            athena::AthenaError::builder().error_category(2).error_type(1000).error_message("no table");
        let failed = of(status(athena::QueryExecutionState::Failed).athena_error(error.build()).build());
        let told = failed.failure.expect("it failed");
        assert_eq!((told.category, told.kind, told.message.as_str()), (Some(2), Some(1000), "no table"));
        let cancelled = of(status(athena::QueryExecutionState::Cancelled).build());
        assert_eq!(cancelled.failure.map(|failure| failure.message), Some("so".to_owned()));
        assert_eq!(of(status(athena::QueryExecutionState::Running).build()).failure, None);
    }
}
