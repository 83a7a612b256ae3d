//! What contradicts itself, although each key is right by itself.
//!
//! A contradiction is looked for wherever its own parts could be read, whatever is wrong with the rest: a user is to
//! hear of everything at once. What follows from another mistake only is not told.

use serde_json::Value;

use super::fleets::Market;
use super::job::{JobDraft, Script};
use super::pipeline::{BUILT_IN_STEP, Config, Draft, Unreadable, day_folder};
use super::problem::Wrong;
use super::reader::Reader;
use super::steps::{CustomStep, STEP_CHARACTERS, When};
use crate::day::Day;
use crate::s3_uri::S3Uri;

/// EMR takes 256 steps with a cluster, and the job is one of them.
const MOST_STEPS: usize = 255;

pub(super) fn contradictions(
    draft: &Draft,
    reader: &Reader<'_>,
    step_characters: impl FnOnce(&Config) -> Vec<usize>,
) {
    folders(draft, reader);
    steps(draft, reader);
    match &draft.job {
        Some(job) => own_job(job, reader),
        // A misspelt [job] is no choice of the built-in one.
        None if reader.is_certain("job") => built_in_job(draft, reader),
        None => {}
    }
    roles(reader);
    applications(draft, reader);
    for fleet in ["primary", "core", "task"] {
        spot(fleet, draft, reader);
        volumes(fleet, reader);
    }
    tables(draft, reader);
    super::retention::contradictions(draft, reader);
    lengths(draft, reader, step_characters);
}

/// Whether each local file of the job can be read, as the caller sees it.
pub(super) fn local_files(
    draft: &Draft,
    reader: &Reader<'_>,
    mut read: impl FnMut(&str) -> Result<(), Unreadable>,
) {
    for (key, file) in draft.job.iter().flat_map(JobDraft::files) {
        let Script::Local(path) = file else { continue };
        if let Err(Unreadable { why, hint }) = read(path) {
            reader.wrong_at(&key, Wrong::new(format!("cannot read `{path}`: {why}")).hint(hint));
        }
    }
}

/// Source, output, state and logs: what is written must not be read as input, and what is checked must hold nothing
/// else.
fn folders(draft: &Draft, reader: &Reader<'_>) {
    let source = draft.source.as_ref().map(|source| &source.uri);
    let output = draft.output.as_ref().map(|output| &output.uri);
    let state = draft.state.as_ref().map(|state| &state.uri);
    let logs = draft.cluster.log_uri.as_ref();
    let apart = |key: &str, message: &str| {
        let hint = "give each a folder of its own beside the others";
        reader.wrong_at(key, Wrong::new(message).hint(hint));
    };
    let is_in_source = |uri: &S3Uri| source.is_some_and(|source| source.begins(&uri.to_string()));
    let days_source: Option<S3Uri> = source.and_then(|source| source.on(Day::SAMPLE).parse().ok());
    if let Some(output) = output {
        let days_output = day_folder(output, Day::SAMPLE);
        let nested = days_source
            .as_ref()
            .is_some_and(|source| source.contains(&days_output) || days_output.contains(source));
        if is_in_source(output) || nested {
            apart(
                "output.uri",
                "source and output of a day lie in one another: results would be read as logs",
            );
        }
        if logs.is_some_and(|logs| output.contains(logs)) {
            apart("cluster.log-uri", "this lies in the output");
        }
    }
    if let Some(state) = state {
        if is_in_source(state) {
            apart("state.uri", "this lies in the source: records would be read as logs");
        } else if days_source.is_some_and(|source| state.contains(&source)) {
            apart("source.uri", "this lies in the state folder, which is for Emrys's own records");
        }
    }
    if let Some((output, state)) = output.zip(state) {
        if output.contains(state) {
            apart("state.uri", "this lies in the output, and has to be kept apart from what jobs may write");
        } else if state.contains(output) {
            apart(
                "output.uri",
                "this lies in the state folder, which has to be kept apart from what jobs may write",
            );
        }
    }
    let results = draft.catalog.as_ref().and_then(|catalog| catalog.query_results.as_ref());
    if results.is_some_and(is_in_source) {
        apart("catalog.query-results", "this lies in the source: results of queries would be read as logs");
    }
    if results.zip(output).is_some_and(|(results, output)| output.contains(results)) {
        apart("catalog.query-results", "this lies in the output, which is for what jobs write");
    }
    if logs.is_some_and(is_in_source) {
        apart("cluster.log-uri", "this lies in the source: the cluster's logs would be read as input");
    }
}

