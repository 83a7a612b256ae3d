//! Rows on their way to stdout.

use std::io::{self, IsTerminal};

use emrys_control_plane::QueryRow;
use emrys_core::queries::QueryColumn;
use emrys_terminal::printer::Printer;
use emrys_terminal::table::{Align, table_of};
use serde_json::Value;

use super::Format;
use super::cells::{csv_line, is_number, object, shown, visible};

/// As many rows as a table shows: it is measured as a whole before its first line.
const ROWS_OF_A_TABLE: usize = 1_000;

/// What becomes of rows. CSV and JSON go out page by page; a table and the document of `--json` are kept.
#[derive(Debug)]
pub(super) struct Output {
    how: How,
    columns: Vec<QueryColumn>,
    rows: u64,
}

#[derive(Debug)]
enum How {
    Table(Vec<QueryRow>),
    Csv,
    Json,
    Document(Vec<Value>),
}

impl Output {
    /// Rows in this format.
    pub(super) fn of(format: Format) -> Self {
        Self::new(match format {
            Format::Table => How::Table(Vec::new()),
            Format::Csv => How::Csv,
            Format::Json => How::Json,
        })
    }

    /// Rows for the document of `--json`.
    pub(super) fn document() -> Self {
        Self::new(How::Document(Vec::new()))
    }

    fn new(how: How) -> Self {
        Self { how, columns: Vec::new(), rows: 0 }
    }

    /// The columns, once there was a page.
    pub(super) fn columns(&self) -> &[QueryColumn] {
        &self.columns
    }

    /// How many rows there were.
    pub(super) fn row_count(&self) -> u64 {
        self.rows
    }

    /// The rows of the document.
    pub(super) fn rows(&self) -> &[Value] {
        if let How::Document(rows) = &self.how { rows } else { &[] }
    }

    /// Whether more rows would not be shown.
    pub(super) fn has_enough(&self) -> bool {
        matches!(&self.how, How::Table(rows) if rows.len() > ROWS_OF_A_TABLE)
    }

    /// Takes a page of rows.
    pub(super) fn page(
        &mut self,
        columns: &[QueryColumn],
        rows: Vec<QueryRow>,
        printer: &Printer,
    ) -> io::Result<()> {
        let is_first = self.columns.is_empty();
        columns.clone_into(&mut self.columns);
        let before = self.rows;
        self.rows += rows.len() as u64;
        match &mut self.how {
            How::Table(kept) => {
                kept.extend(rows);
                Ok(())
            }
            How::Document(kept) => {
                kept.extend(rows.iter().map(|row| Value::Object(object(row, columns))));
                Ok(())
            }
            How::Csv => {
                let mut text = String::new();
                if is_first {
                    text += &csv_line(columns.iter().map(|column| Some(column.name.as_str())));
                }
                text.extend(rows.iter().map(|row| csv_line(row.iter().map(Option::as_deref))));
                print_csv(&text, printer)
            }
            How::Json => {
                let mut text = String::new();
                for (index, row) in rows.iter().enumerate() {
                    text += if before == 0 && index == 0 { "[\n" } else { ",\n" };
                    text += &serde_json::to_string(&object(row, columns))?;
                }
                printer.bytes(text.as_bytes())
            }
        }
    }

    /// Prints what is left to print.
    pub(super) fn end(&mut self, printer: &Printer) -> io::Result<()> {
        match &self.how {
            How::Table(rows) => {
                let header: Vec<(String, Align)> = self.columns.iter().map(head).collect();
                let cells = rows.iter().take(ROWS_OF_A_TABLE).map(|row| {
                    row.iter().zip(&self.columns).map(|(value, column)| shown(value.as_deref(), column))
                });
                printer.data(&table_of(&header, cells))?;
                self.rows = self.rows.min(ROWS_OF_A_TABLE as u64);
                if rows.len() > ROWS_OF_A_TABLE {
                    printer.warning("there are more rows: `--format csv` prints all of them");
                }
                Ok(())
            }
            How::Json if self.rows == 0 => printer.data("[]\n"),
            How::Json => printer.data("\n]\n"),
            How::Csv | How::Document(_) => Ok(()),
        }
    }
}

fn head(column: &QueryColumn) -> (String, Align) {
    (visible(&column.name), if is_number(column) { Align::Right } else { Align::Left })
}

/// Byte for byte into a file or a pipe; on a terminal without what it would take for a command.
fn print_csv(text: &str, printer: &Printer) -> io::Result<()> {
    if io::stdout().is_terminal() {
        let lines: Vec<String> = text.lines().map(|line| visible(line) + "\n").collect();
        return printer.data(&lines.concat());
    }
    printer.bytes(text.as_bytes())
}
