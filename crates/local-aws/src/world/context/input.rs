//! Reading inputs and writing timestamps.

use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::ApiError;

/// Reads an input into its structure. The wire layer has validated it against the service model before, so that an
/// error here is rare; it is still an answer and not a panic.
pub(crate) fn read<T: DeserializeOwned>(input: &Value) -> Result<T, ApiError> {
    T::deserialize(input)
        .map_err(|error| ApiError::validation(format!("the request cannot be read: {error}")))
}

/// Seconds since 1970, as protocols carry a timestamp.
#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are far below 2^53")]
pub(crate) fn seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1_000.0
}

/// A timestamp from seconds since 1970, to the millisecond; clamped to the years that a timestamp can hold.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the cast saturates, and what is out of range is clamped after it"
)]
pub(crate) fn timestamp(seconds: f64) -> Timestamp {
    let millis = (seconds * 1_000.0).round() as i64;
    Timestamp::from_millisecond(millis).unwrap_or(if millis > 0 { Timestamp::MAX } else { Timestamp::MIN })
}

/// `at + by`, at most the end of time.
pub(crate) fn after(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_survive_the_way_through_a_number() {
        let at: Timestamp = "2024-10-20T12:34:56.789Z".parse().unwrap();
        assert_eq!(timestamp(seconds(at)), at);
        assert_eq!(timestamp(f64::NAN), Timestamp::UNIX_EPOCH);
        assert_eq!((timestamp(1e30), timestamp(-1e30)), (Timestamp::MAX, Timestamp::MIN));
    }
}
