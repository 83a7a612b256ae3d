//! Texts that have a form: each function says what it takes, or what is wrong and how it is written.

use jiff::tz::TimeZone;

use super::job::Script;
use super::problem::{Wrong, nearest};
use crate::day::Day;
use crate::s3_uri::{S3Uri, S3UriError};
use crate::template::{Placeholder, Template, TemplateError};

/// An EMR release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseLabel {
    text: String,
    /// Whether it is of the line that has Spark only, `emr-spark-…`.
    pub spark_only: bool,
    /// Its version.
    pub version: (u32, u32, u32),
}

impl ReleaseLabel {
    /// As EMR spells it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether its default Python is 3.9 or later, as the built-in job needs it.
    pub fn has_python_39(&self) -> bool {
        self.spark_only || self.version.0 >= 7
    }
}

impl std::fmt::Display for ReleaseLabel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// One of a few words.
pub(super) fn one_of<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, Wrong> {
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
        return Ok(*value);
    }
    let all = words.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let hint = match nearest(text, words.iter().map(|(word, _)| *word)) {
        Some(word) => format!("did you mean `{word}`? Known here: {all}"),
        None => format!("known here: {all}"),
    };
    Err(Wrong::new(format!("`{text}` has no meaning here")).hint(hint))
}

/// A name that is fit for a cluster's name, an alarm's name, and a key in S3.
pub(super) fn pipeline_name(text: &str) -> Result<String, Wrong> {
    let good = text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    if good && ["jobs", "emr-logs"].contains(&text) {
        return Err(Wrong::new(format!("`{text}` is what another folder of the state is called"))
            .hint("give the pipeline another name"));
    }
    if good {
        return Ok(text.to_owned());
    }
    Err(Wrong::new(format!("`{text}` is no name for a pipeline"))
        .hint("up to 64 letters, digits, `.`, `_` and `-`, a letter or digit first: it becomes part of names at AWS"))
}

pub(super) fn region(text: &str) -> Result<String, Wrong> {
    let parts: Vec<&str> = text.split('-').collect();
    let good = parts.len() >= 3
        && parts[0].len() == 2
        && parts[..parts.len() - 1]
            .iter()
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase()))
        && parts[parts.len() - 1].bytes().all(|b| b.is_ascii_digit())
        && parts[parts.len() - 1].len() == 1;
    if good {
        return Ok(text.to_owned());
    }
    Err(Wrong::new(format!("`{text}` is no AWS region"))
        .hint("regions are written like `us-east-1` or `eu-central-1`"))
}

pub(super) fn time_zone(text: &str) -> Result<TimeZone, Wrong> {
    TimeZone::get(text).map_err(|_| {
        Wrong::new(format!("`{text}` is no time zone that is known here"))
            .hint("use a name from the IANA time zone database, such as `Europe/Berlin`, or `UTC`")
    })
}

pub(super) fn release_label(text: &str) -> Result<ReleaseLabel, Wrong> {
    let wrong = || {
        Wrong::new(format!("`{text}` is no EMR release label"))
            .hint("labels are written like `emr-7.13.0` or `emr-spark-8.0.0`")
    };
    let version = text.strip_prefix("emr-").ok_or_else(wrong)?;
    let (spark_only, version) =
        version.strip_prefix("spark-").map_or((false, version), |version| (true, version));
    let numbers: Vec<u32> = version
        .split('.')
        .filter(|part| part.bytes().all(|b| b.is_ascii_digit()))
        .filter_map(|part| part.parse().ok())
        .collect();
    let [major, minor, patch] = numbers[..] else {
        return Err(wrong());
    };
    if version.split('.').count() != 3 {
        return Err(wrong());
    }
    if !spark_only && (major, minor) < (5, 30) {
        return Err(Wrong::new(format!("`{text}` is older than what Emrys is made for"))
            .hint("use emr-5.30.0 or later, and emr-7.0.0 or later for the built-in job"));
    }
    Ok(ReleaseLabel { text: text.to_owned(), spark_only, version: (major, minor, patch) })
}

/// A role or profile by its name or its ARN.
pub(super) fn named_or_arn(text: &str, kind: &str) -> Result<String, Wrong> {
    if text.starts_with("arn:") {
        return arn(text, "iam", kind);
    }
    let good = text.len() <= 128
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '=' | ',' | '.' | '@' | '-'));
    if good {
        Ok(text.to_owned())
    } else {
        Err(Wrong::new(format!("`{text}` is neither a name nor an ARN in IAM"))
            .hint(format!("it is written like `my-name` or `arn:aws:iam::123456789012{kind}my-name`")))
    }
}

