//! GetObject and HeadObject.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream;
use http::{HeaderMap, HeaderValue, StatusCode};
use s3s::dto::{
    self, ChecksumMode, ChecksumType, ETagCondition, GetObjectInput, GetObjectOutput, HeadObjectInput,
    HeadObjectOutput, StreamingBlob,
};
use s3s::{Body, S3Error, S3ErrorCode, S3Request, S3Result, s3_error};

use super::api::Api;
use super::errors::{self, expected, number, seconds, time};
use super::record::{self, record};
use crate::store::{Content, Object, ObjectInfo};

/// How much of a file is sent at a time.
const PIECE: u64 = 256 * 1024;
/// The content type of an object whose writer named none.
const DEFAULT_TYPE: &str = "binary/octet-stream";

/// The conditions of a read, of the object itself or of a copy's source.
#[derive(Default)]
pub(super) struct ReadIf<'r> {
    pub(super) matches: Option<&'r ETagCondition>,
    pub(super) none_match: Option<&'r ETagCondition>,
    pub(super) modified_since: Option<&'r dto::Timestamp>,
    pub(super) unmodified_since: Option<&'r dto::Timestamp>,
}

impl ReadIf<'_> {
    /// In the order of RFC 9110, and an ETag counts before a time.
    pub(super) fn check(&self, info: &ObjectInfo) -> S3Result<()> {
        let modified = info.modified.as_second();
        let failed = match (self.matches, self.unmodified_since) {
            (Some(condition), _) => !expected(condition).matches(&info.etag),
            (None, Some(since)) => modified > seconds(since),
            (None, None) => false,
        };
        if failed {
            return Err(s3_error!(
                PreconditionFailed,
                "At least one of the pre-conditions you specified did not hold"
            ));
        }
        let unchanged = match (self.none_match, self.modified_since) {
            (Some(condition), _) => expected(condition).matches(&info.etag),
            (None, Some(since)) => modified <= seconds(since),
            (None, None) => false,
        };
        if unchanged { Err(not_modified(&info.etag)) } else { Ok(()) }
    }
}

fn not_modified(etag: &str) -> S3Error {
    let mut error = S3Error::with_message(S3ErrorCode::NotModified, "Not Modified");
    if let Ok(value) = HeaderValue::from_str(&format!("\"{etag}\"")) {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::ETAG, value);
        error.set_headers(headers);
    }
    error
}

/// The error as the answer to a HEAD, which has no body to say its code: SDKs see `NotFound` in the status alone. In
/// process, where nothing strips the body, they must see the same.
pub(super) fn without_body(error: S3Error) -> S3Error {
    if error.status_code() != Some(StatusCode::NOT_FOUND) {
        return error;
    }
    let mut plain = S3Error::with_message(S3ErrorCode::Custom("NotFound".into()), "Not Found");
    plain.set_status_code(StatusCode::NOT_FOUND);
    plain
}

pub(super) async fn get_object(api: &Api, request: S3Request<GetObjectInput>) -> S3Result<GetObjectOutput> {
    record!(request, {
        "Bucket": bucket, "Key": key, "Range": range, "IfMatch": if_match, "IfNoneMatch": if_none_match,
        "IfModifiedSince": if_modified_since, "IfUnmodifiedSince": if_unmodified_since,
        "ChecksumMode": checksum_mode, "PartNumber": part_number, "VersionId": version_id,
    });
    let input = request.input;
    let conditions = ReadIf {
        matches: input.if_match.as_ref(),
        none_match: input.if_none_match.as_ref(),
        modified_since: input.if_modified_since.as_ref(),
        unmodified_since: input.if_unmodified_since.as_ref(),
    };
    errors::refuse(&[
        ("PartNumber", input.part_number.is_some()),
        ("VersionId", input.version_id.is_some()),
        ("SSECustomerKey", input.sse_customer_key.is_some()),
    ])?;
    let (object, range) =
        open(api, (input.bucket.clone(), input.key.clone()), &conditions, input.range).await?;
    let info = object.info;
    let wants_checksum = input.range.is_none()
        && input.checksum_mode.as_ref().is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED);
    let checksum = |name: &str| info.attributes.checksums.get(name).filter(|_| wants_checksum).cloned();
    Ok(GetObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        content_length: number(range.end - range.start),
        content_range: input.range.is_some().then(|| content_range(&range, info.size)),
        checksum_crc32: checksum("crc32"),
        checksum_crc32c: checksum("crc32c"),
        checksum_crc64nvme: checksum("crc64nvme"),
        checksum_sha1: checksum("sha1"),
        checksum_sha256: checksum("sha256"),
        checksum_type: (wants_checksum && !info.attributes.checksums.is_empty())
            .then(|| ChecksumType::from_static(ChecksumType::FULL_OBJECT)),
        e_tag: Some(errors::etag(&info.etag)),
        last_modified: time(info.modified),
        body: Some(body(object.content, range)),
        content_type: Some(info.attributes.content_type.unwrap_or_else(|| DEFAULT_TYPE.to_owned())),
        content_encoding: info.attributes.content_encoding,
        content_language: info.attributes.content_language,
        content_disposition: info.attributes.content_disposition,
        cache_control: info.attributes.cache_control,
        metadata: Some(info.attributes.metadata.into_iter().collect()),
        ..GetObjectOutput::default()
    })
}

