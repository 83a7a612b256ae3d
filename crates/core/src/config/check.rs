//! What contradicts itself, although each key is right by itself.

use serde_json::Value;

use super::fleets::Market;
use super::pipeline::Config;
use super::problem::Wrong;
use super::reader::Reader;
use super::steps::StepKind;
use crate::cluster_request::{self, STEP_CHARACTERS};
use crate::day::Day;
use crate::run::{Choice, LaunchIntent, PinnedInputs};
use crate::s3_uri::S3Uri;
use crate::spec::{self, JobBundle, Spec};

/// EMR takes 256 steps with a cluster, and the job is one of them.
const MOST_STEPS: usize = 255;

pub(super) fn contradictions(config: &Config, reader: &Reader<'_>) {
    folders(config, reader);
    steps(config, reader);
    job(config, reader);
    cluster(config, reader);
    if reader.is_sound() {
        lengths(config, reader);
    }
}

/// Source, output, state and logs: what is written must not be read as input, and what is checked must hold nothing
/// else.
fn folders(config: &Config, reader: &Reader<'_>) {
    let (source, output, state) = (&config.source.uri, &config.output.uri, &config.state.uri);
    let in_source = |uri: &S3Uri| source.begins(&uri.to_string());
    let apart = |key: &str, message: &str| {
        let hint = "give each a folder of its own beside the others";
        reader.wrong_at(key, Wrong::new(message).hint(hint));
    };
    let days_source: Option<S3Uri> = source.on(Day::SAMPLE).parse().ok();
    let days_output = spec::day_folder(output, Day::SAMPLE);
    let nested = days_source
        .as_ref()
        .is_some_and(|source| source.contains(&days_output) || days_output.contains(source));
    if in_source(output) || nested {
        apart("output.uri", "source and output of a day lie in one another: results would be read as logs");
    }
    if in_source(state) {
        apart("state.uri", "this lies in the source: records would be read as logs");
    } else if days_source.is_some_and(|source| state.contains(&source)) {
        apart("source.uri", "this lies in the state folder, which is for Emrys's own records");
    }
    if output.contains(state) {
        apart("state.uri", "this lies in the output, and has to be kept apart from what jobs may write");
    } else if state.contains(output) {
        apart(
            "output.uri",
            "this lies in the state folder, which has to be kept apart from what jobs may write",
        );
    }
    if let Some(logs) = &config.cluster.log_uri {
        if in_source(logs) {
            apart("cluster.log-uri", "this lies in the source: the cluster's logs would be read as input");
        }
        if output.contains(logs) {
            apart("cluster.log-uri", "this lies in the output");
        }
    }
}

fn steps(config: &Config, reader: &Reader<'_>) {
    let job = config.job_step_name();
    for (index, step) in config.steps.iter().enumerate() {
        let place = format!("steps[{index}]");
        if step.name == job {
            let message = format!("`{job}` is what the job's own step is called");
            reader.wrong_at(&format!("{place}.name"), Wrong::new(message).hint("give the step another name"));
        } else if let Some(first) = config.steps[..index].iter().position(|earlier| earlier.name == step.name)
        {
            let message = format!("steps[{first}] has this name already");
            let hint = "steps are told apart by their names: give each its own";
            reader.wrong_at(&format!("{place}.name"), Wrong::new(message).hint(hint));
        }
        if matches!(step.kind, StepKind::Hive { .. }) && config.cluster.release_label.spark_only {
            let message = format!("{} has no Hive", config.cluster.release_label);
            reader.wrong_at(
                &format!("{place}.kind"),
                Wrong::new(message).hint("use an `emr-7.…` release, or Spark SQL"),
            );
        }
    }
    if config.steps.len() > MOST_STEPS {
        let message =
            format!("there are {} steps, and EMR takes {MOST_STEPS} besides the job", config.steps.len());
        reader.wrong_at("steps", Wrong::new(message));
    }
}

fn job(config: &Config, reader: &Reader<'_>) {
    let Some(job) = &config.job else {
        let label = &config.cluster.release_label;
        if !label.has_python_39() {
            reader.wrong_at(
                "cluster.release-label",
                Wrong::new(format!("the built-in job needs Python 3.9, and {label} has an older one"))
                    .hint("use emr-7.0.0 or later, or bring a script of your own: [job]"),
            );
        }
        return;
    };
    let mut names = vec![job.script.file_name()];
    for (index, file) in job.py_files.iter().enumerate() {
        if names.contains(&file.file_name()) {
            reader.wrong_at(
                &format!("job.py-files[{index}]"),
                Wrong::new(format!("the job has two files by the name of `{}`", file.file_name()))
                    .hint("they would lie in one folder: rename one of them"),
            );
        }
        names.push(file.file_name());
    }
    if reader.was_given("output.format") {
        reader.wrong_at(
            "output.format",
            Wrong::new("with a script of your own this says nothing")
                .hint("the script decides what it writes: leave it out, or hand it over in `[job] args`"),
        );
    }
}

