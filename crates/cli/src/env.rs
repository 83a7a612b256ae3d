//! Every environment variable that the command reads, in one place.
//!
//! The AWS SDK reads its own besides (`AWS_PROFILE`, `AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID` and so on), and the usual
//! ones for colour (`NO_COLOR`, `CLICOLOR_FORCE`) count too.

/// The pipeline file, as `--config`.
pub(crate) const CONFIG: &str = "EMRYS_CONFIG";
/// The data of the embedded AWS, as `--local-dir`.
pub(crate) const LOCAL_DIR: &str = "EMRYS_LOCAL_DIR";
/// How progress and logs are written, as `--log-format`.
pub(crate) const LOG_FORMAT: &str = "EMRYS_LOG_FORMAT";
/// Which log records are shown, in the syntax of `RUST_LOG`; more exact than `-v`.
pub(crate) const LOG: &str = "EMRYS_LOG";
/// Another endpoint than AWS's own, for all services and for those that a run cannot do without: the SDK reads them,
/// and takes anything.
pub(crate) const ENDPOINTS: [&str; 3] = ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_EMR"];

/// The value of a variable that is set and not empty.
pub(crate) fn value(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
