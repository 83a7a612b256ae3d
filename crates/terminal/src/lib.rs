//! What a command of Emrys prints, and how: the one printer, styles, numbers, tables and spinners.
//!
//! ```text
//! spinner, table
//!   `-> printer     data on stdout, everything else on stderr
//!         `-> clock   the only place that reads the time
//! format            numbers for people
//! ```

pub mod clock;
pub mod format;
pub mod printer;
pub mod spinner;
pub mod table;
