//! The object store behind S3: a directory or memory, one behaviour.
//!
//! ```text
//! Store      names and keys checked, then the backing
//!   |-> directory   a key is a plain file, so that Spark reads and writes beside S3; what a file system cannot hold
//!   |               lies in a side store
//!   |-> memory      a sorted map, for simulations
//! spool      a body that is being received: written and hashed before it becomes an object
//! listing    pages, prefixes and delimiters over any sorted source of keys
//! uploads    multipart uploads and their parts
//! ```
//!
//! A conditional write is decided and done under the bucket's lock: of two writers with `If-None-Match: *` exactly one
//! wins. An object changes in one step (a rename): a reader gets the old bytes or the new ones.

mod api;
mod directory;
mod error;
mod listing;
mod memory;
mod object;
mod spool;
mod uploads;

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

pub use self::api::Store;
pub use self::error::StoreError;
pub use self::listing::{ListPage, ListRequest, Listed, Position};
pub use self::object::{Attributes, BucketInfo, Condition, Content, Expected, Object, ObjectInfo};
pub use self::spool::Spool;
pub use self::uploads::{PartInfo, UploadInfo};
