//! A rule as S3 has it, member by member.

use jiff::Timestamp;
use serde::Serialize;

/// All rules of a bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Configuration {
    /// In the order in which S3 gives them.
    pub rules: Vec<Rule>,
    /// `TransitionDefaultMinimumObjectSize`, which goes with all rules of the bucket: from which size on objects move
    /// to another class.
    pub minimum_size: Option<String>,
}

/// A rule. Words that S3 has a list of (statuses, storage classes) are texts: one that is new is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Its name, one in its bucket.
    pub id: Option<String>,
    /// The old way to say which objects are meant; a rule has it or a filter.
    pub prefix: Option<String>,
    /// Which objects are meant.
    pub filter: Option<Filter>,
    /// `Enabled` or `Disabled`.
    pub status: String,
    /// When objects are deleted.
    pub expiration: Option<Expiration>,
    /// When objects move to another class.
    pub transitions: Vec<Transition>,
    /// When versions move that others have replaced.
    pub noncurrent_transitions: Vec<NoncurrentTransition>,
    /// When versions are deleted that others have replaced.
    pub noncurrent_expiration: Option<NoncurrentExpiration>,
    /// When unfinished uploads are removed.
    pub abort_uploads: Option<AbortUploads>,
}

/// When unfinished uploads are removed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AbortUploads {
    /// So many days after they were begun.
    pub days: Option<i32>,
}

/// Which objects a rule means; without any member, all of the bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Filter {
    /// Those whose keys begin so.
    pub prefix: Option<String>,
    /// Those with this tag.
    pub tag: Option<Tag>,
    /// Those of more bytes.
    pub larger_than: Option<i64>,
    /// Those of fewer bytes.
    pub smaller_than: Option<i64>,
    /// Those for which all of it holds.
    pub and: Option<And>,
}

/// Conditions that hold together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct And {
    /// Those whose keys begin so.
    pub prefix: Option<String>,
    /// Those with all of these tags.
    pub tags: Vec<Tag>,
    /// Those of more bytes.
    pub larger_than: Option<i64>,
    /// Those of fewer bytes.
    pub smaller_than: Option<i64>,
}

/// A tag of an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tag {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// When objects are deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Expiration {
    /// On this date.
    pub date: Option<Timestamp>,
    /// So many days after they were made.
    pub days: Option<i32>,
    /// Whether only markers of deletion are removed that have no versions behind them.
    pub expired_markers: Option<bool>,
}

/// When objects move to another class.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Transition {
    /// On this date.
    pub date: Option<Timestamp>,
    /// So many days after they were made.
    pub days: Option<i32>,
    /// To which.
    pub class: Option<String>,
}

/// When versions move that others have replaced.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct NoncurrentTransition {
    /// So many days after that.
    pub days: Option<i32>,
    /// To which class.
    pub class: Option<String>,
    /// How many of them stay where they are.
    pub newer_versions: Option<i32>,
}

/// When versions are deleted that others have replaced.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct NoncurrentExpiration {
    /// So many days after that.
    pub days: Option<i32>,
    /// How many of them are kept.
    pub newer_versions: Option<i32>,
}

impl Rule {
    /// The begin of the keys of all objects that the rule can mean.
    pub fn meant_prefix(&self) -> &str {
        let filter = self.filter.as_ref();
        let and = filter.and_then(|filter| filter.and.as_ref());
        self.prefix
            .as_deref()
            .or_else(|| filter?.prefix.as_deref())
            .or_else(|| and?.prefix.as_deref())
            .unwrap_or_default()
    }

    /// Whether it means objects of certain tags only.
    pub fn wants_tags(&self) -> bool {
        self.filter.as_ref().is_some_and(|filter| {
            filter.tag.is_some() || filter.and.as_ref().is_some_and(|and| !and.tags.is_empty())
        })
    }

    /// Whether it moves or deletes objects as they are now. A status that is not known counts as enabled.
    pub fn moves_or_deletes(&self) -> bool {
        let deletes = |expiration: &Expiration| expiration.date.is_some() || expiration.days.is_some();
        self.status != "Disabled"
            && (!self.transitions.is_empty() || self.expiration.as_ref().is_some_and(deletes))
    }

    /// Whether it is written in the old form, which does not mix with the new one in one bucket.
    pub fn is_old_form(&self) -> bool {
        self.prefix.is_some() && self.filter.is_none()
    }
}
