//! What lies below an address: all pages, always.

use aws_sdk_s3::types::Object;
use emrys_core::record::CallError;
use emrys_core::s3_uri::S3Uri;
use jiff::Timestamp;

use crate::clients::AwsContext;
use crate::clock::timestamp;
use crate::errors;

/// An object of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) key: String,
    pub(super) size: u64,
    /// Without the quotes that S3 puts around it.
    pub(super) etag: String,
    /// By the clock of S3.
    pub(super) written_at: Timestamp,
}

/// All objects below a folder, in the order of their keys.
pub(super) async fn list(aws: &AwsContext, folder: &S3Uri) -> Result<Vec<Listed>, CallError> {
    let list = aws.s3.list_objects_v2().bucket(folder.bucket()).prefix(folder.key());
    let mut pages = list.into_paginator().send();
    let mut objects = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| errors::call_error(&format!("could not list {folder}"), &error))?;
        objects.extend(page.contents.unwrap_or_default().into_iter().map(Listed::from));
    }
    Ok(objects)
}

/// How many objects lie below a folder, and how large they are together.
pub(crate) async fn size(aws: &AwsContext, folder: &S3Uri) -> Result<(u64, u64), CallError> {
    let objects = list(aws, folder).await?;
    Ok((objects.len() as u64, objects.iter().map(|object| object.size).sum()))
}

/// Whether anything lies below a folder; the marker of an empty folder counts, because Spark counts it.
pub(crate) async fn is_taken(aws: &AwsContext, folder: &S3Uri) -> Result<bool, CallError> {
    let list = aws.s3.list_objects_v2().bucket(folder.bucket()).prefix(folder.key()).max_keys(1);
    let page = list.send().await;
    let page = page.map_err(|error| errors::call_error(&format!("could not list {folder}"), &error))?;
    Ok(!page.contents.unwrap_or_default().is_empty())
}

impl From<Object> for Listed {
    fn from(object: Object) -> Self {
        Self {
            key: object.key.unwrap_or_default(),
            size: object.size.and_then(|size| size.try_into().ok()).unwrap_or_default(),
            etag: object.e_tag.unwrap_or_default().trim_matches('"').to_owned(),
            written_at: object.last_modified.and_then(|at| timestamp(&at)).unwrap_or(Timestamp::UNIX_EPOCH),
        }
    }
}
