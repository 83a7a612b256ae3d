//! Starting a query.

use aws_sdk_athena::types::{QueryExecutionContext, ResultConfiguration};
use emrys_core::run::CallError;

use crate::clients::AwsContext;
use crate::errors;
use crate::query::Asked;

/// Starts the query, and gives its id. With one token there is one query, however often this is tried.
pub(crate) async fn execute(aws: &AwsContext, asked: &Asked<'_>, token: &str) -> Result<String, CallError> {
    let context = QueryExecutionContext::builder().database(asked.database).build();
    // A workgroup that enforces its configuration passes over this.
    let results = ResultConfiguration::builder().output_location(asked.results.to_string()).build();
    let start = aws
        .athena
        .start_query_execution()
        .client_request_token(token)
        .query_string(asked.statement)
        .query_execution_context(context)
        .result_configuration(results)
        .work_group(asked.workgroup)
        .set_execution_parameters(Some(asked.parameters.to_vec()).filter(|values| !values.is_empty()));
    let what = "could not start the query";
    let started = start.send().await.map_err(|error| errors::call_error(what, &error))?;
    started.query_execution_id.ok_or_else(|| CallError::invalid(format!("{what}: the answer names no query")))
}
