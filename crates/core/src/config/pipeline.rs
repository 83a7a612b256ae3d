//! The file as a whole.

use jiff::tz::TimeZone;

use super::catalog::{self, Catalog, CatalogDraft};
use super::check;
use super::cluster::{self, Cluster, ClusterDraft};
use super::guard::{self, Guard};
use super::job::{self, JobDraft, UserJob};
use super::limits::{self, Alarms, Limits};
use super::problem::{ConfigErrors, Wrong};
use super::reader::{Reader, Section};
use super::retention::{self, LEAST_GRACE_HOURS, Retention};
use super::steps::{self, CustomStep, StepDraft, When};
use super::values;
use crate::day::Day;
use crate::s3_uri::S3Uri;
use crate::template::{Placeholder, Template};
use jiff::SignedDuration;

/// A pipeline, as its file describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// `pipeline`: the pipeline's name, part of every name and address that Emrys makes. Up to 64 letters, digits,
    /// `.`, `_` and `-`, a letter or digit first.
    pub pipeline: String,
    /// `region`: the AWS region of the cluster.
    pub region: String,
    /// `[source]`: the logs.
    pub source: Source,
    /// `[job]`: the user's own job; left out, the built-in log analysis runs.
    pub job: Option<UserJob>,
    /// `[[steps]]`: further steps, before or after the job, in the order in which they are written.
    pub steps: Vec<CustomStep>,
    /// `[output]`: the results.
    pub output: Output,
    /// `[state]`: the records of the runs.
    pub state: StateStore,
    /// `[cluster]`: what is launched.
    pub cluster: Cluster,
    /// `[limits]`: how long, how often, how bad.
    pub limits: Limits,
    /// `[guard]`: what ends a cluster that everybody forgot; left out, only what runs in the cluster does.
    pub guard: Option<Guard>,
    /// `[catalog]`: where results are published to, and how they are queried; left out, they are not published.
    pub catalog: Option<Catalog>,
    /// `[alarms]`: when a missing success is an alarm, and who hears of it.
    pub alarms: Alarms,
    /// `[retention]`: what is archived and deleted by its age; left out, no rule of a bucket is made, and no day's
    /// output expires.
    pub retention: Option<Retention>,
}

/// `[source]`: the logs.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// `uri`: the folder of one day's logs, with placeholders for the day: `{yyyy}`, `{mm}` and `{dd}`, or `{day}`.
    pub uri: Template,
    /// `format`: how a log line is written. Default `json-lines`.
    pub format: SourceFormat,
    /// `time-zone`: the zone (IANA name) in which the logs are filed by day; it settles which day is yesterday.
    /// Default `UTC`.
    pub time_zone: TimeZone,
}

/// How a log line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceFormat {
    /// `json-lines`: one JSON object a line; files may be gzipped.
    JsonLines,
}

/// `[output]`: the results.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// `uri`: the folder below which each day has its results, in `yyyy/mm/dd/`.
    pub uri: S3Uri,
    /// `format`: what the built-in job writes, `parquet` or `csv`. Default `parquet`.
    pub format: OutputFormat,
}

/// What the built-in job writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputFormat {
    /// `parquet`: compressed with zstd.
    Parquet,
    /// `csv`: with a header line.
    Csv,
}

impl OutputFormat {
    /// As the configuration and the job spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
        }
    }
}

/// `[state]`: the records of the runs.
#[derive(Debug, Clone, PartialEq)]
pub struct StateStore {
    /// `uri`: the folder of records, job files and, unless `[cluster] log-uri` says otherwise, logs. It lies apart from
    /// source and output, so that the cluster can be denied the right to change it.
    pub uri: S3Uri,
}

/// Why a local file of the job cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// What is wrong with it.
    pub why: String,
    /// What to do about it.
    pub hint: String,
}

/// Reads a configuration, and lists all problems with it.
///
/// - `file` is how the file is named in the problems.
/// - `local` is asked for each local file of the job, by its path as written, in the order of [`UserJob::local_files`].
/// - `step_characters` counts the characters of each step's strings, in the order in which the steps run. The addresses
///   in them are made above this module.
pub fn read_with(
    file: &str,
    text: &str,
    local: impl FnMut(&str) -> Result<(), Unreadable>,
    step_characters: impl FnOnce(&Config) -> Vec<usize>,
) -> Result<Config, ConfigErrors> {
    let reader = Reader::new(file, text);
    let draft = read_root(reader.root()?);
    check::contradictions(&draft, &reader, step_characters);
    check::local_files(&draft, &reader, local);
    match draft.config() {
        Some(config) if reader.is_sound() => Ok(config),
        _ => Err(reader.errors()),
    }
}

