//! One pipeline on one day: every name and address that a run uses is made here, and nowhere else.
//!
//! ```text
//! <state.uri><pipeline>/<yyyy-mm-dd>/            the record of a run
//!     ledger.json                                 its events
//!     inputs-<16 hex>.json                        what an attempt reads
//!     cancel.json                                 someone wants it to end
//!     attempt-<n>/                                what AWS said of an attempt's cluster at its end
//! <state.uri>jobs/<sha256 of the bundle>/        the job's files
//! <output.uri><yyyy>/<mm>/<dd>/<run id>/         what an attempt writes
//! ```

use crate::config::{Catalog, Config, day_folder};
use crate::day::Day;
use crate::job::{Job, JobBundle, JobError};
use crate::record::LaunchIntent;
use crate::s3_uri::{S3Uri, S3UriError};
use crate::template::{Placeholder, Template};

/// One pipeline on one day.
#[derive(Debug, Clone)]
pub struct Spec {
    /// The pipeline.
    pub config: Config,
    /// The day.
    pub day: Day,
    source: S3Uri,
    job: Option<Job>,
}

/// Why a pipeline cannot be run on a day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// An address that is none, once the day is filled in.
    #[error("the source of {day} has no good address: {error}")]
    Source {
        /// The day.
        day: Day,
        /// What is wrong with it.
        error: S3UriError,
    },
    /// The job's files do not fit the configuration.
    #[error(transparent)]
    Job(#[from] JobError),
}

impl Spec {
    /// Puts a pipeline, a day and the job's files together.
    pub fn new(config: Config, day: Day, bundle: JobBundle) -> Result<Self, SpecError> {
        let spec = Self::without_job(config, day)?;
        let job = Some(Job::new(&spec.config, bundle)?);
        Ok(Self { job, ..spec })
    }

    /// A pipeline on a day for a command that launches nothing: the job's files may be anywhere else.
    pub fn without_job(config: Config, day: Day) -> Result<Self, SpecError> {
        let source = source_on(&config, day)?;
        Ok(Self { config, day, source, job: None })
    }

    /// The same pipeline on another day.
    pub fn on(&self, day: Day) -> Result<Self, SpecError> {
        let source = source_on(&self.config, day)?;
        Ok(Self { day, source, ..self.clone() })
    }

    /// The folder of all of the pipeline's days.
    pub fn days_folder(&self) -> S3Uri {
        self.config.state.uri.join(&format!("{}/", self.pipeline()))
    }

    /// The pipeline's name.
    pub fn pipeline(&self) -> &str {
        &self.config.pipeline
    }

    /// The folder of the day's logs.
    pub fn source(&self) -> S3Uri {
        self.source.clone()
    }

    /// The folder of the run's record.
    pub fn state_folder(&self) -> S3Uri {
        self.days_folder().join(&format!("{}/", self.day))
    }

    /// The run's events.
    pub fn ledger_uri(&self) -> S3Uri {
        self.state_folder().join("ledger.json")
    }

    /// Where someone leaves word that the run shall end.
    pub fn cancel_uri(&self) -> S3Uri {
        self.state_folder().join("cancel.json")
    }

    /// The list of what an attempt reads, by that document's SHA-256.
    pub fn inputs_uri(&self, digest: &str) -> S3Uri {
        self.state_folder().join(&format!("inputs-{}.json", digest.get(..16).unwrap_or(digest)))
    }

    /// Something that is kept of an attempt.
    pub fn attempt_uri(&self, attempt: u32, name: &str) -> S3Uri {
        self.state_folder().join(&format!("attempt-{attempt}/{name}"))
    }

    /// The job with its files; none, where they were not read: such a command launches nothing.
    pub fn job(&self) -> Option<&Job> {
        self.job.as_ref()
    }

    /// Whether each attempt writes to a folder of its own.
    pub fn is_versioned(&self) -> bool {
        self.config.is_versioned()
    }

    /// Whether the job leaves a manifest. The built-in one does.
    pub fn has_manifest(&self) -> bool {
        self.config.job.is_none()
    }

    /// The catalog that the results are published to. A user's own job is only published where its tables are
    /// described.
    pub fn published_to(&self) -> Option<&Catalog> {
        self.config.catalog.as_ref().filter(|catalog| self.has_manifest() || !catalog.tables.is_empty())
    }

    /// Where a job is expected to write that is not told where to.
    pub fn fixed_output(&self) -> S3Uri {
        day_folder(&self.config.output.uri, self.day)
    }

