//! Found rules and wanted rules: what is to be written, and what changes by it.

use super::rule::{Configuration, Rule};
use super::wanted::{Form, WantedRule, has_drifted, role_of};
use super::words::in_words;

/// S3 takes so many rules for a bucket.
pub const MOST_RULES: usize = 1000;

/// What is to be done about a bucket's rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    /// What becomes of each rule of the pipeline: those that were found in their order, then the new ones.
    pub changes: Vec<RuleChange>,
    /// How many rules are others', and kept.
    pub kept: usize,
    /// What is to be written.
    pub write: Write,
}

/// What is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Nothing: all is as it should be.
    Nothing,
    /// All rules of the bucket.
    Put(Configuration),
    /// That the bucket has none: S3 takes no empty list.
    Delete,
}

/// What becomes of a rule of the pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleChange {
    /// It is new.
    Created(Box<Rule>),
    /// It becomes another.
    Changed {
        /// As it was found.
        from: Box<Rule>,
        /// As it is to be.
        to: Box<Rule>,
        /// Whether somebody changed it since it was written; else the configuration has changed.
        drifted: bool,
    },
    /// It is as it should be.
    Left(Box<Rule>),
    /// It is removed.
    Removed(Box<Rule>),
}

/// Why rules are not written: doing it would change what somebody else wants.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// Somebody else's rule moves or deletes the same objects.
    #[error(
        "the rule `{id}`, which is not this pipeline's, moves or deletes objects under `{prefix}` too: {words}"
    )]
    Overlap {
        /// That rule's ID.
        id: String,
        /// The prefix of the rule that was to be written.
        prefix: String,
        /// What that rule does.
        words: String,
    },
    /// The bucket has rules with a `Prefix` beside rules with a `Filter`, and S3 takes no such list.
    #[error(
        "the bucket has rules in the old form (`Prefix`) beside others with a `Filter`, and S3 takes only one form"
    )]
    MixedForms,
    /// More rules than S3 takes.
    #[error("the bucket would have {count} rules, and S3 takes {MOST_RULES}")]
    TooMany {
        /// How many.
        count: usize,
    },
}

impl Obstacle {
    /// What a person can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Overlap { id, .. } if id.starts_with("emrys/") => {
                "it is another pipeline's of Emrys: give each its own source, and its own `[cluster] log-uri`"
            }
            Self::Overlap { .. } => {
                "S3 would follow both rules: agree with its owner, and remove or narrow one of the two"
            }
            Self::MixedForms => "write all of the bucket's rules in one form first",
            Self::TooMany { .. } => "remove rules that nobody needs any more",
        }
    }
}

/// What has to be written so that the pipeline has exactly the wanted rules there, and all others stay as they are.
/// Without any wanted rule, those that the pipeline has are removed.
pub fn merge(found: &Configuration, wanted: &[WantedRule], pipeline: &str) -> Result<Merge, Obstacle> {
    let foreign: Vec<&Rule> = found.rules.iter().filter(|rule| role_of(rule, pipeline).is_none()).collect();
    for rule in wanted.iter().filter(|rule| rule.moves_or_deletes()) {
        if let Some(other) = foreign.iter().find(|other| overlaps(other, &rule.prefix)) {
            return Err(Obstacle::Overlap {
                id: other.id.clone().unwrap_or_default(),
                prefix: rule.prefix.clone(),
                words: in_words(other),
            });
        }
    }
    let form = if foreign.iter().any(|rule| rule.is_old_form()) { Form::Prefix } else { Form::Filter };
    let mut missing: Vec<&WantedRule> = wanted.iter().collect();
    let (mut changes, mut rules) = (Vec::new(), Vec::new());
    for rule in &found.rules {
        let Some(role) = role_of(rule, pipeline) else {
            rules.push(rule.clone());
            continue;
        };
        let Some(place) = missing.iter().position(|wanted| wanted.role == role) else {
            changes.push(RuleChange::Removed(Box::new(rule.clone())));
            continue;
        };
        let to = missing.remove(place).rule(pipeline, form);
        rules.push(to.clone());
        changes.push(if *rule == to {
            RuleChange::Left(Box::new(to))
        } else {
            RuleChange::Changed { drifted: has_drifted(rule), from: Box::new(rule.clone()), to: Box::new(to) }
        });
    }
    for wanted in missing {
        let rule = wanted.rule(pipeline, form);
        rules.push(rule.clone());
        changes.push(RuleChange::Created(Box::new(rule)));
    }
    let write = write(rules, &changes, found)?;
    Ok(Merge { changes, kept: foreign.len(), write })
}

fn write(rules: Vec<Rule>, changes: &[RuleChange], found: &Configuration) -> Result<Write, Obstacle> {
    if changes.iter().all(|change| matches!(change, RuleChange::Left(_))) {
        return Ok(Write::Nothing);
    }
    if rules.is_empty() {
        return Ok(Write::Delete);
    }
    if rules.len() > MOST_RULES {
        return Err(Obstacle::TooMany { count: rules.len() });
    }
    let old = rules.iter().filter(|rule| rule.is_old_form()).count();
    if old != 0 && old != rules.len() {
        return Err(Obstacle::MixedForms);
    }
    Ok(Write::Put(Configuration { rules, minimum_size: found.minimum_size.clone() }))
}

/// Others' rules that move or delete objects under a prefix.
pub fn touching<'f>(found: &'f Configuration, pipeline: &str, prefix: &str) -> Vec<&'f Rule> {
    found
        .rules
        .iter()
        .filter(|rule| role_of(rule, pipeline).is_none() && rule.moves_or_deletes())
        .filter(|rule| share_keys(rule.meant_prefix(), prefix))
        .collect()
}

/// Whether somebody else's rule certainly moves or deletes objects under the prefix. One for certain tags does it only
/// to objects that somebody gave them, which is that somebody's wish.
fn overlaps(other: &Rule, prefix: &str) -> bool {
    other.moves_or_deletes() && !other.wants_tags() && share_keys(other.meant_prefix(), prefix)
}

fn share_keys(one: &str, other: &str) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

impl Configuration {
    /// Whether the bucket has what was written. S3 may give them in another order, and fills in IDs and the minimum
    /// size where they were left out.
    pub fn holds(&self, written: &Self) -> bool {
        let sorted = |configuration: &Self| {
            let mut rules = configuration.rules.clone();
            rules.sort_by(|a, b| a.id.cmp(&b.id));
            rules
        };
        let without_id = |rule: &Rule| Rule { id: None, ..rule.clone() };
        let (mut found, written_rules) = (sorted(self), sorted(written));
        let all_there = written_rules.iter().rev().all(|rule| {
            let same = |other: &Rule| match rule.id {
                Some(_) => other == rule,
                None => without_id(other) == *rule,
            };
            found.iter().position(same).map(|place| found.remove(place)).is_some()
        });
        let same_size = written.minimum_size.is_none() || written.minimum_size == self.minimum_size;
        all_there && found.is_empty() && same_size
    }
}
