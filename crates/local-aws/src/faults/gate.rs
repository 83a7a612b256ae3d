//! One call before the plan.

use crate::clock::Clock;
use crate::journal::CallRecord;

use super::{CallView, Fault, Faults};

/// Asks the plan about one call. The endpoint makes one for each request; the S3 layer finds it in the request's
/// extensions, since only that layer knows which operation a request is.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    pub(crate) faults: Faults,
    pub(crate) clock: Clock,
    pub(crate) seq: u64,
    pub(crate) record: CallRecord,
}

impl Gate {
    /// The fault that the call meets, which is noted for the journal.
    pub(crate) fn decide(&self, service: &str) -> Option<Fault> {
        if !self.faults.is_set() {
            return None;
        }
        let recorded = self.record.read();
        let (operation, resource) = (recorded.operation.as_str(), recorded.resource.as_str());
        let now = self.clock.now();
        let fault = self.faults.decide(&CallView { service, operation, resource, seq: self.seq, now })?;
        self.record.fault(fault);
        Some(fault)
    }

    /// The fault that was decided on.
    pub(crate) fn decided(&self) -> Option<Fault> {
        self.record.read().fault.map(|recorded| recorded.fault)
    }

    /// Waits where the effect is to come later.
    pub(crate) async fn wait_for_effect(&self, fault: Fault) {
        if let Some(delay) = fault.effect_delay() {
            self.clock.sleep(delay).await;
        }
    }

    /// Waits where the answer is to come later.
    pub(crate) async fn wait_for_answer(&self, fault: Fault) {
        if let Some(delay) = fault.answer_delay() {
            self.clock.sleep(delay).await;
        }
    }

    /// The most items of a list's page, where the fault says so.
    pub(crate) fn items(&self) -> Option<usize> {
        self.decided().and_then(|fault| fault.list_view().items)
    }
}
