//! What the store can answer other than success.

use std::io;

use thiserror::Error;

/// Why the store did not do as asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// There is no such bucket.
    #[error("bucket {0} does not exist")]
    NoSuchBucket(String),
    /// The bucket is there already.
    #[error("bucket {0} already exists")]
    BucketExists(String),
    /// Only an empty bucket can be deleted.
    #[error("bucket {0} is not empty")]
    BucketNotEmpty(String),
    /// No bucket can have this name.
    #[error("{0:?} is not a valid bucket name")]
    InvalidBucketName(String),
    /// There is no such object.
    #[error("key {0:?} does not exist")]
    NoSuchKey(String),
    /// No object can have this key: it is empty, or longer than 1024 bytes.
    #[error("no object can have a key of {0} bytes")]
    InvalidKey(usize),
    /// A condition of the request does not hold.
    #[error("the condition {0} does not hold")]
    PreconditionFailed(&'static str),
    /// There is no such multipart upload, or it is completed or aborted.
    #[error("upload {0:?} does not exist")]
    NoSuchUpload(String),
    /// A part that was never uploaded, or whose ETag is another.
    #[error("part {0} was not uploaded, or has another ETag")]
    InvalidPart(u32),
    /// The parts of a complete request must ascend.
    #[error("the parts are not in ascending order")]
    InvalidPartOrder,
    /// The file system refused.
    #[error("failed to {doing}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl StoreError {
    /// For `map_err`: an I/O error while `doing` something.
    pub(super) fn io(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, source }
    }
}
