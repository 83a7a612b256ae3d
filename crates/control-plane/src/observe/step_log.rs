//! What did a failed step write?

use emrys_core::diagnosis::StepLog;
use emrys_core::record::CallError;
use emrys_core::s3_uri::S3Uri;

use super::listing::{Listed, list};
use super::tail::{LINES, Tail};
use crate::clients::AwsContext;
use crate::errors;

/// How much of a log is fetched. The end of a longer one is out of reach: gzip can only be read from its start.
const MAX_FETCHED: u64 = 256 << 20;

/// The logs of a step, the one that says most about a failure first.
const KINDS: [&str; 3] = ["stderr", "stdout", "controller"];

/// The ends of the step's logs; none while none arrived.
pub(super) async fn observe(
    aws: &AwsContext,
    logs: &S3Uri,
    cluster: &str,
    step: &str,
) -> Result<Vec<StepLog>, CallError> {
    let folder = logs.join(&format!("{cluster}/steps/{step}/"));
    let objects = list(aws, &folder).await?;
    let mut found = Vec::new();
    for kind in KINDS {
        let files = rotation(&objects, &folder, kind);
        let Some(newest) = files.first() else { continue };
        let uri = folder.with_key(&newest.key).to_string();
        let lines = last_lines(aws, &folder, &files).await?;
        found.push(StepLog { uri, lines });
    }
    Ok(found)
}

/// The files of one log, newest first: `stderr.gz`, and before it, by the hour, `stderr.2026-11-23-04.gz`.
fn rotation<'a>(objects: &'a [Listed], folder: &S3Uri, kind: &str) -> Vec<&'a Listed> {
    let mut dated: Vec<(Option<&str>, &Listed)> = objects
        .iter()
        .filter_map(|object| {
            let name = object.key.strip_prefix(folder.key())?;
            let name = name.strip_suffix(".gz").unwrap_or(name);
            let date = name.strip_prefix(kind)?;
            if date.is_empty() { Some((None, object)) } else { Some((Some(date.strip_prefix('.')?), object)) }
        })
        .collect();
    // No date is the newest of all.
    dated.sort_by(|(a, _), (b, _)| b.is_none().cmp(&a.is_none()).then_with(|| b.cmp(a)));
    dated.into_iter().map(|(_, object)| object).collect()
}

/// The last lines over all files of a log.
async fn last_lines(aws: &AwsContext, folder: &S3Uri, files: &[&Listed]) -> Result<Vec<String>, CallError> {
    let mut lines: Vec<String> = Vec::new();
    for file in files {
        let mut before = read_tail(aws, &folder.with_key(&file.key)).await?;
        let room = LINES - lines.len();
        let mut earlier = before.split_off(before.len().saturating_sub(room));
        earlier.append(&mut lines);
        lines = earlier;
        if lines.len() == LINES {
            break;
        }
    }
    Ok(lines)
}

async fn read_tail(aws: &AwsContext, uri: &S3Uri) -> Result<Vec<String>, CallError> {
    let what = format!("could not read {uri}");
    let answer = aws.s3.get_object().bucket(uri.bucket()).key(uri.key()).send().await;
    let mut body = answer.map_err(|error| errors::call_error(&what, &error))?.body;
    let mut tail = Tail::new();
    let mut fetched = 0;
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|error| errors::broken_off(&what, &error))?;
        fetched += piece.len() as u64;
        if !tail.push(&piece) || fetched > MAX_FETCHED {
            break;
        }
    }
    Ok(tail.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_file_of_a_rotated_log_comes_first() {
        let folder: S3Uri = "s3://my-logs/logs/j-1/steps/s-1/".parse().unwrap();
        let listed = |name: &str| Listed {
            key: format!("{}{name}", folder.key()),
            size: 1,
            etag: String::new(),
            written_at: jiff::Timestamp::UNIX_EPOCH,
        };
        let objects: Vec<Listed> = [
            "controller.gz",
            "stderr.2026-11-23-04.gz",
            "stderr.2026-11-23-10.gz",
            "stderr.gz",
            "stderrs.gz",
            "stdout.gz",
            "syslog.gz",
        ]
        .map(listed)
        .to_vec();
        let names = |kind| -> Vec<&str> {
            rotation(&objects, &folder, kind).iter().map(|o| o.key.rsplit('/').next().unwrap()).collect()
        };
        assert_eq!(names("stderr"), ["stderr.gz", "stderr.2026-11-23-10.gz", "stderr.2026-11-23-04.gz"]);
        assert_eq!(names("stdout"), ["stdout.gz"]);
    }
}
