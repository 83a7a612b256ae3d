//! What a run does to AWS. One variant is one executor in the control plane.

#![deny(clippy::wildcard_enum_match_arm)]

use jiff::Timestamp;
use serde::Serialize;

use super::guard::GROUP;
use crate::catalog::{Publication, publications};
use crate::record::{Effect, LaunchIntent, TerminateReason};
use crate::spec::Spec;

/// Something to do to AWS. It is derived from the spec, the state and the time alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Upload job files to their addresses. Harmless when repeated: the address holds the content's hash.
    StageJob {
        /// The addresses that are still without their file.
        uris: Vec<String>,
    },
    /// Launch a cluster with all steps inside. The only call that must not happen twice: it is recorded before.
    Launch(LaunchIntent),
    /// Terminate a cluster.
    Terminate {
        /// Its id.
        cluster: String,
        /// Why.
        because: TerminateReason,
    },
    /// Switch off termination protection of a cluster of ours that must stop. Emrys never switches it on.
    Unprotect {
        /// Its id.
        cluster: String,
        /// Why it has to.
        because: TerminateReason,
    },
    /// Create the schedule that terminates the cluster at its deadline. Harmless when repeated: its name is the
    /// launch's nonce.
    CreateGuard {
        /// The schedule's name: the launch's nonce.
        name: String,
        /// The cluster that it terminates.
        cluster: String,
        /// When.
        until: Timestamp,
        /// Whether the group of the schedules exists.
        group: bool,
    },
    /// Remove that schedule, once the cluster is gone.
    RemoveGuard {
        /// Its name.
        name: String,
    },
    /// Make the day's partitions serve what the attempt of this launch wrote, table by table. Harmless when repeated.
    Publish(LaunchIntent),
    /// Publish the metrics of an attempt that ended. Harmless when repeated: the data points carry the run's end.
    PublishMetrics,
    /// Write the alarm that fires when a day has no success by its time.
    PutAlarm,
}

/// A call that changes AWS, as a plan lists it and a journal can confirm it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Call {
    /// The service.
    pub service: Service,
    /// The operation, as its API names it.
    pub operation: &'static str,
    /// What it is done to: an address, a cluster's name or id, a partition, a metric, an alarm, or a schedule's group.
    /// The name is without the launch's nonce, which is not known before the launch is decided. A schedule's own name
    /// is that nonce.
    pub resource: String,
}

/// An AWS service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// Simple Storage Service.
    S3,
    /// Elastic MapReduce.
    Emr,
    /// CloudWatch.
    CloudWatch,
    /// EventBridge Scheduler.
    Scheduler,
    /// The Glue data catalog.
    Glue,
}

impl Service {
    /// In lower case, as in `--json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Emr => "emr",
            Self::CloudWatch => "cloudwatch",
            Self::Scheduler => "scheduler",
            Self::Glue => "glue",
        }
    }
}

impl Action {
    /// The calls that the action takes, in their order.
    pub fn calls(&self, spec: &Spec) -> Vec<Call> {
        let call = |service, operation, resource| Call { service, operation, resource };
        match self {
            Self::StageJob { uris } => {
                uris.iter().map(|uri| call(Service::S3, "PutObject", uri.clone())).collect()
            }
            Self::Launch(intent) => {
                let name = spec.cluster_name(intent);
                let without_nonce = name.rsplit_once('/').map_or(name.as_str(), |(rest, _)| rest);
                vec![call(Service::Emr, "RunJobFlow", without_nonce.to_owned())]
            }
            Self::Terminate { cluster, .. } => vec![call(Service::Emr, "TerminateJobFlows", cluster.clone())],
            Self::Unprotect { cluster, .. } => {
                vec![call(Service::Emr, "SetTerminationProtection", cluster.clone())]
            }
            Self::CreateGuard { group, .. } => {
                let operations = (!group).then_some("CreateScheduleGroup").into_iter();
                let all = operations.chain(["CreateSchedule"]);
                all.map(|operation| call(Service::Scheduler, operation, GROUP.to_owned())).collect()
            }
            Self::RemoveGuard { .. } => vec![call(Service::Scheduler, "DeleteSchedule", GROUP.to_owned())],
            Self::Publish(intent) => {
                let database = spec.published_to().map(|catalog| catalog.database.as_str());
                let of = |publication: Publication| {
                    let Publication { table, date, .. } = publication;
                    let resource = format!("{}.{table}/date={date}", database.unwrap_or_default());
                    // Which of the two is known only when it is done.
                    call(Service::Glue, "CreatePartition or UpdatePartition", resource)
                };
                publications(spec, intent).into_iter().map(of).collect()
            }
            Self::PublishMetrics => {
                vec![call(Service::CloudWatch, "PutMetricData", spec.metrics_resource())]
            }
            Self::PutAlarm => vec![call(Service::CloudWatch, "PutMetricAlarm", spec.alarm_name())],
        }
    }

    /// What is recorded once the action is done. None for a launch, whose effect names the cluster that came of it:
    /// [`Effect::Launched`].
    pub fn effect(&self) -> Option<Effect> {
        Some(match self {
            Self::StageJob { .. } => Effect::JobStaged,
            Self::Launch(_) => return None,
            Self::Terminate { cluster, because } => {
                Effect::TerminateRequested { cluster: cluster.clone(), because: *because }
            }
            Self::Unprotect { cluster, .. } => Effect::Unprotected { cluster: cluster.clone() },
            Self::CreateGuard { until, .. } => Effect::GuardCreated { until: *until },
            Self::RemoveGuard { .. } => Effect::GuardRemoved,
            Self::Publish(intent) => Effect::Published { attempt: intent.attempt },
            Self::PublishMetrics => Effect::MetricsPublished,
            Self::PutAlarm => Effect::AlarmPut,
        })
    }

    /// Whether it is due because time passed, and not because a person asked for it or an event was recorded.
    pub(super) fn rests_on_a_limit(&self) -> bool {
        match self {
            Self::Terminate { because, .. } => match because {
                TerminateReason::StartDeadline | TerminateReason::RunDeadline | TerminateReason::Idle => true,
                TerminateReason::Cancelled | TerminateReason::Duplicate => false,
            },
            Self::Unprotect { because, .. } => *because != TerminateReason::Duplicate,
            Self::StageJob { .. }
            | Self::Launch(_)
            | Self::CreateGuard { .. }
            | Self::RemoveGuard { .. }
            | Self::Publish(_)
            | Self::PublishMetrics
            | Self::PutAlarm => false,
        }
    }

    /// In a few words, for people.
    pub fn label(&self) -> &'static str {
        match self {
            Self::StageJob { .. } => "upload the job",
            Self::Launch(_) => "launch the cluster",
            Self::Terminate { .. } => "terminate the cluster",
            Self::Unprotect { .. } => "switch off the termination protection",
            Self::CreateGuard { .. } => "make the schedule that guards the cluster",
            Self::RemoveGuard { .. } => "remove the schedule that guarded the cluster",
            Self::Publish(_) => "publish the day",
            Self::PublishMetrics => "publish the metrics",
            Self::PutAlarm => "write the alarm",
        }
    }
}
