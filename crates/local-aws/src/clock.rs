//! The only place of this crate that reads the real time.
//!
//! Everything else takes "now" from a [`Clock`]. So the same code runs in real time (the daemon), in steps that a test
//! takes, and on tokio's paused clock (the simulation).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

/// A source of time, cheap to clone; clones of a stepped clock are the same clock.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    System,
    Stepped(Arc<Stepped>),
    Tokio { start: Timestamp, origin: tokio::time::Instant },
}

#[derive(Debug)]
struct Stepped {
    now: Mutex<Timestamp>,
    moved: Notify,
}

impl Clock {
    /// The clock of the machine.
    pub fn system() -> Self {
        Self(Kind::System)
    }

    /// A clock that stands at `start` and moves only by [`advance`](Self::advance).
    pub fn stepped(start: Timestamp) -> Self {
        Self(Kind::Stepped(Arc::new(Stepped { now: Mutex::new(start), moved: Notify::new() })))
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
            Kind::Stepped(stepped) => *stepped.now.lock().unwrap_or_else(PoisonError::into_inner),
            Kind::Tokio { start, origin } => start
                .checked_add(SignedDuration::try_from(origin.elapsed()).unwrap_or(SignedDuration::MAX))
                .unwrap_or(Timestamp::MAX),
        }
    }

    /// Moves a stepped clock on (never back), and wakes who sleeps on it. Other clocks move by themselves: there
    /// it does nothing.
    pub fn advance(&self, by: SignedDuration) {
        let Kind::Stepped(stepped) = &self.0 else { return };
        {
            let mut now = stepped.now.lock().unwrap_or_else(PoisonError::into_inner);
            if by.is_positive() {
                *now = now.checked_add(by).unwrap_or(Timestamp::MAX);
            }
        }
        stepped.moved.notify_waiters();
    }

    /// Waits until this clock shows `until`; at once when it already does.
    pub async fn sleep_until(&self, until: Timestamp) {
        match &self.0 {
            Kind::Stepped(stepped) => loop {
                let moved = stepped.moved.notified();
                tokio::pin!(moved);
                // Registered before the time is read, so that a step in between is not missed.
                moved.as_mut().enable();
                if self.now() >= until {
                    return;
                }
                moved.await;
            },
            // Not one long sleep: tokio's clock may stand still while the machine is suspended, this one does not.
            Kind::System | Kind::Tokio { .. } => loop {
                let left = until.duration_since(self.now());
                if !left.is_positive() {
                    return;
                }
                let longest = match self.0 {
                    Kind::System => Duration::from_secs(30),
                    _ => Duration::MAX,
                };
                // Rounded up: tokio counts milliseconds, and waking a moment early would only spin.
                let left = Duration::try_from(left).unwrap_or(longest) + Duration::from_millis(1);
                tokio::time::sleep(left.min(longest)).await;
            },
        }
    }

    /// Waits for `duration` on this clock.
    pub async fn sleep(&self, duration: SignedDuration) {
        self.sleep_until(self.now().checked_add(duration).unwrap_or(Timestamp::MAX)).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the clock that everything else takes its time from")]
fn system_now() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Timestamp {
        "2024-10-21T03:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_stepped_clock_moves_only_by_hand_and_never_back() {
        let clock = Clock::stepped(start());
        let same = clock.clone();
        assert_eq!(clock.now(), start());
        same.advance(SignedDuration::from_secs(90));
        assert_eq!(clock.now(), start() + SignedDuration::from_secs(90));
        clock.advance(SignedDuration::from_secs(-10));
        assert_eq!(clock.now(), start() + SignedDuration::from_secs(90));
    }

    #[tokio::test]
    async fn who_sleeps_on_a_stepped_clock_is_woken_by_the_step() {
        let clock = Clock::stepped(start());
        let sleeper = clock.clone();
        let task = tokio::spawn(async move { sleeper.sleep(SignedDuration::from_secs(60)).await });
        // The sleeper has to read the clock first: its minute begins when it does.
        tokio::task::yield_now().await;
        clock.advance(SignedDuration::from_secs(59));
        tokio::task::yield_now().await;
        assert!(!task.is_finished());
        clock.advance(SignedDuration::from_secs(1));
        task.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn the_tokio_clock_follows_paused_time() {
        let clock = Clock::tokio(start());
        clock.sleep(SignedDuration::from_hours(25)).await;
        let passed = clock.now().duration_since(start());
        assert!(passed >= SignedDuration::from_hours(25), "{passed}");
        assert!(passed < SignedDuration::from_hours(25) + SignedDuration::from_secs(1), "{passed}");
    }
}
