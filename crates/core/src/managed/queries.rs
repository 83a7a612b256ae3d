//! The workgroup that queries run in, and the named queries in it.
//!
//! A workgroup is this pipeline's when its tag `emrys:pipeline` says so; another is used, and left as it is. The one
//! that every account has is never made, changed or removed. Named queries have no tags: they are known by the name
//! `emrys/<pipeline>/…`, and one that this version does not know must also bear the sign of its description.

use super::{Change, Goal, Plan, Step, differences};
use crate::alarm::{self, Facts};
use crate::config::Catalog;
use crate::queries::NAMED;
use crate::spec::Spec;

/// The workgroup that every account has.
const PRIMARY: &str = "primary";

const GIGABYTE: u64 = 1_000_000_000;

/// Workgroup and named queries, as far as they concern a pipeline.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundQueries {
    /// The workgroup; none where there is none of this name.
    pub workgroup: Option<FoundWorkgroup>,
    /// All named queries in it, whosever they are.
    pub named: Vec<FoundNamed>,
    /// How many prepared statements it holds; Emrys makes none.
    pub prepared: usize,
}

/// A workgroup that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundWorkgroup {
    /// The pipeline that its tag names.
    pub owner: Option<String>,
    /// What it is.
    pub workgroup: Workgroup,
}

/// A named query that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundNamed {
    /// Its id at Athena.
    pub id: String,
    /// What it is.
    pub query: NamedQuery,
}

/// A workgroup, as far as Emrys sets one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workgroup {
    /// Its name.
    pub name: String,
    /// For people; it ends with a sign of all the rest.
    pub description: String,
    /// Whether queries may run in it.
    pub is_enabled: bool,
    /// Where results go.
    pub results: Option<String>,
    /// Whether what a query itself asks for in these matters counts as nothing.
    pub is_enforced: bool,
    /// A query that reads more bytes than this is ended.
    pub scan_limit_bytes: Option<u64>,
    /// Whether CloudWatch gets its metrics.
    pub has_metrics: bool,
}

/// A named query, as far as Emrys sets one: all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedQuery {
    /// Its name.
    pub name: String,
    /// What it answers; it ends with a sign of all the rest.
    pub description: String,
    /// The database of its tables.
    pub database: String,
    /// The workgroup that it is kept in.
    pub workgroup: String,
    /// The SQL.
    pub statement: String,
}

impl Workgroup {
    fn facts(&self) -> Facts {
        let limit = match self.scan_limit_bytes {
            None => "none".to_owned(),
            Some(bytes) if bytes.is_multiple_of(GIGABYTE) => format!("{} GB", bytes / GIGABYTE),
            Some(bytes) => format!("{bytes} bytes"),
        };
        vec![
            ("description", self.description.clone()),
            ("state", if self.is_enabled { "enabled" } else { "disabled" }.to_owned()),
            ("results", self.results.clone().unwrap_or_else(|| "none".to_owned())),
            ("enforced", self.is_enforced.to_string()),
            ("scan limit", limit),
            ("metrics", self.has_metrics.to_string()),
        ]
    }

    /// In one line.
    fn in_words(&self) -> String {
        let [.., results, _, limit, _] = &self.facts()[..] else { return String::new() };
        format!("results in {}, scan limit of a query: {}", results.1, limit.1)
    }
}

impl NamedQuery {
    fn facts(&self) -> Facts {
        // Lines stay lines, for one may end with a comment.
        let statement = self.statement.lines().map(str::trim).collect::<Vec<_>>().join(" ⏎ ");
        vec![
            ("description", self.description.clone()),
            ("database", self.database.clone()),
            ("statement", statement),
        ]
    }
}

/// The workgroup of a pipeline.
fn wanted_workgroup(spec: &Spec, catalog: &Catalog) -> Workgroup {
    let mut workgroup = Workgroup {
        name: catalog.workgroup.clone(),
        description: String::new(),
        is_enabled: true,
        results: Some(catalog.query_results.to_string()),
        is_enforced: true,
        scan_limit_bytes: catalog.scan_limit_bytes(),
        has_metrics: true,
    };
    let sign = alarm::sign(&workgroup.facts());
    workgroup.description = format!("Queries of the pipeline {}. {sign}", spec.pipeline());
    workgroup
}

/// What the names of a pipeline's named queries begin with.
fn prefix(spec: &Spec) -> String {
    format!("emrys/{}/", spec.pipeline())
}

