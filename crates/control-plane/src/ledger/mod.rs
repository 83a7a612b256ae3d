//! The durable record of a run: one object per pipeline and day, written by compare-and-set.
//!
//! ```text
//! document   what the object holds, and who may read and write it
//! events     which of its events this version knows
//! lease      the rules by which a contender may take over (pure)
//! object     reading it, and writing it on the condition that nobody else did
//! take       getting the lease
//! held       the ledger in the hand of who holds the lease: append, renew, release
//! witness    reading along while another holds it
//! unlock     taking the lease away from its holder
//! ```

mod document;
mod events;
#[cfg(test)]
mod golden;
mod held;
mod lease;
mod object;
mod take;
mod unlock;
mod witness;

pub(crate) use document::Document;
pub(crate) use held::Ledger;
pub(crate) use object::read;
pub(crate) use take::READS_PER_LEASE;
pub use unlock::{Unlocked, unlock};
pub(crate) use witness::{Driver, Witness};
