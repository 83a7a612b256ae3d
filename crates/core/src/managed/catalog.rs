//! The database and the tables of the results.

use std::collections::BTreeMap;

use super::{Change, Goal, Plan, Refusal, Step};
use crate::catalog::{self, Column, Comparison, Owner, Table};
use crate::lifecycle::Difference;
use crate::spec::Spec;

/// The catalog, as far as it concerns a pipeline.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundCatalog {
    /// The parameters of the database; none where there is no such database.
    pub database: Option<BTreeMap<String, String>>,
    /// All its tables.
    pub tables: Vec<Table>,
}

impl FoundCatalog {
    fn is_ours(&self, spec: &Spec) -> bool {
        self.database.as_ref().is_some_and(|parameters| is_marked(spec, parameters))
    }
}

fn is_table_ours(spec: &Spec, table: &Table) -> bool {
    is_marked(spec, &table.parameters)
}

fn is_marked(spec: &Spec, parameters: &BTreeMap<String, String>) -> bool {
    catalog::owner(&catalog::marks(&spec.config), |mark| parameters.get(mark)) == Owner::Us
}

pub(super) fn plan(spec: &Spec, database: &str, found: &FoundCatalog, goal: Goal, plan: &mut Plan) {
    match goal {
        Goal::Setup => setup(spec, database, found, plan),
        Goal::Destroy => destroy(spec, database, found, plan),
    }
}

fn setup(spec: &Spec, database: &str, found: &FoundCatalog, plan: &mut Plan) {
    if found.database.is_none() {
        plan.steps.push(Step::CreateDatabase { name: database.to_owned() });
        plan.item("database", database, Change::Create { what: "in the Glue catalog".to_owned() });
    } else {
        let why =
            (!found.is_ours(spec)).then(|| "not made for this pipeline: used, and left as it is".to_owned());
        plan.item("database", database, Change::Leave { why });
    }
    for wanted in catalog::tables(&spec.config) {
        let name = format!("{database}.{}", wanted.name);
        let (database, table) = (database.to_owned(), Box::new(wanted.clone()));
        let Some(found) = found.tables.iter().find(|found| found.name == wanted.name) else {
            let what = format!("{} ({})", wanted.description, listed(&wanted.storage_descriptor.columns));
            plan.steps.push(Step::CreateTable { database, table });
            plan.item("table", name, Change::Create { what });
            continue;
        };
        match catalog::compare(&wanted, found) {
            Comparison::Equal => plan.item("table", name, Change::Leave { why: None }),
            Comparison::Outdated { append, changes } => {
                plan.steps.push(Step::UpdateTable { database, table });
                let change = |change: catalog::Change| Difference {
                    what: change.what,
                    found: change.found.unwrap_or_else(|| "none".to_owned()),
                    wanted: change.wanted,
                };
                let mut differences: Vec<Difference> = changes.into_iter().map(change).collect();
                differences.extend(append.iter().map(|column| Difference {
                    what: "a column at the end".to_owned(),
                    found: "none".to_owned(),
                    wanted: column.to_string(),
                }));
                plan.item("table", name, Change::Update { drifted: None, differences });
            }
            Comparison::Incompatible { why, found, wanted } => plan.obstacles.push(Refusal {
                about: format!("the table {name}"),
                message: format!("{why}; found ({}), wanted ({})", listed(&found), listed(&wanted)),
                hint: "what it serves was written in another way: move it out of the way, or name another database"
                    .to_owned(),
            }),
            Comparison::Foreign { owner } => plan.obstacles.push(Refusal {
                about: format!("the table {name}"),
                message: owner.map_or_else(
                    || "it was not made by Emrys".to_owned(),
                    |owner| format!("it belongs to the pipeline {owner}"),
                ),
                hint: "name another database: `[catalog] database`; of a pipeline whose state folder was moved, `emrys destroy` with the old pipeline file first"
                    .to_owned(),
            }),
        }
    }
    let is_left =
        |table: &&Table| is_table_ours(spec, table) && !catalog::has_table(&spec.config, &table.name);
    for left in found.tables.iter().filter(is_left) {
        // Its partitions may still be asked for; `emrys destroy` takes it away.
        let why =
            "the configuration names it no more: it serves what it did, and neither run nor gc looks at it";
        plan.item("table", format!("{database}.{}", left.name), Change::Leave { why: Some(why.to_owned()) });
    }
}

fn destroy(spec: &Spec, database: &str, found: &FoundCatalog, plan: &mut Plan) {
    if found.database.is_none() {
        return;
    }
    let (ours, theirs): (Vec<&Table>, Vec<&Table>) =
        found.tables.iter().partition(|table| is_table_ours(spec, table));
    for table in ours {
        let name = format!("{database}.{}", table.name);
        plan.steps.push(Step::DeleteTable { database: database.to_owned(), name: table.name.clone() });
        let what = "from the catalog, with its partitions; no file of it".to_owned();
        plan.item("table", name, Change::Remove { what });
    }
    let stay = theirs.len();
    if !found.is_ours(spec) {
        let why = Some("not made for this pipeline".to_owned());
        plan.item("database", database, Change::Leave { why });
    } else if stay > 0 {
        let tables = if stay == 1 { "1 table".to_owned() } else { format!("{stay} tables") };
        let why = Some(format!("it holds {tables} of others"));
        plan.item("database", database, Change::Leave { why });
    } else {
        plan.steps.push(Step::DeleteDatabase { name: database.to_owned() });
        plan.item("database", database, Change::Remove { what: "from the Glue catalog".to_owned() });
    }
}

fn listed(columns: &[Column]) -> String {
    columns.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
