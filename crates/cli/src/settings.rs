//! From the command line, the environment and the pipeline file to what a command works with.
//!
//! All of it is read and checked before anything is done: a mistake ends the command before its first call to AWS.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use emrys_core::config::{self, Catalog, Config, ConfigErrors, Unreadable};
use emrys_core::day::Day;
use emrys_core::queries::{self, Days};
use emrys_core::spec::{JobBundle, Spec};
use emrys_terminal::clock;

use crate::args::GlobalArgs;
use crate::commands::plan::PlanArgs;
use crate::commands::query::QueryArgs;
use crate::commands::run::RunArgs;
use crate::commands::runs::RunsArgs;
use crate::commands::status::StatusArgs;
use crate::error::CliError;

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

/// What `emrys plan` works with.
#[derive(Debug)]
pub(crate) struct PlanSettings {
    /// The pipeline on its day.
    pub(crate) spec: Spec,
    /// Where the plan is also written to.
    pub(crate) out: Option<PathBuf>,
}

impl PlanSettings {
    pub(crate) fn resolve(args: PlanArgs, common: &Common) -> Result<Self, CliError> {
        Ok(Self { spec: spec(&common.config, args.day)?, out: args.out })
    }
}

/// What `emrys run` works with.
#[derive(Debug)]
pub(crate) struct RunSettings {
    /// The pipeline on its day.
    pub(crate) spec: Spec,
}

impl RunSettings {
    pub(crate) fn resolve(args: &RunArgs, common: &Common) -> Result<Self, CliError> {
        Ok(Self { spec: spec(&common.config, args.day)? })
    }
}

/// What `emrys status` works with.
#[derive(Debug)]
pub(crate) struct StatusSettings {
    /// The pipeline on its day.
    pub(crate) spec: Spec,
}

impl StatusSettings {
    pub(crate) fn resolve(args: &StatusArgs, common: &Common) -> Result<Self, CliError> {
        Ok(Self { spec: spec(&common.config, args.day)? })
    }
}

/// What a command works with that is about one day: `emrys attach`, `cancel`, `unlock`.
#[derive(Debug)]
pub(crate) struct DaySettings {
    /// The pipeline on its day.
    pub(crate) spec: Spec,
}

impl DaySettings {
    pub(crate) fn resolve(day: Day, common: &Common) -> Result<Self, CliError> {
        Ok(Self { spec: spec(&common.config, Some(day))? })
    }
}

/// What `emrys runs` works with.
#[derive(Debug)]
pub(crate) struct RunsSettings {
    /// The pipeline, on the day that is shown or on any.
    pub(crate) spec: Spec,
    /// How many days are listed.
    pub(crate) last: Option<usize>,
}

impl RunsSettings {
    pub(crate) fn resolve(args: &RunsArgs, common: &Common) -> Result<Self, CliError> {
        Ok(Self { spec: spec(&common.config, args.day)?, last: args.last })
    }
}

/// What `emrys gc` works with.
#[derive(Debug)]
pub(crate) struct GcSettings {
    /// The pipeline, on the day that is meant or on any.
    pub(crate) spec: Spec,
}

impl GcSettings {
    pub(crate) fn resolve(day: Option<Day>, common: &Common) -> Result<Self, CliError> {
        Ok(Self { spec: spec(&common.config, day)? })
    }
}

/// What `emrys query` works with.
#[derive(Debug)]
pub(crate) struct QuerySettings {
    /// The pipeline, on any day.
    pub(crate) spec: Spec,
    /// Where its tables are.
    pub(crate) catalog: Catalog,
    /// The SQL.
    pub(crate) statement: String,
    /// SQL literals for its `?`.
    pub(crate) parameters: Vec<String>,
    /// The days that they stand for, if there are any.
    pub(crate) days: Option<Days>,
}

impl QuerySettings {
    pub(crate) fn resolve(args: &QueryArgs, statement: String, common: &Common) -> Result<Self, CliError> {
        let spec = spec(&common.config, None)?;
        let catalog = spec.config.catalog.clone().ok_or(CliError::NoCatalog)?;
        if let Some(name) = args.named.clone().filter(|_| spec.config.job.is_some()) {
            return Err(CliError::NamedElsewhere { name });
        }
        // The day that the other commands take when none is named.
        let yesterday = spec.day;
        let asked = match (args.day, args.from) {
            (Some(day), _) => Some(Days::one(day)),
            (None, Some(from)) => Some(Days::new(from, args.to.unwrap_or(yesterday))?),
            (None, None) => None,
        };
        let default = Days::one(yesterday);
        let parameters = queries::parameters(&statement, asked, default)?;
        let days = (!parameters.is_empty()).then(|| asked.unwrap_or(default));
        Ok(Self { spec, catalog, statement, parameters, days })
    }
}

/// What `emrys sweep` works with.
#[derive(Debug)]
pub(crate) struct SweepSettings {
    /// The pipeline, on any day.
    pub(crate) spec: Spec,
}

impl SweepSettings {
    pub(crate) fn resolve(common: &Common) -> Result<Self, CliError> {
        Ok(Self { spec: spec(&common.config, None)? })
    }
}

/// What `emrys setup` and `emrys destroy` work with.
#[derive(Debug)]
pub(crate) struct ManagedSettings {
    /// The pipeline, on any day.
    pub(crate) spec: Spec,
}

impl ManagedSettings {
    pub(crate) fn resolve(common: &Common) -> Result<Self, CliError> {
        Ok(Self { spec: spec(&common.config, None)? })
    }
}

/// The pipeline of a file, on this day or on yesterday in its own time zone.
pub(crate) fn spec(file: &Path, day: Option<Day>) -> Result<Spec, CliError> {
    let bytes =
        std::fs::read(file).map_err(|source| CliError::ConfigFile { path: file.to_owned(), source })?;
    let (config, files) =
        read(file, &bytes).map_err(|errors| CliError::Config { path: file.to_owned(), errors })?;
    let day = day.unwrap_or_else(|| Day::yesterday(clock::now(), &config.source.time_zone));
    let bundle = match &config.job {
        Some(_) => JobBundle { files },
        None => emrys_control_plane::built_in_job(),
    };
    Ok(Spec::new(config, day, bundle)?)
}

/// The files of the user's own job, with their names.
type Files = Vec<(String, Arc<[u8]>)>;

/// The pipeline file, and the files of the job as they lie beside it.
fn read(file: &Path, bytes: &[u8]) -> Result<(Config, Files), ConfigErrors> {
    let shown = file.display().to_string();
    let folder = file.parent().unwrap_or(Path::new(""));
    let mut files = Vec::new();
    let config = emrys_core::pipeline_file::read_with(&shown, config::decode(&shown, bytes)?, |local| {
        let path = folder.join(local);
        let content = std::fs::read(&path).map_err(|error| unreadable(&path, &error))?;
        files.push((file_name(local), Arc::from(content)));
        Ok(())
    })?;
    Ok((config, files))
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
