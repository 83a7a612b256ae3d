//! What is printed while a query runs.

use emrys_core::queries::Execution;
use emrys_terminal::format::bytes;
use emrys_terminal::printer::Printer;
use emrys_terminal::spinner::spinner;
use indicatif::ProgressBar;
use serde_json::Map;

/// A spinner on a terminal; elsewhere a line for each state, so that a log names the query.
#[derive(Debug)]
pub(super) struct Progress<'a> {
    printer: &'a Printer,
    bar: ProgressBar,
    state: String,
}

impl<'a> Progress<'a> {
    pub(super) fn start(printer: &'a Printer) -> Self {
        Self { printer, bar: spinner(printer, "query"), state: String::new() }
    }

    /// The query, as Athena has it now.
    pub(super) fn observed(&mut self, execution: &Execution) {
        let state = execution.state.name();
        if self.printer.is_live() {
            let scanned = match execution.scanned_bytes {
                0 => String::new(),
                scanned => format!(", {} scanned", bytes(scanned)),
            };
            self.bar.set_message(format!("{} {state}{scanned}", execution.id));
        } else if self.state != state {
            let mut fields = Map::new();
            fields.insert("query_execution_id".to_owned(), execution.id.as_str().into());
            fields.insert("state".to_owned(), state.into());
            self.printer.record("info", &format!("query {} is {state}", execution.id), fields);
        }
        state.clone_into(&mut self.state);
    }

    /// The query is over.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
