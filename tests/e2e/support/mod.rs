//! A test's own world: a directory, a pipeline file, an embedded AWS.

mod emrys;
mod judge;
pub(crate) mod logs;
mod published;
mod world;

pub(crate) use emrys::{Background, Ended};
pub(crate) use judge::python;
pub(crate) use world::{DAY, World, without_aws};
