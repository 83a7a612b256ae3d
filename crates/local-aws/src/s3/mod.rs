//! S3: the protocol by the `s3s` crate, the behaviour by our own store.
//!
//! ```text
//! api         the service: who may call, which operations there are; all others answer NotImplemented
//!   |-> buckets, objects, reading, listing, multipart, lifecycle    the operations
//! rules       which lifecycle rules S3 takes
//! digest      checksums and MD5 of a body, checked against what the client said
//! record      what the journal keeps of a call
//! errors      the store's errors under S3's codes
//! ```

mod api;
mod buckets;
mod digest;
mod errors;
mod lifecycle;
mod listing;
mod multipart;
mod objects;
mod reading;
mod record;
mod rules;

#[cfg(test)]
pub(crate) mod harness;
#[cfg(test)]
mod tests;

pub use self::api::{DEFAULT_PAGE, Settings, service, service_with};
pub(crate) use self::errors::response as error_response;
