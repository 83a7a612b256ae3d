//! Asking before something that cannot be undone.

use std::io::{self, BufRead, IsTerminal};

use emrys_terminal::printer::{BOLD, Printer, styled};

use crate::error::CliError;

/// Whether anyone can be asked; `--yes` answers beforehand. It is checked before anything is done.
pub(crate) fn can_ask(yes: bool, what: &'static str) -> Result<(), CliError> {
    let is_terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
    if yes || is_terminal { Ok(()) } else { Err(CliError::NeedsYes { what }) }
}

/// Asks, and takes only a yes for a yes. `--yes` answers beforehand.
pub(crate) fn confirm(printer: &Printer, yes: bool, question: &str) -> Result<bool, CliError> {
    if yes {
        return Ok(true);
    }
    printer.line(&format!("{question} {}", styled(BOLD, "[y/N]")));
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(CliError::Start)?;
    let agreed = is_yes(&answer);
    if !agreed {
        printer.line("nothing is changed");
    }
    Ok(agreed)
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_a_yes() {
        for yes in ["y\n", "Yes\n", " YES "] {
            assert!(is_yes(yes), "{yes}");
        }
        for no in ["", "\n", "n\n", "yep\n", "j\n"] {
            assert!(!is_yes(no), "{no}");
        }
    }
}
