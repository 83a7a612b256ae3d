//! What it means to whoever started the command that the control plane stopped.

use emrys_control_plane::Stop;
use emrys_core::run::TroubleKind;

use crate::exit::Exit;

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

/// For programs.
pub(crate) fn trouble_kind(kind: TroubleKind) -> &'static str {
    match kind {
        TroubleKind::Throttled => "throttled",
        TroubleKind::Unreachable => "unreachable",
        TroubleKind::Access => "access",
        TroubleKind::Invalid => "invalid",
    }
}

/// How the command ends.
pub(crate) fn trouble_exit(kind: TroubleKind) -> Exit {
    match kind {
        TroubleKind::Throttled | TroubleKind::Unreachable | TroubleKind::Access => Exit::Aws,
        TroubleKind::Invalid => Exit::Usage,
    }
}
