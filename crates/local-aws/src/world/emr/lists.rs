//! ListClusters and ListSteps: small pages, and the orders that EMR gives (none, and newest first).

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Emr;
use super::cluster::Cluster;
use super::state::{ClusterState, StepState};
use crate::world::context::{ApiError, CallContext, Page, WorldSettings, marked, page, read, timestamp};

/// "You can specify a maximum of 10 stepIDs."
const MOST_STEP_IDS: usize = 10;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ClustersRequest {
    created_after: Option<f64>,
    created_before: Option<f64>,
    #[serde(default)]
    cluster_states: Vec<ClusterState>,
    marker: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StepsRequest {
    cluster_id: String,
    #[serde(default)]
    step_states: Vec<StepState>,
    #[serde(default)]
    step_ids: Vec<String>,
    marker: Option<String>,
}

impl Emr {
    pub(crate) fn list_clusters(
        &self,
        input: &Value,
        settings: &WorldSettings,
        context: &CallContext,
    ) -> Result<Value, ApiError> {
        let request: ClustersRequest = read(input)?;
        let after = request.created_after.map(timestamp);
        let before = request.created_before.map(timestamp);
        // The cluster that a marker names may have left its state since: it still says where to go on.
        let last = marked(request.marker.as_deref());
        let clusters =
            self.clusters.values().filter_map(|cluster| visible(cluster, context)).filter(|cluster| {
                // A state that nobody knows is none that anybody asks for.
                let named = cluster.shown_state.is_none() && request.cluster_states.contains(&cluster.state);
                let in_state = request.cluster_states.is_empty() || named;
                let in_time = after.is_none_or(|at| cluster.created >= at)
                    && before.is_none_or(|at| cluster.created <= at);
                (in_state && in_time) || last.as_ref() == Some(&cluster.id)
            });
        let page =
            page(clusters.collect(), request.marker.as_deref(), settings.pages.clusters, |c| c.id.clone());
        let page = page.ok_or_else(foreign_marker)?;
        Ok(answer("Clusters", page.map(|cluster| Value::Object(cluster.summary()))))
    }

    pub(crate) fn list_steps(&self, input: &Value, settings: &WorldSettings) -> Result<Value, ApiError> {
        let request: StepsRequest = read(input)?;
        let cluster = self.cluster(&request.cluster_id)?;
        if request.step_ids.len() > MOST_STEP_IDS {
            return Err(ApiError::invalid_request(format!(
                "At most {MOST_STEP_IDS} step ids are allowed, not {}.",
                request.step_ids.len()
            )));
        }
        if let Some(unknown) =
            request.step_ids.iter().find(|id| cluster.steps.iter().all(|step| step.id != **id))
        {
            return Err(ApiError::invalid_request(format!("Step id '{unknown}' is not valid.")));
        }
        let last = marked(request.marker.as_deref());
        let steps = cluster.steps.iter().rev().filter(|step| {
            let in_state = request.step_states.is_empty()
                || step.shown_state(cluster).is_none() && request.step_states.contains(&step.state);
            let named = request.step_ids.is_empty() || request.step_ids.contains(&step.id);
            (in_state && named) || last.as_ref() == Some(&step.id)
        });
        let page = page(steps.collect(), request.marker.as_deref(), settings.pages.steps, |s| s.id.clone());
        let page = page.ok_or_else(foreign_marker)?;
        Ok(answer("Steps", page.map(|step| Value::Object(step.summary(cluster)))))
    }
}

/// A cluster as the list of this call shows it.
fn visible<'a>(cluster: &'a Cluster, context: &CallContext) -> Option<Cow<'a, Cluster>> {
    let before = |age: SignedDuration| context.now.checked_sub(age).unwrap_or(Timestamp::MIN);
    if context.view.hidden.is_some_and(|age| cluster.created > before(age)) {
        return None;
    }
    match context.view.stale {
        Some(age) => cluster.as_of(before(age)),
        None => Some(Cow::Borrowed(cluster)),
    }
}

pub(crate) fn foreign_marker() -> ApiError {
    ApiError::invalid_request("The marker is invalid: no page of this list returned it.")
}

/// The answer of a list: its items, and a marker where there is more.
pub(crate) fn answer(name: &str, page: Page<Value>) -> Value {
    let mut members = Map::new();
    members.insert(name.to_owned(), Value::Array(page.items));
    if let Some(marker) = page.marker {
        members.insert("Marker".to_owned(), json!(marker));
    }
    Value::Object(members)
}
