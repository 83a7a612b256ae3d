//! A service model as read from its file.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use indexmap::IndexMap;
use regex_lite::Regex;
use serde::Deserialize;

use crate::services::Service;

/// The model of one service.
#[derive(Debug, Deserialize)]
pub struct Model {
    metadata: Metadata,
    operations: BTreeMap<String, OperationModel>,
    shapes: BTreeMap<String, Shape>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    target_prefix: Option<String>,
    xml_namespace: Option<String>,
}

/// What a model says of an operation.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OperationModel {
    /// The shape of its input.
    pub input: Option<String>,
    /// The shape of its output; without one the answer is empty.
    pub output: Option<String>,
    /// The element around the output in XML.
    pub result_wrapper: Option<String>,
    /// Where it is found, in a protocol where method and path say so.
    pub http: Option<Http>,
    /// The shapes of the errors that it declares.
    #[serde(default)]
    pub errors: Vec<String>,
}

/// Method and path of an operation.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Http {
    /// The method.
    pub method: String,
    /// The path, with `{labels}`.
    pub request_uri: String,
}

/// A shape with its constraints.
#[derive(Debug, Deserialize)]
pub struct Shape {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// The members of a structure, in the model's order.
    #[serde(default)]
    pub members: IndexMap<String, Reference>,
    /// The members that must be there.
    #[serde(default)]
    pub required: Vec<String>,
    /// The values that a string may have; empty for any.
    #[serde(default, rename = "enum")]
    pub values: Vec<String>,
    /// What the whole string must match.
    #[serde(default)]
    pub pattern: Option<Pattern>,
    /// The least value of a number, or length of anything else.
    pub min: Option<f64>,
    /// The greatest value of a number, or length of anything else.
    pub max: Option<f64>,
    /// The elements of a list.
    pub member: Option<Reference>,
    /// The keys of a map.
    pub key: Option<Reference>,
    /// The values of a map.
    pub value: Option<Reference>,
    /// Set for errors.
    pub error: Option<ErrorTrait>,
}

/// A use of a shape.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    /// The shape's name.
    pub shape: String,
    /// Where a member of an input stands if not in the body: `uri`, `querystring`.
    pub location: Option<String>,
    /// Its name there.
    pub location_name: Option<String>,
}

/// What a model says about an error beside its members.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorTrait {
    /// Its HTTP status, where the protocol does not leave it open.
    pub http_status_code: Option<u16>,
    /// The code that the query protocol had for it.
    pub code: Option<String>,
}

/// The kinds of shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Members by name.
    Structure,
    /// Elements in order.
    List,
    /// Values by key.
    Map,
    /// Text.
    String,
    /// 32 bits.
    Integer,
    /// 64 bits.
    Long,
    /// A double.
    Double,
    /// A float.
    Float,
    /// True or false.
    Boolean,
    /// A point in time.
    Timestamp,
    /// Bytes.
    Blob,
}

impl Kind {
    /// Whether it holds other shapes.
    pub const fn is_compound(self) -> bool {
        matches!(self, Self::Structure | Self::List | Self::Map)
    }
}

/// A regular expression of a model.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern {
    /// As the model writes it.
    pub text: String,
    regex: Regex,
    /// Whether every text of printable ASCII matches. Most texts are such, and regular expressions are slow.
    takes_ascii: bool,
}

impl Pattern {
    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        (self.takes_ascii && text.bytes().all(is_printable)) || self.regex.is_match(text)
    }
}

impl TryFrom<String> for Pattern {
    type Error = regex_lite::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let regex = Regex::new(&format!(r"\A(?:{})\z", translate(&text)))?;
        // One class of characters, any number of times: it takes a text if it takes each of its characters.
        let class = text.strip_prefix('[').and_then(|rest| rest.strip_suffix("]*"));
        let is_class = class.is_some_and(|class| !class.contains(['[', ']']));
        let takes_ascii = is_class
            && (0..=u8::MAX).filter(|byte| is_printable(*byte)).all(|byte| {
                let mut letter = [0; 4];
                regex.is_match(char::from(byte).encode_utf8(&mut letter))
            });
        Ok(Self { text, regex, takes_ascii })
    }
}

const fn is_printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

/// The models' patterns are of Java: `\uXXXX` for a character, and two surrogates for one beyond the first plane.
fn translate(pattern: &str) -> String {
    pattern
        .replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\u{10000}-\u{10FFFF}")
        .replace(r"\u10000-\u10FFFF", r"\u{10000}-\u{10FFFF}")
        .split(r"\u")
        .enumerate()
        .map(|(at, part)| match part.get(..4) {
            Some(digits) if at > 0 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                format!(r"\x{{{digits}}}{}", &part[4..])
            }
            _ if at > 0 => format!(r"\x{part}"),
            _ => part.to_owned(),
        })
        .collect()
}

static EMR: LazyLock<Model> = LazyLock::new(|| parse(include_str!("../../models/emr.json")));
static CLOUD_WATCH: LazyLock<Model> = LazyLock::new(|| parse(include_str!("../../models/cloudwatch.json")));
static SCHEDULER: LazyLock<Model> = LazyLock::new(|| parse(include_str!("../../models/scheduler.json")));
static ATHENA: LazyLock<Model> = LazyLock::new(|| parse(include_str!("../../models/athena.json")));
static GLUE: LazyLock<Model> = LazyLock::new(|| parse(include_str!("../../models/glue.json")));
static STS: LazyLock<Model> = LazyLock::new(|| parse(include_str!("../../models/sts.json")));

fn parse(text: &str) -> Model {
    serde_json::from_str(text).expect("the models are part of the program, and its tests read each of them")
}

impl Model {
    /// The model of a service; `None` for S3, whose requests the S3 layer reads by itself.
    pub fn of(service: Service) -> Option<&'static Self> {
        match service {
            Service::S3 => None,
            Service::Emr => Some(&EMR),
            Service::CloudWatch => Some(&CLOUD_WATCH),
            Service::Scheduler => Some(&SCHEDULER),
            Service::Athena => Some(&ATHENA),
            Service::Glue => Some(&GLUE),
            Service::Sts => Some(&STS),
        }
    }

    /// The prefix of `X-Amz-Target` for this service.
    pub fn target_prefix(&self) -> Option<&str> {
        self.metadata.target_prefix.as_deref()
    }

    /// The namespace of this service's XML.
    pub fn xml_namespace(&self) -> &str {
        self.metadata.xml_namespace.as_deref().unwrap_or_default()
    }

    /// An operation by its name.
    pub fn operation(&self, name: &str) -> Option<&OperationModel> {
        self.operations.get(name)
    }

    /// A shape by its name.
    pub fn shape(&self, name: &str) -> Option<&Shape> {
        self.shapes.get(name)
    }

    /// The shape of a reference. Models refer to no shape that they do not have.
    pub(crate) fn resolve(&self, reference: &Reference) -> Option<&Shape> {
        self.shape(&reference.shape)
    }

    /// The names of all operations.
    #[cfg(test)]
    pub(crate) fn operations(&self) -> impl Iterator<Item = &str> {
        self.operations.keys().map(String::as_str)
    }

    /// All shapes by name.
    #[cfg(test)]
    pub(crate) fn shapes(&self) -> &BTreeMap<String, Shape> {
        &self.shapes
    }
}
