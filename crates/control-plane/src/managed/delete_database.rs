//! Removing the database.

use emrys_core::record::CallError;

use super::tables;
use crate::clients::AwsContext;
use crate::errors::{Failure, unless};
use crate::glue::NOT_FOUND;

/// Removes the database. Glue would remove its tables with it, so it is looked at once more.
pub(super) async fn execute(aws: &AwsContext, name: &str) -> Result<(), CallError> {
    let found = tables::read(aws, name).await?;
    if !found.tables.is_empty() {
        return Err(CallError::invalid(format!(
            "could not remove the database {name}: somebody has made a table in it meanwhile"
        )));
    }
    let done = aws.glue.delete_database().name(name).send().await.map_err(|error| Failure::of(&error));
    unless(NOT_FOUND, done, &format!("could not remove the database {name}"))
}
