//! What keeps a run from being launched twice, lost or believed too early, each as a switch.

use emrys_core::pace::Pace;
use jiff::SignedDuration;

/// Switches for the simulation, and for nobody else: each safeguard can be taken away there, to show that the
/// simulation notices. Everywhere else all of them are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Safeguards {
    /// The cluster of a launch with an unclear answer is looked for, and what is found is the run's.
    pub adoption: bool,
    /// Such a cluster counts as never launched only after two settled looks that agree.
    pub repeated_absence: bool,
    /// Whoever holds a cluster that it cannot record ends it.
    pub unrecorded_cluster: bool,
    /// The ledger is written on the condition that nobody else wrote it.
    pub fence: bool,
    /// A launch is asked for once: the SDK does not try again by itself.
    pub launch_once: bool,
    /// Output is believed after a check only.
    pub verification: bool,
    /// A schedule outside of the cluster ends it when everybody is dead, where `[guard]` is configured. Without it
    /// Emrys believes that there is one.
    pub guards: bool,
    /// The lease is made sure of before each table is published, and not before the first alone.
    pub table_lease: bool,
    /// Who looks at a day that is over looks at its tables, too, and puts them right.
    pub reconciliation: bool,
    /// Output is deleted only when no table serves it, whatever the record says.
    pub live_catalog_check: bool,
    /// Output is called gone when the last of its objects is, and not before the first goes.
    pub deleted_last: bool,
    /// Of a day that expires the partitions are removed before it is said that they are.
    pub withdrawal: bool,
}

impl Safeguards {
    /// All of them.
    pub const ALL: Self = Self {
        adoption: true,
        repeated_absence: true,
        unrecorded_cluster: true,
        fence: true,
        launch_once: true,
        verification: true,
        guards: true,
        table_lease: true,
        reconciliation: true,
        live_catalog_check: true,
        deleted_last: true,
        withdrawal: true,
    };

    /// The pace with these safeguards.
    pub(crate) fn pace(self, pace: Pace) -> Pace {
        if self.repeated_absence {
            return pace;
        }
        Pace { resolve_after: SignedDuration::ZERO, resolve_gap: SignedDuration::ZERO, ..pace }
    }
}

impl Default for Safeguards {
    fn default() -> Self {
        Self::ALL
    }
}
