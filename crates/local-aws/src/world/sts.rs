//! STS: who is calling.

use serde_json::{Value, json};

use crate::services::StsOperation;
use crate::world::context::CallContext;

pub(crate) fn call(operation: StsOperation, context: &CallContext) -> Value {
    match operation {
        StsOperation::GetCallerIdentity => json!({
            "UserId": context.access_key,
            "Account": context.account,
            "Arn": format!("arn:aws:iam::{}:user/local", context.account),
        }),
    }
}
