//! What can be wrong with a daemon.

use std::io;
use std::path::PathBuf;

use crate::faults::FaultScriptError;
use crate::server::SavedWorldError;
use crate::store::StoreError;
use crate::world::ScriptError;

/// A daemon that cannot be started, reached or stopped.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// A file or folder of the directory.
    #[error("{what} {}", path.display())]
    File {
        /// What was tried: "cannot open".
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Another daemon serves this directory.
    #[error("{} is served already", dir.display())]
    AlreadyRunning {
        /// The directory.
        dir: PathBuf,
    },
    /// The port cannot be had.
    #[error("cannot listen on port {port} of the loopback interface")]
    Listen {
        /// The port.
        port: u16,
        /// Why not.
        source: io::Error,
    },
    /// The state of an earlier daemon cannot be used.
    #[error(transparent)]
    World(#[from] SavedWorldError),
    /// The objects cannot be used.
    #[error("the object store cannot be opened")]
    Store(#[from] StoreError),
    /// `scripted-steps.json` cannot be used.
    #[error(transparent)]
    Scripts(#[from] ScriptError),
    /// A file of faults cannot be used.
    #[error("{} cannot be used", path.display())]
    Faults {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: FaultScriptError,
    },
    /// Signals cannot be listened to.
    #[error("cannot listen to signals")]
    Signals(#[source] io::Error),
    /// The program of the daemon cannot be run.
    #[error("cannot run {}", exe.display())]
    Spawn {
        /// The program.
        exe: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A daemon that was started ended before it answered.
    #[error("the daemon did not start ({how}); the end of {}:\n{tail}", log.display())]
    DidNotStart {
        /// How it ended.
        how: String,
        /// Its log.
        log: PathBuf,
        /// The last lines of its log.
        tail: String,
    },
    /// A daemon does not end.
    #[error("the daemon with process id {pid} does not end")]
    DoesNotEnd {
        /// Its process id.
        pid: u32,
    },
}

impl DaemonError {
    pub(super) fn file(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { what, path, source }
    }
}
