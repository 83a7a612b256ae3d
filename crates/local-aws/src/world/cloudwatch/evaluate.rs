//! The verdict of an alarm's rule on its data.
//!
//! AWS reads more periods than EvaluationPeriods (N), its "evaluation range"; how many more is not documented. Its
//! examples have five for N = 3, so that two more are taken here. If the range holds N real points or more, the newest
//! N decide and missing ones do not matter. If it holds fewer, all of them count, and the rest up to N is filled as
//! TreatMissingData says. M of those N must breach.
//!
//! Periods are aligned to 1970, and the one that is running counts as soon as it has a point. AWS evaluates every
//! minute; how it cuts an hour that is running is not documented (NV).

use serde::{Deserialize, Serialize};

use super::metric::{Metric, Metrics, Statistic, begin_of};

/// Periods of the evaluation range beyond EvaluationPeriods.
const BEYOND: i64 = 2;

/// The state of an alarm, as the API names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum AlarmState {
    Ok,
    Alarm,
    InsufficientData,
}

/// `ComparisonOperator`, those of a fixed threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::enum_variant_names, reason = "the API's own names")]
pub(crate) enum Comparison {
    GreaterThanOrEqualToThreshold,
    GreaterThanThreshold,
    LessThanThreshold,
    LessThanOrEqualToThreshold,
}

impl Comparison {
    fn holds(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::GreaterThanOrEqualToThreshold => value >= threshold,
            Self::GreaterThanThreshold => value > threshold,
            Self::LessThanThreshold => value < threshold,
            Self::LessThanOrEqualToThreshold => value <= threshold,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::GreaterThanOrEqualToThreshold => "greater than or equal to",
            Self::GreaterThanThreshold => "greater than",
            Self::LessThanThreshold => "less than",
            Self::LessThanOrEqualToThreshold => "less than or equal to",
        }
    }
}

/// `TreatMissingData`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::enum_variant_names, reason = "the API's own names")]
pub(crate) enum Missing {
    Breaching,
    NotBreaching,
    Ignore,
    #[default]
    Missing,
}

/// What an alarm watches, and when it is in ALARM.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rule {
    pub(crate) metric: Metric,
    pub(crate) statistic: Statistic,
    pub(crate) unit: Option<String>,
    /// In seconds.
    pub(crate) period: i64,
    /// N.
    pub(crate) evaluation_periods: i64,
    /// M.
    pub(crate) datapoints_to_alarm: i64,
    pub(crate) threshold: f64,
    pub(crate) comparison: Comparison,
    pub(crate) missing: Missing,
}

/// What an evaluation found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) state: AlarmState,
    pub(crate) reason: String,
    /// No later evaluation over the same data comes to another verdict.
    pub(crate) is_final: bool,
}

impl Rule {
    /// The begin of the oldest period that is read at the second `at`.
    fn range_begin(&self, at: i64) -> i64 {
        begin_of(at, self.period) - (self.evaluation_periods + BEYOND - 1) * self.period
    }

    /// The end of the period that is running at the second `at`.
    pub(crate) fn period_end(&self, at: i64) -> i64 {
        begin_of(at, self.period) + self.period
    }

    /// Evaluates the rule at the second `at`. `state` is what the alarm is in.
    pub(crate) fn evaluate(&self, metrics: &Metrics, at: i64, state: AlarmState) -> Verdict {
        let series = metrics.get(&self.metric);
        let begin = self.range_begin(at);
        let running = begin_of(at, self.period);
        let periods = series
            .map(|series| series.periods(self.period, begin, running + 1, self.unit.as_deref()))
            .unwrap_or_default();
        // Newest first; how many periods ago, and whether it breaches.
        let points: Vec<Point> = periods
            .iter()
            .rev()
            .map(|(start, stats)| {
                let value = stats.get(self.statistic);
                let breaches = self.comparison.holds(value, self.threshold);
                Point { age: (running - start) / self.period, value, breaches }
            })
            .collect();
        let is_final = series.and_then(super::metric::Series::newest).is_none_or(|newest| newest < begin);
        let state = self.state_of(&points, state);
        Verdict { state, reason: self.reason(&points, state), is_final }
    }

    fn state_of(&self, points: &[Point], state: AlarmState) -> AlarmState {
        let taken =
            &points[..points.len().min(usize::try_from(self.evaluation_periods).unwrap_or(usize::MAX))];
        let count = |points: &[Point]| i64::try_from(points.len()).unwrap_or(i64::MAX);
        let breaching = taken.iter().filter(|point| point.breaches).count();
        let breaching = i64::try_from(breaching).unwrap_or(i64::MAX);
        let filled = self.evaluation_periods - count(taken);
        if breaching >= self.datapoints_to_alarm {
            return AlarmState::Alarm;
        }
        if filled == 0 {
            return AlarmState::Ok;
        }
        let all_breach = breaching == count(taken);
        match self.missing {
            Missing::Breaching if breaching + filled >= self.datapoints_to_alarm => AlarmState::Alarm,
            Missing::Ignore if all_breach => state,
            Missing::Missing if taken.is_empty() => AlarmState::InsufficientData,
            // Nothing but breaching points, too few of them: they count once the oldest is M periods old, so that the
            // first point after a gap does not raise an alarm yet.
            Missing::Missing if all_breach => {
                let oldest = taken.last().map_or(0, |point| point.age + 1);
                if oldest >= self.datapoints_to_alarm { AlarmState::Alarm } else { state }
            }
            Missing::Breaching | Missing::NotBreaching | Missing::Ignore | Missing::Missing => AlarmState::Ok,
        }
    }

