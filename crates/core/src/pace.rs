//! How fast a run is watched: it belongs to the place, minutes at AWS and fractions of a second on loopback.

use jiff::SignedDuration;

/// Intervals and patience of one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    /// Between two observations of a cluster in its first [`early_for`](Self::early_for).
    pub poll_early: SignedDuration,
    /// Between two observations after that.
    pub poll_late: SignedDuration,
    /// How long a cluster counts as young.
    pub early_for: SignedDuration,
    /// Before an observation or an action that met trouble is tried again; doubled each time, up to sixteen times.
    pub retry: SignedDuration,
    /// How long an unreachable AWS is waited for before the watching stops (the run itself goes on).
    pub patience: SignedDuration,
    /// How long metrics and alarm are tried for before the run is closed without them.
    pub report_patience: SignedDuration,
    /// From the first look for the cluster of a launch with an unclear answer to the observation that counts, when both
    /// find none. How long RunJobFlow takes to show in ListClusters is not documented by AWS.
    pub resolve_after: SignedDuration,
    /// Between the two observations that must agree before such a cluster counts as never launched.
    pub resolve_gap: SignedDuration,
    /// Between two observations of the guard of a cluster: it goes away only when somebody deletes it.
    pub guard: SignedDuration,
    /// How long after a cluster's end its logs are waited for. EMR uploads them every five minutes and once
    /// more at the end.
    pub logs: SignedDuration,
    /// How long a cluster may be on its way down before that is told. EMR's own pages name 1 to 5 minutes, and 5 to 20.
    pub ending: SignedDuration,
    /// How long a cluster may stand after its steps, and how long after it was asked to end, before it is asked
    /// (again).
    pub linger: SignedDuration,
    /// Between two observations of a query of Athena.
    pub query_poll: SignedDuration,
    /// How long a lease is good for without a renewal.
    pub lease: SignedDuration,
}

impl Pace {
    /// At AWS: EMR throttles DescribeCluster for a few dozen clusters, and Step Functions' own integration polls
    /// every 60 s for ten minutes, then every 300 s.
    pub const AWS: Self = Self {
        poll_early: SignedDuration::from_secs(30),
        poll_late: SignedDuration::from_secs(120),
        early_for: SignedDuration::from_mins(15),
        retry: SignedDuration::from_secs(5),
        patience: SignedDuration::from_mins(15),
        report_patience: SignedDuration::from_mins(3),
        resolve_after: SignedDuration::from_mins(3),
        resolve_gap: SignedDuration::from_mins(2),
        guard: SignedDuration::from_mins(5),
        logs: SignedDuration::from_mins(6),
        ending: SignedDuration::from_mins(30),
        linger: SignedDuration::from_mins(10),
        query_poll: SignedDuration::from_secs(1),
        lease: SignedDuration::from_secs(120),
    };

    /// At an endpoint on loopback, where an observation costs nothing and a cluster starts in a second.
    pub const LOOPBACK: Self = Self {
        poll_early: SignedDuration::from_millis(200),
        poll_late: SignedDuration::from_millis(500),
        early_for: SignedDuration::from_mins(2),
        retry: SignedDuration::from_millis(100),
        patience: SignedDuration::from_secs(10),
        report_patience: SignedDuration::from_secs(3),
        resolve_after: SignedDuration::from_millis(600),
        resolve_gap: SignedDuration::from_millis(400),
        guard: SignedDuration::from_secs(2),
        logs: SignedDuration::from_secs(2),
        ending: SignedDuration::from_secs(60),
        linger: SignedDuration::from_secs(5),
        query_poll: SignedDuration::from_millis(100),
        lease: SignedDuration::from_secs(15),
    };

    /// The time between two observations of a cluster of this age.
    pub fn poll(&self, age: SignedDuration) -> SignedDuration {
        if age < self.early_for { self.poll_early } else { self.poll_late }
    }

    /// The wait before another try, after `tries` in a row met trouble.
    pub fn backoff(&self, tries: u32) -> SignedDuration {
        self.retry * (1 << tries.saturating_sub(1).min(4))
    }

    /// The age at which a lease is renewed: early enough that two renewals may fail.
    pub fn renew_after(&self) -> SignedDuration {
        self.lease / 3
    }
}
