//! Why the demo stopped.

use std::path::PathBuf;

use emrys_core::record::CallError;

/// Why the demo stopped.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A file of the demo.
    #[error("cannot use `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A call that the demo makes itself.
    #[error("{0}")]
    Call(CallError),
    /// The result tables cannot be read.
    #[error("cannot read the result tables: {why}")]
    Results {
        /// Why not.
        why: String,
    },
}

impl DemoError {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::File { .. } => None,
            Self::Call(_) | Self::Results { .. } => {
                Some("remove the folder `.emrys` to begin afresh, after `emrys local stop`".to_owned())
            }
        }
    }
}
