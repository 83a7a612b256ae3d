//! Opening the store, and its buckets.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::fingerprint::{self, Etags};
use super::layout::{self, Layout};
use super::walk::Walk;
use super::{Directory, odd, parts};
use crate::store::listing::Position;
use crate::store::spool::Spool;
use crate::store::{BucketInfo, StoreError};

/// How old a body in `tmp/` must be to be the rest of a process that was killed.
const STALE: SignedDuration = SignedDuration::from_hours(24);

#[derive(Debug, Serialize, Deserialize)]
struct BucketRecord {
    created: Timestamp,
}

impl Directory {
    /// Opens the store under a directory, and makes its folders.
    pub(in crate::store) fn open_store(dir: &Path, now: Timestamp) -> Result<Self, StoreError> {
        let layout = Layout::make(dir)?;
        let doing = "read the side store";
        sweep(&layout, now).map_err(StoreError::io(doing))?;
        Ok(Self {
            odd: Mutex::new(odd::load(&layout).map_err(StoreError::io(doing))?),
            uploads: Mutex::new(parts::load(&layout).map_err(StoreError::io(doing))?),
            layout,
            locks: Mutex::default(),
            etags: Etags::default(),
            counter: AtomicU64::new(0),
        })
    }

    /// The lock of a bucket.
    pub(super) fn lock(&self, bucket: &str) -> Arc<RwLock<()>> {
        let mut locks: std::sync::MutexGuard<'_, BTreeMap<_, _>> =
            self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(locks.entry(bucket.to_owned()).or_default())
    }

    pub(super) fn next_number(&self) -> u64 {
        self.counter.fetch_add(1, Ordering::Relaxed)
    }

    /// A path for a file that is renamed at once.
    pub(super) fn scratch(&self) -> PathBuf {
        self.layout.tmp().join(format!("record-{}-{}", std::process::id(), self.next_number()))
    }

    pub(in crate::store) fn spool(&self) -> Result<Spool, StoreError> {
        let prefix = format!("body-{}-", std::process::id());
        let (file, path) = layout::create_numbered(&self.layout.tmp(), &prefix, || self.next_number())
            .map_err(StoreError::io("make a temporary file"))?;
        Ok(Spool::file(file, path))
    }

    /// The folder of a bucket that exists.
    pub(in crate::store) fn bucket_dir(&self, bucket: &str) -> Result<PathBuf, StoreError> {
        let path = self.layout.bucket(bucket);
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_dir() => Ok(path),
            _ => Err(StoreError::NoSuchBucket(bucket.to_owned())),
        }
    }

    pub(in crate::store) fn create_bucket(&self, bucket: &str, now: Timestamp) -> Result<(), StoreError> {
        let lock = self.lock(bucket);
        let _held = lock.write().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = fs::create_dir(self.layout.bucket(bucket)) {
            return Err(match error.kind() {
                io::ErrorKind::AlreadyExists => StoreError::BucketExists(bucket.to_owned()),
                _ => StoreError::io("make a bucket")(error),
            });
        }
        let record = BucketRecord { created: now };
        layout::write_json(&self.layout.bucket_record(bucket), &self.scratch(), &record)
            .map_err(StoreError::io("record a bucket"))
    }

    pub(in crate::store) fn bucket(&self, bucket: &str) -> Result<BucketInfo, StoreError> {
        let folder = self.bucket_dir(bucket)?;
        let created = match layout::read_json::<BucketRecord>(&self.layout.bucket_record(bucket)) {
            Some(record) => record.created,
            // A folder that was put there by hand.
            None => fs::metadata(folder)
                .map(|metadata| fingerprint::modified(&metadata))
                .map_err(StoreError::io("read a bucket's folder"))?,
        };
        Ok(BucketInfo { name: bucket.to_owned(), created })
    }

    pub(in crate::store) fn buckets(&self) -> Result<Vec<BucketInfo>, StoreError> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.layout.root()).map_err(StoreError::io("list the buckets"))? {
            let entry = entry.map_err(StoreError::io("list the buckets"))?;
            names.extend(
                entry.file_name().into_string().ok().filter(|name| s3s::path::check_bucket_name(name)),
            );
        }
        names.sort();
        // What vanishes meanwhile, or is not a folder, is not a bucket.
        Ok(names.iter().filter_map(|name| self.bucket(name).ok()).collect())
    }

    pub(in crate::store) fn delete_bucket(&self, bucket: &str) -> Result<(), StoreError> {
        let lock = self.lock(bucket);
        let _held = lock.write().unwrap_or_else(PoisonError::into_inner);
        let folder = self.bucket_dir(bucket)?;
        let not_empty = || StoreError::BucketNotEmpty(bucket.to_owned());
        let doing = "delete a bucket";
        let any_odd = self.odd_index().get(bucket).is_some_and(|records| !records.is_empty());
        let mut walk = Walk::new(&folder, "").map_err(StoreError::io(doing))?;
        if any_odd || walk.peek(&Position::Start).map_err(StoreError::io(doing))?.is_some() {
            return Err(not_empty());
        }
        match remove_empty(&folder) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => return Err(not_empty()),
            removed => removed.map_err(StoreError::io(doing))?,
        }
        self.odd_index().remove(bucket);
        self.forget_uploads(bucket).map_err(StoreError::io(doing))?;
        for record in [self.layout.bucket_record(bucket), self.layout.lifecycle(bucket)] {
            layout::remove(&record).map_err(StoreError::io(doing))?;
        }
        for records in [self.layout.object_records(bucket), self.layout.odd(bucket)] {
            match fs::remove_dir_all(records) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(StoreError::io(doing)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub(in crate::store) fn lifecycle(&self, bucket: &str) -> Result<Option<String>, StoreError> {
        let lock = self.lock(bucket);
        let _held = lock.read().unwrap_or_else(PoisonError::into_inner);
        self.bucket_dir(bucket)?;
        match fs::read_to_string(self.layout.lifecycle(bucket)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => read.map(Some).map_err(StoreError::io("read a lifecycle configuration")),
        }
    }

    pub(in crate::store) fn set_lifecycle(&self, bucket: &str, text: Option<&str>) -> Result<(), StoreError> {
        let lock = self.lock(bucket);
        let _held = lock.write().unwrap_or_else(PoisonError::into_inner);
        self.bucket_dir(bucket)?;
        let path = self.layout.lifecycle(bucket);
        let done = match text {
            None => layout::remove(&path),
            Some(text) => layout::write(&path, &self.scratch(), text.as_bytes()),
        };
        done.map_err(StoreError::io("write a lifecycle configuration"))
    }
}

/// Removes a folder in which there are only folders. A file that appears meanwhile is never removed.
fn remove_empty(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_empty(&entry.path())?;
        }
    }
    fs::remove_dir(folder)
}

/// Removes the bodies that a killed process has left.
fn sweep(layout: &Layout, now: Timestamp) -> io::Result<()> {
    for entry in fs::read_dir(layout.tmp())? {
        let entry = entry?;
        let Ok(metadata) = entry.metadata() else { continue };
        if now.duration_since(fingerprint::modified(&metadata)) > STALE {
            layout::remove(&entry.path())?;
        }
    }
    Ok(())
}
