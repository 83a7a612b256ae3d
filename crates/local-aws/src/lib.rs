//! An embedded AWS for any SDK: S3, EMR, CloudWatch, EventBridge Scheduler, Glue, Athena and STS over their real wire
//! protocols.
//!
//! ```text
//! server    one function from a request to a response; checks each answer against the service model
//!   |-> wire    router, codecs (awsJson1.1, rpcv2Cbor, JSON, awsQuery), validation of requests
//!   |-> world   pure: EMR clusters and steps, CloudWatch metrics and alarms, schedules, Glue's catalog, Athena's
//!   |           queries, STS; advance(world, now) -> effects
//!   |-> s3      the s3s trait over our own store
//!          |-> store   directory (which Spark reads and writes too) or memory
//! models    the service models, and the checks of requests and answers against them
//! services  the services and their operations: every name stands there once
//! faults    faults of calls on purpose: throttling, lost replies, stale lists
//! journal   one line for each call
//! steps     runs steps: spark-submit, commands, scripts; writes their logs as EMR lays them out
//! athena    the SQL engine of the embedded Athena, and the rows of results
//! daemon    one process per directory: lock, address file, idle end
//! pyenv     the Python environments that steps and the SQL engine run in
//! clock     the one place that reads time
//! ```
//!
//! This crate depends on no other crate of the workspace, so that it cannot share a mistake with the code it tests.

pub(crate) mod athena;
pub mod clock;
pub mod daemon;
pub mod faults;
pub mod journal;
pub mod models;
pub mod pyenv;
pub mod s3;
pub mod server;
pub mod services;
pub mod steps;
pub mod store;
pub mod wire;
pub mod world;
