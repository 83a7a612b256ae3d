//! Why clusters end.

use serde::{Deserialize, Serialize};

/// The code of a cluster's state change reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the API's own names")]
pub enum ReasonCode {
    InternalError,
    ValidationError,
    InstanceFailure,
    InstanceFleetTimeout,
    BootstrapFailure,
    UserRequest,
    StepFailure,
    AllStepsCompleted,
}
