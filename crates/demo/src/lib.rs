//! What `emrys demo` has beside the ordinary commands: a made-up day of logs, and its results as a person sees them.
//!
//! The command itself stands in `crates/cli`: it is `emrys plan` and `emrys run` with the chapters of this crate around
//! them.
//!
//! ```text
//! chapters    what the demo does and prints around the commands
//!   |-> day_of_logs -> catalog -> random     the day, made from a seed
//!   |-> results (results.py), journal        what came of it, read back
//!   `-> show                                 that, as tables
//! ```

mod catalog;
mod chapters;
mod day_of_logs;
mod error;
mod journal;
mod random;
mod results;
mod show;

pub use chapters::{
    PIPELINE_FILE, chapter, compared, list_calls, list_results, print_day, print_next_steps, reported, spark,
    store_day, write_pipeline_file,
};
pub use day_of_logs::{DayOfLogs, Facts, LogFile, make_day};
pub use error::DemoError;
pub use journal::{CallCount, calls_since, last_seq};
pub use results::{Results, fetch};
