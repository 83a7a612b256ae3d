//! What is told about a run while it is driven.

use emrys_core::day::Day;
use emrys_core::record::{CallError, Recorded};
use emrys_core::run::{Action, Observation, Probe, State, WaitReason};
use jiff::Timestamp;

use crate::holder::Holder;
use crate::removed::Removed;
use crate::stop::Stop;

/// Someone who is told what happens. Every method may be left out.
pub trait RunListener {
    /// Another process holds the lease, and may be gone: it is waited for a sign of life.
    fn lease_is_held(&mut self, holder: &Holder, until: Timestamp) {
        let _ = (holder, until);
    }

    /// Another process drives the run, and it is read along from here on; so much of it was recorded before.
    fn follows(&mut self, holder: &Holder, since: Timestamp, state: &State) {
        let _ = (holder, since, state);
    }

    /// The run is driven from here on; so much of it was recorded before.
    fn began(&mut self, state: &State) {
        let _ = state;
    }

    /// An event was recorded. It stands in the ledger by now.
    fn recorded(&mut self, event: &Recorded, state: &State) {
        let _ = (event, state);
    }

    /// A question was answered, or not.
    fn observed(&mut self, probe: &Probe, observation: Result<&Observation, &CallError>) {
        let _ = (probe, observation);
    }

    /// Something is about to be done to AWS.
    fn executing(&mut self, action: &Action) {
        let _ = action;
    }

    /// Something that was to be done to AWS met trouble, and is tried again.
    fn action_failed(&mut self, action: &Action, error: &CallError) {
        let _ = (action, error);
    }

    /// It is waited.
    fn waiting(&mut self, until: Timestamp, why: &WaitReason, state: &State) {
        let _ = (until, why, state);
    }

    /// After the run, output of a day was removed that nobody needs any more.
    fn collected(&mut self, day: Day, removed: &[Removed]) {
        let _ = (day, removed);
    }

    /// Such output could not be looked for, or not be removed, or the user stopped that; it fails no run.
    fn garbage_collection_failed(&mut self, stop: &Stop) {
        let _ = stop;
    }
}

/// Nobody is told.
impl RunListener for () {}
