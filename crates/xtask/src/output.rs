//! What is printed.

/// What is going on, or went wrong.
#[expect(clippy::print_stderr, reason = "the one place where xtask reports")]
pub(crate) fn say(message: &str) {
    eprintln!("{message}");
}

/// What was asked for. A reader that has enough, such as `head`, is no error.
pub(crate) fn print(text: &str) -> Result<(), String> {
    use std::io::Write as _;
    match writeln!(std::io::stdout(), "{}", text.trim_end()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(format!("cannot print: {error}")),
        _ => Ok(()),
    }
}
