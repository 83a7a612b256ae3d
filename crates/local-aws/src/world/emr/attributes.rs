//! Tags, termination protection and the auto-termination policy.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::launch::Policy;
use super::submit::{not_modifiable, unknown_job_flow};
use super::terminate::at_most_ten;
use super::{Emr, checks};
use crate::world::context::{ApiError, Scope, read};

const MOST_TAGS: usize = 50;

/// `Tag`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tag {
    key: Option<String>,
    value: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AddTags {
    resource_id: String,
    tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RemoveTags {
    resource_id: String,
    tag_keys: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyRequest {
    cluster_id: String,
    auto_termination_policy: Option<Policy>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Protection {
    job_flow_ids: Vec<String>,
    termination_protected: bool,
}

impl Emr {
    pub(crate) fn add_tags(&mut self, input: &Value) -> Result<Value, ApiError> {
        let request: AddTags = read(input)?;
        let tags = pairs(&request.tags);
        checks::tags(&tags)?;
        let cluster = self.cluster_mut(&request.resource_id)?;
        set_tags(&mut cluster.tags, tags)?;
        Ok(json!({}))
    }

    pub(crate) fn remove_tags(&mut self, input: &Value) -> Result<Value, ApiError> {
        let request: RemoveTags = read(input)?;
        let cluster = self.cluster_mut(&request.resource_id)?;
        cluster.tags.retain(|key, _| !request.tag_keys.contains(key));
        Ok(json!({}))
    }

    pub(crate) fn get_auto_termination_policy(&self, input: &Value) -> Result<Value, ApiError> {
        let request: PolicyRequest = read(input)?;
        let cluster = self.clusters.get(&request.cluster_id).ok_or_else(unknown_job_flow)?;
        Ok(match cluster.idle_timeout {
            Some(timeout) => json!({"AutoTerminationPolicy": {"IdleTimeout": timeout.as_secs()}}),
            None => json!({}),
        })
    }

    pub(crate) fn put_auto_termination_policy(
        &mut self,
        input: &Value,
        scope: &mut Scope<'_>,
    ) -> Result<Value, ApiError> {
        let request: PolicyRequest = read(input)?;
        let timeout = match &request.auto_termination_policy {
            Some(policy) => policy.timeout()?,
            None => return Err(ApiError::validation("AutoTerminationPolicy is required.")),
        };
        let cluster = self.job_flow_mut(&request.cluster_id)?;
        if !cluster.state.takes_steps() {
            return Err(not_modifiable());
        }
        cluster.idle_timeout = Some(timeout);
        // A cluster that has been idle counts from now: the new policy has not measured anything yet.
        if cluster.idle_since.is_some() {
            cluster.idle_since = Some(scope.context.now);
        }
        Ok(json!({}))
    }

    pub(crate) fn remove_auto_termination_policy(&mut self, input: &Value) -> Result<Value, ApiError> {
        let request: PolicyRequest = read(input)?;
        self.job_flow_mut(&request.cluster_id)?.idle_timeout = None;
        Ok(json!({}))
    }

    pub(crate) fn set_termination_protection(&mut self, input: &Value) -> Result<Value, ApiError> {
        let request: Protection = read(input)?;
        at_most_ten(&request.job_flow_ids)?;
        for id in &request.job_flow_ids {
            let cluster = self.clusters.get(id).ok_or_else(unknown_job_flow)?;
            if !cluster.state.takes_steps() {
                return Err(not_modifiable());
            }
        }
        for id in &request.job_flow_ids {
            self.job_flow_mut(id)?.protected = request.termination_protected;
        }
        Ok(json!({}))
    }
}

/// Tags as pairs; what is missing is empty.
pub(crate) fn pairs(tags: &[Tag]) -> Vec<(String, String)> {
    tags.iter()
        .map(|tag| (tag.key.clone().unwrap_or_default(), tag.value.clone().unwrap_or_default()))
        .collect()
}

/// Adds or overwrites tags, all or none.
pub(crate) fn set_tags(
    into: &mut BTreeMap<String, String>,
    tags: Vec<(String, String)>,
) -> Result<(), ApiError> {
    let mut all = into.clone();
    all.extend(tags);
    if all.len() > MOST_TAGS {
        return Err(ApiError::validation(format!(
            "A cluster has at most {MOST_TAGS} tags, not {}.",
            all.len()
        )));
    }
    *into = all;
    Ok(())
}
