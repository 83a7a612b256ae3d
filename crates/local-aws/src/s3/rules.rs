//! Which lifecycle rules S3 takes.

use std::collections::BTreeSet;

use s3s::dto::{
    ExpirationStatus, LifecycleRule, LifecycleRuleFilter, Transition, TransitionStorageClass as Class,
};
use s3s::{S3Error, S3Result, s3_error};

use super::errors::seconds;

const MOST_RULES: usize = 1000;
const LONGEST_ID: usize = 255;
/// The days that an object has to have been there, and has to stay in the classes of infrequent access.
const IA_DAYS: i32 = 30;
const DAY: i64 = 24 * 60 * 60;

/// The storage classes in the order in which objects can move through them.
const CLASSES: [&str; 6] = [
    Class::STANDARD_IA,
    Class::INTELLIGENT_TIERING,
    Class::ONEZONE_IA,
    Class::GLACIER_IR,
    Class::GLACIER,
    Class::DEEP_ARCHIVE,
];

/// What is not as the schema has it.
pub(super) fn malformed() -> S3Error {
    s3_error!(
        MalformedXML,
        "The XML you provided was not well-formed or did not validate against our published schema"
    )
}

/// Checks all rules of a configuration.
pub(super) fn check(rules: &[LifecycleRule]) -> S3Result<()> {
    if rules.is_empty() || rules.len() > MOST_RULES {
        return Err(malformed());
    }
    let mut ids = BTreeSet::new();
    for id in rules.iter().filter_map(|rule| rule.id.as_deref()).filter(|id| !id.is_empty()) {
        if id.chars().count() > LONGEST_ID {
            return Err(s3_error!(InvalidArgument, "ID length should not exceed allowed limit of 255"));
        }
        if !ids.insert(id) {
            return Err(s3_error!(
                InvalidArgument,
                "Rule ID must be unique. Found same ID for more than one rule"
            ));
        }
    }
    if rules.iter().any(|rule| rule.filter.is_some()) && rules.iter().any(|rule| rule.prefix.is_some()) {
        return Err(s3_error!(
            InvalidRequest,
            "Base level prefix cannot be used in Lifecycle V2, prefixes are only supported in the Filter."
        ));
    }
    rules.iter().try_for_each(rule)
}

fn rule(rule: &LifecycleRule) -> S3Result<()> {
    let status = rule.status.as_str();
    if !matches!(status, ExpirationStatus::ENABLED | ExpirationStatus::DISABLED) {
        return Err(malformed());
    }
    match &rule.filter {
        Some(filter) => self::filter(filter)?,
        None if rule.prefix.is_none() => return Err(malformed()),
        None => {}
    }
    let transitions = rule.transitions.as_deref().unwrap_or_default();
    let old_transitions = rule.noncurrent_version_transitions.as_deref().unwrap_or_default();
    let acts = rule.expiration.is_some()
        || rule.noncurrent_version_expiration.is_some()
        || rule.abort_incomplete_multipart_upload.is_some()
        || !transitions.is_empty()
        || !old_transitions.is_empty();
    if !acts {
        return Err(s3_error!(InvalidRequest, "At least one action needs to be specified in a rule"));
    }
    expiration(rule)?;
    current(rule, transitions)?;
    let old: Vec<_> = old_transitions
        .iter()
        .map(|transition| (transition.storage_class.as_ref(), transition.noncurrent_days))
        .collect();
    let old = steps(&old)?;
    if let Some(expiration) = &rule.noncurrent_version_expiration {
        let days = positive(expiration.noncurrent_days, "'NoncurrentDays' for NoncurrentVersionExpiration")?;
        later(days, &old, "NoncurrentVersionExpiration", rule)?;
    }
    Ok(())
}

