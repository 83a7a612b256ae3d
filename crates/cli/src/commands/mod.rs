//! The commands, one file each, with their arguments.

pub(crate) mod attach;
pub(crate) mod cancel;
#[cfg(feature = "local")]
pub(crate) mod demo;
pub(crate) mod destroy;
pub(crate) mod gc;
#[cfg(feature = "local")]
pub(crate) mod local;
pub(crate) mod plan;
pub(crate) mod publish;
pub(crate) mod query;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod setup;
pub(crate) mod status;
pub(crate) mod sweep;
pub(crate) mod unlock;
