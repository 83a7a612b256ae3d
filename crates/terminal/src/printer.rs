//! The only place that prints: data on stdout, everything else on stderr.
//!
//! Lines on stderr go around the progress bars, which live there too. A reader that has gone away (a closed pipe) is
//! no error: what is left to print is dropped, and the command ends with the code that it would have had.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use indicatif::{MultiProgress, ProgressDrawTarget};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::clock;

/// For what is emphasized without being good or bad.
pub const BOLD: Style = Style::new().bold();
/// For what may be skipped.
pub const DIM: Style = Style::new().dimmed();
/// For success.
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
/// For errors.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// For warnings.
pub const WARN: Style = AnsiColor::Yellow.on_default().bold();
/// For hints and names.
pub const HINT: Style = AnsiColor::Cyan.on_default();

/// Text in a style, closed again.
pub fn styled(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// How stderr is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Prints everything that the command prints. Clones are the same printer.
#[derive(Clone, Debug)]
pub struct Printer {
    color: ColorChoice,
    log_format: LogFormat,
    bars: MultiProgress,
    live: bool,
    stdout_gone: Arc<AtomicBool>,
}

impl Printer {
    /// A printer; bars are drawn only on a terminal, and never among JSON records.
    pub fn new(color: ColorChoice, log_format: LogFormat) -> Self {
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
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// How stderr is written.
    pub fn log_format(&self) -> LogFormat {
        self.log_format
    }

    /// The bars, above which every line on stderr goes.
    pub fn bars(&self) -> &MultiProgress {
        &self.bars
    }

    /// Writes data: text that ends with a newline, styles included where colours are wanted.
    pub fn data(&self, text: &str) -> io::Result<()> {
        self.write_out(|| {
            let mut out = AutoStream::new(io::stdout().lock(), self.color);
            out.write_all(text.as_bytes()).and_then(|()| out.flush())
        })
    }

    /// Writes data byte for byte: what looks like a style is data too.
    pub fn bytes(&self, bytes: &[u8]) -> io::Result<()> {
        self.write_out(|| {
            let mut out = io::stdout().lock();
            out.write_all(bytes).and_then(|()| out.flush())
        })
    }

    /// Whether nobody reads stdout any more.
    pub fn is_stdout_gone(&self) -> bool {
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
    pub fn json(&self, document: &impl Serialize) -> io::Result<()> {
        let mut text = serde_json::to_string_pretty(document)?;
        text.push('\n');
        self.data(&text)
    }

    /// Prints information that is no data.
    pub fn info(&self, text: &str) {
        self.record("info", text, Map::new());
    }

    /// Prints an error, and what can be done about it, the hint last.
    pub fn error(&self, message: &str, hint: Option<&str>) {
        let mut fields = Map::new();
        if let Some(hint) = hint {
            fields.insert("hint".to_owned(), hint.into());
        }
        let mut text = message.to_owned();
        if self.log_format == LogFormat::Text {
            text = format!("{} {message}", styled(BAD, "error:"));
            if let Some(hint) = hint {
                let _ = write!(text, "\n{} {hint}", styled(HINT, "hint:"));
            }
        }
        self.record("error", &text, fields);
    }

    /// Prints what is not as it should be, and does not stop the command.
    pub fn warning(&self, text: &str) {
        match self.log_format {
            LogFormat::Text => self.line(&format!("{} {text}", styled(WARN, "warning:"))),
            LogFormat::Json => self.record("warn", text, Map::new()),
        }
    }

    /// Writes a line for people, or as a JSON record with these further fields.
    pub fn record(&self, level: &str, text: &str, fields: Map<String, Value>) {
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

    /// Writes a line to stderr as it is. When stderr is gone, nothing is left to do.
    pub fn line(&self, text: &str) {
        self.raw(text.as_bytes(), true);
    }

    /// Writes to stderr as it is, without a newline: log records of the libraries, which bring their own.
    pub fn log(&self, bytes: &[u8]) {
        self.raw(bytes, false);
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

fn console_is_live() -> bool {
    use std::io::IsTerminal;
    io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}
