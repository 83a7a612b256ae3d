//! Stopping a query.

use emrys_core::record::CallError;

use crate::clients::AwsContext;
use crate::errors;

/// Stops the query. One that is over is fine.
pub(crate) async fn execute(aws: &AwsContext, id: &str) -> Result<(), CallError> {
    let stop = aws.athena.stop_query_execution().query_execution_id(id).send().await;
    stop.map_err(|error| errors::call_error(&format!("could not stop the query {id}"), &error))?;
    Ok(())
}
