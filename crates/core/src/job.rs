//! The job of a pipeline: its files, and where they lie once they are uploaded.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::config::{Config, Script};
use crate::s3_uri::S3Uri;

/// The files of a job, as whoever can read them hands them over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobBundle {
    /// Names without folders, and contents. Of the built-in job the script comes first, then what it imports; of a
    /// user's job these are its local files, in the order of [`crate::config::UserJob::local_files`].
    pub files: Vec<(String, Arc<[u8]>)>,
}

/// A file of the job, with its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobFile {
    /// Without folders.
    pub name: String,
    /// It holds the content's hash, so what lies there is never anything else.
    pub uri: S3Uri,
    /// What is in it.
    pub content: Arc<[u8]>,
}

/// The job of a pipeline, with its files.
#[derive(Debug, Clone)]
pub struct Job {
    files: Vec<JobFile>,
    script: S3Uri,
    py_files: Vec<S3Uri>,
}

/// Why files are not those of a job.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// A file of the job was not handed over.
    #[error("the job's file {name} was not handed over")]
    MissingFile {
        /// Its name.
        name: String,
    },
    /// Something was handed over that the job does not name.
    #[error("the job has no file {name}")]
    UnknownFile {
        /// Its name.
        name: String,
    },
}

impl Job {
    /// The job of a configuration, with the files that it names.
    pub fn new(config: &Config, bundle: JobBundle) -> Result<Self, JobError> {
        let digest = bundle.digest();
        let folder = config.state.uri.join(&format!("jobs/{digest}/"));
        let files: Vec<JobFile> = bundle
            .files
            .into_iter()
            .map(|(name, content)| JobFile { uri: folder.join(&name), name, content })
            .collect();
        let (script, py_files) = match &config.job {
            None => built_in(&files)?,
            Some(job) => {
                let address = |file: &Script| match file {
                    Script::S3(uri) => Ok(uri.clone()),
                    Script::Local(_) => uploaded(&files, file.file_name()),
                };
                let named = job.local_names();
                if let Some(unknown) = files.iter().find(|file| !named.contains(&file.name.as_str())) {
                    return Err(JobError::UnknownFile { name: unknown.name.clone() });
                }
                (address(&job.script)?, job.py_files.iter().map(address).collect::<Result<_, _>>()?)
            }
        };
        Ok(Self { files, script, py_files })
    }

    /// The files that have to be at their addresses before a launch.
    pub fn files(&self) -> &[JobFile] {
        &self.files
    }

    /// The script.
    pub fn script(&self) -> &S3Uri {
        &self.script
    }

    /// What the script imports.
    pub fn py_files(&self) -> &[S3Uri] {
        &self.py_files
    }
}

impl JobBundle {
    /// SHA-256 over names and contents, each with its length before it, so that no two bundles read alike.
    fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for (name, content) in &self.files {
            for part in [name.as_bytes(), content] {
                hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
                hash.update(part);
            }
        }
        hex::encode(hash.finalize())
    }
}

fn built_in(files: &[JobFile]) -> Result<(S3Uri, Vec<S3Uri>), JobError> {
    let (script, imported) =
        files.split_first().ok_or_else(|| JobError::MissingFile { name: "main.py".to_owned() })?;
    Ok((script.uri.clone(), imported.iter().map(|file| file.uri.clone()).collect()))
}

fn uploaded(files: &[JobFile], name: &str) -> Result<S3Uri, JobError> {
    files
        .iter()
        .find(|file| file.name == name)
        .map(|file| file.uri.clone())
        .ok_or_else(|| JobError::MissingFile { name: name.to_owned() })
}
