//! What happened in a run, in one line for people.

use std::fmt::Write;

use emrys_core::emr::Reason;
use emrys_core::record::{AttemptResult, Effect, Event, LateLaunch, Reported, Retry, Verdict};
use emrys_terminal::format::{bytes, count, plural};
use emrys_terminal::printer::{BAD, BOLD, GOOD, HINT, WARN, styled};

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// As it should be.
    Info,
    /// Not as it should be.
    Warn,
}

impl Level {
    /// As log records name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
        }
    }
}

/// The line for an event; none for what only matters to the record.
pub(crate) fn describe(event: &Event) -> Option<(Level, String)> {
    let line = match event {
        Event::Opened { .. }
        | Event::Closed { .. }
        | Event::GuardGroupChecked { .. }
        | Event::AlarmChecked { current: false } => return None,
        Event::LateLaunchesChecked { found } => return late_launches(found),
        Event::Reopened { .. } => (Level::Info, "the day was run before: running it again".to_owned()),
        Event::AttemptStarted { attempt, retry: Some(retry), .. } => {
            let Retry { because, choice } = retry;
            (Level::Warn, format!("attempt {attempt} follows by itself, {choice}: {because}"))
        }
        Event::AttemptStarted { attempt, inputs, .. } => {
            let objects = plural(inputs.objects, "object");
            let size = bytes(inputs.bytes);
            (Level::Info, format!("attempt {attempt} reads {}, {size}", styled(BOLD, objects)))
        }
        // Why is said at the end, once.
        Event::AttemptRefused { .. } => (Level::Warn, "no attempt is made".to_owned()),
        Event::LaunchIntended(intent) => (Level::Info, format!("launching the cluster ({})", intent.nonce)),
        Event::ActionFinished { effect } => (Level::Info, done(effect)),
        Event::LaunchRefused { .. }
        | Event::LaunchUnclear { .. }
        | Event::LaunchResolved { .. }
        | Event::ClusterStateChanged { .. }
        | Event::ProtectionChanged { .. }
        | Event::DuplicateProtected { .. }
        | Event::TerminationOverdue { .. }
        | Event::GuardLost
        | Event::GuardGivenUp { .. } => return of_a_cluster(event),
        Event::StepStateChanged { name, state, reason, .. } => {
            let state = state.name();
            (Level::Info, format!("step {} {}{}", styled(HINT, name), styled(BOLD, state), because(reason)))
        }
        Event::Verified { verdict } => return Some(verified(verdict)),
        Event::PublishIntended { .. }
        | Event::PublishGivenUp { .. }
        | Event::CatalogDrifted { .. }
        | Event::DayExpiring
        | Event::DayExpired
        | Event::DeletingOutput { .. }
        | Event::OutputDeleted { .. } => return of_the_output(event),
        Event::Diagnosed { diagnosis } => (Level::Warn, format!("cause: {}", diagnosis.summary)),
        Event::CancelRequested { by } => (Level::Warn, format!("cancel asked for by {}", by.0)),
        Event::AttemptEnded { result } => match result {
            AttemptResult::Succeeded => (Level::Info, format!("the attempt {}", styled(GOOD, "succeeded"))),
            AttemptResult::Failed => (Level::Warn, format!("the attempt {}", styled(BAD, "failed"))),
            AttemptResult::Cancelled => {
                (Level::Warn, format!("the attempt was {}", styled(WARN, "cancelled")))
            }
        },
        Event::AlarmChecked { current: true } => (Level::Info, "the alarm stands as configured".to_owned()),
        Event::ReportGivenUp { what, why } => {
            let what = match what {
                Reported::Metrics => "the metrics were not published",
                Reported::Alarm => "the alarm was not written",
            };
            (Level::Warn, format!("{what}: {why}"))
        }
    };
    Some(line)
}

