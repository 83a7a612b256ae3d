//! What a failed call means: the one classifier for all services.
//!
//! It goes by error codes and statuses, never by the SDK's enum variants: EMR declares hardly an error of its own, so
//! throttling, denied access and bad requests all arrive as undeclared ones.
//!
//! ```text
//! SdkError -> Failure (what is known) -> An error          of a look, or of an action that may be repeated
//!                                   `-> LaunchFailure    certainly not done, or unclear
//! ```

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use emrys_core::record::{CallError, ErrorClass};
use jiff::SignedDuration;

use crate::skew;

/// Too many calls: time helps.
const THROTTLED: &[&str] = &[
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// No right, credentials that are missing, wrong or too old, or a wrong clock: only a person helps.
const ACCESS: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "AccountProblem",
    "AllAccessDisabled",
    "AuthFailure",
    "AuthorizationError",
    "ExpiredToken",
    "ExpiredTokenException",
    "Forbidden",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "InvalidToken",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "NotAuthorized",
    "NotSignedUp",
    "OptInRequired",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
];

/// An error on AWS's side: time may help. Some of these come with a status below 500.
const SERVER: &[&str] = &[
    "ConditionalRequestConflict",
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "InternalServerException",
    "OperationAborted",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
];

/// What is known of a call that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// How far the call came.
    pub(crate) reach: Reach,
    /// The error code; empty without an answer.
    pub(crate) code: String,
    /// What was said about it.
    pub(crate) message: String,
    /// How far this machine's clock is ahead of that of who answered.
    pub(crate) ahead: Option<SignedDuration>,
}

/// How far a call came that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// It was not sent: the request could not be built.
    NotBuilt,
    /// It was not sent: there are no credentials to sign it with.
    NotSigned,
    /// It was not sent: who gives out the credentials cannot be reached just now, or is too busy.
    NoSigner,
    /// It may have been sent, and no answer came that could be understood.
    NoAnswer,
    /// It was answered, with this status.
    Answered(u16),
}

/// What a launch that did not succeed means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LaunchFailure {
    /// Certainly no cluster came of it.
    Refused(CallError),
    /// Perhaps one did.
    Unclear(String),
}

impl Failure {
    /// Reads what is known out of an error of the SDK.
    pub(crate) fn of<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let without_answer = |reach| Self { reach, code: String::new(), message: chain(error), ahead: None };
        if let Some(reach) = unsigned(error) {
            return without_answer(reach);
        }
        match error {
            SdkError::ServiceError(answer) => {
                let status = answer.raw().status().as_u16();
                let code = answer.err().code().map_or_else(|| code_of(status), str::to_owned);
                let message =
                    answer.err().message().map_or_else(|| format!("HTTP status {status}"), str::to_owned);
                Self { reach: Reach::Answered(status), code, message, ahead: skew::ahead(answer.raw()) }
            }
            SdkError::ConstructionFailure(_) => without_answer(Reach::NotBuilt),
            _ => without_answer(Reach::NoAnswer),
        }
    }

    /// What helps.
    pub(crate) fn class(&self) -> ErrorClass {
        let code = self.code.as_str();
        match self.reach {
            Reach::NotBuilt => ErrorClass::Invalid,
            Reach::NotSigned => ErrorClass::Access,
            Reach::NoSigner | Reach::NoAnswer => ErrorClass::Unreachable,
            Reach::Answered(status) => {
                if THROTTLED.contains(&code) || status == 429 {
                    ErrorClass::Throttled
                } else if SERVER.contains(&code) || status >= 500 || status == 408 {
                    ErrorClass::Unreachable
                } else if ACCESS.contains(&code) || matches!(status, 401 | 403) {
                    skew::class(code, &self.message, self.ahead)
                } else {
                    ErrorClass::Invalid
                }
            }
        }
    }

    /// The failure as trouble: `what` says what was tried, as in "could not list s3://…".
    pub(crate) fn into_call_error(self, what: &str) -> CallError {
        let class = self.class();
        let message = format!("{what}: {}", self.said());
        CallError { class, code: self.code, message }
    }

    /// The failure of a launch. Only an answer that says no is a no: after anything else there may be a cluster.
    pub(crate) fn into_launch_failure(self) -> LaunchFailure {
        let class = match (self.reach, self.class()) {
            (Reach::Answered(400..500), ErrorClass::Throttled) => ErrorClass::Throttled,
            // Not sent, and so not unclear, whoever may help.
            (Reach::NotSigned | Reach::NoSigner, _) | (Reach::Answered(400..500), ErrorClass::Access) => {
                ErrorClass::Access
            }
            (Reach::Answered(400..500), ErrorClass::Clock) => ErrorClass::Clock,
            (Reach::NotBuilt, _) | (Reach::Answered(400..500), ErrorClass::Invalid) => ErrorClass::Invalid,
            _ => return LaunchFailure::Unclear(self.to_string()),
        };
        let message = self.said();
        LaunchFailure::Refused(CallError { class, code: self.code, message })
    }

    /// What was said about it, and what of that concerns this machine.
    fn said(&self) -> String {
        match self.class() {
            ErrorClass::Clock => skew::told(self.ahead, &self.message),
            _ => self.message.clone(),
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.code.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.code, self.message)
        }
    }
}

