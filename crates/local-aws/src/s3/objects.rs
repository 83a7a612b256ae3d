//! Writing, copying and deleting objects.

use std::ops::Range;

use http::HeaderMap;
use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, DeleteObjectInput, DeleteObjectOutput,
    DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ETag, ETagCondition, Error, MetadataDirective,
    PutObjectInput, PutObjectOutput,
};
use s3s::{S3Error, S3Request, S3Result, s3_error};

use super::api::Api;
use super::digest;
use super::errors::{self, condition, refuse, time};
use super::reading::ReadIf;
use super::record::record;
use crate::store::{Attributes, Condition, Object, ObjectInfo, Spool, Store, StoreError};

/// How many keys one DeleteObjects may name.
const MOST_DELETED: usize = 1000;

pub(super) async fn put_object(api: &Api, request: S3Request<PutObjectInput>) -> S3Result<PutObjectOutput> {
    record!(request, {
        "Bucket": bucket, "Key": key, "ContentLength": content_length, "ContentType": content_type,
        "ContentEncoding": content_encoding, "ContentLanguage": content_language,
        "ContentDisposition": content_disposition, "CacheControl": cache_control, "ContentMD5": content_md5,
        "ChecksumAlgorithm": checksum_algorithm, "ChecksumCRC32": checksum_crc32, "ChecksumSHA256": checksum_sha256,
        "IfMatch": if_match, "IfNoneMatch": if_none_match, "Metadata": metadata, "Tagging": tagging,
    });
    let S3Request { input, headers, trailing_headers, .. } = request;
    refuse(&[
        ("Tagging", input.tagging.is_some()),
        ("SSECustomerKey", input.sse_customer_key.is_some()),
        ("ObjectLockMode", input.object_lock_mode.is_some()),
        ("ObjectLockLegalHoldStatus", input.object_lock_legal_hold_status.is_some()),
        ("WebsiteRedirectLocation", input.website_redirect_location.is_some()),
        ("WriteOffsetBytes", input.write_offset_bytes.is_some()),
    ])?;
    let condition = condition(input.if_match.as_ref(), input.if_none_match.as_ref())?;
    let (bucket, key) = (input.bucket, input.key);
    let exists = bucket.clone();
    api.store.run(move |store| store.bucket(&exists)).await?;
    let (spool, checksums) =
        digest::receive(&api.store, input.body, &headers, trailing_headers.as_ref()).await?;
    let checksum = |name: &str| checksums.get(name).cloned();
    let mut output = PutObjectOutput {
        checksum_crc32: checksum("crc32"),
        checksum_crc32c: checksum("crc32c"),
        checksum_crc64nvme: checksum("crc64nvme"),
        checksum_sha1: checksum("sha1"),
        checksum_sha256: checksum("sha256"),
        ..PutObjectOutput::default()
    };
    let attributes = Attributes {
        content_type: input.content_type,
        content_encoding: input.content_encoding.and_then(|encoding| without_chunking(&encoding)),
        content_language: input.content_language,
        content_disposition: input.content_disposition,
        cache_control: input.cache_control,
        metadata: input.metadata.unwrap_or_default().into_iter().collect(),
        checksums,
    };
    let info =
        api.store.run(move |store| store.put_object(&bucket, &key, spool, attributes, &condition)).await?;
    output.e_tag = Some(errors::etag(&info.etag));
    Ok(output)
}

/// The content encoding of the object itself: `aws-chunked` is only how it came over the wire.
pub(super) fn without_chunking(encoding: &str) -> Option<String> {
    let encodings: Vec<&str> =
        encoding.split(',').map(str::trim).filter(|part| !part.eq_ignore_ascii_case("aws-chunked")).collect();
    Some(encodings.join(",")).filter(|encodings| !encodings.is_empty())
}

pub(super) async fn copy_object(
    api: &Api,
    request: S3Request<CopyObjectInput>,
) -> S3Result<CopyObjectOutput> {
    let (if_match, if_none_match) =
        (etag_header(&request.headers, "if-match")?, etag_header(&request.headers, "if-none-match")?);
    record!(request, {
        "Bucket": bucket, "Key": key, "CopySource": copy_source, "CopySourceIfMatch": copy_source_if_match,
        "CopySourceIfNoneMatch": copy_source_if_none_match,
        "CopySourceIfModifiedSince": copy_source_if_modified_since,
        "CopySourceIfUnmodifiedSince": copy_source_if_unmodified_since, "MetadataDirective": metadata_directive,
        "ContentType": content_type, "Metadata": metadata,
    });
    let input = request.input;
    refuse(&[
        ("Tagging", input.tagging.is_some()),
        ("SSECustomerKey", input.sse_customer_key.is_some()),
        ("ObjectLockMode", input.object_lock_mode.is_some()),
    ])?;
    let condition = condition(if_match.as_ref(), if_none_match.as_ref())?;
    let (from_bucket, from_key) = source(&input.copy_source)?;
    let replaces = input
        .metadata_directive
        .as_ref()
        .is_some_and(|directive| directive.as_str() == MetadataDirective::REPLACE);
    if !replaces && from_bucket == input.bucket && from_key == input.key {
        return Err(s3_error!(
            InvalidRequest,
            "This copy request is illegal because it is trying to copy an object to itself without changing the \
             object's metadata, storage class, website redirect location or encryption attributes."
        ));
    }
    let object = api.store.run(move |store| store.open(&from_bucket, &from_key)).await?;
    let conditions = ReadIf {
        matches: input.copy_source_if_match.as_ref(),
        none_match: input.copy_source_if_none_match.as_ref(),
        modified_since: input.copy_source_if_modified_since.as_ref(),
        unmodified_since: input.copy_source_if_unmodified_since.as_ref(),
    };
    check_source(&conditions, &object.info)?;
    let mut attributes = object.info.attributes.clone();
    if replaces {
        attributes = Attributes {
            content_type: input.content_type,
            content_encoding: input.content_encoding,
            content_language: input.content_language,
            content_disposition: input.content_disposition,
            cache_control: input.cache_control,
            metadata: input.metadata.unwrap_or_default().into_iter().collect(),
            checksums: attributes.checksums,
        };
    }
    let (bucket, key) = (input.bucket, input.key);
    let info = api
        .store
        .run(move |store| {
            let copy = copy(store, &object, 0..object.info.size)?;
            store.put_object(&bucket, &key, copy, attributes, &condition)
        })
        .await?;
    let result = CopyObjectResult {
        e_tag: Some(errors::etag(&info.etag)),
        last_modified: time(info.modified),
        ..CopyObjectResult::default()
    };
    Ok(CopyObjectOutput { copy_object_result: Some(result), ..CopyObjectOutput::default() })
}

