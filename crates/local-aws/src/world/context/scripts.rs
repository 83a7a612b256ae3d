//! Scripted steps and cluster faults: what a simulation and a rehearsal put in the place of real work.
//!
//! A file `scripted-steps.json` holds a [`Scripts`] value:
//!
//! ```json
//! {
//!   "steps": [{
//!     "args": "--output (?P<output>\\S+)",
//!     "duration_ms": 1500, "exit_code": 0,
//!     "files": [{ "uri": "{output}manifest.json", "content": "{\"rows_read\": 10}" }],
//!     "stdout": "done\n", "stderr": ""
//!   }],
//!   "clusters": [{ "cluster": "a1", "at": "starting", "code": "VALIDATION_ERROR", "message": "No such subnet" }]
//! }
//! ```
//!
//! The first step script whose patterns all match stands in for the step. Patterns are searched for anywhere; named
//! groups replace `{name}` in addresses and contents, as do `{cluster}` and `{step}`, the ids.

use regex_lite::{Captures, Regex};
use serde::{Deserialize, Serialize};

/// Everything that is scripted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scripts {
    /// Steps that are not really run.
    pub steps: Vec<ScriptedStep>,
    /// Clusters that fail before they run.
    pub clusters: Vec<ClusterFault>,
}

/// A script that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// The file is not valid JSON, or has the wrong members.
    #[error("scripted steps cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// A pattern is not a valid regular expression.
    #[error("the pattern {pattern:?} is not a valid regular expression: {source}")]
    Pattern {
        /// The pattern as written.
        pattern: String,
        /// What is wrong with it.
        source: regex_lite::Error,
    },
}

impl Scripts {
    /// Reads scripts and checks their patterns, so that a wrong one is an error at once and not a step that runs for
    /// real.
    pub fn read(json: &str) -> Result<Self, ScriptError> {
        let scripts: Self = serde_json::from_str(json)?;
        scripts.check()?;
        Ok(scripts)
    }

    /// Checks all patterns.
    pub fn check(&self) -> Result<(), ScriptError> {
        let steps = self.steps.iter().flat_map(|s| [&s.cluster, &s.name, &s.args]);
        for pattern in steps.flatten().chain(self.clusters.iter().map(|c| &c.cluster)) {
            Regex::new(pattern)
                .map_err(|source| ScriptError::Pattern { pattern: pattern.clone(), source })?;
        }
        Ok(())
    }

    /// The work of the first script that matches this step.
    pub(crate) fn work_for(&self, step: &StepNames<'_>) -> Option<ScriptedWork> {
        self.steps.iter().find_map(|script| script.work_for(step))
    }

    /// The first fault that matches this cluster's name.
    pub(crate) fn fault_for(&self, cluster_name: &str) -> Option<&ClusterFault> {
        self.clusters
            .iter()
            .find(|fault| Regex::new(&fault.cluster).is_ok_and(|re| re.is_match(cluster_name)))
    }
}

/// What a step script is matched against.
pub(crate) struct StepNames<'a> {
    pub(crate) cluster_name: &'a str,
    pub(crate) cluster_id: &'a str,
    pub(crate) step_name: &'a str,
    pub(crate) step_id: &'a str,
    /// The jar's arguments, joined by spaces.
    pub(crate) args: &'a str,
}

/// A step that is not really run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScriptedStep {
    /// A pattern for the cluster's name.
    pub cluster: Option<String>,
    /// A pattern for the step's name.
    pub name: Option<String>,
    /// A pattern for the step's arguments, joined by spaces.
    pub args: Option<String>,
    /// How long it takes, in milliseconds.
    pub duration_ms: u64,
    /// The exit code.
    pub exit_code: i32,
    /// What it writes just before it ends.
    pub files: Vec<ScriptedFile>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

/// A file that a scripted step writes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptedFile {
    /// An `s3://` address.
    pub uri: String,
    /// The content, text.
    pub content: String,
}

/// A script applied to one step: nothing left to match or to fill in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScriptedWork {
    /// How long it takes, in milliseconds.
    pub duration_ms: u64,
    /// The exit code.
    pub exit_code: i32,
    /// What it writes just before it ends.
    pub files: Vec<ScriptedFile>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl ScriptedStep {
    fn work_for(&self, step: &StepNames<'_>) -> Option<ScriptedWork> {
        let mut names = vec![
            ("cluster".to_owned(), step.cluster_id.to_owned()),
            ("step".to_owned(), step.step_id.to_owned()),
        ];
        let fields =
            [(&self.cluster, step.cluster_name), (&self.name, step.step_name), (&self.args, step.args)];
        for (pattern, text) in fields {
            let Some(pattern) = pattern else { continue };
            let regex = Regex::new(pattern).ok()?;
            let captures = regex.captures(text)?;
            names.extend(named(&regex, &captures));
        }
        let fill = |text: &str| {
            names
                .iter()
                .fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
        };
        Some(ScriptedWork {
            duration_ms: self.duration_ms,
            exit_code: self.exit_code,
            files: self
                .files
                .iter()
                .map(|f| ScriptedFile { uri: fill(&f.uri), content: fill(&f.content) })
                .collect(),
            stdout: fill(&self.stdout),
            stderr: fill(&self.stderr),
        })
    }
}

fn named(regex: &Regex, captures: &Captures<'_>) -> Vec<(String, String)> {
    let names = regex.capture_names().flatten();
    names.filter_map(|name| Some((name.to_owned(), captures.name(name)?.as_str().to_owned()))).collect()
}

/// A cluster that fails before it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterFault {
    /// A pattern for the cluster's name.
    pub cluster: String,
    /// In which phase it fails (at its end).
    pub at: FaultPhase,
    /// The code of the state change reason.
    pub code: super::reason::ReasonCode,
    /// The message of the state change reason.
    pub message: String,
    /// The code of an entry in ErrorDetails, such as `BOOTSTRAP_FAILURE_PRIMARY_WITH_NON_ZERO_CODE`.
    #[serde(default)]
    pub error_code: Option<String>,
}

/// The phase in which a cluster fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FaultPhase {
    /// STARTING.
    Starting,
    /// BOOTSTRAPPING.
    Bootstrapping,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(args: &str) -> StepNames<'_> {
        StepNames {
            cluster_name: "emrys/web/2024-10-20/a1/n",
            cluster_id: "j-1",
            step_name: "analysis",
            step_id: "s-1",
            args,
        }
    }

    #[test]
    fn named_groups_fill_addresses_and_contents() {
        let scripts = Scripts::read(
            r#"{"steps": [{"name": "^analysis$", "args": "--output (?P<output>\\S+)", "exit_code": 3,
                "files": [{"uri": "{output}m.json", "content": "{step} of {cluster}"}]}]}"#,
        )
        .unwrap();
        let work = scripts.work_for(&names("spark-submit main.py --output s3://b/out/ --x")).unwrap();
        assert_eq!(work.exit_code, 3);
        assert_eq!(
            work.files,
            [ScriptedFile { uri: "s3://b/out/m.json".into(), content: "s-1 of j-1".into() }]
        );
        assert_eq!(scripts.work_for(&names("spark-submit main.py")), None);
    }

    #[test]
    fn a_wrong_script_is_an_error_when_it_is_read() {
        let pattern = Scripts::read(r#"{"steps": [{"args": "("}]}"#).unwrap_err();
        assert!(matches!(pattern, ScriptError::Pattern { .. }), "{pattern}");
        assert!(matches!(Scripts::read(r#"{"step": []}"#), Err(ScriptError::Json(_))));
    }
}
