//! The only place of this crate that reads time.

use std::time::{Duration, SystemTime};

use aws_smithy_async::time::TimeSource;
use jiff::{SignedDuration, Timestamp};

/// A source of time, cheap to clone.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    System,
    Tokio { start: Timestamp, origin: tokio::time::Instant },
}

impl Clock {
    /// The clock of the machine.
    pub fn system() -> Self {
        Self(Kind::System)
    }

    /// `start` plus the time that tokio's clock has counted since this call: under a paused tokio clock it is
    /// virtual time. It must be made inside a runtime.
    pub fn tokio(start: Timestamp) -> Self {
        Self(Kind::Tokio { start, origin: tokio::time::Instant::now() })
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Kind::System => system_now(),
            Kind::Tokio { start, origin } => {
                later(*start, SignedDuration::try_from(origin.elapsed()).unwrap_or(SignedDuration::MAX))
            }
        }
    }

    /// A count that only grows, nobody can set, and that goes on while the machine is suspended: what a lease is
    /// measured with. Rust's own `Instant` stands still in a suspended laptop, while others' clocks go on.
    pub fn uptime(&self) -> Duration {
        match &self.0 {
            Kind::System => boot_time(),
            Kind::Tokio { origin, .. } => origin.elapsed(),
        }
    }

    /// Waits until this clock shows `until`; at once when it already does.
    pub async fn sleep_until(&self, until: Timestamp) {
        loop {
            let left = until.duration_since(self.now());
            if !left.is_positive() {
                return;
            }
            // Not one long sleep: tokio's clock stands still while the machine is suspended, this one does not.
            let longest = match self.0 {
                Kind::System => Duration::from_secs(30),
                Kind::Tokio { .. } => Duration::MAX,
            };
            // Rounded up: tokio counts milliseconds, and waking a moment early would only spin.
            let left = Duration::try_from(left).unwrap_or(longest).saturating_add(Duration::from_millis(1));
            tokio::time::sleep(left.min(longest)).await;
        }
    }

    /// Waits for `duration` on this clock.
    pub async fn sleep(&self, duration: SignedDuration) {
        self.sleep_until(later(self.now(), duration)).await;
    }
}

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        SystemTime::try_from(Self::now(self)).unwrap_or(SystemTime::UNIX_EPOCH)
    }
}

/// A moment later than another; the end of time, where that is nearer.
pub(crate) fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// A time of the SDK; none where it lies outside of what a timestamp can hold.
pub(crate) fn timestamp(at: &aws_smithy_types::DateTime) -> Option<Timestamp> {
    Timestamp::new(at.secs(), at.subsec_nanos().cast_signed()).ok()
}

#[expect(clippy::disallowed_methods, reason = "this is the clock that everything else takes its time from")]
fn system_now() -> Timestamp {
    Timestamp::now()
}

fn boot_time() -> Duration {
    // Elsewhere than on Linux the monotonic clock is the nearest thing; on macOS it too counts suspend.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let clock = rustix::time::ClockId::Boottime;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let clock = rustix::time::ClockId::Monotonic;
    rustix::time::clock_gettime(clock).try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn virtual_time_passes_without_waiting() {
        let start: Timestamp = "2024-10-21T03:00:00Z".parse().unwrap();
        let clock = Clock::tokio(start);
        clock.sleep(SignedDuration::from_hours(25)).await;
        let passed = clock.now().duration_since(start);
        assert!(passed >= SignedDuration::from_hours(25), "{passed}");
        assert!(passed < SignedDuration::from_hours(25) + SignedDuration::from_secs(1), "{passed}");
        assert!(clock.uptime() >= Duration::from_hours(25));
    }

    #[test]
    fn uptime_only_grows() {
        let clock = Clock::system();
        let first = clock.uptime();
        assert!(first > Duration::ZERO);
        assert!(clock.uptime() >= first);
    }
}
