//! Trying again what time may help.

use emrys_core::record::{CallError, ErrorClass};
use jiff::Timestamp;

use crate::clients::AwsContext;
use crate::clock::later;

/// Makes a call until it succeeds, meets trouble that time does not help, or patience ends. It is for what no run
/// can go on without, the ledger above all, and lasts as long as a lease: after that another may hold it. All other
/// trouble goes to `decide`.
pub(crate) async fn patiently<T>(
    aws: &AwsContext,
    call: impl AsyncFn() -> Result<T, CallError>,
) -> Result<T, CallError> {
    let mut patience = Patience::new(aws);
    loop {
        match call().await {
            Ok(value) => return Ok(value),
            Err(error) => patience.wait(error).await?,
        }
    }
}

/// The patience with one call, for who has something to do before each try.
pub(crate) struct Patience<'a> {
    aws: &'a AwsContext,
    until: Timestamp,
    tries: u32,
}

impl<'a> Patience<'a> {
    pub(crate) fn new(aws: &'a AwsContext) -> Self {
        Self { aws, until: later(aws.clock.now(), aws.pace().lease), tries: 0 }
    }

    /// Waits for the next try; gives the trouble back that time does not help, or for which patience has ended.
    pub(crate) async fn wait(&mut self, error: CallError) -> Result<(), CallError> {
        self.tries += 1;
        let may_pass = matches!(error.class, ErrorClass::Throttled | ErrorClass::Unreachable);
        let next = later(self.aws.clock.now(), self.aws.pace().backoff(self.tries));
        if !may_pass || next >= self.until {
            return Err(error);
        }
        tracing::warn!(%error, "trying again");
        self.aws.clock.sleep_until(next).await;
        Ok(())
    }
}
