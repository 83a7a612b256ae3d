//! Removing a table from the catalog.

use emrys_core::catalog::Owner;
use emrys_core::record::CallError;
use emrys_core::spec::Spec;

use crate::clients::AwsContext;
use crate::errors::{self, Failure, unless};
use crate::glue::{NOT_FOUND, owner_of};

/// Removes the table, and its partitions with it. Its files stay: the table only says where they are. Whose it is is
/// asked once more, for a person may have taken time to agree.
pub(super) async fn execute(
    aws: &AwsContext,
    spec: &Spec,
    database: &str,
    name: &str,
) -> Result<(), CallError> {
    let what = format!("could not remove the table {database}.{name}");
    let found = match aws.glue.get_table().database_name(database).name(name).send().await {
        Ok(answer) => answer.table,
        Err(error) if Failure::of(&error).code == NOT_FOUND => return Ok(()),
        Err(error) => return Err(errors::call_error(&what, &error)),
    };
    if !found.is_some_and(|found| owner_of(&found, spec) == Owner::Us) {
        return Err(CallError::invalid(format!("{what}: it is another's meanwhile")));
    }
    let delete = aws.glue.delete_table().database_name(database).name(name);
    let done = delete.send().await.map_err(|error| Failure::of(&error));
    unless(NOT_FOUND, done, &what)
}
