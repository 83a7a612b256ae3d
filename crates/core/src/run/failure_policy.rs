//! What happens when an action or an observation fails: one rule for each of them and for each class of error.
//!
//! `docs/internals/failure-policy.md` shows all rules as a table, which a test compares with this file. An error never
//! fails a run by itself. The one exception is a launch that AWS refuses as invalid: the attempt ends with it.

#![deny(clippy::wildcard_enum_match_arm)]

use jiff::SignedDuration;

use super::action::Action;
use super::duplicates::LateLaunchCheck;
use super::observations::{Observed, Probe};
use crate::pace::Pace;
use crate::record::{ErrorClass, Reported, TerminateReason};

/// How many times in a row a call must be denied, or called invalid, before that counts: permissions and credentials
/// that were just given take a moment to work.
const SURE: u32 = 3;

/// Declares the variants once: as an enum, as a list, and with the text that the table shows.
macro_rules! failed {
    ($($variant:ident => $label:literal,)*) => {
        /// What failed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Failed {
            $(#[doc = $label] $variant,)*
        }

        #[cfg(test)]
        impl Failed {
            const ALL: &[Self] = &[$(Self::$variant,)*];

            fn label(self) -> &'static str {
                match self {
                    $(Self::$variant => $label,)*
                }
            }
        }
    };
}

failed! {
    ObserveInputs => "observe the input",
    ObserveJob => "observe the job's files",
    ObservePreflight => "observe the preflight checks",
    ObserveOutputFolder => "observe a fixed output folder",
    ObserveCatalog => "observe the catalog",
    ObserveLaunch => "observe an unclear launch",
    ObserveCluster => "observe the cluster",
    ObserveOutput => "observe the output",
    ObserveStepLog => "observe the log of a failed step",
    ObserveLateLaunchesMeanwhile => "observe late launches, run goes on",
    ObserveLateLaunchesAtEnd => "observe late launches, run waits",
    ObserveProtection => "observe a duplicate's protection",
    ObserveGuardGroup => "observe the guards' group",
    ObserveGuard => "observe the guard",
    ObserveAlarm => "observe the alarm",
    StageJob => "upload the job's files",
    PrepareLaunch => "upload the job's files before a launch",
    Launch => "launch the cluster (refused)",
    EndCluster => "terminate or unprotect the cluster",
    EndDuplicateMeanwhile => "terminate or unprotect a duplicate, run goes on",
    EndDuplicate => "terminate or unprotect a duplicate, run waits",
    CreateGuard => "create the guard",
    RemoveGuard => "remove the guard",
    Publish => "publish, run in flight",
    PublishClosedDay => "publish, day closed",
    PublishMetrics => "publish the metrics",
    PutAlarm => "write the alarm",
}

/// What else there is to do when an action has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// The run goes on meanwhile.
    Meanwhile,
    /// Nothing else is done before it.
    Blocking,
    /// The day is closed, and this is all that is done about it.
    Closed,
}

/// What happens after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Disposition {
    /// The same call is made again after a pause.
    Retry,
    /// This process stops driving the run.
    Leave,
    /// That it was given up is recorded, and the run goes on.
    GiveUp(GiveUp),
    /// The attempt ends as failed.
    EndAttempt,
    /// The run goes on without it, and nothing is recorded.
    GoOn,
}

/// What can be given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GiveUp {
    /// The guard. While the cluster is up, it is begun again after [`Pace::patience`].
    Guard,
    /// The publishing of an attempt. The next run of the day publishes it.
    Publishing,
    /// A report.
    Report(Reported),
}

/// What happens after failures of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rule {
    pause: Pause,
    until: Limit,
    then: Disposition,
    rests_on: RestsOn,
}

/// How long after a failure the same call may be made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pause {
    /// As [`Pace::backoff`] says.
    Backoff,
    /// [`Pace::retry`], however many times it failed.
    Short,
    /// [`Pace::guard`].
    Guard,
}

/// When a call has failed long enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limit {
    /// Never.
    Never,
    /// With the first failure.
    AtOnce,
    /// After [`SURE`] failures in a row.
    Sure,
    /// After [`Pace::patience`].
    Patience,
    /// After [`Pace::report_patience`].
    ReportPatience,
    /// After [`SURE`] failures in a row, and at the latest after [`Pace::report_patience`].
    SureOrReportPatience,
    /// [`Pace::logs`] after the end of the cluster.
    Logs,
}

