//! Objects: where one is, and putting one there.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::SystemTime;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Directory;
use super::fingerprint::{self, Fingerprint};
use super::layout;
use super::odd::OddRecord;
use super::walk::{Found, Walk};
use crate::store::listing::{self, ListPage, ListRequest, Listed};
use crate::store::spool::{Data, Spooled, TempFile};
use crate::store::{Attributes, Condition, Content, Object, ObjectInfo, StoreError};

/// What S3 wrote last under a key.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    key: String,
    fingerprint: Fingerprint,
    etag: String,
    #[serde(default)]
    attributes: Attributes,
}

/// A complete body beside its place.
pub(super) struct Written {
    pub(super) path: PathBuf,
    pub(super) info: ObjectInfo,
    fingerprint: Fingerprint,
}

/// A key's object, before its ETag is known.
enum Opened {
    Plain { file: File, modified: Timestamp, fingerprint: Fingerprint, record: Option<Record> },
    Odd(Object),
}

/// What a listing came to.
enum Entry {
    Plain(Found),
    Odd(OddRecord),
}

impl Directory {
    pub(in crate::store) fn open(&self, bucket: &str, key: &str) -> Result<Object, StoreError> {
        let opened = {
            let lock = self.lock(bucket);
            let _held = lock.read().unwrap_or_else(PoisonError::into_inner);
            self.find(bucket, key)?
        };
        // Not under the lock: it may have to read all of a file.
        self.known(opened)
    }

    /// Puts a complete body under a key. `etag` is the one of an object that was uploaded in parts.
    pub(in crate::store) fn put(
        &self,
        (bucket, key): (&str, &str),
        spooled: Spooled,
        attributes: Attributes,
        condition: &Condition,
        now: Timestamp,
        etag: Option<String>,
    ) -> Result<ObjectInfo, StoreError> {
        let etag = etag.unwrap_or_else(|| hex::encode(spooled.md5));
        let temp = self.temp_file(spooled.data)?;
        let lock = self.lock(bucket);
        let _held = lock.write().unwrap_or_else(PoisonError::into_inner);
        let folder = self.bucket_dir(bucket)?;
        self.check(bucket, key, condition)?;
        let written = finish(&temp, etag, attributes, now).map_err(StoreError::io("finish a body"))?;
        if !self.put_plain(&folder, (bucket, key), &written, condition)? {
            self.put_odd(bucket, key, &written).map_err(StoreError::io("write to the side store"))?;
        }
        Ok(written.info)
    }

    pub(in crate::store) fn delete(
        &self,
        bucket: &str,
        key: &str,
        condition: &Condition,
    ) -> Result<(), StoreError> {
        let lock = self.lock(bucket);
        let _held = lock.write().unwrap_or_else(PoisonError::into_inner);
        let folder = self.bucket_dir(bucket)?;
        self.check(bucket, key, condition)?;
        let doing = "delete an object";
        if let Some(path) = self.plain_file(&folder, bucket, key).map_err(StoreError::io(doing))? {
            layout::remove(&path).map_err(StoreError::io(doing))?;
            layout::remove(&self.layout.object_record(bucket, key)).map_err(StoreError::io(doing))?;
            // On S3 a folder is gone with its last object, and a job may write to it again.
            let folders = path.ancestors().skip(1).take_while(|parent| *parent != folder);
            for parent in folders {
                if fs::remove_dir(parent).is_err() {
                    break;
                }
            }
        }
        self.remove_odd(bucket, key).map_err(StoreError::io(doing))
    }

    pub(in crate::store) fn list(&self, bucket: &str, request: &ListRequest) -> Result<ListPage, StoreError> {
        let page = {
            let lock = self.lock(bucket);
            let _held = lock.read().unwrap_or_else(PoisonError::into_inner);
            let folder = self.bucket_dir(bucket)?;
            self.entries(&folder, bucket, request).map_err(StoreError::io("list a folder"))?
        };
        let mut objects = Vec::with_capacity(page.objects.len());
        for (key, entry) in page.objects {
            objects.extend(self.listed(bucket, key, entry).map_err(StoreError::io("read an object"))?);
        }
        Ok(ListPage { objects, prefixes: page.prefixes, next: page.next })
    }

