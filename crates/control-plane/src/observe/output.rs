//! What does the manifest say, and what is in the output folder?

use emrys_core::manifest;
use emrys_core::record::CallError;
use emrys_core::s3_uri::S3Uri;
use emrys_core::verify::{ObservedManifest, Output, OutputFile};

use super::listing::list;
use crate::clients::AwsContext;
use crate::objects::{self, Got};

/// A manifest names files, some hundred bytes each: this is room for more files than a day should have.
const MAX_MANIFEST: u64 = 64 << 20;

pub(super) async fn observe(aws: &AwsContext, folder: &str) -> Result<Output, CallError> {
    let folder: S3Uri =
        folder.parse().map_err(|error| CallError::invalid(format!("could not look at {folder}: {error}")))?;
    // The listing first: what is written after it was too late for a job that has ended, and what the manifest names
    // and the listing lacks is missing.
    let objects = list(aws, &folder).await?;
    let manifest = match objects::get(aws, &folder.join(manifest::FILE_NAME), MAX_MANIFEST).await? {
        Got::Absent => ObservedManifest::Absent,
        Got::TooLarge { size } => ObservedManifest::Unreadable { why: format!("it has {size} bytes") },
        Got::Object { bytes, .. } => ObservedManifest::read(&bytes),
    };
    let files = objects.into_iter().filter(|object| !object.key.ends_with('/')).filter_map(|object| {
        let path = object.key.strip_prefix(folder.key())?.to_owned();
        Some(OutputFile { path, size: object.size, written_at: object.written_at })
    });
    Ok(Output { manifest, files: files.collect() })
}
