//! What outlives a run: the alarm, lifecycle rules, the tables of the catalog, the workgroup and the named queries.
//! What was found is compared with what the configuration wants; what comes out is told to a person, and then done step
//! by step.
//!
//! ```text
//! Found, Goal -> plan -> Plan { items, what becomes of each thing;  steps, what is done;  obstacles, why it is not }
//! ```
//!
//! A plan with an obstacle has no steps: half of what was asked for is not done. What is others' is in no step, except
//! that others' lifecycle rules are written again as they are.

mod catalog;
mod queries;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::alarm::{self, Facts};
use crate::lifecycle::{self, Configuration, Difference, Merge, RuleChange, Write};
use crate::spec::Spec;

pub use catalog::FoundCatalog;
pub use queries::{FoundNamed, FoundQueries, FoundWorkgroup, NamedQuery, Workgroup};

/// What is there.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// The alarm.
    pub alarm: Option<Facts>,
    /// The lifecycle rules of each bucket that the pipeline uses.
    pub buckets: BTreeMap<String, Configuration>,
    /// The catalog; none where the configuration has no `[catalog]`.
    pub catalog: Option<FoundCatalog>,
    /// Workgroup and named queries of Athena; none where the configuration has no `[catalog]`.
    pub queries: Option<FoundQueries>,
}

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Everything stands as configured.
    Setup,
    /// Nothing of it stands.
    Destroy,
}

/// What is to be done about the standing resources of a pipeline.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// What becomes of each thing.
    pub items: Vec<Item>,
    /// What is done, in this order; nothing where all is as wanted, or where something stands in the way.
    pub steps: Vec<Step>,
    /// Why nothing is done.
    pub obstacles: Vec<Refusal>,
    /// What is worth knowing.
    pub notes: Vec<String>,
}

/// A thing that outlives a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Item {
    /// `alarm`, `lifecycle rule`, `database`, `table`, `workgroup` or `named query`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// What becomes of it.
    #[serde(flatten)]
    pub change: Change,
}

/// What becomes of a thing.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// It is made.
    Create {
        /// What it is.
        what: String,
    },
    /// It becomes another.
    Update {
        /// Whether somebody changed it since it was written; else the configuration has changed. Null where that
        /// cannot be told.
        drifted: Option<bool>,
        /// What changes.
        differences: Vec<Difference>,
    },
    /// It is as it should be, or is not ours to change.
    Leave {
        /// Why it is left, where that is not because it is as it should be.
        why: Option<String>,
    },
    /// It is removed.
    Remove {
        /// What it was.
        what: String,
    },
}

/// Why nothing is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// What it is about.
    pub about: String,
    /// What stands in the way.
    pub message: String,
    /// What a person can do about it.
    pub hint: String,
}

/// One thing that is done.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// The alarm is written.
    PutAlarm {
        /// Its name.
        name: String,
    },
    /// The alarm is deleted.
    DeleteAlarm {
        /// Its name.
        name: String,
    },
    /// The rules of a bucket are written, provided that they are still as they were found.
    WriteRules {
        /// The bucket.
        bucket: String,
        /// As they were found.
        found: Configuration,
        /// What is written.
        write: Write,
    },
    /// The database is made.
    CreateDatabase {
        /// Its name.
        name: String,
    },
    /// A table is made.
    CreateTable {
        /// Its database.
        database: String,
        /// The table.
        table: Box<crate::catalog::Table>,
    },
    /// A table is changed, and keeps whatever Emrys knows nothing of.
    UpdateTable {
        /// Its database.
        database: String,
        /// The table as it is to be.
        table: Box<crate::catalog::Table>,
    },
    /// A table is removed from the catalog; its files stay.
    DeleteTable {
        /// Its database.
        database: String,
        /// Its name.
        name: String,
    },
    /// The database is removed, empty as it is.
    DeleteDatabase {
        /// Its name.
        name: String,
    },
    /// The workgroup is made.
    CreateWorkgroup {
        /// What it is.
        workgroup: Box<Workgroup>,
    },
    /// The workgroup is changed, and keeps whatever Emrys knows nothing of.
    UpdateWorkgroup {
        /// What it is to be.
        workgroup: Box<Workgroup>,
    },
    /// The workgroup is removed, with the history of its queries.
    DeleteWorkgroup {
        /// Its name.
        name: String,
    },
    /// A named query is made.
    CreateNamedQuery {
        /// What it is.
        query: Box<NamedQuery>,
    },
    /// A named query is changed.
    UpdateNamedQuery {
        /// Its id at Athena.
        id: String,
        /// What it is to be.
        query: Box<NamedQuery>,
    },
    /// A named query is removed.
    DeleteNamedQuery {
        /// Its id at Athena.
        id: String,
        /// Its name.
        name: String,
    },
}