    fn entries(
        &self,
        folder: &Path,
        bucket: &str,
        request: &ListRequest,
    ) -> io::Result<ListPage<(String, Entry)>> {
        let prefix = request.prefix.as_str();
        let mut walk = Walk::new(folder, prefix)?;
        let none = std::collections::BTreeMap::new();
        let index = self.odd_index();
        let odd_keys = index.get(bucket).unwrap_or(&none);
        listing::page(request, |position| {
            let odd = odd_keys
                .range::<str, _>((position.lower(prefix), Bound::Unbounded))
                .find(|(key, _)| !position.excludes(key))
                .filter(|(key, _)| key.starts_with(prefix));
            // Of the same key in both places the file counts: it was written by someone who does not know the other.
            Ok(match (walk.peek(position)?, odd) {
                (plain, Some((key, record))) if plain.is_none_or(|plain| key.as_str() < plain) => {
                    Some((key.clone(), Entry::Odd(record.clone())))
                }
                _ => walk.take().map(|(key, found)| (key, Entry::Plain(found))),
            })
        })
    }

    /// What a listing says of an object; nothing if a job has removed it since.
    fn listed(&self, bucket: &str, key: String, entry: Entry) -> io::Result<Option<Listed>> {
        let Found { path, metadata } = match entry {
            Entry::Odd(OddRecord { size, modified, etag, .. }) => {
                return Ok(Some(Listed { key, size, modified, etag }));
            }
            Entry::Plain(found) => found,
        };
        let fingerprint = Fingerprint::of(&metadata);
        let known =
            self.etags.get(fingerprint).or_else(|| Some(self.record(bucket, &key, fingerprint)?.etag));
        let etag = match known {
            Some(etag) => etag,
            None => match File::open(path) {
                Ok(file) => self.etags.compute(&file, fingerprint)?,
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            },
        };
        Ok(Some(Listed { key, size: metadata.len(), modified: fingerprint::modified(&metadata), etag }))
    }

