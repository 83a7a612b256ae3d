//! Trying again what time may help.

use emrys_core::run::{Trouble, TroubleKind};
use jiff::Timestamp;

use crate::clients::ControlPlane;
use crate::clock::later;

/// Makes a call until it succeeds, meets trouble that time does not help, or patience ends. It is for what no run
/// can go on without, the ledger above all, and lasts as long as a lease: after that another may hold it. All other
/// trouble goes to `decide`.
pub(crate) async fn patiently<T>(
    cp: &ControlPlane,
    call: impl AsyncFn() -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    let mut patience = Patience::new(cp);
    loop {
        match call().await {
            Ok(value) => return Ok(value),
            Err(trouble) => patience.wait(trouble).await?,
        }
    }
}

/// The patience with one call, for who has something to do before each try.
pub(crate) struct Patience<'a> {
    cp: &'a ControlPlane,
    until: Timestamp,
    tries: u32,
}

impl<'a> Patience<'a> {
    pub(crate) fn new(cp: &'a ControlPlane) -> Self {
        Self { cp, until: later(cp.clock.now(), cp.pace().lease), tries: 0 }
    }

    /// Waits for the next try; gives the trouble back that time does not help, or for which patience has ended.
    pub(crate) async fn wait(&mut self, trouble: Trouble) -> Result<(), Trouble> {
        self.tries += 1;
        let may_pass = matches!(trouble.kind, TroubleKind::Throttled | TroubleKind::Unreachable);
        let next = later(self.cp.clock.now(), self.cp.pace().backoff(self.tries));
        if !may_pass || next >= self.until {
            return Err(trouble);
        }
        tracing::warn!(%trouble, "trying again");
        self.cp.clock.sleep_until(next).await;
        Ok(())
    }
}
