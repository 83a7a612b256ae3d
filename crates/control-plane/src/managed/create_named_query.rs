//! Making a named query.

use emrys_core::managed::NamedQuery;
use emrys_core::record::CallError;

use crate::clients::AwsContext;
use crate::errors;

/// Makes the named query. With one token there is one, however often this is tried; names do not keep two apart.
pub(super) async fn execute(aws: &AwsContext, query: &NamedQuery, token: &str) -> Result<(), CallError> {
    let create = aws
        .athena
        .create_named_query()
        .client_request_token(token)
        .name(&query.name)
        .description(&query.description)
        .database(&query.database)
        .work_group(&query.workgroup)
        .query_string(&query.statement);
    let what = format!("could not make the named query {}", query.name);
    create.send().await.map_err(|error| errors::call_error(&what, &error))?;
    Ok(())
}
