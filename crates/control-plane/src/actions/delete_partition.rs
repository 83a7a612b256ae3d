//! Removing the partition of a day from a table: no query sees the day any more.

use emrys_core::catalog::PARTITION_KEY;
use emrys_core::record::CallError;

use crate::clients::AwsContext;
use crate::errors::{Failure, unless};
use crate::glue::NOT_FOUND;

/// Removes the partition; one that is gone is as good. Its files stay.
pub(crate) async fn execute(
    aws: &AwsContext,
    database: &str,
    table: &str,
    date: &str,
) -> Result<(), CallError> {
    let delete = aws.glue.delete_partition().database_name(database).table_name(table).partition_values(date);
    let done = delete.send().await.map_err(|error| Failure::of(&error));
    let what = format!("could not remove the partition {database}.{table}/{PARTITION_KEY}={date}");
    unless(NOT_FOUND, done, &what)
}
