//! The object store under the S3 endpoint.
