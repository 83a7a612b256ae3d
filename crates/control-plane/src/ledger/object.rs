//! Reading the ledger's object, and writing it on the condition that nobody else wrote it meanwhile.

use aws_sdk_s3::primitives::ByteStream;
use emrys_core::record::CallError;
use emrys_core::spec::Spec;

use super::document::Document;
use crate::clients::AwsContext;
use crate::errors::{self, Failure};
use crate::ledger_error::LedgerError;
use crate::objects::{self, Got};
use crate::patience::patiently;
use crate::stop::Stop;

/// A ledger holds transitions, not polls: kilobytes. What is larger than this is something else.
const MAX_BYTES: u64 = 16 << 20;

/// A ledger as it was read or written, and the tag that the next write has to name.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) document: Document,
    pub(super) etag: String,
}

/// The condition of a write.
#[derive(Debug, Clone, Copy)]
pub(super) enum Only<'a> {
    /// That there is no ledger yet.
    IfAbsent,
    /// That the ledger is still the one with this tag.
    IfStill(&'a str),
}

/// What became of a write.
#[derive(Debug)]
pub(super) enum Written {
    /// It stands, under this tag.
    Done { etag: String },
    /// Another write was first.
    Overtaken,
    /// The ledger is gone.
    Gone,
}

/// The ledger, if there is one.
pub(crate) async fn read(aws: &AwsContext, spec: &Spec) -> Result<Option<Document>, Stop> {
    Ok(fetch(aws, spec).await?.map(|stored| stored.document))
}

pub(super) async fn fetch(aws: &AwsContext, spec: &Spec) -> Result<Option<Stored>, Stop> {
    let uri = spec.ledger_uri();
    let got = patiently(aws, async || objects::get(aws, &uri, MAX_BYTES).await).await?;
    let uri = uri.to_string();
    match got {
        Got::Absent => Ok(None),
        Got::TooLarge { size } => {
            Err(LedgerError::Unreadable { uri, why: format!("it has {size} bytes") }.into())
        }
        Got::Object { bytes, etag } => Ok(Some(Stored { document: Document::decode(&bytes, &uri)?, etag })),
    }
}

/// Writes the ledger. The document carries a revision of its own, by which a write is known again whose answer was
/// lost: the next try of it finds the condition broken, by itself.
pub(super) async fn write(
    aws: &AwsContext,
    spec: &Spec,
    document: &Document,
    only: Only<'_>,
) -> Result<Written, Stop> {
    let body = document.encode();
    let put = patiently(aws, async || put(aws, spec, body.clone(), only).await).await?;
    if !matches!(put, Written::Overtaken) {
        return Ok(put);
    }
    Ok(match fetch(aws, spec).await? {
        Some(stored) if stored.document.revision == document.revision => Written::Done { etag: stored.etag },
        Some(_) => Written::Overtaken,
        None => Written::Gone,
    })
}

async fn put(aws: &AwsContext, spec: &Spec, body: Vec<u8>, only: Only<'_>) -> Result<Written, CallError> {
    let uri = spec.ledger_uri();
    let what = format!("could not write {uri}");
    let request = aws
        .s3
        .put_object()
        .bucket(uri.bucket())
        .key(uri.key())
        .content_type("application/json")
        .body(ByteStream::from(body));
    let request = match only {
        _ if !aws.safeguards.fence() => request,
        Only::IfAbsent => request.if_none_match("*"),
        Only::IfStill(etag) => request.if_match(etag),
    };
    // The SDK's futures are large: on the heap they burden nobody's stack.
    let error = match Box::pin(request.send()).await {
        Ok(written) => {
            let etag =
                written.e_tag.ok_or_else(|| CallError::invalid(format!("{what}: the answer has no ETag")))?;
            return Ok(Written::Done { etag });
        }
        Err(error) => error,
    };
    match errors::status(&error) {
        Some(412) => Ok(Written::Overtaken),
        // To a write on the condition of a tag, where there is no object any more.
        Some(404) if Failure::of(&error).code == "NoSuchKey" => Ok(Written::Gone),
        _ => Err(errors::call_error(&what, &error)),
    }
}
