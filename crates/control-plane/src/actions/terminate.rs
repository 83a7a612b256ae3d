//! Ending a cluster.

use emrys_core::record::CallError;

use crate::clients::AwsContext;
use crate::errors;

/// Asks for the end of a cluster. It takes minutes, and is known only when an observation shows it.
pub(crate) async fn terminate(aws: &AwsContext, cluster: &str) -> Result<(), CallError> {
    let ask = aws.emr.terminate_job_flows().job_flow_ids(cluster).send().await;
    ask.map_err(|error| errors::call_error(&format!("could not terminate the cluster {cluster}"), &error))?;
    Ok(())
}
