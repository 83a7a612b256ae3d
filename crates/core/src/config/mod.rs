//! The configuration of a pipeline: one TOML file.
//!
//! ```text
//! reader, entry        TOML with positions; every problem is noted, and reading goes on problem              what is
//! told of them, and what was probably meant values               the texts that AWS and Emrys give a form: names,
//! ARNs, release labels, templates pipeline             the file's tables; job, steps, cluster, fleets, raw, guard,
//! catalog, limits, retention read theirs tables, column_type  the tables of a user's own job, in `catalog` check
//! what contradicts itself, as far as it could be read
//! ```
//!
//! The comments on the public fields are the reference of the configuration; `docs/configuration.md` follows them.

mod catalog;
mod check;
mod cluster;
mod column_type;
mod entry;
mod fleets;
mod guard;
mod job;
mod limits;
mod pipeline;
mod problem;
#[cfg(test)]
mod properties;
mod raw;
mod reader;
#[cfg(test)]
mod reference;
mod retention;
mod steps;
mod tables;
#[cfg(test)]
mod tests;
mod values;

pub use catalog::Catalog;
pub use cluster::{Bootstrap, Cluster, SecurityGroups};
pub use fleets::{Ebs, Fleet, Fleets, Market};
pub use guard::Guard;
pub use job::{Script, UserJob};
pub use limits::{Alarms, Limits};
pub use pipeline::{
    Config, Output, OutputFormat, Source, SourceFormat, StateStore, Unreadable, day_folder, decode, read_with,
};
pub use problem::{ConfigErrors, Problem};
pub use retention::{Archive, ArchiveClass, LEAST_GRACE_HOURS, Retention};
pub use steps::{CustomStep, STEP_CHARACTERS, StepKind, When};
pub use tables::{OwnColumn, OwnTable, PARTITION_KEY, TableFormat};
pub use values::ReleaseLabel;
