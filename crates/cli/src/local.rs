//! The embedded AWS, as the other commands use it.

use std::path::Path;

use emrys_local_aws::daemon::{self, Address};
use indicatif::ProgressBar;

use crate::error::CliError;
use crate::printer::Printer;
use crate::progress::spinner;

/// Connects to the daemon of a directory, and starts it if it is not there.
pub(crate) async fn connect(dir: &Path, printer: &Printer) -> Result<Address, CliError> {
    let executable = std::env::current_exe().map_err(CliError::Start)?;
    if daemon::address(dir).is_none() {
        printer.note(&format!("starting the embedded AWS in {}", dir.display()));
    }
    daemon::connect_or_start(dir, &executable)
        .await
        .map_err(|source| CliError::Local { dir: dir.to_owned(), source })
}

/// What an AWS client has to find in its environment. boto3 looks for the region under the second name only.
pub(crate) fn environment(address: &Address) -> Vec<(&'static str, String)> {
    vec![
        ("AWS_ENDPOINT_URL", address.endpoint_url.clone()),
        ("AWS_REGION", address.region.clone()),
        ("AWS_DEFAULT_REGION", address.region.clone()),
        ("AWS_ACCESS_KEY_ID", address.access_key.clone()),
        ("AWS_SECRET_ACCESS_KEY", address.secret_key.clone()),
    ]
}

/// Something that takes its time, told line by line.
#[derive(Debug)]
pub(crate) struct Steps<'a> {
    printer: &'a Printer,
    bar: ProgressBar,
}

impl Steps<'_> {
    /// The next thing that is done.
    pub(crate) fn step(&self, line: &str) {
        if self.printer.is_live() {
            self.bar.set_message(line.to_owned());
        } else {
            self.printer.note(line);
        }
    }
}

/// Does something that takes its time, under a spinner where there is a terminal.
pub(crate) async fn with_spinner<T>(
    printer: &Printer,
    title: &str,
    work: impl AsyncFnOnce(&Steps<'_>) -> T,
) -> T {
    let steps = Steps { printer, bar: spinner(printer, title) };
    let result = work(&steps).await;
    steps.bar.finish_and_clear();
    result
}
