//! What it means to whoever started the command that the control plane stopped.

use emrys_control_plane::Stop;
use emrys_core::run::{Trouble, TroubleKind};

use crate::env;
use crate::exit::Exit;
use crate::settings::{Common, PlaceChoice};

/// For programs.
pub(crate) fn kind(stop: &Stop) -> &'static str {
    match stop {
        Stop::Held { .. } | Stop::Lost { .. } => "held",
        Stop::Trouble(trouble) => trouble_kind(trouble.kind),
        Stop::Ledger(_) => "ledger",
        Stop::Interrupted => "stopped_watching",
    }
}

/// How the command ends.
pub(crate) fn exit(stop: &Stop) -> Exit {
    match stop {
        Stop::Held { .. } | Stop::Lost { .. } => Exit::Held,
        Stop::Trouble(trouble) => trouble_exit(trouble.kind),
        Stop::Ledger(_) => Exit::Usage,
        Stop::Interrupted => Exit::StoppedWatching,
    }
}

/// What a person can do about it.
pub(crate) fn trouble_hint(trouble: &Trouble, common: &Common) -> Option<String> {
    let profile = env::value("AWS_PROFILE").filter(|_| common.place == PlaceChoice::Aws);
    match (trouble.kind, profile) {
        _ if trouble.code == NO_BUCKET => Some(bucket_hint(common)),
        (TroubleKind::Access, Some(profile)) => Some(format!(
            "`AWS_PROFILE` names the profile `{profile}`: is it in your AWS configuration, is it logged in, and has it the rights?"
        )),
        _ => Stop::Trouble(trouble.clone()).hint().map(str::to_owned),
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
pub(crate) fn trouble_kind(kind: TroubleKind) -> &'static str {
    match kind {
        TroubleKind::Throttled => "throttled",
        TroubleKind::Unreachable => "unreachable",
        TroubleKind::Access => "access",
        TroubleKind::Clock => "clock",
        TroubleKind::Invalid => "invalid",
    }
}

/// How the command ends.
pub(crate) fn trouble_exit(kind: TroubleKind) -> Exit {
    match kind {
        TroubleKind::Throttled | TroubleKind::Unreachable | TroubleKind::Access | TroubleKind::Clock => {
            Exit::Aws
        }
        TroubleKind::Invalid => Exit::Usage,
    }
}
