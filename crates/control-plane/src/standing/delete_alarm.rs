//! Deleting the alarm.

use emrys_core::run::Trouble;

use crate::clients::ControlPlane;
use crate::errors::{Failure, unless};

/// What CloudWatch answers where there is no such alarm.
const NOT_FOUND: &str = "ResourceNotFound";

/// Deletes the alarm. One that is gone is fine.
pub(super) async fn act(cp: &ControlPlane, name: &str) -> Result<(), Trouble> {
    let done =
        cp.cloudwatch.delete_alarms().alarm_names(name).send().await.map_err(|error| Failure::of(&error));
    unless(NOT_FOUND, done, &format!("could not delete the alarm {name}"))
}
