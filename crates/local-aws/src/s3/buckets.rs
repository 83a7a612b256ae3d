//! Buckets.

use s3s::dto::{
    Bucket, BucketLocationConstraint, CreateBucketInput, CreateBucketOutput, DeleteBucketInput,
    DeleteBucketOutput, GetBucketLocationInput, GetBucketLocationOutput, HeadBucketInput, HeadBucketOutput,
    ListBucketsInput, ListBucketsOutput,
};
use s3s::{S3Error, S3Request, S3Result, s3_error};

use super::api::Api;
use super::errors::time;
use super::reading::without_body;
use super::record::{self, record};
use crate::store::{Store, StoreError};

/// The region without a location constraint; creating a bucket again is not an error there.
const OLDEST_REGION: &str = "us-east-1";

pub(super) async fn list_buckets(
    api: &Api,
    request: S3Request<ListBucketsInput>,
) -> S3Result<ListBucketsOutput> {
    record!(request, {
        "BucketRegion": bucket_region, "ContinuationToken": continuation_token,
        "MaxBuckets": max_buckets, "Prefix": prefix,
    });
    let ListBucketsInput { continuation_token: after, prefix, max_buckets, .. } = request.input;
    // S3 answers with all unless the client asks for pages.
    let limit = max_buckets.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    let wanted = |name: &str| {
        prefix.as_ref().is_none_or(|prefix| name.starts_with(prefix.as_str()))
            && after.as_ref().is_none_or(|after| name > after.as_str())
    };
    let mut found = api.store.run(Store::buckets).await?;
    found.retain(|bucket| wanted(&bucket.name));
    let more = found.len() > limit;
    found.truncate(limit);
    let token = found.last().filter(|_| more).map(|bucket| bucket.name.clone());
    let bucket = |bucket: crate::store::BucketInfo| Bucket {
        name: Some(bucket.name),
        creation_date: time(bucket.created),
        bucket_region: Some(api.region.clone()),
    };
    Ok(ListBucketsOutput {
        buckets: Some(found.into_iter().map(bucket).collect()),
        continuation_token: token,
        prefix,
        ..ListBucketsOutput::default()
    })
}

pub(super) async fn create_bucket(
    api: &Api,
    request: S3Request<CreateBucketInput>,
) -> S3Result<CreateBucketOutput> {
    record!(request, {
        "Bucket": bucket, "CreateBucketConfiguration": create_bucket_configuration,
    });
    let CreateBucketInput { bucket, create_bucket_configuration, .. } = request.input;
    let constraint = create_bucket_configuration.and_then(|configuration| configuration.location_constraint);
    let constraint = constraint.as_ref().map(BucketLocationConstraint::as_str);
    if constraint.unwrap_or(OLDEST_REGION) != api.region {
        return Err(s3_error!(
            IllegalLocationConstraintException,
            "The {} location constraint is incompatible for the region specific endpoint this request was sent to.",
            constraint.unwrap_or("unspecified")
        ));
    }
    let location = Some(format!("/{bucket}"));
    match api.store.run(move |store| store.create_bucket(&bucket)).await {
        Err(StoreError::BucketExists(_)) if api.region == OLDEST_REGION => {}
        created => created?,
    }
    Ok(CreateBucketOutput { location })
}

pub(super) async fn head_bucket(
    api: &Api,
    request: S3Request<HeadBucketInput>,
) -> S3Result<HeadBucketOutput> {
    record!(request, { "Bucket": bucket });
    let bucket = request.input.bucket.clone();
    let found = api.store.run(move |store| store.bucket(&bucket)).await;
    found.map_err(|error| {
        let error = S3Error::from(error);
        record::failed(&request, error.code().as_str());
        without_body(error)
    })?;
    Ok(HeadBucketOutput { bucket_region: Some(api.region.clone()), ..HeadBucketOutput::default() })
}

pub(super) async fn delete_bucket(
    api: &Api,
    request: S3Request<DeleteBucketInput>,
) -> S3Result<DeleteBucketOutput> {
    record!(request, { "Bucket": bucket });
    let bucket = request.input.bucket;
    api.store.run(move |store| store.delete_bucket(&bucket)).await?;
    Ok(DeleteBucketOutput::default())
}

pub(super) async fn get_bucket_location(
    api: &Api,
    request: S3Request<GetBucketLocationInput>,
) -> S3Result<GetBucketLocationOutput> {
    record!(request, { "Bucket": bucket });
    let bucket = request.input.bucket;
    api.store.run(move |store| store.bucket(&bucket)).await?;
    let constraint =
        (api.region != OLDEST_REGION).then(|| BucketLocationConstraint::from(api.region.clone()));
    Ok(GetBucketLocationOutput { location_constraint: constraint })
}
