//! Does the schedule that guards a cluster stand, and is its group there?

use emrys_core::record::CallError;
use emrys_core::run::GUARD_GROUP;

use crate::clients::AwsContext;
use crate::errors::Failure;

/// What EventBridge Scheduler answers about a schedule or a group that is not there.
pub(crate) const NOT_FOUND: &str = "ResourceNotFoundException";

/// Whether the group of all guards is there.
pub(super) async fn group(aws: &AwsContext) -> Result<bool, CallError> {
    match aws.scheduler.get_schedule_group().name(GUARD_GROUP).send().await {
        Ok(_) => Ok(true),
        Err(error) => {
            absent(Failure::of(&error), &format!("could not look for the schedule group {GUARD_GROUP}"))
        }
    }
}

/// Whether the guard of this name stands.
pub(super) async fn exists(aws: &AwsContext, name: &str) -> Result<bool, CallError> {
    match aws.scheduler.get_schedule().group_name(GUARD_GROUP).name(name).send().await {
        Ok(_) => Ok(true),
        Err(error) => {
            absent(Failure::of(&error), &format!("could not look for the schedule {GUARD_GROUP}/{name}"))
        }
    }
}

fn absent(failure: Failure, what: &str) -> Result<bool, CallError> {
    if failure.code == NOT_FOUND { Ok(false) } else { Err(failure.into_call_error(what)) }
}
