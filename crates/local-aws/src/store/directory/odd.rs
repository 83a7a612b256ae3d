//! The objects that the file system cannot hold under their key.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::sync::{MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::layout::{self, Layout};
use super::{Directory, objects::Written};
use crate::store::{Attributes, Content, Object, ObjectInfo, StoreError};

/// An odd object: its key and where its bytes are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct OddRecord {
    key: String,
    /// The file beside the record. Each write makes a new one, so that replacing the record is the whole change.
    file: String,
    pub(super) size: u64,
    pub(super) modified: Timestamp,
    pub(super) etag: String,
    #[serde(default)]
    attributes: Attributes,
}

type Index = BTreeMap<String, BTreeMap<String, OddRecord>>;

/// Reads the records of all buckets.
pub(super) fn load(layout: &Layout) -> io::Result<Index> {
    let mut index = Index::new();
    for bucket in fs::read_dir(layout.all_odd())? {
        let bucket = bucket?;
        let Ok(name) = bucket.file_name().into_string() else {
            continue;
        };
        let mut records = BTreeMap::new();
        for file in fs::read_dir(bucket.path())? {
            let path = file?.path();
            if path.extension().is_some_and(|extension| extension == "json")
                && let Some(record) = layout::read_json::<OddRecord>(&path)
            {
                records.insert(record.key.clone(), record);
            }
        }
        index.insert(name, records);
    }
    Ok(index)
}

impl Directory {
    pub(super) fn odd_index(&self) -> MutexGuard<'_, Index> {
        self.odd.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn odd_record(&self, bucket: &str, key: &str) -> Option<OddRecord> {
        self.odd_index().get(bucket)?.get(key).cloned()
    }

    /// Opens an odd object.
    pub(super) fn open_odd(&self, bucket: &str, key: &str) -> Result<Object, StoreError> {
        let record = self.odd_record(bucket, key).ok_or_else(|| StoreError::NoSuchKey(key.to_owned()))?;
        let file = File::open(self.layout.odd(bucket).join(&record.file))
            .map_err(StoreError::io("open an object of the side store"))?;
        let OddRecord { size, modified, etag, attributes, .. } = record;
        Ok(Object { info: ObjectInfo { size, modified, etag, attributes }, content: Content::File(file) })
    }

    /// Puts an odd object in its place. The bucket's lock is held.
    pub(super) fn put_odd(&self, bucket: &str, key: &str, written: &Written) -> io::Result<()> {
        let folder = self.layout.odd(bucket);
        fs::create_dir_all(&folder)?;
        let hash = layout::hash(key);
        let (_, path) = layout::create_numbered(&folder, &format!("{hash}."), || self.next_number())?;
        fs::rename(&written.path, &path)?;
        let info = &written.info;
        let record = OddRecord {
            key: key.to_owned(),
            file: path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned(),
            size: info.size,
            modified: info.modified,
            etag: info.etag.clone(),
            attributes: info.attributes.clone(),
        };
        layout::write_json(&self.layout.odd_record(bucket, key), &self.scratch(), &record)?;
        let before = self.odd_index().entry(bucket.to_owned()).or_default().insert(key.to_owned(), record);
        before.map_or(Ok(()), |before| layout::remove(&folder.join(before.file)))
    }

    /// Removes an odd object, if there is one. The bucket's lock is held.
    pub(super) fn remove_odd(&self, bucket: &str, key: &str) -> io::Result<()> {
        let Some(record) = self.odd_index().get_mut(bucket).and_then(|records| records.remove(key)) else {
            return Ok(());
        };
        layout::remove(&self.layout.odd_record(bucket, key))?;
        layout::remove(&self.layout.odd(bucket).join(record.file))
    }
}
