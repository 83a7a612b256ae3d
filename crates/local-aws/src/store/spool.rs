//! A body that is being received.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use md5::{Digest as _, Md5};

/// Bytes that are to become an object or a part: written and hashed piece by piece, and dropped without a trace unless
/// they are put.
#[derive(Debug)]
pub struct Spool {
    sink: Sink,
    size: u64,
    md5: Md5,
}

#[derive(Debug)]
enum Sink {
    Memory(Vec<u8>),
    File(File, TempFile),
}

/// Bytes that are complete.
#[derive(Debug)]
pub(super) struct Spooled {
    pub(super) data: Data,
    pub(super) size: u64,
    pub(super) md5: [u8; 16],
}

/// Where complete bytes lie.
#[derive(Debug)]
pub(super) enum Data {
    Memory(Bytes),
    File(TempFile),
}

/// A file that is removed when it is dropped; what was renamed away is no longer there to remove.
#[derive(Debug)]
pub(super) struct TempFile(PathBuf);

impl TempFile {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        // Gone already where it was put in its place; a leftover is swept at a later start.
        let _ = fs::remove_file(&self.0);
    }
}

impl Spool {
    pub(super) fn memory() -> Self {
        Self::new(Sink::Memory(Vec::new()))
    }

    pub(super) fn file(file: File, path: PathBuf) -> Self {
        Self::new(Sink::File(file, TempFile(path)))
    }

    fn new(sink: Sink) -> Self {
        Self { sink, size: 0, md5: Md5::new() }
    }

    /// Adds bytes at the end.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.md5.update(bytes);
        self.size += bytes.len() as u64;
        match &mut self.sink {
            Sink::Memory(content) => {
                content.extend_from_slice(bytes);
                Ok(())
            }
            Sink::File(file, _) => file.write_all(bytes),
        }
    }

    /// How many bytes there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The MD5 of the bytes so far.
    pub fn md5(&self) -> [u8; 16] {
        self.md5.clone().finalize().into()
    }

    pub(super) fn finish(self) -> Spooled {
        let md5 = self.md5();
        let data = match self.sink {
            Sink::Memory(content) => Data::Memory(content.into()),
            Sink::File(file, path) => {
                drop(file);
                Data::File(path)
            }
        };
        Spooled { data, size: self.size, md5 }
    }
}
