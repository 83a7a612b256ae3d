//! Writing the lifecycle rules of a bucket.

use aws_sdk_s3::types::{BucketLifecycleConfiguration, TransitionDefaultMinimumObjectSize};
use emrys_core::lifecycle::{Configuration, Write};

use super::{ManagedError, rules};
use crate::clients::AwsContext;
use crate::errors;

/// How often rules are read again after they were written: what S3 tells of a bucket may be old for a while.
const READS: u32 = 6;

/// Writes rules, provided that the bucket still has those that were found, and reads them back. S3 takes no condition
/// for this call: whoever writes between the two observations at the same moment is overwritten, or overwrites, and the
/// second look tells it in either case.
pub(super) async fn execute(
    aws: &AwsContext,
    bucket: &str,
    found: &Configuration,
    write: &Write,
) -> Result<(), ManagedError> {
    let now = rules::read(aws, bucket).await?;
    let written = match write {
        Write::Nothing => return Ok(()),
        Write::Put(written) => written.clone(),
        Write::Delete => Configuration::default(),
    };
    if now.holds(&written) && now.rules.len() == written.rules.len() {
        // An earlier try came through, and its answer was lost.
        return Ok(());
    }
    if now != *found {
        return Err(ManagedError::ChangedMeanwhile { bucket: bucket.to_owned() });
    }
    let what = format!("could not write the lifecycle rules of the bucket {bucket}");
    if let Write::Delete = write {
        let delete = aws.s3.delete_bucket_lifecycle().bucket(bucket).send().await;
        delete.map_err(|error| errors::call_error(&what, &error))?;
    } else {
        let rules = written.rules.iter().map(rules::to_sdk).collect();
        let configuration = BucketLifecycleConfiguration::builder()
            .set_rules(Some(rules))
            .build()
            .expect("rules are all that a configuration needs");
        let size = written.minimum_size.as_deref().map(TransitionDefaultMinimumObjectSize::from);
        let put = aws
            .s3
            .put_bucket_lifecycle_configuration()
            .bucket(bucket)
            .lifecycle_configuration(configuration)
            .set_transition_default_minimum_object_size(size);
        put.send().await.map_err(|error| errors::call_error(&what, &error))?;
    }
    for tries in 1..=READS {
        if rules::read(aws, bucket).await?.holds(&written) {
            return Ok(());
        }
        if tries < READS {
            aws.clock.sleep_until(crate::clock::later(aws.clock.now(), aws.pace().backoff(tries))).await;
        }
    }
    Err(ManagedError::NotAsWritten { bucket: bucket.to_owned() })
}
