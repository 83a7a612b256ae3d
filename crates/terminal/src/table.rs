//! Tables for people.

use comfy_table::{CellAlignment, LineStyle, Row, Table, TableStyle};

/// One rule, under the header.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// How a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// A table under a header, ready to print: two spaces in, one line per row.
pub fn table<const N: usize>(
    header: [(&str, Align); N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    table_of(&header.map(|(title, align)| (title.to_owned(), align)), rows)
}

/// The same for columns that are known only when it runs.
pub fn table_of<R: IntoIterator<Item = String>>(
    header: &[(String, Align)],
    rows: impl IntoIterator<Item = R>,
) -> String {
    let mut table = Table::new();
    table.load_style(STYLE).set_header(Row::from(header.iter().map(|(title, _)| title.clone())));
    for row in rows {
        table.add_row(Row::from(row));
    }
    for (index, (_, align)) in header.iter().enumerate() {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(match align {
                Align::Left => CellAlignment::Left,
                Align::Right => CellAlignment::Right,
            });
        }
    }
    let mut text = String::new();
    for line in table.lines() {
        text.push(' ');
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// At most so many characters of a text that may be long.
pub fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_to_the_right() {
        let rows = [["200".to_owned(), "12 345".to_owned()], ["404".to_owned(), "7".to_owned()]];
        let text = table([("status", Align::Left), ("requests", Align::Right)], rows);
        assert_eq!(
            text,
            "  status   requests\n ───────────────────\n  200        12 345\n  404             7\n"
        );
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        assert_eq!(shortened("größer", 6), "größer");
        assert_eq!(shortened("größerer", 6), "größe…");
    }
}
