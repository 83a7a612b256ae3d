//! The store in memory: for simulations, deterministic to the byte.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;

use super::listing::{self, ListPage, ListRequest, Listed};
use super::spool::{Data, Spool, Spooled};
use super::uploads::{self, Part, PartInfo, Upload, UploadInfo, Uploads};
use super::{Attributes, BucketInfo, Condition, Content, Object, ObjectInfo, StoreError};

#[derive(Debug)]
pub(super) struct Memory(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    buckets: BTreeMap<String, Bucket>,
    uploads: Uploads<Bytes>,
    /// How many uploads there ever were: their ids are made from it.
    begun: u64,
}

#[derive(Debug)]
struct Bucket {
    created: Timestamp,
    lifecycle: Option<String>,
    objects: BTreeMap<String, Arc<Stored>>,
}

#[derive(Debug)]
struct Stored {
    info: ObjectInfo,
    content: Bytes,
}

impl Inner {
    fn bucket(&self, name: &str) -> Result<&Bucket, StoreError> {
        self.buckets.get(name).ok_or_else(|| StoreError::NoSuchBucket(name.to_owned()))
    }

    fn bucket_mut(&mut self, name: &str) -> Result<&mut Bucket, StoreError> {
        self.buckets.get_mut(name).ok_or_else(|| StoreError::NoSuchBucket(name.to_owned()))
    }

    fn put(
        &mut self,
        (bucket, key): (&str, &str),
        stored: Stored,
        condition: &Condition,
    ) -> Result<ObjectInfo, StoreError> {
        let objects = &mut self.bucket_mut(bucket)?.objects;
        condition.check(key, objects.get(key).map(|found| found.info.etag.as_str()))?;
        let info = stored.info.clone();
        objects.insert(key.to_owned(), Arc::new(stored));
        Ok(info)
    }
}

