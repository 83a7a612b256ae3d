//! When AWS answered, by its own clock.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_emr::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_emr::error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use jiff::{SignedDuration, Timestamp};

use crate::clock;

/// Keeps the date of an answer. Clocks of different machines are never compared: an age is told by one clock alone, and
/// this is EMR's.
#[derive(Debug, Clone, Default)]
pub(super) struct Dated(Arc<Mutex<Option<Timestamp>>>);

impl Dated {
    /// How long before the answer something was, by the same clock; none where the answer has no date.
    pub(super) fn age_of(&self, at: Option<&DateTime>) -> Option<SignedDuration> {
        let answered = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        let age = answered.duration_since(clock::timestamp(at?)?);
        // The date has whole seconds.
        Some(age.max(SignedDuration::ZERO))
    }
}

#[dyn_dispatch_hint]
impl Intercept for Dated {
    fn name(&self) -> &'static str {
        "Dated"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let date = date.and_then(|date| DateTime::from_str(date, Format::HttpDate).ok());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = date.as_ref().and_then(clock::timestamp);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_by_one_clock() {
        let dated = Dated::default();
        let at = DateTime::from_secs(1_729_479_600);
        assert_eq!(dated.age_of(Some(&at)), None, "without a date there is no age");
        *dated.0.lock().unwrap() = Timestamp::from_second(1_729_479_660).ok();
        assert_eq!(dated.age_of(Some(&at)), Some(SignedDuration::from_mins(1)));
        assert_eq!(dated.age_of(Some(&DateTime::from_secs(1_729_479_661))), Some(SignedDuration::ZERO));
        assert_eq!(dated.age_of(None), None);
    }
}
