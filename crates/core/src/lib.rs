//! The pure heart of Emrys: no I/O, no async, no SDK.
//!
//! Ground floor first; a module uses only what stands above it in this list (`cargo xtask layers` holds that):
//!
//! ```text
//! day, s3_uri, emr, pace   values: days, addresses, what EMR calls its states, intervals
//! template, names          texts with placeholders; the marks by which things at AWS are known as ours
//! record                   what is recorded of a run: events, intents, outcomes, verdicts, diagnoses
//! config, manifest         what the user wrote; what a job says it wrote
//! choice, job, queries     what a launch takes of the configuration, the job with its files; questions to the tables
//! spec, lifecycle          one pipeline on one day: every name and address; rules of buckets
//! catalog, inputs, preflight, cluster_request, diagnosis
//!                          tables; pinned input; checks before a launch; the RunJobFlow request; causes of failures
//! pipeline_file, verify    a configuration, checked with its steps; whether a job wrote what it had to
//! run                      the fold of the events, what was observed, and what comes next
//! metrics, gc, sweep, forecast, report
//!                          metrics and report of a run, which output may go, which clusters are left, what would come
//! alarm, plan              the alarm; a run that is only planned
//! managed                  what outlives a run: found, wanted, and what is done about it
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
pub mod job;
pub mod lifecycle;
pub mod managed;
pub mod manifest;
pub mod metrics;
pub mod names;
pub mod pace;
pub mod pipeline_file;
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