    /// Where a key's file is, if it has one.
    fn plain_file(&self, folder: &Path, bucket: &str, key: &str) -> io::Result<Option<PathBuf>> {
        let Some(path) = self.layout.plain(bucket, key) else {
            return Ok(None);
        };
        if layout::is_obstructed(folder, key)? {
            return Ok(None);
        }
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_file() => Ok(Some(path)),
            Err(error) if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                Err(error)
            }
            _ => Ok(None),
        }
    }

    /// Opens what is under a key. The bucket's lock is held.
    fn find(&self, bucket: &str, key: &str) -> Result<Opened, StoreError> {
        let folder = self.bucket_dir(bucket)?;
        let doing = "open an object";
        let file = match self.plain_file(&folder, bucket, key).map_err(StoreError::io(doing))?.map(File::open)
        {
            Some(Ok(file)) => file,
            // A job has just removed it.
            Some(Err(error)) if error.kind() != ErrorKind::NotFound => {
                return Err(StoreError::io(doing)(error));
            }
            _ => return Ok(Opened::Odd(self.open_odd(bucket, key)?)),
        };
        let metadata = file.metadata().map_err(StoreError::io(doing))?;
        let fingerprint = Fingerprint::of(&metadata);
        let record = self.record(bucket, key, fingerprint);
        Ok(Opened::Plain { file, modified: fingerprint::modified(&metadata), fingerprint, record })
    }

    /// The record of a key, if it is about the file with this fingerprint.
    fn record(&self, bucket: &str, key: &str, fingerprint: Fingerprint) -> Option<Record> {
        layout::read_json::<Record>(&self.layout.object_record(bucket, key))
            .filter(|record| record.fingerprint == fingerprint && record.key == key)
    }

    fn known(&self, opened: Opened) -> Result<Object, StoreError> {
        let (file, modified, fingerprint, record) = match opened {
            Opened::Odd(object) => return Ok(object),
            Opened::Plain { file, modified, fingerprint, record } => (file, modified, fingerprint, record),
        };
        let (etag, attributes) = if let Some(record) = record {
            (record.etag, record.attributes)
        } else {
            let etag = self.etags.compute(&file, fingerprint).map_err(StoreError::io("read an object"))?;
            (etag, Attributes::default())
        };
        let info = ObjectInfo { size: fingerprint.size(), modified, etag, attributes };
        Ok(Object { info, content: Content::File(file) })
    }

    /// Checks a condition against what is there. The bucket's lock is held.
    fn check(&self, bucket: &str, key: &str, condition: &Condition) -> Result<(), StoreError> {
        if condition.is_none() {
            return Ok(());
        }
        let etag = match self.find(bucket, key).and_then(|opened| self.known(opened)) {
            Ok(object) => Some(object.info.etag),
            Err(StoreError::NoSuchKey(_)) => None,
            Err(error) => return Err(error),
        };
        condition.check(key, etag.as_deref())
    }

    /// Puts a body where its key says; `false` where that cannot be. The bucket's lock is held.
    fn put_plain(
        &self,
        folder: &Path,
        (bucket, key): (&str, &str),
        written: &Written,
        condition: &Condition,
    ) -> Result<bool, StoreError> {
        let doing = "put an object in its place";
        let Some(path) = self.layout.plain(bucket, key) else {
            return Ok(false);
        };
        // A job may remove folders while they are made: then once more.
        for last in [false, true] {
            if layout::is_obstructed(folder, key).map_err(StoreError::io(doing))?
                || fs::symlink_metadata(&path).is_ok_and(|metadata| !metadata.is_file())
            {
                return Ok(false);
            }
            match self.place(&path, (bucket, key), written, condition) {
                Ok(()) => {
                    self.etags.keep(written.fingerprint, &written.info.etag);
                    self.remove_odd(bucket, key).map_err(StoreError::io(doing))?;
                    return Ok(true);
                }
                // Not even a writer that knows no lock is overwritten.
                Err(error) if condition.wants_absence() && error.kind() == ErrorKind::AlreadyExists => {
                    return Err(StoreError::PreconditionFailed("If-None-Match"));
                }
                Err(error) => match error.kind() {
                    ErrorKind::NotADirectory | ErrorKind::IsADirectory => return Ok(false),
                    ErrorKind::NotFound if !last => {}
                    _ => return Err(StoreError::io(doing)(error)),
                },
            }
        }
        Ok(false)
    }

    fn place(
        &self,
        path: &Path,
        (bucket, key): (&str, &str),
        written: &Written,
        condition: &Condition,
    ) -> io::Result<()> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        // First, so that no object is ever there without its attributes.
        let record = Record {
            key: key.to_owned(),
            fingerprint: written.fingerprint,
            etag: written.info.etag.clone(),
            attributes: written.info.attributes.clone(),
        };
        layout::write_json(&self.layout.object_record(bucket, key), &self.scratch(), &record)?;
        if condition.wants_absence() {
            fs::hard_link(&written.path, path)
        } else {
            fs::rename(&written.path, path)
        }
    }

    pub(super) fn temp_file(&self, data: Data) -> Result<TempFile, StoreError> {
        let bytes = match data {
            Data::File(temp) => return Ok(temp),
            Data::Memory(bytes) => bytes,
        };
        let mut spool = self.spool()?;
        spool.write(&bytes).map_err(StoreError::io("write a body"))?;
        self.temp_file(spool.finish().data)
    }
}

/// Stamps a complete body with the clock's time, and says what it is.
fn finish(temp: &TempFile, etag: String, attributes: Attributes, now: Timestamp) -> io::Result<Written> {
    let path = temp.path().to_owned();
    let file = File::options().write(true).open(&path)?;
    file.set_modified(system_time(now))?;
    let metadata = file.metadata()?;
    let modified = fingerprint::modified(&metadata);
    let info = ObjectInfo { size: metadata.len(), modified, etag, attributes };
    Ok(Written { path, info, fingerprint: Fingerprint::of(&metadata) })
}

fn system_time(time: Timestamp) -> SystemTime {
    let since = time.duration_since(Timestamp::UNIX_EPOCH);
    let distance = since.unsigned_abs();
    if since.is_negative() { SystemTime::UNIX_EPOCH - distance } else { SystemTime::UNIX_EPOCH + distance }
}
