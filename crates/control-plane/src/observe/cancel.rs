//! Does somebody else want the run to end? Asked by an object beside the ledger, which only its driver writes.

use emrys_core::record::CallError;
use emrys_core::spec::Spec;
use serde::{Deserialize, Serialize};

use crate::clients::AwsContext;
use crate::objects::{self, Got};

const MAX_BYTES: u64 = 64 << 10;

/// A request to end a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct CancelRequest {
    /// Of the format: 1.
    pub(crate) version: u32,
    /// Who asks.
    pub(crate) by: String,
    /// The ledger's own id.
    pub(crate) ledger: String,
    /// How many events the ledger held when it was asked: a run that was asked for again later is not meant.
    pub(crate) seq: u64,
}

impl CancelRequest {
    /// The version of the format that is written and read.
    pub(crate) const VERSION: u32 = 1;

    /// Whether the run at hand is meant, which began with event `begun` of this ledger.
    pub(crate) fn is_about(&self, ledger: &str, begun: u64) -> bool {
        self.ledger == ledger && self.seq >= begun
    }
}

/// The request that lies beside the ledger, if one does.
pub(crate) async fn cancel_request(
    aws: &AwsContext,
    spec: &Spec,
) -> Result<Option<CancelRequest>, CallError> {
    let uri = spec.cancel_uri();
    let Got::Object { bytes, .. } = objects::get(aws, &uri, MAX_BYTES).await? else {
        return Ok(None);
    };
    match serde_json::from_slice::<CancelRequest>(&bytes) {
        Ok(request) if request.version == CancelRequest::VERSION => Ok(Some(request)),
        Ok(CancelRequest { version, .. }) => {
            tracing::warn!(%uri, version, "the request to cancel is in a format that this version does not know");
            Ok(None)
        }
        Err(error) => {
            tracing::warn!(%uri, %error, "the request to cancel cannot be read");
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_about_the_run_that_was_at_hand_when_it_was_made() {
        let request = CancelRequest { version: 1, by: "ann".into(), ledger: "1d".into(), seq: 7 };
        assert!(request.is_about("1d", 1));
        assert!(request.is_about("1d", 7));
        assert!(!request.is_about("1d", 8), "the day was run again since");
        assert!(!request.is_about("2e", 1), "it is another ledger");
    }
}
