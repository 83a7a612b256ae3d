//! What the journal keeps of a call: operation, resource, and the parameters under botocore's names.

use http::Extensions;
use s3s::S3Request;
use s3s::dto::{
    self, BucketLifecycleConfiguration, BucketLocationConstraint, ChecksumAlgorithm, ChecksumMode,
    ChecksumType, CompletedMultipartUpload, CopySource, CreateBucketConfiguration, Delete, ETagCondition,
    EncodingType, MetadataDirective, Range, TimestampFormat,
};
use serde_json::{Map, Value, json};

use crate::journal::CallRecord;

/// Records the parameters of an operation: `record!(request, { "Bucket": bucket, "Key": key })`. What the client did
/// not give is left out. [`resolved`] has recorded the operation's name, as s3s has it.
macro_rules! record {
    ($request:expr, { $($name:literal: $field:ident),* $(,)? }) => {{
        let mut parameters = serde_json::Map::new();
        $($crate::s3::record::add(&mut parameters, $name, &$request.input.$field);)*
        $crate::s3::record::called(&$request, parameters);
    }};
}
pub(super) use record;

/// Records a call whose parameters are not read yet.
pub(super) fn resolved(
    extensions: &mut Extensions,
    operation: &str,
    bucket: Option<&str>,
    key: Option<&str>,
) {
    let mut parameters = Map::new();
    add(&mut parameters, "Bucket", &bucket.map(str::to_owned));
    add(&mut parameters, "Key", &key.map(str::to_owned));
    if let Some(record) = extensions.get::<CallRecord>() {
        record.operation(operation);
    }
    write(extensions, parameters);
}

/// Records a call with its parameters.
pub(super) fn called<T>(request: &S3Request<T>, parameters: Map<String, Value>) {
    write(&request.extensions, parameters);
}

/// Records the error of an answer that has no body to tell it.
pub(super) fn failed<T>(request: &S3Request<T>, code: &str) {
    if let Some(record) = request.extensions.get::<CallRecord>() {
        record.error(code);
    }
}

fn write(extensions: &Extensions, parameters: Map<String, Value>) {
    let Some(record) = extensions.get::<CallRecord>() else {
        return;
    };
    let text = |name: &str| parameters.get(name).and_then(Value::as_str);
    let resource = match (text("Bucket"), text("Key")) {
        (Some(bucket), Some(key)) => format!("s3://{bucket}/{key}"),
        (Some(bucket), None) => format!("s3://{bucket}"),
        (None, _) => String::new(),
    };
    record.parameters(resource, Value::Object(parameters));
}

pub(super) fn add(parameters: &mut Map<String, Value>, name: &str, parameter: &impl Parameter) {
    if let Some(value) = parameter.recorded() {
        parameters.insert(name.to_owned(), value);
    }
}

/// A parameter of a request, as JSON.
pub(super) trait Parameter {
    fn recorded(&self) -> Option<Value>;
}

impl<T: Parameter> Parameter for Option<T> {
    fn recorded(&self) -> Option<Value> {
        self.as_ref().and_then(Parameter::recorded)
    }
}

/// Implements [`Parameter`] by an expression.
macro_rules! parameters {
    ($($kind:ty: $value:ident => $json:expr;)*) => {
        $(impl Parameter for $kind {
            fn recorded(&self) -> Option<Value> {
                let $value = self;
                Some($json.into())
            }
        })*
    };
}

parameters! {
    String: text => text.as_str();
    i32: number => *number;
    i64: number => *number;
    bool: flag => *flag;
    BucketLocationConstraint: value => value.as_str();
    ChecksumAlgorithm: value => value.as_str();
    ChecksumMode: value => value.as_str();
    ChecksumType: value => value.as_str();
    EncodingType: value => value.as_str();
    MetadataDirective: value => value.as_str();
    CopySource: source => source.format_to_string();
    Range: range => range.to_header_string();
    ETagCondition: condition => match condition {
        ETagCondition::Any => "*".to_owned(),
        ETagCondition::ETag(etag) => quoted(etag),
    };
    dto::Timestamp: time => {
        let mut text = Vec::new();
        // Into memory, and of a time that was read from such a text.
        let _ = time.format(TimestampFormat::DateTime, &mut text);
        String::from_utf8_lossy(&text).into_owned()
    };
    dto::Metadata: metadata => metadata
        .iter()
        .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
        .collect::<Map<_, _>>();
    CreateBucketConfiguration: configuration => {
        let mut value = Map::new();
        add(&mut value, "LocationConstraint", &configuration.location_constraint);
        value
    };
    dto::TransitionDefaultMinimumObjectSize: value => value.as_str();
    BucketLifecycleConfiguration: configuration => {
        // Their own form in JSON differs from botocore's in the names only.
        json!({"Rules": named(serde_json::to_value(&configuration.rules).unwrap_or_default())})
    };
    CompletedMultipartUpload: upload => {
        let part = |part: &dto::CompletedPart| {
            let mut value = Map::new();
            add(&mut value, "PartNumber", &part.part_number);
            add(&mut value, "ETag", &part.e_tag.as_ref().map(quoted));
            Value::Object(value)
        };
        json!({ "Parts": upload.parts.iter().flatten().map(part).collect::<Vec<_>>() })
    };
    Delete: delete => {
        let object = |object: &dto::ObjectIdentifier| {
            let mut value = Map::new();
            add(&mut value, "Key", &object.key);
            add(&mut value, "ETag", &object.e_tag.as_ref().map(quoted));
            Value::Object(value)
        };
        let mut value = Map::new();
        value.insert("Objects".to_owned(), delete.objects.iter().map(object).collect());
        add(&mut value, "Quiet", &delete.quiet);
        value
    };
}

/// A value with its members under botocore's names (`noncurrent_days` is `NoncurrentDays`), without null members.
fn named(value: Value) -> Value {
    let pascal = |name: &str| match name {
        "id" => "ID".to_owned(),
        name => {
            let words = name.split('_').map(|word| word[..1].to_ascii_uppercase() + &word[1..]);
            words.collect::<String>()
        }
    };
    match value {
        Value::Array(items) => items.into_iter().map(named).collect(),
        Value::Object(members) => {
            let given = members.into_iter().filter(|(_, value)| !value.is_null());
            given.map(|(name, value)| (pascal(&name), named(value))).collect()
        }
        scalar => scalar,
    }
}

fn quoted(etag: &dto::ETag) -> String {
    format!("\"{}\"", etag.value())
}