    fn reason(&self, points: &[Point], state: AlarmState) -> String {
        let words = self.comparison.words();
        let (m, n, threshold) = (self.datapoints_to_alarm, self.evaluation_periods, self.threshold);
        match (state, points.first()) {
            (AlarmState::InsufficientData, _) => {
                format!("Insufficient Data: no datapoints were received for the last {n} periods.")
            }
            (_, None) => format!(
                "Threshold Crossed: no datapoints were received for {n} periods and {n} missing datapoints were \
                 treated as [{}].",
                if state == AlarmState::Alarm { "Breaching" } else { "NonBreaching" }
            ),
            (AlarmState::Alarm, Some(newest)) => format!(
                "Threshold Crossed: {m} out of the last {n} datapoints (the most recent is {}) were {words} the \
                 threshold ({threshold}) or missing.",
                newest.value
            ),
            (AlarmState::Ok, Some(newest)) => format!(
                "Threshold Crossed: fewer than {m} out of the last {n} datapoints (the most recent is {}) were \
                 {words} the threshold ({threshold}).",
                newest.value
            ),
        }
    }
}

#[derive(Debug)]
struct Point {
    age: i64,
    value: f64,
    breaches: bool,
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::world::cloudwatch::metric::Stats;

    /// AWS's own tables: `0` is within the threshold, `X` breaches it, `-` is missing; oldest first.
    fn state_of(points: &str, m: i64, n: i64, missing: Missing) -> AlarmState {
        let metric = Metric::new("N", "M", &[]);
        let mut metrics = Metrics::default();
        let marks: Vec<&str> = points.split(' ').collect();
        for (index, mark) in marks.iter().enumerate() {
            let at = Timestamp::from_second(60 * i64::try_from(index).unwrap()).unwrap();
            match *mark {
                "0" => metrics.add(&metric, at, "None", Stats::of(0.0, 1.0)),
                "X" => metrics.add(&metric, at, "None", Stats::of(9.0, 1.0)),
                _ => {}
            }
        }
        let rule = Rule {
            metric,
            statistic: Statistic::Maximum,
            unit: None,
            period: 60,
            evaluation_periods: n,
            datapoints_to_alarm: m,
            threshold: 5.0,
            comparison: Comparison::GreaterThanThreshold,
            missing,
        };
        let now = 60 * i64::try_from(marks.len()).unwrap() - 1;
        // A state that no verdict comes to by itself where data exist shows "retain the current state".
        rule.evaluate(&metrics, now, AlarmState::InsufficientData).state
    }

    fn row(points: &str, m: i64, n: i64) -> [AlarmState; 4] {
        [Missing::Missing, Missing::Ignore, Missing::Breaching, Missing::NotBreaching]
            .map(|missing| state_of(points, m, n, missing))
    }

    const O: AlarmState = AlarmState::Ok;
    const A: AlarmState = AlarmState::Alarm;
    const RETAINED: AlarmState = AlarmState::InsufficientData;
    const I: AlarmState = AlarmState::InsufficientData;

    #[test]
    fn three_of_three_as_in_the_table_of_aws() {
        assert_eq!(row("0 - X - X", 3, 3), [O, O, O, O]);
        assert_eq!(row("0 - - - -", 3, 3), [O, O, O, O]);
        assert_eq!(row("- - - - -", 3, 3), [I, RETAINED, A, O]);
        assert_eq!(row("0 X X - X", 3, 3), [A, A, A, A]);
        assert_eq!(row("- - X - -", 3, 3), [A, RETAINED, A, O]);
    }

    #[test]
    fn two_of_three_as_in_the_table_of_aws() {
        assert_eq!(row("0 - X - X", 2, 3), [A, A, A, A]);
        assert_eq!(row("0 0 X 0 X", 2, 3), [A, A, A, A]);
        assert_eq!(row("0 - X - -", 2, 3), [O, O, A, O]);
        assert_eq!(row("- - - - 0", 2, 3), [O, O, A, O]);
        assert_eq!(row("- - - X -", 2, 3), [A, RETAINED, A, O]);
    }

    #[test]
    fn one_new_breaching_point_alone_is_no_alarm_yet() {
        assert_eq!(state_of("- - - - X", 2, 3, Missing::Missing), RETAINED);
        assert_eq!(state_of("- - - - X", 1, 3, Missing::Missing), A);
    }

    #[test]
    fn what_is_older_than_the_range_does_not_count() {
        assert_eq!(state_of("0 - - - - -", 3, 3, Missing::Breaching), A);
        assert_eq!(state_of("X X X - - - - -", 3, 3, Missing::Missing), I);
    }
}
