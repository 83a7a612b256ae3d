//! The commands, one file each, with their arguments.

#[cfg(feature = "local")]
pub(crate) mod demo;
#[cfg(feature = "local")]
pub(crate) mod local;
pub(crate) mod plan;
pub(crate) mod run;
pub(crate) mod status;
