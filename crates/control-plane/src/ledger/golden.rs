//! Ledgers of this version, kept as they were written: they fold, and are written again byte for byte. Between them
//! each event occurs, with each effect, so that no name in the record changes unnoticed.

use std::collections::BTreeSet;

use emrys_core::record::{Effect, Event, Outcome};
use emrys_core::spec::Spec;

use super::document::Document;

const LEDGERS: [(&str, &str); 3] = [
    ("a good day", include_str!("../../tests/fixtures/ledgers/good-day.json")),
    ("a hard day", include_str!("../../tests/fixtures/ledgers/hard-day.json")),
    ("a refused day", include_str!("../../tests/fixtures/ledgers/refused-day.json")),
];

/// The run that the ledgers are of.
pub(super) fn spec() -> Spec {
    let pipeline = include_str!("../../../../tests/fixtures/pipeline.toml");
    let config = emrys_core::pipeline_file::read("emrys.toml", pipeline).unwrap();
    Spec::new(config, "2024-10-20".parse().unwrap(), crate::built_in_job()).unwrap()
}

fn read(name: &str, ledger: &str) -> Document {
    Document::decode(ledger.as_bytes(), name).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn ledgers_of_this_version_fold_and_are_written_again_byte_for_byte() {
    let outcomes = LEDGERS.map(|(name, ledger)| {
        let document = read(name, ledger);
        assert_eq!(String::from_utf8(document.encode()).unwrap(), ledger, "{name}");
        document.check_writable(name).unwrap();
        document.state(&spec()).unwrap_or_else(|error| panic!("{name}: {error:?}")).outcome()
    });
    assert_eq!(outcomes, [Outcome::Succeeded, Outcome::Cancelled, Outcome::Refused].map(Some));
}

#[test]
fn every_event_occurs_in_them() {
    let mut found = BTreeSet::new();
    for (name, ledger) in LEDGERS {
        for recorded in read(name, ledger).events() {
            found.insert(kind(&recorded.event));
            if let Event::ActionFinished { effect } = &recorded.event {
                found.insert(KINDS + effect_kind(effect));
            }
        }
    }
    let missing: Vec<u32> = (0..KINDS + EFFECTS).filter(|kind| !found.contains(kind)).collect();
    assert!(missing.is_empty(), "no golden ledger has {missing:?}");
}

/// How many events there are.
const KINDS: u32 = 32;
/// How many effects.
const EFFECTS: u32 = 9;

/// A number for each event, without a gap. A new event needs one here, and its place in a golden ledger.
fn kind(event: &Event) -> u32 {
    match event {
        Event::Opened { .. } => 0,
        Event::AttemptStarted { .. } => 1,
        Event::AttemptRefused { .. } => 2,
        Event::LaunchIntended(_) => 3,
        Event::ActionFinished { .. } => 4,
        Event::LaunchRefused { .. } => 5,
        Event::LaunchUnclear { .. } => 6,
        Event::LaunchResolved { .. } => 7,
        Event::LateLaunchesChecked { .. } => 8,
        Event::DuplicateProtected { .. } => 9,
        Event::ProtectionChanged { .. } => 10,
        Event::TerminationOverdue { .. } => 11,
        Event::ClusterStateChanged { .. } => 12,
        Event::StepStateChanged { .. } => 13,
        Event::GuardGroupChecked { .. } => 14,
        Event::GuardLost => 15,
        Event::GuardGivenUp { .. } => 16,
        Event::Verified { .. } => 17,
        Event::Diagnosed { .. } => 18,
        Event::CancelRequested { .. } => 19,
        Event::AttemptEnded { .. } => 20,
        Event::PublishIntended { .. } => 21,
        Event::PublishGivenUp { .. } => 22,
        Event::CatalogDrifted { .. } => 23,
        Event::DayExpiring => 24,
        Event::DayExpired => 25,
        Event::DeletingOutput { .. } => 26,
        Event::OutputDeleted { .. } => 27,
        Event::AlarmChecked { .. } => 28,
        Event::ReportGivenUp { .. } => 29,
        Event::Closed { .. } => 30,
        Event::Reopened { .. } => 31,
    }
}

/// The same for effects.
fn effect_kind(effect: &Effect) -> u32 {
    match effect {
        Effect::JobStaged => 0,
        Effect::Launched { .. } => 1,
        Effect::TerminateRequested { .. } => 2,
        Effect::Unprotected { .. } => 3,
        Effect::GuardCreated { .. } => 4,
        Effect::GuardRemoved => 5,
        Effect::Published { .. } => 6,
        Effect::MetricsPublished => 7,
        Effect::AlarmPut => 8,
    }
}
