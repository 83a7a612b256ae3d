//! The store's errors under S3's codes, and times and conditions in s3s's words.

use http::{HeaderValue, Response, StatusCode, header};
use jiff::Timestamp;
use s3s::dto::{self, ETag, ETagCondition};
use s3s::{Body, S3Error, S3ErrorCode, S3Result, s3_error};

use crate::store::{Condition, Expected, StoreError};
use crate::world::ApiError;

impl From<StoreError> for S3Error {
    fn from(error: StoreError) -> Self {
        let (code, message) = match &error {
            StoreError::NoSuchBucket(_) => (S3ErrorCode::NoSuchBucket, "The specified bucket does not exist"),
            StoreError::BucketExists(_) => (
                S3ErrorCode::BucketAlreadyOwnedByYou,
                "Your previous request to create the named bucket succeeded and you already own it.",
            ),
            StoreError::BucketNotEmpty(_) => {
                (S3ErrorCode::BucketNotEmpty, "The bucket you tried to delete is not empty")
            }
            StoreError::InvalidBucketName(_) => {
                (S3ErrorCode::InvalidBucketName, "The specified bucket is not valid.")
            }
            StoreError::NoSuchKey(_) => (S3ErrorCode::NoSuchKey, "The specified key does not exist."),
            StoreError::InvalidKey(_) => (S3ErrorCode::KeyTooLongError, "Your key is too long"),
            StoreError::PreconditionFailed(_) => (
                S3ErrorCode::PreconditionFailed,
                "At least one of the pre-conditions you specified did not hold",
            ),
            StoreError::NoSuchUpload(_) => (
                S3ErrorCode::NoSuchUpload,
                "The specified upload does not exist. The upload ID may be invalid, or the upload may have been \
                 aborted or completed.",
            ),
            StoreError::InvalidPart(_) => (
                S3ErrorCode::InvalidPart,
                "One or more of the specified parts could not be found. The part may not have been uploaded, or the \
                 specified entity tag may not match the part's entity tag.",
            ),
            StoreError::InvalidPartOrder => (
                S3ErrorCode::InvalidPartOrder,
                "The list of parts was not in ascending order. Parts must be ordered by part number.",
            ),
            StoreError::Io { doing, source } => {
                return Self::with_message(
                    S3ErrorCode::InternalError,
                    format!("The embedded S3 could not {doing}: {source}"),
                );
            }
        };
        Self::with_message(code, message)
    }
}

/// The answer with an error that no operation gave: the endpoint's own.
pub(crate) fn response(error: &ApiError, resource: &str, request_id: &str) -> Response<Body> {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}</Message>\
         <Resource>{}</Resource><RequestId>{request_id}</RequestId></Error>",
        escaped(&error.code),
        escaped(&error.message),
        escaped(resource),
    );
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    response
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The answer where a parameter stands for something that this S3 does not do: better than to seem to do it.
pub(super) fn refuse(parameters: &[(&str, bool)]) -> S3Result<()> {
    match parameters.iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((name, _)) => Err(s3_error!(NotImplemented, "{name} is not implemented by this endpoint")),
    }
}

/// The conditions of a write.
pub(super) fn condition(
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> S3Result<Condition> {
    // S3 takes nothing but `*` here.
    refuse(&[("If-None-Match with an ETag", if_none_match.is_some_and(|condition| !condition.is_any()))])?;
    Ok(Condition { if_match: if_match.map(expected), if_none_match: if_none_match.map(expected) })
}

pub(super) fn expected(condition: &ETagCondition) -> Expected {
    match condition {
        ETagCondition::Any => Expected::Any,
        ETagCondition::ETag(etag) => Expected::Etag(etag.value().to_owned()),
    }
}

pub(super) fn etag(value: &str) -> ETag {
    ETag::Strong(value.to_owned())
}

/// A time as S3 says it: in whole seconds.
pub(super) fn time(time: Timestamp) -> Option<dto::Timestamp> {
    time::OffsetDateTime::from_unix_timestamp(time.as_second()).ok().map(dto::Timestamp::from)
}

/// The whole seconds of a time of a request.
pub(super) fn seconds(time: &dto::Timestamp) -> i64 {
    time::OffsetDateTime::from(time.clone()).unix_timestamp()
}

pub(super) fn number(size: u64) -> Option<i64> {
    i64::try_from(size).ok()
}