fn cluster(config: &Config, reader: &Reader<'_>) {
    let cluster = &config.cluster;
    if cluster.runtime_role.is_some() && cluster.security_configuration.is_none() {
        reader.wrong_at(
            "cluster.runtime-role",
            Wrong::new("a runtime role needs a `security-configuration`")
                .hint("one with EnableApplicationScopedIAMRole: name it, or leave the role out"),
        );
    }
    let fleets = &cluster.fleets;
    let named =
        [("primary", Some(&fleets.primary)), ("core", Some(&fleets.core)), ("task", fleets.task.as_ref())];
    for (name, fleet) in named {
        let Some(Market::Spot { timeout_minutes }) = fleet.map(|fleet| fleet.market) else {
            continue;
        };
        let start = config.limits.start_minutes;
        if timeout_minutes >= start {
            let table = format!("cluster.fleets.{name}");
            let message = format!(
                "spot instances are sought for {timeout_minutes} minutes, and the cluster is ended after {start}"
            );
            let hint = "lower `spot-timeout-minutes`, or raise `[limits] start-minutes`, so that on-demand instances get their turn";
            reader.wrong_at(&format!("{table}.spot-timeout-minutes"), Wrong::new(message).hint(hint));
        }
    }
    let is_spark = |app: &Value| {
        let name = app.get("Name").and_then(Value::as_str);
        name.is_some_and(|name| name.eq_ignore_ascii_case("spark"))
    };
    let named_spark = |apps: &Value| apps.as_array().is_some_and(|apps| apps.iter().any(is_spark));
    if cluster.run_job_flow.get("Applications").is_some_and(|apps| !named_spark(apps)) {
        reader.wrong_at(
            "cluster.run-job-flow.Applications",
            Wrong::new("Spark is not among these, and the job needs it").hint("add { Name = \"Spark\" }"),
        );
    }
}

/// How long a step becomes shows only when it is made.
fn lengths(config: &Config, reader: &Reader<'_>) {
    let files = match &config.job {
        None => vec!["main.py", "log_analysis.zip"],
        Some(job) => job.local_names(),
    };
    let files = files.into_iter().map(|name| (name.to_owned(), [].into())).collect();
    let Ok(spec) = Spec::new(config.clone(), Day::SAMPLE, JobBundle { files }) else {
        return;
    };
    let intent = LaunchIntent {
        attempt: config.limits.max_attempts,
        nonce: "0".repeat(16),
        choice: Choice::default(),
    };
    let digest = "0".repeat(64);
    let uri = spec.inputs_uri(&digest).to_string();
    let steps = cluster_request::steps(&spec, &intent, &PinnedInputs { digest, uri, objects: 0, bytes: 0 });
    let places = step_places(config);
    for (step, place) in steps.as_array().into_iter().flatten().zip(places) {
        let characters = step.get("HadoopJarStep").map_or(0, characters);
        if characters > STEP_CHARACTERS {
            let message = format!(
                "with its arguments filled in this step has {characters} characters, and EMR takes {STEP_CHARACTERS}"
            );
            let hint = "put what is long into a file in S3, and hand over its address";
            reader.wrong_at(&place, Wrong::new(message).hint(hint));
        }
    }
}

/// The key that each step comes from, in the order in which they run.
fn step_places(config: &Config) -> Vec<String> {
    use super::steps::When;
    let of = |when| {
        let steps = config.steps.iter().enumerate().filter(move |(_, step)| step.when == when);
        steps.map(|(index, _)| format!("steps[{index}].args"))
    };
    // Of the built-in job's arguments only the settings are the user's.
    let job = if config.job.is_some() { "job.args" } else { "cluster.spark-conf" };
    of(When::Before).chain([job.to_owned()]).chain(of(When::After)).collect()
}

fn characters(value: &Value) -> usize {
    match value {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.iter().map(characters).sum(),
        Value::Object(fields) => fields.values().map(characters).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}
