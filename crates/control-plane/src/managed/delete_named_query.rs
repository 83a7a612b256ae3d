//! Removing a named query.

use emrys_core::record::CallError;

use super::queries;
use crate::clients::AwsContext;
use crate::errors;

/// Removes the named query. One that is gone is fine.
pub(super) async fn execute(aws: &AwsContext, id: &str, name: &str) -> Result<(), CallError> {
    let Err(error) = aws.athena.delete_named_query().named_query_id(id).send().await else { return Ok(()) };
    // Athena has no code of its own for one that is not there, as after an answer that was lost.
    match queries::named(aws, &[id.to_owned()]).await {
        Ok(found) if found.is_empty() => Ok(()),
        _ => Err(errors::call_error(&format!("could not remove the named query {name}"), &error)),
    }
}
