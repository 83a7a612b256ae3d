//! Removing a table from the catalog.

use emrys_core::run::Trouble;

use super::tables::NOT_FOUND;
use crate::clients::ControlPlane;
use crate::errors::Failure;

/// Removes the table, and its partitions with it. Its files stay: the table only says where they are.
pub(super) async fn act(cp: &ControlPlane, database: &str, name: &str) -> Result<(), Trouble> {
    let delete = cp.glue.delete_table().database_name(database).name(name);
    match delete.send().await.map_err(|error| Failure::of(&error)) {
        Err(failure) if failure.code != NOT_FOUND => {
            Err(failure.into_trouble(&format!("could not remove the table {database}.{name}")))
        }
        _ => Ok(()),
    }
}
