//! The pure world: EMR clusters and their steps, CloudWatch metrics and alarms, schedules, Glue's catalog, Athena's
//! queries, STS.
//!
//! ```text
//! call(service, operation, input)  --+
//! advance(now) ----------------------+--> World (one serde value) --> Effect (start a step, stop one)
//! step_ended(.., StepEnd) -----------+                                   |
//!         ^                                                              v
//!         +----------------------------------------------- crate::steps runs it
//! ```
//!
//! No I/O, no async, no clock: time is an argument, ids come from a seed. [`World::advance`] does what was due up to
//! `now`, at the instants at which it was due. So one long step of time and many short ones end in the same world, and
//! real time, stepped time and a restart need no code of their own.
//!
//! The driver's loop:
//!
//! - It calls `advance(now)` before each call and at [`World::next_deadline`].
//! - After a call it asks for `next_deadline` again: effects that the call has left are due at once.
//! - It hands every effect to the runner, and the runner's answers to [`World::step_ended`].
//!
//! ```text
//! dispatch   World: the state, and what calls, time and ends do to it
//!   |-> emr, cloudwatch, scheduler, athena, glue, sts    the services
//!          |-> context                                   what the services share; it knows none of them
//! ```

mod athena;
pub mod cloudwatch;
mod context;
mod dispatch;
pub mod emr;
mod glue;
mod scheduler;
mod sts;

pub(crate) use self::athena::ROWS;
pub(crate) use self::context::RuleError;
pub use self::context::cluster_faults;
pub use self::context::{
    ApiError, CallContext, ClusterFault, ClusterRule, Effect, FailureDetails, FaultPhase, KillHow, ListView,
    LogFaults, MadeCall, Node, Pace, PageSizes, QueryEnd, QueryLaunch, RuleFault, ScriptError, ScriptedFile,
    ScriptedStep, ScriptedWork, Scripts, StateOf, StepEnd, StepExit, StepLaunch, Work, WorldSettings,
};
pub use self::dispatch::World;
pub use crate::services::Service;

#[cfg(test)]
mod tests;
