//! The alarm that fires when a day has no success by its time. It lives at CloudWatch, so it also fires when
//! nothing of Emrys runs any more.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::metrics::{DIMENSION, NAMESPACE, RUN_SUCCEEDED};
use crate::spec::Spec;

/// A CloudWatch alarm, as far as Emrys sets one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AlarmSpec {
    /// Its name; one per pipeline.
    pub name: String,
    /// For the person who is woken.
    pub description: String,
    /// The metric's namespace.
    pub namespace: &'static str,
    /// The metric.
    pub metric: &'static str,
    /// The name and value of the metric's dimension.
    pub dimension: (&'static str, String),
    /// `Maximum`: a data point that is published twice counts once.
    pub statistic: &'static str,
    /// The length of a period.
    pub period_seconds: u32,
    /// How many periods are looked at.
    pub evaluation_periods: u32,
    /// How many of them must breach: all.
    pub datapoints_to_alarm: u32,
    /// Compared with the statistic.
    pub threshold: f64,
    /// How.
    pub comparison: &'static str,
    /// `breaching`: no data point is no success.
    pub treat_missing_data: &'static str,
    /// Whom it tells, when it fires and when it is over.
    pub actions: Vec<String>,
}

/// The alarm of a pipeline.
///
/// One day has 24 periods of an hour; the surplus of `[alarms] success-within-hours` is how late a success may be. All
/// periods must breach, and one without a data point does: a single success within them keeps it quiet.
pub fn alarm(spec: &Spec) -> AlarmSpec {
    let alarms = &spec.config.alarms;
    let periods = alarms.success_within_hours;
    let mut alarm = AlarmSpec {
        name: spec.alarm_name(),
        description: String::new(),
        namespace: NAMESPACE,
        metric: RUN_SUCCEEDED,
        dimension: (DIMENSION, spec.pipeline().to_owned()),
        statistic: "Maximum",
        period_seconds: 3600,
        evaluation_periods: periods,
        datapoints_to_alarm: periods,
        threshold: 1.0,
        comparison: "LessThanThreshold",
        treat_missing_data: "breaching",
        actions: alarms.actions.clone(),
    };
    alarm.description = format!(
        "No run of the pipeline {} for the newest due day has succeeded within {periods} hours. {}",
        spec.pipeline(),
        sign(&alarm.facts())
    );
    alarm
}

/// What an alarm does, thing by thing, in an order that all alarms share. Its description is the first of it.
pub type Facts = Vec<(&'static str, String)>;

impl AlarmSpec {
    /// What it does, as what is found at CloudWatch is told.
    pub fn facts(&self) -> Facts {
        let actions = if self.actions.is_empty() { "none".to_owned() } else { self.actions.join(", ") };
        vec![
            ("description", self.description.clone()),
            ("namespace", self.namespace.to_owned()),
            ("metric", self.metric.to_owned()),
            ("dimensions", format!("{}={}", self.dimension.0, self.dimension.1)),
            ("statistic", self.statistic.to_owned()),
            ("period seconds", self.period_seconds.to_string()),
            ("periods", self.evaluation_periods.to_string()),
            ("periods that must breach", self.datapoints_to_alarm.to_string()),
            ("threshold", self.threshold.to_string()),
            ("comparison", self.comparison.to_owned()),
            ("missing data", self.treat_missing_data.to_owned()),
            ("actions when it fires", actions.clone()),
            ("actions when it is over", actions),
        ]
    }
}

/// Whether an alarm, or another thing with a description, was changed since Emrys wrote it: its description ends with a
/// sign of all the rest. None where the description has no sign.
pub fn has_drifted(facts: &Facts) -> Option<bool> {
    let (_, description) = facts.iter().find(|(what, _)| *what == "description")?;
    let (_, found) = description.rsplit_once(SIGN_BEGIN)?;
    Some(format!("{SIGN_BEGIN}{found}") != sign(facts))
}

const SIGN_BEGIN: &str = "(emrys ";

/// Twelve hex digits over everything but the description.
pub(crate) fn sign(facts: &Facts) -> String {
    let mut hash = Sha256::new();
    for (what, value) in facts.iter().filter(|(what, _)| *what != "description") {
        hash.update(format!("{what}={value}\n"));
    }
    format!("{SIGN_BEGIN}{})", hex::encode(&hash.finalize()[..6]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::testing::spec;

    #[test]
    fn a_day_without_a_success_breaches_every_period() {
        let alarm = alarm(&spec());
        assert_eq!(alarm.evaluation_periods, alarm.datapoints_to_alarm);
        assert!(alarm.evaluation_periods >= 24, "a day's runs are a day apart");
        assert!(
            alarm.evaluation_periods * alarm.period_seconds <= 7 * 24 * 3600,
            "as far as CloudWatch looks back"
        );
        assert_eq!((alarm.statistic, alarm.treat_missing_data), ("Maximum", "breaching"));
        assert_eq!(alarm.dimension, ("Pipeline", "web-logs".to_owned()));
    }

    #[test]
    fn an_alarm_that_somebody_changed_is_known() {
        let mut facts = alarm(&spec()).facts();
        assert_eq!(has_drifted(&facts), Some(false));
        facts[5].1 = "60".to_owned();
        assert_eq!(has_drifted(&facts), Some(true));
        facts[0].1 = "made by hand".to_owned();
        assert_eq!(has_drifted(&facts), None);
    }
}
