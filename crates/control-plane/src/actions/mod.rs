//! What is done to AWS, one file per action.
//!
//! A launch stands apart: it must not happen twice, so it is recorded before and asked for once. All others may be
//! repeated, and are, when they fail. `delete_output` and `delete_partition` are not actions of a run: they are `emrys
//! gc`'s.

mod delete_output;
mod delete_partition;
mod guard;
mod launch;
mod publish;
mod publish_metrics;
mod put_alarm;
mod stage_job;
mod start_query;
mod stop_query;
mod terminate;
mod unprotect;

use emrys_core::record::CallError;
use emrys_core::run::{Action, Attempt};
use emrys_core::spec::Spec;

use crate::clients::AwsContext;

pub(crate) use delete_output::{PAGE as DELETED_AT_ONCE, execute as delete_output};
pub(crate) use delete_partition::execute as delete_partition;
pub(crate) use guard::{TARGET as GUARD_TARGET, remove as remove_guard};
pub(crate) use launch::{Launched, launch};
pub(crate) use publish::{Changed, change, execute as publish};
pub(crate) use put_alarm::execute as put_alarm;
pub use start_query::Asked;
pub(crate) use start_query::execute as start_query;
pub(crate) use stop_query::execute as stop_query;
pub(crate) use terminate::terminate;
pub(crate) use unprotect::execute as unprotect;

/// Does what may be repeated. What is recorded of it is [`Action::effect`].
pub(crate) async fn execute(
    aws: &AwsContext,
    spec: &Spec,
    attempt: Option<&Attempt>,
    action: &Action,
) -> Result<(), CallError> {
    match action {
        Action::StageJob { uris } => stage_job::execute(aws, spec, uris).await,
        Action::Terminate { cluster, .. } => terminate(aws, cluster).await,
        Action::Unprotect { cluster, .. } => unprotect(aws, cluster).await,
        Action::CreateGuard { name, cluster, until, group } => {
            let configured = guard::configured(spec.config.guard.as_ref())?;
            if aws.safeguards.guards() {
                guard::ensure(aws, configured, name, cluster, *until, *group).await?;
            }
            Ok(())
        }
        Action::RemoveGuard { name } => guard::remove(aws, name).await,
        Action::PublishMetrics => {
            let attempt = attempt.ok_or_else(|| unsupported(action))?;
            publish_metrics::execute(aws, spec, attempt).await
        }
        Action::PutAlarm => put_alarm::execute(aws, spec).await,
        // The lease is checked before each of their calls: see `crate::engine`.
        Action::Launch(_) | Action::Publish(_) => Err(unsupported(action)),
    }
}

/// An action that does not belong here: a mistake in the caller, returned as an error so that it is shown.
fn unsupported(action: &Action) -> CallError {
    CallError::invalid(format!("there is no way to {} here", action.label()))
}
