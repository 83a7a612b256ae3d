//! The store's face.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::directory::Directory;
use super::listing::{ListPage, ListRequest};
use super::memory::Memory;
use super::spool::Spool;
use super::{
    Attributes, BucketInfo, Condition, Content, Object, ObjectInfo, PartInfo, StoreError, UploadInfo,
};
use crate::clock::Clock;

/// The longest key, in bytes.
const LONGEST_KEY: usize = 1024;

/// An object store; clones are the same store.
///
/// Its functions block for as long as a file system does; [`run`](Self::run) takes them off an async runtime.
#[derive(Clone, Debug)]
pub struct Store {
    backing: Arc<Backing>,
    clock: Clock,
}

#[derive(Debug)]
enum Backing {
    Directory(Directory),
    Memory(Memory),
}

/// Asks the backing, whichever it is.
macro_rules! ask {
    ($store:expr, $backing:ident => $answer:expr) => {
        match &*$store.backing {
            Backing::Directory($backing) => $answer,
            Backing::Memory($backing) => $answer,
        }
    };
}

impl Store {
    /// A store in memory.
    pub fn memory(clock: Clock) -> Self {
        Self { backing: Arc::new(Backing::Memory(Memory::new())), clock }
    }

    /// Opens the store in `<dir>/s3` and `<dir>/s3-meta`, and makes them where they are missing.
    pub fn directory(dir: &Path, clock: Clock) -> Result<Self, StoreError> {
        let directory = Directory::open_store(dir, clock.now())?;
        Ok(Self { backing: Arc::new(Backing::Directory(directory)), clock })
    }

