//! Deleting the alarm.

use emrys_core::record::CallError;

use crate::clients::AwsContext;
use crate::errors::{Failure, unless};

/// What CloudWatch answers where there is no such alarm.
const NOT_FOUND: &str = "ResourceNotFound";

/// Deletes the alarm. One that is gone is fine.
pub(super) async fn execute(aws: &AwsContext, name: &str) -> Result<(), CallError> {
    let done =
        aws.cloudwatch.delete_alarms().alarm_names(name).send().await.map_err(|error| Failure::of(&error));
    unless(NOT_FOUND, done, &format!("could not delete the alarm {name}"))
}
