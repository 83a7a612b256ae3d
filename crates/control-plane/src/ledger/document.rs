//! What the ledger's object holds.
//!
//! A JSON object. Its format has two numbers: `version`, which the writer wrote by, and `readable-since`, the oldest
//! version whose readers understand it. A reader takes whatever is readable for it; a writer leaves a document of a
//! later version alone, because it would drop what it does not know. Fields that a reader can do without may be added
//! under a new `version` with the old `readable-since`; anything else raises both.

use emrys_core::day::Day;
use emrys_core::run::{IllegalEvent, Recorded, State};
use emrys_core::spec::Spec;
use serde::{Deserialize, Serialize};

use super::lease::Lease;

/// The version that this program writes, and the oldest whose readers understand it: 2 added the events of guards,
/// of surplus clusters, of termination protection and of overdue ends, and attempts that follow by themselves; 3 those of
/// what the catalog was found to serve, and of output that goes.
const VERSION: u32 = 3;

/// A whole ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Document {
    format: Format,
    /// The pipeline that it is of.
    pipeline: String,
    /// The day that it is of.
    day: Day,
    /// How often the lease was given to someone else, plus one. It never falls, so that who writes by an old lease is
    /// told from who holds it now.
    pub(super) fence: u64,
    /// Who drives the run just now; nobody, when the last one let go.
    pub(super) lease: Option<Lease>,
    /// Fresh with every write: by it a writer knows its own write again, after an answer that was lost.
    pub(super) revision: String,
    /// Everything that happened.
    pub(super) events: Vec<Recorded>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Format {
    version: u32,
    readable_since: u32,
}

impl Format {
    /// What this program writes.
    const OURS: Self = Self { version: VERSION, readable_since: VERSION };
}

/// As much of a ledger as every reader understands.
#[derive(Debug, Deserialize)]
struct Head {
    format: Format,
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
    #[error("{uri} was written by a later version of emrys (format {found}; this one knows {VERSION})")]
    TooNew {
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
            Self::Deleted { .. } => {
                "a cluster may still be at work: `emrys sweep` finds it, and ends it with `--terminate`. Nothing below `[state] uri` may be deleted while a run is in flight"
            }
        }
    }
}

impl Document {
    /// A ledger without an event and without a holder.
    pub(super) fn new(spec: &Spec) -> Self {
        Self {
            format: Format::OURS,
            pipeline: spec.pipeline().to_owned(),
            day: spec.day,
            fence: 0,
            lease: None,
            revision: String::new(),
            events: Vec::new(),
        }
    }

    /// Reads a ledger that is to be read only.
    pub(super) fn decode(bytes: &[u8], uri: &str) -> Result<Self, LedgerError> {
        let unreadable =
            |why: serde_json::Error| LedgerError::Unreadable { uri: uri.to_owned(), why: why.to_string() };
        // The format first: a later one may have any other fields.
        let Head { format } = serde_json::from_slice(bytes).map_err(unreadable)?;
        if format.readable_since > VERSION {
            return Err(LedgerError::TooNew { uri: uri.to_owned(), found: format.version });
        }
        serde_json::from_slice(bytes).map_err(unreadable)
    }

    /// Whoever writes a ledger of an earlier version writes it as one of this version from then on.
    pub(super) fn encode(&self) -> Vec<u8> {
        let ours = Self { format: Format::OURS, ..self.clone() };
        // Of strings, numbers and enums: there is nothing in it that JSON could not hold.
        let mut bytes = serde_json::to_vec_pretty(&ours).expect("a ledger as JSON");
        bytes.push(b'\n');
        bytes
    }

    /// Whether this program may write it.
    pub(super) fn check_writable(&self, uri: &str) -> Result<(), LedgerError> {
        if self.format.version > VERSION {
            return Err(LedgerError::TooNew { uri: uri.to_owned(), found: self.format.version });
        }
        Ok(())
    }

    /// The state that its events tell, after a check that it is the right ledger.
    pub(crate) fn state(&self, spec: &Spec) -> Result<State, LedgerError> {
        let uri = || spec.ledger_uri().to_string();
        if self.pipeline != spec.pipeline() || self.day != spec.day {
            return Err(LedgerError::OtherRun { uri: uri(), pipeline: self.pipeline.clone(), day: self.day });
        }
        let mut state = State::default();
        for recorded in &self.events {
            state.apply(recorded).map_err(|source| LedgerError::Illegal { uri: uri(), source })?;
        }
        Ok(state)
    }

    /// Who drives the run, as far as the ledger knows.
    pub(crate) fn driven_by(&self) -> Option<(&super::Holder, jiff::Timestamp)> {
        self.lease.as_ref().map(|lease| (&lease.holder, lease.since))
    }

    /// Everything that happened.
    pub(crate) fn events(&self) -> &[Recorded] {
        &self.events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URI: &str = "s3://b/emrys/web-logs/2024-10-20/ledger.json";

    fn document() -> serde_json::Value {
        serde_json::json!({
            "format": {"version": VERSION, "readable-since": VERSION},
            "pipeline": "web-logs",
            "day": "2024-10-20",
            "fence": 3,
            "lease": null,
            "revision": "00f1",
            "events": [{"seq": 1, "at": "2024-10-21T03:00:00Z", "fence": 1, "event": {"type": "opened", "ledger": "1d"}}],
        })
    }

    fn decode(value: &serde_json::Value) -> Result<Document, LedgerError> {
        Document::decode(value.to_string().as_bytes(), URI)
    }

    #[test]
    fn what_is_written_can_be_read() {
        let read = decode(&document()).unwrap();
        assert_eq!(read.fence, 3);
        assert_eq!(read.events.len(), 1);
        assert_eq!(Document::decode(&read.encode(), URI), Ok(read));
    }

    /// Old reader, new writer: readable means readable, and only that.
    #[test]
    fn a_later_version_is_read_where_it_can_be_and_never_written() {
        let mut later = document();
        later["format"] = serde_json::json!({"version": VERSION + 1, "readable-since": 1});
        later["news"] = true.into();
        let read = decode(&later).unwrap();
        assert_eq!(read.check_writable(URI), Err(too_new()));
        assert_eq!(decode(&document()).unwrap().check_writable(URI), Ok(()));

        later["format"]["readable-since"] = (VERSION + 1).into();
        later["events"] = "in another form".into();
        assert_eq!(decode(&later), Err(too_new()));
    }

    fn too_new() -> LedgerError {
        LedgerError::TooNew { uri: URI.into(), found: VERSION + 1 }
    }

    /// New reader, old writer. What this version adds, the old one must not take for its own: it is told so.
    #[test]
    fn an_earlier_version_is_read_and_written_on_as_this_one() {
        let mut earlier = document();
        earlier["format"] = serde_json::json!({"version": 1, "readable-since": 1});
        let read = decode(&earlier).unwrap();
        assert_eq!(read.check_writable(URI), Ok(()));
        let written: serde_json::Value = serde_json::from_slice(&read.encode()).unwrap();
        assert_eq!(written["format"], document()["format"]);
        assert_eq!(written["events"][0], earlier["events"][0]);
    }

    #[test]
    fn something_else_is_no_ledger() {
        for bytes in [&b""[..], b"<html>", b"{}", b"{\"format\":{\"version\":1,\"readable-since\":1}}"] {
            let error = Document::decode(bytes, URI).unwrap_err();
            assert!(matches!(error, LedgerError::Unreadable { .. }), "{error}");
        }
    }
}
