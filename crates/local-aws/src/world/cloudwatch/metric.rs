//! Metrics and their points.
//!
//! A point is a statistic set, as CloudWatch keeps it: points of one second and one unit are added up into one. Sending
//! a value a second time therefore doubles Sum and SampleCount, and leaves Minimum, Maximum and Average as they are.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What AWS keeps longest, its hours: 455 days.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 455);

/// What identifies a metric.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Metric {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) dimensions: BTreeMap<String, String>,
}

/// `Dimension`, and `DimensionFilter`, whose value may be missing.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Dimension {
    pub(crate) name: String,
    pub(crate) value: Option<String>,
}

impl Metric {
    pub(crate) fn new(namespace: &str, name: &str, dimensions: &[Dimension]) -> Self {
        let pairs = dimensions.iter().map(|d| (d.name.clone(), d.value.clone().unwrap_or_default()));
        Self { namespace: namespace.to_owned(), name: name.to_owned(), dimensions: pairs.collect() }
    }

    /// `Dimensions`.
    pub(crate) fn dimensions(&self) -> Value {
        self.dimensions.iter().map(|(name, value)| json!({"Name": name, "Value": value})).collect()
    }
}

/// The five statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Statistic {
    SampleCount,
    Average,
    Sum,
    Minimum,
    Maximum,
}

impl Statistic {
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "SampleCount" => Self::SampleCount,
            "Average" => Self::Average,
            "Sum" => Self::Sum,
            "Minimum" => Self::Minimum,
            "Maximum" => Self::Maximum,
            _ => return None,
        })
    }
}

/// A statistic set.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stats {
    pub(crate) count: f64,
    pub(crate) sum: f64,
    pub(crate) minimum: f64,
    pub(crate) maximum: f64,
}

impl Stats {
    /// `value`, `count` times.
    pub(crate) fn of(value: f64, count: f64) -> Self {
        Self { count, sum: value * count, minimum: value, maximum: value }
    }

    pub(crate) fn add(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            sum: self.sum + other.sum,
            minimum: self.minimum.min(other.minimum),
            maximum: self.maximum.max(other.maximum),
        }
    }

    pub(crate) fn get(&self, statistic: Statistic) -> f64 {
        match statistic {
            Statistic::SampleCount => self.count,
            Statistic::Average => self.sum / self.count,
            Statistic::Sum => self.sum,
            Statistic::Minimum => self.minimum,
            Statistic::Maximum => self.maximum,
        }
    }
}

/// All metrics with points, in the order of their identity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Metrics(Vec<Series>);

/// One metric's points, by the second since 1970 and by unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Series {
    pub(crate) metric: Metric,
    points: BTreeMap<i64, BTreeMap<String, Stats>>,
}

impl Metrics {
    pub(crate) fn add(&mut self, metric: &Metric, at: Timestamp, unit: &str, stats: Stats) {
        let index = self.0.binary_search_by(|series| series.metric.cmp(metric)).unwrap_or_else(|index| {
            self.0.insert(index, Series { metric: metric.clone(), points: BTreeMap::new() });
            index
        });
        let units = self.0[index].points.entry(at.as_second()).or_default();
        units.entry(unit.to_owned()).and_modify(|known| *known = known.add(stats)).or_insert(stats);
    }

    pub(crate) fn get(&self, metric: &Metric) -> Option<&Series> {
        let index = self.0.binary_search_by(|series| series.metric.cmp(metric)).ok()?;
        self.0.get(index)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Series> {
        self.0.iter()
    }

    pub(crate) fn forget(&mut self, now: Timestamp) {
        let oldest = now.checked_sub(REMEMBERED).unwrap_or(Timestamp::MIN).as_second();
        for series in &mut self.0 {
            while series.points.first_key_value().is_some_and(|(at, _)| *at < oldest) {
                series.points.pop_first();
            }
        }
        self.0.retain(|series| !series.points.is_empty());
    }
}

impl Series {
    /// The second of the newest point.
    pub(crate) fn newest(&self) -> Option<i64> {
        self.points.last_key_value().map(|(at, _)| *at)
    }

    /// The statistic sets of the periods that begin in `from..until`, by their begin; periods without points are left
    /// out. Periods are aligned to 1970.
    pub(crate) fn periods(
        &self,
        period: i64,
        from: i64,
        until: i64,
        unit: Option<&str>,
    ) -> BTreeMap<i64, Stats> {
        let mut periods: BTreeMap<i64, Stats> = BTreeMap::new();
        let begin = begin_of(from, period);
        if begin >= until {
            return periods;
        }
        for (at, units) in self.points.range(begin..) {
            let start = begin_of(*at, period);
            if start >= until {
                break;
            }
            for (_, stats) in units.iter().filter(|(of, _)| unit.is_none_or(|unit| unit == of.as_str())) {
                periods.entry(start).and_modify(|known| *known = known.add(*stats)).or_insert(*stats);
            }
        }
        periods
    }
}

/// The begin of the period that holds the second `at`.
pub(crate) fn begin_of(at: i64, period: i64) -> i64 {
    at.div_euclid(period) * period
}
