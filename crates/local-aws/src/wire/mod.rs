//! The wire protocols of the services that the world answers.
//!
//! ```text
//! route      which service, operation and protocol a request is for
//! auth       Signature Version 4: who signed it, and did they
//! protocol   the protocols behind one pair: decode an input, encode an answer
//!   |-> json     awsJson1.1 (EMR, Glue) and awsJson1.0 (CloudWatch from boto3)
//!   |-> cbor     rpcv2Cbor (CloudWatch from the Rust SDK), with gzip
//!   |-> query    awsQuery and its XML (STS)
//! rest       restJson1: operation and input in path and query (Scheduler)
//! call       one request from its bytes to a call, and from its result to an answer
//! resource   what a call is about, for the journal
//! ```
//!
//! S3 is not here: whatever is none of these goes to [`crate::s3`], in path style only (`/bucket/key`).

mod auth;
mod call;
mod cbor;
mod gzip;
mod json;
mod protocol;
mod query;
mod resource;
mod rest;
mod route;

pub use self::auth::{Caller, Verifier};
pub use self::call::{Answer, Call, Opened, Received, ValidRequest, open};
pub use self::protocol::Protocol;
pub(crate) use self::resource::resource;
pub use self::route::{Route, Target, route};

#[cfg(test)]
mod tests;
