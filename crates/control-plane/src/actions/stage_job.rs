//! Uploading the job.

use bytes::Bytes;
use emrys_core::run::CallError;
use emrys_core::spec::{JobFile, Spec};

use crate::clients::AwsContext;
use crate::objects;

/// Uploads the files of these addresses, one after the other.
pub(super) async fn execute(aws: &AwsContext, spec: &Spec, uris: &[String]) -> Result<(), CallError> {
    for JobFile { uri, content, .. } in spec.job_files() {
        if uris.contains(&uri.to_string()) {
            objects::put(aws, uri, Bytes::from_owner(content.clone())).await?;
        }
    }
    Ok(())
}
