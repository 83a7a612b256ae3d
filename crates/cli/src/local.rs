//! The embedded AWS, as the other commands use it.

use std::path::Path;

use emrys_local_aws::daemon::{self, Address};
use emrys_terminal::printer::Printer;

use crate::error::CliError;

/// Connects to the daemon of a directory, and starts it if it is not there.
pub(crate) async fn connect(dir: &Path, printer: &Printer) -> Result<Address, CliError> {
    let executable = std::env::current_exe().map_err(CliError::Start)?;
    if daemon::address(dir).is_none() {
        printer.info(&format!("starting the embedded AWS in {}", dir.display()));
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
