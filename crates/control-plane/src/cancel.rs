//! Asking for the end of a run that somebody else may drive.

use bytes::Bytes;
use emrys_core::spec::Spec;

use crate::clients::AwsContext;
use crate::ledger;
use crate::objects;
use crate::observe::CancelRequest;
use crate::patience::patiently;
use crate::stop::Stop;

/// What came of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelling {
    /// The day was never run, or its run is over.
    NothingToCancel,
    /// Who drives the run sees the request at its next observation; when nobody does, whoever picks it up.
    Asked,
}

/// Asks for the end of the day's run, by an object beside the ledger.
pub async fn cancel(aws: &AwsContext, spec: &Spec, by: &str) -> Result<Cancelling, Stop> {
    let Some(document) = ledger::read(aws, spec).await? else {
        return Ok(Cancelling::NothingToCancel);
    };
    let state = document.state(spec)?;
    if state.closed.is_some() {
        return Ok(Cancelling::NothingToCancel);
    }
    let request = CancelRequest {
        version: CancelRequest::VERSION,
        by: by.to_owned(),
        seq: state.seq(),
        ledger: state.ledger,
    };
    // Of strings and numbers: there is nothing in it that JSON could not hold.
    let body = Bytes::from(serde_json::to_vec_pretty(&request).expect("a request as JSON"));
    patiently(aws, async || objects::put(aws, &spec.cancel_uri(), body.clone()).await).await?;
    Ok(Cancelling::Asked)
}
