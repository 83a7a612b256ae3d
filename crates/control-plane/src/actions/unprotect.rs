//! Switching off the termination protection of a cluster.

use emrys_core::record::CallError;

use crate::clients::AwsContext;
use crate::errors;

/// Lets a cluster of ours be ended again. Emrys launches without protection: somebody else switched it on.
pub(crate) async fn execute(aws: &AwsContext, cluster: &str) -> Result<(), CallError> {
    let set = aws.emr.set_termination_protection().job_flow_ids(cluster).termination_protected(false);
    let what = format!("could not switch off the termination protection of the cluster {cluster}");
    set.send().await.map_err(|error| errors::call_error(&what, &error))?;
    Ok(())
}
