//! How are a cluster and its steps?

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_emr::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_emr::error::BoxError;
use aws_sdk_emr::operation::describe_cluster::DescribeClusterOutput;
use aws_sdk_emr::types::{Cluster, ClusterStatus, StepSummary};
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use emrys_core::diagnosis::redacted;
use emrys_core::emr::{ClusterState, ObservedCluster, Reason, Step};
use emrys_core::record::{CallError, ErrorClass};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::dated::Dated;
use crate::clients::AwsContext;
use crate::errors;

/// Looks at a cluster, and at all of its steps.
pub(super) async fn observe(aws: &AwsContext, id: &str) -> Result<ObservedCluster, CallError> {
    let what = format!("could not look at the cluster {id}");
    let dated = Dated::default();
    let describe = aws.emr.describe_cluster().cluster_id(id).customize().interceptor(dated.clone());
    let described = describe.send().await;
    let described = described.map_err(|error| errors::call_error(&what, &error))?;
    let mut steps = Vec::new();
    let mut summaries = aws.emr.list_steps().cluster_id(id).into_paginator().items().send();
    while let Some(summary) = summaries.next().await {
        steps.push(step(summary.map_err(|error| errors::call_error(&what, &error))?));
    }
    // EMR lists the newest first, and runs the oldest first.
    steps.reverse();
    let since = described.cluster().and_then(|cluster| since(cluster, &dated));
    let protected = described.cluster().and_then(Cluster::termination_protected).unwrap_or_default();
    let (state, reason) = cluster(described).ok_or_else(|| CallError {
        class: ErrorClass::Unreachable,
        code: String::new(),
        message: format!("{what}: the answer has no state"),
    })?;
    Ok(ObservedCluster { state: state.into(), reason, protected, since, steps })
}

/// For how long it has been ready for steps, or gone.
fn since(cluster: &Cluster, dated: &Dated) -> Option<SignedDuration> {
    let status = cluster.status()?;
    let timeline = status.timeline()?;
    let state = ClusterState::from(status.state()?.as_str().to_owned());
    dated.age_of(match state {
        ClusterState::Running | ClusterState::Waiting => timeline.ready_date_time(),
        _ if state.is_terminal() => timeline.end_date_time(),
        _ => None,
    })
}

fn cluster(described: DescribeClusterOutput) -> Option<(String, Reason)> {
    let status = described.cluster?.status?;
    Some((status.state()?.as_str().to_owned(), cluster_reason(&status)))
}

/// The reason, with the more exact codes that EMR gives beside it.
fn cluster_reason(status: &ClusterStatus) -> Reason {
    let given = status.state_change_reason();
    let code =
        given.and_then(|reason| reason.code()).map(|code| code.as_str().to_owned()).unwrap_or_default();
    let message = given.and_then(|reason| reason.message()).unwrap_or_default();
    let details = status.error_details().iter().filter_map(|detail| {
        let (code, message) = (detail.error_code()?, detail.error_message().unwrap_or_default());
        Some(if message.is_empty() { code.to_owned() } else { format!("{code}: {message}") })
    });
    let codes = status.error_details().iter().filter_map(|detail| detail.error_code());
    let codes = codes.map(str::to_owned).collect();
    let said: Vec<String> =
        Some(message.to_owned()).filter(|said| !said.is_empty()).into_iter().chain(details).collect();
    Reason { code, message: said.join("; "), details: codes }
}

fn step(summary: StepSummary) -> Step {
    let status = summary.status;
    let status = status.as_ref();
    let failure = status.and_then(|status| status.failure_details());
    let reason = match failure {
        Some(failure) => Reason {
            code: failure.reason().unwrap_or_default().to_owned(),
            // EMR quotes the step's log, and what is recorded of it is printed.
            message: redacted(failure.message().unwrap_or_default()),
            details: Vec::new(),
        },
        None => Reason {
            message: status
                .and_then(|status| status.state_change_reason()?.message())
                .unwrap_or_default()
                .to_owned(),
            ..Reason::default()
        },
    };
    let state = status.and_then(|status| status.state()).map(|state| state.as_str().to_owned());
    Step {
        id: summary.id.unwrap_or_default(),
        name: summary.name.unwrap_or_default(),
        // Without a state it is no end: only a deadline ends the watching of it.
        state: state.unwrap_or_else(|| "(none)".to_owned()).into(),
        reason,
    }
}