fn steps(draft: &Draft, reader: &Reader<'_>) {
    let job = match &draft.job {
        Some(job) => job.script.as_ref().map(Script::file_name),
        None => reader.is_certain("job").then_some(BUILT_IN_STEP),
    };
    let release_label = draft.cluster.release_label.as_ref();
    for (index, step) in draft.steps.iter().enumerate() {
        let wrong = |key: &str, wrong: Wrong| reader.wrong_at(&format!("{}.{key}", step.path), wrong);
        if let Some(name) = &step.name {
            let first = draft.steps[..index].iter().find(|earlier| earlier.name.as_ref() == Some(name));
            if job == Some(name.as_str()) {
                let message = format!("`{name}` is what the job's own step is called");
                wrong("name", Wrong::new(message).hint("give the step another name"));
            } else if let Some(first) = first {
                let message = format!("{} has this name already", first.path);
                let hint = "steps are told apart by their names: give each its own";
                wrong("name", Wrong::new(message).hint(hint));
            }
        }
        if let Some(label) = release_label.filter(|label| step.is_hive && label.spark_only) {
            let message = format!("{label} has no Hive");
            wrong("kind", Wrong::new(message).hint("use an `emr-7.…` release, or Spark SQL"));
        }
    }
    let count = draft.steps.len();
    if count > MOST_STEPS {
        let message = format!("there are {count} steps, and EMR takes {MOST_STEPS} besides the job");
        let hint = "let one step do the work of several: a `command` can run a script";
        reader.wrong_at("steps", Wrong::new(message).hint(hint));
    }
}

fn built_in_job(draft: &Draft, reader: &Reader<'_>) {
    if let Some(label) = draft.cluster.release_label.as_ref().filter(|label| !label.has_python_39()) {
        reader.wrong_at(
            "cluster.release-label",
            Wrong::new(format!("the built-in job needs Python 3.9, and {label} has an older one"))
                .hint("use emr-7.0.0 or later, or bring a script of your own: [job]"),
        );
    }
}

fn own_job(job: &JobDraft, reader: &Reader<'_>) {
    let mut names: Vec<&str> = Vec::new();
    for (key, file) in job.files() {
        let name = file.file_name();
        if names.contains(&name) {
            let message = format!("the job has two files by the name of `{name}`");
            let hint = "they would lie in one folder: rename one of them";
            reader.wrong_at(&key, Wrong::new(message).hint(hint));
        }
        names.push(name);
    }
    if reader.was_given("output.format") {
        reader.wrong_at(
            "output.format",
            Wrong::new("with a script of your own this says nothing")
                .hint("the script decides what it writes: leave it out, or hand it over in `[job] args`"),
        );
    }
}

fn roles(reader: &Reader<'_>) {
    let (role, configuration) = ("cluster.runtime-role", "cluster.security-configuration");
    if reader.was_given(role) && !reader.was_given(configuration) && reader.is_certain(configuration) {
        reader.wrong_at(
            role,
            Wrong::new("a runtime role needs a `security-configuration`")
                .hint("one with EnableApplicationScopedIAMRole: name it, or leave the role out"),
        );
    }
}

fn applications(draft: &Draft, reader: &Reader<'_>) {
    let is_spark = |app: &Value| {
        let name = app.get("Name").and_then(Value::as_str);
        name.is_some_and(|name| name.eq_ignore_ascii_case("spark"))
    };
    let named_spark = |apps: &Value| apps.as_array().is_some_and(|apps| apps.iter().any(is_spark));
    if draft.cluster.run_job_flow.get("Applications").is_some_and(|apps| !named_spark(apps)) {
        reader.wrong_at(
            "cluster.run-job-flow.Applications",
            Wrong::new("Spark is not among these, and the job needs it").hint("add { Name = \"Spark\" }"),
        );
    }
}

