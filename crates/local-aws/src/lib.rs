//! An embedded AWS: S3, EMR, CloudWatch, EventBridge Scheduler, Glue, Athena and STS over their real wire protocols, for
//! any SDK.
//!
//! ```text
//! wire    router, codecs (awsJson1.1, rpcv2Cbor, JSON, awsQuery), request validation from the service models
//!   |-> world    pure: EMR clusters and steps, CloudWatch metrics and alarms, schedules, Glue's catalog, Athena's queries,
//!   |            STS; advance(world, now) -> effects
//!   |-> s3       the s3s trait over our own store
//!          |-> store   directory (the truth that Spark reads and writes) or memory
//! services  the services and their operations, which all others take their names from
//! faults  what calls meet on purpose: throttling, lost replies, stale lists
//! steps   runs what the world says has started: spark-submit, command, scripted; writes the logs as EMR lays them out
//! athena  the SQL engine of the embedded Athena, and the rows of results
//! daemon  one process per directory: lock, address file, idle end
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
