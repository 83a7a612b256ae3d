//! ListObjectsV2 and ListObjects.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use s3s::dto::{
    CommonPrefix, EncodingType, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output,
    Object, ObjectStorageClass,
};
use s3s::{S3Request, S3Result, s3_error};

use super::api::Api;
use super::errors::{self, number, time};
use super::record::record;
use crate::faults::Gate;
use crate::store::{ListPage, ListRequest, Listed, Position};

/// The most entries that a page has.
const LARGEST_PAGE: usize = 1000;

/// How many entries a page is to have: what the client says, up to 1000, or what the service gives on its own.
pub(super) fn page_size(asked: Option<i32>, default: usize, name: &str) -> S3Result<usize> {
    match asked.map(usize::try_from) {
        None => Ok(default.clamp(1, LARGEST_PAGE)),
        Some(Ok(asked)) => Ok(asked.min(LARGEST_PAGE)),
        Some(Err(_)) => {
            Err(s3_error!(InvalidArgument, "Argument {name} must be an integer between 0 and 2147483647"))
        }
    }
}

/// The most entries of a page where a fault shortens it. S3 has no empty pages.
fn short_page<T>(request: &S3Request<T>) -> usize {
    let items = request.extensions.get::<Gate>().and_then(Gate::items);
    items.map_or(LARGEST_PAGE, |items| items.max(1))
}

pub(super) async fn list_objects_v2(
    api: &Api,
    request: S3Request<ListObjectsV2Input>,
) -> S3Result<ListObjectsV2Output> {
    record!(request, {
        "Bucket": bucket, "Prefix": prefix, "Delimiter": delimiter, "MaxKeys": max_keys,
        "ContinuationToken": continuation_token, "StartAfter": start_after, "EncodingType": encoding_type,
        "FetchOwner": fetch_owner,
    });
    let short = short_page(&request);
    let input = request.input;
    let from = match (&input.continuation_token, &input.start_after) {
        (Some(token), _) => position(token)
            .ok_or_else(|| s3_error!(InvalidArgument, "The continuation token provided is incorrect"))?,
        (None, Some(after)) if !after.is_empty() => Position::After(after.clone()),
        _ => Position::Start,
    };
    let limit = page_size(input.max_keys, api.page, "max-keys")?.min(short);
    let page = list(api, &input.bucket, input.prefix.as_ref(), input.delimiter.as_ref(), from, limit).await?;
    let encode = Encoder::new(input.encoding_type.as_ref());
    let count = page.objects.len() + page.prefixes.len();
    Ok(ListObjectsV2Output {
        key_count: i32::try_from(count).ok(),
        is_truncated: Some(page.next.is_some()),
        next_continuation_token: page.next.as_ref().map(token),
        contents: Some(page.objects.iter().map(|object| encode.object(object)).collect()),
        common_prefixes: Some(page.prefixes.iter().map(|prefix| encode.prefix(prefix)).collect()),
        max_keys: Some(input.max_keys.map_or(1000, |asked| asked.min(1000))),
        prefix: Some(encode.text(&input.prefix.unwrap_or_default())),
        delimiter: input.delimiter.map(|delimiter| encode.text(&delimiter)),
        start_after: input.start_after.map(|after| encode.text(&after)),
        name: Some(input.bucket),
        continuation_token: input.continuation_token,
        encoding_type: input.encoding_type,
        ..ListObjectsV2Output::default()
    })
}

