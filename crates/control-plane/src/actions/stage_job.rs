//! Uploading the job.

use bytes::Bytes;
use emrys_core::job::JobFile;
use emrys_core::record::CallError;
use emrys_core::spec::Spec;

use crate::clients::AwsContext;
use crate::{objects, observe};

/// Uploads the files of these addresses, one after the other.
pub(super) async fn execute(aws: &AwsContext, spec: &Spec, uris: &[String]) -> Result<(), CallError> {
    let job = spec.job().ok_or_else(observe::job_not_read)?;
    for JobFile { uri, content, .. } in job.files() {
        if uris.contains(&uri.to_string()) {
            objects::put(aws, uri, Bytes::from_owner(content.clone())).await?;
        }
    }
    Ok(())
}
