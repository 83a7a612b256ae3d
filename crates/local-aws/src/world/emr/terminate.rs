//! TerminateJobFlows.

use serde::Deserialize;
use serde_json::Value;

use super::Emr;
use super::state::ClusterState;
use super::submit::unknown_job_flow;
use crate::world::context::{ApiError, ReasonCode, Scope, read};

/// "The maximum number of clusters allowed is 10."
const MOST_AT_ONCE: usize = 10;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    job_flow_ids: Vec<String>,
}

impl Emr {
    /// All or none: one unknown or protected cluster, and nothing is terminated. Clusters that end already are left
    /// alone, which makes the call safe to repeat.
    pub(crate) fn terminate_job_flows(
        &mut self,
        input: &Value,
        scope: &mut Scope<'_>,
    ) -> Result<Value, ApiError> {
        let request: Request = read(input)?;
        at_most_ten(&request.job_flow_ids)?;
        for id in &request.job_flow_ids {
            let cluster = self.clusters.get(id).ok_or_else(unknown_job_flow)?;
            if cluster.protected && cluster.state.takes_steps() {
                return Err(ApiError::validation(
                    "Could not shut down one or more job flows since they are termination protected.",
                ));
            }
        }
        let now = scope.context.now;
        for id in &request.job_flow_ids {
            let cluster = self.job_flow_mut(id)?;
            if cluster.state != ClusterState::Terminating && !cluster.state.is_terminal() {
                let message = "Terminated by user request";
                cluster.terminate(ReasonCode::UserRequest, message, now, &scope.settings.pace, scope.outbox);
                cluster.advance(now, scope.settings, scope.outbox);
            }
        }
        Ok(Value::Object(serde_json::Map::new()))
    }
}

pub(crate) fn at_most_ten(ids: &[String]) -> Result<(), ApiError> {
    if ids.len() <= MOST_AT_ONCE {
        return Ok(());
    }
    Err(ApiError::validation(format!(
        "At most {MOST_AT_ONCE} job flows are allowed at once, not {}.",
        ids.len()
    )))
}