/// The folder of a day's results.
pub fn day_folder(output: &S3Uri, day: Day) -> S3Uri {
    output.join(&format!("{}/{}/{}/", day.yyyy(), day.mm(), day.dd()))
}

/// The text of a file, or where it stops being one.
pub fn decode<'t>(file: &str, bytes: &'t [u8]) -> Result<&'t str, ConfigErrors> {
    std::str::from_utf8(bytes).map_err(|error| {
        let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let reader = Reader::new(file, &good);
        let wrong = Wrong::new("this letter is not in UTF-8, and the file is no TOML");
        reader.note(good.len(), "", wrong.hint("save the file in UTF-8"));
        reader.errors()
    })
}

/// The address of a day's logs up to its first placeholder.
pub(super) fn source_prefix(source: &Source) -> Option<S3Uri> {
    let prefix = source.uri.literal_begin();
    // Cut off within its name, a bucket is another bucket.
    let is_whole = prefix.split_once("://").is_some_and(|(_, rest)| rest.contains('/'));
    is_whole.then(|| prefix.parse().ok()).flatten()
}

/// Where EMR writes its logs when nothing else is said.
pub(super) fn log_folder(state: &StateStore) -> S3Uri {
    state.uri.join("emr-logs/")
}

/// What the built-in job's step is called.
pub(super) const BUILT_IN_STEP: &str = "log-analysis";

/// Keys of the whole that later versions have. They are refused by name, so that nobody relies on them.
const LATER: [(&str, &str); 2] = [("notify", "notification"), ("schedule", "a schedule")];

/// The file, as far as it could be read.
pub(super) struct Draft {
    pipeline: Option<String>,
    region: Option<String>,
    pub(super) source: Option<Source>,
    /// None where the built-in job runs.
    pub(super) job: Option<JobDraft>,
    pub(super) steps: Vec<StepDraft>,
    pub(super) output: Option<Output>,
    pub(super) state: Option<StateStore>,
    pub(super) cluster: ClusterDraft,
    pub(super) limits: Limits,
    guard: Option<Guard>,
    pub(super) catalog: Option<CatalogDraft>,
    alarms: Alarms,
    pub(super) retention: Option<Retention>,
}

impl Draft {
    /// The configuration, if nothing is missing that it cannot do without. Steps of which something is wrong are not in
    /// it.
    pub(super) fn config(&self) -> Option<Config> {
        let job = match &self.job {
            Some(draft) => Some(draft.whole()?),
            None => None,
        };
        let state = self.state.clone()?;
        let catalog = match &self.catalog {
            Some(draft) => Some(draft.whole(&state.uri)?),
            None => None,
        };
        Some(Config {
            pipeline: self.pipeline.clone()?,
            region: self.region.clone()?,
            source: self.source.clone()?,
            job,
            steps: self.steps.iter().filter_map(|step| step.whole.clone()).collect(),
            output: self.output.clone()?,
            state,
            cluster: self.cluster.whole.clone()?,
            limits: self.limits,
            guard: self.guard.clone(),
            catalog,
            alarms: self.alarms.clone(),
            retention: self.retention.clone(),
        })
    }
}

