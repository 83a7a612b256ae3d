//! Log records of the libraries, for investigating a problem.

use std::io::{self, Write};

use emrys_terminal::printer::LogFormat;
use emrys_terminal::printer::Printer;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::env;

/// Shows log records on stderr: warnings, and with each `-v` more.
pub(crate) fn start(verbose: u8, printer: &Printer) {
    let filter = match (env::value(env::LOG), verbose) {
        (Some(directives), _) => EnvFilter::new(directives),
        (None, 0) => EnvFilter::new("error,emrys=warn,emrys_control_plane=warn,emrys_local_aws=warn"),
        (None, 1) => EnvFilter::new("warn,emrys=info,emrys_control_plane=info,emrys_local_aws=info"),
        (None, 2) => EnvFilter::new("info,emrys=debug,emrys_control_plane=debug,emrys_local_aws=debug"),
        (None, _) => EnvFilter::new("debug,emrys=trace,emrys_control_plane=trace,emrys_local_aws=trace"),
    };
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(ToPrinter(printer.clone()));
    // Colours are the printer's affair, which strips them where they are not wanted.
    let started = match printer.log_format() {
        LogFormat::Text => subscriber.compact().with_ansi(true).try_init(),
        LogFormat::Json => subscriber.json().with_ansi(false).try_init(),
    };
    if let Err(error) = started {
        printer.warning(&format!("log records cannot be shown: {error}"));
    }
}

/// Log records go through the printer, around its bars.
struct ToPrinter(Printer);

impl<'a> MakeWriter<'a> for ToPrinter {
    type Writer = LogRecord;

    fn make_writer(&'a self) -> LogRecord {
        LogRecord(self.0.clone())
    }
}

/// One log record on its way to stderr.
struct LogRecord(Printer);

impl Write for LogRecord {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.log(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
