//! Bounded decompression: the one place where a request's body is unpacked.

use std::io::Read as _;

use flate2::bufread::MultiGzDecoder;

/// Unpacks gzip (of any number of members) to at most `limit` bytes.
pub(super) fn gunzip(packed: &[u8], limit: usize) -> Result<Vec<u8>, String> {
    let mut plain = Vec::new();
    let bound = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(packed)
        .take(bound)
        .read_to_end(&mut plain)
        .map_err(|error| format!("the body is not valid gzip: {error}"))?;
    if plain.len() > limit { Err(format!("the body unpacks to more than {limit} bytes")) } else { Ok(plain) }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_body_is_unpacked_up_to_the_limit() {
        let two_members = [gzip(b"one, "), gzip(b"two")].concat();
        assert_eq!(gunzip(&two_members, 8).unwrap(), b"one, two");
        assert!(gunzip(&two_members, 7).unwrap_err().contains("more than 7 bytes"));
        assert!(gunzip(b"plain", 100).is_err());
    }
}
