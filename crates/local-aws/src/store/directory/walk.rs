//! The files of a bucket's folder, in the order of their keys.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::vec;

use crate::store::listing::Position;

/// A walk that reads folders only when it comes to them.
#[derive(Debug)]
pub(super) struct Walk {
    prefix: String,
    /// The rest of each open folder.
    open: Vec<vec::IntoIter<Node>>,
    /// A file that was come to and not taken.
    ahead: Option<(String, Found)>,
}

/// A file that a walk came to.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) metadata: Metadata,
}

#[derive(Debug)]
struct Node {
    /// The key; a folder's ends with `/`, which makes the order of nodes the order of all keys below them.
    key: String,
    path: PathBuf,
}

impl Walk {
    /// A walk over the keys that begin with `prefix`.
    pub(super) fn new(bucket: &Path, prefix: &str) -> io::Result<Self> {
        let mut walk = Self { prefix: prefix.to_owned(), open: Vec::new(), ahead: None };
        walk.enter("", bucket)?;
        Ok(walk)
    }

    /// The first file that the position does not exclude; it is taken by [`take`](Self::take).
    pub(super) fn peek(&mut self, position: &Position) -> io::Result<Option<&str>> {
        if self.ahead.as_ref().is_some_and(|(key, _)| position.excludes(key)) {
            self.ahead = None;
        }
        while self.ahead.is_none() {
            let Some(folder) = self.open.last_mut() else { break };
            let Some(node) = folder.next() else {
                self.open.pop();
                continue;
            };
            if node.key.ends_with('/') {
                if !position.excludes_folder(&node.key) {
                    self.enter(&node.key, &node.path)?;
                }
            } else if !position.excludes(&node.key) {
                match fs::symlink_metadata(&node.path) {
                    Ok(metadata) if metadata.is_file() => {
                        self.ahead = Some((node.key, Found { path: node.path, metadata }));
                    }
                    Ok(_) => {}
                    Err(error) if is_gone(&error) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(self.ahead.as_ref().map(|(key, _)| key.as_str()))
    }

    /// Takes the file that was peeked at.
    pub(super) fn take(&mut self) -> Option<(String, Found)> {
        self.ahead.take()
    }

    fn enter(&mut self, key: &str, path: &Path) -> io::Result<()> {
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) if is_gone(&error) => return Ok(()),
            Err(error) => return Err(error),
        };
        let mut nodes = Vec::new();
        for entry in entries {
            let entry = entry?;
            // No key has such a name.
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let kind = match entry.file_type() {
                Ok(kind) => kind,
                Err(error) if is_gone(&error) => continue,
                Err(error) => return Err(error),
            };
            let (key, wanted) = if kind.is_dir() {
                let key = format!("{key}{name}/");
                let wanted = key.starts_with(&self.prefix) || self.prefix.starts_with(&key);
                (key, wanted)
            } else {
                let key = format!("{key}{name}");
                let wanted = kind.is_file() && key.starts_with(&self.prefix);
                (key, wanted)
            };
            if wanted {
                nodes.push(Node { key, path: entry.path() });
            }
        }
        nodes.sort_by(|a, b| a.key.cmp(&b.key));
        self.open.push(nodes.into_iter());
        Ok(())
    }
}

/// Whether an error only says that a job has removed or replaced something since the folder was read.
fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
