//! AddJobFlowSteps and CancelSteps.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::cluster::Cluster;
use super::launch::{role_without_security, too_many_steps};
use super::state::StepState;
use super::step::{ActionOnFailure, Jar, Step, Stopping};
use super::work::work_of;
use super::{Emr, checks};
use crate::world::context::{ApiError, Effect, KillHow, Scope, StepNames, read};

/// `StepConfig`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct StepRequest {
    pub(crate) name: String,
    pub(crate) action_on_failure: Option<ActionOnFailure>,
    pub(crate) hadoop_jar_step: JarRequest,
    #[serde(default)]
    step_monitoring_configuration: Value,
}

/// `HadoopJarStepConfig`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct JarRequest {
    pub(crate) jar: String,
    pub(crate) main_class: Option<String>,
    #[serde(default)]
    pub(crate) args: Vec<String>,
    #[serde(default)]
    pub(crate) properties: Vec<KeyValue>,
}

/// `KeyValue`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct KeyValue {
    pub(crate) key: Option<String>,
    pub(crate) value: Option<String>,
}

impl StepRequest {
    pub(crate) fn log_uri(&self) -> Option<&str> {
        self.step_monitoring_configuration["S3MonitoringConfiguration"]["LogUri"].as_str()
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AddRequest {
    job_flow_id: String,
    steps: Vec<StepRequest>,
    execution_role_arn: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CancelRequest {
    cluster_id: String,
    step_ids: Vec<String>,
    step_cancellation_option: Option<String>,
}

impl Emr {
    pub(crate) fn add_job_flow_steps(
        &mut self,
        input: &Value,
        scope: &mut Scope<'_>,
    ) -> Result<Value, ApiError> {
        let request: AddRequest = read(input)?;
        let cluster = self.job_flow_mut(&request.job_flow_id)?;
        if !cluster.state.takes_steps() {
            return Err(not_modifiable());
        }
        let active = cluster.active_steps();
        if request.steps.is_empty() {
            return Err(ApiError::validation("Steps must have at least one step."));
        }
        if active + request.steps.len() > checks::MOST_STEPS {
            return Err(too_many_steps());
        }
        let role = request.execution_role_arn.as_deref();
        if role.is_some() && cluster.requested("SecurityConfiguration").is_none() {
            return Err(role_without_security());
        }
        let ids = cluster.submit(request.steps, role, scope)?;
        cluster.work_on(scope.context.now, scope.settings, scope.outbox);
        Ok(json!({"StepIds": ids}))
    }

    pub(crate) fn cancel_steps(&mut self, input: &Value, scope: &mut Scope<'_>) -> Result<Value, ApiError> {
        let request: CancelRequest = read(input)?;
        let cluster = self.cluster_mut(&request.cluster_id)?;
        if request.step_ids.len() > checks::MOST_STEPS {
            return Err(ApiError::invalid_request(format!(
                "At most {} steps can be cancelled at once.",
                checks::MOST_STEPS
            )));
        }
        let how = match request.step_cancellation_option.as_deref() {
            Some("TERMINATE_PROCESS") => KillHow::Terminate,
            _ => KillHow::Interrupt,
        };
        let now = scope.context.now;
        let infos: Vec<Value> = request
            .step_ids
            .iter()
            .map(|id| match cluster.cancel(id, how, now, scope.outbox) {
                Ok(()) => json!({"StepId": id, "Status": "SUBMITTED"}),
                Err(reason) => json!({"StepId": id, "Status": "FAILED", "Reason": reason}),
            })
            .collect();
        cluster.work_on(now, scope.settings, scope.outbox);
        Ok(json!({"CancelStepsInfoList": infos}))
    }

    /// A cluster for an operation that changes it: these answer a ValidationException where reads answer an
    /// InvalidRequestException.
    pub(crate) fn job_flow_mut(&mut self, id: &str) -> Result<&mut Cluster, ApiError> {
        self.clusters.get_mut(id).ok_or_else(unknown_job_flow)
    }
}

pub(crate) fn unknown_job_flow() -> ApiError {
    ApiError::validation("Specified job flow ID does not exist.")
}

pub(crate) fn not_modifiable() -> ApiError {
    ApiError::validation("A job flow that is shutting down, terminated, or finished may not be modified.")
}

impl Cluster {
    /// Adds steps, all or none, and returns their ids.
    pub(crate) fn submit(
        &mut self,
        requests: Vec<StepRequest>,
        role: Option<&str>,
        scope: &mut Scope<'_>,
    ) -> Result<Vec<String>, ApiError> {
        for request in &requests {
            checks::step(request, self.concurrency)?;
        }
        let mut steps = Vec::with_capacity(requests.len());
        for request in requests {
            steps.push(self.new_step(request, role, scope)?);
        }
        let ids = steps.iter().map(|step| step.id.clone()).collect();
        self.steps.extend(steps);
        Ok(ids)
    }

    fn new_step(
        &self,
        request: StepRequest,
        role: Option<&str>,
        scope: &mut Scope<'_>,
    ) -> Result<Step, ApiError> {
        let id = scope.ids.step();
        let log_uri = request.log_uri().map(str::to_owned);
        let jar = request.hadoop_jar_step;
        let properties = jar.properties.into_iter();
        let jar = Jar {
            jar: jar.jar,
            main_class: jar.main_class,
            args: jar.args,
            properties: properties
                .filter_map(|property| Some((property.key?, property.value.unwrap_or_default())))
                .collect(),
        };
        let names = StepNames {
            cluster_name: &self.name,
            cluster_id: &self.id,
            step_name: &request.name,
            step_id: &id,
            args: &jar.args.join(" "),
        };
        let work = work_of(&jar, &names, &scope.settings.scripts)?;
        // The default of the API is not documented (NV); that of its first years ended the cluster.
        let default =
            if self.concurrency > 1 { ActionOnFailure::Continue } else { ActionOnFailure::TerminateCluster };
        Ok(Step {
            id,
            name: request.name,
            jar,
            on_failure: request.action_on_failure.unwrap_or(default),
            execution_role: role.map(str::to_owned),
            log_uri,
            work,
            state: StepState::Pending,
            message: None,
            failure: None,
            stopping: None,
            created: scope.context.now,
            started: None,
            ended: None,
        })
    }

    /// Cancels one step: at once if it has not begun, else by asking its process to end. A second cancel is not an
    /// error, and may ask less gently. The error is CancelSteps' reason.
    fn cancel(
        &mut self,
        step_id: &str,
        how: KillHow,
        at: Timestamp,
        outbox: &mut Vec<Effect>,
    ) -> Result<(), String> {
        let Some(step) = self.steps.iter_mut().find(|step| step.id == step_id) else {
            return Err(format!("Step id '{step_id}' is not valid."));
        };
        match (step.state, step.stopping) {
            (StepState::Pending, _) => {
                step.cancel_unstarted(at);
                return Ok(());
            }
            (state, _) if state.is_terminal() => {
                return Err("Cannot cancel a step that is not PENDING or RUNNING.".to_owned());
            }
            // The cluster's end stops it already, and by force in the end.
            (_, Some(Stopping::ClusterEnds)) => return Ok(()),
            (_, Some(Stopping::Cancelled(before))) if before == how || before == KillHow::Terminate => {
                return Ok(());
            }
            (StepState::CancelPending, _) => {}
            (_, _) => step.enter(StepState::CancelPending, at),
        }
        step.stopping = Some(Stopping::Cancelled(how));
        outbox.push(Effect::KillStep { cluster_id: self.id.clone(), step_id: step_id.to_owned(), how });
        Ok(())
    }
}
