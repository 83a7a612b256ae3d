//! The alarm that fires when a day has no success by its time. It lives at CloudWatch, so it also fires when
//! nothing of Emrys runs any more.

use serde::Serialize;

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
    AlarmSpec {
        name: spec.alarm_name(),
        description: format!(
            "No run of the pipeline {} for the newest due day has succeeded within {periods} hours.",
            spec.pipeline()
        ),
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
    }
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
}
