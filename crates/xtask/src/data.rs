//! Reads the data files of the checks.

use std::path::Path;

use toml_span::DeserializeOwned;

/// Reads a TOML file; an error names the file and each mistake with its line.
pub(crate) fn read<T: DeserializeOwned>(file: &Path) -> Result<T, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let line_of = |offset: usize| text[..offset.min(text.len())].matches('\n').count() + 1;
    let mut value = toml_span::parse(&text)
        .map_err(|error| format!("{}:{}: {error}", file.display(), line_of(error.span.start)))?;
    T::deserialize(&mut value).map_err(|wrong| {
        let lines: Vec<String> = wrong
            .errors
            .iter()
            .map(|error| format!("{}:{}: {error}", file.display(), line_of(error.span.start)))
            .collect();
        lines.join("\n")
    })
}
