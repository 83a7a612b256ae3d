//! `emrys demo`: a made-up day of logs, analysed end to end on the embedded AWS with the real PySpark job.
//!
//! ```text
//! tour       what happens, in order
//! day_of_logs, catalog, random     the day, made from a seed
//! results, results.py, journal     what came of it, read back
//! show       that, as tables
//! ```

mod catalog;
mod day_of_logs;
mod journal;
mod random;
mod results;
mod show;
mod tour;

use std::path::PathBuf;

use emrys_core::run::CallError;

pub(crate) use tour::{Choices, tour};

/// Why the demo came to no end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
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
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::File { .. } => None,
            Self::Call(_) | Self::Results { .. } => {
                Some("remove the folder `.emrys` to begin afresh, after `emrys local stop`".to_owned())
            }
        }
    }
}
