//! The rules that a pipeline's `[retention]` asks for.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::rule::{AbortUploads, Expiration, Filter, Rule, Transition};
use crate::config::Config;

/// How a rule says which objects it means. One bucket takes one form only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// With a `Filter`.
    Filter,
    /// With a `Prefix` of its own, as rules were once written.
    Prefix,
}

/// A rule of Emrys's. It means the objects below one prefix and nothing finer, so it can be written in both forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedRule {
    /// What it is for, one of each in a bucket: part of its ID.
    pub role: &'static str,
    /// The begin of the keys that it means.
    pub prefix: String,
    /// After how many days objects move, and to which class.
    pub archive: Option<(u32, &'static str)>,
    /// After how many days objects are deleted.
    pub expire: Option<u32>,
    /// After how many days unfinished uploads are removed.
    pub abort_uploads: Option<u32>,
}

/// The rules that the configuration asks for, by bucket. Every bucket that the pipeline writes rules to is named, also
/// where it wants none there now: rules that it wanted once are found there.
pub fn wanted(config: &Config) -> BTreeMap<String, Vec<WantedRule>> {
    let (source, logs) = (config.source_prefix(), config.log_uri());
    let mut buckets: BTreeMap<String, Vec<WantedRule>> = BTreeMap::new();
    for uri in source.iter().chain([&config.output.uri, &logs]) {
        buckets.entry(uri.bucket().to_owned()).or_default();
    }
    let Some(retention) = &config.retention else { return buckets };
    let rule = |role, prefix: &str| WantedRule {
        role,
        prefix: prefix.to_owned(),
        archive: None,
        expire: None,
        abort_uploads: None,
    };
    if let Some(source) =
        source.filter(|_| retention.archive.is_some() || retention.expire_after_days.is_some())
    {
        let archive = retention.archive.map(|archive| (archive.after_days, archive.class.s3_name()));
        let expire = retention.expire_after_days;
        let wanted = WantedRule { archive, expire, ..rule("source", source.key()) };
        buckets.entry(source.bucket().to_owned()).or_default().push(wanted);
    }
    if retention.logs_expire_after_days.is_some() {
        let wanted = WantedRule { expire: retention.logs_expire_after_days, ..rule("logs", logs.key()) };
        buckets.entry(logs.bucket().to_owned()).or_default().push(wanted);
    }
    let output = &config.output.uri;
    let abort_uploads = Some(retention.abort_uploads_after_days);
    let uploads = WantedRule { abort_uploads, ..rule("uploads", output.key()) };
    buckets.entry(output.bucket().to_owned()).or_default().push(uploads);
    buckets
}

impl WantedRule {
    /// The rule as it is written for a pipeline.
    pub(super) fn rule(&self, pipeline: &str, form: Form) -> Rule {
        let days = |days: u32| Some(i32::try_from(days).unwrap_or(i32::MAX));
        let transition = self.archive.map(|(after, class)| Transition {
            date: None,
            days: days(after),
            class: Some(class.to_owned()),
        });
        let expiration = self.expire.map(|after| Expiration { days: days(after), ..Expiration::default() });
        let rule = Rule {
            status: "Enabled".to_owned(),
            expiration,
            transitions: transition.into_iter().collect(),
            abort_uploads: self.abort_uploads.map(|after| AbortUploads { days: days(after) }),
            ..in_form(&self.prefix, form)
        };
        Rule { id: Some(format!("{}{}/{}", id_prefix(pipeline), self.role, digest(&rule))), ..rule }
    }

    /// Whether it moves or deletes objects.
    pub(super) fn moves_or_deletes(&self) -> bool {
        self.archive.is_some() || self.expire.is_some()
    }
}

fn in_form(prefix: &str, form: Form) -> Rule {
    let prefix = prefix.to_owned();
    match form {
        Form::Prefix => Rule { prefix: Some(prefix), ..Rule::default() },
        Form::Filter => {
            Rule { filter: Some(Filter { prefix: Some(prefix), ..Filter::default() }), ..Rule::default() }
        }
    }
}

