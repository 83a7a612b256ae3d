//! When a schedule is due.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::world::context::ApiError;

/// The time of `at(yyyy-mm-ddThh:mm:ss)` in a time zone, UTC unless said otherwise.
pub(super) fn due(expression: &str, zone: Option<&str>) -> Result<Timestamp, ApiError> {
    if expression.starts_with("rate(") || expression.starts_with("cron(") {
        return Err(ApiError::validation(format!(
            "the embedded AWS has one-time schedules only, at(yyyy-mm-ddThh:mm:ss), and not {expression}"
        )));
    }
    let invalid = || ApiError::validation(format!("Invalid Schedule Expression {expression}."));
    let text = expression.strip_prefix("at(").and_then(|rest| rest.strip_suffix(')')).ok_or_else(invalid)?;
    // The form has no fractions and no offset.
    let time = DateTime::strptime("%Y-%m-%dT%H:%M:%S", text).map_err(|_| invalid())?;
    let zone = match zone {
        None | Some("UTC") => TimeZone::UTC,
        Some(name) => TimeZone::get(name)
            .map_err(|_| ApiError::validation(format!("Invalid Schedule Expression Timezone {name}.")))?,
    };
    zone.to_timestamp(time).map_err(|_| invalid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_of_its_zone() {
        let at = |zone| due("at(2024-10-21T06:30:00)", zone).unwrap().to_string();
        assert_eq!(at(None), "2024-10-21T06:30:00Z");
        assert_eq!(at(Some("UTC")), "2024-10-21T06:30:00Z");
        assert_eq!(at(Some("Europe/Zurich")), "2024-10-21T04:30:00Z");
    }

    #[test]
    fn everything_else_is_refused_by_its_name() {
        for expression in [
            "rate(1 hour)",
            "cron(0 3 * * ? *)",
            "at(2024-10-21)",
            "at(2024-10-21T06:30:00Z)",
            "at(now)",
            "2024",
        ] {
            let error = due(expression, None).unwrap_err();
            assert_eq!((error.code.as_str(), error.status), ("ValidationException", 400));
            assert!(error.message.contains(expression), "{error}");
        }
        assert!(due("at(2024-10-21T06:30:00)", Some("Mars/Base")).unwrap_err().message.contains("Mars/Base"));
    }
}
