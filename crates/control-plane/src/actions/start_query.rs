//! Starting a query.

use aws_sdk_athena::types::{QueryExecutionContext, ResultConfiguration};
use emrys_core::record::CallError;

use crate::clients::AwsContext;
use crate::errors;
use emrys_core::s3_uri::S3Uri;

/// What is asked, and where.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The SQL.
    pub statement: &'a str,
    /// SQL literals for its `?`.
    pub parameters: &'a [String],
    /// The database of names that have none.
    pub database: &'a str,
    /// The workgroup.
    pub workgroup: &'a str,
    /// Where the result goes, unless the workgroup says otherwise.
    pub results: &'a S3Uri,
}

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
