//! Is everything there that a run cannot do without?

use emrys_core::preflight::{Need, checks};
use emrys_core::record::{CallError, ErrorClass, Missing};
use emrys_core::spec::Spec;

use crate::clients::AwsContext;
use crate::errors;

/// What is not there. What may not be looked at may be there all the same: the cluster has rights of its own.
pub(super) async fn observe(aws: &AwsContext, spec: &Spec) -> Result<Vec<Missing>, CallError> {
    let mut missing = Vec::new();
    for need in checks(spec) {
        if !is_there(aws, &need).await? {
            missing.push(Missing { key: need.key.to_owned(), uri: need.uri.to_string() });
        }
    }
    Ok(missing)
}

async fn is_there(aws: &AwsContext, need: &Need) -> Result<bool, CallError> {
    let uri = &need.uri;
    let what = format!("could not look for {uri} of `{}`", need.key);
    let (status, error) = if need.is_bucket() {
        let Err(error) = aws.s3.head_bucket().bucket(uri.bucket()).send().await else { return Ok(true) };
        (errors::status(&error), errors::call_error(&what, &error))
    } else {
        let head = aws.s3.head_object().bucket(uri.bucket()).key(uri.key()).send().await;
        let Err(error) = head else { return Ok(true) };
        (errors::status(&error), errors::call_error(&what, &error))
    };
    match status {
        Some(404) => Ok(false),
        Some(403) if error.class == ErrorClass::Access => {
            tracing::warn!(%error, "whether it is there cannot be told");
            Ok(true)
        }
        _ => Err(error),
    }
}
