//! A run: what happened (events), what that means (the fold), what was observed, and what comes next (decide).
//!
//! ```text
//! recorded events --fold--> State --phase--.
//! answers of AWS ---------> Observations --+--> decide --> Observe | Record | Renew | Execute | Wait | Leave | Done
//! now -------------------------------------'
//! ```
//!
//! One rule holds by construction: an [`Action`] is derived from the spec, the state and the time alone. Observations
//! are memory of this process. They may only cause another observation, or be recorded and so become state.

mod action;
mod attempt;
mod decide;
mod duplicates;
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

pub use action::{Action, Call, Service};
pub use attempt::{Attempt, Cluster, Launch, LaunchRefused, Launched, Reporting};
pub use decide::{Decision, Leave, WaitReason, decide, renewal_due};
pub use duplicates::{DuplicateCluster, GivenUp, LateLaunchCheck};
pub use guard::{GROUP as GUARD_GROUP, GuardState};
pub use next_action::RUN_GRACE;
pub use observations::{Observation, Observations, Observed, Probe};
pub use phase::{AttemptPhase, ClusterPhase, RunPhase};
pub use publication::Publishing;
pub use removal::{Expiry, RetentionState};
pub use state::{IllegalEvent, State};
