//! Reading a pipeline file with all checks: those of the configuration alone, and those of the steps that it makes.

use serde_json::Value;

use crate::cluster_request;
use crate::config::{self, Config, ConfigErrors, Unreadable};
use crate::day::Day;
use crate::job::{Job, JobBundle};
use crate::record::{Choice, LaunchIntent, PinnedInputs};
use crate::spec::Spec;

/// Reads a pipeline file. `file` is how it is named in the problems.
///
/// The job's local files are passed over; [`read_with`] asks for them.
pub fn read(file: &str, text: &str) -> Result<Config, ConfigErrors> {
    read_with(file, text, |_| Ok(()))
}

/// As [`read`], for a caller that can read files: `local` is asked for each local file of the job, as
/// [`config::read_with`] says.
pub fn read_with(
    file: &str,
    text: &str,
    local: impl FnMut(&str) -> Result<(), Unreadable>,
) -> Result<Config, ConfigErrors> {
    config::read_with(file, text, local, step_characters)
}

/// The characters in the strings of each step, as EMR counts them; nothing, where the addresses of a day are wrong.
fn step_characters(config: &Config) -> Vec<usize> {
    let files = match &config.job {
        None => vec!["main.py", "log_analysis.zip"],
        Some(job) => job.local_names(),
    };
    let files = files.into_iter().map(|name| (name.to_owned(), [].into())).collect();
    let intent = LaunchIntent {
        attempt: config.limits.max_attempts,
        nonce: "0".repeat(16),
        choice: Choice::default(),
    };
    let Ok(job) = Job::new(config, JobBundle { files }) else { return Vec::new() };
    let Ok(spec) = Spec::without_job(config.clone(), Day::SAMPLE) else { return Vec::new() };
    let digest = "0".repeat(64);
    let uri = spec.inputs_uri(&digest).to_string();
    let steps =
        cluster_request::steps(&spec, &job, &intent, &PinnedInputs { digest, uri, objects: 0, bytes: 0 });
    let steps = steps.as_array().into_iter().flatten();
    steps.map(|step| step.get("HadoopJarStep").map_or(0, characters)).collect()
}

fn characters(value: &Value) -> usize {
    match value {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.iter().map(characters).sum(),
        Value::Object(fields) => fields.values().map(characters).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}
