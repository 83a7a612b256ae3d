//! Objects, what is known of them, and conditions on them.

use std::collections::BTreeMap;
use std::fs::File;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::StoreError;

/// A bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketInfo {
    /// Its name.
    pub name: String,
    /// When it was created.
    pub created: Timestamp,
}

/// What a writer says about an object beside its bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Attributes {
    /// `Content-Type`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// `Content-Encoding`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
    /// `Content-Language`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_language: Option<String>,
    /// `Content-Disposition`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_disposition: Option<String>,
    /// `Cache-Control`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<String>,
    /// `x-amz-meta-*`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// Checksums of the whole object, base64, by the algorithm's lower-case name: `crc32`, `sha256` ….
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub checksums: BTreeMap<String, String>,
}

/// What is known of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Its length in bytes.
    pub size: u64,
    /// When it was written.
    pub modified: Timestamp,
    /// The ETag, without quotes.
    pub etag: String,
    /// What its writer said; empty for what was written behind the store's back.
    pub attributes: Attributes,
}

/// An object, opened: its bytes stay readable whatever happens to the key.
#[derive(Debug)]
pub struct Object {
    /// What is known of it.
    pub info: ObjectInfo,
    /// Its bytes.
    pub content: Content,
}

/// Where an object's bytes are.
#[derive(Debug)]
pub enum Content {
    /// In memory.
    Bytes(Bytes),
    /// In an open file; of interest are its first `info.size` bytes.
    File(File),
}

/// What a request expects to find under its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// `*`: anything.
    Any,
    /// An object with this ETag (without quotes).
    Etag(String),
}

impl Expected {
    /// Whether an object with this ETag is what is expected.
    pub fn matches(&self, etag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Etag(expected) => expected == etag,
        }
    }
}

/// The conditions of a write or delete. The default is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// Only if the key's object is this one.
    pub if_match: Option<Expected>,
    /// Only if the key's object is not this one.
    pub if_none_match: Option<Expected>,
}

impl Condition {
    /// `If-None-Match: *`: only if the key is free.
    pub fn absent() -> Self {
        Self { if_match: None, if_none_match: Some(Expected::Any) }
    }

    /// `If-Match: etag`: only if the key's object is the one with this ETag.
    pub fn etag(etag: impl Into<String>) -> Self {
        Self { if_match: Some(Expected::Etag(etag.into())), if_none_match: None }
    }

    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        self.if_match.is_none() && self.if_none_match.is_none()
    }

    /// Whether the key must be free.
    pub(super) fn wants_absence(&self) -> bool {
        self.if_none_match == Some(Expected::Any)
    }

    /// Checks the conditions against the ETag that the key's object has now.
    pub fn check(&self, key: &str, etag: Option<&str>) -> Result<(), StoreError> {
        match (&self.if_match, etag) {
            // As S3: a condition on an object that is not there is not "another object", it is "no such key".
            (Some(_), None) => return Err(StoreError::NoSuchKey(key.to_owned())),
            (Some(expected), Some(etag)) if !expected.matches(etag) => {
                return Err(StoreError::PreconditionFailed("If-Match"));
            }
            _ => {}
        }
        match (&self.if_none_match, etag) {
            (Some(expected), Some(etag)) if expected.matches(etag) => {
                Err(StoreError::PreconditionFailed("If-None-Match"))
            }
            _ => Ok(()),
        }
    }
}