    /// Runs something that uses the store without blocking the runtime. Over a directory it runs on the pool for
    /// blocking work. In memory it runs at once, which is deterministic.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        match &*self.backing {
            Backing::Memory(_) => work(self),
            Backing::Directory(_) => {
                let store = self.clone();
                tokio::task::spawn_blocking(move || work(&store)).await.map_err(|error| StoreError::Io {
                    doing: "finish work on the store",
                    source: std::io::Error::other(error),
                })?
            }
        }
    }

    /// Writes an object.
    pub async fn write(
        &self,
        bucket: &str,
        key: &str,
        bytes: impl Into<Bytes>,
    ) -> Result<ObjectInfo, StoreError> {
        let (bucket, key, bytes) = (bucket.to_owned(), key.to_owned(), bytes.into());
        self.run(move |store| store.put(&bucket, &key, &bytes)).await
    }

    /// Reads an object.
    pub async fn read(&self, bucket: &str, key: &str) -> Result<Vec<u8>, StoreError> {
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        self.run(move |store| store.get(&bucket, &key)).await
    }

    /// The folder of a bucket, where there are folders and the bucket exists.
    pub fn bucket_dir(&self, bucket: &str) -> Option<PathBuf> {
        match &*self.backing {
            Backing::Directory(directory) if s3s::path::check_bucket_name(bucket) => {
                directory.bucket_dir(bucket).ok()
            }
            _ => None,
        }
    }

    /// All buckets with their folders; none where there are no folders.
    pub fn bucket_folders(&self) -> Vec<(String, PathBuf)> {
        let names = self.buckets().unwrap_or_default().into_iter().map(|bucket| bucket.name);
        names.filter_map(|name| self.bucket_dir(&name).map(|folder| (name, folder))).collect()
    }

    /// Creates a bucket.
    pub fn create_bucket(&self, bucket: &str) -> Result<(), StoreError> {
        if !s3s::path::check_bucket_name(bucket) {
            return Err(StoreError::InvalidBucketName(bucket.to_owned()));
        }
        let now = self.clock.now();
        ask!(self, backing => backing.create_bucket(bucket, now))
    }

    /// All buckets, by name.
    pub fn buckets(&self) -> Result<Vec<BucketInfo>, StoreError> {
        match &*self.backing {
            Backing::Directory(directory) => directory.buckets(),
            Backing::Memory(memory) => Ok(memory.buckets()),
        }
    }

    /// A bucket, if it exists.
    pub fn bucket(&self, bucket: &str) -> Result<BucketInfo, StoreError> {
        check_bucket(bucket)?;
        ask!(self, backing => backing.bucket(bucket))
    }

    /// Deletes a bucket that is empty. Its unfinished uploads go with it.
    pub fn delete_bucket(&self, bucket: &str) -> Result<(), StoreError> {
        check_bucket(bucket)?;
        ask!(self, backing => backing.delete_bucket(bucket))
    }

    /// The lifecycle configuration of a bucket, if it has one, as it was [set](Self::set_lifecycle).
    pub fn lifecycle(&self, bucket: &str) -> Result<Option<String>, StoreError> {
        check_bucket(bucket)?;
        ask!(self, backing => backing.lifecycle(bucket))
    }

    /// Replaces or removes the lifecycle configuration of a bucket. The store keeps the text and does nothing with it.
    pub fn set_lifecycle(&self, bucket: &str, text: Option<&str>) -> Result<(), StoreError> {
        check_bucket(bucket)?;
        ask!(self, backing => backing.set_lifecycle(bucket, text))
    }

    /// A body to write to.
    pub fn spool(&self) -> Result<Spool, StoreError> {
        match &*self.backing {
            Backing::Directory(directory) => directory.spool(),
            Backing::Memory(_) => Ok(Memory::spool()),
        }
    }

    /// Writes an object, whatever is there.
    pub fn put(&self, bucket: &str, key: &str, bytes: &[u8]) -> Result<ObjectInfo, StoreError> {
        self.put_if(bucket, key, bytes, &Condition::default())
    }

    /// Writes an object if the condition holds.
    pub fn put_if(
        &self,
        bucket: &str,
        key: &str,
        bytes: &[u8],
        condition: &Condition,
    ) -> Result<ObjectInfo, StoreError> {
        let mut spool = self.spool()?;
        spool.write(bytes).map_err(StoreError::io("write a body"))?;
        self.put_object(bucket, key, spool, Attributes::default(), condition)
    }

    /// Makes a body an object if the condition holds.
    pub fn put_object(
        &self,
        bucket: &str,
        key: &str,
        body: Spool,
        attributes: Attributes,
        condition: &Condition,
    ) -> Result<ObjectInfo, StoreError> {
        check(bucket, key)?;
        let (body, now) = (body.finish(), self.clock.now());
        match &*self.backing {
            Backing::Directory(directory) => {
                directory.put((bucket, key), body, attributes, condition, now, None)
            }
            Backing::Memory(memory) => memory.put((bucket, key), body, attributes, condition, now),
        }
    }

    /// Reads an object.
    pub fn get(&self, bucket: &str, key: &str) -> Result<Vec<u8>, StoreError> {
        let object = self.open(bucket, key)?;
        object.read(0..object.info.size).map_err(StoreError::io("read an object"))
    }

    /// Opens an object.
    pub fn open(&self, bucket: &str, key: &str) -> Result<Object, StoreError> {
        check(bucket, key)?;
        ask!(self, backing => backing.open(bucket, key))
    }

    /// What is known of an object.
    pub fn head(&self, bucket: &str, key: &str) -> Result<ObjectInfo, StoreError> {
        Ok(self.open(bucket, key)?.info)
    }

    /// Deletes an object if the condition holds; without one, a key that is not there is deleted too.
    pub fn delete(&self, bucket: &str, key: &str, condition: &Condition) -> Result<(), StoreError> {
        check(bucket, key)?;
        ask!(self, backing => backing.delete(bucket, key, condition))
    }

    /// A page of a bucket's objects, in the order of their keys' UTF-8 bytes.
    pub fn list(&self, bucket: &str, request: &ListRequest) -> Result<ListPage, StoreError> {
        check_bucket(bucket)?;
        ask!(self, backing => backing.list(bucket, request))
    }

    /// Begins a multipart upload; the answer is its id.
    pub fn create_upload(
        &self,
        bucket: &str,
        key: &str,
        attributes: Attributes,
    ) -> Result<String, StoreError> {
        check(bucket, key)?;
        let now = self.clock.now();
        ask!(self, backing => backing.create_upload((bucket, key), attributes, now))
    }

    /// Makes a body a part of an upload, in the place of one with this number.
    pub fn put_part(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
        number: u32,
        body: Spool,
    ) -> Result<PartInfo, StoreError> {
        check(bucket, key)?;
        let (body, now) = (body.finish(), self.clock.now());
        ask!(self, backing => backing.put_part((bucket, key, id), number, body, now))
    }

    /// The parts of an upload, by number.
    pub fn parts(&self, bucket: &str, key: &str, id: &str) -> Result<Vec<PartInfo>, StoreError> {
        check(bucket, key)?;
        ask!(self, backing => backing.parts(bucket, key, id))
    }

    /// Makes the named parts (number and ETag, ascending) an object if the condition holds.
    pub fn complete_upload(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
        parts: &[(u32, String)],
        condition: &Condition,
    ) -> Result<ObjectInfo, StoreError> {
        check(bucket, key)?;
        let now = self.clock.now();
        ask!(self, backing => backing.complete_upload((bucket, key, id), parts, condition, now))
    }

    /// Ends an upload without an object.
    pub fn abort_upload(&self, bucket: &str, key: &str, id: &str) -> Result<(), StoreError> {
        check(bucket, key)?;
        ask!(self, backing => backing.abort_upload(bucket, key, id))
    }

    /// The unfinished uploads into a bucket, by key and id.
    pub fn uploads(&self, bucket: &str) -> Result<Vec<UploadInfo>, StoreError> {
        check_bucket(bucket)?;
        ask!(self, backing => backing.uploads(bucket))
    }
}

impl Object {
    /// Reads bytes of the object, all at once.
    pub fn read(&self, range: std::ops::Range<u64>) -> std::io::Result<Vec<u8>> {
        use std::os::unix::fs::FileExt as _;
        let index = |at| usize::try_from(at).map_err(std::io::Error::other);
        match &self.content {
            Content::Bytes(bytes) => Ok(bytes[index(range.start)?..index(range.end)?].to_vec()),
            Content::File(file) => {
                let mut bytes = vec![0; index(range.end - range.start)?];
                file.read_exact_at(&mut bytes, range.start)?;
                Ok(bytes)
            }
        }
    }
}

/// An invalid name names no bucket, and does not reach the file system.
fn check_bucket(bucket: &str) -> Result<(), StoreError> {
    if s3s::path::check_bucket_name(bucket) {
        Ok(())
    } else {
        Err(StoreError::NoSuchBucket(bucket.to_owned()))
    }
}

fn check(bucket: &str, key: &str) -> Result<(), StoreError> {
    check_bucket(bucket)?;
    if (1..=LONGEST_KEY).contains(&key.len()) { Ok(()) } else { Err(StoreError::InvalidKey(key.len())) }
}
