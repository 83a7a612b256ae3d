//! What the services share. Nothing here knows a service.
//!
//! ```text
//! call             who calls, when, and what lists show; the scope that an operation works in
//! error            the error of a call                    input, paging    requests read, lists in pages
//! settings         pace, pages, scripts, faults           ids              ids from a seed
//!   |-> scripts          steps and clusters that follow a script
//!   |-> cluster_faults   faults of clusters on purpose
//!          |-> reason          why clusters end
//! effects          what must happen outside, and what the outside answers
//! ```

mod call;
pub mod cluster_faults;
mod effects;
mod error;
mod ids;
mod input;
mod paging;
mod reason;
mod scripts;
mod settings;

pub(crate) use self::call::Scope;
pub use self::call::{CallContext, ListView};
pub(crate) use self::cluster_faults::RuleError;
pub use self::cluster_faults::{ClusterRule, Node, RuleFault, StateOf};
pub use self::effects::{
    Effect, FailureDetails, KillHow, LogFaults, MadeCall, QueryEnd, QueryLaunch, StepEnd, StepExit,
    StepLaunch, Work,
};
pub use self::error::ApiError;
pub(crate) use self::ids::{Ids, base36, derived};
pub(crate) use self::input::{after, read, seconds, timestamp};
pub(crate) use self::paging::{Page, marked, page, sorted_page};
pub use self::reason::ReasonCode;
pub(crate) use self::scripts::StepNames;
pub use self::scripts::{
    ClusterFault, FaultPhase, ScriptError, ScriptedFile, ScriptedStep, ScriptedWork, Scripts,
};
pub use self::settings::{Pace, PageSizes, WorldSettings};
