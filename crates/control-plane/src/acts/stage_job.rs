//! Uploading the job.

use bytes::Bytes;
use emrys_core::run::Trouble;
use emrys_core::spec::{JobFile, Spec};

use crate::clients::ControlPlane;
use crate::objects;

/// Uploads the files of these addresses, one after the other.
pub(super) async fn act(cp: &ControlPlane, spec: &Spec, uris: &[String]) -> Result<(), Trouble> {
    for JobFile { uri, content, .. } in spec.job_files() {
        if uris.contains(&uri.to_string()) {
            objects::put(cp, uri, Bytes::from_owner(content.clone())).await?;
        }
    }
    Ok(())
}
