//! Runs of Emrys under faults, crashes and several operators at once, and what must hold at the end of each.
//!
//! The engine is the real one, and so is the SDK; the connector calls the embedded AWS in the same process, on tokio's
//! paused clock, and everything comes from one seed. A day of waiting takes no time, and a run that went wrong goes
//! wrong again.
//!
//! ```text
//! scenario    who runs when, what AWS does to clusters, what the network does: from a seed, or written out
//! run         plays a scenario in virtual time
//!   |-> harness     an AWS in memory, with things of others in it
//!   |-> network     the connector: faults, crashes, suspensions; records what really happened
//!   |     |-> chaos    what becomes of a call
//!   |     `-> fault    faults, and how AWS words them
//!   |-> process     one operator's process: it can crash and be suspended
//!   |-> steps       an operator that drives in steps, as a function does
//!   |-> listener    what a process reports, kept
//!   |-> operator_action    what people do beside the operators
//!   |-> catalog     the tables of a pipeline that publishes
//!   |-> reader      who queries without pause
//!   `-> invariants  what must hold at the end
//!         |-> served         of what queries see
//!         `-> duplicates     of launches that were given up
//! exhaustive  a crash at every call of a run, and at every two; of those who publish and clear away; and sleepers
//! campaign    many seeds at once, and their summary
//! ```
//!
//! # Assumptions
//!
//! They are part of the promise (see [`network::STALE`] and [`network::SLOWEST`]):
//!
//! - ListClusters shows a cluster at the latest one minute after its launch, and after that leaves it out of at most
//!   one observation, as it may while the cluster changes state.
//! - A request takes effect within one minute after it was sent, or never.
//! - S3's conditional writes hold: one of two writers on one condition wins.

mod actors;
pub mod campaign;
mod catalog;
pub mod chaos;
mod cluster_lifetimes;
mod duplicates;
pub mod exhaustive;
pub mod fault;
pub mod harness;
pub mod invariants;
mod listener;
pub mod network;
pub mod operator_action;
mod process;
mod reader;
pub mod run;
pub mod scenario;
mod served;
mod steps;
