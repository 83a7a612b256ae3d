//! What is told about a run while it is driven.

use emrys_core::day::Day;
use emrys_core::run::{Action, Answer, Query, Recorded, State, Trouble, Why};
use jiff::Timestamp;

use crate::gc::Removed;
use crate::ledger::Holder;
use crate::stop::Stop;

/// Someone who is told what happens. Every method may be left out.
pub trait Watcher {
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
    fn looked(&mut self, query: &Query, answer: Result<&Answer, &Trouble>) {
        let _ = (query, answer);
    }

    /// Something is about to be done to AWS.
    fn acting(&mut self, action: &Action) {
        let _ = action;
    }

    /// Something that was to be done to AWS met trouble, and is tried again.
    fn act_failed(&mut self, action: &Action, trouble: &Trouble) {
        let _ = (action, trouble);
    }

    /// It is waited.
    fn waiting(&mut self, until: Timestamp, why: &Why, state: &State) {
        let _ = (until, why, state);
    }

    /// After the run, output of a day was removed that nobody needs any more.
    fn cleared(&mut self, day: Day, removed: &[Removed]) {
        let _ = (day, removed);
    }

    /// Such output could not be looked for, or not be removed, or the user stopped that; it fails no run.
    fn not_cleared(&mut self, stop: &Stop) {
        let _ = stop;
    }
}

/// Nobody is told.
impl Watcher for () {}