/// What happens to clusters and to what guards them.
fn of_a_cluster(event: &Event) -> Option<(Level, String)> {
    Some(match event {
        Event::LaunchRefused { error } => {
            let said =
                Reason { code: error.code.clone(), message: error.message.clone(), ..Reason::default() };
            (Level::Warn, format!("the launch was refused: {said}"))
        }
        Event::LaunchUnclear { why } => {
            (Level::Warn, format!("no clear answer to the launch ({why}): looking for its cluster"))
        }
        Event::LaunchResolved { clusters, .. } => (Level::Info, launch_resolved(clusters)),
        Event::ClusterStateChanged { state, reason, .. } => {
            (Level::Info, format!("cluster {}{}", styled(BOLD, state.name()), because(reason)))
        }
        Event::ProtectionChanged { protected: true } => {
            (Level::Warn, "someone enabled the cluster's termination protection".to_owned())
        }
        Event::ProtectionChanged { protected: false } => {
            (Level::Info, "someone disabled the cluster's termination protection again".to_owned())
        }
        Event::TerminationOverdue { seconds } => {
            let minutes = plural(seconds.div_ceil(60), "minute");
            (
                Level::Warn,
                format!(
                    "the cluster has been terminating for {minutes}, which is too long: it still costs, contact AWS support"
                ),
            )
        }
        Event::GuardLost => (
            Level::Warn,
            "someone deleted the safety schedule of the cluster: it is created again".to_owned(),
        ),
        Event::GuardGivenUp { why } => (Level::Warn, format!("the safety schedule is given up: {why}")),
        Event::DuplicateProtected { cluster } => (
            Level::Warn,
            format!(
                "someone enabled termination protection on the duplicate cluster {}",
                styled(HINT, cluster)
            ),
        ),
        _ => return None,
    })
}

/// What becomes of what an attempt wrote.
fn of_the_output(event: &Event) -> Option<(Level, String)> {
    Some(match event {
        Event::PublishIntended { attempt, by: None, .. } => {
            (Level::Info, format!("publishing attempt {attempt}"))
        }
        Event::PublishIntended { attempt, by: Some(by), .. } => {
            (Level::Info, format!("publishing attempt {attempt}, asked for by {}", by.0))
        }
        Event::PublishGivenUp { attempt, why } => {
            (Level::Warn, format!("attempt {attempt} could not be published: {why}"))
        }
        Event::CatalogDrifted { tables, .. } => {
            let tables = tables.join(", ");
            (
                Level::Warn,
                format!("the catalog serves something else than the record says ({tables}): it is put right"),
            )
        }
        Event::DayExpiring => (Level::Info, "the day expires: its partitions are removed".to_owned()),
        Event::DayExpired => (Level::Info, "the day has expired: no table serves it".to_owned()),
        Event::DeletingOutput { attempt, because } => {
            (Level::Info, format!("removing the output of attempt {attempt} ({because})"))
        }
        Event::OutputDeleted { attempt, objects, bytes: size } => {
            let objects = plural(*objects, "object");
            (Level::Info, format!("the output of attempt {attempt} is removed: {objects}, {}", bytes(*size)))
        }
        _ => return None,
    })
}

fn done(effect: &Effect) -> String {
    match effect {
        Effect::JobStaged => "the job is uploaded".to_owned(),
        Effect::Launched { cluster } => format!("cluster {} launched", styled(HINT, cluster)),
        Effect::TerminateRequested { cluster, because } => {
            format!("terminating cluster {}: {because}", styled(HINT, cluster))
        }
        Effect::Unprotected { cluster } => {
            format!("disabled the termination protection of cluster {}", styled(HINT, cluster))
        }
        Effect::GuardCreated { until } => {
            format!("safety schedule created: terminates the cluster at {until} if it is still up")
        }
        Effect::GuardRemoved => "safety schedule removed".to_owned(),
        Effect::Published { attempt } => format!("attempt {attempt} is published: queries see it"),
        Effect::MetricsPublished => "the metrics are published".to_owned(),
        Effect::AlarmPut => "the alarm is written".to_owned(),
    }
}

