//! Lifecycle rules, between S3's values and the core's.
//!
//! The SDK reads what its model knows, and passes over the rest without a word. Rules that are read are written again,
//! so a member that is passed over would be lost: the answer's own bytes are searched for names that are not known.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types as s3;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use emrys_core::lifecycle::{
    AbortUploads, And, Configuration, Expiration, Filter, NoncurrentExpiration, NoncurrentTransition, Rule,
    Tag, Transition,
};
use jiff::Timestamp;

use super::ManagedError;
use crate::clients::AwsContext;
use crate::clock::timestamp;
use crate::errors::Failure;
use crate::patience::patiently;

/// What S3 answers about a bucket without rules.
const NONE: &str = "NoSuchLifecycleConfiguration";

/// Every element that an answer may have: [`core_rule`] reads all of them.
const KNOWN: [&str; 24] = [
    "AbortIncompleteMultipartUpload",
    "And",
    "Date",
    "Days",
    "DaysAfterInitiation",
    "Expiration",
    "ExpiredObjectDeleteMarker",
    "Filter",
    "ID",
    "Key",
    "LifecycleConfiguration",
    "NewerNoncurrentVersions",
    "NoncurrentDays",
    "NoncurrentVersionExpiration",
    "NoncurrentVersionTransition",
    "ObjectSizeGreaterThan",
    "ObjectSizeLessThan",
    "Prefix",
    "Rule",
    "Status",
    "StorageClass",
    "Tag",
    "Transition",
    "Value",
];

/// The rules of a bucket, all members of them, or none at all.
pub(super) async fn read(aws: &AwsContext, bucket: &str) -> Result<Configuration, ManagedError> {
    let unknown = Unknown::default();
    let configuration = patiently(aws, async || {
        let get = aws.s3.get_bucket_lifecycle_configuration().bucket(bucket);
        match get.customize().interceptor(unknown.clone()).send().await {
            Ok(answer) => Ok(Configuration {
                rules: answer.rules().iter().map(core_rule).collect(),
                minimum_size: answer
                    .transition_default_minimum_object_size()
                    .map(|size| size.as_str().to_owned()),
            }),
            Err(error) => {
                let failure = Failure::of(&error);
                if failure.code == NONE {
                    return Ok(Configuration::default());
                }
                Err(failure.into_call_error(&format!(
                    "could not look at the lifecycle rules of the bucket {bucket}"
                )))
            }
        }
    })
    .await?;
    let members = unknown.names();
    if members.is_empty() {
        Ok(configuration)
    } else {
        Err(ManagedError::UnknownMembers { bucket: bucket.to_owned(), members })
    }
}

/// Looks into the bytes of an answer for names of elements that are not known.
#[derive(Debug, Clone, Default)]
struct Unknown(Arc<Mutex<Vec<String>>>);

