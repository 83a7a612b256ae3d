//! Stopping a query.

use emrys_core::run::Trouble;

use crate::clients::ControlPlane;
use crate::errors;

/// Stops the query. One that is over is fine.
pub(crate) async fn act(cp: &ControlPlane, id: &str) -> Result<(), Trouble> {
    let stop = cp.athena.stop_query_execution().query_execution_id(id).send().await;
    stop.map_err(|error| errors::trouble(&format!("could not stop the query {id}"), &error))?;
    Ok(())
}
