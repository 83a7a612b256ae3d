//! Addresses in S3.
//!
//! An address is a bucket and a key, kept as they are: keys are not paths, so `//`, spaces and any letter of any
//! script stay what they were. A key that is empty or ends with `/` is a folder, as far as S3 has such a thing.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The address of an object or of a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct S3Uri {
    bucket: String,
    key: String,
}

/// Why a text is not an address in S3.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum S3UriError {
    /// It begins with something else.
    #[error("an address begins with `s3://`")]
    Scheme,
    /// The bucket's name is not one that S3 would take.
    #[error(
        "`{bucket}` is no bucket name: 3 to 63 lower-case letters, digits, dots and hyphens, a letter or digit at both ends"
    )]
    Bucket {
        /// The name.
        bucket: String,
    },
    /// S3 takes keys of up to 1,024 bytes.
    #[error("the key has {bytes} bytes, and S3 takes 1,024 at most")]
    LongKey {
        /// Its length.
        bytes: usize,
    },
    /// A line break or another control character.
    #[error("the key holds a control character")]
    ControlCharacter,
}

impl S3Uri {
    /// The bucket.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The key; empty for the bucket itself.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether this is a folder, or the whole bucket.
    pub fn is_folder(&self) -> bool {
        self.key.is_empty() || self.key.ends_with('/')
    }

    /// What lies in this folder by that name. A `/` comes between where this is no folder.
    pub fn join(&self, rest: &str) -> Self {
        let between = if self.is_folder() { "" } else { "/" };
        Self { bucket: self.bucket.clone(), key: format!("{}{between}{rest}", self.key) }
    }

    /// The address of another key in the same bucket.
    pub fn with_key(&self, key: &str) -> Self {
        Self { bucket: self.bucket.clone(), key: key.to_owned() }
    }

    /// Whether the other address is this folder, or lies in it.
    pub fn contains(&self, other: &Self) -> bool {
        self.is_folder() && self.bucket == other.bucket && other.key.starts_with(&self.key)
    }

    /// The last part of the key: the file's name, or empty for a folder.
    pub fn file_name(&self) -> &str {
        self.key.rsplit('/').next().unwrap_or_default()
    }
}

impl fmt::Display for S3Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

impl FromStr for S3Uri {
    type Err = S3UriError;

    /// Hadoop's `s3a://` and `s3n://` are read as well; all three mean the same to EMR.
    fn from_str(text: &str) -> Result<Self, S3UriError> {
        let rest = ["s3://", "s3a://", "s3n://"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme))
            .ok_or(S3UriError::Scheme)?;
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        if !is_bucket_name(bucket) {
            return Err(S3UriError::Bucket { bucket: bucket.to_owned() });
        }
        if key.len() > 1024 {
            return Err(S3UriError::LongKey { bytes: key.len() });
        }
        if key.chars().any(char::is_control) {
            return Err(S3UriError::ControlCharacter);
        }
        Ok(Self { bucket: bucket.to_owned(), key: key.to_owned() })
    }
}

impl TryFrom<String> for S3Uri {
    type Error = S3UriError;

    fn try_from(text: String) -> Result<Self, S3UriError> {
        text.parse()
    }
}

impl From<S3Uri> for String {
    fn from(uri: S3Uri) -> Self {
        uri.to_string()
    }
}

/// The rules of general purpose buckets, as far as they can be read off the name.
fn is_bucket_name(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
    let ends = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (3..=63).contains(&name.len())
        && name.chars().all(inner)
        && name.starts_with(ends)
        && name.ends_with(ends)
        && !name.contains("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> S3Uri {
        text.parse().unwrap()
    }

    #[test]
    fn keys_stay_as_they_are() {
        for text in [
            "s3://my-bucket/",
            "s3://my-bucket/a/b.log",
            "s3://my-bucket//double//slashes/",
            "s3://my-bucket/with a space/and+plus%20percent",
            "s3://my.bucket/Jahresübersicht/日誌/📜.log",
            "s3://my-bucket/time=03:00:00/x",
        ] {
            assert_eq!(uri(text).to_string(), text);
        }
    }

    #[test]
    fn hadoops_schemes_and_a_bare_bucket_are_read() {
        assert_eq!(uri("s3a://my-bucket/a").to_string(), "s3://my-bucket/a");
        assert_eq!(uri("s3n://my-bucket/a").to_string(), "s3://my-bucket/a");
        assert_eq!(uri("s3://my-bucket").to_string(), "s3://my-bucket/");
        assert!(uri("s3://my-bucket").is_folder());
    }

    #[test]
    fn what_s3_would_not_take_is_refused() {
        for text in
            ["", "my-bucket/a", "http://my-bucket/a", "S3://my-bucket/a", "/data/logs", "s3:/my-bucket/a"]
        {
            assert_eq!(text.parse::<S3Uri>(), Err(S3UriError::Scheme), "{text}");
        }
        for text in [
            "s3://",
            "s3:///a",
            "s3://ab/a",
            "s3://My-Bucket/a",
            "s3://my_bucket/a",
            "s3://-bucket/a",
            "s3://b..c/a",
        ] {
            assert!(matches!(text.parse::<S3Uri>(), Err(S3UriError::Bucket { .. })), "{text}");
        }
        let long = format!("s3://my-bucket/{}", "é".repeat(513));
        assert_eq!(long.parse::<S3Uri>(), Err(S3UriError::LongKey { bytes: 1026 }));
        assert_eq!("s3://my-bucket/a\nb".parse::<S3Uri>(), Err(S3UriError::ControlCharacter));
    }

    #[test]
    fn a_folder_is_joined_and_contains() {
        assert_eq!(uri("s3://my-bucket/a/").join("b/c").to_string(), "s3://my-bucket/a/b/c");
        assert_eq!(uri("s3://my-bucket/a").join("b").to_string(), "s3://my-bucket/a/b");
        assert_eq!(uri("s3://my-bucket").join("b").to_string(), "s3://my-bucket/b");
        assert!(uri("s3://my-bucket/a/").contains(&uri("s3://my-bucket/a/b")));
        assert!(uri("s3://my-bucket").contains(&uri("s3://my-bucket/a/b")));
        assert!(!uri("s3://my-bucket/a/").contains(&uri("s3://my-bucket/ab")));
        assert!(!uri("s3://my-bucket/a").contains(&uri("s3://my-bucket/a/b")), "an object contains nothing");
        assert!(!uri("s3://my-bucket/a/").contains(&uri("s3://other-bucket/a/b")));
        assert_eq!(uri("s3://my-bucket/a/b.py").file_name(), "b.py");
        assert_eq!(uri("s3://my-bucket/a/").file_name(), "");
    }

    #[test]
    fn json_holds_the_text() {
        let json = serde_json::to_string(&uri("s3a://my-bucket/a b")).unwrap();
        assert_eq!(json, "\"s3://my-bucket/a b\"");
        assert_eq!(serde_json::from_str::<S3Uri>(&json).unwrap(), uri("s3://my-bucket/a b"));
        assert!(serde_json::from_str::<S3Uri>("\"nowhere\"").is_err());
    }
}
