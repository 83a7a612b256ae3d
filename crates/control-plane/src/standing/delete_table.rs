//! Removing a table from the catalog.

use emrys_core::run::Trouble;

use crate::clients::ControlPlane;
use crate::errors::{Failure, unless};
use crate::glue::NOT_FOUND;

/// Removes the table, and its partitions with it. Its files stay: the table only says where they are.
pub(super) async fn act(cp: &ControlPlane, database: &str, name: &str) -> Result<(), Trouble> {
    let delete = cp.glue.delete_table().database_name(database).name(name);
    let done = delete.send().await.map_err(|error| Failure::of(&error));
    unless(NOT_FOUND, done, &format!("could not remove the table {database}.{name}"))
}
