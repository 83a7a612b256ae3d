//! Which objects has the day?

use emrys_core::inputs::{InputObject, Listing};
use emrys_core::run::Trouble;
use emrys_core::spec::Spec;

use super::listing::{Listed, list};
use crate::clients::ControlPlane;

pub(super) async fn look(cp: &ControlPlane, spec: &Spec) -> Result<Listing, Trouble> {
    let objects = list(cp, &spec.source()).await?.into_iter();
    Ok(Listing::new(objects.map(|Listed { key, size, etag, .. }| InputObject { key, size, etag }).collect()))
}
