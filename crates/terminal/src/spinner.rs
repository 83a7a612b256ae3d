//! Spinners on a terminal, for what takes its time.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::printer::Printer;

const TICK: Duration = Duration::from_millis(120);

/// A spinner with a title, what it waits for, and the time so far.
pub fn spinner(printer: &Printer, title: &str) -> ProgressBar {
    let bar = bar(printer, "{spinner:.cyan} {prefix:.bold} {wide_msg} {elapsed:.dim}");
    bar.set_prefix(title.to_owned());
    bar
}

/// A spinner below that one, for a part of it.
pub fn part(printer: &Printer) -> ProgressBar {
    bar(printer, "  {prefix} {msg:.bold} {elapsed:.dim}")
}

fn bar(printer: &Printer, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner());
    let bar = printer.bars().add(ProgressBar::new_spinner());
    bar.set_style(style);
    bar.enable_steady_tick(TICK);
    bar
}

/// The steps of something that takes its time: a line for each, or a message beside the spinner.
#[derive(Debug)]
pub struct Steps<'a> {
    printer: &'a Printer,
    bar: ProgressBar,
}

impl Steps<'_> {
    /// The next thing that is done.
    pub fn step(&self, line: &str) {
        if self.printer.is_live() {
            self.bar.set_message(line.to_owned());
        } else {
            self.printer.info(line);
        }
    }
}

/// Does something that takes its time, under a spinner where there is a terminal.
pub async fn with_spinner<T>(printer: &Printer, title: &str, work: impl AsyncFnOnce(&Steps<'_>) -> T) -> T {
    let steps = Steps { printer, bar: spinner(printer, title) };
    let result = work(&steps).await;
    steps.bar.finish_and_clear();
    result
}
