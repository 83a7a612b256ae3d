//! Trying again what time may help.

use std::time::Duration;

use emrys_core::run::{Trouble, TroubleKind};

use crate::clients::ControlPlane;

/// Makes a call until it succeeds, meets trouble that time does not help, or patience ends. It is for what no run
/// can go on without, the ledger above all, and lasts as long as a lease: after that another may hold it. All other
/// trouble goes to `decide`.
pub(crate) async fn patiently<T>(
    cp: &ControlPlane,
    call: impl AsyncFn() -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    let pace = cp.pace();
    let until = crate::clock::later(cp.clock.now(), pace.lease);
    for tries in 1_u32.. {
        let trouble = match call().await {
            Ok(value) => return Ok(value),
            Err(trouble) => trouble,
        };
        let next = crate::clock::later(cp.clock.now(), pace.backoff(tries));
        if !may_pass(&trouble) || next >= until {
            return Err(trouble);
        }
        tracing::warn!(%trouble, "trying again");
        cp.clock.sleep_until(next).await;
    }
    unreachable!("the loop ends with patience")
}

/// The same for what only who holds the lease may do: no try comes later than so long after the first, by a clock that
/// counts the time in which the machine is suspended.
pub(crate) async fn patiently_within<T>(
    cp: &ControlPlane,
    limit: Duration,
    call: impl AsyncFn() -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    let until = cp.clock.uptime().saturating_add(limit);
    for tries in 1_u32.. {
        let trouble = match call().await {
            Ok(value) => return Ok(value),
            Err(trouble) => trouble,
        };
        if !may_pass(&trouble) {
            return Err(trouble);
        }
        tracing::warn!(%trouble, "trying again");
        cp.clock.sleep(cp.pace().backoff(tries)).await;
        if cp.clock.uptime() >= until {
            return Err(trouble);
        }
    }
    unreachable!("the loop ends with patience")
}

fn may_pass(trouble: &Trouble) -> bool {
    matches!(trouble.kind, TroubleKind::Throttled | TroubleKind::Unreachable)
}
