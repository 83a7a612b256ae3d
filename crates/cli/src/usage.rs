//! Reading the command line, and saying what is wrong with it.

use clap::{ColorChoice, CommandFactory, FromArgMatches, ValueEnum};
use serde_json::json;

use crate::args::{Cli, LogFormat};
use crate::exit::Exit;
use crate::printer::Printer;

/// The command line, or how to end: after `--help` well, after a mistake with its exit code.
pub(crate) fn parse() -> Result<Cli, Exit> {
    // Help and mistakes are printed before the options are known, and are to heed `--color` and `--json` all the same.
    let words: Vec<String> = std::env::args().collect();
    let parsed = Cli::command()
        .color(color(&words))
        .try_get_matches()
        .and_then(|matches| Cli::from_arg_matches(&matches));
    parsed.map_err(|error| {
        // clap prints help to stdout and mistakes to stderr; a closed pipe is no mistake.
        let _ = error.print();
        if !error.use_stderr() {
            return Exit::Done;
        }
        if words.iter().any(|word| word == "--json") {
            let text = error.render().to_string();
            let message = text.lines().next().unwrap_or_default();
            let message = message.strip_prefix("error: ").unwrap_or(message);
            let document = json!({
                "error": { "kind": "usage", "message": message, "hint": "see `emrys --help`" },
                "exit_code": Exit::Usage.code(),
            });
            let _ = Printer::new(anstream::ColorChoice::Never, LogFormat::Text).json(&document);
        }
        Exit::Usage
    })
}

fn color(words: &[String]) -> ColorChoice {
    let mut words = words.iter().map(String::as_str);
    let mut choice = ColorChoice::Auto;
    while let Some(word) = words.next() {
        let value = match word.strip_prefix("--color") {
            Some("") => words.next(),
            Some(rest) => rest.strip_prefix('='),
            None => None,
        };
        if let Some(value) = value {
            choice = ColorChoice::from_str(value, true).unwrap_or(choice);
        }
    }
    choice
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_found_in_both_spellings() {
        let find = |line: &str| color(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(find("emrys plan --color never"), ColorChoice::Never);
        assert_eq!(find("emrys --color=always plan"), ColorChoice::Always);
        assert_eq!(find("emrys plan --colorful"), ColorChoice::Auto);
        assert_eq!(find("emrys plan --color"), ColorChoice::Auto);
    }
}
