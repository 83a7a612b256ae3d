//! Changing a named query.

use emrys_core::run::Trouble;
use emrys_core::standing::NamedQuery;

use crate::clients::ControlPlane;
use crate::errors;

/// Makes the named query of this id what it is to be.
pub(super) async fn act(cp: &ControlPlane, id: &str, query: &NamedQuery) -> Result<(), Trouble> {
    let update = cp
        .athena
        .update_named_query()
        .named_query_id(id)
        .name(&query.name)
        .description(&query.description)
        .query_string(&query.statement);
    let what = format!("could not change the named query {}", query.name);
    update.send().await.map_err(|error| errors::trouble(&what, &error))?;
    Ok(())
}
