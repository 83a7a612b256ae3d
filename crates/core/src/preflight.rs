//! What has to be there before a cluster is paid for, and what nothing else asks about on the way to a launch.

use crate::s3_uri::S3Uri;
use crate::spec::Spec;

/// Something in S3 that a run cannot do without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Where the configuration names it.
    pub key: &'static str,
    /// Its address; of a bucket without a key.
    pub uri: S3Uri,
}

impl Need {
    /// Whether it is a whole bucket.
    pub fn is_bucket(&self) -> bool {
        self.uri.key().is_empty()
    }
}

/// What a run needs, less the buckets of source and state: those are read first, and by their names.
pub fn checks(spec: &Spec) -> Vec<Need> {
    let config = &spec.config;
    let mut known = vec![spec.source().bucket().to_owned(), config.state.uri.bucket().to_owned()];
    let mut checks = Vec::new();
    for (key, uri) in [("[output] uri", config.output.uri.clone()), ("[cluster] log-uri", spec.log_uri())] {
        if !known.iter().any(|bucket| bucket == uri.bucket()) {
            known.push(uri.bucket().to_owned());
            checks.push(Need { key, uri: uri.with_key("") });
        }
    }
    let Some(job) = spec.job() else { return checks };
    let is_uploaded = |uri: &S3Uri| job.files().iter().any(|file| file.uri == *uri);
    let script = std::iter::once(("[job] script", job.script()));
    let all = script.chain(job.py_files().iter().map(|uri| ("[job] py-files", uri)));
    let others = all.filter(|(_, uri)| !is_uploaded(uri));
    checks.extend(others.map(|(key, uri)| Need { key, uri: uri.clone() }));
    checks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::spec_and;

    fn named(more: &str) -> Vec<(&'static str, String)> {
        checks(&spec_and(more)).into_iter().map(|need| (need.key, need.uri.to_string())).collect()
    }

    #[test]
    fn what_a_run_reads_anyway_is_not_asked_about() {
        assert_eq!(named(""), []);
        assert_eq!(named("[job]\nscript = \"main.py\"\n"), []);
    }

    #[test]
    fn a_script_at_an_address_of_its_own_and_a_bucket_for_logs_have_to_be_there() {
        let text = "[job]\nscript = \"s3://jobs/main.py\"\npy-files = [\"s3://jobs/util.zip\"]\n";
        let script = ("[job] script", "s3://jobs/main.py".to_owned());
        assert_eq!(named(text), [script, ("[job] py-files", "s3://jobs/util.zip".to_owned())]);
    }
}
