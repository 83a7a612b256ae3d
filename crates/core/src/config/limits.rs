//! `[limits]` and `[alarms]`.

use super::reader::Section;
use super::values;

/// `[limits]`: how long, how often, how bad.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// `start-minutes`: how long a cluster may take from its launch to its first step. Default 45.
    pub start_minutes: u32,
    /// `run-minutes`: how long the steps may take together. In the cluster, `timeout` ends each command after it, so
    /// the job ends even where nobody watches. Default 240.
    pub run_minutes: u32,
    /// `max-reject-ratio`: the share of rows that may be rejected without the run failing. Default 0.05.
    pub max_reject_ratio: f64,
    /// `max-attempts`: how many clusters may be launched for one day. Default 3.
    pub max_attempts: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { start_minutes: 45, run_minutes: 240, max_reject_ratio: 0.05, max_attempts: 3 }
    }
}

/// `[alarms]`: when a missing success is an alarm, and who hears of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarms {
    /// `success-within-hours`: the alarm fires when for so many hours no run of the pipeline has succeeded. A day has
    /// 24 hours, and a run takes its time: default 26.
    pub success_within_hours: u32,
    /// `actions`: ARNs of what hears of it, such as SNS topics. Default none: the alarm is then only to be seen.
    pub actions: Vec<String>,
}

impl Default for Alarms {
    fn default() -> Self {
        Self { success_within_hours: 26, actions: Vec::new() }
    }
}

pub(super) fn read_limits(section: Option<Section<'_, '_>>) -> Limits {
    let mut limits = Limits::default();
    let Some(mut section) = section else { return limits };
    if let Some(minutes) = section.integer(
        "start-minutes",
        5..=24 * 60,
        "a cluster takes some minutes to start; left out, it is 45",
    ) {
        limits.start_minutes = minutes;
    }
    if let Some(minutes) =
        section.integer("run-minutes", 1..=7 * 24 * 60, "left out, it is 240; seven days are the most")
    {
        limits.run_minutes = minutes;
    }
    if let Some(ratio) = section.take("max-reject-ratio").and_then(super::entry::Entry::ratio) {
        limits.max_reject_ratio = ratio;
    }
    if let Some(attempts) =
        section.integer("max-attempts", 1..=1000, "1 allows no second attempt for a day; left out, it is 3")
    {
        limits.max_attempts = attempts;
    }
    section.not_yet("max-cost-usd", "a limit of cost");
    section.finish();
    limits
}

pub(super) fn read_alarms(section: Option<Section<'_, '_>>) -> Alarms {
    let mut alarms = Alarms::default();
    let Some(mut section) = section else { return alarms };
    if let Some(hours) = section.integer(
        "success-within-hours",
        24..=168,
        "left out, it is 26; CloudWatch looks back over seven days at most",
    ) {
        alarms.success_within_hours = hours;
    }
    alarms.actions = section.list("actions", values::alarm_action);
    section.finish();
    alarms
}
