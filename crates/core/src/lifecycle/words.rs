//! A rule, and the difference of two, for people.

use jiff::Timestamp;
use serde::Serialize;

use super::rule::{Filter, Rule, Tag};

/// What one thing was found to be, and what it is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What.
    pub what: String,
    /// As it was found.
    pub found: String,
    /// As it is to be.
    pub wanted: String,
}

/// What a rule does, in one line.
pub fn in_words(rule: &Rule) -> String {
    let parts: Vec<String> = members(rule)
        .into_iter()
        .filter(|(what, value)| {
            *what != "objects" && value != "none" && !(*what == "status" && value == "Enabled")
        })
        .map(|(what, value)| if what == "status" { value.to_lowercase() } else { format!("{what} {value}") })
        .collect();
    let does = if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") };
    format!("{}: {does}", objects(rule))
}

/// What has to become another, member by member.
pub fn differences(found: &Rule, wanted: &Rule) -> Vec<Difference> {
    let mut all: Vec<Difference> = members(found)
        .into_iter()
        .zip(members(wanted))
        .filter(|((_, found), (_, wanted))| found != wanted)
        .map(|((what, found), (_, wanted))| Difference { what: what.to_owned(), found, wanted })
        .collect();
    if found.is_old_form() != wanted.is_old_form() {
        let form = |rule: &Rule| if rule.is_old_form() { "Prefix" } else { "Filter" }.to_owned();
        all.push(Difference { what: "form".to_owned(), found: form(found), wanted: form(wanted) });
    }
    all
}

/// Every member of a rule, each with a value; the same row for all rules.
fn members(rule: &Rule) -> [(&'static str, String); 7] {
    let none = || "none".to_owned();
    let joined = |parts: Vec<String>| if parts.is_empty() { none() } else { parts.join(" and ") };
    let transitions = rule
        .transitions
        .iter()
        .map(|to| format!("{} {}", class(to.class.as_deref()), when(to.days, to.date)));
    let noncurrent = rule.noncurrent_transitions.iter().map(|to| {
        format!("{} {}{}", class(to.class.as_deref()), when(to.days, None), but_newest(to.newer_versions))
    });
    let expiration = rule.expiration.as_ref().map(|expiration| {
        if expiration.expired_markers == Some(true) {
            "left-over markers of deletion".to_owned()
        } else {
            when(expiration.days, expiration.date)
        }
    });
    let noncurrent_expiration = rule.noncurrent_expiration.as_ref().map(|expiration| {
        format!("{}{}", when(expiration.days, None), but_newest(expiration.newer_versions))
    });
    [
        ("objects", objects(rule)),
        ("status", rule.status.clone()),
        ("to", joined(transitions.collect())),
        ("deleted", expiration.unwrap_or_else(none)),
        ("replaced versions to", joined(noncurrent.collect())),
        ("replaced versions deleted", noncurrent_expiration.unwrap_or_else(none)),
        (
            "unfinished uploads removed",
            rule.abort_uploads.as_ref().map_or_else(none, |abort| when(abort.days, None)),
        ),
    ]
}

fn class(class: Option<&str>) -> &str {
    class.unwrap_or("no class")
}

fn when(days: Option<i32>, date: Option<Timestamp>) -> String {
    match (days, date) {
        (Some(1), _) => "after 1 day".to_owned(),
        (Some(days), _) => format!("after {days} days"),
        (None, Some(date)) => format!("on {}", date.strftime("%Y-%m-%d")),
        (None, None) => "at once".to_owned(),
    }
}

fn but_newest(versions: Option<i32>) -> String {
    versions.map(|count| format!(" but the newest {count}")).unwrap_or_default()
}

fn objects(rule: &Rule) -> String {
    let mut conditions = Vec::new();
    let prefix = rule.meant_prefix();
    if !prefix.is_empty() {
        conditions.push(format!("under `{prefix}`"));
    }
    if let Some(Filter { tag, larger_than, smaller_than, and, .. }) = &rule.filter {
        let tags = tag.iter().chain(and.iter().flat_map(|and| &and.tags));
        conditions.extend(tags.map(|Tag { key, value }| format!("tagged {key}={value}")));
        let larger = larger_than.or_else(|| and.as_ref()?.larger_than);
        let smaller = smaller_than.or_else(|| and.as_ref()?.smaller_than);
        conditions.extend(larger.map(|bytes| format!("larger than {bytes} bytes")));
        conditions.extend(smaller.map(|bytes| format!("smaller than {bytes} bytes")));
    }
    if conditions.is_empty() {
        "all objects".to_owned()
    } else {
        format!("objects {}", conditions.join(", "))
    }
}
