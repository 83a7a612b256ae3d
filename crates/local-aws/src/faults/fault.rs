//! The kinds of faults, and the errors that AWS answers with.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::CallView;
use crate::models::Model;
use crate::services::{EmrOperation, Operation, Service};
use crate::world::{ApiError, ListView};

/// What a call meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fault {
    /// `ThrottlingException`, or `SlowDown` from S3.
    Throttle,
    /// An error of the server.
    ServerError {
        /// The HTTP status: 500 to 599.
        status: u16,
        /// Before or after the effect.
        when: When,
    },
    /// The connection ends without an answer.
    Cut {
        /// Before or after the effect.
        when: When,
    },
    /// The effect at once, the answer later.
    Slow {
        /// How much later.
        delay_ms: u64,
    },
    /// The effect later, whether or not the caller is still there. (An upload to S3 over a socket is the exception:
    /// its body is gone with its caller.)
    Late {
        /// How much later.
        delay_ms: u64,
    },
    /// The caller may not do this.
    AccessDenied,
    /// The caller's credentials have expired.
    ExpiredToken,
    /// ListClusters answers with what was there, and how it was, some time ago.
    StaleList {
        /// How long ago.
        age_ms: u64,
    },
    /// ListClusters leaves out the youngest clusters; the others are shown as they are.
    HideNew {
        /// How old a cluster must be to be shown.
        age_ms: u64,
    },
    /// A list gives short pages.
    ShortPage {
        /// The most items of a page; 0 gives an empty page with a marker.
        items: usize,
    },
}

/// Whether a call has its effect before its caller meets a fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// The call is not done.
    #[default]
    Before,
    /// The call is done, and its caller is not told.
    After,
}

/// A fault in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultRecord {
    /// The fault.
    #[serde(flatten)]
    pub fault: Fault,
    /// The outcome (`ok` or an error code) of a call that was done and whose caller was not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<String>,
}

impl Fault {
    /// Whether the call is not done.
    pub(crate) const fn prevents(self) -> bool {
        match self {
            Self::Throttle | Self::AccessDenied | Self::ExpiredToken => true,
            Self::ServerError { when, .. } | Self::Cut { when } => matches!(when, When::Before),
            Self::Slow { .. }
            | Self::Late { .. }
            | Self::StaleList { .. }
            | Self::HideNew { .. }
            | Self::ShortPage { .. } => false,
        }
    }

    /// Whether it means something for this call.
    pub(crate) fn fits(self, call: &CallView<'_>) -> bool {
        match self {
            Self::StaleList { .. } | Self::HideNew { .. } => {
                Operation::find(call.service, call.operation) == Some(EmrOperation::ListClusters.into())
            }
            Self::ShortPage { .. } if call.service == Service::S3.name() => {
                S3_LISTS.contains(&call.operation)
            }
            Self::ShortPage { .. } => {
                Operation::find(call.service, call.operation).is_some_and(Operation::has_short_pages)
            }
            _ => true,
        }
    }

    /// How long the effect ([`Late`](Self::Late)) is to wait.
    pub(crate) fn effect_delay(self) -> Option<SignedDuration> {
        match self {
            Self::Late { delay_ms } => Some(millis(delay_ms)),
            _ => None,
        }
    }

    /// How long the answer ([`Slow`](Self::Slow)) is to wait.
    pub(crate) fn answer_delay(self) -> Option<SignedDuration> {
        match self {
            Self::Slow { delay_ms } => Some(millis(delay_ms)),
            _ => None,
        }
    }

    /// What a list shows.
    pub(crate) fn list_view(self) -> ListView {
        match self {
            Self::StaleList { age_ms } => ListView { stale: Some(millis(age_ms)), ..ListView::default() },
            Self::HideNew { age_ms } => ListView { hidden: Some(millis(age_ms)), ..ListView::default() },
            Self::ShortPage { items } => ListView { items: Some(items), ..ListView::default() },
            _ => ListView::default(),
        }
    }

    /// The error that the caller is answered with, if it is answered with one.
    pub(crate) fn error(self, service: Service, call: &CallView<'_>) -> Option<ApiError> {
        let s3 = service == Service::S3;
        // EMR and Glue answer these with 400, as awsJson services do.
        let denied = if matches!(service, Service::Emr | Service::Glue) { 400 } else { 403 };
        let error = match self {
            Self::Throttle if s3 => ApiError::new("SlowDown", "Please reduce your request rate.", 503),
            Self::Throttle => {
                let status = if service == Service::Scheduler { 429 } else { 400 };
                ApiError::new("ThrottlingException", "Rate exceeded", status)
            }
            Self::ServerError { status, .. } => {
                let code = match status {
                    503 => "ServiceUnavailable",
                    _ if s3 => "InternalError",
                    _ => declared(service, call.operation),
                };
                ApiError::new(code, "We encountered an internal error. Please try again.", status)
            }
            Self::AccessDenied if s3 => ApiError::new("AccessDenied", not_authorized("s3", call), 403),
            Self::AccessDenied => {
                let prefix = if service == Service::Emr { "elasticmapreduce" } else { call.service };
                ApiError::new("AccessDeniedException", not_authorized(prefix, call), denied)
            }
            Self::ExpiredToken if s3 => ApiError::new("ExpiredToken", "The provided token has expired.", 400),
            Self::ExpiredToken => ApiError::new(
                "ExpiredTokenException",
                "The security token included in the request is expired",
                denied,
            ),
            _ => return None,
        };
        Some(error)
    }
}

/// The operations of S3 whose pages can be short.
const S3_LISTS: &[&str] = &["ListObjectsV2", "ListObjects"];

fn not_authorized(prefix: &str, call: &CallView<'_>) -> String {
    let action = format!("{prefix}:{}", call.operation);
    format!(
        "User is not authorized to perform: {action} because no identity-based policy allows the {action} action"
    )
}

/// The internal error that the model declares for an operation, or what services answer undeclared.
fn declared(service: Service, operation: &str) -> &'static str {
    let operation = Model::of(service).and_then(|model| model.operation(operation));
    let mut errors = operation.into_iter().flat_map(|operation| &operation.errors);
    errors.find(|name| name.starts_with("Internal")).map_or("InternalFailure", String::as_str)
}

fn millis(millis: u64) -> SignedDuration {
    SignedDuration::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}