/// An error of the SDK as trouble.
pub(crate) fn call_error<E>(what: &str, error: &SdkError<E, HttpResponse>) -> CallError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    Failure::of(error).into_call_error(what)
}

/// How a call went for which an answer of this code is as good as success: what was to be made is there already, or
/// what was to go is gone.
pub(crate) fn unless<T>(code: &str, result: Result<T, Failure>, what: &str) -> Result<(), CallError> {
    match result {
        Err(failure) if failure.code != code => Err(failure.into_call_error(what)),
        _ => Ok(()),
    }
}

/// The status of an answer that is an error; none where there was no answer.
pub(crate) fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    match error {
        SdkError::ServiceError(answer) => Some(answer.raw().status().as_u16()),
        SdkError::ResponseError(answer) => Some(answer.raw().status().as_u16()),
        _ => None,
    }
}

/// An error with the bytes of an answer, on their way.
pub(crate) fn broken_off(what: &str, error: &(dyn Error + 'static)) -> CallError {
    CallError {
        class: ErrorClass::Unreachable,
        code: String::new(),
        message: format!("{what}: {}", chain(error)),
    }
}

/// A code for an answer that has none: the answer to HEAD has no body that could hold one.
fn code_of(status: u16) -> String {
    match status {
        403 => "Forbidden".to_owned(),
        404 => "NotFound".to_owned(),
        _ => String::new(),
    }
}

/// Why there was nothing to sign the call with; none where that was not what was wrong. That the SDK lost patience
/// with a provider says nothing of the kind. A machine without any credentials is told so at once: where no instance
/// metadata answers, there usually is none.
fn unsigned(error: &(dyn Error + 'static)) -> Option<Reach> {
    let mut causes = causes(error);
    let credentials = causes.find_map(|cause| cause.downcast_ref::<CredentialsError>())?;
    match credentials {
        CredentialsError::ProviderTimedOut(_) => None,
        CredentialsError::ProviderError(_) | CredentialsError::Unhandled(_) if causes.any(may_pass) => {
            Some(Reach::NoSigner)
        }
        _ => Some(Reach::NotSigned),
    }
}

/// Whether a provider of credentials failed by what passes: it was not reached, or STS has trouble of its own. The
/// SDK makes a client for each kind of provider, and their errors have no type in common.
fn may_pass(cause: &(dyn Error + 'static)) -> bool {
    fn passes<E>(cause: &(dyn Error + 'static)) -> bool
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let failure = cause.downcast_ref::<SdkError<E, HttpResponse>>().map(Failure::of);
        failure
            .is_some_and(|failure| matches!(failure.class(), ErrorClass::Throttled | ErrorClass::Unreachable))
    }
    let is_cut =
        cause.downcast_ref::<ConnectorError>().is_some_and(|error| error.is_io() || error.is_timeout());
    is_cut || passes::<AssumeRoleError>(cause) || passes::<AssumeRoleWithWebIdentityError>(cause)
}

/// The error and what it comes from, outermost first.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// An error with its causes, as one line; a cause that its effect already spells out is not said again.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut line = String::new();
    for cause in causes(error) {
        let said = cause.to_string();
        if line.is_empty() {
            line = said;
        } else if !line.contains(&said) {
            line = format!("{line}: {said}");
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use aws_sdk_emr::operation::run_job_flow::RunJobFlowError;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    type EmrError = SdkError<RunJobFlowError, HttpResponse>;

    fn answered(status: u16, code: &str) -> EmrError {
        let meta = ErrorMetadata::builder().code(code).message("said so").build();
        let response = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
        SdkError::service_error(RunJobFlowError::generic(meta), response)
    }

    #[test]
    fn the_code_decides_and_then_the_status() {
        for (status, code, kind) in [
            (400, "ThrottlingException", ErrorClass::Throttled),
            (503, "SlowDown", ErrorClass::Throttled),
            (429, "Unheard", ErrorClass::Throttled),
            (400, "ExpiredTokenException", ErrorClass::Access),
            (400, "UnrecognizedClientException", ErrorClass::Access),
            (403, "Unheard", ErrorClass::Access),
            (400, "InternalServerError", ErrorClass::Unreachable),
            (409, "ConditionalRequestConflict", ErrorClass::Unreachable),
            (502, "Unheard", ErrorClass::Unreachable),
            (400, "ValidationException", ErrorClass::Invalid),
            (404, "NoSuchBucket", ErrorClass::Invalid),
        ] {
            let failure = Failure::of(&answered(status, code));
            assert_eq!(failure.class(), kind, "{status} {code}");
            assert_eq!(failure.code, code);
        }
    }

    #[test]
    fn only_an_answer_that_says_no_is_a_refused_launch() {
        let refused = |status, code| match Failure::of(&answered(status, code)).into_launch_failure() {
            LaunchFailure::Refused(error) => Some(error.class),
            LaunchFailure::Unclear(_) => None,
        };
        assert_eq!(refused(400, "ThrottlingException"), Some(ErrorClass::Throttled));
        assert_eq!(refused(400, "AccessDeniedException"), Some(ErrorClass::Access));
        assert_eq!(refused(400, "ValidationException"), Some(ErrorClass::Invalid));
        // EMR's own trouble may come after the cluster did, whatever status it carries.
        for (status, code) in
            [(400, "InternalServerError"), (500, "Unheard"), (503, "SlowDown"), (408, ""), (302, "")]
        {
            assert_eq!(refused(status, code), None, "{status} {code}");
        }
    }

    #[test]
    fn without_an_answer_a_launch_is_unclear() {
        let reset = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "connection reset by peer");
        let cut: EmrError = SdkError::dispatch_failure(ConnectorError::io(reset.into()));
        let late: EmrError = SdkError::timeout_error("no answer within 30 s");
        for error in [cut, late] {
            let failure = Failure::of(&error);
            assert_eq!(failure.class(), ErrorClass::Unreachable);
            assert!(matches!(failure.into_launch_failure(), LaunchFailure::Unclear(_)), "{error:?}");
        }
    }

    #[test]
    fn without_credentials_nothing_was_sent() {
        let none = CredentialsError::not_loaded("no providers in chain provided credentials");
        let error: EmrError = SdkError::dispatch_failure(ConnectorError::other(none.into(), None));
        let failure = Failure::of(&error);
        assert_eq!(failure.class(), ErrorClass::Access);
        assert!(failure.message.contains("no providers in chain"), "{}", failure.message);
        assert!(matches!(
            failure.into_launch_failure(),
            LaunchFailure::Refused(CallError { class: ErrorClass::Access, .. })
        ));
    }

    /// The role is assumed by the SDK itself, at an STS whose port nobody listens at, or that answers so.
    async fn without_a_role(sts: &str) -> Failure {
        let region = aws_config::Region::new("us-east-1");
        let source = aws_credential_types::Credentials::new("AKID", "secret", None, None, "test");
        let config = aws_config::SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::v2026_01_12())
            .region(region)
            .endpoint_url(sts)
            .time_source(crate::clock::Clock::system())
            .retry_config(aws_config::retry::RetryConfig::disabled())
            .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(
                source.clone(),
            ))
            .build();
        let role = aws_config::sts::AssumeRoleProvider::builder("arn:aws:iam::123456789012:role/emrys")
            .configure(&config)
            .build_from_provider(source)
            .await;
        let provider = aws_credential_types::provider::SharedCredentialsProvider::new(role);
        let config = config.into_builder().credentials_provider(provider).build();
        let error = aws_sdk_emr::Client::new(&config).list_clusters().send().await.unwrap_err();
        Failure::of(&error)
    }

    /// Who answers one call after another like this, at the address.
    async fn answering(answer: &'static str) -> String {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 8192]).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        address
    }

    #[tokio::test]
    async fn credentials_that_cannot_be_had_just_now_are_no_missing_right() {
        let closed = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
        let busy = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        for sts in [format!("http://{closed}"), answering(busy).await] {
            let failure = without_a_role(&sts).await;
            assert_eq!(
                (failure.reach, failure.class()),
                (Reach::NoSigner, ErrorClass::Unreachable),
                "{failure}"
            );
            // Nothing was sent, so nothing is unclear.
            assert!(matches!(failure.into_launch_failure(), LaunchFailure::Refused(_)));
        }
        let denied = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let failure = without_a_role(&answering(denied).await).await;
        assert_eq!((failure.reach, failure.class()), (Reach::NotSigned, ErrorClass::Access), "{failure}");
    }

    #[test]
    fn trouble_says_what_was_tried() {
        let error = call_error("could not launch", &answered(400, "ValidationException"));
        assert_eq!(error.to_string(), "ValidationException: could not launch: said so");
    }
}
