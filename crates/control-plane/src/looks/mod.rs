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
mod needs;
mod output;
mod query;
mod step_log;
mod tail;
mod workgroup;

use emrys_core::run::{Answer, Query, Trouble};
use emrys_core::spec::Spec;

use crate::clients::ControlPlane;

pub(crate) use alarm::found as alarm_found;
pub(crate) use cancel::{CancelRequest, cancel_request};
pub use catalog::served;
pub(crate) use catalog::{AllServed, astray, astray_of, partition, unwritten};
pub(crate) use cluster::archive;
pub(crate) use guard::NOT_FOUND as GUARD_NOT_FOUND;
pub(crate) use listing::{is_taken, size};
pub(crate) use query::look as query;
pub use query::{NextPage, Pages, QueryRow, pages};
pub(crate) use workgroup::is_there as workgroup_is_there;

/// Asks one question.
pub(crate) async fn look(cp: &ControlPlane, spec: &Spec, query: &Query) -> Result<Answer, Trouble> {
    match query {
        Query::Inputs => inputs::look(cp, spec).await.map(Answer::Inputs),
        Query::Job => job::look(cp, spec).await.map(|unstaged| Answer::Job { unstaged }),
        Query::Needs => needs::look(cp, spec).await.map(Answer::Needs),
        Query::OutputFolder => {
            let taken = listing::is_taken(cp, &spec.fixed_output()).await?;
            Ok(Answer::OutputFolder { taken })
        }
        Query::LaunchedAs { nonce, since } => {
            let clusters = clusters::look(cp, nonce, *since).await?;
            Ok(Answer::LaunchedAs { clusters })
        }
        Query::Stragglers { nonces, since, .. } => {
            clusters::of(cp, nonces, *since).await.map(|found| Answer::Stragglers { found })
        }
        Query::Protection { cluster, nonce } => {
            let protected = clusters::is_protected(cp, cluster, nonce).await?;
            Ok(Answer::Protection { protected })
        }
        Query::GuardGroup => guard::group(cp).await.map(|there| Answer::GuardGroup { there }),
        Query::Guard { .. } if !cp.safeguards.guards => Ok(Answer::Guard { standing: true }),
        Query::Guard { name } => guard::standing(cp, name).await.map(|standing| Answer::Guard { standing }),
        Query::Cluster { id } => cluster::look(cp, id).await.map(Answer::Cluster),
        Query::Output { folder } => output::look(cp, folder).await.map(Answer::Output),
        Query::StepLog { cluster, step } => {
            step_log::look(cp, &spec.log_uri(), cluster, step).await.map(Answer::StepLog)
        }
        Query::Catalog => catalog::look(cp, spec).await.map(Answer::Catalog),
        Query::Alarm => alarm::look(cp, spec).await.map(|current| Answer::Alarm { current }),
    }
}
