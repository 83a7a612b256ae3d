//! A pipeline for tests.

use std::sync::Arc;

use crate::config::Config;
use crate::job::JobBundle;
use crate::spec::Spec;

/// The pipeline of the tests: the smallest configuration. Everything else has its default.
pub(crate) const MINIMAL: &str = include_str!("../../../tests/fixtures/pipeline.toml");

/// The minimal pipeline, with its built-in job, on 2024-10-20.
pub(crate) fn spec() -> Spec {
    spec_from(MINIMAL)
}

/// The minimal pipeline with texts replaced.
pub(crate) fn spec_with(replaced: &[(&str, &str)]) -> Spec {
    let mut text = MINIMAL.to_owned();
    for (from, to) in replaced {
        assert!(text.contains(from), "{from} is not in the minimal configuration");
        text = text.replace(from, to);
    }
    spec_from(&text)
}

/// The minimal pipeline with further tables at its end.
pub(crate) fn spec_and(more: &str) -> Spec {
    spec_from(&format!("{MINIMAL}\n{more}"))
}

/// A pipeline on 2024-10-20. Local files of a user's job hold their own name.
pub(crate) fn spec_from(text: &str) -> Spec {
    let config = config(text);
    let names = match &config.job {
        None => vec!["main.py".to_owned(), "log_analysis.zip".to_owned()],
        Some(job) => job.local_files().into_iter().map(|path| file_name(path).to_owned()).collect(),
    };
    let files = names.into_iter().map(|name| (name.clone(), Arc::from(name.as_bytes()))).collect();
    Spec::new(config, "2024-10-20".parse().unwrap(), JobBundle { files }).unwrap()
}

/// A configuration that has to be right.
pub(crate) fn config(text: &str) -> Config {
    crate::pipeline_file::read("emrys.toml", text).unwrap_or_else(|errors| panic!("{errors}"))
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}
