//! Which objects has the day?

use emrys_core::inputs::{InputObject, Listing};
use emrys_core::record::CallError;
use emrys_core::spec::Spec;

use super::listing::{Listed, list};
use crate::clients::AwsContext;

pub(super) async fn observe(aws: &AwsContext, spec: &Spec) -> Result<Listing, CallError> {
    let objects = list(aws, &spec.source()).await?.into_iter();
    Ok(Listing::new(objects.map(|Listed { key, size, etag, .. }| InputObject { key, size, etag }).collect()))
}
