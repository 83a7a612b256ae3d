//! The logical date of a run.
//!
//! A day is data: it is chosen once, by a person or from the pipeline's zone, and from then on nothing of a run asks
//! what day it is. It is a civil date, so it has no length and no offset; which instants it covers is a matter of
//! how the logs were filed.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

/// A civil date, written `yyyy-mm-dd`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(Date);

/// A text that is no day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no day: write it as yyyy-mm-dd, for example 2024-10-20")]
pub struct DayError {
    text: String,
}

impl Day {
    /// Any day. Every day fills a template in with the same number of letters, so what is good on this one is good on
    /// all.
    pub(crate) const SAMPLE: Self = Self(jiff::civil::date(2024, 10, 20));

    /// The day before the one that it is in the zone just now.
    ///
    /// It counts on the calendar, not in hours, so days of 23 or 25 hours make no difference. Where a zone skipped a
    /// whole day (Apia had no 30 December 2011), that day can still be yesterday; it just has no logs.
    pub fn yesterday(now: Timestamp, zone: &TimeZone) -> Self {
        Self(zone.to_datetime(now).date().saturating_sub(1.day()))
    }

    /// The day after.
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1.day()))
    }

    /// The day before.
    pub fn previous(self) -> Self {
        Self(self.0.saturating_sub(1.day()))
    }

    /// The date.
    pub fn date(self) -> Date {
        self.0
    }

    /// The year in four digits.
    pub fn yyyy(self) -> String {
        format!("{:04}", self.0.year())
    }

    /// The month in two digits.
    pub fn mm(self) -> String {
        format!("{:02}", self.0.month())
    }

    /// The day of the month in two digits.
    pub fn dd(self) -> String {
        format!("{:02}", self.0.day())
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), self.0.month(), self.0.day())
    }
}

impl FromStr for Day {
    type Err = DayError;

    /// Only the one spelling: what a day is called stands in addresses, and must not depend on who typed it.
    fn from_str(text: &str) -> Result<Self, DayError> {
        let wrong = || DayError { text: text.to_owned() };
        let digits = |part: &str, length: usize| {
            (part.len() == length && part.bytes().all(|b| b.is_ascii_digit()))
                .then(|| part.parse::<i16>().ok())
                .flatten()
        };
        let mut parts = text.split('-');
        let mut number = |length| parts.next().and_then(|part| digits(part, length)).ok_or_else(wrong);
        let (year, month, day) = (number(4)?, number(2)?, number(2)?);
        if parts.next().is_some() || year == 0 {
            return Err(wrong());
        }
        let narrow = |value: i16| i8::try_from(value).map_err(|_| wrong());
        Date::new(year, narrow(month)?, narrow(day)?).map(Self).map_err(|_| wrong())
    }
}

impl TryFrom<String> for Day {
    type Error = DayError;

    fn try_from(text: String) -> Result<Self, DayError> {
        text.parse()
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn yesterday(now: &str, zone: &str) -> String {
        Day::yesterday(now.parse().unwrap(), &TimeZone::get(zone).unwrap()).to_string()
    }

    #[test]
    fn yesterday_is_counted_in_the_zone() {
        assert_eq!(yesterday("2024-10-21T00:00:00Z", "UTC"), "2024-10-20");
        assert_eq!(yesterday("2024-10-20T23:59:59.999Z", "UTC"), "2024-10-19");
        // At 23:00 UTC it is tomorrow already in Berlin, and still the day before in New York at 03:00 UTC.
        assert_eq!(yesterday("2024-07-01T22:00:00Z", "Europe/Berlin"), "2024-07-01");
        assert_eq!(yesterday("2024-07-02T03:00:00Z", "America/New_York"), "2024-06-30");
        // The first and the last zones of the world are a day and an hour apart.
        assert_eq!(yesterday("2024-10-20T10:30:00Z", "Pacific/Kiritimati"), "2024-10-20");
        assert_eq!(yesterday("2024-10-20T10:30:00Z", "Pacific/Pago_Pago"), "2024-10-18");
        // A zone that is not a whole number of hours off.
        assert_eq!(yesterday("2024-10-20T18:15:00Z", "Asia/Kathmandu"), "2024-10-20");
    }

    #[test]
    fn days_of_23_and_25_hours_are_days() {
        // Berlin: the clock went forward on 2024-03-31 at 01:00 UTC, and back on 2024-10-27 at 01:00 UTC.
        assert_eq!(yesterday("2024-03-31T21:59:59Z", "Europe/Berlin"), "2024-03-30");
        assert_eq!(yesterday("2024-03-31T22:00:00Z", "Europe/Berlin"), "2024-03-31");
        assert_eq!(yesterday("2024-10-27T22:59:59Z", "Europe/Berlin"), "2024-10-26");
        assert_eq!(yesterday("2024-10-27T23:00:00Z", "Europe/Berlin"), "2024-10-27");
        // 24 hours before 2024-11-04T00:30 in New York it was still 2024-11-03; so it was 24.5 hours before.
        assert_eq!(yesterday("2024-11-04T05:30:00Z", "America/New_York"), "2024-11-03");
        // Cairo's clock goes from 24:00 back to 23:00: the day's last hour comes twice, and ends but once.
        assert_eq!(yesterday("2024-10-31T21:30:00Z", "Africa/Cairo"), "2024-10-30");
        // A day that a zone left out is still a date.
        assert_eq!(yesterday("2011-12-30T12:00:00Z", "Pacific/Apia"), "2011-12-30");
    }

    #[test]
    fn years_end_and_leap() {
        assert_eq!(yesterday("2025-01-01T00:00:00Z", "UTC"), "2024-12-31");
        assert_eq!(yesterday("2024-03-01T12:00:00Z", "UTC"), "2024-02-29");
        assert_eq!(yesterday("2100-03-01T12:00:00Z", "UTC"), "2100-02-28");
        assert_eq!(yesterday("2024-12-31T10:00:00Z", "Pacific/Kiritimati"), "2024-12-31");
        assert_eq!(yesterday("2025-01-01T10:59:59Z", "Pacific/Pago_Pago"), "2024-12-30");
        assert_eq!(day("2024-12-31").next(), day("2025-01-01"));
        assert_eq!(day("2024-03-01").previous(), day("2024-02-29"));
    }

    #[test]
    fn only_one_spelling_is_read() {
        assert_eq!(day("2024-10-20").to_string(), "2024-10-20");
        for text in [
            "",
            "today",
            "20241020",
            "2024-1-2",
            "2024-10-20T00:00:00Z",
            "2024-02-30",
            "2023-02-29",
            "0000-01-01",
            "-001-01-01",
            "+2024-10-20",
            "2024-10-20-",
            " 2024-10-20",
            "2024/10/20",
            "２０２４-10-20",
            "2024-13-01",
        ] {
            let error = text.parse::<Day>().unwrap_err();
            assert!(error.to_string().contains("yyyy-mm-dd"), "{text}");
        }
    }

    #[test]
    fn the_parts_keep_their_zeros() {
        let day = day("0987-06-05");
        assert_eq!((day.yyyy(), day.mm(), day.dd()), ("0987".into(), "06".into(), "05".into()));
        assert_eq!(serde_json::to_string(&day).unwrap(), "\"0987-06-05\"");
        assert_eq!(serde_json::from_str::<Day>("\"0987-06-05\"").unwrap(), day);
    }
}
