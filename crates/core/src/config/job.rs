//! `[job]`: the user's own PySpark job.

use super::entry::Entry;
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

/// The job, as far as it could be read.
pub(super) struct JobDraft {
    pub(super) script: Option<Script>,
    /// Each with its place in the list.
    pub(super) py_files: Vec<(usize, Script)>,
    args: Vec<Template>,
}

impl JobDraft {
    /// The good files with their keys, the script first.
    pub(super) fn files(&self) -> impl Iterator<Item = (String, &Script)> {
        let script = self.script.iter().map(|script| ("job.script".to_owned(), script));
        script.chain(self.py_files.iter().map(|(index, file)| (format!("job.py-files[{index}]"), file)))
    }

    pub(super) fn whole(&self) -> Option<UserJob> {
        Some(UserJob {
            script: self.script.clone()?,
            args: self.args.clone(),
            py_files: self.py_files.iter().map(|(_, file)| file.clone()).collect(),
        })
    }
}

pub(super) fn read(mut section: Section<'_, '_>) -> JobDraft {
    let script = section
        .require(
            "script",
            "name the job's file: script = \"jobs/my_job.py\"; without [job] the built-in analysis runs",
        )
        .and_then(|entry| entry.parsed(|text| values::job_file(text, &[".py"])));
    let args = section.arguments("args", values::argument);
    let py_files = section.take("py-files").map(Entry::texts).unwrap_or_default();
    let py_file =
        |entry: Entry<'_, '_>| entry.parsed(|text| values::job_file(text, &[".py", ".zip", ".egg"]));
    let py_files = py_files.into_iter().enumerate();
    let py_files = py_files.filter_map(|(index, entry)| Some((index, py_file(entry)?))).collect();
    section.finish();
    JobDraft { script, py_files, args }
}
