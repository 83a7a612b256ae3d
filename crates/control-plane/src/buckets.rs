//! Buckets and their objects as such: bringing input and fetching results, which is no part of a run.

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use bytes::Bytes;
use emrys_core::record::CallError;
use emrys_core::s3_uri::S3Uri;

use crate::clients::AwsContext;
use crate::{errors, objects};

/// An object, as a listing has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredObject {
    /// Its address.
    pub uri: S3Uri,
    /// In bytes.
    pub size: u64,
}

impl AwsContext {
    /// Makes a bucket; one that the caller has already is fine.
    pub async fn create_bucket(&self, bucket: &str) -> Result<(), CallError> {
        let region = self.s3.config().region().map(ToString::to_string).unwrap_or_default();
        // us-east-1 is the one region that is named by leaving it out.
        let place = (region != "us-east-1").then(|| {
            CreateBucketConfiguration::builder()
                .location_constraint(BucketLocationConstraint::from(region.as_str()))
                .build()
        });
        let call = self.s3.create_bucket().bucket(bucket).set_create_bucket_configuration(place);
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("BucketAlreadyOwnedByYou") => Ok(()),
            Err(error) => Err(errors::call_error(&format!("could not make the bucket {bucket}"), &error)),
        }
    }

    /// Writes an object, whatever is there.
    pub async fn put_object(&self, uri: &S3Uri, content: Vec<u8>) -> Result<(), CallError> {
        objects::put(self, uri, content.into()).await
    }

    /// Reads a whole object of whatever size.
    pub async fn get_object(&self, uri: &S3Uri) -> Result<Bytes, CallError> {
        let what = format!("could not read {uri}");
        let call = self.s3.get_object().bucket(uri.bucket()).key(uri.key());
        let answer = call.send().await.map_err(|error| errors::call_error(&what, &error))?;
        let body = answer.body.collect().await.map_err(|error| errors::broken_off(&what, &error))?;
        Ok(body.into_bytes())
    }

    /// Lists everything below a folder, over all pages; folder markers are left out.
    pub async fn list_objects(&self, folder: &S3Uri) -> Result<Vec<StoredObject>, CallError> {
        let call = self.s3.list_objects_v2().bucket(folder.bucket()).prefix(folder.key());
        let mut pages = call.into_paginator().send();
        let mut objects = Vec::new();
        while let Some(page) = pages.next().await {
            let page =
                page.map_err(|error| errors::call_error(&format!("could not list {folder}"), &error))?;
            objects.extend(page.contents.unwrap_or_default().into_iter().filter_map(|object| {
                let key = object.key.filter(|key| !key.ends_with('/'))?;
                let size = object.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
                Some(StoredObject { uri: folder.with_key(&key), size })
            }));
        }
        Ok(objects)
    }
}
