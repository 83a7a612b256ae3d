//! What outlives a run: looked at, made and removed. What is to be done is planned by `emrys_core::standing`.
//!
//! ```text
//! standing     what is there: alarm, lifecycle rules, catalog, queries          reads only
//! apply        one step of a plan
//!   |-> write_rules              the lifecycle rules of a bucket, read before and after
//!   |-> delete_alarm             the alarm is put by acts::put_alarm, as in a run
//!   |-> create_…, update_table, delete_…   database and tables
//!   `-> …_workgroup, …_named_query         of Athena
//! rules, tables, queries   between the SDK's values and the core's
//! ```

mod create_database;
mod create_named_query;
mod create_table;
mod create_workgroup;
mod delete_alarm;
mod delete_database;
mod delete_named_query;
mod delete_table;
mod delete_workgroup;
mod queries;
mod rules;
mod tables;
mod update_named_query;
mod update_table;
mod update_workgroup;
mod write_rules;

use std::collections::BTreeMap;

use emrys_core::lifecycle;
use emrys_core::run::Trouble;
use emrys_core::spec::Spec;
use emrys_core::standing::{Found, Step};

use crate::clients::ControlPlane;
use crate::patience::patiently;
use crate::{acts, looks};

/// Why a standing resource could not be looked at or changed.
#[derive(Debug, thiserror::Error)]
pub enum StandingError {
    /// AWS did not do what it was asked.
    #[error(transparent)]
    Trouble(#[from] Trouble),
    /// Somebody changed a bucket's rules between the look and the writing. Nothing of it was written.
    #[error(
        "somebody changed the lifecycle rules of the bucket {bucket} just now; they are left as they are"
    )]
    ChangedMeanwhile {
        /// The bucket.
        bucket: String,
    },
    /// A bucket's rules are not what was written, however often they were read.
    #[error(
        "the lifecycle rules of the bucket {bucket} are not those that were written: somebody else wrote them at the same time"
    )]
    NotAsWritten {
        /// The bucket.
        bucket: String,
    },
    /// A bucket's rules hold what this version knows nothing of, and would lose.
    #[error("the lifecycle rules of the bucket {bucket} hold {}, which this version would lose", members.join(", "))]
    UnknownMembers {
        /// The bucket.
        bucket: String,
        /// The names.
        members: Vec<String>,
    },
}

impl StandingError {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Trouble(_) => None,
            Self::ChangedMeanwhile { .. } => Some("run the command again: it reads them afresh"),
            Self::NotAsWritten { .. } => {
                Some("look at the rules with their other owner, and run the command again")
            }
            Self::UnknownMembers { .. } => Some("use a later version of emrys for this bucket"),
        }
    }
}

/// Looks at everything that outlives a run of the pipeline. It only reads.
pub async fn standing(cp: &ControlPlane, spec: &Spec) -> Result<Found, StandingError> {
    let alarm = patiently(cp, async || looks::alarm_found(cp, spec).await).await?;
    let mut buckets = BTreeMap::new();
    for bucket in lifecycle::wanted(&spec.config).into_keys() {
        let rules = rules::read(cp, &bucket).await?;
        buckets.insert(bucket, rules);
    }
    let catalog = match &spec.config.catalog {
        Some(catalog) => Some(patiently(cp, async || tables::read(cp, &catalog.database).await).await?),
        None => None,
    };
    let queries = match &spec.config.catalog {
        Some(catalog) => Some(patiently(cp, async || queries::read(cp, &catalog.workgroup).await).await?),
        None => None,
    };
    Ok(Found { alarm, buckets, catalog, queries })
}

/// Does one step of a plan. All of them may be repeated.
pub async fn apply(cp: &ControlPlane, spec: &Spec, step: &Step) -> Result<(), StandingError> {
    if let Step::WriteRules { bucket, found, write } = step {
        return write_rules::act(cp, bucket, found, write).await;
    }
    // One for all tries of a step. It is fresh each time: by an old one Athena could know a query that was deleted.
    let token = cp.fresh_token();
    patiently(cp, async || match step {
        Step::PutAlarm { .. } => acts::put_alarm(cp, spec).await,
        Step::DeleteAlarm { name } => delete_alarm::act(cp, name).await,
        Step::CreateDatabase { name } => create_database::act(cp, spec, name).await,
        Step::CreateTable { database, table } => create_table::act(cp, database, table).await,
        Step::UpdateTable { database, table } => update_table::act(cp, database, table).await,
        Step::DeleteTable { database, name } => delete_table::act(cp, spec, database, name).await,
        Step::DeleteDatabase { name } => delete_database::act(cp, name).await,
        Step::CreateWorkgroup { workgroup } => create_workgroup::act(cp, spec, workgroup).await,
        Step::UpdateWorkgroup { workgroup } => update_workgroup::act(cp, workgroup).await,
        Step::DeleteWorkgroup { name } => delete_workgroup::act(cp, spec, name).await,
        Step::CreateNamedQuery { query } => create_named_query::act(cp, query, &token).await,
        Step::UpdateNamedQuery { id, query } => update_named_query::act(cp, id, query).await,
        Step::DeleteNamedQuery { id, name } => delete_named_query::act(cp, id, name).await,
        Step::WriteRules { .. } => Ok(()),
    })
    .await?;
    Ok(())
}
