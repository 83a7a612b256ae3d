//! What the ledger's object holds.
//!
//! A JSON object. Its format has two numbers: `version`, which the writer wrote by, and `readable-since`, the oldest
//! version whose readers understand it.
//!
//! # Between versions
//!
//! An older function may drive beside a newer command, and a version may be rolled back. So:
//!
//! - A document whose `readable-since` is later than this version is not read: [`LedgerError::TooNew`].
//! - A document of a later `version` is read. Its events are folded up to the first that this version does not know, as
//!   a whole ([`super::events`]). `status` and `runs` show that much, and say that a later version wrote it.
//! - Nobody writes a document of a later version, or one with an unknown event, whatever its `version` says: what is
//!   unknown would be dropped. Nobody decides by it either: [`Document::state`] is an error then.
//! - A document of an earlier version than the oldest that is read is not read: [`LedgerError::TooOld`].
//!
//! # How an event is added
//!
//! Raise `VERSION`, keep `readable-since`, and add golden ledgers of the new version beside those of the old ones in
//! `tests/fixtures/ledgers`, which must still fold. Two more recorded intents have their room there: a notification
//! (`notification_intended` with an id that stays the same, then an [`Effect`](emrys_core::record::Effect) or that it
//! was given up) and what a schedule needs. Each is an intent before its call, and its outcome after, as with a launch.
//! A field of the document itself that a reader can do without is added in the same way. What older readers would get
//! wrong raises both numbers.

use emrys_core::day::Day;
use emrys_core::record::Recorded;
use emrys_core::run::State;
use emrys_core::spec::Spec;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::events;
use super::lease::Lease;
use crate::ledger_error::{LedgerError, OLDEST, UnknownEvent, VERSION};

/// The oldest version whose readers understand what this program writes.
const READABLE_SINCE: u32 = 4;

/// A whole ledger, as far as this version knows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
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
    /// Everything that happened, up to the first event that this version does not know.
    pub(super) events: Vec<Recorded>,
    /// That event. A document with one is not written.
    #[serde(skip)]
    unknown: Option<UnknownEvent>,
}

/// A ledger as it is read: which of its events are known shows then.
#[derive(Debug, Deserialize)]
struct Raw {
    format: Format,
    pipeline: String,
    day: Day,
    fence: u64,
    lease: Option<Lease>,
    revision: String,
    events: Vec<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Format {
    version: u32,
    readable_since: u32,
}

impl Format {
    /// What this program writes.
    const OURS: Self = Self { version: VERSION, readable_since: READABLE_SINCE };
}

/// As much of a ledger as every reader understands.
#[derive(Debug, Deserialize)]
struct Head {
    format: Format,
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
            unknown: None,
        }
    }

    /// Reads a ledger that is to be read only.
    pub(super) fn decode(bytes: &[u8], uri: &str) -> Result<Self, LedgerError> {
        let unreadable =
            |why: serde_json::Error| LedgerError::Unreadable { uri: uri.to_owned(), why: why.to_string() };
        // The format first: a later one may have any other fields.
        let Head { format } = serde_json::from_slice(bytes).map_err(unreadable)?;
        if format.readable_since > VERSION {
            return Err(LedgerError::TooNew { uri: uri.to_owned(), found: format.version, unknown: None });
        }
        if format.version < OLDEST {
            return Err(LedgerError::TooOld { uri: uri.to_owned(), found: format.version });
        }
        let raw: Raw = serde_json::from_slice(bytes).map_err(unreadable)?;
        let (events, unknown) = events::read(raw.events).map_err(unreadable)?;
        let Raw { format, pipeline, day, fence, lease, revision, .. } = raw;
        Ok(Self { format, pipeline, day, fence, lease, revision, events, unknown })
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
        if self.format.version > VERSION || self.unknown.is_some() {
            let (found, unknown) = (self.format.version, self.unknown.clone());
            return Err(LedgerError::TooNew { uri: uri.to_owned(), found, unknown });
        }
        Ok(())
    }

    /// The state that its events tell, after a check that it is the right ledger. Where not all of them are known,
    /// nobody may decide by it: an error then.
    pub(crate) fn state(&self, spec: &Spec) -> Result<State, LedgerError> {
        let state = self.known_state(spec)?;
        match &self.unknown {
            None => Ok(state),
            Some(unknown) => Err(LedgerError::TooNew {
                uri: spec.ledger_uri().to_string(),
                found: self.format.version,
                unknown: Some(unknown.clone()),
            }),
        }
    }

    /// The same up to the first event that is not known, to be shown.
    pub(crate) fn known_state(&self, spec: &Spec) -> Result<State, LedgerError> {
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
    pub(crate) fn driven_by(&self) -> Option<(&crate::holder::Holder, jiff::Timestamp)> {
        self.lease.as_ref().map(|lease| (&lease.holder, lease.since))
    }

    /// Everything that happened, up to the first event that is not known.
    pub(crate) fn events(&self) -> &[Recorded] {
        &self.events
    }

    /// The first event that this version does not know.
    pub(crate) fn unknown(&self) -> Option<&UnknownEvent> {
        self.unknown.as_ref()
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
        LedgerError::TooNew { uri: URI.into(), found: VERSION + 1, unknown: None }
    }

    /// An event that this version does not know: what came before it is shown, and nothing is decided or written by it,
    /// whatever number its writer gave the format.
    #[test]
    fn a_ledger_with_an_unknown_event_is_shown_and_left_as_it_is() {
        let spec = crate::ledger::golden::spec();
        for version in [VERSION, VERSION + 1] {
            let mut later = document();
            later["format"]["version"] = version.into();
            let event = serde_json::json!({"type": "notification_intended", "id": "n-1", "of": "failed"});
            let recorded =
                serde_json::json!({"seq": 2, "at": "2024-10-21T03:00:01Z", "fence": 1, "event": event});
            later["events"].as_array_mut().unwrap().push(recorded);
            let read = decode(&later).unwrap();
            assert_eq!(read.known_state(&spec).unwrap().seq(), 1);
            let uri = spec.ledger_uri().to_string();
            let unknown = UnknownEvent { seq: 2, kind: "notification_intended".to_owned() };
            let too_new = LedgerError::TooNew { uri: uri.clone(), found: version, unknown: Some(unknown) };
            let why = "this one does not know event 2 (notification_intended)";
            assert_eq!(too_new.to_string(), format!("{uri} was written by a later version of emrys ({why})"));
            assert_eq!(read.state(&spec).unwrap_err(), too_new);
            assert_eq!(read.check_writable(&uri), Err(too_new));
        }
    }

    /// New reader, old writer: its events have other names.
    #[test]
    fn an_earlier_version_is_not_read() {
        for version in 1..OLDEST {
            let mut earlier = document();
            earlier["format"] = serde_json::json!({"version": version, "readable-since": version});
            earlier["events"] = "in another form".into();
            let error = decode(&earlier).unwrap_err();
            assert_eq!(error, LedgerError::TooOld { uri: URI.into(), found: version });
            assert!(error.hint().contains("the version that wrote it"));
        }
    }

    #[test]
    fn something_else_is_no_ledger() {
        for bytes in [&b""[..], b"<html>", b"{}", b"{\"format\":{\"version\":4,\"readable-since\":4}}"] {
            let error = Document::decode(bytes, URI).unwrap_err();
            assert!(matches!(error, LedgerError::Unreadable { .. }), "{error}");
        }
    }
}
