//! Making a named query.

use emrys_core::run::Trouble;
use emrys_core::standing::NamedQuery;

use crate::clients::ControlPlane;
use crate::errors;

/// Makes the named query. With one token there is one, however often this is tried; names do not keep two apart.
pub(super) async fn act(cp: &ControlPlane, query: &NamedQuery, token: &str) -> Result<(), Trouble> {
    let create = cp
        .athena
        .create_named_query()
        .client_request_token(token)
        .name(&query.name)
        .description(&query.description)
        .database(&query.database)
        .work_group(&query.workgroup)
        .query_string(&query.statement);
    let what = format!("could not make the named query {}", query.name);
    create.send().await.map_err(|error| errors::trouble(&what, &error))?;
    Ok(())
}
