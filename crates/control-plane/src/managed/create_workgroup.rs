//! Making the workgroup.

use aws_sdk_athena::types::{ResultConfiguration, Tag, WorkGroupConfiguration};
use emrys_core::catalog::OWNER;
use emrys_core::managed::Workgroup;
use emrys_core::record::CallError;
use emrys_core::spec::Spec;

use crate::clients::AwsContext;
use crate::{errors, observe};

/// Makes the workgroup, with a tag that says whose it is. One that is there by now is looked at by the next plan.
pub(super) async fn execute(aws: &AwsContext, spec: &Spec, wanted: &Workgroup) -> Result<(), CallError> {
    let results = ResultConfiguration::builder().set_output_location(wanted.results.clone()).build();
    let configuration = WorkGroupConfiguration::builder()
        .result_configuration(results)
        .enforce_work_group_configuration(wanted.is_enforced)
        .publish_cloud_watch_metrics_enabled(wanted.has_metrics)
        .set_bytes_scanned_cutoff_per_query(scan_limit(wanted))
        .build();
    let create = aws
        .athena
        .create_work_group()
        .name(&wanted.name)
        .description(&wanted.description)
        .configuration(configuration)
        .tags(Tag::builder().key(OWNER).value(spec.pipeline()).build());
    match create.send().await {
        Ok(_) => Ok(()),
        // Athena has no code of its own for one that is there, as after an answer that was lost.
        Err(error) => match observe::workgroup_is_there(aws, &wanted.name).await {
            Ok(true) => Ok(()),
            _ => Err(errors::call_error(&format!("could not make the workgroup {}", wanted.name), &error)),
        },
    }
}

/// As Athena takes it.
pub(super) fn scan_limit(wanted: &Workgroup) -> Option<i64> {
    wanted.scan_limit_bytes.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX))
}
