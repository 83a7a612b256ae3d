//! Is everything there that a run cannot do without?

use emrys_core::needs::{Missing, Need, needs};
use emrys_core::run::{Trouble, TroubleKind};
use emrys_core::spec::Spec;

use crate::clients::ControlPlane;
use crate::errors;

/// What is not there. What may not be looked at may be there all the same: the cluster has rights of its own.
pub(super) async fn look(cp: &ControlPlane, spec: &Spec) -> Result<Vec<Missing>, Trouble> {
    let mut missing = Vec::new();
    for need in needs(spec) {
        if !is_there(cp, &need).await? {
            missing.push(Missing { key: need.key.to_owned(), uri: need.uri.to_string() });
        }
    }
    Ok(missing)
}

async fn is_there(cp: &ControlPlane, need: &Need) -> Result<bool, Trouble> {
    let uri = &need.uri;
    let what = format!("could not look for {uri} of `{}`", need.key);
    let (status, trouble) = if need.is_bucket() {
        let Err(error) = cp.s3.head_bucket().bucket(uri.bucket()).send().await else { return Ok(true) };
        (errors::status(&error), errors::trouble(&what, &error))
    } else {
        let head = cp.s3.head_object().bucket(uri.bucket()).key(uri.key()).send().await;
        let Err(error) = head else { return Ok(true) };
        (errors::status(&error), errors::trouble(&what, &error))
    };
    match status {
        Some(404) => Ok(false),
        Some(403) if trouble.kind == TroubleKind::Access => {
            tracing::warn!(%trouble, "whether it is there cannot be told");
            Ok(true)
        }
        _ => Err(trouble),
    }
}
