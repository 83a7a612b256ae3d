//! What is printed of a query beside its rows.

use emrys_core::queries::{
    Execution, Explanation, Failure, Outcome, PRICE_PER_TERABYTE_USD, billed_bytes, cost_usd, explain,
};
use emrys_terminal::format::{bytes, duration, plural};
use emrys_terminal::printer::{DIM, HINT, Printer, styled};
use serde_json::{Map, Value, json};

use super::output::Output;
use super::settings::QuerySettings;
use crate::error_report::ErrorReport;
use crate::exit::Exit;

/// What was asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The name of the statement, if it has one.
    pub(super) named: Option<&'a str>,
    /// The rest.
    pub(super) settings: &'a QuerySettings,
}

/// The document of `--json`.
pub(super) fn document(asked: &Asked<'_>, outcome: &Outcome, output: &Output, exit: Exit) -> Value {
    let (Outcome::Over(execution) | Outcome::Stopped(execution)) = outcome;
    let QuerySettings { spec, catalog, statement, parameters, days } = asked.settings;
    let billed = execution.is_billed();
    json!({
        "pipeline": spec.pipeline(),
        "named": asked.named,
        "statement": statement,
        "parameters": parameters,
        "from": days.map(|days| days.from),
        "to": days.map(|days| days.to),
        "database": catalog.database,
        "workgroup": catalog.workgroup,
        "query_execution_id": execution.id,
        "state": execution.state.name().to_lowercase(),
        "columns": output.columns(),
        "rows": output.rows(),
        "row_count": output.row_count(),
        "scanned_bytes": execution.scanned_bytes,
        "billed_bytes": billed.then(|| billed_bytes(execution.scanned_bytes)),
        "cost_usd": billed.then(|| cost_usd(execution.scanned_bytes)),
        "duration_seconds": execution.took.as_secs_f64(),
        "result": execution.result,
        "error": error(outcome).map(|error| error.json()),
        "exit_code": exit.code(),
    })
}

fn error(outcome: &Outcome) -> Option<ErrorReport> {
    match outcome {
        Outcome::Stopped(_) => Some(ErrorReport::new("stopped", "stopped")),
        Outcome::Over(execution) => {
            let failure = execution.failure.as_ref()?;
            let Explanation { message, hint } = explain(failure);
            let report = ErrorReport::new(kind(execution), message).with_hint(hint);
            let Failure { category, kind, retryable, .. } = failure;
            let report = report.with_field("category", category).with_field("type", kind);
            Some(report.with_field("retryable", retryable))
        }
    }
}

fn kind(execution: &Execution) -> &'static str {
    if execution.state.name() == "CANCELLED" { "query_cancelled" } else { "query_failed" }
}

/// Prints why there is no result.
pub(super) fn print_failure(outcome: &Outcome, printer: &Printer) {
    let (Outcome::Over(execution) | Outcome::Stopped(execution)) = outcome;
    let id = &execution.id;
    if matches!(outcome, Outcome::Stopped(_)) {
        // It may have come to its end before it could be stopped.
        let state = execution.state.name();
        printer.error(&format!("the query {id} was stopped: it is {state}"), None);
        return;
    }
    let failure = execution.failure.clone().unwrap_or_default();
    let Explanation { message, hint } = explain(&failure);
    printer.error(&format!("{message} (query {id}{})", number(&failure)), hint);
}

fn number(failure: &Failure) -> String {
    failure.kind.map_or_else(String::new, |kind| format!(", error {kind}"))
}

/// Prints what the query read and costs, and how long it took.
pub(super) fn print_cost(asked: &Asked<'_>, execution: &Execution, output: &Output, printer: &Printer) {
    let rows = plural(output.row_count(), "row");
    let scanned = bytes(execution.scanned_bytes);
    let cost = if execution.is_billed() {
        format!(
            ", about ${} at ${PRICE_PER_TERABYTE_USD} a terabyte ({} are billed)",
            dollars(cost_usd(execution.scanned_bytes)),
            bytes(billed_bytes(execution.scanned_bytes)),
        )
    } else {
        String::new()
    };
    let (took, id) = (duration(execution.took), &execution.id);
    let text = format!("{rows}; {scanned} scanned{cost}; {took}; query {id}");
    printer.record("info", &styled(DIM, text), Map::new());
    if let Some(days) = asked.settings.days.filter(|_| output.row_count() == 0) {
        let hint = format!(
            "{} no rows of {days}: nothing there fits, or it was not run or published (`emrys runs`)",
            styled(HINT, "hint:")
        );
        printer.record("info", &hint, Map::new());
    }
}

/// In cents, or below one cent in hundred-thousandths of a dollar: the least that is billed is five of these.
fn dollars(usd: f64) -> String {
    if usd >= 0.01 { format!("{usd:.2}") } else { format!("{usd:.5}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_that_is_billed_is_more_than_nothing() {
        assert_eq!([cost_usd(0), 0.001_234, 0.05, 5.0].map(dollars), ["0.00005", "0.00123", "0.05", "5.00"]);
    }
}
