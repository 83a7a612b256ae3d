//! `[job]`: the user's own PySpark job.

use super::reader::Section;
use super::values;
use crate::s3_uri::S3Uri;
use crate::template::Template;

/// `[job]`: the user's own PySpark job, in place of the built-in log analysis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserJob {
    /// `script`: a local file, its path relative to the configuration file, or an `s3://` address.
    pub script: Script,
    /// `args`: the script's arguments, with placeholders. A script that is given `{output}` writes to a fresh folder in
    /// each attempt; one that is not writes to a fixed place and can be run once a day.
    pub args: Vec<Template>,
    /// `py-files`: modules and archives that the script imports; local files or `s3://` addresses.
    pub py_files: Vec<Script>,
}

/// A file of the job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Script {
    /// A local file: it is uploaded under its content hash.
    Local(String),
    /// It is in S3 already.
    S3(S3Uri),
}

impl Script {
    /// The file's name, without folders.
    pub fn file_name(&self) -> &str {
        match self {
            Self::Local(path) => path.rsplit(['/', '\\']).next().unwrap_or_default(),
            Self::S3(uri) => uri.file_name(),
        }
    }
}

impl UserJob {
    /// The local files to read, as they are named in the configuration: the script first.
    pub fn local_files(&self) -> Vec<&str> {
        self.local()
            .filter_map(|file| match file {
                Script::Local(path) => Some(path.as_str()),
                Script::S3(_) => None,
            })
            .collect()
    }

    /// The names under which they are uploaded, in the same order.
    pub fn local_names(&self) -> Vec<&str> {
        self.local().map(Script::file_name).collect()
    }

    fn local(&self) -> impl Iterator<Item = &Script> {
        let files = std::iter::once(&self.script).chain(&self.py_files);
        files.filter(|file| matches!(file, Script::Local(_)))
    }
}

pub(super) fn read(mut section: Section<'_, '_>) -> Option<UserJob> {
    let script = section
        .require(
            "script",
            "name the job's file: script = \"jobs/my_job.py\"; without [job] the built-in analysis runs",
        )
        .and_then(|entry| entry.parsed(|text| values::job_file(text, &[".py"])));
    let args = section.list("args", values::argument);
    let py_files = section.list("py-files", |text| values::job_file(text, &[".py", ".zip", ".egg"]));
    section.finish();
    Some(UserJob { script: script?, args, py_files })
}
