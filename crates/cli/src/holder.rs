//! The process that drives a run, for programs.

use emrys_control_plane::Holder;
use jiff::Timestamp;
use serde_json::{Value, json};

/// A holder, and since when it drives the run.
pub(crate) fn holder_json(holder: &Holder, since: Timestamp) -> Value {
    json!({ "who": holder.who, "host": holder.host, "pid": holder.pid, "since": since })
}
