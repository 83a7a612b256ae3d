//! Deleting the alarm.

use emrys_core::run::Trouble;

use crate::clients::ControlPlane;
use crate::errors::Failure;

/// Deletes the alarm. One that is gone is fine.
pub(super) async fn act(cp: &ControlPlane, name: &str) -> Result<(), Trouble> {
    match cp.cloudwatch.delete_alarms().alarm_names(name).send().await.map_err(|error| Failure::of(&error)) {
        Err(failure) if failure.code != "ResourceNotFound" => {
            Err(failure.into_trouble(&format!("could not delete the alarm {name}")))
        }
        _ => Ok(()),
    }
}
