//! What the demo does and prints around the commands that it shows, in the order of its chapters.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use emrys_control_plane::AwsContext;
use emrys_core::day::Day;
use emrys_core::report::RunReport;
use emrys_core::s3_uri::S3Uri;
use emrys_core::spec::Spec;
use emrys_local_aws::pyenv::{self, PyEnvError, PythonEnv};
use emrys_terminal::clock;
use emrys_terminal::format::{bytes, count, duration, plural};
use emrys_terminal::printer::{BOLD, DIM, GOOD, Printer, styled};
use emrys_terminal::spinner::with_spinner;
use jiff::{SignedDuration, Timestamp};

use crate::day_of_logs::{Facts, LogFile};
use crate::error::DemoError;
use crate::journal::CallCount;
use crate::results::{FOLDER as RESULTS, Results};
use crate::show;

/// The demo's folder, its pipeline file in it, and the bucket of its day.
const FOLDER: &str = ".emrys/demo";
/// The pipeline file that the demo writes, from the working directory.
pub const PIPELINE_FILE: &str = ".emrys/demo/emrys.toml";
const BUCKET: &str = "emrys-demo";
const PIPELINE: &str = include_str!("pipeline.toml");

/// Prints a chapter's title.
pub fn chapter(printer: &Printer, number: u32, title: &str, about: &str) {
    let title = styled(BOLD, format_args!("{number}. {title}"));
    printer.info(&format!("\n{title} {}", styled(DIM, format_args!("- {about}"))));
}

/// Makes the Python environment with PySpark, if it is not there yet.
pub async fn spark(printer: &Printer) -> Result<PythonEnv, PyEnvError> {
    let begin = clock::now();
    let made =
        with_spinner(printer, "python", async |steps| pyenv::ensure(|line: &str| steps.step(line)).await);
    let python = made.await?;
    let took = clock::now().duration_since(begin);
    printer.info(&format!("  PySpark {} is ready ({})", python.spark_version, duration(took)));
    Ok(python)
}

/// Writes the pipeline file. One that is there already is kept: its owner may have changed it.
pub fn write_pipeline_file() -> Result<(), DemoError> {
    let failed = |path: &str| {
        let path = PathBuf::from(path);
        |source| DemoError::File { path, source }
    };
    std::fs::create_dir_all(FOLDER).map_err(failed(FOLDER))?;
    let text = PIPELINE.replace("@BUCKET@", BUCKET).replace("@FILE@", PIPELINE_FILE);
    if !Path::new(PIPELINE_FILE).exists() {
        std::fs::write(PIPELINE_FILE, text).map_err(failed(PIPELINE_FILE))?;
    }
    Ok(())
}

/// Prints what a made-up day holds.
pub fn print_day(printer: &Printer, day: Day, files: &[LogFile], facts: &Facts) {
    let size: usize = files.iter().map(|file| file.content.len()).sum();
    let Facts { accesses, errors, broken, incident, backend, .. } = facts;
    let time = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
    printer.info(&format!(
        "  {day}: {} requests, {} error entries, {} broken lines; {} in {}",
        count(*accesses),
        count(*errors),
        count(*broken),
        bytes(size as u64),
        plural(files.len() as u64, "file"),
    ));
    printer.info(&format!(
        "  from {} to {} the backend `{backend}` was slow and failed: see whether the results show it",
        time(incident.0),
        time(incident.1)
    ));
}

/// Makes the buckets that the pipeline file names, and uploads the day. Files that are there already with the same size
/// are not uploaded again; those of an earlier demo with other choices are overwritten.
pub async fn store_day(
    aws: &AwsContext,
    spec: &Spec,
    files: Vec<LogFile>,
    printer: &Printer,
) -> Result<(), DemoError> {
    let folder = &spec.source();
    let uris =
        [folder.clone(), spec.config.output.uri.clone(), spec.config.state.uri.clone(), spec.log_uri()];
    let buckets: BTreeSet<&str> = uris.iter().map(S3Uri::bucket).collect();
    for bucket in buckets {
        aws.create_bucket(bucket).await.map_err(DemoError::Call)?;
    }
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
        0 => printer.info(&format!("  all of it is at {folder} already")),
        _ => printer.info(&format!("  {} uploaded to {folder}", plural(uploaded, "file"))),
    }
    Ok(())
}

/// The result tables, for people.
pub fn list_results(results: &Results) -> String {
    show::results(results)
}

/// What was put in beside what came out, for people. Empty when the report counts no rows.
pub fn compared(facts: &Facts, report: &RunReport) -> String {
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

/// The metrics and the alarm, as CloudWatch has them now, for people.
pub async fn reported(aws: &AwsContext, spec: &Spec, begin: Timestamp) -> Result<String, DemoError> {
    let until = clock::now() + SignedDuration::from_mins(1);
    let since = begin - SignedDuration::from_mins(1);
    let metrics = aws.metric_values(spec.pipeline(), since, until).await.map_err(DemoError::Call)?;
    let alarm = aws.alarm_sight(&spec.alarm_name()).await.map_err(DemoError::Call)?;
    Ok(show::reported(spec.pipeline(), &metrics, alarm.as_ref()))
}

/// The calls of the demo, for people.
pub fn list_calls(calls: &[CallCount]) -> String {
    format!("{}{}", show::heading("Calls of this demo"), show::calls(calls))
}

/// Prints which commands to try next.
pub fn print_next_steps(printer: &Printer, day: Day, took: SignedDuration) {
    let command = |line: &str, about: &str| {
        printer.info(&format!("  {line:<74} {}", styled(DIM, about)));
    };
    printer.info(&format!("\n{} in {}. What to try next:", styled(GOOD, "Done"), duration(took)));
    command(&format!("emrys --local --config {PIPELINE_FILE} status {day}"), "the record of this run");
    command(&format!("emrys --local --config {PIPELINE_FILE} run --day {day}"), "another attempt");
    command(&format!("ls {RESULTS}"), "the result tables, as Parquet");
    command("eval \"$(emrys local env)\"; aws emr list-clusters", "any AWS client sees the same");
    command("emrys local stop", "end the embedded AWS");
    printer.info(&styled(DIM, "  (from the source tree: `cargo run -q -p emrys --` in place of `emrys`)"));
}
