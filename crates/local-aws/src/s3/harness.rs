//! Requests as an SDK would sign them (Signature Version 4), so that the tests go the whole way, and their answers.

use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use http_body_util::BodyExt as _;
use s3s::Body;
use s3s::service::S3Service;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::service;
use crate::clock::Clock;
use crate::journal::CallRecord;
use crate::store::Store;

/// The secret that tests sign with.
pub(super) const SECRET: &str = "local-secret";
/// The region that tests sign for.
pub(super) const REGION: &str = "eu-central-1";

const STAMP: &str = "20241021T030000Z";
const DAY: &str = "20241021";

/// HMAC-SHA-256, as RFC 2104 has it.
fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut block = [0_u8; 64];
    block[..key.len()].copy_from_slice(key);
    let pad = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().into()
}

/// Signs a request. `path` is encoded, `query` encoded and sorted, `payload` the value of `x-amz-content-sha256`.
pub(crate) fn signed(
    (method, path, query): (&str, &str, &str),
    headers: &[(&str, &str)],
    payload: &str,
    body: impl Into<Body>,
    secret: &str,
) -> Request<Body> {
    let mut all: Vec<(String, String)> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    for (name, value) in [("host", "localhost"), ("x-amz-content-sha256", payload), ("x-amz-date", STAMP)] {
        all.push((name.to_owned(), value.to_owned()));
    }
    all.sort();
    let names = all.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";");
    let lines: Vec<String> = all
        .iter()
        .map(|(name, value)| {
            format!(
                "{name}:{value}
"
            )
        })
        .collect();
    let lines = lines.concat();
    let canonical = format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{payload}");
    let scope = format!("{DAY}/{REGION}/s3/aws4_request");
    let text = format!("AWS4-HMAC-SHA256\n{STAMP}\n{scope}\n{}", hex::encode(Sha256::digest(canonical)));
    let mut key = hmac(format!("AWS4{secret}").as_bytes(), DAY.as_bytes());
    for part in [REGION, "s3", "aws4_request"] {
        key = hmac(&key, part.as_bytes());
    }
    let signature = hex::encode(hmac(&key, text.as_bytes()));
    let mut request = Request::new(body.into());
    *request.method_mut() = method.parse().unwrap();
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    *request.uri_mut() = format!("{path}{query}").parse().unwrap();
    for (name, value) in &all {
        request
            .headers_mut()
            .append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
    }
    let authorization =
        format!("AWS4-HMAC-SHA256 Credential=ANY/{scope}, SignedHeaders={names}, Signature={signature}");
    request.headers_mut().insert(http::header::AUTHORIZATION, authorization.parse().unwrap());
    request
}

pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
    pub(super) record: CallRecord,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The text of the first XML element of this name.
    pub(super) fn element(&self, name: &str) -> Option<&str> {
        let (_, rest) = self.body.split_once(&format!("<{name}>"))?;
        rest.split_once(&format!("</{name}>")).map(|(text, _)| text)
    }

    /// The texts of all XML elements of this name.
    pub(super) fn elements(&self, name: &str) -> Vec<&str> {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let parts: Vec<&str> = self.body.split(open.as_str()).skip(1).collect();
        parts.into_iter().filter_map(|part| part.split_once(close.as_str())).map(|(text, _)| text).collect()
    }

    pub(super) fn request(&self) -> Value {
        self.record.read().request.unwrap()
    }

    /// Checks the status and the error's code.
    pub(super) fn is_error(&self, status: u16, code: &str) {
        assert_eq!((self.status.as_u16(), self.element("Code")), (status, Some(code)), "{}", self.body);
    }
}

pub(super) fn store() -> Store {
    let store = Store::memory(clock());
    store.create_bucket("logs").unwrap();
    store
}

pub(super) fn clock() -> Clock {
    Clock::stepped("2024-10-21T03:00:00Z".parse().unwrap())
}

pub(super) fn s3(store: &Store) -> S3Service {
    service(store.clone(), clock(), SECRET, REGION)
}

pub(super) async fn send(service: &S3Service, mut request: Request<Body>) -> Answer {
    let record = CallRecord::new();
    request.extensions_mut().insert(record.clone());
    let (parts, body) = service.call(request).await.unwrap().into_parts();
    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    Answer { status: parts.status, headers: parts.headers, body, record }
}

pub(super) async fn call(
    service: &S3Service,
    line: (&str, &str, &str),
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let length = body.len().to_string();
    let mut headers = headers.to_vec();
    headers.push(("content-length", &length));
    send(service, signed(line, &headers, "UNSIGNED-PAYLOAD", body.to_owned(), SECRET)).await
}
