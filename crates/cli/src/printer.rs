//! The only place that prints: data on stdout, everything else on stderr.
//!
//! Lines on stderr go around the progress bars, which live there too. A reader that has gone away (a closed pipe) is
//! no error: what is left to say is dropped, and the command ends with the code that it would have had.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use indicatif::{MultiProgress, ProgressDrawTarget};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::args::LogFormat;
use crate::clock;

/// For what stands out without being good or bad.
pub(crate) const BOLD: Style = Style::new().bold();
/// For what may be skipped.
pub(crate) const DIM: Style = Style::new().dimmed();
/// For success.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
/// For errors.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// For warnings.
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default().bold();
/// For hints and names.
pub(crate) const HINT: Style = AnsiColor::Cyan.on_default();

/// Text in a style, closed again.
pub(crate) fn styled(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// Where everything that the command says goes through. Clones are the same printer.
#[derive(Clone, Debug)]
pub(crate) struct Printer {
    color: ColorChoice,
    log_format: LogFormat,
    bars: MultiProgress,
    live: bool,
    stdout_gone: Arc<AtomicBool>,
}

impl Printer {
    /// A printer; bars are drawn only on a terminal, and never among JSON records.
    pub(crate) fn new(color: ColorChoice, log_format: LogFormat) -> Self {
        let live = log_format == LogFormat::Text && console_is_live();
        let target = if live { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self {
            color,
            log_format,
            bars: MultiProgress::with_draw_target(target),
            live,
            stdout_gone: Arc::default(),
        }
    }

    /// Whether somebody watches: stderr is a terminal, and text is wanted.
    pub(crate) fn is_live(&self) -> bool {
        self.live
    }

    /// How stderr is written.
    pub(crate) fn log_format(&self) -> LogFormat {
        self.log_format
    }

    /// The bars, above which every line on stderr goes.
    pub(crate) fn bars(&self) -> &MultiProgress {
        &self.bars
    }

    /// Writes data: text that ends with a newline, styles included where colours are wanted.
    pub(crate) fn data(&self, text: &str) -> io::Result<()> {
        self.write_out(|| {
            let mut out = AutoStream::new(io::stdout().lock(), self.color);
            out.write_all(text.as_bytes()).and_then(|()| out.flush())
        })
    }

    /// Writes data byte for byte: what looks like a style is data too.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> io::Result<()> {
        self.write_out(|| {
            let mut out = io::stdout().lock();
            out.write_all(bytes).and_then(|()| out.flush())
        })
    }

    /// Whether nobody reads stdout any more.
    pub(crate) fn is_stdout_gone(&self) -> bool {
        self.stdout_gone.load(Ordering::Relaxed)
    }

    fn write_out(&self, write: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        if self.is_stdout_gone() {
            return Ok(());
        }
        let written = self.bars.suspend(write);
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.stdout_gone.store(true, Ordering::Relaxed);
                Ok(())
            }
            other => other,
        }
    }

    /// Writes one JSON document as data.
    pub(crate) fn json(&self, document: &impl Serialize) -> io::Result<()> {
        let mut text = serde_json::to_string_pretty(document)?;
        text.push('\n');
        self.data(&text)
    }

    /// Says something in passing.
    #[cfg(feature = "local")]
    pub(crate) fn note(&self, text: &str) {
        self.record("info", text, Map::new());
    }

    /// Says something that is not as it should be, and does not stop the command.
    pub(crate) fn warning(&self, text: &str) {
        match self.log_format {
            LogFormat::Text => self.line(&format!("{} {text}", styled(WARN, "warning:"))),
            LogFormat::Json => self.record("warn", text, Map::new()),
        }
    }

    /// Writes a line for people, or as a JSON record with these further fields.
    pub(crate) fn record(&self, level: &str, text: &str, fields: Map<String, Value>) {
        match self.log_format {
            LogFormat::Text => self.line(text),
            LogFormat::Json => {
                let mut record = Map::new();
                record.insert("time".to_owned(), clock::now().to_string().into());
                record.insert("level".to_owned(), level.into());
                record.insert(
                    "message".to_owned(),
                    anstream::adapter::strip_str(text).to_string().trim().into(),
                );
                record.extend(fields);
                self.line(&Value::Object(record).to_string());
            }
        }
    }

    /// Writes a line to stderr as it is. When stderr is gone there is nobody left to tell.
    pub(crate) fn line(&self, text: &str) {
        self.raw(text.as_bytes(), true);
    }

    fn raw(&self, bytes: &[u8], newline: bool) {
        self.bars.suspend(|| {
            let mut err = AutoStream::new(io::stderr().lock(), self.color);
            let _ = err.write_all(bytes);
            if newline {
                let _ = err.write_all(b"\n");
            }
            let _ = err.flush();
        });
    }
}

/// Log records of the libraries take the same way.
impl<'a> tracing_subscriber::fmt::MakeWriter<'a> for Printer {
    type Writer = LogWriter;

    fn make_writer(&'a self) -> LogWriter {
        LogWriter(self.clone())
    }
}

/// One log record on its way to stderr.
#[derive(Debug)]
pub(crate) struct LogWriter(Printer);

impl Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.raw(bytes, false);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn console_is_live() -> bool {
    use std::io::IsTerminal;
    io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}
