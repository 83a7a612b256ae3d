//! The world on disk.
//!
//! `world.json` is `{"version": 1, "world": …}`, replaced as a whole (written beside, then renamed) after each change
//! and before the answer that tells of it. It is not synced to the disk: it has to outlive the daemon, not the machine.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::world::World;

const VERSION: u32 = 1;

/// Where a world is kept.
#[derive(Clone, Debug)]
pub struct SavedWorld {
    path: PathBuf,
}

/// A kept world that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SavedWorldError {
    /// The file cannot be read.
    #[error("{} cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not a saved world, or is damaged.
    #[error("{} is not a valid saved world", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// The file is of another version.
    #[error("{} has version {found}, this program reads {VERSION}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: u32,
    },
}

#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    world: &'a World,
}

#[derive(Deserialize)]
struct Header {
    version: u32,
}

#[derive(Deserialize)]
struct Read {
    world: World,
}

impl SavedWorld {
    /// A world kept in this file, which need not exist.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The world as it was saved last; `None` when none was.
    pub fn load(&self) -> Result<Option<World>, SavedWorldError> {
        let path = || self.path.clone();
        let text = match std::fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(SavedWorldError::Read { path: path(), source }),
        };
        let form = |source| SavedWorldError::Form { path: path(), source };
        let header: Header = serde_json::from_slice(&text).map_err(form)?;
        if header.version != VERSION {
            return Err(SavedWorldError::Version { path: path(), found: header.version });
        }
        let read: Read = serde_json::from_slice(&text).map_err(form)?;
        Ok(Some(read.world))
    }

    /// Saves the world.
    pub fn save(&self, world: &World) -> io::Result<()> {
        replace(&self.path, &serde_json::to_vec(&Written { version: VERSION, world })?)
    }
}

/// Replaces a file as a whole. Only its owner may read it.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;

    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = path.with_file_name(name);
    let mut file =
        std::fs::OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(content)?;
    drop(file);
    std::fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::WorldSettings;

    #[test]
    fn a_world_comes_back_as_it_was_saved() {
        let dir = tempfile::tempdir().unwrap();
        let saved = SavedWorld::at(dir.path().join("world.json"));
        assert_eq!(saved.load().unwrap(), None);
        let world = World::new(WorldSettings::default(), 7);
        saved.save(&world).unwrap();
        assert_eq!(saved.load().unwrap(), Some(world));
    }

    #[test]
    fn a_damaged_or_newer_file_is_an_error_and_not_a_new_world() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("world.json");
        let saved = SavedWorld::at(&path);
        std::fs::write(&path, "{\"version\": 1, \"wor").unwrap();
        assert!(matches!(saved.load(), Err(SavedWorldError::Form { .. })));
        std::fs::write(&path, "{\"version\": 2, \"planet\": {}}").unwrap();
        assert!(matches!(saved.load(), Err(SavedWorldError::Version { found: 2, .. })));
    }
}
