//! Reading the command line, and saying what is wrong with it.

use clap::{ColorChoice, CommandFactory, FromArgMatches, ValueEnum};
use emrys_terminal::printer::{LogFormat, Printer};

use crate::cli::Cli;
use crate::error_report::ErrorReport;
use crate::exit::Exit;

/// The command line, or how to end: after `--help` well, after a mistake with its exit code.
pub(crate) fn parse() -> Result<Cli, Exit> {
    // Help and mistakes are printed before the options are known, and are to heed `--color` and `--json` all the same.
    // clap reads them as the system has them: a path need not be UTF-8.
    let words: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
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
            let document = report(&error.render().to_string()).document(Exit::Usage);
            let _ = Printer::new(anstream::ColorChoice::Never, LogFormat::Text).json(&document);
        }
        Exit::Usage
    })
}

/// A mistake in clap's words: the first paragraph says what is wrong and which values or arguments there are, and a tip
/// says what was probably meant.
fn report(text: &str) -> ErrorReport {
    let text = text.strip_prefix("error: ").unwrap_or(text);
    let message: Vec<&str> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let tips = text.lines().filter_map(|line| line.trim().strip_prefix("tip: "));
    let hint: Vec<&str> = tips.chain(["see `emrys --help`"]).collect();
    ErrorReport::new("usage", message.join(" ")).with_hint(Some(hint.join("; ")))
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

    fn mistake(line: &str) -> serde_json::Value {
        let error = Cli::command().try_get_matches_from(line.split(' ')).unwrap_err();
        report(&error.render().to_string()).json()
    }

    #[test]
    fn a_program_reads_what_a_person_reads() {
        insta::assert_json_snapshot!(mistake("emrys plan --log-format xx"), @r#"
        {
          "kind": "usage",
          "message": "invalid value 'xx' for '--log-format <FORMAT>' [possible values: text, json]",
          "hint": "see `emrys --help`"
        }
        "#);
        insta::assert_json_snapshot!(mistake("emrys plan --log-format jsn"), @r#"
        {
          "kind": "usage",
          "message": "invalid value 'jsn' for '--log-format <FORMAT>' [possible values: text, json]",
          "hint": "a similar value exists: 'json'; see `emrys --help`"
        }
        "#);
        insta::assert_json_snapshot!(mistake("emrys plan --confg a.toml"), @r#"
        {
          "kind": "usage",
          "message": "unexpected argument '--confg' found",
          "hint": "a similar argument exists: '--config'; see `emrys --help`"
        }
        "#);
        insta::assert_json_snapshot!(mistake("emrys plan --day 2024-13-01"), @r#"
        {
          "kind": "usage",
          "message": "invalid value '2024-13-01' for '--day <YYYY-MM-DD>': `2024-13-01` is no day: write it as yyyy-mm-dd, for example 2024-10-20",
          "hint": "see `emrys --help`"
        }
        "#);
        insta::assert_json_snapshot!(mistake("emrys local env xx"), @r#"
        {
          "kind": "usage",
          "message": "unexpected argument 'xx' found",
          "hint": "see `emrys --help`"
        }
        "#);
    }

    #[test]
    fn colour_is_found_in_both_spellings() {
        let find = |line: &str| color(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(find("emrys plan --color never"), ColorChoice::Never);
        assert_eq!(find("emrys --color=always plan"), ColorChoice::Always);
        assert_eq!(find("emrys plan --colorful"), ColorChoice::Auto);
        assert_eq!(find("emrys plan --color"), ColorChoice::Auto);
    }
}
