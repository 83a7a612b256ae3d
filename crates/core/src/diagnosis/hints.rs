//! What can be done about a failure, by what is said of it. Codes first: sentences change.

use crate::emr::Reason;
use crate::record::TerminateReason;

/// What a log says, and what helps. The first that fits counts.
const BY_LOG: [(&str, &str); 15] = [
    (
        "PATH_ALREADY_EXISTS",
        "the job writes to a fixed place that is taken: let it write to {output}, a fresh folder for each attempt",
    ),
    (
        "FileAlreadyExistsException",
        "the job writes to a fixed place that is taken: let it write to {output}, a fresh folder for each attempt",
    ),
    (
        "PATH_NOT_FOUND",
        "the job reads a place that is not there: compare the address in its arguments with `[source] uri`, and use {input} or {yyyy}/{mm}/{dd} for the day",
    ),
    (
        "Path does not exist",
        "the job reads a place that is not there: compare the address in its arguments with `[source] uri`, and use {input} or {yyyy}/{mm}/{dd} for the day",
    ),
    (
        "ModuleNotFoundError",
        "the cluster's Python has no such package: ship it with `[job] py-files`, or install it in `[cluster] bootstrap`",
    ),
    (
        "No module named",
        "the cluster's Python has no such package: ship it with `[job] py-files`, or install it in `[cluster] bootstrap`",
    ),
    (
        "AccessDenied",
        "the cluster's role may not do this: give the instance profile (or the runtime role) the right on this address, and on its KMS key if it has one",
    ),
    (
        "Access Denied",
        "the cluster's role may not do this: give the instance profile (or the runtime role) the right on this address, and on its KMS key if it has one",
    ),
    ("NoSuchBucket", "the bucket is not there: compare the job's addresses with those in the configuration"),
    (
        "OutOfMemory",
        "memory ran out: larger instances, or more of them, or `spark.executor.memory` and `spark.driver.memory` in `[cluster] spark-conf`",
    ),
    (
        "exceeding memory limits",
        "memory ran out: larger instances, or more of them, or `spark.executor.memoryOverhead` in `[cluster] spark-conf`",
    ),
    (
        "No space left on device",
        "a disk is full: larger or more EBS volumes in `[cluster]`, or more instances",
    ),
    (
        "UNRESOLVED_COLUMN",
        "the input has no such column on this day: compare the job's column names with a line of the input",
    ),
    (
        "UNABLE_TO_INFER_SCHEMA",
        "no file that the job read has a row in it: compare the job's input pattern with the names below `[source] uri`",
    ),
    (
        "SyntaxError",
        "the script does not parse on the cluster's Python: mind its version, 3.9 on most releases",
    ),
];

/// Words that count wherever they stand in the log: the exception that ends a job need not name its cause.
const ANYWHERE: [&str; 3] = ["OutOfMemory", "exceeding memory limits", "No space left on device"];

/// For a step that failed.
pub(super) fn for_log(summary: &str, lines: &[String], all: &[String]) -> Option<&'static str> {
    let said = |words: &str| summary.contains(words) || lines.iter().any(|line| line.contains(words));
    let anywhere = |words: &str| ANYWHERE.contains(&words) && all.iter().any(|line| line.contains(words));
    let found = BY_LOG.iter().find(|(words, _)| said(words));
    found.or_else(|| BY_LOG.iter().find(|(words, _)| anywhere(words))).map(|(_, hint)| *hint)
}

/// For a launch that EMR called wrong.
pub(super) fn for_launch(message: &str) -> &'static str {
    let lower = message.to_lowercase();
    if lower.contains("role") || lower.contains("profile") {
        "compare `[cluster] service-role` and `instance-profile` with the roles of the account; the caller also needs iam:PassRole on both"
    } else if lower.contains("subnet") {
        "compare `[cluster] subnets` with the subnets of the region"
    } else if lower.contains("release") {
        "compare `[cluster] release-label` with the labels that EMR lists for the region"
    } else {
        "EMR would refuse the same request again: correct `[cluster]` (or its `run-job-flow` overlay), and run the day again"
    }
}

/// For a cluster that was ended by a deadline.
pub(super) fn for_deadline(because: TerminateReason) -> Option<&'static str> {
    match because {
        TerminateReason::StartDeadline => Some(
            "EMR waits for capacity without saying so: name more instance types or more subnets, allow on-demand, or raise `[limits] start-minutes`",
        ),
        TerminateReason::RunDeadline => Some(
            "raise `[limits] run-minutes` if the day is that large, or give the cluster more capacity; the end of the log shows how far the job came",
        ),
        TerminateReason::Cancelled | TerminateReason::Idle | TerminateReason::Duplicate => None,
    }
}

/// For an attempt whose output is good and could not be published.
pub(super) const UNPUBLISHED: &str = "put that right (`emrys setup` makes missing tables), and run the day again: it publishes this output, and launches no cluster";

/// For a step that was cancelled, and not by Emrys, which cancels none.
pub(super) const CANCELLED_BY_OTHERS: &str = "it was no cancel of this run: CloudTrail names the caller of CancelSteps. Run the day again when it is settled with them";

/// For a cluster that ended by itself, by EMR's code.
pub(super) fn for_cluster(reason: &Reason) -> Option<&'static str> {
    Some(match reason.code.as_str() {
        "VALIDATION_ERROR" => {
            "EMR could not make this cluster: look at the roles, the subnet (it needs free addresses, and the tag `for-use-with-amazon-emr-managed-policies`), the instance types and the quotas of the account"
        }
        "BOOTSTRAP_FAILURE" => {
            "a bootstrap action failed: its log lies below the log address in `<cluster>/node/<instance>/bootstrap-actions/`"
        }
        "INSTANCE_FLEET_TIMEOUT" => {
            "the instances could not be had in time: name more instance types or more subnets, or let spot fall back to on-demand"
        }
        "INSTANCE_FAILURE" => {
            "instances were lost, to spot or to a fault: run the day again, with on-demand instances for primary and core"
        }
        "INTERNAL_ERROR" if reason.message.to_lowercase().contains("capacity") => {
            "the zone had no such instances: name more instance types or more subnets, and run the day again"
        }
        "INTERNAL_ERROR" => "EMR failed by itself: run the day again",
        "USER_REQUEST" => {
            "somebody or something else terminated it: a person, an idle or cost rule of the account, or a guard (CloudTrail names the caller)"
        }
        "STEP_FAILURE" => "a step failed, and EMR did not say which: look at the steps' logs",
        "" => {
            "EMR gives no reason: CloudTrail shows whether somebody asked for it, and the logs how far the steps came"
        }
        _ => return None,
    })
}