/// What the IDs of a pipeline's rules begin with.
pub(super) fn id_prefix(pipeline: &str) -> String {
    format!("emrys/{pipeline}/")
}

/// What a rule of the pipeline is for; none for a rule of somebody else's.
pub(super) fn role_of<'r>(rule: &'r Rule, pipeline: &str) -> Option<&'r str> {
    let rest = rule.id.as_deref()?.strip_prefix(&id_prefix(pipeline))?;
    Some(rest.split('/').next().unwrap_or(rest))
}

/// Whether a rule of the pipeline is no more as it was written.
pub(super) fn has_drifted(rule: &Rule) -> bool {
    let written = rule.id.as_deref().and_then(|id| id.rsplit('/').next()).unwrap_or_default();
    digest(rule) != written
}

/// Twelve hex digits over what a rule does, whatever it is called and in whichever form it says which objects it
/// means.
fn digest(rule: &Rule) -> String {
    let mut plain = Rule { id: None, ..rule.clone() };
    let finer = plain
        .filter
        .as_ref()
        .is_some_and(|filter| *filter != Filter { prefix: filter.prefix.clone(), ..Filter::default() });
    if !finer {
        plain.prefix = Some(rule.meant_prefix().to_owned());
        plain.filter = None;
    }
    let text = serde_json::to_vec(&plain).unwrap_or_default();
    hex::encode(&Sha256::digest(text)[..6])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{MINIMAL, config};

    #[test]
    fn a_configuration_without_retention_wants_no_rule() {
        let wanted = wanted(&config(MINIMAL));
        assert_eq!(wanted, BTreeMap::from([("my-log-bucket".to_owned(), vec![])]));
    }

    #[test]
    fn each_rule_means_one_prefix_in_its_bucket() {
        let text = MINIMAL.replace("s3://my-log-bucket/application-logs/", "s3://raw-logs/app/")
            + "\n[retention]\narchive-after-days = 30\nexpire-after-days = 400\nlogs-expire-after-days = 90\n";
        let wanted = wanted(&config(&text));
        let told: Vec<String> = wanted
            .iter()
            .flat_map(|(bucket, rules)| {
                rules.iter().map(move |rule| {
                    format!(
                        "{bucket}/{} {} {:?} {:?} {:?}",
                        rule.prefix, rule.role, rule.archive, rule.expire, rule.abort_uploads
                    )
                })
            })
            .collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
        my-log-bucket/emrys/emr-logs/ logs None Some(90) None
        my-log-bucket/processed-logs/ uploads None None Some(7)
        raw-logs/app/ source Some((30, "GLACIER")) Some(400) None
        "#);
    }

    #[test]
    fn the_id_says_whether_a_rule_is_as_it_was_written() {
        let wanted = WantedRule {
            role: "source",
            prefix: "raw/".to_owned(),
            archive: Some((30, "GLACIER")),
            expire: None,
            abort_uploads: None,
        };
        let filter = wanted.rule("web-logs", Form::Filter);
        let prefix = wanted.rule("web-logs", Form::Prefix);
        assert_eq!(filter.id, prefix.id, "the form is not part of what a rule does");
        assert_eq!(role_of(&filter, "web-logs"), Some("source"));
        assert_eq!(role_of(&filter, "web"), None);
        assert!(!has_drifted(&filter) && !has_drifted(&prefix));
        let disabled = Rule { status: "Disabled".to_owned(), ..filter.clone() };
        assert!(has_drifted(&disabled));
        let mut tagged = filter;
        let tag = super::super::Tag { key: "a".to_owned(), value: "b".to_owned() };
        tagged.filter = Some(Filter { tag: Some(tag), ..tagged.filter.unwrap_or_default() });
        assert!(has_drifted(&tagged));
    }
}
