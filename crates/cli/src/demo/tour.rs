//! What the demo does, in order, as a user would do it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use emrys_control_plane::AwsContext;
use emrys_core::day::Day;
use emrys_core::report::RunReport;
use emrys_core::s3_uri::S3Uri;
use emrys_core::spec::Spec;
use emrys_local_aws::pyenv::{self, PythonEnv};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::day_of_logs::{self, DayOfLogs, Facts};
use super::results::{self, Results};
use super::{DemoError, journal, show};
use crate::commands;
use crate::commands::run::Driving;
use crate::error::CliError;
use crate::exit::Exit;
use crate::format::{bytes, count, duration, plural};
use crate::local::with_spinner;
use crate::printer::{BOLD, DIM, GOOD, Printer, styled};
use crate::settings::{self, Common, PlaceChoice};
use crate::{clock, place};

/// The demo's folder, its pipeline file in it, and the bucket of its day.
const FOLDER: &str = ".emrys/demo";
const PIPELINE_FILE: &str = ".emrys/demo/emrys.toml";
const BUCKET: &str = "emrys-demo";
const PIPELINE: &str = include_str!("pipeline.toml");

/// What may be chosen of a demo.
#[derive(Debug)]
pub(crate) struct Choices {
    /// The day; yesterday in UTC when unset.
    pub(crate) day: Option<Day>,
    /// About how many requests it has.
    pub(crate) requests: u32,
    /// What it is made from.
    pub(crate) seed: u64,
}

/// The whole demo.
pub(crate) async fn tour(choices: &Choices, common: &Common, printer: &Printer) -> Result<Exit, CliError> {
    let begin = clock::now();
    let common = &Common { place: PlaceChoice::Embedded, ..common.clone() };
    let day = choices.day.unwrap_or_else(|| Day::yesterday(begin, &TimeZone::UTC));

    chapter(printer, 1, "Spark", "a real PySpark, from a lock file, in your cache directory");
    let python = spark(printer).await?;

    chapter(printer, 2, "A day of logs", "made up, uploaded over the S3 API to the embedded AWS");
    write_pipeline_file()?;
    let spec = settings::spec(Path::new(PIPELINE_FILE), Some(day))?;
    let aws = place::connect(&spec.config, common, printer).await?;
    let first_call = journal::last_seq(&common.local_dir)?;
    let logs = day_of_logs::make(day, choices.seed, choices.requests);
    tell_day(printer, day, &logs);
    make_buckets(&aws, &spec).await?;
    upload(&aws, &spec.source(), logs.files, printer).await?;

    chapter(printer, 3, "The plan", "every call that will change AWS, before any is made");
    let plan = emrys_control_plane::plan(&aws, &spec).await?;
    say(printer, common, &commands::plan::text(&plan))?;

    chapter(printer, 4, "The run", "cluster, step, check, report; Ctrl-C cancels it");
    let again = Common { config: PIPELINE_FILE.into(), ..common.clone() };
    let end = commands::run::drive(&aws, &spec, Driving::default(), &again, printer).await?;
    let exit = commands::run::exit(&end);
    if exit != Exit::Done {
        commands::run::print_end(&end, &spec, &again, printer)?;
        return Ok(exit);
    }
    let report = end.report;

    chapter(printer, 5, "The results", "read back from S3 and queried with DuckDB");
    let results = fetch_results(&aws, &report, &python).await?;
    say(printer, common, &show::results(&results))?;
    say(printer, common, &compare(&logs.facts, &report))?;

    chapter(printer, 6, "What AWS saw", "metrics, alarm, and the calls over the wire");
    let reported = reported(&aws, &spec, begin).await?;
    say(printer, common, &reported)?;
    let calls = journal::calls_since(&common.local_dir, first_call)?;
    say(printer, common, &format!("{}{}", show::heading("Calls of this demo"), show::calls(&calls)))?;

    if common.json {
        printer.json(&json!({ "made": logs.facts, "run": report, "results": results, "calls": calls }))?;
    }
    what_next(printer, &spec, clock::now().duration_since(begin));
    Ok(Exit::Done)
}

fn chapter(printer: &Printer, number: u32, title: &str, about: &str) {
    let title = styled(BOLD, format_args!("{number}. {title}"));
    printer.note(&format!("\n{title} {}", styled(DIM, format_args!("- {about}"))));
}

/// Data for people; with `--json` there is one document at the end instead.
fn say(printer: &Printer, common: &Common, text: &str) -> Result<(), CliError> {
    if !common.json {
        printer.data(text)?;
    }
    Ok(())
}

async fn spark(printer: &Printer) -> Result<PythonEnv, CliError> {
    let begin = clock::now();
    let made =
        with_spinner(printer, "python", async |steps| pyenv::ensure(|line: &str| steps.step(line)).await);
    let python = made.await?;
    let took = clock::now().duration_since(begin);
    printer.note(&format!("  PySpark {} is ready ({})", python.spark_version, duration(took)));
    Ok(python)
}

fn write_pipeline_file() -> Result<(), DemoError> {
    let failed = |path: &str| {
        let path = PathBuf::from(path);
        |source| DemoError::File { path, source }
    };
    std::fs::create_dir_all(FOLDER).map_err(failed(FOLDER))?;
    let text = PIPELINE.replace("@BUCKET@", BUCKET).replace("@FILE@", PIPELINE_FILE);
    // Whoever changed it goes on with what is there.
    if !Path::new(PIPELINE_FILE).exists() {
        std::fs::write(PIPELINE_FILE, text).map_err(failed(PIPELINE_FILE))?;
    }
    Ok(())
}