impl fmt::Display for Step {
    /// What has been done, in a sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PutAlarm { name } => write!(f, "the alarm {name} is written"),
            Self::DeleteAlarm { name } => write!(f, "the alarm {name} is deleted"),
            Self::WriteRules { bucket, write: Write::Delete, .. } => {
                write!(f, "the bucket {bucket} has no lifecycle rule any more")
            }
            Self::WriteRules { bucket, .. } => {
                write!(f, "the lifecycle rules of the bucket {bucket} are written, and read back")
            }
            Self::CreateDatabase { name } => write!(f, "the database {name} is made"),
            Self::CreateTable { database, table } => write!(f, "the table {database}.{} is made", table.name),
            Self::UpdateTable { database, table } => {
                write!(f, "the table {database}.{} is changed", table.name)
            }
            Self::DeleteTable { database, name } => {
                write!(f, "the table {database}.{name} is removed from the catalog; its files stay")
            }
            Self::DeleteDatabase { name } => write!(f, "the database {name} is removed"),
            Self::CreateWorkgroup { workgroup } => write!(f, "the workgroup {} is made", workgroup.name),
            Self::UpdateWorkgroup { workgroup } => write!(f, "the workgroup {} is changed", workgroup.name),
            Self::DeleteWorkgroup { name } => write!(f, "the workgroup {name} is removed"),
            Self::CreateNamedQuery { query } => write!(f, "the named query {} is made", query.name),
            Self::UpdateNamedQuery { query, .. } => write!(f, "the named query {} is changed", query.name),
            Self::DeleteNamedQuery { name, .. } => write!(f, "the named query {name} is removed"),
        }
    }
}

impl Plan {
    /// Whether nothing is to be done.
    pub fn has_nothing_to_do(&self) -> bool {
        self.steps.is_empty() && self.obstacles.is_empty()
    }

    fn item(&mut self, kind: &'static str, name: impl Into<String>, change: Change) {
        self.items.push(Item { kind, name: name.into(), change });
    }
}

/// What is to be done about what was found.
pub fn plan(spec: &Spec, found: &Found, goal: Goal) -> Plan {
    let mut plan = Plan::default();
    if let (Some(catalog), Some(configured)) = (&found.catalog, &spec.config.catalog) {
        catalog::plan(spec, &configured.database, catalog, goal, &mut plan);
    }
    if let (Some(found), Some(configured)) = (&found.queries, &spec.config.catalog) {
        queries::plan(spec, configured, found, goal, &mut plan);
    }
    if spec.config.catalog.is_none() && goal == Goal::Destroy {
        plan.notes.push(
            "without `[catalog]` no database, tables or workgroup are looked for, also where there was one"
                .to_owned(),
        );
    }
    rules(spec, found, goal, &mut plan);
    alarm(spec, found, goal, &mut plan);
    if let Some(retention) = spec.config.retention.as_ref().filter(|_| goal == Goal::Setup) {
        plan.notes.extend(retention.notes());
    }
    if !plan.obstacles.is_empty() {
        plan.steps.clear();
    }
    plan
}