pub(super) async fn head_object(
    api: &Api,
    request: S3Request<HeadObjectInput>,
) -> S3Result<HeadObjectOutput> {
    record!(request, {
        "Bucket": bucket, "Key": key, "Range": range, "IfMatch": if_match, "IfNoneMatch": if_none_match,
        "IfModifiedSince": if_modified_since, "IfUnmodifiedSince": if_unmodified_since,
        "ChecksumMode": checksum_mode, "PartNumber": part_number, "VersionId": version_id,
    });
    head(api, &request.input).await.map_err(|error| {
        record::failed(&request, error.code().as_str());
        without_body(error)
    })
}

async fn head(api: &Api, input: &HeadObjectInput) -> S3Result<HeadObjectOutput> {
    let conditions = ReadIf {
        matches: input.if_match.as_ref(),
        none_match: input.if_none_match.as_ref(),
        modified_since: input.if_modified_since.as_ref(),
        unmodified_since: input.if_unmodified_since.as_ref(),
    };
    errors::refuse(&[
        ("PartNumber", input.part_number.is_some()),
        ("VersionId", input.version_id.is_some()),
    ])?;
    let (object, range) =
        open(api, (input.bucket.clone(), input.key.clone()), &conditions, input.range).await?;
    let info = object.info;
    let wants_checksum = input.range.is_none()
        && input.checksum_mode.as_ref().is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED);
    let checksum = |name: &str| info.attributes.checksums.get(name).filter(|_| wants_checksum).cloned();
    Ok(HeadObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        content_length: number(range.end - range.start),
        content_range: input.range.is_some().then(|| content_range(&range, info.size)),
        checksum_crc32: checksum("crc32"),
        checksum_crc32c: checksum("crc32c"),
        checksum_crc64nvme: checksum("crc64nvme"),
        checksum_sha1: checksum("sha1"),
        checksum_sha256: checksum("sha256"),
        checksum_type: (wants_checksum && !info.attributes.checksums.is_empty())
            .then(|| ChecksumType::from_static(ChecksumType::FULL_OBJECT)),
        e_tag: Some(errors::etag(&info.etag)),
        last_modified: time(info.modified),
        content_type: Some(info.attributes.content_type.unwrap_or_else(|| DEFAULT_TYPE.to_owned())),
        content_encoding: info.attributes.content_encoding,
        content_language: info.attributes.content_language,
        content_disposition: info.attributes.content_disposition,
        cache_control: info.attributes.cache_control,
        metadata: Some(info.attributes.metadata.into_iter().collect()),
        ..HeadObjectOutput::default()
    })
}

async fn open(
    api: &Api,
    (bucket, key): (String, String),
    conditions: &ReadIf<'_>,
    range: Option<dto::Range>,
) -> S3Result<(Object, Range<u64>)> {
    let object = api.store.run(move |store| store.open(&bucket, &key)).await?;
    conditions.check(&object.info)?;
    let range = match range {
        None => 0..object.info.size,
        Some(range) => range
            .check(object.info.size)
            .ok()
            .filter(|range| !range.is_empty())
            .ok_or_else(|| s3_error!(InvalidRange, "The requested range is not satisfiable"))?,
    };
    Ok((object, range))
}

fn content_range(range: &Range<u64>, size: u64) -> String {
    format!("bytes {}-{}/{size}", range.start, range.end - 1)
}

/// The bytes of a range: at once from memory, and piece by piece from a file, each read on the pool for blocking work.
fn body(content: Content, range: Range<u64>) -> StreamingBlob {
    match content {
        Content::Bytes(bytes) => {
            let index = |at| usize::try_from(at).unwrap_or(usize::MAX);
            StreamingBlob::from(Body::from(bytes.slice(index(range.start)..index(range.end))))
        }
        Content::File(file) => {
            let file = Arc::new(file);
            StreamingBlob::wrap(stream::try_unfold(range, move |range| {
                let file = Arc::clone(&file);
                async move {
                    if range.is_empty() {
                        return Ok(None);
                    }
                    let end = range.end.min(range.start + PIECE);
                    let piece = tokio::task::spawn_blocking(move || read(&file, range.start..end));
                    let piece = piece.await.map_err(io::Error::other)??;
                    Ok::<_, io::Error>(Some((piece, end..range.end)))
                }
            }))
        }
    }
}

fn read(file: &File, range: Range<u64>) -> io::Result<Bytes> {
    let length = usize::try_from(range.end - range.start).map_err(io::Error::other)?;
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, range.start)?;
    Ok(bytes.into())
}
