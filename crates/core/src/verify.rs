//! Whether a job wrote what it had to: a step's `COMPLETED` says only that its command ended with exit code 0.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::catalog;
use crate::day::Day;
use crate::manifest::{self, Manifest};
use crate::record::{LaunchIntent, Problem, Rows, Verdict};
use crate::spec::Spec;

/// What lies in the output folder of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// The manifest.
    pub manifest: ObservedManifest,
    /// All objects below the folder, the manifest included; folder markers left out.
    pub files: Vec<OutputFile>,
}

/// One look for a manifest.
#[derive(Debug, Clone, PartialEq)]
pub enum ObservedManifest {
    /// There is none.
    Absent,
    /// There is something by its name that is none.
    Unreadable {
        /// What is wrong with it.
        why: String,
    },
    /// It is there.
    Present(Box<Manifest>),
}

impl ObservedManifest {
    /// Reads what lies at the manifest's address.
    pub fn read(bytes: &[u8]) -> Self {
        match manifest::read(bytes) {
            Ok(manifest) => Self::Present(Box::new(manifest)),
            Err(why) => Self::Unreadable { why },
        }
    }
}

/// An object in an output folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputFile {
    /// Relative to the folder.
    pub path: String,
    /// In bytes.
    pub size: u64,
    /// When S3 took it, by the clock of S3.
    pub written_at: Timestamp,
}

/// Checks what an attempt wrote that made this launch, and that began at `begun_at`.
pub fn check(spec: &Spec, intent: Option<&LaunchIntent>, begun_at: Timestamp, output: &Output) -> Verdict {
    let expected = Expected {
        run: intent.map(|intent| spec.run_id(intent)).unwrap_or_default(),
        day: spec.day,
        manifest: spec.has_manifest(),
        max_reject_ratio: spec.config.limits.max_reject_ratio,
        tables: own_tables(spec),
        begun_at,
    };
    evaluate(&expected, output)
}

/// So many problems are listed, and the others counted: the verdict is kept in the run's record, which holds what a
/// person reads.
const PROBLEMS: usize = 20;

/// What an output has to be.
#[derive(Debug, Clone)]
struct Expected {
    run: String,
    day: Day,
    /// Whether the job leaves a manifest. One that does not have to and does is held to it all the same.
    manifest: bool,
    max_reject_ratio: f64,
    /// The tables of a user's own job with their folders: nothing else says that they were written.
    tables: Vec<(String, String)>,
    /// When the attempt began.
    begun_at: Timestamp,
}

/// The tables of a user's own job with their folders; the built-in job's manifest says more.
fn own_tables(spec: &Spec) -> Vec<(String, String)> {
    let folders = catalog::folders(&spec.config).filter(|_| !spec.has_manifest());
    folders.map(|(table, folder)| (table.to_owned(), folder)).collect()
}

/// By so much may our clock be ahead of that of S3, which refuses the calls of whoever is further off
/// (`RequestTimeTooSkewed`, <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>).
const SKEW: SignedDuration = SignedDuration::from_mins(15);

fn evaluate(expected: &Expected, output: &Output) -> Verdict {
    let data = || output.files.iter().filter(|file| file.path != manifest::FILE_NAME);
    let mut verdict = Verdict {
        files: data().count().try_into().unwrap_or(u64::MAX),
        bytes: data().map(|file| file.size).sum(),
        ..Verdict::default()
    };
    match &output.manifest {
        ObservedManifest::Present(manifest) => {
            verdict.rows = Some(manifest.rows);
            verdict.counts = Some(manifest.counts);
            verdict.problems = compare(expected, manifest, output);
        }
        // A user's own job may well write something else by this name.
        ObservedManifest::Absent | ObservedManifest::Unreadable { .. } if !expected.manifest => {
            if output.files.iter().all(|file| file.size == 0) {
                verdict.problems.push(Problem::NothingWritten);
            }
        }
        ObservedManifest::Absent => verdict.problems.push(Problem::ManifestAbsent),
        ObservedManifest::Unreadable { why } => {
            verdict.problems.push(Problem::ManifestUnreadable { why: why.clone() });
        }
    }
    if verdict.problems.is_empty() {
        verdict.problems = unwritten(expected, output);
    }
    verdict
}

/// The tables of a user's own job of which nothing shows that the attempt wrote them. What begins with `_` or `.` is
/// passed over by Athena and Spark, as the signs of a job's end are.
fn unwritten(expected: &Expected, output: &Output) -> Vec<Problem> {
    let is_written = |folder: &str| {
        output.files.iter().any(|file| {
            let shown = |rest: &str| !rest.split('/').any(|part| part.starts_with(['_', '.']));
            let is_there = file.path.strip_prefix(folder).is_some_and(shown);
            let is_new = expected.begun_at.duration_since(file.written_at) <= SKEW;
            is_there && is_new && file.size > 0 && file.path != manifest::FILE_NAME
        })
    };
    let missing = expected.tables.iter().filter(|(_, folder)| !is_written(folder));
    missing
        .map(|(table, folder)| Problem::TableNotWritten { table: table.clone(), folder: folder.clone() })
        .collect()
}

fn compare(expected: &Expected, manifest: &Manifest, output: &Output) -> Vec<Problem> {
    let mut problems = Vec::new();
    if manifest.run != expected.run {
        problems.push(Problem::OtherRun { found: manifest.run.clone(), expected: expected.run.clone() });
    }
    if manifest.day != expected.day {
        problems.push(Problem::OtherDay { found: manifest.day, expected: expected.day });
    }
    let rows = manifest.rows;
    if rows.parsed.checked_add(rows.rejected) != Some(rows.read) {
        problems.push(Problem::RowsDoNotAddUp(rows));
    }
    if is_over(rows, expected.max_reject_ratio) {
        problems.push(Problem::TooManyRejects { rows, limit: expected.max_reject_ratio });
    }
    problems.extend(compare_files(manifest, output));
    let more = problems.len().saturating_sub(PROBLEMS);
    if more > 0 {
        problems.truncate(PROBLEMS);
        problems.push(Problem::More { count: more.try_into().unwrap_or(u64::MAX) });
    }
    problems
}

/// Whether more than this share was rejected. No row at all is no reject.
fn is_over(rows: Rows, limit: f64) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "a ratio needs no more than 53 bits of each")]
    let (rejected, read) = (rows.rejected as f64, rows.read as f64);
    rejected > limit * read
}

/// The listing must be the manifest's files, and the manifest itself: nothing less and nothing more.
fn compare_files(manifest: &Manifest, output: &Output) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut named = BTreeMap::new();
    for file in manifest.tables.iter().flat_map(|table| &table.files) {
        if named.insert(file.path.as_str(), file.size).is_some() {
            problems.push(Problem::FileTwice { path: file.path.clone() });
        }
    }
    for file in output.files.iter().filter(|file| file.path != manifest::FILE_NAME) {
        match named.remove(file.path.as_str()) {
            None => problems.push(Problem::FileUnexpected { path: file.path.clone() }),
            Some(size) if size != file.size => {
                problems.push(Problem::FileSize {
                    path: file.path.clone(),
                    found: file.size,
                    expected: size,
                });
            }
            Some(_) => {}
        }
    }
    problems.extend(named.into_keys().map(|path| Problem::FileMissing { path: path.to_owned() }));
    problems
}