impl Unknown {
    fn names(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for Unknown {
    fn name(&self) -> &'static str {
        "UnknownMembers"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let answer = context.response();
        if answer.status().is_success() {
            let bytes = answer.body().bytes().ok_or("the answer was not kept")?;
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = unknown_names(bytes);
        }
        Ok(())
    }
}

/// In XML every `<` of a text is written otherwise, so each one begins an element.
fn unknown_names(xml: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(xml);
    let mut names: Vec<String> = text
        .split('<')
        .skip(1)
        .filter(|rest| !rest.starts_with(['?', '!', '/']))
        .map(|rest| {
            rest.split(|c: char| c.is_whitespace() || c == '>' || c == '/').next().unwrap_or_default()
        })
        .map(|name| name.rsplit(':').next().unwrap_or(name))
        .filter(|name| !KNOWN.contains(name))
        .map(str::to_owned)
        .collect();
    names.sort();
    names.dedup();
    names
}

#[expect(deprecated, reason = "rules in the old form are read and written as they are")]
fn core_rule(rule: &s3::LifecycleRule) -> Rule {
    let tag = |tag: &s3::Tag| Tag { key: tag.key().to_owned(), value: tag.value().to_owned() };
    Rule {
        id: rule.id.clone(),
        prefix: rule.prefix.clone(),
        filter: rule.filter.as_ref().map(|filter| Filter {
            prefix: filter.prefix.clone(),
            tag: filter.tag.as_ref().map(tag),
            larger_than: filter.object_size_greater_than,
            smaller_than: filter.object_size_less_than,
            and: filter.and.as_ref().map(|and| And {
                prefix: and.prefix.clone(),
                tags: and.tags().iter().map(tag).collect(),
                larger_than: and.object_size_greater_than,
                smaller_than: and.object_size_less_than,
            }),
        }),
        status: rule.status.as_str().to_owned(),
        expiration: rule.expiration.as_ref().map(|expiration| Expiration {
            date: expiration.date.as_ref().and_then(timestamp),
            days: expiration.days,
            expired_markers: expiration.expired_object_delete_marker,
        }),
        transitions: rule
            .transitions()
            .iter()
            .map(|transition| Transition {
                date: transition.date.as_ref().and_then(timestamp),
                days: transition.days,
                class: transition.storage_class.as_ref().map(|class| class.as_str().to_owned()),
            })
            .collect(),
        noncurrent_transitions: rule
            .noncurrent_version_transitions()
            .iter()
            .map(|transition| NoncurrentTransition {
                days: transition.noncurrent_days,
                class: transition.storage_class.as_ref().map(|class| class.as_str().to_owned()),
                newer_versions: transition.newer_noncurrent_versions,
            })
            .collect(),
        noncurrent_expiration: rule.noncurrent_version_expiration.as_ref().map(|expiration| {
            NoncurrentExpiration {
                days: expiration.noncurrent_days,
                newer_versions: expiration.newer_noncurrent_versions,
            }
        }),
        abort_uploads: rule
            .abort_incomplete_multipart_upload
            .as_ref()
            .map(|abort| AbortUploads { days: abort.days_after_initiation }),
    }
}

/// A rule as it is sent.
#[expect(deprecated, reason = "rules in the old form are read and written as they are")]
pub(super) fn to_sdk(rule: &Rule) -> s3::LifecycleRule {
    let transitions = rule.transitions.iter().map(|transition| {
        s3::Transition::builder()
            .set_date(transition.date.map(date))
            .set_days(transition.days)
            .set_storage_class(transition.class.as_deref().map(s3::TransitionStorageClass::from))
            .build()
    });
    let noncurrent = rule.noncurrent_transitions.iter().map(|transition| {
        s3::NoncurrentVersionTransition::builder()
            .set_noncurrent_days(transition.days)
            .set_storage_class(transition.class.as_deref().map(s3::TransitionStorageClass::from))
            .set_newer_noncurrent_versions(transition.newer_versions)
            .build()
    });
    let expiration = rule.expiration.as_ref().map(|expiration| {
        s3::LifecycleExpiration::builder()
            .set_date(expiration.date.map(date))
            .set_days(expiration.days)
            .set_expired_object_delete_marker(expiration.expired_markers)
            .build()
    });
    let noncurrent_expiration = rule.noncurrent_expiration.as_ref().map(|expiration| {
        s3::NoncurrentVersionExpiration::builder()
            .set_noncurrent_days(expiration.days)
            .set_newer_noncurrent_versions(expiration.newer_versions)
            .build()
    });
    let abort = rule.abort_uploads.as_ref().map(|abort| {
        s3::AbortIncompleteMultipartUpload::builder().set_days_after_initiation(abort.days).build()
    });
    s3::LifecycleRule::builder()
        .set_id(rule.id.clone())
        .set_prefix(rule.prefix.clone())
        .set_filter(rule.filter.as_ref().map(sdk_filter))
        .status(s3::ExpirationStatus::from(rule.status.as_str()))
        .set_expiration(expiration)
        .set_transitions((!rule.transitions.is_empty()).then(|| transitions.collect()))
        .set_noncurrent_version_transitions(
            (!rule.noncurrent_transitions.is_empty()).then(|| noncurrent.collect()),
        )
        .set_noncurrent_version_expiration(noncurrent_expiration)
        .set_abort_incomplete_multipart_upload(abort)
        .build()
        .expect("a status is all that a rule needs")
}

fn sdk_filter(filter: &Filter) -> s3::LifecycleRuleFilter {
    let and = filter.and.as_ref().map(|and| {
        s3::LifecycleRuleAndOperator::builder()
            .set_prefix(and.prefix.clone())
            .set_tags((!and.tags.is_empty()).then(|| and.tags.iter().map(sdk_tag).collect()))
            .set_object_size_greater_than(and.larger_than)
            .set_object_size_less_than(and.smaller_than)
            .build()
    });
    s3::LifecycleRuleFilter::builder()
        .set_prefix(filter.prefix.clone())
        .set_tag(filter.tag.as_ref().map(sdk_tag))
        .set_object_size_greater_than(filter.larger_than)
        .set_object_size_less_than(filter.smaller_than)
        .set_and(and)
        .build()
}

fn sdk_tag(tag: &Tag) -> s3::Tag {
    s3::Tag::builder()
        .key(&tag.key)
        .value(&tag.value)
        .build()
        .expect("key and value are all that a tag needs")
}

fn date(moment: Timestamp) -> DateTime {
    DateTime::from_nanos(moment.as_nanosecond()).unwrap_or_else(|_| DateTime::from_secs(moment.as_second()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_of_a_rule_comes_through() {
        let tag = Tag { key: "a".to_owned(), value: "b".to_owned() };
        let date = Some("2030-01-01T00:00:00Z".parse().unwrap());
        let rule = Rule {
            id: Some("x".to_owned()),
            prefix: Some(String::new()),
            filter: Some(Filter {
                prefix: Some("p/".to_owned()),
                tag: Some(tag.clone()),
                larger_than: Some(1),
                smaller_than: Some(2),
                and: Some(And {
                    prefix: Some("q/".to_owned()),
                    tags: vec![tag],
                    larger_than: Some(3),
                    smaller_than: Some(4),
                }),
            }),
            status: "Paused".to_owned(),
            expiration: Some(Expiration { date, days: Some(5), expired_markers: Some(true) }),
            transitions: vec![Transition { date, days: Some(6), class: Some("TOMORROW".to_owned()) }],
            noncurrent_transitions: vec![NoncurrentTransition {
                days: Some(7),
                class: Some("GLACIER".to_owned()),
                newer_versions: Some(8),
            }],
            noncurrent_expiration: Some(NoncurrentExpiration { days: Some(9), newer_versions: Some(10) }),
            abort_uploads: Some(AbortUploads { days: Some(11) }),
        };
        assert_eq!(core_rule(&to_sdk(&rule)), rule);
        let least = Rule { status: "Enabled".to_owned(), ..Rule::default() };
        assert_eq!(core_rule(&to_sdk(&least)), least);
    }

    #[test]
    fn an_element_that_is_not_known_is_noticed() {
        let known = br#"<?xml version="1.0"?><LifecycleConfiguration xmlns="http://x"><Rule><ID>a &lt;b></ID><Filter/><Status>Enabled</Status></Rule></LifecycleConfiguration>"#;
        assert_eq!(unknown_names(known), Vec::<String>::new());
        let unknown = b"<LifecycleConfiguration><Rule><Moon phase='full'><Days>3</Days></Moon></Rule></LifecycleConfiguration>";
        assert_eq!(unknown_names(unknown), ["Moon"]);
    }
}
