//! Where things lie, and what a file system cannot hold.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use crate::store::StoreError;

/// The folders of a store.
#[derive(Debug)]
pub(super) struct Layout {
    objects: PathBuf,
    side: PathBuf,
}

impl Layout {
    /// The layout under `dir`, its folders made.
    pub(super) fn make(dir: &Path) -> Result<Self, StoreError> {
        let layout = Self { objects: dir.join("s3"), side: dir.join("s3-meta") };
        let folders = ["buckets", "objects", "odd", "uploads", "tmp"].map(|name| layout.side.join(name));
        for folder in folders.iter().chain([&layout.objects]) {
            fs::create_dir_all(folder).map_err(StoreError::io("make the store's folders"))?;
        }
        Ok(layout)
    }

    pub(super) fn root(&self) -> &Path {
        &self.objects
    }

    pub(super) fn bucket(&self, bucket: &str) -> PathBuf {
        self.objects.join(bucket)
    }

    pub(super) fn bucket_record(&self, bucket: &str) -> PathBuf {
        self.side.join("buckets").join(format!("{bucket}.json"))
    }

    pub(super) fn lifecycle(&self, bucket: &str) -> PathBuf {
        self.side.join("lifecycle").join(format!("{bucket}.json"))
    }

    pub(super) fn object_record(&self, bucket: &str, key: &str) -> PathBuf {
        self.object_records(bucket).join(format!("{}.json", hash(key)))
    }

    pub(super) fn object_records(&self, bucket: &str) -> PathBuf {
        self.side.join("objects").join(bucket)
    }

    pub(super) fn all_odd(&self) -> PathBuf {
        self.side.join("odd")
    }

    pub(super) fn odd(&self, bucket: &str) -> PathBuf {
        self.all_odd().join(bucket)
    }

    pub(super) fn odd_record(&self, bucket: &str, key: &str) -> PathBuf {
        self.odd(bucket).join(format!("{}.json", hash(key)))
    }

    pub(super) fn uploads(&self) -> PathBuf {
        self.side.join("uploads")
    }

    pub(super) fn upload(&self, id: &str) -> PathBuf {
        self.uploads().join(id)
    }

    pub(super) fn tmp(&self) -> PathBuf {
        self.side.join("tmp")
    }

    /// Where a key's file is, if a file system can hold one of that name at all.
    pub(super) fn plain(&self, bucket: &str, key: &str) -> Option<PathBuf> {
        let holds = |segment: &str| {
            !matches!(segment, "" | "." | "..") && segment.len() <= 255 && !segment.contains('\0')
        };
        key.split('/').all(holds).then(|| self.bucket(bucket).join(key))
    }
}

/// Whether something stands where the folders of a key have to be: a file, or a link that could lead anywhere.
pub(super) fn is_obstructed(bucket: &Path, key: &str) -> io::Result<bool> {
    let mut path = bucket.to_owned();
    let Some((folders, _)) = key.rsplit_once('/') else {
        return Ok(false);
    };
    for folder in folders.split('/') {
        path.push(folder);
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

/// A file name for any key.
pub(super) fn hash(key: &str) -> String {
    hex::encode(Sha256::digest(key))
}

/// Creates a new file; its name is `prefix` and the first free number from `counter`.
pub(super) fn create_numbered(
    folder: &Path,
    prefix: &str,
    mut counter: impl FnMut() -> u64,
) -> io::Result<(File, PathBuf)> {
    loop {
        let path = folder.join(format!("{prefix}{}", counter()));
        match OpenOptions::new().read(true).write(true).create_new(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return opened.map(|file| (file, path)),
        }
    }
}

/// Replaces a JSON file in one step. The file that is renamed is `scratch`.
pub(super) fn write_json(path: &Path, scratch: &Path, value: &impl Serialize) -> io::Result<()> {
    write(path, scratch, &serde_json::to_vec(value)?)
}

/// Replaces a file in one step. The file that is renamed is `scratch`.
pub(super) fn write(path: &Path, scratch: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::write(scratch, bytes)?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::rename(scratch, path)
}

/// Reads a JSON file; `None` if it is missing or cannot be read. The records save work and hold attributes, and the
/// objects are readable without them.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Removes a file that may not be there.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
