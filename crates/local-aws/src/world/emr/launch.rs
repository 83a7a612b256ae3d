//! RunJobFlow.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::attributes::{Tag, pairs, set_tags};
use super::cluster::{Cluster, Reason};
use super::state::ClusterState;
use super::submit::StepRequest;
use super::{Emr, checks};
use crate::world::context::{ApiError, Scope, after, read};

/// What an auto-termination policy without a time-out means.
pub(crate) const DEFAULT_IDLE_SECONDS: i64 = 3_600;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    name: String,
    instances: Value,
    log_uri: Option<String>,
    release_label: Option<String>,
    #[serde(default)]
    steps: Vec<StepRequest>,
    step_execution_role_arn: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
    step_concurrency_level: Option<i64>,
    auto_termination_policy: Option<Policy>,
    security_configuration: Option<String>,
}

/// `AutoTerminationPolicy`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Policy {
    idle_timeout: Option<i64>,
}

impl Policy {
    pub(crate) fn timeout(&self) -> Result<SignedDuration, ApiError> {
        let seconds = self.idle_timeout.unwrap_or(DEFAULT_IDLE_SECONDS);
        checks::idle_timeout(seconds)?;
        Ok(SignedDuration::from_secs(seconds))
    }
}

impl Emr {
    pub(crate) fn run_job_flow(&mut self, input: &Value, scope: &mut Scope<'_>) -> Result<Value, ApiError> {
        let request: Request = read(input)?;
        let whole: Map<String, Value> = read(input)?;
        let tags = pairs(&request.tags);
        checks::name("The name of a cluster", &request.name)?;
        checks::release_label(request.release_label.as_deref())?;
        checks::roles(&whole)?;
        checks::instances(&request.instances)?;
        checks::log_uri(request.log_uri.as_deref())?;
        checks::tags(&tags)?;
        let concurrency = checks::concurrency(request.step_concurrency_level.unwrap_or(1))?;
        let idle_timeout = request.auto_termination_policy.as_ref().map(Policy::timeout).transpose()?;
        if request.steps.len() > checks::MOST_STEPS {
            return Err(too_many_steps());
        }
        let role = request.step_execution_role_arn.as_deref();
        if role.is_some() && request.security_configuration.is_none() {
            return Err(role_without_security());
        }

        let (context, now) = (scope.context, scope.context.now);
        let id = scope.ids.cluster();
        let flag = |member: &str| request.instances[member].as_bool().unwrap_or(false);
        let faults = self.faults_of(&request.name, scope.settings);
        let mut cluster = Cluster {
            arn: format!("arn:aws:elasticmapreduce:{}:{}:cluster/{id}", context.region, context.account),
            id: id.clone(),
            name: request.name,
            region: context.region.clone(),
            state: ClusterState::Starting,
            reason: Reason { code: None, message: "Provisioning Amazon EC2 capacity".to_owned() },
            past: Vec::new(),
            error_details: Vec::new(),
            created: now,
            ready: None,
            ended: None,
            due: Some(after(now, scope.settings.pace.starting)),
            idle_since: None,
            keep_alive: flag("KeepJobFlowAliveWhenNoSteps"),
            protected: flag("TerminationProtected"),
            concurrency,
            idle_timeout,
            tags: BTreeMap::new(),
            steps: Vec::new(),
            request: whole,
            faults,
            planned_faults: Vec::new(),
            shown_state: None,
            shown_step_state: None,
        };
        if cluster.starts_endlessly() {
            cluster.due = None;
        }
        set_tags(&mut cluster.tags, tags)?;
        cluster.submit(request.steps, role, scope)?;
        let output = json!({"JobFlowId": id, "ClusterArn": cluster.arn});
        self.clusters.insert(id, cluster);
        Ok(output)
    }
}

pub(crate) fn too_many_steps() -> ApiError {
    ApiError::validation(format!(
        "Maximum number of steps for job flow exceeded: a cluster has at most {} that wait or run.",
        checks::MOST_STEPS
    ))
}

pub(crate) fn role_without_security() -> ApiError {
    ApiError::validation(
        "Runtime roles are not enabled for this cluster: it has no security configuration with \
         EnableApplicationScopedIAMRole.",
    )
}
