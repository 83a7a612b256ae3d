//! The journal of calls.
