//! A run: what happened (events), what that means (the fold), what was seen, and what comes next (decide).
//!
//! ```text
//! recorded events --fold--> State --.
//! looks ------------------> Seen ---+--> decide --> Look | Record | Renew | Do | Wait | Leave | Done
//! now ------------------------------'
//! ```
//!
//! One rule holds by construction: an [`Action`] is derived from the spec, the state and the time alone. What was
//! seen is memory of this process; it may only cause another look, or be recorded and so become state.

mod action;
mod attempt;
mod decide;
mod event;
mod guard;
mod next_action;
mod publication;
mod removal;
mod retry;
mod seen;
mod state;
mod watch;

#[cfg(test)]
mod properties;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use action::{Action, Call, Service, TerminateReason};
pub use attempt::{Attempt, Cluster, Launch, Reporting, Step};
pub use decide::{Decision, Leave, Why, decide};
pub use event::{
    Actor, AttemptResult, Effect, Event, Fault, FaultClass, LaunchIntent, Outcome, PinnedInputs, Recorded,
    Refusal, Reported,
};
pub use guard::{GROUP as GUARD_GROUP, Guarding};
pub use next_action::RUN_GRACE;
pub use publication::Publishing;
pub use removal::{Expiry, Keeping, Removal};
pub use retry::{Choice, Retry, RetryCause};
pub use seen::{Answer, Query, Seen, Sighting, Trouble, TroubleKind};
pub use state::{IllegalEvent, State};
