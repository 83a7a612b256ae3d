//! What it means for the command that the control plane stopped.

use emrys_control_plane::Stop;
use emrys_core::record::{CallError, ErrorClass};

use crate::env;
use crate::exit::Exit;
use crate::settings::{Common, PlaceChoice};

/// For programs.
pub(crate) fn kind(stop: &Stop) -> &'static str {
    match stop {
        Stop::Held { .. } | Stop::Lost { .. } => "held",
        Stop::CallError(error) => error_class_name(error.class),
        Stop::Ledger(_) => "ledger",
        Stop::Interrupted => "stopped_watching",
    }
}

/// How the command ends.
pub(crate) fn exit(stop: &Stop) -> Exit {
    match stop {
        Stop::Held { .. } | Stop::Lost { .. } => Exit::Held,
        Stop::CallError(error) => error_exit(error.class),
        Stop::Ledger(_) => Exit::Usage,
        Stop::Interrupted => Exit::StoppedWatching,
    }
}

/// What a person can do about it.
pub(crate) fn error_hint(error: &CallError, common: &Common) -> Option<String> {
    let profile = env::value("AWS_PROFILE").filter(|_| common.place == PlaceChoice::Aws);
    match (error.class, profile) {
        _ if error.code == NO_BUCKET => Some(bucket_hint(common)),
        (ErrorClass::Access, Some(profile)) => Some(format!(
            "`AWS_PROFILE` names the profile `{profile}`: is it in your AWS configuration, is it logged in, and has it the rights?"
        )),
        _ => Stop::CallError(error.clone()).hint().map(str::to_owned),
    }
}

const NO_BUCKET: &str = "NoSuchBucket";

fn bucket_hint(common: &Common) -> String {
    #[cfg(feature = "local")]
    if common.place == PlaceChoice::Embedded {
        let buckets = common.local_dir.join("s3").join("BUCKET");
        return format!(
            "a bucket of the embedded AWS is a folder: `mkdir -p '{}'` makes one",
            buckets.display()
        );
    }
    let _ = common;
    "make the bucket, or correct its name in the pipeline file".to_owned()
}

/// For programs.
pub(crate) fn error_class_name(kind: ErrorClass) -> &'static str {
    match kind {
        ErrorClass::Throttled => "throttled",
        ErrorClass::Unreachable => "unreachable",
        ErrorClass::Access => "access",
        ErrorClass::Clock => "clock",
        ErrorClass::Invalid => "invalid",
    }
}

/// How the command ends.
pub(crate) fn error_exit(kind: ErrorClass) -> Exit {
    match kind {
        ErrorClass::Throttled | ErrorClass::Unreachable | ErrorClass::Access | ErrorClass::Clock => Exit::Aws,
        ErrorClass::Invalid => Exit::Usage,
    }
}