impl Memory {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Inner { buckets: BTreeMap::new(), uploads: Uploads(BTreeMap::new()), begun: 0 }))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn create_bucket(&self, name: &str, created: Timestamp) -> Result<(), StoreError> {
        let buckets = &mut self.lock().buckets;
        if buckets.contains_key(name) {
            return Err(StoreError::BucketExists(name.to_owned()));
        }
        buckets.insert(name.to_owned(), Bucket { created, lifecycle: None, objects: BTreeMap::new() });
        Ok(())
    }

    pub(super) fn buckets(&self) -> Vec<BucketInfo> {
        let info =
            |(name, bucket): (&String, &Bucket)| BucketInfo { name: name.clone(), created: bucket.created };
        self.lock().buckets.iter().map(info).collect()
    }

    pub(super) fn bucket(&self, name: &str) -> Result<BucketInfo, StoreError> {
        let created = self.lock().bucket(name)?.created;
        Ok(BucketInfo { name: name.to_owned(), created })
    }

    pub(super) fn delete_bucket(&self, name: &str) -> Result<(), StoreError> {
        let mut inner = self.lock();
        if !inner.bucket(name)?.objects.is_empty() {
            return Err(StoreError::BucketNotEmpty(name.to_owned()));
        }
        inner.buckets.remove(name);
        inner.uploads.0.retain(|_, upload| upload.bucket != name);
        Ok(())
    }

    pub(super) fn lifecycle(&self, bucket: &str) -> Result<Option<String>, StoreError> {
        Ok(self.lock().bucket(bucket)?.lifecycle.clone())
    }

    pub(super) fn set_lifecycle(&self, bucket: &str, text: Option<&str>) -> Result<(), StoreError> {
        self.lock().bucket_mut(bucket)?.lifecycle = text.map(str::to_owned);
        Ok(())
    }

    pub(super) fn spool() -> Spool {
        Spool::memory()
    }

    pub(super) fn put(
        &self,
        address: (&str, &str),
        spooled: Spooled,
        attributes: Attributes,
        condition: &Condition,
        now: Timestamp,
    ) -> Result<ObjectInfo, StoreError> {
        let etag = hex::encode(spooled.md5);
        let info = ObjectInfo { size: spooled.size, modified: now, etag, attributes };
        self.lock().put(address, Stored { info, content: bytes(spooled)? }, condition)
    }

    pub(super) fn open(&self, bucket: &str, key: &str) -> Result<Object, StoreError> {
        let inner = self.lock();
        let stored =
            inner.bucket(bucket)?.objects.get(key).ok_or_else(|| StoreError::NoSuchKey(key.to_owned()))?;
        Ok(Object { info: stored.info.clone(), content: Content::Bytes(stored.content.clone()) })
    }

    pub(super) fn delete(&self, bucket: &str, key: &str, condition: &Condition) -> Result<(), StoreError> {
        let mut inner = self.lock();
        let objects = &mut inner.bucket_mut(bucket)?.objects;
        condition.check(key, objects.get(key).map(|found| found.info.etag.as_str()))?;
        objects.remove(key);
        Ok(())
    }

    pub(super) fn list(&self, bucket: &str, request: &ListRequest) -> Result<ListPage, StoreError> {
        let inner = self.lock();
        let objects = &inner.bucket(bucket)?.objects;
        let prefix = request.prefix.as_str();
        let page = listing::page(request, |position| {
            let found = objects
                .range::<str, _>((position.lower(prefix), Bound::Unbounded))
                .find(|(key, _)| !position.excludes(key))
                .filter(|(key, _)| key.starts_with(prefix));
            Ok::<_, StoreError>(found.map(|(key, stored)| (key.clone(), Arc::clone(stored))))
        })?;
        let listed = |(key, stored): (String, Arc<Stored>)| Listed {
            key,
            size: stored.info.size,
            modified: stored.info.modified,
            etag: stored.info.etag.clone(),
        };
        let objects = page.objects.into_iter().map(listed).collect();
        Ok(ListPage { objects, prefixes: page.prefixes, next: page.next })
    }

    pub(super) fn create_upload(
        &self,
        (bucket, key): (&str, &str),
        attributes: Attributes,
        now: Timestamp,
    ) -> Result<String, StoreError> {
        let mut inner = self.lock();
        inner.bucket(bucket)?;
        inner.begun += 1;
        let id = format!("upload-{:08}", inner.begun);
        inner.uploads.0.insert(id.clone(), Upload::new(bucket, key, now, attributes));
        Ok(id)
    }

    pub(super) fn put_part(
        &self,
        (bucket, key, id): (&str, &str, &str),
        number: u32,
        spooled: Spooled,
        now: Timestamp,
    ) -> Result<PartInfo, StoreError> {
        let mut inner = self.lock();
        inner.bucket(bucket)?;
        let upload = inner.uploads.find_mut(bucket, key, id)?;
        let info = PartInfo { number, etag: hex::encode(spooled.md5), size: spooled.size, modified: now };
        upload.parts.insert(number, Part { info: info.clone(), data: bytes(spooled)? });
        Ok(info)
    }

    pub(super) fn parts(&self, bucket: &str, key: &str, id: &str) -> Result<Vec<PartInfo>, StoreError> {
        let inner = self.lock();
        inner.bucket(bucket)?;
        let upload = inner.uploads.find(bucket, key, id)?;
        Ok(upload.parts.values().map(|part| part.info.clone()).collect())
    }

    pub(super) fn complete_upload(
        &self,
        (bucket, key, id): (&str, &str, &str),
        named: &[(u32, String)],
        condition: &Condition,
        now: Timestamp,
    ) -> Result<ObjectInfo, StoreError> {
        let mut inner = self.lock();
        inner.bucket(bucket)?;
        let upload = inner.uploads.find(bucket, key, id)?;
        let parts = upload.chosen(named)?;
        let content: Bytes =
            parts.iter().map(|part| part.data.as_ref()).collect::<Vec<&[u8]>>().concat().into();
        let etag = uploads::etag(parts.iter().map(|part| &part.info));
        let size = content.len() as u64;
        let info = ObjectInfo { size, modified: now, etag, attributes: upload.attributes.clone() };
        let info = inner.put((bucket, key), Stored { info, content }, condition)?;
        inner.uploads.0.remove(id);
        Ok(info)
    }

    pub(super) fn abort_upload(&self, bucket: &str, key: &str, id: &str) -> Result<(), StoreError> {
        let mut inner = self.lock();
        inner.bucket(bucket)?;
        inner.uploads.find(bucket, key, id)?;
        inner.uploads.0.remove(id);
        Ok(())
    }

    pub(super) fn uploads(&self, bucket: &str) -> Result<Vec<UploadInfo>, StoreError> {
        let inner = self.lock();
        inner.bucket(bucket)?;
        Ok(inner.uploads.of_bucket(bucket))
    }
}

/// The bytes of a spool; those of another store's, in a file, are read.
fn bytes(spooled: Spooled) -> Result<Bytes, StoreError> {
    match spooled.data {
        Data::Memory(bytes) => Ok(bytes),
        Data::File(file) => Ok(fs::read(file.path()).map_err(StoreError::io("read a body"))?.into()),
    }
}
