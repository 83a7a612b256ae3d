//! For how long a drive may last, where it is not driven to the run's end.

use std::time::Duration;

use emrys_core::pace::Pace;
use jiff::SignedDuration;

use crate::clients::AwsContext;

/// By how much a wait may be longer than asked for, so that many runs do not observe all at once.
pub(crate) const JITTER: f64 = 0.1;

/// For how long one drive may last. It is long enough for what rests on the memory of one process: a drive that could
/// not even resolve an unclear launch would begin to resolve it again and again.
///
/// It bounds the waits of a drive. What is done between two waits goes on to its end, so whoever runs a drive gives
/// it a minute more than its budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget(SignedDuration);

/// A budget that is too small for what rests on the memory of one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a drive of {given:#} is too short: resolving an unclear launch takes one process up to {least:#}")]
pub struct BudgetTooSmall {
    /// What was asked for.
    pub given: SignedDuration,
    /// The smallest budget that is accepted.
    pub least: SignedDuration,
}

impl Budget {
    /// A budget for drives with this context. It counts from the moment before the lease is taken.
    pub fn new(aws: &AwsContext, lasting: SignedDuration) -> Result<Self, BudgetTooSmall> {
        let least = Self::least(aws.pace());
        if lasting < least { Err(BudgetTooSmall { given: lasting, least }) } else { Ok(Self(lasting)) }
    }

    /// The smallest budget at a place: what is sat out in one go, and two lease times more. In the first of them the
    /// lease of a holder that may be dead is waited for, in the second all calls are made.
    pub fn least(pace: &Pace) -> SignedDuration {
        let sat_out = (pace.resolve_after + pace.resolve_gap).max(pace.report_patience);
        longest(sat_out) + pace.lease * 2
    }
}

/// How long a wait takes at most.
fn longest(wait: SignedDuration) -> SignedDuration {
    wait + wait.mul_f64(JITTER)
}

/// Until when waits may last, by [`crate::Clock::uptime`]: nobody can set it, and it goes on while a machine is
/// suspended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(Option<Duration>);

impl Deadline {
    /// Whatever it takes.
    pub(crate) const NONE: Self = Self(None);

    /// The end of a budget that counts from now on.
    pub(crate) fn of(aws: &AwsContext, budget: Budget) -> Self {
        let lasting = Duration::try_from(budget.0).unwrap_or_default();
        Self(Some(aws.clock.uptime().saturating_add(lasting)))
    }

    /// Whether a wait of this length ends in time.
    pub(crate) fn leaves_room_for(self, aws: &AwsContext, wait: SignedDuration) -> bool {
        let Some(deadline) = self.0 else { return true };
        let wait = Duration::try_from(longest(wait)).unwrap_or_default();
        aws.clock.uptime().saturating_add(wait) <= deadline
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_outlasts_what_rests_on_memory() {
        for pace in [Pace::AWS, Pace::LOOPBACK] {
            let least = Budget::least(&pace);
            assert!(least > longest(pace.resolve_after + pace.resolve_gap));
            // The last of its tries comes a whole back-off after patience has ended.
            assert!(least > longest(pace.report_patience + pace.backoff(u32::MAX)), "{least:#}");
        }
        // A function that may last fifteen minutes has room for it.
        assert!(Budget::least(&Pace::AWS) < SignedDuration::from_mins(14));
    }
}