fn filter(filter: &LifecycleRuleFilter) -> S3Result<()> {
    let LifecycleRuleFilter { and, object_size_greater_than, object_size_less_than, prefix, tag, .. } =
        filter;
    let members = [
        and.is_some(),
        object_size_greater_than.is_some(),
        object_size_less_than.is_some(),
        prefix.is_some(),
        tag.is_some(),
    ];
    // None of them is the whole bucket.
    if members.into_iter().filter(|given| *given).count() > 1 {
        return Err(malformed());
    }
    let Some(and) = and else {
        return Ok(());
    };
    let tags = and.tags.as_deref().unwrap_or_default();
    let sizes = (and.object_size_greater_than, and.object_size_less_than);
    let others = [and.prefix.is_some(), sizes.0.is_some(), sizes.1.is_some()];
    if others.into_iter().filter(|given| *given).count() + tags.len() < 2 {
        return Err(malformed());
    }
    let keys: BTreeSet<_> = tags.iter().map(|tag| tag.key.as_ref()).collect();
    if keys.len() < tags.len() {
        return Err(s3_error!(InvalidRequest, "Duplicate Tag Keys are not allowed."));
    }
    if matches!(sizes, (Some(more), Some(less)) if more >= less) {
        return Err(s3_error!(
            InvalidRequest,
            "'ObjectSizeLessThan' should be greater than 'ObjectSizeGreaterThan'."
        ));
    }
    Ok(())
}

/// Expiry, and the uploads that nobody finishes.
fn expiration(rule: &LifecycleRule) -> S3Result<()> {
    let filter = rule.filter.as_ref();
    let and = filter.and_then(|filter| filter.and.as_ref());
    let by_tag = filter.is_some_and(|filter| filter.tag.is_some())
        || and.is_some_and(|and| and.tags.as_ref().is_some_and(|tags| !tags.is_empty()));
    let by_size = filter.is_some_and(|filter| {
        filter.object_size_greater_than.is_some() || filter.object_size_less_than.is_some()
    }) || and
        .is_some_and(|and| and.object_size_greater_than.is_some() || and.object_size_less_than.is_some());
    if let Some(abort) = &rule.abort_incomplete_multipart_upload {
        let action = "'DaysAfterInitiation' for AbortIncompleteMultipartUpload";
        positive(abort.days_after_initiation, action)?;
        for (given, what) in [(by_tag, "Tags"), (by_size, "Object Size")] {
            if given {
                return Err(s3_error!(
                    InvalidRequest,
                    "AbortIncompleteMultipartUpload cannot be specified with {what}."
                ));
            }
        }
    }
    let Some(expiration) = &rule.expiration else {
        return Ok(());
    };
    let marker = expiration.expired_object_delete_marker;
    match (expiration.days, &expiration.date, marker) {
        (Some(days), None, None) => positive(Some(days), "'Days' for Expiration").map(drop),
        (None, Some(date), None) => midnight(seconds(date)),
        (None, None, Some(_)) if by_tag || by_size => Err(s3_error!(
            InvalidRequest,
            "ExpiredObjectDeleteMarker cannot be specified with {}.",
            if by_tag { "Tags" } else { "Object Size" }
        )),
        (None, None, Some(_)) => Ok(()),
        _ => Err(malformed()),
    }
}

/// The transitions of objects, and that they come before the expiry.
fn current(rule: &LifecycleRule, transitions: &[Transition]) -> S3Result<()> {
    let expiry = rule.expiration.as_ref();
    let (days, date) = expiry.map_or((None, None), |expiry| (expiry.days, expiry.date.as_ref().map(seconds)));
    let mut dated: Vec<(usize, i64)> = Vec::new();
    let mut by_days = Vec::new();
    for transition in transitions {
        match (transition.days, &transition.date) {
            (Some(after), None) => by_days.push((transition.storage_class.as_ref(), Some(after))),
            (None, Some(at)) => {
                midnight(seconds(at))?;
                dated.push((class(transition.storage_class.as_ref())?, seconds(at)));
            }
            _ => return Err(malformed()),
        }
    }
    if (!dated.is_empty() || date.is_some()) && (!by_days.is_empty() || days.is_some()) {
        return Err(s3_error!(
            InvalidRequest,
            "Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule for {}",
            selected(rule)
        ));
    }
    let steps = steps(&by_days)?;
    if let Some(days) = days {
        later(days, &steps, "Expiration", rule)?;
    }
    dated.sort_unstable();
    let times: Vec<i64> = dated.iter().map(|(_, at)| *at).chain(date).collect();
    if !times.is_sorted_by(|earlier, later| earlier < later) {
        return Err(s3_error!(
            InvalidArgument,
            "'Date' in the Expiration action for {} must be later than 'Date' in the Transition action",
            selected(rule)
        ));
    }
    Ok(())
}