    /// Where the attempt writes: a folder of its own, or [`Self::fixed_output`] where the job is unversioned.
    pub fn output_folder(&self, intent: &LaunchIntent) -> S3Uri {
        if self.is_versioned() {
            self.fixed_output().join(&format!("{}/", self.run_id(intent)))
        } else {
            self.fixed_output()
        }
    }

    /// What the attempt is called in its output.
    pub fn run_id(&self, intent: &LaunchIntent) -> String {
        format!("a{}-{}", intent.attempt, intent.nonce)
    }

    /// What the attempt's cluster is called.
    pub fn cluster_name(&self, intent: &LaunchIntent) -> String {
        format!("emrys/{}/{}/a{}/{}", self.pipeline(), self.day, intent.attempt, intent.nonce)
    }

    /// Where EMR writes the cluster's logs.
    pub fn log_uri(&self) -> S3Uri {
        self.config.log_uri()
    }

    /// What the job's step is called.
    pub fn job_step_name(&self) -> &str {
        self.config.job_step_name()
    }

    /// The steps' names, in the order in which they run.
    pub fn step_names(&self) -> Vec<String> {
        self.config.step_names().into_iter().map(str::to_owned).collect()
    }

    /// What the alarm is called.
    pub fn alarm_name(&self) -> String {
        format!("emrys/{}/no-success", self.pipeline())
    }

    /// What the metrics are called in a plan.
    pub fn metrics_resource(&self) -> String {
        format!("Emrys Pipeline={}", self.pipeline())
    }

    /// An argument of an attempt's step.
    pub fn fill(&self, template: &Template, intent: &LaunchIntent) -> String {
        template.fill(|placeholder| match placeholder {
            Placeholder::Run => self.run_id(intent),
            Placeholder::Input => self.source.to_string(),
            Placeholder::Output => self.output_folder(intent).to_string(),
            Placeholder::Day | Placeholder::Yyyy | Placeholder::Mm | Placeholder::Dd => {
                placeholder.of_day(self.day).unwrap_or_default()
            }
        })
    }
}

