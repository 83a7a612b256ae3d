//! The only place of the command that reads the time.

use jiff::Timestamp;

/// The time now.
#[expect(clippy::disallowed_methods, reason = "this is the clock that the command takes its time from")]
pub fn now() -> Timestamp {
    Timestamp::now()
}
