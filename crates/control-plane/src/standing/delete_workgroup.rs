//! Removing the workgroup.

use emrys_core::run::Trouble;
use emrys_core::spec::Spec;

use super::queries;
use crate::clients::ControlPlane;
use crate::{errors, looks};

/// Removes the workgroup. Athena removes one with a history only together with all that it holds, so what it holds is
/// looked at once more.
pub(super) async fn act(cp: &ControlPlane, spec: &Spec, name: &str) -> Result<(), Trouble> {
    let what = format!("could not remove the workgroup {name}");
    let found = queries::read(cp, name).await?;
    let Some(workgroup) = found.workgroup else { return Ok(()) };
    if workgroup.owner.as_deref() != Some(spec.pipeline()) || !found.named.is_empty() || found.prepared > 0 {
        return Err(Trouble::invalid(format!("{what}: somebody has put something into it meanwhile")));
    }
    let delete = cp.athena.delete_work_group().work_group(name).recursive_delete_option(true);
    let Err(error) = delete.send().await else { return Ok(()) };
    // Athena has no code of its own for one that is not there, as after an answer that was lost.
    match looks::workgroup_is_there(cp, name).await {
        Ok(false) => Ok(()),
        _ => Err(errors::trouble(&what, &error)),
    }
}
