//! `[guard]`: what ends a cluster from outside when nobody watches.

use super::reader::Section;
use super::values;

/// `[guard]`: what ends a cluster from outside when nobody watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// `scheduler-role`: the ARN of the role under which EventBridge Scheduler ends the cluster at its deadline. It
    /// trusts `scheduler.amazonaws.com`, and may call `elasticmapreduce:TerminateJobFlows`; whoever runs Emrys may
    /// pass it on.
    pub scheduler_role: String,
}

pub(super) fn read(mut section: Section<'_, '_>) -> Option<Guard> {
    let scheduler_role = section
        .require(
            "scheduler-role",
            "name the role of the schedule: scheduler-role = \"arn:aws:iam::123456789012:role/emrys-guard\"",
        )
        .and_then(|entry| entry.parsed(|text| values::arn(text, "iam", ":role/")));
    section.finish();
    Some(Guard { scheduler_role: scheduler_role? })
}
