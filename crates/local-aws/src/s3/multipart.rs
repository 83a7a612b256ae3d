//! Multipart uploads.

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CompletedPart, CopyPartResult, CreateMultipartUploadInput,
    CreateMultipartUploadOutput, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListPartsInput,
    ListPartsOutput, MultipartUpload, Part, Range, UploadPartCopyInput, UploadPartCopyOutput,
    UploadPartInput, UploadPartOutput,
};
use s3s::{S3Request, S3Result, s3_error};

use super::api::Api;
use super::digest;
use super::errors::{self, condition, number, refuse, time};
use super::listing::{Encoder, page_size};
use super::objects;
use super::reading::ReadIf;
use super::record::record;
use crate::store::{Attributes, PartInfo, UploadInfo};

/// The highest part number.
const LAST_PART: i32 = 10_000;

pub(super) async fn create_multipart_upload(
    api: &Api,
    request: S3Request<CreateMultipartUploadInput>,
) -> S3Result<CreateMultipartUploadOutput> {
    record!(request, {
        "Bucket": bucket, "Key": key, "ContentType": content_type, "ContentEncoding": content_encoding,
        "ContentLanguage": content_language, "ContentDisposition": content_disposition,
        "CacheControl": cache_control, "Metadata": metadata, "ChecksumAlgorithm": checksum_algorithm,
        "ChecksumType": checksum_type, "Tagging": tagging,
    });
    let input = request.input;
    refuse(&[
        ("Tagging", input.tagging.is_some()),
        ("SSECustomerKey", input.sse_customer_key.is_some()),
        ("ObjectLockMode", input.object_lock_mode.is_some()),
    ])?;
    let attributes = Attributes {
        content_type: input.content_type,
        content_encoding: input.content_encoding.and_then(|encoding| objects::without_chunking(&encoding)),
        content_language: input.content_language,
        content_disposition: input.content_disposition,
        cache_control: input.cache_control,
        metadata: input.metadata.unwrap_or_default().into_iter().collect(),
        ..Attributes::default()
    };
    let (bucket, key) = (input.bucket.clone(), input.key.clone());
    let id = api.store.run(move |store| store.create_upload(&bucket, &key, attributes)).await?;
    Ok(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(id),
        checksum_algorithm: input.checksum_algorithm,
        checksum_type: input.checksum_type,
        ..CreateMultipartUploadOutput::default()
    })
}

fn part_number(given: i32) -> S3Result<u32> {
    u32::try_from(given).ok().filter(|_| (1..=LAST_PART).contains(&given)).ok_or_else(|| {
        s3_error!(InvalidArgument, "Part number must be an integer between 1 and 10000, inclusive")
    })
}

pub(super) async fn upload_part(
    api: &Api,
    request: S3Request<UploadPartInput>,
) -> S3Result<UploadPartOutput> {
    record!(request, {
        "Bucket": bucket, "Key": key, "UploadId": upload_id, "PartNumber": part_number,
        "ContentLength": content_length, "ContentMD5": content_md5, "ChecksumAlgorithm": checksum_algorithm,
        "ChecksumCRC32": checksum_crc32,
    });
    let S3Request { input, headers, trailing_headers, .. } = request;
    let number = part_number(input.part_number)?;
    let (spool, checksums) =
        digest::receive(&api.store, input.body, &headers, trailing_headers.as_ref()).await?;
    let (bucket, key, id) = (input.bucket, input.key, input.upload_id);
    let part = api.store.run(move |store| store.put_part(&bucket, &key, &id, number, spool)).await?;
    let checksum = |name: &str| checksums.get(name).cloned();
    Ok(UploadPartOutput {
        e_tag: Some(errors::etag(&part.etag)),
        checksum_crc32: checksum("crc32"),
        checksum_crc32c: checksum("crc32c"),
        checksum_crc64nvme: checksum("crc64nvme"),
        checksum_sha1: checksum("sha1"),
        checksum_sha256: checksum("sha256"),
        ..UploadPartOutput::default()
    })
}

