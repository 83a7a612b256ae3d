//! The schedule that ends a cluster at its deadline, whoever else is dead by then.

use aws_sdk_scheduler::types::{ActionAfterCompletion, FlexibleTimeWindow, FlexibleTimeWindowMode, Target};
use emrys_core::config::Guard;
use emrys_core::record::CallError;
use emrys_core::run::GUARD_GROUP;
use jiff::Timestamp;
use serde_json::json;

use crate::clients::AwsContext;
use crate::errors::{Failure, unless};
use crate::observe::GUARD_NOT_FOUND as NOT_FOUND;

/// EventBridge Scheduler calls this operation of this service itself, with the schedule's input.
pub(crate) const TARGET: &str = "arn:aws:scheduler:::aws-sdk:emr:terminateJobFlows";

/// What EventBridge Scheduler answers where there is one of this name already.
const CONFLICT: &str = "ConflictException";

/// Makes the schedule, and its group where that is missing. Its name is the launch's: one that is there is ours.
pub(super) async fn ensure(
    aws: &AwsContext,
    guard: &Guard,
    name: &str,
    cluster: &str,
    until: Timestamp,
    group: bool,
) -> Result<(), CallError> {
    if !group {
        make_group(aws).await?;
    }
    match make(aws, guard, name, cluster, until).await {
        // The group was there when it was looked for, and somebody has deleted it since.
        Err(failure) if failure.code == NOT_FOUND && group => {
            make_group(aws).await?;
            done(make(aws, guard, name, cluster, until).await, name)
        }
        made => done(made, name),
    }
}

fn done(made: Result<(), Failure>, name: &str) -> Result<(), CallError> {
    unless(CONFLICT, made, &format!("could not make the schedule {GUARD_GROUP}/{name}"))
}

async fn make_group(aws: &AwsContext) -> Result<(), CallError> {
    let group = aws.scheduler.create_schedule_group().name(GUARD_GROUP).client_token(aws.fresh_id());
    let done = group.send().await.map_err(|error| Failure::of(&error));
    unless(CONFLICT, done, &format!("could not make the schedule group {GUARD_GROUP}"))
}

async fn make(
    aws: &AwsContext,
    guard: &Guard,
    name: &str,
    cluster: &str,
    until: Timestamp,
) -> Result<(), Failure> {
    let target = Target::builder()
        .arn(TARGET)
        .role_arn(&guard.scheduler_role)
        .input(json!({ "JobFlowIds": [cluster] }).to_string())
        .build()
        .expect("an ARN and a role are all that a target needs");
    let window = FlexibleTimeWindow::builder()
        .mode(FlexibleTimeWindowMode::Off)
        .build()
        .expect("a mode is all that a window needs");
    let create = aws
        .scheduler
        .create_schedule()
        .group_name(GUARD_GROUP)
        .name(name)
        .description(format!("ends the EMR cluster {cluster} of Emrys, should nothing else have"))
        .schedule_expression(at(until))
        .schedule_expression_timezone("UTC")
        .flexible_time_window(window)
        .action_after_completion(ActionAfterCompletion::Delete)
        .target(target)
        // Fresh each time: with an old one, a schedule that somebody deleted would not be made again.
        .client_token(aws.fresh_id());
    create.send().await.map_err(|error| Failure::of(&error))?;
    Ok(())
}

fn at(until: Timestamp) -> String {
    until.strftime("at(%Y-%m-%dT%H:%M:%S)").to_string()
}

/// Removes the schedule. One that has fired is gone by itself.
pub(crate) async fn remove(aws: &AwsContext, name: &str) -> Result<(), CallError> {
    let delete =
        aws.scheduler.delete_schedule().group_name(GUARD_GROUP).name(name).client_token(aws.fresh_id());
    let done = delete.send().await.map_err(|error| Failure::of(&error));
    unless(NOT_FOUND, done, &format!("could not remove the schedule {GUARD_GROUP}/{name}"))
}

/// The guard as configured; without one, nothing asks for it.
pub(super) fn configured(guard: Option<&Guard>) -> Result<&Guard, CallError> {
    guard.ok_or_else(|| CallError::invalid("no `[guard]` is configured"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_fires_at_a_second_in_utc() {
        assert_eq!(at("2024-10-21T08:00:00Z".parse().unwrap()), "at(2024-10-21T08:00:00)");
    }
}