fn launch_resolved(clusters: &[String]) -> String {
    match clusters.split_first() {
        None => "the launch made no cluster: launching again".to_owned(),
        Some((accepted, [])) => format!("the launch had made cluster {}", styled(HINT, accepted)),
        Some((accepted, duplicates)) => format!(
            "the launch had made cluster {}; {} will be terminated",
            styled(HINT, accepted),
            plural(duplicates.len() as u64, "duplicate cluster")
        ),
    }
}

/// The common answer, that nothing came of what was given up, is worth no line.
fn late_launches(found: &[LateLaunch]) -> Option<(Level, String)> {
    let clusters: Vec<&str> = found.iter().map(|found| found.cluster.as_str()).collect();
    (!clusters.is_empty()).then(|| {
        let clusters = styled(HINT, clusters.join(", "));
        (Level::Warn, format!("a launch that was given up has made {clusters} after all: it is ended"))
    })
}

fn because(reason: &Reason) -> String {
    if *reason == Reason::default() { String::new() } else { format!(" ({reason})") }
}

fn verified(verdict: &Verdict) -> (Level, String) {
    if !verdict.is_good() {
        let problems: Vec<String> = verdict.problems.iter().map(ToString::to_string).collect();
        return (Level::Warn, format!("the output is {}: {}", styled(BAD, "not good"), problems.join("; ")));
    }
    let mut line = format!("the output is {}: ", styled(GOOD, "good"));
    if let Some(rows) = verdict.rows {
        let _ = write!(line, "{} rows read, {} rejected, ", count(rows.read), count(rows.rejected));
    }
    let _ = write!(line, "{}, {}", plural(verdict.files, "file"), bytes(verdict.bytes));
    if verdict.rows.is_none() {
        line.push_str("; without a manifest nobody counted rows");
    }
    (Level::Info, line)
}

#[cfg(test)]
mod tests {
    use emrys_core::emr::{ClusterState, StepState};
    use emrys_core::record::{Actor, PinnedInputs};

    use super::*;

    fn plain(event: &Event) -> Option<String> {
        describe(event).map(|(_, line)| anstream::adapter::strip_str(&line).to_string())
    }

    #[test]
    fn an_event_is_a_line() {
        let inputs =
            PinnedInputs { digest: "d".into(), uri: "s3://b/i".into(), objects: 12, bytes: 47_680_433 };
        let started = Event::AttemptStarted { attempt: 2, inputs, unstaged: Vec::new(), retry: None };
        assert_eq!(plain(&started).unwrap(), "attempt 2 reads 12 objects, 48 MB");
        let reason = Reason {
            code: "ALL_STEPS_COMPLETED".into(),
            message: "Steps completed".into(),
            ..Reason::default()
        };
        assert_eq!(
            plain(&Event::ClusterStateChanged {
                state: ClusterState::Terminating,
                reason,
                seconds_ago: None
            })
            .unwrap(),
            "cluster TERMINATING (ALL_STEPS_COMPLETED: Steps completed)"
        );
        let step = Event::StepStateChanged {
            id: "s-1".into(),
            name: "log-analysis".into(),
            state: StepState::Running,
            reason: Reason::default(),
        };
        assert_eq!(plain(&step).unwrap(), "step log-analysis RUNNING");
        assert_eq!(
            plain(&Event::CancelRequested { by: Actor("ann".into()) }).unwrap(),
            "cancel asked for by ann"
        );
        assert_eq!(plain(&Event::Opened { ledger: "l".into() }), None);
        let found = vec![LateLaunch { nonce: "n".into(), cluster: "j-2".into() }];
        assert_eq!(
            plain(&Event::LateLaunchesChecked { found }).unwrap(),
            "a launch that was given up has made j-2 after all: it is ended"
        );
        assert_eq!(plain(&Event::LateLaunchesChecked { found: Vec::new() }), None);
    }
}
