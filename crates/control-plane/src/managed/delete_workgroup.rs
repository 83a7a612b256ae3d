//! Removing the workgroup.

use emrys_core::record::CallError;
use emrys_core::spec::Spec;

use super::queries;
use crate::clients::AwsContext;
use crate::{errors, observe};

/// Removes the workgroup. Athena removes one with a history only together with all that it holds, so what it holds is
/// looked at once more.
pub(super) async fn execute(aws: &AwsContext, spec: &Spec, name: &str) -> Result<(), CallError> {
    let what = format!("could not remove the workgroup {name}");
    let found = queries::read(aws, name).await?;
    let Some(workgroup) = found.workgroup else { return Ok(()) };
    if workgroup.owner.as_deref() != Some(spec.pipeline()) || !found.named.is_empty() || found.prepared > 0 {
        return Err(CallError::invalid(format!("{what}: somebody has put something into it meanwhile")));
    }
    let delete = aws.athena.delete_work_group().work_group(name).recursive_delete_option(true);
    let Err(error) = delete.send().await else { return Ok(()) };
    // Athena has no code of its own for one that is not there, as after an answer that was lost.
    match observe::workgroup_is_there(aws, name).await {
        Ok(false) => Ok(()),
        _ => Err(errors::call_error(&what, &error)),
    }
}
