//! What a person sees while a run goes on.
//!
//! Every change is one line on stderr. On a terminal there are, below these lines, a spinner for the run and one for
//! the cluster and each step that is not at its end, with its state and the time it has been in it.

mod describe;
mod live;
mod reporter;

pub(crate) use describe::{Level, describe};
use live::Live;
pub(crate) use reporter::ProgressReporter;