fn tell_day(printer: &Printer, day: Day, logs: &DayOfLogs) {
    let size: usize = logs.files.iter().map(|file| file.content.len()).sum();
    let Facts { accesses, errors, broken, incident, backend, .. } = &logs.facts;
    let time = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
    printer.note(&format!(
        "  {day}: {} requests, {} error entries, {} broken lines; {} in {}",
        count(*accesses),
        count(*errors),
        count(*broken),
        bytes(size as u64),
        plural(logs.files.len() as u64, "file"),
    ));
    printer.note(&format!(
        "  from {} to {} the backend `{backend}` was slow and failed: see whether the results show it",
        time(incident.0),
        time(incident.1)
    ));
}

/// Makes the buckets that the pipeline file names.
async fn make_buckets(aws: &AwsContext, spec: &Spec) -> Result<(), CliError> {
    let uris = [spec.source(), spec.config.output.uri.clone(), spec.config.state.uri.clone(), spec.log_uri()];
    let buckets: BTreeSet<&str> = uris.iter().map(S3Uri::bucket).collect();
    for bucket in buckets {
        aws.create_bucket(bucket).await.map_err(DemoError::Call)?;
    }
    Ok(())
}

/// Uploads what is not there yet. What is there of an earlier demo with other choices is overwritten.
async fn upload(
    aws: &AwsContext,
    folder: &S3Uri,
    files: Vec<day_of_logs::LogFile>,
    printer: &Printer,
) -> Result<(), CliError> {
    let there = aws.list_objects(folder).await.map_err(DemoError::Call)?;
    let mut uploaded = 0_u64;
    for file in files {
        let uri = folder.join(&file.name);
        let size = file.content.len() as u64;
        if !there.iter().any(|object| object.uri == uri && object.size == size) {
            aws.put_object(&uri, file.content).await.map_err(DemoError::Call)?;
            uploaded += 1;
        }
    }
    match uploaded {
        0 => printer.note(&format!("  all of it is at {folder} already")),
        _ => printer.note(&format!("  {} uploaded to {folder}", plural(uploaded, "file"))),
    }
    Ok(())
}

/// Downloads the output of the run, so that it can be looked at further, and queries it.
async fn fetch_results(
    aws: &AwsContext,
    report: &RunReport,
    python: &PythonEnv,
) -> Result<Results, CliError> {
    let unknown = || DemoError::Results { why: "the run names no output folder".to_owned() };
    let folder: S3Uri = report.output.as_deref().and_then(|uri| uri.parse().ok()).ok_or_else(unknown)?;
    let into = Path::new(FOLDER).join("results");
    if into.exists() {
        std::fs::remove_dir_all(&into).map_err(|source| DemoError::File { path: into.clone(), source })?;
    }
    for object in aws.list_objects(&folder).await.map_err(DemoError::Call)? {
        let Some(relative) = object.uri.key().strip_prefix(folder.key()) else {
            continue;
        };
        let path = into.join(relative);
        let content = aws.get_object(&object.uri).await.map_err(DemoError::Call)?;
        path.parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| std::fs::write(&path, content))
            .map_err(|source| DemoError::File { path, source })?;
    }
    Ok(results::read(&python.python, &into).await?)
}

/// What was put in beside what came out.
fn compare(facts: &Facts, report: &RunReport) -> String {
    let lines = facts.accesses + facts.errors + facts.broken;
    let (Some(read), Some(rejected)) = (report.rows_read, report.rows_rejected) else {
        return String::new();
    };
    let verdict = if (read, rejected) == (lines, facts.broken) {
        styled(GOOD, "the same")
    } else {
        "not the same".to_owned()
    };
    format!(
        "\nPut in: {} lines, {} of them broken. Came out: {} rows read, {} rejected: {verdict}.\n",
        count(lines),
        count(facts.broken),
        count(read),
        count(rejected)
    )
}

/// The metrics and the alarm, as CloudWatch has them now.
async fn reported(aws: &AwsContext, spec: &Spec, begin: Timestamp) -> Result<String, CliError> {
    let until = clock::now() + SignedDuration::from_mins(1);
    let since = begin - SignedDuration::from_mins(1);
    let metrics = aws.metric_values(spec.pipeline(), since, until).await.map_err(DemoError::Call)?;
    let alarm = aws.alarm_sight(&spec.alarm_name()).await.map_err(DemoError::Call)?;
    Ok(show::reported(spec.pipeline(), &metrics, alarm.as_ref()))
}

fn what_next(printer: &Printer, spec: &Spec, took: SignedDuration) {
    let day = spec.day;
    let command = |line: &str, about: &str| {
        printer.note(&format!("  {line:<74} {}", styled(DIM, about)));
    };
    printer.note(&format!("\n{} in {}. What to try next:", styled(GOOD, "Done"), duration(took)));
    command(&format!("emrys --local --config {PIPELINE_FILE} status {day}"), "the record of this run");
    command(&format!("emrys --local --config {PIPELINE_FILE} run --day {day}"), "another attempt");
    command(&format!("ls {FOLDER}/results"), "the result tables, as Parquet");
    command("eval \"$(emrys local env)\"; aws emr list-clusters", "any AWS client sees the same");
    command("emrys local stop", "end the embedded AWS");
    printer.note(&styled(DIM, "  (from the source tree: `cargo run -q -p emrys --` in place of `emrys`)"));
}