fn source_on(config: &Config, day: Day) -> Result<S3Uri, SpecError> {
    config.source.uri.on(day).parse().map_err(|error| SpecError::Source { day, error })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::record::Choice;
    use crate::testing::{config, spec, spec_and, spec_with};

    fn intent() -> LaunchIntent {
        LaunchIntent { attempt: 2, nonce: "0123456789abcdef".to_owned(), choice: Choice::default() }
    }

    fn bundle(files: &[(&str, &str)]) -> JobBundle {
        let files =
            files.iter().map(|(name, content)| ((*name).to_owned(), Arc::from(content.as_bytes()))).collect();
        JobBundle { files }
    }

    fn own_job(more: &str) -> String {
        format!("{}\n[job]\nscript = \"jobs/my_job.py\"\n{more}", crate::testing::MINIMAL)
    }

    fn made(text: &str, files: &[(&str, &str)]) -> Result<Spec, SpecError> {
        Spec::new(config(text), "2024-10-20".parse().unwrap(), bundle(files))
    }

    fn job(spec: &Spec) -> &Job {
        spec.job().unwrap()
    }

    #[test]
    fn every_name_and_address() {
        let spec = spec();
        let digest = "f".repeat(64);
        let names = [
            ("source", spec.source().to_string()),
            ("state", spec.state_folder().to_string()),
            ("ledger", spec.ledger_uri().to_string()),
            ("cancel", spec.cancel_uri().to_string()),
            ("inputs", spec.inputs_uri(&digest).to_string()),
            ("attempt", spec.attempt_uri(2, "cluster.json").to_string()),
            ("script", job(&spec).script().to_string()),
            ("output", spec.output_folder(&intent()).to_string()),
            ("fixed output", spec.fixed_output().to_string()),
            ("logs", spec.log_uri().to_string()),
            ("run", spec.run_id(&intent())),
            ("cluster", spec.cluster_name(&intent())),
            ("steps", spec.step_names().join(", ")),
            ("alarm", spec.alarm_name()),
            ("metrics", spec.metrics_resource()),
        ];
        insta::assert_snapshot!(names.map(|(name, value)| format!("{name}: {value}")).join("\n"), @r#"
        source: s3://my-log-bucket/application-logs/2024/10/20/
        state: s3://my-log-bucket/emrys/web-logs/2024-10-20/
        ledger: s3://my-log-bucket/emrys/web-logs/2024-10-20/ledger.json
        cancel: s3://my-log-bucket/emrys/web-logs/2024-10-20/cancel.json
        inputs: s3://my-log-bucket/emrys/web-logs/2024-10-20/inputs-ffffffffffffffff.json
        attempt: s3://my-log-bucket/emrys/web-logs/2024-10-20/attempt-2/cluster.json
        script: s3://my-log-bucket/emrys/jobs/e9e9d4607b41f90cec36f467504c9aa839318ab73f2fc6aa03c3a1251aac4a9f/main.py
        output: s3://my-log-bucket/processed-logs/2024/10/20/a2-0123456789abcdef/
        fixed output: s3://my-log-bucket/processed-logs/2024/10/20/
        logs: s3://my-log-bucket/emrys/emr-logs/
        run: a2-0123456789abcdef
        cluster: emrys/web-logs/2024-10-20/a2/0123456789abcdef
        steps: log-analysis
        alarm: emrys/web-logs/no-success
        metrics: Emrys Pipeline=web-logs
        "#);
    }

    #[test]
    fn an_address_holds_the_hash_of_all_that_is_in_the_bundle() {
        let address = |files: &[(&str, &str)]| {
            made(crate::testing::MINIMAL, files).unwrap().job().unwrap().script().to_string()
        };
        let first = address(&[("main.py", "a"), ("lib.zip", "b")]);
        assert_eq!(first, address(&[("main.py", "a"), ("lib.zip", "b")]));
        assert_ne!(first, address(&[("main.py", "a"), ("lib.zip", "c")]));
        assert_ne!(first, address(&[("main.py", "al"), ("ib.zip", "b")]), "lengths are part of it");
        let spec = spec();
        assert_eq!(job(&spec).files().len(), 2);
        assert_eq!(&job(&spec).files()[0].uri, job(&spec).script());
        assert_eq!(job(&spec).py_files(), [job(&spec).files()[1].uri.clone()]);
    }

    #[test]
    fn a_job_that_is_told_where_to_write_is_versioned() {
        assert!(spec().is_versioned() && spec().has_manifest());
        let fixed = spec_and("[job]\nscript = \"my_job.py\"\n");
        assert!(!fixed.is_versioned() && !fixed.has_manifest());
        assert_eq!(fixed.output_folder(&intent()), fixed.fixed_output());
        let told = spec_and("[job]\nscript = \"my_job.py\"\nargs = [\"--to={output}\"]\n");
        assert!(told.is_versioned() && !told.has_manifest());
        assert_ne!(told.output_folder(&intent()), told.fixed_output());
        let by_a_step = spec_and(
            "[job]\nscript = \"my_job.py\"\n[[steps]]\nname = \"move\"\nkind = \"command\"\nargs = [\"mv\", \"{output}\"]\n",
        );
        assert!(by_a_step.is_versioned());
        let only_the_run = spec_and("[job]\nscript = \"my_job.py\"\nargs = [\"{run}\"]\n");
        assert!(!only_the_run.is_versioned(), "where it writes is not known");
    }

    #[test]
    fn the_bundle_has_to_be_the_jobs() {
        let text = own_job("py-files = [\"lib/util.py\"]\n");
        let spec = made(&text, &[("my_job.py", "a"), ("util.py", "b")]).unwrap();
        assert!(job(&spec).script().to_string().ends_with("/my_job.py"));
        assert!(job(&spec).py_files()[0].to_string().ends_with("/util.py"));
        let missing = made(&text, &[("my_job.py", "a")]).unwrap_err();
        assert_eq!(missing, SpecError::Job(JobError::MissingFile { name: "util.py".to_owned() }));
        let unknown = made(&text, &[("my_job.py", "a"), ("util.py", "b"), ("main.py", "c")]).unwrap_err();
        assert_eq!(unknown, SpecError::Job(JobError::UnknownFile { name: "main.py".to_owned() }));
        assert!(
            made(crate::testing::MINIMAL, &[]).is_err(),
            "the built-in job has to be handed over as well"
        );
    }

    #[test]
    fn steps_run_before_and_after_the_job() {
        let step = |name: &str, when: &str| {
            format!(
                "[[steps]]\nname = \"{name}\"\nkind = \"command\"\nargs = [\"true\"]\nwhen = \"{when}\"\n"
            )
        };
        let spec = spec_and(
            &[step("c", "after"), step("a", "before"), step("d", "after"), step("b", "before")].concat(),
        );
        assert_eq!(spec.step_names(), ["a", "b", "log-analysis", "c", "d"]);
    }

    #[test]
    fn names_fit_what_aws_takes() {
        let long = "a".repeat(64);
        let spec = spec_with(&[("web-logs", &long)]);
        let last = LaunchIntent { attempt: u32::MAX, nonce: "f".repeat(16), choice: Choice::default() };
        assert!(spec.cluster_name(&last).len() <= 256);
        assert!(spec.alarm_name().len() <= 255);
        assert!(!spec.cluster_name(&last).contains(['<', '>', '$', '|', '`']));
    }
}
