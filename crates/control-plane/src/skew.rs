//! How far this machine's clock is from AWS's.
//!
//! Deadlines and graces are counted by this machine's clock, so a call is signed by it, and AWS refuses whoever is
//! minutes off. The SDK would learn AWS's time from the first refusal and sign the next call by that. A machine whose
//! clock is hours ahead would be let in, and would terminate every cluster whose deadline is hours away. `clients`
//! switches that off. Here the difference is only measured, for the error message.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextMut;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::DateTime;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::Format;
use emrys_core::record::ErrorClass;
use jiff::SignedDuration;

use crate::clock::{Clock, timestamp};

/// Puts to each answer how far this machine's clock is ahead of AWS's.
#[derive(Debug)]
pub(crate) struct Measure(pub(crate) Clock);

/// What an answer says of this machine's clock.
#[derive(Debug, Clone, Copy)]
struct Ahead(SignedDuration);

#[dyn_dispatch_hint]
impl Intercept for Measure {
    fn name(&self) -> &'static str {
        "Measure"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let answer = context.response_mut();
        let date =
            answer.headers().get("date").and_then(|date| DateTime::from_str(date, Format::HttpDate).ok());
        if let Some(theirs) = date.as_ref().and_then(timestamp) {
            answer.add_extension(Ahead(self.0.now().duration_since(theirs)));
        }
        Ok(())
    }
}

/// How far this machine's clock is ahead of that of who answered; none where the answer does not say.
pub(crate) fn ahead(answer: &HttpResponse) -> Option<SignedDuration> {
    answer.extension::<Ahead>().map(|ahead| ahead.0)
}

/// Codes that say it in so many words.
const CODES: [&str; 2] = ["RequestExpired", "RequestTimeTooSkewed"];

/// The services that speak JSON, and STS, answer a wrong time with the code of a wrong signature; how their sentence
/// begins tells the two apart (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html>).
const WORDS: [&str; 2] = ["Signature expired", "Signature not yet current"];

/// So far off nobody is let in: S3 takes fifteen minutes, other services five.
const NEVER_TAKEN: SignedDuration = SignedDuration::from_mins(15);

/// The kind of trouble that a denied call is: of this machine's clock, or of rights and credentials.
pub(crate) fn class(code: &str, message: &str, ahead: Option<SignedDuration>) -> ErrorClass {
    let is_of_clock = CODES.contains(&code)
        || WORDS.iter().any(|words| message.starts_with(words))
        || ahead.is_some_and(|ahead| ahead.abs() > NEVER_TAKEN);
    if is_of_clock { ErrorClass::Clock } else { ErrorClass::Access }
}

/// What is wrong with the clock, before what AWS says.
pub(crate) fn told(ahead: Option<SignedDuration>, message: &str) -> String {
    let off = ahead.map_or_else(
        || "is not that of AWS".to_owned(),
        |ahead| {
            let by = SignedDuration::from_secs(ahead.abs().as_secs());
            format!("is {by:#} {} AWS's", if ahead.is_negative() { "behind" } else { "ahead of" })
        },
    );
    format!("this machine's clock {off}, and AWS takes no calls that are signed by it ({message})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_clock_is_told_from_a_wrong_secret() {
        let near = Some(SignedDuration::from_secs(2));
        let far = Some(SignedDuration::from_hours(-8));
        for (code, message, ahead, kind_of) in [
            ("RequestTimeTooSkewed", "The difference is too large.", None, ErrorClass::Clock),
            (
                "InvalidSignatureException",
                "Signature expired: 20241021T030000Z is now earlier than",
                near,
                ErrorClass::Clock,
            ),
            (
                "SignatureDoesNotMatch",
                "Signature not yet current: 20241021T030000Z is still later than",
                None,
                ErrorClass::Clock,
            ),
            (
                "AuthFailure",
                "AWS was not able to validate the provided access credentials",
                far,
                ErrorClass::Clock,
            ),
            (
                "InvalidSignatureException",
                "The request signature we calculated does not match",
                near,
                ErrorClass::Access,
            ),
            ("AccessDenied", "no", None, ErrorClass::Access),
        ] {
            assert_eq!(class(code, message, ahead), kind_of, "{code} {message}");
        }
    }

    #[test]
    fn how_far_the_clock_is_off_is_told_in_hours_and_minutes() {
        let said = |ahead: SignedDuration| told(Some(ahead), "no");
        assert!(said(SignedDuration::from_millis(28_800_400)).contains("is 8h ahead of AWS's"));
        assert!(said(SignedDuration::from_mins(-75)).contains("is 1h 15m behind AWS's"));
        assert!(told(None, "no").contains("is not that of AWS"));
    }
}
