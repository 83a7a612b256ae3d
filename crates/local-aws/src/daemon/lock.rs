//! The lock on a directory.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::DaemonError;

/// A directory that is held. The kernel lets go of it with the process, however that ends; children of the process
/// do not inherit it.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

/// The lock's file.
pub(super) fn file_of(dir: &Path) -> PathBuf {
    dir.join("daemon.lock")
}

impl Lock {
    /// Takes the lock; `None` when another process holds it.
    pub(super) fn take(dir: &Path) -> Result<Option<Self>, DaemonError> {
        let path = file_of(dir);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(DaemonError::file("cannot open", &path))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(DaemonError::file("cannot lock", &path)(io::Error::from(error))),
        }
    }
}

/// Whether a daemon holds the directory. To ask means to hold a shared lock for a moment, which no other asker
/// notices, and which a daemon that starts waits for.
pub(super) fn is_held(dir: &Path) -> bool {
    let Ok(file) = File::open(file_of(dir)) else {
        return false;
    };
    matches!(flock(&file, FlockOperation::NonBlockingLockShared), Err(Errno::WOULDBLOCK))
}
