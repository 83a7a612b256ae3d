//! What the exit code says.
//!
//! | code | meaning |
//! | --- | --- |
//! | 0 | done as asked (a plan with nothing to do included) |
//! | 1 | the run failed, or was cancelled |
//! | 2 | usage, configuration, or a run that cannot be made as configured |
//! | 3 | another holder drives this run |
//! | 4 | the day is empty |
//! | 5 | stopped watching; the run goes on |
//! | 6 | AWS unreachable, credentials missing or expired, or access denied |
//!
//! Code 7 is kept for "refused: over the cost limit". A panic ends with 101, as in every Rust program.

use emrys_core::record::Outcome;

/// How the command ended, for the program that started it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done as asked.
    Done,
    /// The run failed, or was cancelled.
    RunFailed,
    /// Usage or configuration.
    Usage,
    /// Another holder drives this run.
    Held,
    /// The day is empty.
    Empty,
    /// Stopped watching; the run goes on.
    StoppedWatching,
    /// AWS unreachable, credentials missing or expired, or access denied.
    Aws,
}

impl Exit {
    /// The number that the process ends with.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::RunFailed => 1,
            Self::Usage => 2,
            Self::Held => 3,
            Self::Empty => 4,
            Self::StoppedWatching => 5,
            Self::Aws => 6,
        }
    }

    /// The table at the end of `emrys --help`.
    pub(crate) const HELP: &str = "  0  done as asked
  1  the run failed, or was cancelled
  2  usage, configuration, or a run that cannot be made as configured
  3  another holder drives this run
  4  the day is empty
  5  stopped watching; the run goes on
  6  AWS unreachable, credentials missing or expired, or access denied";
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Succeeded => Self::Done,
            Outcome::Failed | Outcome::Cancelled => Self::RunFailed,
            Outcome::Empty => Self::Empty,
            Outcome::Refused => Self::Usage,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_every_code_once() {
        let all = [
            Exit::Done,
            Exit::RunFailed,
            Exit::Usage,
            Exit::Held,
            Exit::Empty,
            Exit::StoppedWatching,
            Exit::Aws,
        ];
        let listed: Vec<u8> =
            Exit::HELP.lines().map(|line| line.split_whitespace().next().unwrap().parse().unwrap()).collect();
        assert_eq!(listed, all.map(Exit::code));
    }
}
