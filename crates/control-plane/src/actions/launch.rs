//! Launching a cluster.

use std::time::Duration;

use aws_sdk_emr::config::retry::RetryConfig;
use aws_sdk_emr::config::timeout::TimeoutConfig;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use emrys_core::record::CallError;
use serde_json::Value;

use crate::clients::AwsContext;
use crate::errors::{Failure, LaunchFailure};

/// What came of a launch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Launched {
    /// There is a cluster, with this id.
    Done {
        /// `j-…`.
        cluster: String,
    },
    /// There is certainly none.
    Refused(CallError),
    /// There may be one.
    Unclear(String),
}

/// Asks for a cluster, once: RunJobFlow knows no token by which EMR could tell a second request from the first, so
/// the SDK must not try again by itself. The call ends within `limit`.
pub(crate) async fn launch(aws: &AwsContext, request: &Value, limit: Duration) -> Launched {
    let body = Bytes::from(request.to_string());
    let retries =
        if aws.safeguards.launch_once() { RetryConfig::disabled() } else { RetryConfig::standard() };
    let once = aws_sdk_emr::config::Builder::new().retry_config(retries).timeout_config(
        TimeoutConfig::builder().operation_timeout(limit).operation_attempt_timeout(limit).build(),
    );
    let call = aws
        .emr
        .run_job_flow()
        .customize()
        .config_override(once)
        // Before signing: what is signed is what is sent.
        .mutate_request(move |request| replace_body(request, &body));
    match call.send().await {
        Ok(answer) => match answer.job_flow_id {
            Some(cluster) if !cluster.is_empty() => Launched::Done { cluster },
            _ => Launched::Unclear("the answer names no cluster".to_owned()),
        },
        Err(error) => match Failure::of(&error).into_launch_failure() {
            LaunchFailure::Refused(error) => Launched::Refused(error),
            LaunchFailure::Unclear(why) => Launched::Unclear(why),
        },
    }
}

/// Puts the request of core's making in the place of the SDK's. It is JSON in the API's own words, with the user's
/// overlay merged in, which may hold what this version of the SDK has no field for.
fn replace_body(request: &mut HttpRequest, body: &Bytes) {
    request.headers_mut().insert("content-length", body.len().to_string());
    *request.body_mut() = SdkBody::from(body.clone());
}
