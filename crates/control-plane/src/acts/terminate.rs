//! Ending a cluster.

use emrys_core::run::Trouble;

use crate::clients::ControlPlane;
use crate::errors;

/// Asks for the end of a cluster. It takes minutes, and is known only when a look shows it.
pub(crate) async fn terminate(cp: &ControlPlane, cluster: &str) -> Result<(), Trouble> {
    let ask = cp.emr.terminate_job_flows().job_flow_ids(cluster).send().await;
    ask.map_err(|error| errors::trouble(&format!("could not terminate the cluster {cluster}"), &error))?;
    Ok(())
}
