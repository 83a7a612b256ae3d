//! Router and codecs.
