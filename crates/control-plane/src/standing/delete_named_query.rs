//! Removing a named query.

use emrys_core::run::Trouble;

use super::queries;
use crate::clients::ControlPlane;
use crate::errors;

/// Removes the named query. One that is gone is fine.
pub(super) async fn act(cp: &ControlPlane, id: &str, name: &str) -> Result<(), Trouble> {
    let Err(error) = cp.athena.delete_named_query().named_query_id(id).send().await else { return Ok(()) };
    // Athena has no code of its own for one that is not there, as after an answer that was lost.
    match queries::named(cp, &[id.to_owned()]).await {
        Ok(found) if found.is_empty() => Ok(()),
        _ => Err(errors::trouble(&format!("could not remove the named query {name}"), &error)),
    }
}