/// Where a rule counts failures and takes the time from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RestsOn {
    /// From what this process has observed. The next process begins anew.
    Memory,
    /// From recorded events. Each process comes to the same answer.
    Record,
}

/// How long something has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failures {
    /// How many times in a row.
    pub(super) times: u32,
    /// Since the first of these, or since the event that the rule counts from.
    pub(super) lasting: SignedDuration,
}

impl Failures {
    /// Failures of calls of this process.
    pub(super) fn of<T>(observed: &Observed<T>, now: jiff::Timestamp) -> Self {
        Self { times: observed.tries, lasting: observed.failing_for(now) }
    }
}

impl Failed {
    pub(super) fn probe(probe: &Probe) -> Self {
        match probe {
            Probe::Inputs => Self::ObserveInputs,
            Probe::Job => Self::ObserveJob,
            Probe::Preflight => Self::ObservePreflight,
            Probe::OutputFolder => Self::ObserveOutputFolder,
            Probe::Launch { .. } => Self::ObserveLaunch,
            Probe::LateLaunches { when, .. } => match when {
                LateLaunchCheck::WhileRunning => Self::ObserveLateLaunchesMeanwhile,
                LateLaunchCheck::No | LateLaunchCheck::AtEnd => Self::ObserveLateLaunchesAtEnd,
            },
            Probe::Protection { .. } => Self::ObserveProtection,
            Probe::GuardGroup => Self::ObserveGuardGroup,
            Probe::Guard { .. } => Self::ObserveGuard,
            Probe::Cluster { .. } => Self::ObserveCluster,
            Probe::Output { .. } => Self::ObserveOutput,
            Probe::StepLog { .. } => Self::ObserveStepLog,
            Probe::Catalog => Self::ObserveCatalog,
            Probe::Alarm => Self::ObserveAlarm,
        }
    }

    pub(super) fn action(action: &Action, moment: Moment) -> Self {
        match action {
            Action::StageJob { .. } => Self::StageJob,
            // What AWS answers to the launch itself is recorded: see `Failed::Launch`.
            Action::Launch(_) => Self::PrepareLaunch,
            Action::Terminate { because, .. } | Action::Unprotect { because, .. } => match because {
                TerminateReason::Cancelled
                | TerminateReason::StartDeadline
                | TerminateReason::RunDeadline
                | TerminateReason::Idle => Self::EndCluster,
                TerminateReason::Duplicate => match moment {
                    Moment::Meanwhile => Self::EndDuplicateMeanwhile,
                    Moment::Blocking | Moment::Closed => Self::EndDuplicate,
                },
            },
            Action::CreateGuard { .. } => Self::CreateGuard,
            Action::RemoveGuard { .. } => Self::RemoveGuard,
            Action::Publish(_) => match moment {
                Moment::Meanwhile | Moment::Blocking => Self::Publish,
                Moment::Closed => Self::PublishClosedDay,
            },
            Action::PublishMetrics => Self::PublishMetrics,
            Action::PutAlarm => Self::PutAlarm,
        }
    }
}

