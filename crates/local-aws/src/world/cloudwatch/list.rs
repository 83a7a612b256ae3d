//! ListMetrics.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::CloudWatch;
use super::metric::{Dimension, Metric};
use crate::world::context::{ApiError, WorldSettings, marked, page, read};

/// "ListMetrics doesn't return information about metrics if those metrics haven't reported data in the past two weeks."
const LISTED: SignedDuration = SignedDuration::from_hours(14 * 24);
/// `RecentlyActive` has one value, PT3H.
const RECENT: SignedDuration = SignedDuration::from_hours(3);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    namespace: Option<String>,
    metric_name: Option<String>,
    #[serde(default)]
    dimensions: Vec<Dimension>,
    next_token: Option<String>,
    recently_active: Option<String>,
}

impl Request {
    fn wants(&self, metric: &Metric) -> bool {
        self.namespace.as_ref().is_none_or(|namespace| *namespace == metric.namespace)
            && self.metric_name.as_ref().is_none_or(|name| *name == metric.name)
            && self.dimensions.iter().all(|filter| {
                let value = metric.dimensions.get(&filter.name);
                value.is_some_and(|value| filter.value.as_ref().is_none_or(|wanted| wanted == value))
            })
    }
}

impl CloudWatch {
    pub(crate) fn list_metrics(
        &self,
        input: &Value,
        now: Timestamp,
        settings: &WorldSettings,
    ) -> Result<Value, ApiError> {
        let request: Request = read(input)?;
        let age = if request.recently_active.is_some() { RECENT } else { LISTED };
        let oldest = now.checked_sub(age).unwrap_or(Timestamp::MIN).as_second();
        let last = marked(request.next_token.as_deref());
        let listed = self.metrics.all().filter(|series| {
            let fits = request.wants(&series.metric) && series.newest().is_some_and(|at| at >= oldest);
            fits || last.as_ref().is_some_and(|last| *last == key(&series.metric))
        });
        let metrics: Vec<&Metric> = listed.map(|series| &series.metric).collect();
        let page = page(metrics, request.next_token.as_deref(), settings.pages.metrics, |metric| key(metric))
            // The model declares no InvalidNextToken for this operation.
            .ok_or_else(|| ApiError::invalid_value("The value for parameter NextToken is invalid."))?;
        let metrics: Vec<Value> = page
            .items
            .iter()
            .map(|metric| {
                json!({
                    "Namespace": metric.namespace,
                    "MetricName": metric.name,
                    "Dimensions": metric.dimensions(),
                })
            })
            .collect();
        let mut output = json!({"Metrics": metrics, "OwningAccounts": []});
        if let Some(token) = page.marker {
            output["NextToken"] = json!(token);
        }
        Ok(output)
    }
}

fn key(metric: &Metric) -> String {
    json!([metric.namespace, metric.name, metric.dimensions]).to_string()
}
