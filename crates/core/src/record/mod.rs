//! What is recorded of a run: plain data, and the ground floor of this crate. Nothing here uses a layer above.
//!
//! Its form is part of the ledger's format: see [`Event`].

mod call_error;
mod diagnosis;
mod event;
mod reason;
mod refusal;
mod retry;
mod verdict;

pub use call_error::{CallError, ErrorClass};
pub use diagnosis::Diagnosis;
pub use event::{
    Actor, AttemptResult, Effect, Event, LateLaunch, LaunchIntent, Outcome, PinnedInputs, Recorded, Reported,
};
pub use reason::{Removal, TerminateReason};
pub use refusal::{Missing, Refusal, Unready};
pub use retry::{Choice, Retry, RetryCause};
pub use verdict::{Counts, MANIFEST_FILE, Problem, Rows, Verdict};
