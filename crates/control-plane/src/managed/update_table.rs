//! Changing a table.

use emrys_core::catalog::{Comparison, Table, compare};
use emrys_core::record::CallError;

use super::tables::changed;
use crate::clients::AwsContext;
use crate::errors;
use crate::glue::core_table;

/// Makes the table what it is to be, and keeps whatever Emrys knows nothing of: Glue replaces all of it. Somebody
/// else's change in between is refused by Glue, by the version.
pub(super) async fn execute(aws: &AwsContext, database: &str, wanted: &Table) -> Result<(), CallError> {
    let what = format!("could not change the table {database}.{}", wanted.name);
    let get = aws.glue.get_table().database_name(database).name(&wanted.name).send().await;
    let found = get.map_err(|error| errors::call_error(&what, &error))?.table;
    let Some(found) = found else { return Err(changed_meanwhile(&what)) };
    match compare(wanted, &core_table(&found)) {
        Comparison::Equal => return Ok(()),
        Comparison::Outdated { .. } => {}
        Comparison::Incompatible { .. } | Comparison::Foreign { .. } => return Err(changed_meanwhile(&what)),
    }
    let update = aws.glue.update_table().database_name(database).set_version_id(found.version_id.clone());
    let update = update.table_input(changed(found, wanted)).send().await;
    update.map_err(|error| errors::call_error(&what, &error))?;
    Ok(())
}

fn changed_meanwhile(what: &str) -> CallError {
    CallError::invalid(format!("{what}: somebody has changed it meanwhile"))
}
