//! Why the control plane stopped before it had done what it was asked.

use emrys_core::record::{CallError, ErrorClass};
use jiff::Timestamp;

use crate::holder::Holder;
use crate::ledger_error::LedgerError;

/// Why the control plane stopped. The run itself is as its ledger says, and goes on at AWS where it had got so far.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// Another process drives this run.
    #[error("{holder} drives this run, since {since:.0}")]
    Held {
        /// The process.
        holder: Box<Holder>,
        /// Since when, by its own clock.
        since: Timestamp,
    },
    /// The lease is gone: this process had not been heard of for as long as it was good for, or somebody broke it.
    #[error("{}", lost(.holder.as_deref()))]
    Lost {
        /// Who took the run over; none where nobody did, or has let go again.
        holder: Option<Box<Holder>>,
    },
    /// AWS did not do what no run can go on without.
    #[error("{0}")]
    CallError(#[from] CallError),
    /// The ledger cannot be used.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The user went away, while the lease was waited for or before anything else was done.
    #[error("interrupted")]
    Interrupted,
}

impl Stop {
    /// What a user can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Held { .. } | Self::Lost { .. } => Some(
                "one process drives a run at a time: watch it with `emrys attach`, or end it with `emrys cancel`",
            ),
            Self::CallError(error) => error_hint(error.class),
            Self::Ledger(error) => Some(error.hint()),
            Self::Interrupted => None,
        }
    }
}

fn lost(holder: Option<&Holder>) -> String {
    match holder {
        Some(holder) => format!("{holder} took this run over"),
        None => {
            "this process lost the lease of the run: it was unlocked, or taken over for a while".to_owned()
        }
    }
}

fn error_hint(kind: ErrorClass) -> Option<&'static str> {
    match kind {
        ErrorClass::Access => Some(
            "look at the credentials (AWS_PROFILE, AWS_ACCESS_KEY_ID, a role), and at the rights of whoever runs this; the run itself is untouched",
        ),
        ErrorClass::Clock => Some(
            "set this machine's clock (`timedatectl` shows it, and whether it is kept by the network's time); the run itself is untouched",
        ),
        ErrorClass::Unreachable => {
            Some("look at the network, the region and the endpoint; the run itself is untouched")
        }
        ErrorClass::Invalid => Some("look at the names of buckets, the region and the endpoint"),
        ErrorClass::Throttled => None,
    }
}