pub(super) async fn upload_part_copy(
    api: &Api,
    request: S3Request<UploadPartCopyInput>,
) -> S3Result<UploadPartCopyOutput> {
    record!(request, {
        "Bucket": bucket, "Key": key, "UploadId": upload_id, "PartNumber": part_number, "CopySource": copy_source,
        "CopySourceRange": copy_source_range, "CopySourceIfMatch": copy_source_if_match,
        "CopySourceIfNoneMatch": copy_source_if_none_match,
    });
    let input = request.input;
    let number = part_number(input.part_number)?;
    let (from_bucket, from_key) = objects::source(&input.copy_source)?;
    let object = api.store.run(move |store| store.open(&from_bucket, &from_key)).await?;
    let conditions = ReadIf {
        matches: input.copy_source_if_match.as_ref(),
        none_match: input.copy_source_if_none_match.as_ref(),
        modified_since: input.copy_source_if_modified_since.as_ref(),
        unmodified_since: input.copy_source_if_unmodified_since.as_ref(),
    };
    objects::check_source(&conditions, &object.info)?;
    let range = match input.copy_source_range.as_deref() {
        None => 0..object.info.size,
        Some(text) => Range::parse(text)
            .ok()
            .and_then(|range| range.check(object.info.size).ok())
            .ok_or_else(|| s3_error!(InvalidRange, "The requested range is not satisfiable"))?,
    };
    let (bucket, key, id) = (input.bucket, input.key, input.upload_id);
    let part = api
        .store
        .run(move |store| {
            let body = objects::copy(store, &object, range)?;
            store.put_part(&bucket, &key, &id, number, body)
        })
        .await?;
    let result = CopyPartResult {
        e_tag: Some(errors::etag(&part.etag)),
        last_modified: time(part.modified),
        ..CopyPartResult::default()
    };
    Ok(UploadPartCopyOutput { copy_part_result: Some(result), ..UploadPartCopyOutput::default() })
}

pub(super) async fn complete_multipart_upload(
    api: &Api,
    request: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<CompleteMultipartUploadOutput> {
    record!(request, {
        "Bucket": bucket, "Key": key, "UploadId": upload_id, "MultipartUpload": multipart_upload,
        "IfMatch": if_match, "IfNoneMatch": if_none_match, "ChecksumType": checksum_type,
    });
    let input = request.input;
    let condition = condition(input.if_match.as_ref(), input.if_none_match.as_ref())?;
    let named = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
    if named.is_empty() {
        return Err(s3_error!(
            MalformedXML,
            "The XML you provided was not well-formed or did not validate against our published schema"
        ));
    }
    let part = |part: CompletedPart| {
        let etag = part.e_tag.map(|etag| etag.value().to_owned()).unwrap_or_default();
        Ok((part_number(part.part_number.unwrap_or_default())?, etag))
    };
    let parts: Vec<(u32, String)> = named.into_iter().map(part).collect::<S3Result<_>>()?;
    let (bucket, key, id) = (input.bucket.clone(), input.key.clone(), input.upload_id);
    let info =
        api.store.run(move |store| store.complete_upload(&bucket, &key, &id, &parts, &condition)).await?;
    Ok(CompleteMultipartUploadOutput {
        location: Some(format!("/{}/{}", input.bucket, Encoder::url().text(&input.key))),
        bucket: Some(input.bucket),
        key: Some(input.key),
        e_tag: Some(errors::etag(&info.etag)),
        ..CompleteMultipartUploadOutput::default()
    })
}

pub(super) async fn abort_multipart_upload(
    api: &Api,
    request: S3Request<AbortMultipartUploadInput>,
) -> S3Result<AbortMultipartUploadOutput> {
    record!(request, { "Bucket": bucket, "Key": key, "UploadId": upload_id });
    let input = request.input;
    api.store.run(move |store| store.abort_upload(&input.bucket, &input.key, &input.upload_id)).await?;
    Ok(AbortMultipartUploadOutput::default())
}

pub(super) async fn list_parts(api: &Api, request: S3Request<ListPartsInput>) -> S3Result<ListPartsOutput> {
    record!(request, {
        "Bucket": bucket, "Key": key, "UploadId": upload_id, "MaxParts": max_parts,
        "PartNumberMarker": part_number_marker,
    });
    let input = request.input;
    let limit = page_size(input.max_parts, api.page, "max-parts")?;
    let after = input.part_number_marker.map_or(0, |marker| u32::try_from(marker).unwrap_or_default());
    let (bucket, key, id) = (input.bucket.clone(), input.key.clone(), input.upload_id.clone());
    let mut parts = api.store.run(move |store| store.parts(&bucket, &key, &id)).await?;
    parts.retain(|part| part.number > after);
    let truncated = limit > 0 && parts.len() > limit;
    parts.truncate(limit);
    let as_i32 = |number: u32| i32::try_from(number).ok();
    let part = |part: &PartInfo| Part {
        part_number: as_i32(part.number),
        e_tag: Some(errors::etag(&part.etag)),
        size: number(part.size),
        last_modified: time(part.modified),
        ..Part::default()
    };
    Ok(ListPartsOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        part_number_marker: as_i32(after),
        next_part_number_marker: parts.last().filter(|_| truncated).and_then(|part| as_i32(part.number)),
        max_parts: Some(input.max_parts.map_or(1000, |asked| asked.min(1000))),
        is_truncated: Some(truncated),
        parts: Some(parts.iter().map(part).collect()),
        ..ListPartsOutput::default()
    })
}

