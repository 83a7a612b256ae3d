//! Signature Version 4 for the services that the world answers (S3 requests are checked by the S3 layer).
//!
//! Any access key id is valid with the secret of the endpoint, in any region. The region that a client signs for stands
//! in its ARNs.

use std::fmt::Write as _;

use http::request::Parts;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use crate::world::ApiError;

/// Who signed a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The access key id.
    pub access_key: String,
    /// The region of the credential scope.
    pub region: String,
}

/// Checks signatures.
#[derive(Clone, Debug)]
pub struct Verifier {
    secret: String,
    max_skew: Option<SignedDuration>,
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

impl Verifier {
    /// A verifier for one secret. `max_skew` is how far a request's date may be from now: 15 minutes at AWS, `None`
    /// where clients and endpoint do not share a clock.
    pub fn new(secret: impl Into<String>, max_skew: Option<SignedDuration>) -> Self {
        Self { secret: secret.into(), max_skew }
    }

    /// Checks the signature of a request with its whole body.
    pub fn verify(&self, head: &Parts, body: &[u8], now: Timestamp) -> Result<Caller, ApiError> {
        let Some(authorization) = header(head, "authorization") else {
            return Err(ApiError::new(
                "MissingAuthenticationTokenException",
                "Missing Authentication Token",
                403,
            ));
        };
        let signed = Signed::read(authorization).ok_or_else(|| incomplete(authorization))?;
        let time = header(head, "x-amz-date").unwrap_or_default();
        let Some(at) = date(time) else {
            return Err(incomplete(authorization));
        };
        if self.max_skew.is_some_and(|max| at.duration_since(now).abs() > max) {
            return Err(mismatch(format!("Signature expired: {time} is too far from {now:.0}")));
        }
        if self.signature(head, body, &signed, time) != signed.signature {
            return Err(mismatch(
                "The request signature we calculated does not match the signature you provided. Check your AWS \
                 Secret Access Key and signing method. Consult the service documentation for details."
                    .to_owned(),
            ));
        }
        Ok(Caller { access_key: signed.access_key.to_owned(), region: signed.region.to_owned() })
    }

    fn signature(&self, head: &Parts, body: &[u8], signed: &Signed<'_>, time: &str) -> String {
        let request = canonical_request(head, body, signed.headers);
        let scope = signed.scope();
        let text = format!("{ALGORITHM}\n{time}\n{scope}\n{}", hex::encode(Sha256::digest(request)));
        let mut key = hmac(format!("AWS4{}", self.secret).as_bytes(), signed.date.as_bytes());
        for part in [signed.region, signed.service, "aws4_request"] {
            key = hmac(&key, part.as_bytes());
        }
        hex::encode(hmac(&key, text.as_bytes()))
    }
}

#[cfg(test)]
impl Verifier {
    /// Signs a request as a client would: the other side of [`verify`](Self::verify).
    pub(crate) fn sign(&self, head: &mut Parts, body: &[u8], scope: (&str, &str, &str), now: Timestamp) {
        let (access_key, region, service) = scope;
        let time = now.strftime("%Y%m%dT%H%M%SZ").to_string();
        head.headers.insert("x-amz-date", time.parse().unwrap());
        let headers = "host;x-amz-date";
        let signed = Signed { access_key, date: &time[..8], region, service, headers, signature: "" };
        let signature = self.signature(head, body, &signed, &time);
        let scope = signed.scope();
        let authorization = format!(
            "{ALGORITHM} Credential={access_key}/{scope}, SignedHeaders={headers}, Signature={signature}"
        );
        head.headers.insert("authorization", authorization.parse().unwrap());
    }
}

/// The parts of an `Authorization` header.
struct Signed<'a> {
    access_key: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    headers: &'a str,
    signature: &'a str,
}

impl<'a> Signed<'a> {
    fn read(authorization: &'a str) -> Option<Self> {
        let fields = authorization.strip_prefix(ALGORITHM)?;
        let field = |name: &str| {
            let value =
                fields.split(',').find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='));
            value.filter(|value| !value.is_empty())
        };
        let mut scope = field("Credential")?.rsplitn(5, '/');
        let _terminator = scope.next().filter(|last| *last == "aws4_request")?;
        let (service, region, date, access_key) =
            (scope.next()?, scope.next()?, scope.next()?, scope.next()?);
        let (headers, signature) = (field("SignedHeaders")?, field("Signature")?);
        Some(Self { access_key, date, region, service, headers, signature })
    }

