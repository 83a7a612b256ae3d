//! The steps side.
