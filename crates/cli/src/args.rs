//! The options that every command takes.

use std::path::PathBuf;

use clap::{ArgAction, Args, ColorChoice, ValueEnum, ValueHint};

use crate::env;

/// The pipeline file when none is named.
pub(crate) const CONFIG: &str = "emrys.toml";
/// The data of the embedded AWS when no place is named.
pub(crate) const LOCAL_DIR: &str = ".emrys/local";

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// The pipeline file
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    #[arg(env = env::CONFIG, hide_env_values = true, default_value = CONFIG)]
    pub(crate) config: PathBuf,
    /// Use the embedded AWS on this machine instead of AWS
    #[arg(long, global = true)]
    pub(crate) local: bool,
    /// Where the embedded AWS keeps its data
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    #[arg(env = env::LOCAL_DIR, hide_env_values = true, default_value = LOCAL_DIR)]
    pub(crate) local_dir: PathBuf,
    /// Print one JSON document on stdout, errors included
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// How progress and log records are written to stderr
    #[arg(long, global = true, value_name = "FORMAT", value_enum)]
    #[arg(env = env::LOG_FORMAT, hide_env_values = true, default_value_t)]
    pub(crate) log_format: LogFormat,
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t)]
    pub(crate) color: ColorChoice,
    /// Show more log records; twice or three times for still more
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// How stderr is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people
    #[default]
    Text,
    /// One JSON object a line
    Json,
}

impl From<LogFormat> for emrys_terminal::printer::LogFormat {
    fn from(format: LogFormat) -> Self {
        match format {
            LogFormat::Text => Self::Text,
            LogFormat::Json => Self::Json,
        }
    }
}