/// Reads everything, whatever was wrong before.
fn read_root(mut root: Section<'_, '_>) -> Draft {
    for (key, what) in LATER {
        root.not_yet(key, what);
    }
    let pipeline = root
        .require("pipeline", "give the pipeline a name: pipeline = \"web-logs\"")
        .and_then(|entry| entry.parsed(values::pipeline_name));
    let region = root
        .require("region", "name the region of the cluster: region = \"us-east-1\"")
        .and_then(|entry| entry.parsed(values::region));
    let source =
        root.required_section("source", "add [source], with the `uri` of a day's logs").and_then(read_source);
    let job = root.section("job").map(job::read);
    let steps = steps::read(&mut root);
    let output =
        root.required_section("output", "add [output], with the `uri` of the results").and_then(read_output);
    let state = root
        .required_section("state", "add [state], with the `uri` of Emrys's own records")
        .and_then(read_state);
    let cluster = root
        .required_section(
            "cluster",
            "add [cluster], with `release-label`, `service-role`, `instance-profile` and `subnets`",
        )
        .map(cluster::read)
        .unwrap_or_default();
    let limits = limits::read_limits(root.section("limits"));
    let guard = root.section("guard").and_then(guard::read);
    let catalog = root.section("catalog").map(catalog::read);
    let alarms = limits::read_alarms(root.section("alarms"));
    let retention = root.section("retention").map(retention::read);
    root.finish();
    Draft {
        pipeline,
        region,
        source,
        job,
        steps,
        output,
        state,
        cluster,
        limits,
        guard,
        catalog,
        alarms,
        retention,
    }
}

fn read_source(mut section: Section<'_, '_>) -> Option<Source> {
    let uri = section
        .require("uri", "name the folder of a day's logs: uri = \"s3://my-log-bucket/application-logs/{yyyy}/{mm}/{dd}/\"")
        .and_then(|entry| entry.parsed(values::day_folder));
    let format =
        section.parsed("format", |text| values::one_of(text, &[("json-lines", SourceFormat::JsonLines)]));
    let time_zone = section.parsed("time-zone", values::time_zone);
    section.not_yet("wait-for-input-minutes", "waiting for input");
    section.finish();
    Some(Source {
        uri: uri?,
        format: format.unwrap_or(SourceFormat::JsonLines),
        time_zone: time_zone.unwrap_or(TimeZone::UTC),
    })
}

fn read_output(mut section: Section<'_, '_>) -> Option<Output> {
    let uri = section
        .require("uri", "name the folder of the results: uri = \"s3://my-log-bucket/processed-logs/\"")
        .and_then(|entry| entry.parsed(values::folder));
    let formats = [("parquet", OutputFormat::Parquet), ("csv", OutputFormat::Csv)];
    let format = section.parsed("format", |text| values::one_of(text, &formats));
    section.finish();
    Some(Output { uri: uri?, format: format.unwrap_or(OutputFormat::Parquet) })
}

fn read_state(mut section: Section<'_, '_>) -> Option<StateStore> {
    let uri = section
        .require("uri", "name the folder of Emrys's own records: uri = \"s3://my-log-bucket/emrys/\"")
        .and_then(|entry| entry.parsed(values::folder));
    section.finish();
    Some(StateStore { uri: uri? })
}

impl Config {
    /// What the addresses of all days' logs begin with: the address up to its first placeholder. None where that is not
    /// even a bucket.
    pub fn source_prefix(&self) -> Option<S3Uri> {
        source_prefix(&self.source)
    }

    /// Where EMR writes the clusters' logs.
    pub fn log_uri(&self) -> S3Uri {
        self.cluster.log_uri.clone().unwrap_or_else(|| log_folder(&self.state))
    }

    /// How long the output of an attempt stays after another took its place, or after it ended without being found
    /// good.
    pub fn removal_grace(&self) -> SignedDuration {
        let hours = self.retention.as_ref().map(|retention| retention.superseded_expire_after_hours);
        SignedDuration::from_hours(hours.unwrap_or(LEAST_GRACE_HOURS).into())
    }

    /// Whether each attempt writes to a folder of its own: the built-in job does, and a user's when its arguments, or
    /// those of a step, mention `{output}`.
    pub fn is_versioned(&self) -> bool {
        let job = self.job.iter().flat_map(|job| &job.args);
        let steps = self.steps.iter().flat_map(CustomStep::templates);
        self.job.is_none() || job.chain(steps).any(|template| template.mentions(Placeholder::Output))
    }

    /// What the job's step is called: `log-analysis`, or as the user's script.
    pub fn job_step_name(&self) -> &str {
        self.job.as_ref().map_or(BUILT_IN_STEP, |job| job.script.file_name())
    }

    /// The steps' names, in the order in which they run.
    pub fn step_names(&self) -> Vec<&str> {
        let named =
            |when| self.steps.iter().filter(move |step| step.when == when).map(|step| step.name.as_str());
        named(When::Before).chain([self.job_step_name()]).chain(named(When::After)).collect()
    }
}