/// An ARN of a service, of a kind of resource.
pub(super) fn arn(text: &str, service: &str, kind: &str) -> Result<String, Wrong> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let good = parts.len() == 6
        && parts[0] == "arn"
        && parts[1].starts_with("aws")
        && parts[2] == service
        && parts[4].len() == 12
        && parts[4].bytes().all(|b| b.is_ascii_digit())
        && format!(":{}", parts[5]).starts_with(kind)
        && !text.contains(char::is_whitespace);
    if good {
        return Ok(text.to_owned());
    }
    let region = if service == "iam" { "" } else { "us-east-1" };
    Err(Wrong::new(format!("`{text}` is not the ARN that is expected here"))
        .hint(format!("it is written like `arn:aws:{service}:{region}:123456789012{kind}…`")))
}

/// What CloudWatch can call when an alarm fires.
pub(super) fn alarm_action(text: &str) -> Result<String, Wrong> {
    if text.starts_with("arn:aws") && text.split(':').count() >= 6 && !text.contains(char::is_whitespace) {
        return Ok(text.to_owned());
    }
    Err(Wrong::new(format!("`{text}` is no ARN"))
        .hint("for example `arn:aws:sns:us-east-1:123456789012:on-call`"))
}

/// `subnet-…`, `sg-…`.
pub(super) fn resource_id(text: &str, prefix: &str) -> Result<String, Wrong> {
    let good = text.strip_prefix(prefix).is_some_and(|id| {
        (8..=17).contains(&id.len()) && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    });
    if good {
        return Ok(text.to_owned());
    }
    Err(Wrong::new(format!("`{text}` is not the identifier that is expected here"))
        .hint(format!("it is written like `{prefix}0123456789abcdef0`")))
}

pub(super) fn instance_type(text: &str) -> Result<String, Wrong> {
    let part = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    match text.split_once('.') {
        Some((family, size)) if part(family) && part(size) => Ok(text.to_owned()),
        _ => {
            Err(Wrong::new(format!("`{text}` is no instance type"))
                .hint("types are written like `m5.xlarge`"))
        }
    }
}

/// The name of a step or of a bootstrap action.
pub(super) fn step_name(text: &str) -> Result<String, Wrong> {
    if text.chars().count() <= 256 && !text.chars().any(|c| c.is_control() || "<>$|`".contains(c)) {
        return Ok(text.to_owned());
    }
    Err(Wrong::new("EMR does not take this name").hint("up to 256 characters, without < > $ | and backtick"))
}

pub(super) fn main_class(text: &str) -> Result<String, Wrong> {
    let good = text.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '$'));
    if good {
        return Ok(text.to_owned());
    }
    Err(Wrong::new(format!("`{text}` is no name of a class")).hint("it is written like `com.example.Report`"))
}

/// The name of a database, a table or a column in the Glue catalog.
pub(super) fn catalog_name(text: &str, of: &str) -> Result<String, Wrong> {
    let is_good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if (1..=255).contains(&text.len()) && text.bytes().all(is_good) {
        return Ok(text.to_owned());
    }
    Err(Wrong::new(format!("`{text}` is no name for {of}")).hint(
        "up to 255 lower-case letters, digits and underscores: Athena and Spark take no others everywhere",
    ))
}

/// The address of a folder.
pub(super) fn folder(text: &str) -> Result<S3Uri, Wrong> {
    let uri = address(text, "s3://my-log-bucket/a-folder/")?;
    if !uri.is_folder() {
        return Err(
            Wrong::new(format!("`{text}` is not a folder")).hint(format!("end it with a slash: `{text}/`"))
        );
    }
    // Hadoop takes `a//b` for `a/b`, which is another key: nobody would find what is written to one under the other.
    if uri.key().starts_with('/') || uri.key().contains("//") {
        return Err(Wrong::new("a folder of Spark's cannot have `//` in its address").hint("write one slash"));
    }
    plain(text, &uri)
}

/// The address of an object.
pub(super) fn object(text: &str) -> Result<S3Uri, Wrong> {
    let uri = address(text, "s3://my-log-bucket/a-folder/a-file")?;
    if uri.is_folder() {
        return Err(Wrong::new(format!("`{text}` is a folder, and a file is expected"))
            .hint("name the file in it, without a slash at the end"));
    }
    plain(text, &uri)
}

fn address(text: &str, example: &str) -> Result<S3Uri, Wrong> {
    text.parse().map_err(|error: S3UriError| {
        let wrong = Wrong::new(error.to_string());
        match error {
            S3UriError::Scheme => wrong.hint(format!("for example `{example}`")),
            S3UriError::Bucket { .. } => {
                wrong.hint("buckets have no placeholders, and no upper-case letters")
            }
            S3UriError::LongKey { .. } => wrong.hint("shorten the address"),
            S3UriError::ControlCharacter => {
                wrong.hint("look for line breaks, tabs and what was pasted along, and take them out")
            }
        }
    })
}

