//! Lifecycle rules of buckets: what S3 does to objects by their age.
//!
//! ```text
//! rule       a rule as S3 has it, with every member that S3's model knows
//! wanted     the rules that a pipeline's [retention] asks for
//! merge      found and wanted -> what is to be written, and what changes by it
//! words      a rule, and the difference of two, for people
//! ```
//!
//! S3 keeps one list of rules for a bucket, and writing replaces all of it: whoever adds a rule writes everybody else's
//! again. So all of a bucket's rules are read, others' are kept as they are and in their order, and Emrys's own are
//! known by their ID, `emrys/<pipeline>/<what for>/<digest>`. The digest is of the rule as it was written: a rule that
//! does not fit its digest was changed by somebody else.

mod merge;
#[cfg(test)]
mod properties;
mod rule;
#[cfg(test)]
mod tests;
mod wanted;
mod words;

pub use merge::{MOST_RULES, Merge, Obstacle, RuleChange, Write, merge, touching};
pub use rule::{
    AbortUploads, And, Configuration, Expiration, Filter, NoncurrentExpiration, NoncurrentTransition, Rule,
    Tag, Transition,
};
pub use wanted::{Form, WantedRule, wanted};
pub use words::{Difference, differences, in_words};
