//! An embedded AWS: S3, EMR, CloudWatch, EventBridge Scheduler, Glue and STS over their real wire protocols, for any SDK.
//!
//! ```text
//! wire    router, codecs (awsJson1.1, rpcv2Cbor, JSON, awsQuery), request validation from the service models
//!   |-> world    pure: EMR clusters and steps, CloudWatch metrics and alarms, schedules, Glue's catalog, STS; advance(world, now) -> effects
//!   |-> s3       the s3s trait over our own store
//!          |-> store   directory (the truth that Spark reads and writes) or memory
//! faults  what calls meet on purpose: throttling, lost replies, stale lists
//! steps   runs what the world says has started: spark-submit, command, scripted; writes the logs as EMR lays them out
//! daemon  one process per directory: lock, address file, idle end
//! ```
//!
//! This crate depends on no other crate of the workspace, so that it cannot share a mistake with the code it tests.

pub mod clock;
pub mod daemon;
pub mod faults;
pub mod journal;
pub mod models;
pub mod pyenv;
pub mod s3;
pub mod server;
pub mod steps;
pub mod store;
pub mod wire;
pub mod world;
