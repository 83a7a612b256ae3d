//! Looks at the world, one file per subject. Asking changes nothing, and trouble with asking is an answer.

mod alarm;
mod cancel;
mod catalog;
mod cluster;
mod clusters;
mod dated;
mod guard;
mod inputs;
mod job;
mod listing;
mod output;
mod preflight;
mod query;
mod step_log;
mod tail;
mod workgroup;

use emrys_core::record::CallError;
use emrys_core::run::{Observation, Probe};
use emrys_core::spec::Spec;

use crate::clients::AwsContext;

pub(crate) use alarm::found as alarm_found;
pub(crate) use cancel::{CancelRequest, cancel_request};
pub use catalog::served;
pub(crate) use catalog::{AllServed, catalog_drift, catalog_drift_of, partition, unwritten};
pub(crate) use cluster::archive;
pub(crate) use guard::NOT_FOUND as GUARD_NOT_FOUND;
pub(crate) use job::job_not_read;
pub(crate) use listing::{is_taken, size};
pub(crate) use query::observe as query;
pub use query::{NextPage, Pages, QueryRow, pages};
pub(crate) use workgroup::is_there as workgroup_is_there;

/// Asks one question.
pub(crate) async fn observe(aws: &AwsContext, spec: &Spec, probe: &Probe) -> Result<Observation, CallError> {
    match probe {
        Probe::Inputs => inputs::observe(aws, spec).await.map(Observation::Inputs),
        Probe::Job => job::observe(aws, spec).await.map(|unstaged| Observation::Job { unstaged }),
        Probe::Preflight => preflight::observe(aws, spec).await.map(Observation::Preflight),
        Probe::OutputFolder => {
            let taken = listing::is_taken(aws, &spec.fixed_output()).await?;
            Ok(Observation::OutputFolder { taken })
        }
        Probe::Launch { nonce, since } => {
            let clusters = clusters::observe(aws, nonce, *since).await?;
            Ok(Observation::Launch { clusters })
        }
        Probe::LateLaunches { nonces, since, .. } => {
            clusters::of(aws, nonces, *since).await.map(|found| Observation::LateLaunches { found })
        }
        Probe::Protection { cluster, nonce } => {
            let protected = clusters::is_protected(aws, cluster, nonce).await?;
            Ok(Observation::Protection { protected })
        }
        Probe::GuardGroup => guard::group(aws).await.map(|there| Observation::GuardGroup { there }),
        Probe::Guard { .. } if !aws.safeguards.guards() => Ok(Observation::Guard { exists: true }),
        Probe::Guard { name } => guard::exists(aws, name).await.map(|exists| Observation::Guard { exists }),
        Probe::Cluster { id } => cluster::observe(aws, id).await.map(Observation::Cluster),
        Probe::Output { folder } => output::observe(aws, folder).await.map(Observation::Output),
        Probe::StepLog { cluster, step } => {
            step_log::observe(aws, &spec.log_uri(), cluster, step).await.map(Observation::StepLog)
        }
        Probe::Catalog => catalog::observe(aws, spec).await.map(Observation::Catalog),
        Probe::Alarm => alarm::observe(aws, spec).await.map(|current| Observation::Alarm { current }),
    }
}