pub(super) async fn list_multipart_uploads(
    api: &Api,
    request: S3Request<ListMultipartUploadsInput>,
) -> S3Result<ListMultipartUploadsOutput> {
    record!(request, {
        "Bucket": bucket, "Prefix": prefix, "Delimiter": delimiter, "KeyMarker": key_marker,
        "UploadIdMarker": upload_id_marker, "MaxUploads": max_uploads, "EncodingType": encoding_type,
    });
    let input = request.input;
    refuse(&[("Delimiter", input.delimiter.is_some())])?;
    let limit = page_size(input.max_uploads, api.page, "max-uploads")?;
    let bucket = input.bucket.clone();
    let mut uploads = api.store.run(move |store| store.uploads(&bucket)).await?;
    let prefix = input.prefix.clone().unwrap_or_default();
    let is_after = |upload: &UploadInfo| match (&input.key_marker, &input.upload_id_marker) {
        (Some(key), Some(id)) => (&upload.key, &upload.id) > (key, id),
        (Some(key), None) => upload.key > *key,
        (None, _) => true,
    };
    uploads.retain(|upload| upload.key.starts_with(&prefix) && is_after(upload));
    let truncated = limit > 0 && uploads.len() > limit;
    uploads.truncate(limit);
    let last = uploads.last().filter(|_| truncated).cloned();
    let encode = Encoder::new(input.encoding_type.as_ref());
    let upload = |upload: UploadInfo| MultipartUpload {
        key: Some(encode.text(&upload.key)),
        upload_id: Some(upload.id),
        initiated: time(upload.initiated),
        ..MultipartUpload::default()
    };
    Ok(ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        is_truncated: Some(truncated),
        next_key_marker: last.as_ref().map(|upload| encode.text(&upload.key)),
        next_upload_id_marker: last.map(|upload| upload.id),
        max_uploads: Some(input.max_uploads.map_or(1000, |asked| asked.min(1000))),
        prefix: Some(encode.text(&prefix)),
        key_marker: input.key_marker.map(|marker| encode.text(&marker)),
        upload_id_marker: input.upload_id_marker,
        uploads: Some(uploads.into_iter().map(upload).collect()),
        encoding_type: input.encoding_type.clone(),
        ..ListMultipartUploadsOutput::default()
    })
}
