//! The store in a directory.
//!
//! ```text
//! <dir>/s3/<bucket>/<key>                     the objects, as plain files: the truth, read and written by Spark too
//! <dir>/s3-meta/
//!   buckets/<bucket>.json                     when it was created
//!   lifecycle/<bucket>.json                   its lifecycle configuration, if it has one
//!   objects/<bucket>/<hash of key>.json       ETag and attributes of the object that S3 wrote there last
//!   odd/<bucket>/<hash of key>.json, .<n>     objects that the file system cannot hold under their key
//!   uploads/<id>/upload.json, part-…          multipart uploads
//!   tmp/                                      bodies on their way in
//! ```
//!
//! - A record about a file holds for the file with one inode, size and time of change (a fingerprint). When another
//!   program writes under the key, the record is void, and the ETag is computed from the bytes.
//! - A key is *odd* when it has an empty, `.` or `..` segment (`//`, a trailing `/`), a segment over 255 bytes or a
//!   NUL. It is odd too when another key is in its way: `a` and `a/b` cannot both be files. An odd key lies under the
//!   hash of its key, and listings merge it in. Spark does not read it.
//! - An empty folder is not an object. Symbolic links are ignored: no key leads out of its bucket's folder.
//! - Only one process may have the store open (the daemon's lock sees to it); anyone may read and write the files.
//!   Nothing is synced to the disk: it survives a killed process, not a power cut.

mod buckets;
mod fingerprint;
mod layout;
mod objects;
mod odd;
mod parts;
mod walk;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, RwLock};

use self::fingerprint::Etags;
use self::layout::Layout;
use self::odd::OddRecord;
use super::uploads::Uploads;

/// The backing.
#[derive(Debug)]
pub(super) struct Directory {
    layout: Layout,
    /// One lock per bucket: held to read where an object is, and to write while a condition is checked and done.
    locks: Mutex<BTreeMap<String, Arc<RwLock<()>>>>,
    etags: Etags,
    /// The odd objects by bucket and key, as they are on the disk.
    odd: Mutex<BTreeMap<String, BTreeMap<String, OddRecord>>>,
    /// The uploads, as they are on the disk; a part's bytes are in a file of its upload's folder.
    uploads: Mutex<Uploads<String>>,
    counter: AtomicU64,
}
