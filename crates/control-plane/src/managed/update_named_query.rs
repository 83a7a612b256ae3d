//! Changing a named query.

use emrys_core::managed::NamedQuery;
use emrys_core::record::CallError;

use crate::clients::AwsContext;
use crate::errors;

/// Makes the named query of this id what it is to be.
pub(super) async fn execute(aws: &AwsContext, id: &str, query: &NamedQuery) -> Result<(), CallError> {
    let update = aws
        .athena
        .update_named_query()
        .named_query_id(id)
        .name(&query.name)
        .description(&query.description)
        .query_string(&query.statement);
    let what = format!("could not change the named query {}", query.name);
    update.send().await.map_err(|error| errors::call_error(&what, &error))?;
    Ok(())
}