/// The rule for what failed, with an error of this class.
pub(super) fn rule(failed: Failed, class: ErrorClass) -> Rule {
    match failed {
        Failed::ObserveInputs
        | Failed::ObserveJob
        | Failed::ObservePreflight
        | Failed::ObserveOutputFolder
        | Failed::ObserveCatalog
        | Failed::ObserveLaunch
        | Failed::ObserveCluster
        | Failed::ObserveOutput
        | Failed::ObserveLateLaunchesAtEnd
        | Failed::StageJob
        | Failed::PrepareLaunch
        | Failed::EndDuplicate => while_time_helps(class, Disposition::Leave),
        Failed::ObserveLateLaunchesMeanwhile => while_time_helps(class, Disposition::GoOn),
        // The next try to terminate the duplicate asks again.
        Failed::ObserveProtection => memory(Limit::AtOnce, Disposition::GoOn),
        Failed::ObserveGuard => Rule { pause: Pause::Guard, ..memory(Limit::Never, Disposition::Retry) },
        Failed::ObserveStepLog => {
            Rule { rests_on: RestsOn::Record, ..memory(Limit::Logs, Disposition::GoOn) }
        }
        Failed::Launch => launch_refused(class),
        Failed::EndCluster => match class {
            // Only a person can help, and to go on without a word would call none.
            ErrorClass::Access | ErrorClass::Clock => memory(Limit::Sure, Disposition::Leave),
            // What else EMR refuses may pass.
            ErrorClass::Throttled | ErrorClass::Unreachable | ErrorClass::Invalid => {
                memory(Limit::Never, Disposition::Retry)
            }
        },
        Failed::EndDuplicateMeanwhile => memory(Limit::Never, Disposition::Retry),
        Failed::ObserveGuardGroup | Failed::CreateGuard => {
            while_time_helps(class, Disposition::GiveUp(GiveUp::Guard))
        }
        Failed::RemoveGuard => briefly(class, GiveUp::Guard),
        Failed::ObserveAlarm | Failed::PutAlarm => briefly(class, GiveUp::Report(Reported::Alarm)),
        Failed::PublishMetrics => briefly(class, GiveUp::Report(Reported::Metrics)),
        Failed::Publish => match class {
            // Without an answer nothing is known, and nothing is recorded.
            ErrorClass::Throttled | ErrorClass::Unreachable => while_time_helps(class, Disposition::Leave),
            ErrorClass::Access | ErrorClass::Clock | ErrorClass::Invalid => {
                while_time_helps(class, Disposition::GiveUp(GiveUp::Publishing))
            }
        },
        Failed::PublishClosedDay => match class {
            // Who lacks the permission leaves it to who has it.
            ErrorClass::Throttled | ErrorClass::Unreachable | ErrorClass::Access | ErrorClass::Clock => {
                while_time_helps(class, Disposition::Leave)
            }
            ErrorClass::Invalid => while_time_helps(class, Disposition::GiveUp(GiveUp::Publishing)),
        },
    }
}

fn memory(until: Limit, then: Disposition) -> Rule {
    Rule { pause: Pause::Backoff, until, then, rests_on: RestsOn::Memory }
}

/// Retried for as long as time may help.
fn while_time_helps(class: ErrorClass, then: Disposition) -> Rule {
    match class {
        ErrorClass::Throttled => memory(Limit::Never, Disposition::Retry),
        ErrorClass::Unreachable => memory(Limit::Patience, then),
        ErrorClass::Access | ErrorClass::Clock | ErrorClass::Invalid => memory(Limit::Sure, then),
    }
}

/// Retried for a short time: it only reports or cleans up, and must not keep a run from its end.
fn briefly(class: ErrorClass, what: GiveUp) -> Rule {
    let then = Disposition::GiveUp(what);
    match class {
        ErrorClass::Throttled | ErrorClass::Unreachable => memory(Limit::ReportPatience, then),
        ErrorClass::Access | ErrorClass::Clock | ErrorClass::Invalid => {
            memory(Limit::SureOrReportPatience, then)
        }
    }
}

/// A launch is asked for once, and what AWS answers is recorded.
fn launch_refused(class: ErrorClass) -> Rule {
    let (pause, until, then) = match class {
        ErrorClass::Throttled | ErrorClass::Unreachable => (Pause::Backoff, Limit::Never, Disposition::Retry),
        // Only a person can help: the next process may ask again soon.
        ErrorClass::Access | ErrorClass::Clock => (Pause::Short, Limit::AtOnce, Disposition::Leave),
        ErrorClass::Invalid => (Pause::Backoff, Limit::AtOnce, Disposition::EndAttempt),
    };
    Rule { pause, until, then, rests_on: RestsOn::Record }
}

impl Rule {
    /// What happens now.
    pub(super) fn disposition(self, failures: Failures, pace: &Pace) -> Disposition {
        let Failures { times, lasting } = failures;
        let is_over = match self.until {
            Limit::Never => false,
            Limit::AtOnce => true,
            Limit::Sure => times >= SURE,
            Limit::Patience => lasting >= pace.patience,
            Limit::ReportPatience => lasting >= pace.report_patience,
            Limit::SureOrReportPatience => times >= SURE || lasting >= pace.report_patience,
            Limit::Logs => lasting >= pace.logs,
        };
        if is_over { self.then } else { Disposition::Retry }
    }

    /// How long after the latest of so many failures in a row the same call may be made again.
    pub(super) fn pause(self, times: u32, pace: &Pace) -> SignedDuration {
        match self.pause {
            Pause::Backoff => pace.backoff(times),
            Pause::Short => pace.retry,
            Pause::Guard => pace.guard,
        }
    }
}

#[cfg(test)]
#[path = "tests/failure_policy.rs"]
mod tests;