/// What EMR says of a cluster and of its steps, word for word, for the time when EMR has forgotten it: two months
/// after its end.
pub(crate) async fn archive(aws: &AwsContext, id: &str) -> Result<Value, CallError> {
    let what = format!("could not look at the cluster {id}");
    let words = Words::default();
    let describe = aws.emr.describe_cluster().cluster_id(id).customize().interceptor(words.clone());
    describe.send().await.map_err(|error| errors::call_error(&what, &error))?;
    let described = words.take();
    let mut pages = Vec::new();
    let mut marker = None;
    loop {
        let list = aws.emr.list_steps().cluster_id(id).set_marker(marker);
        let page = list.customize().interceptor(words.clone()).send().await;
        marker = page.map_err(|error| errors::call_error(&what, &error))?.marker;
        pages.push(words.take());
        if marker.is_none() {
            return Ok(json!({ "version": 1, "DescribeCluster": described, "ListSteps": pages }));
        }
    }
}

/// Keeps an answer as it came, with what the SDK does not know.
#[derive(Debug, Clone, Default)]
struct Words(Arc<Mutex<Value>>);

impl Words {
    fn take(&self) -> Value {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[dyn_dispatch_hint]
impl Intercept for Words {
    fn name(&self) -> &'static str {
        "Words"
    }

    // Over a socket the body is not in memory any earlier.
    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response().body().bytes().unwrap_or_default();
        // The answer to a try that failed may be anything; the one to the try that counts comes last.
        let words = serde_json::from_slice(body).unwrap_or_default();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = words;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_emr::types::{
        Cluster, ClusterStateChangeReason, ClusterStateChangeReasonCode, ErrorDetail, FailureDetails,
        StepState, StepStateChangeReason, StepStatus,
    };
    use emrys_core::emr;

    use super::*;

    #[test]
    fn the_exact_code_stands_beside_the_reason() {
        let reason = ClusterStateChangeReason::builder()
            .code(ClusterStateChangeReasonCode::BootstrapFailure)
            .message("On the primary instance, bootstrap action 1 failed");
        let detail = ErrorDetail::builder()
            .error_code("BOOTSTRAP_FAILURE_BA_DOWNLOAD_FAILED_PRIMARY")
            .error_message("404");
        let status = ClusterStatus::builder()
            .state(aws_sdk_emr::types::ClusterState::TerminatedWithErrors)
            .state_change_reason(reason.build())
            .error_details(detail.build())
            .build();
        let described =
            DescribeClusterOutput::builder().cluster(Cluster::builder().status(status).build()).build();
        let (state, reason) = cluster(described).unwrap();
        assert_eq!(state, "TERMINATED_WITH_ERRORS");
        assert_eq!(
            reason.to_string(),
            "BOOTSTRAP_FAILURE: On the primary instance, bootstrap action 1 failed; \
             BOOTSTRAP_FAILURE_BA_DOWNLOAD_FAILED_PRIMARY: 404"
        );
        assert_eq!(reason.details, ["BOOTSTRAP_FAILURE_BA_DOWNLOAD_FAILED_PRIMARY"]);
    }

    #[test]
    fn a_step_says_why_it_failed_in_one_of_two_places() {
        let failed = |status: aws_sdk_emr::types::builders::StepStatusBuilder| {
            let status = status.state(StepState::Failed).build();
            step(StepSummary::builder().id("s-1").name("log-analysis").status(status).build())
        };
        let details = FailureDetails::builder().reason("Unknown Error.").log_file("s3://b/stderr.gz").build();
        let found = failed(StepStatus::builder().failure_details(details));
        assert_eq!(
            (found.state, found.reason.to_string().as_str()),
            (emr::StepState::Failed, "Unknown Error.")
        );
        let changed = StepStateChangeReason::builder().message("exit code 1").build();
        let found = failed(StepStatus::builder().state_change_reason(changed));
        assert_eq!(found.reason.to_string(), "exit code 1");
    }

    #[test]
    fn a_step_without_a_state_has_not_ended() {
        assert!(!step(StepSummary::builder().build()).state.is_terminal());
    }
}
