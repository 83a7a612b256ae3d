//! What keeps a run from being launched twice, lost or believed too early.
//!
//! In the package that users build all of it is always on, and there is nothing to switch: [`Safeguards`] has no size.
//! A second package, `emrys-control-plane-breakable`, compiles the same sources with a switch for each safeguard. The
//! simulation takes them away one by one, to show that it notices.

use emrys_core::pace::Pace;
use jiff::SignedDuration;

/// Defines the safeguards from one list, with and without the switches.
macro_rules! safeguards {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// All safeguards, always on.
        #[cfg(not(feature = "breakable"))]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) struct Safeguards;

        #[cfg(not(feature = "breakable"))]
        impl Safeguards {
            $($(#[doc = $doc])+ pub(crate) const fn $name(self) -> bool { true })+
        }

        /// A switch for each safeguard.
        #[cfg(feature = "breakable")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct Safeguards { $($name: bool),+ }

        #[cfg(feature = "breakable")]
        impl Safeguards {
            /// All of them.
            pub const ALL: Self = Self { $($name: true),+ };

            /// All of them but one, which is named as here, with hyphens.
            pub fn without(name: &str) -> Option<Self> {
                let mut safeguards = Self::ALL;
                match name.replace('-', "_").as_str() {
                    $(stringify!($name) => safeguards.$name = false,)+
                    _ => return None,
                }
                Some(safeguards)
            }

            $($(#[doc = $doc])+ pub(crate) const fn $name(self) -> bool { self.$name })+
        }
    };
}

safeguards! {
    /// The cluster of a launch with an unclear answer is searched for, and what is found belongs to the run.
    adoption,
    /// Such a launch counts as never made only after two observations that agree, with time between them.
    repeated_absence,
    /// A process that has launched a cluster and cannot record it terminates the cluster.
    unrecorded_cluster,
    /// The ledger is written on the condition that nobody else wrote it.
    fence,
    /// A launch is sent once: the SDK does not retry it.
    launch_once,
    /// Output is accepted only after it was verified.
    verification,
    /// Where `[guard]` is configured, a schedule outside of the cluster terminates it when no process does. Without
    /// this safeguard no schedule is made, and the engine believes that there is one.
    guards,
    /// The lease is checked before each table is published, and not only before the first.
    table_lease,
    /// A command that takes a day that is over compares its tables with the record, and reconciles them.
    reconciliation,
    /// Output is deleted only when no table serves it, whatever the record says.
    live_catalog_check,
    /// Output is recorded as deleted after its last object is gone, and not before the first goes.
    deleted_last,
    /// The partitions of a day that expires are removed before that is recorded.
    withdrawal,
}

impl Safeguards {
    /// The pace with these safeguards.
    pub(crate) fn pace(self, pace: Pace) -> Pace {
        if self.repeated_absence() {
            return pace;
        }
        Pace { resolve_after: SignedDuration::ZERO, resolve_gap: SignedDuration::ZERO, ..pace }
    }
}

#[cfg(all(test, not(feature = "breakable")))]
mod tests {
    use super::Safeguards;

    #[test]
    fn the_package_that_users_build_has_no_switch() {
        assert_eq!(size_of::<Safeguards>(), 0);
    }
}
