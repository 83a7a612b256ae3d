//! The data points of an attempt that ended.
//!
//! They are a function of what is recorded, and carry the moment of the attempt's end: published again, after an
//! answer that was lost, they are the same points once more. CloudWatch then counts them twice, so whoever reads
//! them takes `Maximum` (or `Average`), never `Sum`; the alarm does.
//!
//! `RunSucceeded` is published for the newest due day alone: the day that was yesterday, in the pipeline's zone, when
//! the attempt began (or a later one). A backfill of last month must not quiet the alarm about today.

use jiff::Timestamp;
use serde::Serialize;

use crate::day::Day;
use crate::run::Attempt;
use crate::spec::Spec;

/// The namespace of all metrics.
pub const NAMESPACE: &str = "Emrys";
/// The one dimension of all metrics; its value is the pipeline's name.
pub const DIMENSION: &str = "Pipeline";

/// One data point.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Datapoint {
    /// The metric.
    pub name: &'static str,
    /// Its value.
    pub value: f64,
    /// The value's unit.
    pub unit: Unit,
    /// The moment that it is about.
    pub at: Timestamp,
}

/// A unit, as CloudWatch names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Unit {
    /// A number of things.
    Count,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
}

impl Unit {
    /// The name that CloudWatch uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Seconds => "Seconds",
            Self::Bytes => "Bytes",
        }
    }
}

/// 1 for an attempt that succeeded (and, with a catalog, is published), 0 for any other.
pub const RUN_SUCCEEDED: &str = "RunSucceeded";

/// The data points of an attempt; none while it has not ended.
pub fn datapoints(spec: &Spec, attempt: &Attempt) -> Vec<Datapoint> {
    let Some((_, at)) = attempt.ended else {
        return Vec::new();
    };
    let mut points = Vec::new();
    let mut push = |name, value, unit| {
        points.push(Datapoint { name, value, unit, at });
    };
    if is_newest_due(spec, attempt) {
        // Good output that nobody can query is no success of the day.
        let is_good = attempt.has_succeeded() && !attempt.publishing.is_given_up();
        push(RUN_SUCCEEDED, if is_good { 1.0 } else { 0.0 }, Unit::Count);
    }
    push("RunDurationSeconds", attempt.duration(at).as_secs_f64(), Unit::Seconds);
    push("InputObjects", float(attempt.inputs.objects), Unit::Count);
    push("InputBytes", float(attempt.inputs.bytes), Unit::Bytes);
    if let Some(verdict) = &attempt.verdict {
        push("OutputBytes", float(verdict.bytes), Unit::Bytes);
        if let Some(rows) = verdict.rows {
            push("RowsRead", float(rows.read), Unit::Count);
            push("RowsRejected", float(rows.rejected), Unit::Count);
        }
        if let Some(counts) = verdict.counts {
            push("ErrorResponses", float(counts.error_responses), Unit::Count);
        }
    }
    points
}

/// By the attempt's begin: a run that is over after midnight was still about the newest day.
fn is_newest_due(spec: &Spec, attempt: &Attempt) -> bool {
    spec.day >= Day::yesterday(attempt.started_at, &spec.config.source.time_zone)
}

#[expect(clippy::cast_precision_loss, reason = "a metric is a float, exact up to 9 quadrillion")]
fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Actor, Event};
    use crate::run::testing::{Engine, Good, spec};

    fn values(points: &[Datapoint]) -> Vec<(&'static str, f64)> {
        points.iter().map(|point| (point.name, point.value)).collect()
    }

    #[test]
    fn an_attempt_that_succeeded_tells_what_it_did_and_always_the_same() {
        let spec = spec();
        let mut engine = Engine::new(&spec);
        engine.drive(&mut Good);
        let attempt = engine.state.attempt().expect("an attempt");
        let points = datapoints(&spec, attempt);
        let expected = [
            ("RunSucceeded", 1.0),
            ("RunDurationSeconds", 0.0),
            ("InputObjects", 2.0),
            ("InputBytes", 1024.0),
            ("OutputBytes", 0.0),
            ("RowsRead", 100.0),
            ("RowsRejected", 2.0),
            ("ErrorResponses", 3.0),
        ];
        assert_eq!(values(&points), expected);
        let end = attempt.ended.map(|(_, at)| at);
        assert!(points.iter().all(|point| Some(point.at) == end), "they carry the moment of the end");
    }

    #[test]
    fn an_attempt_without_output_says_that_it_failed() {
        let spec = spec();
        let mut engine = Engine::new(&spec);
        for _ in 0..2 {
            engine.turn(&mut Good);
        }
        engine.append(Event::CancelRequested { by: Actor("someone".to_owned()) });
        engine.turn(&mut Good);
        let points = datapoints(&spec, engine.state.attempt().expect("an attempt"));
        assert_eq!(points.first().map(|point| (point.name, point.value)), Some(("RunSucceeded", 0.0)));
        assert!(points.iter().all(|point| point.name != "RowsRead"));
    }

    #[test]
    fn a_backfill_leaves_the_alarm_alone() {
        let spec = spec();
        let mut engine = Engine::new(&spec);
        // The day after: another day is the newest due one.
        engine.pass(jiff::SignedDuration::from_hours(24));
        engine.drive(&mut Good);
        let points = datapoints(&spec, engine.state.attempt().expect("an attempt"));
        assert!(points.iter().all(|point| point.name != RUN_SUCCEEDED));
        assert!(points.iter().any(|point| point.name == "RowsRead"));
    }

    #[test]
    fn nothing_is_told_before_the_end() {
        let spec = spec();
        let mut engine = Engine::new(&spec);
        for _ in 0..2 {
            engine.turn(&mut Good);
        }
        assert_eq!(datapoints(&spec, engine.state.attempt().expect("an attempt")), []);
    }
}
