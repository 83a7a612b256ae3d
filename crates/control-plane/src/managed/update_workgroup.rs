//! Changing the workgroup.

use aws_sdk_athena::types::{ResultConfigurationUpdates, WorkGroupConfigurationUpdates, WorkGroupState};
use emrys_core::managed::Workgroup;
use emrys_core::record::CallError;

use super::create_workgroup::scan_limit;
use crate::clients::AwsContext;
use crate::errors;

/// Makes the workgroup what it is to be: only what Emrys sets is named, and all else stays.
pub(super) async fn execute(aws: &AwsContext, wanted: &Workgroup) -> Result<(), CallError> {
    let results = ResultConfigurationUpdates::builder().set_output_location(wanted.results.clone()).build();
    let limit = scan_limit(wanted);
    let updates = WorkGroupConfigurationUpdates::builder()
        .result_configuration_updates(results)
        .enforce_work_group_configuration(wanted.is_enforced)
        .publish_cloud_watch_metrics_enabled(wanted.has_metrics)
        .set_bytes_scanned_cutoff_per_query(limit)
        .set_remove_bytes_scanned_cutoff_per_query(limit.is_none().then_some(true))
        .build();
    let state = if wanted.is_enabled { WorkGroupState::Enabled } else { WorkGroupState::Disabled };
    let update = aws
        .athena
        .update_work_group()
        .work_group(&wanted.name)
        .description(&wanted.description)
        .configuration_updates(updates)
        .state(state);
    let what = format!("could not change the workgroup {}", wanted.name);
    update.send().await.map_err(|error| errors::call_error(&what, &error))?;
    Ok(())
}