/// Addresses of folders and files that Hadoop or a shell would take for something else.
fn plain(text: &str, uri: &S3Uri) -> Result<S3Uri, Wrong> {
    match uri.key().chars().find(|c| "{}*?[]\\".contains(*c) || c.is_whitespace()) {
        None => Ok(uri.clone()),
        Some(c @ ('{' | '}')) => {
            let offset = text.find(c).unwrap_or_default();
            Err(Wrong::new("placeholders have no meaning here")
                .at(offset)
                .hint("the parts for the day are appended"))
        }
        Some(c) => {
            let offset = text.find(c).unwrap_or_default();
            Err(Wrong::new(format!("`{c}` cannot stand in this address")).at(offset).hint(
                "Hadoop reads *?[]{} as patterns and \\ as their escape, and commands are split at spaces",
            ))
        }
    }
}

/// The address of a day's folder.
pub(super) fn day_folder(text: &str) -> Result<Template, Wrong> {
    let template = template(text, &Placeholder::OF_THE_DAY)?;
    folder(&template.on(Day::SAMPLE)).map_err(|wrong| Wrong {
        // What the sample filled in is not what the user wrote.
        message: wrong.message.replace(&template.on(Day::SAMPLE), text),
        hint: wrong.hint.map(|hint| hint.replace(&template.on(Day::SAMPLE), text)),
        offset: 0,
    })?;
    if !template.tells_days_apart() {
        return Err(Wrong::new("this folder is not one day's")
            .hint("use {yyyy}, {mm} and {dd}, or {day}: each day's logs lie in a folder of their own"));
    }
    Ok(template)
}

/// An argument of the job or of a step.
pub(super) fn argument(text: &str) -> Result<Template, Wrong> {
    template(text, &Placeholder::ALL)
}

/// An argument of what runs before anything of the run is known.
pub(super) fn day_argument(text: &str) -> Result<Template, Wrong> {
    template(text, &Placeholder::OF_THE_DAY)
}

/// The address of a step's file.
pub(super) fn step_file(text: &str) -> Result<Template, Wrong> {
    let template = template(text, &Placeholder::OF_THE_DAY)?;
    object(&template.on(Day::SAMPLE))
        .map_err(|wrong| wrong.hint("upload the file, and name its `s3://` address").at(0))?;
    Ok(template)
}

fn template(text: &str, allowed: &[Placeholder]) -> Result<Template, Wrong> {
    if let Some(offset) = text.find(|c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r')) {
        return Err(Wrong::new("EMR takes no control characters")
            .hint("take it out; tabs and line breaks may stay")
            .at(offset));
    }
    Template::parse(text, allowed).map_err(|error| {
        let names = allowed.iter().map(|placeholder| placeholder.name());
        let all = allowed.iter().map(|p| format!("{{{}}}", p.name())).collect::<Vec<_>>().join(" ");
        let hint = match &error {
            TemplateError::Unknown { name, .. } => match nearest(name, names) {
                Some(name) => format!("did you mean {{{name}}}? Braces that are meant are written twice"),
                None => format!("known here: {all}; braces that are meant are written twice"),
            },
            TemplateError::Unclosed { .. } | TemplateError::Unopened { .. } => {
                "a brace that is meant is written twice: {{ or }}".to_owned()
            }
            TemplateError::NotHere { .. } => format!("known here: {all}"),
        };
        Wrong::new(error.to_string()).hint(hint).at(error.offset())
    })
}

/// A file of the job: a local path or an address.
pub(super) fn job_file(text: &str, endings: &[&str]) -> Result<Script, Wrong> {
    let file = if text.contains("://") { Script::S3(object(text)?) } else { Script::Local(text.to_owned()) };
    let name = file.file_name();
    if !endings.iter().any(|ending| name.ends_with(ending) && name.len() > ending.len()) {
        let hint = match endings {
            [ending] => format!("name a Python file: `my_job{ending}`; other programs run as [[steps]]"),
            _ => "a module is a `.py` file; of packages, make a `.zip` or an `.egg`".to_owned(),
        };
        return Err(Wrong::new(format!("`{text}` does not end with {}", endings.join(" or "))).hint(hint));
    }
    if name.chars().any(|c| c.is_whitespace() || c.is_control() || "{}*?[]\\,#".contains(c)) {
        return Err(Wrong::new(format!("`{name}` has a letter that spark-submit takes for something else"))
            .hint("rename the file: no spaces, and none of {}*?[],#"));
    }
    Ok(file)
}