pub(super) async fn list_objects(
    api: &Api,
    request: S3Request<ListObjectsInput>,
) -> S3Result<ListObjectsOutput> {
    record!(request, {
        "Bucket": bucket, "Prefix": prefix, "Delimiter": delimiter, "MaxKeys": max_keys, "Marker": marker,
        "EncodingType": encoding_type,
    });
    let short = short_page(&request);
    let input = request.input;
    let from = match &input.marker {
        Some(marker) if !marker.is_empty() => Position::After(marker.clone()),
        _ => Position::Start,
    };
    let limit = page_size(input.max_keys, api.page, "max-keys")?.min(short);
    let page = list(api, &input.bucket, input.prefix.as_ref(), input.delimiter.as_ref(), from, limit).await?;
    let encode = Encoder::new(input.encoding_type.as_ref());
    // Without a delimiter the last key is the marker, and S3 does not say it twice.
    let with_delimiter = input.delimiter.as_ref().is_some_and(|delimiter| !delimiter.is_empty());
    let next_marker = page.next.as_ref().filter(|_| with_delimiter).and_then(|next| match next {
        Position::Start => None,
        Position::After(last) | Position::Past(last) => Some(encode.text(last)),
    });
    Ok(ListObjectsOutput {
        is_truncated: Some(page.next.is_some()),
        next_marker,
        contents: Some(page.objects.iter().map(|object| encode.object(object)).collect()),
        common_prefixes: Some(page.prefixes.iter().map(|prefix| encode.prefix(prefix)).collect()),
        max_keys: Some(input.max_keys.map_or(1000, |asked| asked.min(1000))),
        prefix: Some(encode.text(&input.prefix.unwrap_or_default())),
        delimiter: input.delimiter.map(|delimiter| encode.text(&delimiter)),
        marker: Some(encode.text(&input.marker.unwrap_or_default())),
        name: Some(input.bucket),
        encoding_type: input.encoding_type,
        ..ListObjectsOutput::default()
    })
}

async fn list(
    api: &Api,
    bucket: &str,
    prefix: Option<&String>,
    delimiter: Option<&String>,
    from: Position,
    limit: usize,
) -> S3Result<ListPage> {
    let request = ListRequest {
        prefix: prefix.cloned().unwrap_or_default(),
        delimiter: delimiter.cloned().unwrap_or_default(),
        from,
        limit,
    };
    let bucket = bucket.to_owned();
    let mut page = api.store.run(move |store| store.list(&bucket, &request)).await?;
    if limit == 0 {
        // As S3: nothing was asked for, so nothing is left out.
        page.next = None;
    }
    Ok(page)
}

/// The token of a position: opaque to the client.
fn token(position: &Position) -> String {
    BASE64.encode(match position {
        Position::Start => "s".to_owned(),
        Position::After(key) => format!("k{key}"),
        Position::Past(prefix) => format!("p{prefix}"),
    })
}

fn position(token: &str) -> Option<Position> {
    let text = String::from_utf8(BASE64.decode(token).ok()?).ok()?;
    match text.split_at_checked(1)? {
        ("s", "") => Some(Position::Start),
        ("k", key) => Some(Position::After(key.to_owned())),
        ("p", prefix) => Some(Position::Past(prefix.to_owned())),
        _ => None,
    }
}

/// Writes keys as the client asks for: as they are, or with percents, as XML cannot hold every key.
pub(super) struct Encoder {
    url: bool,
}

impl Encoder {
    pub(super) fn new(encoding: Option<&EncodingType>) -> Self {
        Self { url: encoding.is_some_and(|encoding| encoding.as_str() == EncodingType::URL) }
    }

    pub(super) fn url() -> Self {
        Self { url: true }
    }

    pub(super) fn text(&self, text: &str) -> String {
        if !self.url {
            return text.to_owned();
        }
        let mut encoded = String::with_capacity(text.len());
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || b"-_.~/*".contains(&byte) {
                encoded.push(char::from(byte));
            } else {
                // Into memory.
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
        encoded
    }

    fn object(&self, object: &Listed) -> Object {
        Object {
            key: Some(self.text(&object.key)),
            size: number(object.size),
            last_modified: time(object.modified),
            e_tag: Some(errors::etag(&object.etag)),
            storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
            ..Object::default()
        }
    }

    fn prefix(&self, prefix: &str) -> CommonPrefix {
        CommonPrefix { prefix: Some(self.text(prefix)) }
    }
}