/// Transitions by days, in the order of their classes: each later than the one before.
fn steps(transitions: &[(Option<&Class>, Option<i32>)]) -> S3Result<Vec<(usize, i32)>> {
    let mut steps = Vec::new();
    for (class, days) in transitions {
        let class = self::class(*class)?;
        let days = days.ok_or_else(malformed)?;
        if days < 0 {
            return Err(s3_error!(InvalidArgument, "'Days' in Transition action must be nonnegative"));
        }
        if is_infrequent(class) && days < IA_DAYS {
            return Err(s3_error!(
                InvalidArgument,
                "'Days' in Transition action must be greater than or equal to 30 for storageClass '{}'",
                CLASSES[class]
            ));
        }
        steps.push((class, days));
    }
    steps.sort_unstable();
    for pair in steps.windows(2) {
        let [(before, earlier), (after, later)] = [pair[0], pair[1]];
        let (from, to) = (CLASSES[before], CLASSES[after]);
        if before == after {
            return Err(s3_error!(
                InvalidRequest,
                "'StorageClass' must be different for 'Transition' actions in same 'Rule': found {from} twice"
            ));
        }
        let least = if is_infrequent(before) { IA_DAYS } else { 1 };
        if i64::from(later) - i64::from(earlier) < i64::from(least) {
            return Err(s3_error!(
                InvalidArgument,
                "'Days' in the '{to}' Transition action must be at least {least} more than 'Days' in the '{from}' \
                 Transition action"
            ));
        }
    }
    Ok(steps)
}

fn later(days: i32, steps: &[(usize, i32)], action: &str, rule: &LifecycleRule) -> S3Result<()> {
    if steps.iter().any(|(_, before)| days <= *before) {
        return Err(s3_error!(
            InvalidArgument,
            "'Days' in the {action} action for {} must be greater than 'Days' in the Transition action",
            selected(rule)
        ));
    }
    Ok(())
}

fn positive(days: Option<i32>, action: &str) -> S3Result<i32> {
    match days {
        Some(days) if days > 0 => Ok(days),
        Some(_) => Err(s3_error!(InvalidArgument, "{action} action must be a positive integer")),
        None => Err(malformed()),
    }
}

fn midnight(seconds: i64) -> S3Result<()> {
    if seconds.rem_euclid(DAY) == 0 {
        Ok(())
    } else {
        Err(s3_error!(InvalidArgument, "'Date' must be at midnight GMT"))
    }
}

/// The place of a storage class among those that a rule can move objects to.
fn class(class: Option<&Class>) -> S3Result<usize> {
    let name = class.map(Class::as_str);
    CLASSES.iter().position(|known| Some(*known) == name).ok_or_else(malformed)
}

fn is_infrequent(class: usize) -> bool {
    matches!(CLASSES[class], Class::STANDARD_IA | Class::ONEZONE_IA)
}

/// What a rule is for, in S3's words.
fn selected(rule: &LifecycleRule) -> String {
    let filter = rule.filter.as_ref();
    let of_filter = filter.and_then(|filter| {
        filter.prefix.as_deref().or_else(|| filter.and.as_ref().and_then(|and| and.prefix.as_deref()))
    });
    match (filter, of_filter) {
        (None, _) => format!("prefix '{}'", rule.prefix.as_deref().unwrap_or_default()),
        (Some(_), prefix) => format!("filter '(prefix={})'", prefix.unwrap_or_default()),
    }
}
