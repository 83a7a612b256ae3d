//! End-to-end tests: the real binary, over real sockets, on an embedded AWS of its own for each test.
//!
//! Steps are scripted or `command` steps of milliseconds, except in `real_day`, `spark_at_work` and `own_job`, which run a
//! real Spark, as does what makes the month of `percentiles`. `query` and `documents` look at the day of `real_day`.
//! The judges in `tests/checks` are software that nobody here wrote (boto3, botocore) or that shares no code with the
//! product (a plain Python recomputation). `cargo xtask test` makes the Python that they run in.

#![expect(
    clippy::unwrap_used,
    reason = "a test that meets trouble with its own files and processes shall stop"
)]

mod athena;
mod support;

mod configuration;
mod crashes;
mod demo;
mod documents;
mod failures;
mod faults;
mod first_steps;
#[cfg(target_os = "linux")]
mod full_disk;
mod guards;
mod interruptions;
mod local;
mod managed;
mod operators;
mod own_job;
mod percentiles;
mod plan;
mod publishing;
mod query;
mod real_day;
#[cfg(target_os = "linux")]
mod spark_at_work;
mod surface;
mod switches;
