//! The lifecycle configuration of a bucket: kept and given back, never carried out.
//!
//! A configuration is put as a whole, in the place of the old one, and only if all its rules are in order
//! ([`rules`](super::rules)). Objects do not move to other storage classes here, and none expires.

use s3s::dto::{
    DeleteBucketLifecycleInput, DeleteBucketLifecycleOutput, GetBucketLifecycleConfigurationInput,
    GetBucketLifecycleConfigurationOutput, LifecycleRules, PutBucketLifecycleConfigurationInput,
    PutBucketLifecycleConfigurationOutput, TransitionDefaultMinimumObjectSize as Minimum,
};
use s3s::{S3Error, S3Request, S3Result, s3_error};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::api::Api;
use super::record::record;
use super::rules;

/// What the store keeps.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    rules: LifecycleRules,
    minimum: String,
}

pub(super) async fn put_bucket_lifecycle_configuration(
    api: &Api,
    request: S3Request<PutBucketLifecycleConfigurationInput>,
) -> S3Result<PutBucketLifecycleConfigurationOutput> {
    record!(request, {
        "Bucket": bucket, "ChecksumAlgorithm": checksum_algorithm, "ExpectedBucketOwner": expected_bucket_owner,
        "LifecycleConfiguration": lifecycle_configuration,
        "TransitionDefaultMinimumObjectSize": transition_default_minimum_object_size,
    });
    let PutBucketLifecycleConfigurationInput {
        bucket,
        lifecycle_configuration: configuration,
        transition_default_minimum_object_size: minimum,
        ..
    } = request.input;
    let minimum = minimum
        .map_or_else(|| Minimum::ALL_STORAGE_CLASSES_128K.to_owned(), |minimum| minimum.as_str().to_owned());
    if !matches!(minimum.as_str(), Minimum::ALL_STORAGE_CLASSES_128K | Minimum::VARIES_BY_STORAGE_CLASS) {
        return Err(s3_error!(
            InvalidRequest,
            "Invalid TransitionDefaultMinimumObjectSize found: {minimum}. It must be one of: {}, {}.",
            Minimum::VARIES_BY_STORAGE_CLASS,
            Minimum::ALL_STORAGE_CLASSES_128K
        ));
    }
    let mut rules = configuration.ok_or_else(rules::malformed)?.rules;
    rules::check(&rules)?;
    for (at, rule) in rules.iter_mut().enumerate() {
        if rule.id.as_ref().is_none_or(String::is_empty) {
            // S3 makes up a random one; here the same rule at the same place gets the same.
            let text = serde_json::to_string(rule).map_err(S3Error::internal_error)?;
            let id = hex::encode(Sha256::digest(format!("{at} {text}")));
            rule.id = Some(id[..48].to_owned());
        }
    }
    let kept = serde_json::to_string(&Kept { rules, minimum: minimum.clone() });
    let kept = kept.map_err(S3Error::internal_error)?;
    api.store.run(move |store| store.set_lifecycle(&bucket, Some(&kept))).await?;
    Ok(PutBucketLifecycleConfigurationOutput {
        transition_default_minimum_object_size: Some(Minimum::from(minimum)),
    })
}

pub(super) async fn get_bucket_lifecycle_configuration(
    api: &Api,
    request: S3Request<GetBucketLifecycleConfigurationInput>,
) -> S3Result<GetBucketLifecycleConfigurationOutput> {
    record!(request, {
        "Bucket": bucket, "ExpectedBucketOwner": expected_bucket_owner,
    });
    let bucket = request.input.bucket;
    let kept = api.store.run(move |store| store.lifecycle(&bucket)).await?;
    let Some(kept) = kept else {
        return Err(s3_error!(NoSuchLifecycleConfiguration, "The lifecycle configuration does not exist"));
    };
    let kept: Kept = serde_json::from_str(&kept).map_err(S3Error::internal_error)?;
    Ok(GetBucketLifecycleConfigurationOutput {
        rules: Some(kept.rules),
        transition_default_minimum_object_size: Some(Minimum::from(kept.minimum)),
    })
}

pub(super) async fn delete_bucket_lifecycle(
    api: &Api,
    request: S3Request<DeleteBucketLifecycleInput>,
) -> S3Result<DeleteBucketLifecycleOutput> {
    record!(request, {
        "Bucket": bucket, "ExpectedBucketOwner": expected_bucket_owner,
    });
    let bucket = request.input.bucket;
    api.store.run(move |store| store.set_lifecycle(&bucket, None)).await?;
    Ok(DeleteBucketLifecycleOutput::default())
}
