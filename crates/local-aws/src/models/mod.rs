//! The service models, and validation of requests against them.