fn alarm(spec: &Spec, found: &Found, goal: Goal, plan: &mut Plan) {
    let wanted = alarm::alarm(spec);
    let name = wanted.name.clone();
    let when = format!(
        "fires after {} hours without a success, and tells {}",
        wanted.evaluation_periods,
        if wanted.actions.is_empty() { "nobody".to_owned() } else { wanted.actions.join(", ") }
    );
    match (goal, &found.alarm) {
        (Goal::Setup, None) => {
            plan.steps.push(Step::PutAlarm { name: name.clone() });
            plan.item("alarm", name, Change::Create { what: when });
        }
        (Goal::Setup, Some(found)) if *found == wanted.facts() => {
            plan.item("alarm", name, Change::Leave { why: None });
        }
        (Goal::Setup, Some(found)) => {
            plan.steps.push(Step::PutAlarm { name: name.clone() });
            let differences = differences(found, &wanted.facts());
            plan.item("alarm", name, Change::Update { drifted: alarm::has_drifted(found), differences });
        }
        (Goal::Destroy, Some(_)) => {
            plan.steps.push(Step::DeleteAlarm { name: name.clone() });
            plan.item("alarm", name, Change::Remove { what: when });
            plan.notes.push("the next run of the pipeline writes its alarm again".to_owned());
        }
        (Goal::Destroy, None) => {}
    }
}

/// What differs of two things that are told in the same facts.
fn differences(found: &Facts, wanted: &Facts) -> Vec<Difference> {
    let both = found.iter().zip(wanted).filter(|((_, found), (_, wanted))| found != wanted);
    both.map(|((what, found), (_, wanted))| Difference {
        what: (*what).to_owned(),
        found: found.clone(),
        wanted: wanted.clone(),
    })
    .collect()
}

fn rules(spec: &Spec, found: &Found, goal: Goal, plan: &mut Plan) {
    let none = Configuration::default();
    for (bucket, wanted) in lifecycle::wanted(&spec.config) {
        let found = found.buckets.get(&bucket).unwrap_or(&none);
        let wanted = if goal == Goal::Setup { wanted } else { Vec::new() };
        match lifecycle::merge(found, &wanted, spec.pipeline()) {
            Ok(merge) => merged(&bucket, found, merge, plan),
            Err(obstacle) => plan.obstacles.push(Refusal {
                about: format!("the lifecycle rules of the bucket {bucket}"),
                message: obstacle.to_string(),
                hint: obstacle.hint().to_owned(),
            }),
        }
        let output = &spec.config.output.uri;
        if goal == Goal::Setup && output.bucket() == bucket {
            for rule in lifecycle::touching(found, spec.pipeline(), output.key()) {
                let id = rule.id.as_deref().unwrap_or_default();
                plan.notes.push(format!(
                    "the rule `{id}` of the bucket {bucket}, which is not this pipeline's, reaches the results in {output}: {}",
                    lifecycle::in_words(rule)
                ));
            }
        }
    }
}

fn merged(bucket: &str, found: &Configuration, merge: Merge, plan: &mut Plan) {
    for change in merge.changes {
        let (rule, change) = match change {
            RuleChange::Created(rule) => {
                let what = lifecycle::in_words(&rule);
                (rule, Change::Create { what })
            }
            RuleChange::Changed { from, to, drifted } => {
                let differences = lifecycle::differences(&from, &to);
                (from, Change::Update { drifted: Some(drifted), differences })
            }
            RuleChange::Left(rule) => (rule, Change::Leave { why: None }),
            RuleChange::Removed(rule) => {
                let what = lifecycle::in_words(&rule);
                (rule, Change::Remove { what })
            }
        };
        plan.item("lifecycle rule", format!("{bucket}: {}", rule.id.unwrap_or_default()), change);
    }
    if merge.kept > 0 {
        let rules = if merge.kept == 1 { "1 rule".to_owned() } else { format!("{} rules", merge.kept) };
        let why = Some("not this pipeline's: kept as they are, and in their order".to_owned());
        plan.item("lifecycle rule", format!("{bucket}: {rules} of others"), Change::Leave { why });
    }
    if merge.write != Write::Nothing {
        let (bucket, found) = (bucket.to_owned(), found.clone());
        plan.steps.push(Step::WriteRules { bucket, found, write: merge.write });
    }
}
