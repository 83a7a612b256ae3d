//! EMR, API 2009-03-31: clusters and steps with their real states.
//!
//! ```text
//! state    the states and which may follow which
//! cluster  one cluster: its state, its ending, its steps      launch      RunJobFlow      checks   what AWS refuses
//! step     one step                                           submit      AddJobFlowSteps, CancelSteps
//! work     which kinds of steps can run here                  terminate   TerminateJobFlows
//! faults   faults on purpose  
//! advance  what time does to a cluster                        attributes  tags, protection, auto-termination
//! outcome  what the end of a step does to a cluster           describe, lists, instances   the reads
//! ```

mod advance;
mod attributes;
mod checks;
mod cluster;
mod describe;
mod faults;
mod instances;
mod launch;
mod lists;
mod outcome;
mod state;
mod step;
mod submit;
mod terminate;
mod work;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::state::{ClusterState, StepState};
pub use crate::world::context::ReasonCode;

use self::cluster::Cluster;
use crate::services::EmrOperation;
use crate::world::context::{ApiError, RuleFault, Scope};

/// All clusters by id. Ids are mixed, so that the order of this map, which ListClusters gives, is not that of creation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Emr {
    clusters: BTreeMap<String, Cluster>,
}

impl Emr {
    pub(crate) fn call(
        &mut self,
        operation: EmrOperation,
        input: &Value,
        scope: &mut Scope<'_>,
    ) -> Result<Value, ApiError> {
        match operation {
            EmrOperation::RunJobFlow => self.run_job_flow(input, scope),
            EmrOperation::DescribeCluster => self.describe_cluster(input, scope.context),
            EmrOperation::ListClusters => self.list_clusters(input, scope.settings, scope.context),
            EmrOperation::ListSteps => self.list_steps(input, scope.settings),
            EmrOperation::DescribeStep => self.describe_step(input),
            EmrOperation::AddJobFlowSteps => self.add_job_flow_steps(input, scope),
            EmrOperation::CancelSteps => self.cancel_steps(input, scope),
            EmrOperation::TerminateJobFlows => self.terminate_job_flows(input, scope),
            EmrOperation::ListInstances => self.list_instances(input, scope.settings, scope.context),
            EmrOperation::ListInstanceFleets => self.list_instance_fleets(input, scope.settings),
            EmrOperation::AddTags => self.add_tags(input),
            EmrOperation::RemoveTags => self.remove_tags(input),
            EmrOperation::GetAutoTerminationPolicy => self.get_auto_termination_policy(input),
            EmrOperation::PutAutoTerminationPolicy => self.put_auto_termination_policy(input, scope),
            EmrOperation::RemoveAutoTerminationPolicy => self.remove_auto_termination_policy(input),
            EmrOperation::SetTerminationProtection => self.set_termination_protection(input),
        }
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.clusters.values().all(|cluster| cluster.state.is_terminal() && cluster.planned_faults.is_empty())
    }

    /// Whether a fault of a cluster shows this state.
    pub(crate) fn is_unknown_state(&self, state: &str) -> bool {
        let mut faults = self.clusters.values().flat_map(|cluster| &cluster.faults);
        faults.any(|fault| matches!(fault, RuleFault::UnknownState { state: shown, .. } if shown == state))
    }

    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        self.clusters.values().filter_map(Cluster::next_deadline).min()
    }

    /// A cluster for a read operation.
    fn cluster(&self, id: &str) -> Result<&Cluster, ApiError> {
        self.clusters.get(id).ok_or_else(|| not_valid(id))
    }

    fn cluster_mut(&mut self, id: &str) -> Result<&mut Cluster, ApiError> {
        self.clusters.get_mut(id).ok_or_else(|| not_valid(id))
    }

    #[cfg(test)]
    pub(crate) fn clusters(&self) -> impl Iterator<Item = &Cluster> {
        self.clusters.values()
    }
}

fn not_valid(id: &str) -> ApiError {
    ApiError::invalid_request(format!("Cluster id '{id}' is not valid."))
}
