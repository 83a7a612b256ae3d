//! `[retention]`: how long things are kept, and where.

use super::job::{JobDraft, Script};
use super::pipeline::{self, Draft};
use super::problem::Wrong;
use super::reader::{Reader, Section};
use super::steps::CustomStep;
use super::values;
use crate::day::Day;
use crate::s3_uri::S3Uri;

/// The least, and what it is when nothing is said, of `superseded-expire-after-hours`.
pub const LEAST_GRACE_HOURS: u32 = 24;

/// `[retention]`: what becomes of objects by their age. `emrys setup` makes it lifecycle rules of the buckets, but for
/// the job's output: that is `emrys gc`'s, because a rule knows nothing of what a table serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// `archive-after-days` and `archive-class`: when the raw logs move to a cheaper storage class, and to which.
    /// Default: they stay where they are.
    pub archive: Option<Archive>,
    /// `expire-after-days`: when the raw logs are deleted. Default never.
    pub expire_after_days: Option<u32>,
    /// `logs-expire-after-days`: when EMR's logs are deleted. Default never.
    pub logs_expire_after_days: Option<u32>,
    /// `output-expire-after-days`: when a day's output is deleted, after its partitions. Default never.
    pub output_expire_after_days: Option<u32>,
    /// `superseded-expire-after-hours`: when the output of an attempt is deleted of which another took the place, or
    /// that was never found good. Default, and least, 24.
    pub superseded_expire_after_hours: u32,
    /// `abort-uploads-after-days`: when parts of uploads that nobody finished are removed from the output. Default 7.
    pub abort_uploads_after_days: u32,
}

/// When the raw logs move, and to which class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Archive {
    /// So many days after they were written.
    pub after_days: u32,
    /// To this class.
    pub class: ArchiveClass,
}

/// A cheaper storage class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArchiveClass {
    /// `glacier`: Glacier Flexible Retrieval. It is read after minutes or hours, once restored.
    Glacier,
    /// `deep-archive`: Glacier Deep Archive. It is read after half a day or two, once restored.
    DeepArchive,
    /// `glacier-ir`: Glacier Instant Retrieval. It is read at once.
    GlacierIr,
    /// `standard-ia`: Standard-Infrequent Access. It is read at once.
    StandardIa,
}

impl ArchiveClass {
    /// As S3 spells it.
    pub fn s3_name(self) -> &'static str {
        match self {
            Self::Glacier => "GLACIER",
            Self::DeepArchive => "DEEP_ARCHIVE",
            Self::GlacierIr => "GLACIER_IR",
            Self::StandardIa => "STANDARD_IA",
        }
    }

    /// For how many days an object in it is paid, also when it is deleted before.
    pub fn billed_days(self) -> u32 {
        match self {
            Self::Glacier | Self::GlacierIr => 90,
            Self::DeepArchive => 180,
            Self::StandardIa => 30,
        }
    }

    /// How old an object has to be at least before it may move there.
    pub fn least_age_days(self) -> u32 {
        match self {
            Self::StandardIa => 30,
            Self::Glacier | Self::DeepArchive | Self::GlacierIr => 1,
        }
    }

    /// Whether an object in it has to be restored before it can be read.
    pub fn has_to_be_restored(self) -> bool {
        matches!(self, Self::Glacier | Self::DeepArchive)
    }
}

impl Retention {
    /// What is worth knowing of it, and no mistake.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(days) = self.output_expire_after_days {
            notes.push(format!(
                "a day's output expires after {days} days by `emrys gc`, and after runs that succeed: no rule of a bucket does that"
            ));
        }
        let Some(archive) = self.archive else { return notes };
        let (class, billed) = (archive.class.s3_name(), archive.class.billed_days());
        notes.push(format!(
            "objects under 128 KB do not move to {class} unless the bucket says otherwise (TransitionDefaultMinimumObjectSize)"
        ));
        if archive.class.has_to_be_restored() {
            notes.push(format!(
                "a day can be run again from its raw logs until they are {} days old; after that they have to be restored from {class} first",
                archive.after_days
            ));
        }
        if let Some(expire) = self.expire_after_days.filter(|expire| expire - archive.after_days < billed) {
            notes.push(format!(
                "raw logs are deleted {} days after they moved to {class}, and S3 bills {billed} days there at least",
                expire - archive.after_days
            ));
        }
        notes
    }
}

/// As far as it could be read.
pub(super) fn read(mut section: Section<'_, '_>) -> Retention {
    let days = "days, counted from when an object was written; a hundred years are the most";
    let after_days = section.integer("archive-after-days", 1..=36_500, days);
    let classes = [
        ("glacier", ArchiveClass::Glacier),
        ("deep-archive", ArchiveClass::DeepArchive),
        ("glacier-ir", ArchiveClass::GlacierIr),
        ("standard-ia", ArchiveClass::StandardIa),
    ];
    let class = section.parsed("archive-class", |text| values::one_of(text, &classes));
    let class = class.unwrap_or(ArchiveClass::Glacier);
    let retention = Retention {
        archive: after_days.map(|after_days| Archive { after_days, class }),
        expire_after_days: section.integer("expire-after-days", 1..=36_500, days),
        logs_expire_after_days: section.integer("logs-expire-after-days", 1..=36_500, days),
        output_expire_after_days: section.integer(
            "output-expire-after-days",
            1..=36_500,
            "days, counted from the end of the day's last attempt; a hundred years are the most",
        ),
        superseded_expire_after_hours: section
            .integer(
                "superseded-expire-after-hours",
                LEAST_GRACE_HOURS..=876_000,
                "hours; queries that began before need their time, so a day is the least",
            )
            .unwrap_or(LEAST_GRACE_HOURS),
        abort_uploads_after_days: section
            .integer("abort-uploads-after-days", 1..=36_500, "left out, it is 7")
            .unwrap_or(7),
    };
    section.finish();
    retention
}

