//! What is done to AWS, one file per action.
//!
//! A launch stands apart: it must not happen twice, so it is recorded before and asked for once. All others may be
//! repeated, and are, when they meet trouble. `collect` and `withdraw` are no actions of a run: they are `emrys gc`'s.

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

use emrys_core::run::{Action, Attempt, CallError, Effect};
use emrys_core::spec::Spec;

use crate::clients::AwsContext;

pub(crate) use delete_output::{PAGE as DELETED_AT_ONCE, execute as delete_output};
pub(crate) use delete_partition::execute as delete_partition;
pub(crate) use guard::{TARGET as GUARD_TARGET, remove as remove_guard};
pub(crate) use launch::{Launched, launch};
pub(crate) use publish::{Changed, change, execute as publish};
pub(crate) use put_alarm::execute as put_alarm;
pub(crate) use start_query::execute as start_query;
pub(crate) use stop_query::execute as stop_query;
pub(crate) use terminate::terminate;
pub(crate) use unprotect::execute as unprotect;

/// Does what may be repeated.
pub(crate) async fn execute(
    aws: &AwsContext,
    spec: &Spec,
    attempt: Option<&Attempt>,
    action: &Action,
) -> Result<Effect, CallError> {
    match action {
        Action::StageJob { uris } => {
            stage_job::execute(aws, spec, uris).await?;
            Ok(Effect::JobStaged)
        }
        Action::Terminate { cluster, because } => {
            terminate(aws, cluster).await?;
            Ok(Effect::TerminateRequested { cluster: cluster.clone(), because: *because })
        }
        Action::Unprotect { cluster, .. } => {
            unprotect(aws, cluster).await?;
            Ok(Effect::Unprotected { cluster: cluster.clone() })
        }
        Action::CreateGuard { name, cluster, until, group } => {
            let configured = guard::configured(spec.config.guard.as_ref())?;
            if aws.safeguards.guards() {
                guard::ensure(aws, configured, name, cluster, *until, *group).await?;
            }
            Ok(Effect::GuardCreated { until: *until })
        }
        Action::RemoveGuard { name } => {
            guard::remove(aws, name).await?;
            Ok(Effect::GuardRemoved)
        }
        Action::PublishMetrics => {
            let attempt = attempt.ok_or_else(|| unsupported(action))?;
            publish_metrics::execute(aws, spec, attempt).await?;
            Ok(Effect::MetricsPublished)
        }
        Action::PutAlarm => {
            put_alarm::execute(aws, spec).await?;
            Ok(Effect::AlarmPut)
        }
        // A lease is held for each of their calls: see `crate::engine`.
        Action::Launch(_) | Action::Publish(_) => Err(unsupported(action)),
    }
}

/// An action that does not belong here: a mistake in the caller, kept as trouble so that it is shown.
fn unsupported(action: &Action) -> CallError {
    CallError::invalid(format!("there is no way to {} here", action.label()))
}