    fn scope(&self) -> String {
        format!("{}/{}/{}/aws4_request", self.date, self.region, self.service)
    }
}

/// The service that a request was signed for, in a header or in a presigned address.
pub(super) fn signed_service(head: &Parts) -> Option<&str> {
    header(head, "authorization").and_then(Signed::read).map(|signed| signed.service)
}

fn canonical_request(head: &Parts, body: &[u8], names: &str) -> String {
    let mut query: Vec<&str> = head.uri.query().unwrap_or_default().split('&').collect();
    query.sort_unstable();
    let mut headers = String::new();
    for name in names.split(';') {
        let values = head.headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default());
        let values: Vec<String> = values.map(squeezed).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(headers, "{name}:{}", values.join(","));
    }
    // A client may sign for any hash that it names; that the body has it is checked by hashing the body.
    let payload = match header(head, "x-amz-content-sha256") {
        Some("UNSIGNED-PAYLOAD") => "UNSIGNED-PAYLOAD".to_owned(),
        _ => hex::encode(Sha256::digest(body)),
    };
    let (method, path) = (&head.method, head.uri.path());
    format!("{method}\n{path}\n{}\n{headers}\n{names}\n{payload}", query.join("&"))
}

/// A header's value as it is signed: trimmed, runs of spaces as one.
fn squeezed(value: &str) -> String {
    value.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn header<'a>(head: &'a Parts, name: &str) -> Option<&'a str> {
    head.headers.get(name).and_then(|value| value.to_str().ok())
}

/// `20241021T030000Z`.
fn date(text: &str) -> Option<Timestamp> {
    let civil = DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    TimeZone::UTC.to_timestamp(civil).ok()
}

fn incomplete(authorization: &str) -> ApiError {
    // The header is cut off before anything that could be a signature.
    let shown = authorization.split("Signature=").next().unwrap_or_default();
    ApiError::new(
        "IncompleteSignatureException",
        format!(
            "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters, and the request \
             an 'X-Amz-Date' header. Authorization={shown}"
        ),
        400,
    )
}

fn mismatch(message: String) -> ApiError {
    ApiError::new("InvalidSignatureException", message, 403)
}

/// HMAC-SHA256 (RFC 2104).
fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    const BLOCK: usize = 64;
    let mut block = [0_u8; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hmac_gives_the_known_answers() {
        // RFC 4231, test cases 2 and 6.
        assert_eq!(
            hex::encode(hmac(b"Jefe", b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            hex::encode(hmac(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }

    /// The example of AWS's documentation of Signature Version 4 ("get-vanilla" of its test suite).
    fn vanilla(secret: &str, max_skew: Option<SignedDuration>) -> Result<Caller, ApiError> {
        let request = http::Request::get("/")
            .header("host", "example.amazonaws.com")
            .header("x-amz-date", "20150830T123600Z")
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                 SignedHeaders=host;x-amz-date, \
                 Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            )
            .body(())
            .unwrap();
        let now = "2015-08-30T12:40:00Z".parse().unwrap();
        Verifier::new(secret, max_skew).verify(&request.into_parts().0, b"", now)
    }

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    #[test]
    fn the_published_example_is_accepted() {
        let caller = vanilla(SECRET, Some(SignedDuration::from_mins(15))).unwrap();
        assert_eq!(caller, Caller { access_key: "AKIDEXAMPLE".into(), region: "us-east-1".into() });
    }

    #[test]
    fn another_secret_and_another_time_are_not() {
        let error = vanilla("another", None).unwrap_err();
        assert_eq!((error.code.as_str(), error.status), ("InvalidSignatureException", 403));
        let error = vanilla(SECRET, Some(SignedDuration::from_mins(2))).unwrap_err();
        assert!(error.message.starts_with("Signature expired: 20150830T123600Z"), "{error}");
    }

    #[test]
    fn a_header_that_is_none_is_said_to_be_incomplete_and_not_shown_whole() {
        let request = http::Request::get("/")
            .header("authorization", "AWS4-HMAC-SHA256 Credential=AK/20150830, Signature=5ec5e7")
            .body(())
            .unwrap();
        let now = "2015-08-30T12:40:00Z".parse().unwrap();
        let error = Verifier::new(SECRET, None).verify(&request.into_parts().0, b"", now).unwrap_err();
        assert_eq!(error.code, "IncompleteSignatureException");
        assert!(!error.message.contains("5ec5e7"), "{error}");
    }
}
