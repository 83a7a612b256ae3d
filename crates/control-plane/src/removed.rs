//! Output that was removed. Plain data, which knows nobody: who removes it and who is told of it share it.

use emrys_core::record::Removal;

/// Output of an attempt that is gone, or is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// The attempt.
    pub attempt: u32,
    /// Why.
    pub because: Removal,
    /// Where it was.
    pub folder: String,
    /// How many objects.
    pub objects: u64,
    /// Their sizes together, in bytes.
    pub bytes: u64,
}
