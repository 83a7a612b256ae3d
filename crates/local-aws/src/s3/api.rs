//! The service: who may call, and which operations there are.

use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::SignedDuration;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CopyObjectInput, CopyObjectOutput, CreateBucketInput, CreateBucketOutput,
    CreateMultipartUploadInput, CreateMultipartUploadOutput, DeleteBucketInput, DeleteBucketLifecycleInput,
    DeleteBucketLifecycleOutput, DeleteBucketOutput, DeleteObjectInput, DeleteObjectOutput,
    DeleteObjectsInput, DeleteObjectsOutput, GetBucketLifecycleConfigurationInput,
    GetBucketLifecycleConfigurationOutput, GetBucketLocationInput, GetBucketLocationOutput, GetObjectInput,
    GetObjectOutput, HeadBucketInput, HeadBucketOutput, HeadObjectInput, HeadObjectOutput, ListBucketsInput,
    ListBucketsOutput, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListObjectsInput,
    ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output, ListPartsInput, ListPartsOutput,
    PutBucketLifecycleConfigurationInput, PutBucketLifecycleConfigurationOutput, PutObjectInput,
    PutObjectOutput, UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};
use s3s::path::S3Path;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};

use super::{buckets, lifecycle, listing, multipart, objects, reading, record};
use crate::clock::Clock;
use crate::faults::Gate;
use crate::store::Store;

/// How many entries a page of a listing has when the client does not say. S3 itself gives 1000 and may give fewer; few
/// show who reads only the first page.
pub const DEFAULT_PAGE: usize = 7;

/// How the service plays S3.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The secret of every access key.
    pub secret: String,
    /// The region that it plays.
    pub region: String,
    /// The entries of a page when the client does not say; at most 1000.
    pub page: usize,
    /// How far the time in a signed request may be from the clock's; S3 allows 15 minutes. `None` lets callers live in
    /// another time than the clock.
    pub skew: Option<SignedDuration>,
}

/// The S3 service over a store, with pages of [`DEFAULT_PAGE`] and for callers of any time.
pub fn service(store: Store, clock: Clock, secret: &str, region: &str) -> S3Service {
    let settings =
        Settings { secret: secret.to_owned(), region: region.to_owned(), page: DEFAULT_PAGE, skew: None };
    service_with(store, clock, settings)
}

/// The S3 service over a store.
pub fn service_with(store: Store, clock: Clock, settings: Settings) -> S3Service {
    let mut builder = S3ServiceBuilder::new(Api { store, region: settings.region, page: settings.page });
    builder.set_auth(OneSecret(settings.secret));
    builder.set_access(Signed { clock, skew: settings.skew });
    builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config()))));
    builder.build()
}

fn config() -> S3Config {
    let mut config = S3Config::default();
    // It governs signed headers too, and compares with the machine's clock: `Signed` compares with ours.
    config.presigned_url_max_skew_time_secs = u32::MAX;
    config
}

/// What the operations work with.
#[derive(Debug)]
pub(super) struct Api {
    pub(super) store: Store,
    pub(super) region: String,
    pub(super) page: usize,
}

/// Any access key, one secret.
struct OneSecret(String);

impl S3Auth for OneSecret {
    fn get_secret_key<'life0, 'life1, 'async_trait>(
        &'life0 self,
        _access_key: &'life1 str,
    ) -> BoxFuture<'async_trait, S3Result<SecretKey>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async { Ok(SecretKey::from(self.0.as_str())) })
    }
}

/// Every signed call is allowed. Each call is recorded here, also those of unknown operations.
struct Signed {
    clock: Clock,
    skew: Option<SignedDuration>,
}

impl Signed {
    fn allows(&self, context: &S3AccessContext<'_>) -> S3Result<()> {
        if context.credentials().is_none() {
            return Err(s3_error!(AccessDenied, "Access Denied"));
        }
        let signed_at = context.headers().get("x-amz-date").and_then(|value| value.to_str().ok());
        let signed_at = signed_at.and_then(|text| DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok());
        let signed_at = signed_at.and_then(|time| TimeZone::UTC.to_timestamp(time).ok());
        match (self.skew, signed_at) {
            (Some(skew), Some(time)) if time.duration_since(self.clock.now()).abs() > skew => {
                let message = "The difference between the request time and the current time is too large.";
                Err(s3_error!(RequestTimeTooSkewed, "{message}"))
            }
            _ => Ok(()),
        }
    }
}

