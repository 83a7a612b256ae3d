//! What the check of an output said.

use serde::{Deserialize, Serialize};

use crate::day::Day;

/// The manifest's name in the output folder.
pub const MANIFEST_FILE: &str = "manifest.json";

/// What the check of an output said.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Everything that is wrong; nothing, when the output is good.
    #[serde(default)]
    pub problems: Vec<Problem>,
    /// What became of the rows; unknown without a manifest.
    #[serde(default)]
    pub rows: Option<Rows>,
    /// What was among them; unknown without a manifest.
    #[serde(default)]
    pub counts: Option<Counts>,
    /// How many files there are, the manifest not counted.
    #[serde(default)]
    pub files: u64,
    /// Their sizes together, in bytes.
    #[serde(default)]
    pub bytes: u64,
}

impl Verdict {
    /// How many problems there are, those included that are only counted.
    pub fn problem_count(&self) -> u64 {
        let counts = self.problems.iter().map(|problem| match problem {
            Problem::More { count } => *count,
            _ => 1,
        });
        counts.sum()
    }

    /// Whether the output is what it has to be.
    pub fn is_good(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Something that is wrong with an output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Problem {
    /// There is no manifest.
    ManifestAbsent,
    /// The manifest cannot be read.
    ManifestUnreadable {
        /// What is wrong with it.
        why: String,
    },
    /// The manifest is of another run.
    OtherRun {
        /// The run that it names.
        found: String,
        /// The run whose folder it lies in.
        expected: String,
    },
    /// The manifest is of another day.
    OtherDay {
        /// The day that it names.
        found: Day,
        /// The day of the run.
        expected: Day,
    },
    /// Rows went missing, or came from nowhere.
    RowsDoNotAddUp(Rows),
    /// Too many rows could not be understood.
    TooManyRejects {
        /// The rows.
        rows: Rows,
        /// The share that is allowed.
        limit: f64,
    },
    /// The manifest names a file that is not there.
    FileMissing {
        /// Its path.
        path: String,
    },
    /// The manifest names a file twice.
    FileTwice {
        /// Its path.
        path: String,
    },
    /// A file is there that the manifest does not name.
    FileUnexpected {
        /// Its path.
        path: String,
    },
    /// A file has another size than the manifest says.
    FileSize {
        /// Its path.
        path: String,
        /// The size that it has.
        found: u64,
        /// The size that the manifest says.
        expected: u64,
    },
    /// There is no file with anything in it.
    NothingWritten,
    /// A table that is to be published has no file with anything in it that the attempt can have written.
    TableNotWritten {
        /// Its name.
        table: String,
        /// Its folder, below that of the attempt; empty where it is that one.
        folder: String,
    },
    /// There are more problems than are listed.
    More {
        /// How many.
        count: u64,
    },
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ManifestAbsent => write!(f, "there is no {MANIFEST_FILE} in the output folder"),
            Self::ManifestUnreadable { why } => write!(f, "{MANIFEST_FILE} cannot be read: {why}"),
            Self::OtherRun { found, expected } => {
                write!(f, "the manifest is of the run {found}, and the folder of {expected}")
            }
            Self::OtherDay { found, expected } => {
                write!(f, "the manifest is of the day {found}, and the run of {expected}")
            }
            Self::RowsDoNotAddUp(Rows { read, parsed, rejected }) => {
                write!(
                    f,
                    "{read} rows were read, and {parsed} parsed and {rejected} rejected: they do not add up"
                )
            }
            Self::TooManyRejects { rows, limit } => write!(
                f,
                "{} of {} rows were rejected, more than the share of {limit} that `[limits] max-reject-ratio` allows",
                rows.rejected, rows.read
            ),
            Self::FileMissing { path } => write!(f, "the manifest names {path}, and it is not there"),
            Self::FileTwice { path } => write!(f, "the manifest names {path} twice"),
            Self::FileUnexpected { path } => write!(f, "the manifest does not name {path}, and it is there"),
            Self::FileSize { path, found, expected } => {
                write!(f, "{path} has {found} bytes, and the manifest says {expected}")
            }
            Self::More { count } => write!(f, "and {count} more"),
            Self::TableNotWritten { table, folder } => write!(
                f,
                "nothing was written for the table {table}: no file with anything in it, and newer than the attempt's begin, lies in {{output}}{folder}"
            ),
            Self::NothingWritten => f.write_str("there is no file with anything in it in the output folder"),
        }
    }
}

impl Problem {
    /// What can be done about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::ManifestAbsent | Self::ManifestUnreadable { .. } => {
                "the job did not come to its end, although its step says COMPLETED: look at the step's log"
            }
            Self::OtherRun { .. } | Self::OtherDay { .. } => {
                "something else wrote into the folder of this run: look at who may write below `[output] uri`"
            }
            Self::RowsDoNotAddUp(_) => "this is a mistake in the job: its output cannot be trusted",
            Self::TooManyRejects { .. } => {
                "the table `rejects` below the attempt's folder, which is not published, has reasons and samples; raise `[limits] max-reject-ratio` if this share is normal"
            }
            Self::FileMissing { .. }
            | Self::FileTwice { .. }
            | Self::FileUnexpected { .. }
            | Self::FileSize { .. }
            | Self::More { .. } => {
                "something else wrote or deleted below the output folder, or two copies of the job ran: run the day again"
            }
            Self::TableNotWritten { .. } => {
                "the job writes the table elsewhere, or not on every day: see its `folder` in `[[catalog.tables]]`; an empty table of Parquet has a file, too"
            }
            Self::NothingWritten => {
                "the job wrote elsewhere, or nothing: it should write below {output}, or else below `[output] uri` and the day"
            }
        }
    }
}

/// What became of the rows of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rows {
    /// All that there were.
    pub read: u64,
    /// Those that count.
    pub parsed: u64,
    /// Those that could not be understood; each is in the table `rejects`.
    pub rejected: u64,
}

/// What was among the rows that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Requests.
    pub access: u64,
    /// Entries of an error log.
    pub errors: u64,
    /// Requests that were answered with a status of 500 or above.
    pub error_responses: u64,
}
