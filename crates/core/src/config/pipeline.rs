//! The file as a whole.

use jiff::tz::TimeZone;

use super::check;
use super::cluster::{self, Cluster};
use super::guard::{self, Guard};
use super::job::{self, UserJob};
use super::limits::{self, Alarms, Limits};
use super::problem::ConfigErrors;
use super::reader::{Reader, Section};
use super::steps::{self, CustomStep, When};
use super::values;
use crate::s3_uri::S3Uri;
use crate::template::Template;

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
    /// `[alarms]`: when a missing success is an alarm, and who hears of it.
    pub alarms: Alarms,
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

/// Reads a configuration. `file` is how the file is named in the problems.
pub fn read(file: &str, text: &str) -> Result<Config, ConfigErrors> {
    let reader = Reader::new(file, text);
    let config = read_root(reader.root()?);
    match config {
        Some(config) if reader.is_sound() => {
            check::contradictions(&config, &reader);
            if reader.is_sound() { Ok(config) } else { Err(reader.errors()) }
        }
        _ => Err(reader.errors()),
    }
}

/// Keys of the whole that later versions have. They are refused by name, so that nobody relies on them.
const LATER: [(&str, &str); 4] = [
    ("catalog", "publishing to a catalog"),
    ("notify", "notification"),
    ("retention", "retention"),
    ("schedule", "a schedule"),
];

/// Reads everything, whatever was wrong before: no `?` before the last section is read.
fn read_root(mut root: Section<'_, '_>) -> Option<Config> {
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
        .and_then(cluster::read);
    let limits = limits::read_limits(root.section("limits"));
    let guard = root.section("guard").map(guard::read);
    let alarms = limits::read_alarms(root.section("alarms"));
    root.finish();
    let job = match job {
        Some(read) => Some(read?),
        None => None,
    };
    let guard = match guard {
        Some(read) => Some(read?),
        None => None,
    };
    Some(Config {
        pipeline: pipeline?,
        region: region?,
        source: source?,
        job,
        steps,
        output: output?,
        state: state?,
        cluster: cluster?,
        limits,
        guard,
        alarms,
    })
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
    /// What the job's step is called: `log-analysis`, or as the user's script.
    pub fn job_step_name(&self) -> &str {
        self.job.as_ref().map_or("log-analysis", |job| job.script.file_name())
    }

    /// The steps' names, in the order in which they run.
    pub fn step_names(&self) -> Vec<&str> {
        let named =
            |when| self.steps.iter().filter(move |step| step.when == when).map(|step| step.name.as_str());
        named(When::Before).chain([self.job_step_name()]).chain(named(When::After)).collect()
    }
}
