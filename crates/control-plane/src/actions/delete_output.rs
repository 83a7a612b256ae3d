//! Deleting what an attempt wrote: a page of its own folder at a time.

use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use emrys_core::record::CallError;
use emrys_core::s3_uri::S3Uri;

use crate::clients::AwsContext;
use crate::errors::{self, Failure, Reach};

/// How many keys one DeleteObjects may name, and one page of a listing holds.
pub(crate) const PAGE: u16 = 1000;

/// What became of a page of objects.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    /// How many were there; none means that the folder is empty.
    pub(crate) found: usize,
    /// How many are gone.
    pub(crate) objects: u64,
    /// Their sizes together, in bytes.
    pub(crate) bytes: u64,
    /// The first trouble with one of them.
    pub(crate) error: Option<CallError>,
}

/// Deletes the first objects below a folder. S3 answers for each key: a call that succeeds may have left some.
pub(crate) async fn execute(aws: &AwsContext, folder: &S3Uri) -> Result<Page, CallError> {
    // A rule of the caller's, and too dear to be believed: everything of a bucket would begin with an empty key.
    if !folder.is_folder() || folder.key().is_empty() {
        return Err(CallError::invalid(format!("{folder} is no folder of an attempt")));
    }
    let (bucket, prefix) = (folder.bucket(), folder.key());
    let list = aws.s3.list_objects_v2().bucket(bucket).prefix(prefix).max_keys(PAGE.into()).send().await;
    let list = list.map_err(|error| errors::call_error(&format!("could not list {folder}"), &error))?;
    let size = |size: Option<i64>| size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
    let listed: Vec<(String, u64)> = list
        .contents
        .unwrap_or_default()
        .into_iter()
        .filter_map(|object| Some((object.key.filter(|key| key.starts_with(prefix))?, size(object.size))))
        .collect();
    if listed.is_empty() {
        return Ok(Page::default());
    }
    let what = format!("could not delete what is in {folder}");
    let invalid = |error: aws_smithy_types::error::operation::BuildError| {
        CallError::invalid(format!("{what}: {error}"))
    };
    let keys = listed.iter().map(|(key, _)| ObjectIdentifier::builder().key(key).build());
    let keys = keys.collect::<Result<Vec<_>, _>>().map_err(invalid)?;
    let delete = Delete::builder().set_objects(Some(keys)).quiet(true).build().map_err(invalid)?;
    let answer = aws.s3.delete_objects().bucket(bucket).delete(delete).send().await;
    let failed = answer.map_err(|error| errors::call_error(&what, &error))?.errors.unwrap_or_default();
    let is_left = |key: &str| failed.iter().any(|error| error.key() == Some(key));
    let gone = listed.iter().filter(|(key, _)| !is_left(key));
    let error = failed.first().map(|error| {
        let key = error.key().unwrap_or_default();
        let failure = Failure {
            reach: Reach::Answered(200),
            code: error.code().unwrap_or_default().to_owned(),
            message: error.message().unwrap_or("it was not deleted").to_owned(),
            ahead: None,
        };
        failure.into_call_error(&format!("could not delete {}", folder.with_key(key)))
    });
    Ok(Page {
        found: listed.len(),
        objects: gone.clone().count() as u64,
        bytes: gone.map(|(_, size)| size).sum(),
        error,
    })
}