/// The named queries of a pipeline. They are about the built-in job's tables, and a job of the user's own has others.
fn wanted_named(spec: &Spec, catalog: &Catalog) -> Vec<NamedQuery> {
    let of = |named: &crate::queries::NamedStatement| {
        let mut query = NamedQuery {
            name: format!("{}{}", prefix(spec), named.name),
            description: String::new(),
            database: catalog.database.clone(),
            workgroup: catalog.workgroup.clone(),
            statement: named.statement.to_owned(),
        };
        let sign = alarm::sign(&query.facts());
        query.description = format!("{}; the two parameters are days. {sign}", capitalised(named.answers));
        query
    };
    let known = NAMED.iter().filter(|_| spec.config.job.is_none());
    known.map(of).collect()
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

pub(super) fn plan(spec: &Spec, catalog: &Catalog, found: &FoundQueries, goal: Goal, plan: &mut Plan) {
    match goal {
        Goal::Setup => {
            setup_workgroup(spec, catalog, found.workgroup.as_ref(), plan);
            setup_named(spec, catalog, found, plan);
        }
        Goal::Destroy => destroy(spec, catalog, found, plan),
    }
}

fn setup_workgroup(spec: &Spec, catalog: &Catalog, found: Option<&FoundWorkgroup>, plan: &mut Plan) {
    let wanted = wanted_workgroup(spec, catalog);
    let name = wanted.name.clone();
    let Some(found) = found else {
        plan.item("workgroup", name, Change::Create { what: wanted.in_words() });
        plan.steps.push(Step::CreateWorkgroup { workgroup: Box::new(wanted) });
        return;
    };
    if let Some(why) = foreign(spec, found) {
        let limit = &found.workgroup.facts()[4].1;
        if wanted.scan_limit_bytes.is_some() && wanted.scan_limit_bytes != found.workgroup.scan_limit_bytes {
            plan.notes.push(format!(
                "the scan limit of a query in the workgroup {name} is {limit}, whatever `scan-limit-gigabytes` says: name a workgroup of the pipeline's own"
            ));
        }
        let why = Some(format!("{why}: used, and left as it is"));
        plan.item("workgroup", name, Change::Leave { why });
        return;
    }
    let (have, want) = (found.workgroup.facts(), wanted.facts());
    if have == want {
        plan.item("workgroup", name, Change::Leave { why: None });
        return;
    }
    let drifted = alarm::has_drifted(&have);
    let differences = differences(&have, &want);
    plan.item("workgroup", name, Change::Update { drifted, differences });
    plan.steps.push(Step::UpdateWorkgroup { workgroup: Box::new(wanted) });
}

/// Why a workgroup is not this pipeline's to change; none where it is.
fn foreign(spec: &Spec, found: &FoundWorkgroup) -> Option<&'static str> {
    if found.workgroup.name == PRIMARY {
        Some("the one that every account has")
    } else if found.owner.as_deref() != Some(spec.pipeline()) {
        Some("not made for this pipeline")
    } else {
        None
    }
}

fn setup_named(spec: &Spec, catalog: &Catalog, found: &FoundQueries, plan: &mut Plan) {
    let wanted = wanted_named(spec, catalog);
    for wanted in &wanted {
        let name = wanted.name.as_str();
        let query = Box::new(wanted.clone());
        let mut same = found.named.iter().filter(|found| found.query.name == name);
        let Some(first) = same.next() else {
            plan.item("named query", name, Change::Create { what: wanted.description.clone() });
            plan.steps.push(Step::CreateNamedQuery { query });
            continue;
        };
        let (have, want) = (first.query.facts(), wanted.facts());
        if have == want {
            plan.item("named query", name, Change::Leave { why: None });
        } else {
            let drifted = alarm::has_drifted(&have);
            let differences = differences(&have, &want);
            plan.item("named query", name, Change::Update { drifted, differences });
            let id = first.id.clone();
            if first.query.database == wanted.database {
                plan.steps.push(Step::UpdateNamedQuery { id, query });
            } else {
                // Athena changes all of a named query but its database.
                plan.steps.push(Step::DeleteNamedQuery { id, name: name.to_owned() });
                plan.steps.push(Step::CreateNamedQuery { query });
            }
        }
        same.for_each(|again| remove(again, "there is another of this name", plan));
    }
    for found in ours(spec, &found.named) {
        if wanted.iter().all(|wanted| wanted.name != found.query.name) {
            remove(found, "this version has no such query, or another job runs now", plan);
        }
    }
}

fn destroy(spec: &Spec, catalog: &Catalog, found: &FoundQueries, plan: &mut Plan) {
    let Some(workgroup) = &found.workgroup else { return };
    let ours: Vec<&FoundNamed> = ours(spec, &found.named).collect();
    for query in &ours {
        remove(query, "from Athena", plan);
    }
    let stay = found.named.len() - ours.len() + found.prepared;
    let name = catalog.workgroup.clone();
    if let Some(why) = foreign(spec, workgroup) {
        plan.item("workgroup", name, Change::Leave { why: Some(why.to_owned()) });
    } else if stay > 0 {
        let queries = if stay == 1 { "1 query".to_owned() } else { format!("{stay} queries") };
        let why = Some(format!("it holds {queries} of others"));
        plan.item("workgroup", name, Change::Leave { why });
    } else {
        let what = "with the history of its queries; the files of their results stay".to_owned();
        plan.item("workgroup", name.clone(), Change::Remove { what });
        plan.steps.push(Step::DeleteWorkgroup { name });
    }
}

/// The named queries that are this pipeline's.
fn ours<'a>(spec: &Spec, named: &'a [FoundNamed]) -> impl Iterator<Item = &'a FoundNamed> {
    let prefix = prefix(spec);
    named.iter().filter(move |found| {
        let rest = found.query.name.strip_prefix(&prefix);
        let is_signed = alarm::has_drifted(&found.query.facts()).is_some();
        rest.is_some_and(|rest| is_signed || NAMED.iter().any(|known| known.name == rest))
    })
}

fn remove(found: &FoundNamed, what: &str, plan: &mut Plan) {
    let (id, name) = (found.id.clone(), found.query.name.clone());
    plan.item("named query", name.clone(), Change::Remove { what: what.to_owned() });
    plan.steps.push(Step::DeleteNamedQuery { id, name });
}
