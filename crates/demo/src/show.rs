//! The demo's results, as a person wants to see them.

use std::fmt::Write;

use emrys_control_plane::{MetricValue, ObservedAlarm};

use crate::journal::CallCount;
use crate::results::{Bar, Results};
use emrys_terminal::format::count;
use emrys_terminal::printer::{BAD, BOLD, HINT, styled};
use emrys_terminal::table::{Align, shortened, table};

const BAR_WIDTH: u64 = 36;

/// A heading over one part of the output.
pub(crate) fn heading(text: &str) -> String {
    format!("\n{}\n", styled(BOLD, text))
}

/// All result tables.
pub(crate) fn results(results: &Results) -> String {
    let mut text = heading("Status codes");
    text += &status_codes(results);
    text += &heading("Slowest endpoints (milliseconds; ids in paths are folded)");
    text += &slowest(results);
    text += &heading("Top errors (ids and numbers masked)");
    text += &errors(results);
    text += &heading("The worst of the day, five minutes to a line");
    text += &incident(&results.incident);
    text += &heading("Rejected lines");
    text += &table(
        [("reason", Align::Left), ("lines", Align::Right)],
        results.rejects.iter().map(|reject| [reject.reason.clone(), count(reject.count)]),
    );
    text
}

fn status_codes(results: &Results) -> String {
    let header = [
        ("status", Align::Left),
        ("requests", Align::Right),
        ("average ms", Align::Right),
        ("longest ms", Align::Right),
    ];
    let milliseconds =
        |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1}"));
    table(
        header,
        results.status_codes.iter().map(|row| {
            [row.code.to_string(), count(row.requests), milliseconds(row.average), milliseconds(row.longest)]
        }),
    )
}

fn slowest(results: &Results) -> String {
    let header = [
        ("method", Align::Left),
        ("path", Align::Left),
        ("requests", Align::Right),
        ("p50", Align::Right),
        ("p95", Align::Right),
        ("p99", Align::Right),
    ];
    table(
        header,
        results.slowest.iter().map(|row| {
            [
                row.method.clone(),
                shortened(&row.path, 44),
                count(row.requests),
                format!("{:.0}", row.p50),
                format!("{:.0}", row.p95),
                format!("{:.0}", row.p99),
            ]
        }),
    )
}

fn errors(results: &Results) -> String {
    let header = [
        ("count", Align::Right),
        ("first", Align::Left),
        ("last", Align::Left),
        ("message", Align::Left),
        ("exception", Align::Left),
    ];
    table(
        header,
        results.errors.iter().map(|row| {
            [
                count(row.count),
                clock_time(row.first_seen.as_deref()),
                clock_time(row.last_seen.as_deref()),
                shortened(&row.message, 52),
                class(row.exception.as_deref()),
            ]
        }),
    )
}

/// `SocketTimeoutException` of `java.net.SocketTimeoutException`.
fn class(exception: Option<&str>) -> String {
    let name = exception.unwrap_or("-");
    name.rsplit(['.', '$']).next().unwrap_or(name).to_owned()
}

/// `14:35` of `2024-10-20 14:35:12`.
fn clock_time(moment: Option<&str>) -> String {
    moment.and_then(|moment| moment.get(11..16)).unwrap_or("-").to_owned()
}

/// A bar of error answers for each five minutes, as long as its share of the worst.
fn incident(bars: &[Bar]) -> String {
    let most = bars.iter().map(|bar| bar.errors).max().unwrap_or(0).max(1);
    let mut text = String::new();
    for bar in bars {
        let width = (bar.errors * BAR_WIDTH).div_ceil(most);
        let drawn = "█".repeat(usize::try_from(width).unwrap_or_default());
        let padding = " ".repeat(usize::try_from(BAR_WIDTH - width).unwrap_or_default());
        let _ = writeln!(
            text,
            "  {}  {}{padding}  {:>5} of {:>6} requests failed",
            bar.at,
            styled(BAD, drawn),
            count(bar.errors),
            count(bar.requests)
        );
    }
    text
}

/// The calls that went over the wire.
pub(crate) fn calls(calls: &[CallCount]) -> String {
    let header = [
        ("service", Align::Left),
        ("operation", Align::Left),
        ("calls", Align::Right),
        ("not there", Align::Right),
        ("errors", Align::Right),
    ];
    table(
        header,
        calls.iter().map(|call| {
            [
                call.service.clone(),
                call.operation.clone(),
                count(call.calls),
                count(call.absent),
                count(call.errors),
            ]
        }),
    )
}

/// The metrics and the alarm.
pub(crate) fn reported(pipeline: &str, metrics: &[MetricValue], alarm: Option<&ObservedAlarm>) -> String {
    let mut text = heading(&format!("CloudWatch metrics (Pipeline={pipeline})"));
    text += &table(
        [("metric", Align::Left), ("value", Align::Right)],
        metrics.iter().map(|metric| [metric.name.clone(), number(metric.value)]),
    );
    text += &heading("CloudWatch alarm");
    match alarm {
        Some(ObservedAlarm { name, state, reason }) => {
            let _ = writeln!(text, "  {} is {}: {reason}", styled(HINT, name), styled(BOLD, state));
        }
        None => text.push_str("  none\n"),
    }
    text
}

/// Whole numbers in groups of three, others with one digit.
fn number(value: f64) -> String {
    if value.fract() != 0.0 || value < 0.0 {
        return format!("{value:.1}");
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number of 0 and more"
    )]
    count(value as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_bar_is_full_and_the_smallest_is_still_seen() {
        let bars = [("14:30", 0), ("14:35", 1), ("14:40", 120)].map(|(at, errors)| Bar {
            at: at.to_owned(),
            requests: 1_500,
            errors,
        });
        let text = incident(&bars);
        let lengths: Vec<usize> = text.lines().map(|line| line.matches('█').count()).collect();
        assert_eq!(lengths, [0, 1, 36]);
        assert!(text.lines().all(|line| line.ends_with("requests failed")));
    }
}