/// How long a fleet looks for spot instances.
fn spot(name: &str, draft: &Draft, reader: &Reader<'_>) {
    let fleets = &draft.cluster.fleets;
    let fleet = match name {
        "primary" => Some(&fleets.primary),
        "core" => Some(&fleets.core),
        _ => fleets.task.as_ref(),
    };
    let Some(fleet) = fleet else { return };
    let key = |key: &str| format!("cluster.fleets.{name}.{key}");
    let (market, timeout) = (key("market"), key("spot-timeout-minutes"));
    let is_certain = |path: &str| reader.is_certain(path);
    match fleet.market {
        Market::OnDemand if is_certain(&market) && reader.was_given(&timeout) => reader.wrong_at(
            &timeout,
            Wrong::new("this fleet is not bought on the spot market")
                .hint("set market = \"spot\", or leave it out"),
        ),
        Market::Spot { timeout_minutes } if is_certain(&timeout) && is_certain("limits.start-minutes") => {
            let start = draft.limits.start_minutes;
            if timeout_minutes >= start {
                let message = format!(
                    "spot instances are sought for {timeout_minutes} minutes, and the cluster is ended after {start}"
                );
                let hint = "lower `spot-timeout-minutes`, or raise `[limits] start-minutes`, so that on-demand instances get their turn";
                reader.wrong_at(&timeout, Wrong::new(message).hint(hint));
            }
        }
        Market::OnDemand | Market::Spot { .. } => {}
    }
}

fn volumes(fleet: &str, reader: &Reader<'_>) {
    let table = format!("cluster.fleets.{fleet}");
    let given = |key: &str| reader.was_given(&format!("{table}.{key}"));
    let size = format!("{table}.ebs-gib");
    if (given("ebs-type") || given("ebs-volumes")) && !reader.was_given(&size) && reader.is_certain(&size) {
        reader.wrong_at(
            &table,
            Wrong::new("`ebs-type` and `ebs-volumes` say nothing without `ebs-gib`")
                .hint("add ebs-gib = 64, for example"),
        );
    }
}

/// The tables of the user's own job: whether it is one, and where it writes.
fn tables(draft: &Draft, reader: &Reader<'_>) {
    let Some(catalog) = &draft.catalog else { return };
    let Some(first) = catalog.tables.first() else { return };
    super::tables::contradictions(&catalog.tables, reader);
    if draft.job.is_none() {
        if reader.is_certain("job") {
            let message = "these are for a script of your own: the built-in job's tables are known";
            reader.wrong_at(
                &first.path,
                Wrong::new(message).hint("leave them out, or name your script: [job]"),
            );
        }
        return;
    }
    let Some(config) = draft.config() else { return };
    let is_certain = reader.is_certain("job.args") && draft.steps.iter().all(|step| step.whole.is_some());
    if is_certain && !config.is_versioned() {
        let message = "the job writes to a fixed place, and a table serves the folder of one attempt";
        let hint = "hand the folder over: args = [\"{output}\"], and let the script write below it";
        reader.wrong_at(&first.path, Wrong::new(message).hint(hint));
    }
}

/// How long a step becomes shows only when it is made.
fn lengths(draft: &Draft, reader: &Reader<'_>, step_characters: impl FnOnce(&Config) -> Vec<usize>) {
    let Some(config) = draft.config() else { return };
    for (characters, place) in step_characters(&config).into_iter().zip(step_places(draft)) {
        if characters > STEP_CHARACTERS {
            let message = format!(
                "with its arguments filled in this step has {characters} characters, and EMR takes {STEP_CHARACTERS}"
            );
            let hint = "put what is long into a file in S3, and hand over its address";
            reader.wrong_at(&place, Wrong::new(message).hint(hint));
        }
    }
}

/// The key that each good step comes from, in the order in which they run.
fn step_places(draft: &Draft) -> Vec<String> {
    let of = |when| {
        let is_then = move |step: &CustomStep| step.when == when;
        let steps = draft.steps.iter().filter(move |step| step.whole.as_ref().is_some_and(is_then));
        steps.map(|step| format!("{}.args", step.path))
    };
    // Of the built-in job's arguments only the settings are the user's.
    let job = if draft.job.is_some() { "job.args" } else { "cluster.spark-conf" };
    of(When::Before).chain([job.to_owned()]).chain(of(When::After)).collect()
}
