//! Multipart uploads: the book-keeping that both backings share.

use std::collections::BTreeMap;

use jiff::Timestamp;
use md5::{Digest as _, Md5};
use serde::{Deserialize, Serialize};

use super::{Attributes, StoreError};

/// An upload that is neither completed nor aborted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadInfo {
    /// Its id.
    pub id: String,
    /// The key that it will write.
    pub key: String,
    /// When it was begun.
    pub initiated: Timestamp,
}

/// A part of an upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartInfo {
    /// Its number, from 1.
    pub number: u32,
    /// Its ETag, without quotes.
    pub etag: String,
    /// Its length in bytes.
    pub size: u64,
    /// When it was written.
    pub modified: Timestamp,
}

/// An upload. `D` says where a part's bytes are.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Upload<D> {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) initiated: Timestamp,
    pub(super) attributes: Attributes,
    pub(super) parts: BTreeMap<u32, Part<D>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Part<D> {
    pub(super) info: PartInfo,
    pub(super) data: D,
}

impl<D> Upload<D> {
    pub(super) fn new(bucket: &str, key: &str, initiated: Timestamp, attributes: Attributes) -> Self {
        Self { bucket: bucket.to_owned(), key: key.to_owned(), initiated, attributes, parts: BTreeMap::new() }
    }

    /// The parts that a complete request names.
    pub(super) fn chosen(&self, named: &[(u32, String)]) -> Result<Vec<&Part<D>>, StoreError> {
        if !named.is_sorted_by(|(a, _), (b, _)| a < b) {
            return Err(StoreError::InvalidPartOrder);
        }
        let find = |(number, etag): &(u32, String)| {
            self.parts
                .get(number)
                .filter(|part| part.info.etag == *etag)
                .ok_or(StoreError::InvalidPart(*number))
        };
        named.iter().map(find).collect()
    }
}

/// The ETag of an object that was uploaded in parts: the MD5 of their MD5s, and their number.
pub(super) fn etag<'p>(parts: impl ExactSizeIterator<Item = &'p PartInfo>) -> String {
    let count = parts.len();
    let mut md5 = Md5::new();
    for part in parts {
        // A part's ETag is the hex of an MD5 that this store has made.
        md5.update(hex::decode(&part.etag).unwrap_or_default());
    }
    format!("{}-{count}", hex::encode(md5.finalize()))
}

/// The uploads of a store, by id.
#[derive(Debug)]
pub(super) struct Uploads<D>(pub(super) BTreeMap<String, Upload<D>>);

impl<D> Uploads<D> {
    /// The upload of this id, if it is one of this bucket and key.
    pub(super) fn find(&self, bucket: &str, key: &str, id: &str) -> Result<&Upload<D>, StoreError> {
        self.0
            .get(id)
            .filter(|upload| upload.bucket == bucket && upload.key == key)
            .ok_or_else(|| StoreError::NoSuchUpload(id.to_owned()))
    }

    /// As [`find`](Self::find), to change it.
    pub(super) fn find_mut(
        &mut self,
        bucket: &str,
        key: &str,
        id: &str,
    ) -> Result<&mut Upload<D>, StoreError> {
        self.0
            .get_mut(id)
            .filter(|upload| upload.bucket == bucket && upload.key == key)
            .ok_or_else(|| StoreError::NoSuchUpload(id.to_owned()))
    }

    /// The uploads into a bucket, by key and, for one key, by id.
    pub(super) fn of_bucket(&self, bucket: &str) -> Vec<UploadInfo> {
        let mut uploads: Vec<_> = self
            .0
            .iter()
            .filter(|(_, upload)| upload.bucket == bucket)
            .map(|(id, upload)| UploadInfo {
                id: id.clone(),
                key: upload.key.clone(),
                initiated: upload.initiated,
            })
            .collect();
        uploads.sort_by(|a, b| (&a.key, &a.id).cmp(&(&b.key, &b.id)));
        uploads
    }
}
