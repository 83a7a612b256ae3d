//! A run: what happened (events), what that means (the fold), what was seen, and what comes next (decide).
//!
//! ```text
//! recorded events --fold--> State --.
//! looks ------------------> Observations ---+--> decide --> Look | Record | Renew | Do | Wait | Leave | Done
//! now ------------------------------'
//! ```
//!
//! One rule holds by construction: an [`Action`] is derived from the spec, the state and the time alone. What was
//! seen is memory of this process; it may only cause another look, or be recorded and so become state.

mod action;
mod attempt;
mod call_error;
mod decide;
mod duplicates;
mod event;
mod failure_policy;
mod guard;
mod next_action;
mod observations;
mod observe;
mod phase;
mod publication;
mod removal;
mod retry;
mod state;

#[cfg(test)]
mod properties;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use action::{Action, Call, Service, TerminateReason};
pub use attempt::{Attempt, Cluster, Launch, LaunchRefused, Launched, Reporting, Step};
pub use call_error::{CallError, ErrorClass};
pub use decide::{Decision, Leave, WaitReason, decide};
pub use duplicates::{DuplicateCluster, GivenUp, LateLaunch, LateLaunchCheck};
pub use event::{
    Actor, AttemptResult, Effect, Event, LaunchIntent, Outcome, PinnedInputs, Recorded, Refusal, Reported,
};
pub use guard::{GROUP as GUARD_GROUP, GuardState};
pub use next_action::RUN_GRACE;
pub use observations::{Observation, Observations, Observed, Probe};
pub use phase::{AttemptPhase, ClusterPhase, RunPhase};
pub use publication::Publishing;
pub use removal::{Expiry, Removal, RetentionState};
pub use retry::{Choice, Retry, RetryCause};
pub use state::{IllegalEvent, State};
