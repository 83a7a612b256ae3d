//! The pure heart of Emrys: no I/O, no async, no SDK.
//!
//! ```text
//! config, day, s3_uri, template    what the user wrote, as types
//!   |-> spec                       one pipeline on one day: every name and address that a run uses
//!        |-> run                   events, the fold, what was seen, decide
//!        |     |-> action          what a run does to AWS, and the calls that it takes
//!        |-> cluster_request       the RunJobFlow request
//!        |-> forecast, plan        decide, driven against a world in which everything succeeds
//! inputs, manifest, verify         what goes into a job and what must have come out
//! catalog                        the tables that results are published to
//! queries                          questions to these tables, and what came of them
//! metrics, alarm, diagnosis, report   what is told about a run
//! gc                               which output may go, and what the catalog should serve
//! sweep                            which clusters nobody needs any more
//! lifecycle                        rules of buckets: what is kept, moved and deleted by age
//! standing                         what outlives a run: found, wanted, and what is done about it
//! ```
//!
//! The path of a run begins in [`run::decide`].

pub mod alarm;
pub mod catalog;
mod choice;
pub mod cluster_request;
pub mod config;
pub mod day;
pub mod diagnosis;
pub mod emr;
pub mod forecast;
pub mod gc;
pub mod inputs;
pub mod lifecycle;
pub mod managed;
pub mod manifest;
pub mod metrics;
pub mod pace;
pub mod plan;
pub mod preflight;
pub mod queries;
pub mod record;
pub mod report;
pub mod run;
pub mod s3_uri;
pub mod spec;
pub mod sweep;
pub mod template;
#[cfg(test)]
pub(crate) mod testing;
pub mod verify;