impl S3Access for Signed {
    fn check<'life0, 'life1, 'life2, 'async_trait>(
        &'life0 self,
        context: &'life1 mut S3AccessContext<'life2>,
    ) -> BoxFuture<'async_trait, S3Result<()>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        'life2: 'async_trait,
        Self: 'async_trait,
    {
        let operation = context.s3_op().name().to_owned();
        let (bucket, key) = match context.s3_path() {
            S3Path::Root => (None, None),
            S3Path::Bucket { bucket } => (Some(bucket.to_string()), None),
            S3Path::Object { bucket, key } => (Some(bucket.to_string()), Some(key.to_string())),
        };
        record::resolved(context.extensions_mut(), &operation, bucket.as_deref(), key.as_deref());
        let allowed = self.allows(context);
        let gate = context.extensions_mut().get::<Gate>().cloned();
        Box::pin(async move {
            allowed?;
            let Some((gate, fault)) = gate.and_then(|gate| Some((gate.clone(), gate.decide("s3")?))) else {
                return Ok(());
            };
            if fault.prevents() {
                // What the caller gets instead is the endpoint's business.
                return Err(s3_error!(InternalError, "a fault on purpose"));
            }
            gate.wait_for_effect(fault).await;
            Ok(())
        })
    }
}

/// Implements the trait by functions of the operations' modules: what `async_trait` would write.
macro_rules! operations {
    ($($module:ident::$operation:ident($input:ident) -> $output:ident;)*) => {
        impl S3 for Api {
            $(fn $operation<'life0, 'async_trait>(
                &'life0 self,
                request: S3Request<$input>,
            ) -> BoxFuture<'async_trait, S3Result<S3Response<$output>>>
            where
                'life0: 'async_trait,
                Self: 'async_trait,
            {
                Box::pin(async move { $module::$operation(self, request).await.map(S3Response::new) })
            })*
        }

        /// The operations, for the test that calls each of them.
        #[cfg(test)]
        #[derive(Clone, Copy, Debug)]
        #[expect(non_camel_case_types, reason = "named like the methods of s3s")]
        pub(super) enum Operation {
            $($operation,)*
        }

        #[cfg(test)]
        impl Operation {
            pub(super) const ALL: &[(Self, &str)] = &[$((Self::$operation, stringify!($operation)),)*];
        }
    };
}

operations! {
    buckets::list_buckets(ListBucketsInput) -> ListBucketsOutput;
    buckets::create_bucket(CreateBucketInput) -> CreateBucketOutput;
    buckets::head_bucket(HeadBucketInput) -> HeadBucketOutput;
    buckets::delete_bucket(DeleteBucketInput) -> DeleteBucketOutput;
    buckets::get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput;
    lifecycle::put_bucket_lifecycle_configuration(PutBucketLifecycleConfigurationInput)
        -> PutBucketLifecycleConfigurationOutput;
    lifecycle::get_bucket_lifecycle_configuration(GetBucketLifecycleConfigurationInput)
        -> GetBucketLifecycleConfigurationOutput;
    lifecycle::delete_bucket_lifecycle(DeleteBucketLifecycleInput) -> DeleteBucketLifecycleOutput;
    objects::put_object(PutObjectInput) -> PutObjectOutput;
    objects::copy_object(CopyObjectInput) -> CopyObjectOutput;
    objects::delete_object(DeleteObjectInput) -> DeleteObjectOutput;
    objects::delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput;
    reading::get_object(GetObjectInput) -> GetObjectOutput;
    reading::head_object(HeadObjectInput) -> HeadObjectOutput;
    listing::list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output;
    listing::list_objects(ListObjectsInput) -> ListObjectsOutput;
    multipart::create_multipart_upload(CreateMultipartUploadInput) -> CreateMultipartUploadOutput;
    multipart::upload_part(UploadPartInput) -> UploadPartOutput;
    multipart::upload_part_copy(UploadPartCopyInput) -> UploadPartCopyOutput;
    multipart::complete_multipart_upload(CompleteMultipartUploadInput) -> CompleteMultipartUploadOutput;
    multipart::abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput;
    multipart::list_parts(ListPartsInput) -> ListPartsOutput;
    multipart::list_multipart_uploads(ListMultipartUploadsInput) -> ListMultipartUploadsOutput;
}
