//! What all commands share: the global options, and the pipeline file.
//!
//! Each command resolves its own settings beside its arguments. All of it is read and checked before anything is done:
//! a mistake ends the command before its first call to AWS.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use emrys_core::config::{self, Config, ConfigErrors, Unreadable};
use emrys_core::day::Day;
use emrys_core::job::JobBundle;
use emrys_core::pipeline_file;
use emrys_core::spec::{Spec, SpecError};
use emrys_terminal::clock;

use crate::args::{CONFIG, GlobalArgs};

/// What every command knows.
#[derive(Debug, Clone)]
pub(crate) struct Common {
    /// The pipeline file.
    pub(crate) config: PathBuf,
    /// Where AWS is.
    pub(crate) place: PlaceChoice,
    /// Where the embedded AWS keeps its data.
    #[cfg_attr(not(feature = "local"), expect(dead_code, reason = "this build has no embedded AWS"))]
    pub(crate) local_dir: PathBuf,
    /// Whether one JSON document is wanted on stdout.
    pub(crate) json: bool,
}

/// Which AWS is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlaceChoice {
    /// AWS, or what the AWS environment and profile say it is.
    Aws,
    /// The embedded one.
    Embedded,
}

impl Common {
    /// From the command line and the environment.
    pub(crate) fn new(global: &GlobalArgs) -> Self {
        let place = if global.local { PlaceChoice::Embedded } else { PlaceChoice::Aws };
        Self { config: global.config.clone(), place, local_dir: global.local_dir.clone(), json: global.json }
    }
}

/// The pipeline file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    /// It cannot be read.
    #[error("cannot read the pipeline file `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It has mistakes.
    #[error("{}", mistakes(path, errors))]
    Config {
        /// The file.
        path: PathBuf,
        /// All of them.
        errors: ConfigErrors,
    },
    /// The pipeline cannot be run on this day.
    #[error(transparent)]
    Spec(#[from] SpecError),
}

impl SettingsError {
    /// What a person can do about it.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::File { path, source } => Some(file_hint(path, source)),
            // Each mistake has its own.
            Self::Config { .. } | Self::Spec(_) => None,
        }
    }

    /// The mistakes in the file, if that is what is wrong.
    pub(crate) fn mistakes(&self) -> Option<&ConfigErrors> {
        match self {
            Self::Config { errors, .. } => Some(errors),
            Self::File { .. } | Self::Spec(_) => None,
        }
    }
}

fn mistakes(path: &Path, errors: &ConfigErrors) -> String {
    let count = errors.problems.len();
    let s = if count == 1 { "" } else { "s" };
    format!("{count} mistake{s} in `{}`", path.display())
}

fn file_hint(path: &Path, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => {
            let demo = if cfg!(feature = "local") { ", or see one at work with `emrys demo`" } else { "" };
            format!("name a pipeline file with `--config FILE`{demo}")
        }
        io::ErrorKind::IsADirectory => {
            let inside = path.join(CONFIG);
            format!("this is a folder: name the file in it, such as `--config {}`", inside.display())
        }
        _ => "see that it is a file and can be read, or name another with `--config FILE`".to_owned(),
    }
}

/// The pipeline of the pipeline file, on this day or on yesterday in its own time zone, for a command that launches
/// nothing: the files of the job may be on another machine.
pub(crate) fn spec(common: &Common, day: Option<Day>) -> Result<Spec, SettingsError> {
    let config = read(common, pipeline_file::read)?;
    let day = day_or_yesterday(day, &config);
    Ok(Spec::without_job(config, day)?)
}

/// The same with the files of the job, for a command that may launch.
pub(crate) fn spec_with_job(common: &Common, day: Option<Day>) -> Result<Spec, SettingsError> {
    let folder = common.config.parent().unwrap_or(Path::new(""));
    let mut files = Vec::new();
    let local = |local: &str| {
        let path = folder.join(local);
        let content = std::fs::read(&path).map_err(|error| unreadable(&path, &error))?;
        files.push((file_name(local), Arc::from(content)));
        Ok(())
    };
    let config = read(common, |file, text| pipeline_file::read_with(file, text, local))?;
    let day = day_or_yesterday(day, &config);
    let bundle = match &config.job {
        Some(_) => JobBundle { files },
        None => emrys_control_plane::built_in_job(),
    };
    Ok(Spec::new(config, day, bundle)?)
}

fn day_or_yesterday(day: Option<Day>, config: &Config) -> Day {
    day.unwrap_or_else(|| Day::yesterday(clock::now(), &config.source.time_zone))
}

/// The configuration in the pipeline file. `parse` gets the name of the file, as it is shown, and its text.
fn read(
    common: &Common,
    parse: impl FnOnce(&str, &str) -> Result<Config, ConfigErrors>,
) -> Result<Config, SettingsError> {
    let path = &common.config;
    let bytes = std::fs::read(path).map_err(|source| SettingsError::File { path: path.clone(), source })?;
    let file = path.display().to_string();
    let config = config::decode(&file, &bytes).and_then(|text| parse(&file, text));
    config.map_err(|errors| SettingsError::Config { path: path.clone(), errors })
}

fn unreadable(path: &Path, error: &io::Error) -> Unreadable {
    let observed = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let observed = observed.display();
    let (why, hint) = match error.kind() {
        io::ErrorKind::NotFound => (
            "there is no such file".to_owned(),
            format!(
                "a path is relative to the folder of the pipeline file; this one was looked for at `{observed}`"
            ),
        ),
        io::ErrorKind::IsADirectory => {
            ("it is a folder".to_owned(), "name a file; of a folder with a package, make a `.zip`".to_owned())
        }
        _ => (error.to_string(), format!("see that `{observed}` can be read")),
    };
    Unreadable { why, hint }
}

/// A file is uploaded under its name alone.
fn file_name(path: &str) -> String {
    path.rsplit(['/', '\\']).next().unwrap_or(path).to_owned()
}
