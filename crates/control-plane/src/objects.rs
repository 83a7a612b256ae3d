//! Objects of S3, whole and of bounded size.

use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use emrys_core::record::CallError;
use emrys_core::s3_uri::S3Uri;

use crate::clients::AwsContext;
use crate::errors;

/// What lies at an address.
#[derive(Debug)]
pub(crate) enum Got {
    /// Nothing.
    Absent,
    /// More than was asked for.
    TooLarge {
        /// So many bytes.
        size: u64,
    },
    /// An object.
    Object {
        /// What is in it.
        bytes: Bytes,
        /// Its tag, quotes and all.
        etag: String,
    },
}

/// Reads an object that should be no larger than `max_bytes`.
pub(crate) async fn get(aws: &AwsContext, uri: &S3Uri, max_bytes: u64) -> Result<Got, CallError> {
    let what = format!("could not read {uri}");
    let request = aws.s3.get_object().bucket(uri.bucket()).key(uri.key());
    // The SDK's futures are large: on the heap they burden nobody's stack.
    let answer = match Box::pin(request.send()).await {
        Ok(answer) => answer,
        Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => {
            return Ok(Got::Absent);
        }
        Err(error) => return Err(errors::call_error(&what, &error)),
    };
    let size = answer.content_length.and_then(|length| u64::try_from(length).ok()).unwrap_or(u64::MAX);
    if size > max_bytes {
        return Ok(Got::TooLarge { size });
    }
    let etag = answer.e_tag.unwrap_or_default();
    let body = answer.body.collect().await.map_err(|error| errors::broken_off(&what, &error))?;
    Ok(Got::Object { bytes: body.into_bytes(), etag })
}

/// Writes an object, whatever is there.
pub(crate) async fn put(aws: &AwsContext, uri: &S3Uri, body: Bytes) -> Result<(), CallError> {
    let put = aws.s3.put_object().bucket(uri.bucket()).key(uri.key()).body(ByteStream::from(body));
    Box::pin(put.send())
        .await
        .map_err(|error| errors::call_error(&format!("could not write {uri}"), &error))?;
    Ok(())
}
