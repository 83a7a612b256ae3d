//! What is wrong with a ledger, and which versions of it this program knows.

use emrys_core::day::Day;
use emrys_core::run::IllegalEvent;
use serde::Serialize;

/// The version of the ledger's format that this program writes. 4 is the first with the names that events have now.
pub(crate) const VERSION: u32 = 4;
/// The oldest version that this program reads.
pub(crate) const OLDEST: u32 = 4;

/// The first event of a ledger that this version does not know. What comes after it cannot be understood without it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnknownEvent {
    /// Its number in the record.
    pub seq: u64,
    /// Its type, as its writer names it.
    #[serde(rename = "type")]
    pub kind: String,
}

impl std::fmt::Display for UnknownEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "event {} ({})", self.seq, self.kind)
    }
}

/// What is wrong with a ledger.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// The object cannot be read as a ledger.
    #[error("{uri} is no ledger: {why}")]
    Unreadable {
        /// Its address.
        uri: String,
        /// What is wrong.
        why: String,
    },
    /// A later version of Emrys wrote it.
    #[error("{uri} was written by a later version of emrys ({})", too_new(*found, unknown.as_ref()))]
    TooNew {
        /// Its address.
        uri: String,
        /// Its format.
        found: u32,
        /// The first event that this version does not know; none where the format says enough.
        unknown: Option<UnknownEvent>,
    },
    /// An earlier version of Emrys wrote it, whose events have other names.
    #[error(
        "{uri} was written by an earlier version of emrys (format {found}; this one reads {OLDEST} and later)"
    )]
    TooOld {
        /// Its address.
        uri: String,
        /// Its format.
        found: u32,
    },
    /// It is of another run.
    #[error("{uri} is the ledger of {pipeline} on {day}")]
    OtherRun {
        /// Its address.
        uri: String,
        /// The pipeline that it names.
        pipeline: String,
        /// The day that it names.
        day: Day,
    },
    /// Its events make no sense.
    #[error("{uri} does not add up")]
    Illegal {
        /// Its address.
        uri: String,
        /// The first event that makes no sense.
        source: IllegalEvent,
    },
    /// Someone deleted it while the run was driven.
    #[error("{uri} was deleted under the run that was writing it")]
    Deleted {
        /// Its address.
        uri: String,
    },
}

impl LedgerError {
    /// What a user can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } | Self::OtherRun { .. } | Self::Illegal { .. } => {
                "look at who else writes below `[state] uri`; S3 versioning may still hold the ledger as it was"
            }
            Self::TooNew { .. } => "use the version of emrys that wrote it, or a later one",
            Self::TooOld { .. } => {
                "bring the day to its end with the version that wrote it. To run it anew with this one, move the \
                 ledger away then: `emrys sweep` shows what clusters are left of it"
            }
            Self::Deleted { .. } => {
                "a cluster may still be at work: `emrys sweep` finds it, and ends it with `--terminate`. Nothing below `[state] uri` may be deleted while a run is in flight"
            }
        }
    }
}

/// What shows that a later version wrote a ledger.
fn too_new(found: u32, unknown: Option<&UnknownEvent>) -> String {
    match unknown {
        Some(unknown) => format!("this one does not know {unknown}"),
        None => format!("format {found}; this one knows {VERSION}"),
    }
}
