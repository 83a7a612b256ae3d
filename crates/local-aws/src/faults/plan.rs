//! Which call meets which fault.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::script::Counted;
use super::{Fault, FaultScript, FaultScriptError};

/// A call as a plan sees it: let in, read, and not done yet.
#[derive(Clone, Copy, Debug)]
pub struct CallView<'a> {
    /// The service, as the journal names it.
    pub service: &'a str,
    /// The operation.
    pub operation: &'a str,
    /// What it is about, as the journal names it.
    pub resource: &'a str,
    /// The number of the request at its endpoint, from 1, in the order of arrival.
    pub seq: u64,
    /// The time.
    pub now: Timestamp,
}

type Decide = dyn FnMut(&CallView<'_>) -> Option<Fault> + Send;

/// Decides which calls meet a fault.
pub struct FaultPlan(Box<Decide>);

impl FaultPlan {
    /// A plan that asks a function once for each call, in the order in which the calls are let in. A fault that means
    /// nothing for the call (a stale list for a launch) is none.
    pub fn new(decide: impl FnMut(&CallView<'_>) -> Option<Fault> + Send + 'static) -> Self {
        Self(Box::new(decide))
    }

    /// A plan that follows the rules for calls of a script.
    pub fn script(script: &FaultScript) -> Result<Self, FaultScriptError> {
        let mut counted = Counted::new(&script.calls)?;
        Ok(Self::new(move |call| counted.decide(call)))
    }
}

impl fmt::Debug for FaultPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultPlan").finish_non_exhaustive()
    }
}

/// The plan of an endpoint, if it has one. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults(Arc<Mutex<Option<FaultPlan>>>);

impl Faults {
    pub(crate) fn set(&self, plan: Option<FaultPlan>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = plan;
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    pub(crate) fn decide(&self, call: &CallView<'_>) -> Option<Fault> {
        let mut plan = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let FaultPlan(decide) = plan.as_mut()?;
        decide(call).filter(|fault| fault.fits(call))
    }
}
