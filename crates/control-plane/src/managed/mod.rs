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
use emrys_core::managed::{Found, Step};
use emrys_core::record::CallError;
use emrys_core::spec::Spec;

use crate::clients::AwsContext;
use crate::patience::patiently;
use crate::{actions, observe};

/// Why a standing resource could not be looked at or changed.
#[derive(Debug, thiserror::Error)]
pub enum ManagedError {
    /// AWS did not do what it was asked.
    #[error(transparent)]
    CallError(#[from] CallError),
    /// Somebody changed a bucket's rules between the observation and the writing. Nothing of it was written.
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

impl ManagedError {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::CallError(_) => None,
            Self::ChangedMeanwhile { .. } => Some("run the command again: it reads them afresh"),
            Self::NotAsWritten { .. } => {
                Some("look at the rules with their other owner, and run the command again")
            }
            Self::UnknownMembers { .. } => Some("use a later version of emrys for this bucket"),
        }
    }
}

/// Looks at everything that outlives a run of the pipeline. It only reads.
pub async fn managed(aws: &AwsContext, spec: &Spec) -> Result<Found, ManagedError> {
    let alarm = patiently(aws, async || observe::alarm_found(aws, spec).await).await?;
    let mut buckets = BTreeMap::new();
    for bucket in lifecycle::wanted(&spec.config).into_keys() {
        let rules = rules::read(aws, &bucket).await?;
        buckets.insert(bucket, rules);
    }
    let catalog = match &spec.config.catalog {
        Some(catalog) => Some(patiently(aws, async || tables::read(aws, &catalog.database).await).await?),
        None => None,
    };
    let queries = match &spec.config.catalog {
        Some(catalog) => Some(patiently(aws, async || queries::read(aws, &catalog.workgroup).await).await?),
        None => None,
    };
    Ok(Found { alarm, buckets, catalog, queries })
}

/// Does one step of a plan. All of them may be repeated.
pub async fn apply(aws: &AwsContext, spec: &Spec, step: &Step) -> Result<(), ManagedError> {
    if let Step::WriteRules { bucket, found, write } = step {
        return write_rules::execute(aws, bucket, found, write).await;
    }
    // One for all tries of a step. It is fresh each time: by an old one Athena could know a query that was deleted.
    let token = aws.fresh_token();
    patiently(aws, async || match step {
        Step::PutAlarm { .. } => actions::put_alarm(aws, spec).await,
        Step::DeleteAlarm { name } => delete_alarm::execute(aws, name).await,
        Step::CreateDatabase { name } => create_database::execute(aws, spec, name).await,
        Step::CreateTable { database, table } => create_table::execute(aws, database, table).await,
        Step::UpdateTable { database, table } => update_table::execute(aws, database, table).await,
        Step::DeleteTable { database, name } => delete_table::execute(aws, spec, database, name).await,
        Step::DeleteDatabase { name } => delete_database::execute(aws, name).await,
        Step::CreateWorkgroup { workgroup } => create_workgroup::execute(aws, spec, workgroup).await,
        Step::UpdateWorkgroup { workgroup } => update_workgroup::execute(aws, workgroup).await,
        Step::DeleteWorkgroup { name } => delete_workgroup::execute(aws, spec, name).await,
        Step::CreateNamedQuery { query } => create_named_query::execute(aws, query, &token).await,
        Step::UpdateNamedQuery { id, query } => update_named_query::execute(aws, id, query).await,
        Step::DeleteNamedQuery { id, name } => delete_named_query::execute(aws, id, name).await,
        Step::WriteRules { .. } => Ok(()),
    })
    .await?;
    Ok(())
}