/// What S3 would refuse, and rules that would take away what is still needed.
pub(super) fn contradictions(draft: &Draft, reader: &Reader<'_>) {
    let Some(retention) = &draft.retention else { return };
    let (after, class, expire) =
        ("retention.archive-after-days", "retention.archive-class", "retention.expire-after-days");
    if retention.archive.is_none() && reader.was_given(class) && reader.is_certain(after) {
        let wrong = Wrong::new("this says nothing without `archive-after-days`");
        reader.wrong_at(class, wrong.hint("add archive-after-days = 90, for example"));
    }
    if let Some(archive) = retention.archive.filter(|_| reader.is_certain(class)) {
        let least = archive.class.least_age_days();
        if archive.after_days < least {
            let message =
                format!("S3 moves no object to {} before it is {least} days old", archive.class.s3_name());
            reader.wrong_at(
                after,
                Wrong::new(message).hint(format!("make it {least} or more, or name another class")),
            );
        }
    }
    if let Some((archive, days)) = retention.archive.zip(retention.expire_after_days)
        && days <= archive.after_days
    {
        let message =
            format!("the logs would be deleted after {days} days, and archived after {}", archive.after_days);
        reader.wrong_at(
            expire,
            Wrong::new(message).hint("delete them later than that, or do not archive them"),
        );
    }
    covered(draft, reader);
}

/// A rule means every object whose key begins with its prefix, those that move with it as those that are deleted: what
/// tables serve and what runs rely on must not be among them, and nobody else's.
fn covered(draft: &Draft, reader: &Reader<'_>) {
    let source = draft.source.as_ref();
    let source_key = ["archive-after-days", "expire-after-days"]
        .map(|key| format!("retention.{key}"))
        .into_iter()
        .find(|key| reader.was_given(key));
    if let Some((key, source)) = source_key.zip(source) {
        let hint = "give the raw logs a folder of their own, with the placeholders below it";
        if let Some(prefix) = pipeline::source_prefix(source) {
            let rule = Rule { key: &key, whose: "the raw logs", prefix: &prefix, hint };
            rule.refuse_what_it_covers(draft, reader);
        } else {
            let message =
                format!("`{}` has a placeholder in its bucket, and a rule is one bucket's", source.uri);
            reader.wrong_at(&key, Wrong::new(message).hint(hint));
        }
    }
    let logs = draft.cluster.log_uri.clone().or_else(|| Some(pipeline::log_folder(draft.state.as_ref()?)));
    let key = "retention.logs-expire-after-days";
    if let Some(logs) = logs.filter(|_| reader.was_given(key) && reader.is_certain("cluster.log-uri")) {
        let hint = "give EMR's logs a folder of their own: `[cluster] log-uri`";
        Rule { key, whose: "EMR's logs", prefix: &logs, hint }.refuse_what_it_covers(draft, reader);
    }
}

/// A rule of a bucket that moves or deletes.
struct Rule<'a> {
    /// The key that asks for it.
    key: &'a str,
    /// What it is for.
    whose: &'a str,
    prefix: &'a S3Uri,
    hint: &'a str,
}

impl Rule<'_> {
    fn refuse_what_it_covers(&self, draft: &Draft, reader: &Reader<'_>) {
        let Self { key, whose, prefix, hint } = self;
        if prefix.key().is_empty() {
            let message = format!(
                "the rule for {whose} means everything in the bucket {}, whatever else lies there",
                prefix.bucket()
            );
            let hint = format!("{hint}; of a bucket that holds nothing else, write the rule yourself");
            reader.wrong_at(key, Wrong::new(message).hint(hint));
            return;
        }
        if !prefix.is_folder() {
            let message = format!(
                "the rule for {whose} means everything whose address begins with {prefix}, also in other folders: no `/` stands before the first placeholder"
            );
            reader.wrong_at(key, Wrong::new(message).hint(*hint));
            return;
        }
        for (what, uri) in needed(draft).into_iter().filter(|(what, _)| what != whose) {
            if prefix.contains(&uri) {
                let message = format!(
                    "the rule for {whose} means everything under {prefix}, and that is also {what}, {uri}"
                );
                reader.wrong_at(key, Wrong::new(message).hint(*hint));
            }
        }
    }
}

/// What a rule for something else must not reach, as far as the file names it.
fn needed(draft: &Draft) -> Vec<(String, S3Uri)> {
    let mut needed: Vec<(String, S3Uri)> = Vec::new();
    let mut add = |what: &str, uri: Option<S3Uri>| needed.extend(uri.map(|uri| (what.to_owned(), uri)));
    add("the output", draft.output.as_ref().map(|output| output.uri.clone()));
    add("the state", draft.state.as_ref().map(|state| state.uri.clone()));
    add("the raw logs", draft.source.as_ref().and_then(pipeline::source_prefix));
    // Where nothing is said of these two, they lie in the state.
    add("EMR's logs", draft.cluster.log_uri.clone());
    add("the results of queries", draft.catalog.as_ref().and_then(|catalog| catalog.query_results.clone()));
    for (key, file) in draft.job.iter().flat_map(JobDraft::files) {
        if let Script::S3(uri) = file {
            add(&format!("`{key}`"), Some(uri.clone()));
        }
    }
    for (index, script) in draft.cluster.bootstrap_scripts.iter().enumerate() {
        add(&format!("`cluster.bootstrap[{index}].script`"), Some(script.clone()));
    }
    for step in &draft.steps {
        for file in step.whole.iter().flat_map(CustomStep::files) {
            add(&format!("a file of the step `{}`", step.path), file.on(Day::SAMPLE).parse().ok());
        }
    }
    needed
}
