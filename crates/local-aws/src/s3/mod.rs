//! S3 over the object store.
