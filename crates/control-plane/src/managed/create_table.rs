//! Making a table.

use emrys_core::catalog::Table;
use emrys_core::record::CallError;

use super::tables::fresh;
use crate::clients::AwsContext;
use crate::errors::{Failure, unless};
use crate::glue::EXISTS;

/// Makes the table. One that somebody has made meanwhile is looked at by the next plan.
pub(super) async fn execute(aws: &AwsContext, database: &str, table: &Table) -> Result<(), CallError> {
    let create = aws.glue.create_table().database_name(database).table_input(fresh(table));
    let done = create.send().await.map_err(|error| Failure::of(&error));
    unless(EXISTS, done, &format!("could not make the table {database}.{}", table.name))
}
