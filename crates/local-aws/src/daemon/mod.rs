//! One process per directory.