/// A condition that s3s does not know for this operation.
fn etag_header(headers: &HeaderMap, name: &str) -> S3Result<Option<ETagCondition>> {
    let Some(value) = headers.get(name) else {
        return Ok(None);
    };
    let condition = ETagCondition::parse_http_header(value.as_bytes());
    condition.map(Some).map_err(|error| s3_error!(error, InvalidArgument, "Invalid value of header {name}"))
}

/// Bucket and key of a copy's source.
pub(super) fn source(source: &CopySource) -> S3Result<(String, String)> {
    match source {
        CopySource::Bucket { bucket, key, version_id: None } => Ok((bucket.to_string(), key.to_string())),
        _ => Err(s3_error!(NotImplemented, "Only bucket and key are implemented as the source of a copy")),
    }
}

/// Checks the conditions on a copy's source, where "not modified" is a failure like the others.
pub(super) fn check_source(conditions: &ReadIf<'_>, info: &ObjectInfo) -> S3Result<()> {
    let failed = "At least one of the pre-conditions you specified did not hold";
    conditions.check(info).map_err(|_| s3_error!(PreconditionFailed, "{failed}"))
}

/// The bytes of a range as a new body.
pub(super) fn copy(store: &Store, object: &Object, range: Range<u64>) -> Result<Spool, StoreError> {
    const PIECE: u64 = 1024 * 1024;
    let io = |source| StoreError::Io { doing: "copy an object", source };
    let mut spool = store.spool()?;
    let mut at = range.start;
    while at < range.end {
        let end = range.end.min(at + PIECE);
        spool.write(&object.read(at..end).map_err(io)?).map_err(io)?;
        at = end;
    }
    Ok(spool)
}

pub(super) async fn delete_object(
    api: &Api,
    request: S3Request<DeleteObjectInput>,
) -> S3Result<DeleteObjectOutput> {
    record!(request, {
        "Bucket": bucket, "Key": key, "IfMatch": if_match, "IfMatchSize": if_match_size, "VersionId": version_id,
    });
    let input = request.input;
    refuse(&[
        ("VersionId", input.version_id.is_some()),
        ("IfMatchSize", input.if_match_size.is_some()),
        ("IfMatchLastModifiedTime", input.if_match_last_modified_time.is_some()),
    ])?;
    let condition = condition(input.if_match.as_ref(), None)?;
    api.store.run(move |store| store.delete(&input.bucket, &input.key, &condition)).await?;
    Ok(DeleteObjectOutput::default())
}

pub(super) async fn delete_objects(
    api: &Api,
    request: S3Request<DeleteObjectsInput>,
) -> S3Result<DeleteObjectsOutput> {
    record!(request, { "Bucket": bucket, "Delete": delete });
    let DeleteObjectsInput { bucket, delete, .. } = request.input;
    if delete.objects.is_empty() || delete.objects.len() > MOST_DELETED {
        return Err(s3_error!(
            MalformedXML,
            "The XML you provided was not well-formed or did not validate against our published schema"
        ));
    }
    refuse(&[("VersionId", delete.objects.iter().any(|object| object.version_id.is_some()))])?;
    let quiet = delete.quiet.unwrap_or(false);
    let (deleted, failed) = api
        .store
        .run(move |store| {
            store.bucket(&bucket)?;
            let (mut deleted, mut failed) = (Vec::new(), Vec::new());
            for object in delete.objects {
                let condition =
                    object.e_tag.map_or_else(Condition::default, |etag: ETag| Condition::etag(etag.value()));
                match store.delete(&bucket, &object.key, &condition) {
                    Ok(()) => {
                        deleted.push(DeletedObject { key: Some(object.key), ..DeletedObject::default() });
                    }
                    Err(error) => failed.push((object.key, error)),
                }
            }
            Ok((deleted, failed))
        })
        .await?;
    let error = |(key, error): (String, StoreError)| {
        let error = S3Error::from(error);
        Error {
            key: Some(key),
            code: Some(error.code().as_str().to_owned()),
            message: error.message().map(str::to_owned),
            version_id: None,
        }
    };
    Ok(DeleteObjectsOutput {
        deleted: (!quiet).then_some(deleted),
        errors: Some(failed.into_iter().map(error).collect()),
        ..DeleteObjectsOutput::default()
    })
}
