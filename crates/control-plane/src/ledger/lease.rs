//! The rules of the lease. Pure: time and vitality are handed in.
//!
//! Clocks of different machines are never compared. A holder counts its lease from the moment before its last write,
//! and a contender from the moment after it first saw that write: the contender's lease time ends later.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::holder::{Holder, Vitality};

/// Who drives a run, and for how long without a sign of life.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Lease {
    /// The driver.
    pub(super) holder: Holder,
    /// Since when, by its own clock: for people only.
    pub(super) since: Timestamp,
    /// How long the lease is good for without another write.
    pub(super) ttl_seconds: f64,
    /// Fresh with every lease that is given.
    pub(super) nonce: String,
}

impl Lease {
    fn ttl(&self) -> Duration {
        // A number that makes no sense must not let anyone in.
        Duration::try_from_secs_f64(self.ttl_seconds).unwrap_or(Duration::MAX)
    }
}

/// Someone who wants the lease and watches the ledger for it.
#[derive(Debug, Default)]
pub(super) struct Contender {
    /// The revision that was seen, and when it was seen first, by the contender's own count.
    watched: Option<(String, Duration)>,
}

/// What a contender may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Take over.
    Take,
    /// Look again until then: the holder may be gone.
    Watch {
        /// By the contender's own count.
        until: Duration,
    },
    /// Leave it: the holder is alive.
    Held,
}

impl Contender {
    /// Judges what was read just now. `uptime` is the contender's own count at a moment *after* the read.
    pub(super) fn evaluate(
        &mut self,
        lease: Option<&Lease>,
        revision: &str,
        vitality: Vitality,
        uptime: Duration,
    ) -> Verdict {
        let Some(lease) = lease else { return Verdict::Take };
        match vitality {
            Vitality::Alive => return Verdict::Held,
            Vitality::Dead => return Verdict::Take,
            Vitality::Unknown => {}
        }
        match &self.watched {
            Some((watched, _)) if watched != revision => Verdict::Held,
            Some((_, since)) => match since.checked_add(lease.ttl()) {
                Some(until) if uptime < until => Verdict::Watch { until },
                Some(_) => Verdict::Take,
                None => Verdict::Held,
            },
            None => {
                self.watched = Some((revision.to_owned(), uptime));
                Verdict::Watch { until: uptime.saturating_add(lease.ttl()) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease() -> Lease {
        Lease {
            holder: Holder {
                who: "ann".into(),
                host: "server".into(),
                pid: 42,
                boot: "b pid:[1]".into(),
                started: "9".into(),
            },
            since: "2024-10-21T03:00:00Z".parse().unwrap(),
            ttl_seconds: 120.0,
            nonce: "n".into(),
        }
    }

    const fn secs(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn a_lease_that_was_let_go_is_taken_at_once_and_so_is_one_of_the_dead() {
        let mut contender = Contender::default();
        assert_eq!(contender.evaluate(None, "r1", Vitality::Unknown, secs(5)), Verdict::Take);
        assert_eq!(contender.evaluate(Some(&lease()), "r1", Vitality::Dead, secs(5)), Verdict::Take);
        assert_eq!(contender.evaluate(Some(&lease()), "r1", Vitality::Alive, secs(5)), Verdict::Held);
    }

    #[test]
    fn the_same_revision_for_a_whole_ttl_by_the_contenders_own_count_is_a_death() {
        let mut contender = Contender::default();
        let mut observe =
            |revision, at| contender.evaluate(Some(&lease()), revision, Vitality::Unknown, secs(at));
        assert_eq!(observe("r1", 1000), Verdict::Watch { until: secs(1120) });
        assert_eq!(observe("r1", 1119), Verdict::Watch { until: secs(1120) });
        assert_eq!(observe("r1", 1120), Verdict::Take);
    }

    #[test]
    fn a_write_is_a_sign_of_life() {
        let mut contender = Contender::default();
        let mut observe =
            |revision, at| contender.evaluate(Some(&lease()), revision, Vitality::Unknown, secs(at));
        assert_eq!(observe("r1", 1000), Verdict::Watch { until: secs(1120) });
        assert_eq!(observe("r2", 1040), Verdict::Held);
        // Even one that comes after the time was up.
        assert_eq!(observe("r2", 2000), Verdict::Held);
    }

    #[test]
    fn a_ttl_that_makes_no_sense_lets_nobody_in() {
        for ttl_seconds in [-1.0, f64::NAN, f64::INFINITY, 1e300] {
            let odd = Lease { ttl_seconds, ..lease() };
            let mut contender = Contender::default();
            let mut observe = |at| contender.evaluate(Some(&odd), "r1", Vitality::Unknown, secs(at));
            let _ = observe(0);
            assert_ne!(observe(1_000_000_000), Verdict::Take, "{ttl_seconds}");
        }
    }
}
