//! Which job files are not at their addresses?

use emrys_core::job::JobFile;
use emrys_core::record::CallError;
use emrys_core::spec::Spec;

use crate::clients::AwsContext;
use crate::errors;

pub(super) async fn observe(aws: &AwsContext, spec: &Spec) -> Result<Vec<String>, CallError> {
    let mut unstaged = Vec::new();
    let job = spec.job().ok_or_else(job_not_read)?;
    for file in job.files() {
        if !is_staged(aws, file).await? {
            unstaged.push(file.uri.to_string());
        }
    }
    Ok(unstaged)
}

/// A command that read no files of the job launches nothing, and asks nothing about them.
pub(crate) fn job_not_read() -> CallError {
    CallError::invalid("this command did not read the files of the job, and can launch nothing")
}

/// The address holds the content's hash, so an object of the right size there is the file. A wrong size would be the
/// doing of someone else, and is put right.
async fn is_staged(aws: &AwsContext, file: &JobFile) -> Result<bool, CallError> {
    let uri = &file.uri;
    match aws.s3.head_object().bucket(uri.bucket()).key(uri.key()).send().await {
        Ok(head) => {
            Ok(head.content_length.and_then(|length| usize::try_from(length).ok())
                == Some(file.content.len()))
        }
        Err(error) if errors::status(&error) == Some(404) => Ok(false),
        Err(error) => Err(errors::call_error(&format!("could not look for {uri}"), &error)),
    }
}
