//! Bodies on their way in: spooled, and checked against the checksums that the client gave.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures::StreamExt as _;
use http::HeaderMap;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::Checksum as _;
use s3s::dto::{Checksum, StreamingBlob};
use s3s::{S3Error, S3ErrorCode, S3Result, TrailingHeaders, s3_error};

use crate::store::{Spool, Store, StoreError};

/// The algorithms, as the headers name them.
const ALGORITHMS: [&str; 5] = ["crc32", "crc32c", "crc64nvme", "sha1", "sha256"];

/// Checksums, base64, by algorithm.
pub(super) type Checksums = BTreeMap<String, String>;

/// Reads a body into a spool. The answer has the checksums of the algorithms that the client uses.
pub(super) async fn receive(
    store: &Store,
    body: Option<StreamingBlob>,
    headers: &HeaderMap,
    trailers: Option<&TrailingHeaders>,
) -> S3Result<(Spool, Checksums)> {
    let mut hasher = hasher(headers);
    let mut spool = store.spool()?;
    let mut body = body;
    while let Some(piece) = match &mut body {
        Some(body) => body.next().await,
        None => None,
    } {
        let piece = piece.map_err(|error| {
            let mut answer = s3_error!(IncompleteBody, "The request body could not be read: {error}");
            answer.set_source(error);
            answer
        })?;
        hasher.update(&piece);
        spool.write(&piece).map_err(|source| StoreError::Io { doing: "write a body", source })?;
    }
    let computed = by_algorithm(hasher.finalize());
    check_md5(headers, &spool)?;
    check_headers(headers, &computed)?;
    if let Some(trailers) = trailers {
        trailers.read(|trailers| check_headers(trailers, &computed)).unwrap_or(Ok(()))?;
    }
    Ok((spool, computed))
}

/// A hasher for the algorithms that a request gives a checksum of, or announces to give one of after the body.
fn hasher(headers: &HeaderMap) -> ChecksumHasher {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let announced = text("x-amz-trailer").to_ascii_lowercase();
    let chosen = text("x-amz-sdk-checksum-algorithm").to_ascii_lowercase();
    let uses = |algorithm: &str| {
        let header = header(algorithm);
        headers.contains_key(&header)
            || announced.split(',').any(|trailer| trailer.trim() == header)
            || chosen == algorithm
    };
    ChecksumHasher {
        crc32: uses("crc32").then(s3s::crypto::Crc32::new),
        crc32c: uses("crc32c").then(s3s::crypto::Crc32c::new),
        crc64nvme: uses("crc64nvme").then(s3s::crypto::Crc64Nvme::new),
        sha1: uses("sha1").then(s3s::crypto::Sha1::new),
        sha256: uses("sha256").then(s3s::crypto::Sha256::new),
    }
}

fn header(algorithm: &str) -> String {
    format!("x-amz-checksum-{algorithm}")
}

fn by_algorithm(checksum: Checksum) -> Checksums {
    let Checksum {
        checksum_crc32, checksum_crc32c, checksum_crc64nvme, checksum_sha1, checksum_sha256, ..
    } = checksum;
    let values = [checksum_crc32, checksum_crc32c, checksum_crc64nvme, checksum_sha1, checksum_sha256];
    ALGORITHMS.iter().zip(values).filter_map(|(name, value)| Some(((*name).to_owned(), value?))).collect()
}

fn check_headers(headers: &HeaderMap, computed: &Checksums) -> S3Result<()> {
    for (algorithm, value) in computed {
        let Some(given) = headers.get(header(algorithm)) else {
            continue;
        };
        if given.as_bytes() != value.as_bytes() {
            let name = algorithm.to_ascii_uppercase();
            return Err(s3_error!(
                BadDigest,
                "The {name} you specified did not match the calculated checksum."
            ));
        }
    }
    Ok(())
}

fn check_md5(headers: &HeaderMap, spool: &Spool) -> S3Result<()> {
    let Some(given) = headers.get("content-md5") else {
        return Ok(());
    };
    let given: [u8; 16] =
        BASE64.decode(given.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| {
            S3Error::with_message(S3ErrorCode::InvalidDigest, "The Content-MD5 you specified was invalid.")
        })?;
    if given == spool.md5() {
        Ok(())
    } else {
        Err(s3_error!(BadDigest, "The Content-MD5 you specified did not match what we received."))
    }
}
