//! Which file it is, and ETags by that.

use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};

/// How much is read from a file at a time.
const PIECE: usize = 256 * 1024;
/// How many ETags are kept in memory. Beyond it they are computed again.
const KEPT: usize = 200_000;

/// What tells a file from the one that was, or will be, under the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Fingerprint {
    inode: u64,
    size: u64,
    seconds: i64,
    nanoseconds: i64,
}

impl Fingerprint {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            inode: metadata.ino(),
            size: metadata.size(),
            seconds: metadata.mtime(),
            nanoseconds: metadata.mtime_nsec(),
        }
    }

    pub(super) fn size(self) -> u64 {
        self.size
    }
}

/// When a file was written.
pub(super) fn modified(metadata: &Metadata) -> Timestamp {
    let nanoseconds = i32::try_from(metadata.mtime_nsec()).unwrap_or_default();
    Timestamp::new(metadata.mtime(), nanoseconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// ETags by fingerprint.
#[derive(Debug, Default)]
pub(super) struct Etags(Mutex<BTreeMap<Fingerprint, String>>);

impl Etags {
    pub(super) fn get(&self, fingerprint: Fingerprint) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&fingerprint).cloned()
    }

    pub(super) fn keep(&self, fingerprint: Fingerprint, etag: &str) {
        let mut etags = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if etags.len() >= KEPT {
            etags.clear();
        }
        etags.insert(fingerprint, etag.to_owned());
    }

    /// The ETag of a file that S3 did not write: the MD5 of its bytes.
    pub(super) fn compute(&self, file: &File, fingerprint: Fingerprint) -> io::Result<String> {
        if let Some(etag) = self.get(fingerprint) {
            return Ok(etag);
        }
        let mut md5 = Md5::new();
        let mut piece = vec![0; PIECE];
        let mut at = 0;
        loop {
            let read = file.read_at(&mut piece, at)?;
            if read == 0 {
                break;
            }
            md5.update(&piece[..read]);
            at += read as u64;
        }
        let etag = hex::encode(md5.finalize());
        // Written to meanwhile: an answer for now, none to keep.
        if Fingerprint::of(&file.metadata()?) == fingerprint {
            self.keep(fingerprint, &etag);
        }
        Ok(etag)
    }
}
