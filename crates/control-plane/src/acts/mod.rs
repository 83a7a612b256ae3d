//! What is done to AWS, one file per action.
//!
//! A launch stands apart: it must not happen twice, so it is recorded before and asked for once. All others may be
//! repeated, and are, when they meet trouble. `collect` and `withdraw` are no actions of a run: they are `emrys gc`'s.

mod collect;
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
mod withdraw;

use emrys_core::run::{Action, Attempt, Effect, Trouble};
use emrys_core::spec::Spec;

use crate::clients::ControlPlane;

pub(crate) use collect::{PAGE as COLLECTED_AT_ONCE, act as collect};
pub(crate) use guard::{TARGET as GUARD_TARGET, remove as remove_guard};
pub(crate) use launch::{Launched, launch};
pub(crate) use publish::{Changed, act as publish, change};
pub(crate) use put_alarm::act as put_alarm;
pub(crate) use start_query::act as start_query;
pub(crate) use stop_query::act as stop_query;
pub(crate) use terminate::terminate;
pub(crate) use unprotect::act as unprotect;
pub(crate) use withdraw::act as withdraw;

/// Does what may be repeated.
pub(crate) async fn act(
    cp: &ControlPlane,
    spec: &Spec,
    attempt: Option<&Attempt>,
    action: &Action,
) -> Result<Effect, Trouble> {
    match action {
        Action::StageJob { uris } => {
            stage_job::act(cp, spec, uris).await?;
            Ok(Effect::JobStaged)
        }
        Action::Terminate { cluster, because } => {
            terminate(cp, cluster).await?;
            Ok(Effect::TerminateRequested { cluster: cluster.clone(), because: *because })
        }
        Action::Unprotect { cluster, .. } => {
            unprotect(cp, cluster).await?;
            Ok(Effect::Unprotected { cluster: cluster.clone() })
        }
        Action::EnsureGuard { name, cluster, until, group } => {
            let configured = guard::configured(spec.config.guard.as_ref())?;
            if cp.safeguards.guards {
                guard::ensure(cp, configured, name, cluster, *until, *group).await?;
            }
            Ok(Effect::GuardEnsured { until: *until })
        }
        Action::RemoveGuard { name } => {
            guard::remove(cp, name).await?;
            Ok(Effect::GuardRemoved)
        }
        Action::PublishMetrics => {
            let attempt = attempt.ok_or_else(|| senseless(action))?;
            publish_metrics::act(cp, spec, attempt).await?;
            Ok(Effect::MetricsPublished)
        }
        Action::PutAlarm => {
            put_alarm::act(cp, spec).await?;
            Ok(Effect::AlarmPut)
        }
        // A lease is held for each of their calls: see `crate::engine`.
        Action::Launch(_) | Action::Publish(_) => Err(senseless(action)),
    }
}

/// An action that does not belong here: a mistake in the caller, kept as trouble so that it is shown.
fn senseless(action: &Action) -> Trouble {
    Trouble::invalid(format!("there is no way to {} here", action.label()))
}
