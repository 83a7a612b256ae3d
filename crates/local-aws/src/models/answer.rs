//! Checking an answer against the model of its operation.
//!
//! An answer that the model does not allow is a mistake of the embedded AWS. Clients hide such mistakes: they drop a
//! member that they do not know, and read a missing one as absent.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::shape::{Kind, Model, Reference, Shape};
use super::validate::{broken, is_of, shown, type_of};
use crate::services::Operation;

/// Codes that AWS answers without declaring them in a model.
const UNDECLARED: &[&str] = &["InternalFailure", "ValidationError", "ValidationException"];

/// Checks the answer of an operation, and gives what is wrong with it. `is_unknown_state` says which values outside of
/// their enums are there on purpose, by a fault.
pub(crate) fn check_output(
    operation: Operation,
    output: &Value,
    is_unknown_state: &dyn Fn(&str) -> bool,
) -> Vec<String> {
    let model = Model::of(operation.service());
    let shape = model.and_then(|model| {
        let name = model.operation(operation.name())?.output.as_deref()?;
        Some((model, name, model.shape(name)?))
    });
    match (shape, output) {
        (Some((model, name, shape)), output) => {
            let mut check = Check { model, path: Vec::new(), found: Vec::new(), is_unknown_state };
            check.value(name, shape, output);
            check.found
        }
        (None, Value::Object(members)) if members.is_empty() => Vec::new(),
        (None, output) => vec![format!("the operation has no output, but answers {}", shown(output))],
    }
}

/// Checks the error of an operation: its code is declared for the operation with this HTTP status, or is one that AWS
/// answers undeclared.
pub(crate) fn check_error(operation: Operation, code: &str, status: u16) -> Option<String> {
    let model = Model::of(operation.service())?;
    let Some(declared) = model.shape(code).and_then(|shape| shape.error.as_ref()) else {
        return (!UNDECLARED.contains(&code)).then(|| format!("the service has no error {code}"));
    };
    if model.operation(operation.name()).is_none_or(|of| !of.errors.iter().any(|error| error == code)) {
        return Some(format!("the operation does not declare the error {code}"));
    }
    let expected = declared.http_status_code.filter(|expected| *expected != status)?;
    Some(format!("the error {code} has the HTTP status {expected}, not {status}"))
}

/// One step from the top of an answer to a member.
enum Step<'a> {
    Member(&'a str),
    Item(usize),
}

struct Check<'a> {
    model: &'a Model,
    path: Vec<Step<'a>>,
    found: Vec<String>,
    is_unknown_state: &'a dyn Fn(&str) -> bool,
}

impl<'a> Check<'a> {
    fn value(&mut self, name: &str, shape: &Shape, value: &'a Value) {
        if !is_of(shape.kind, value) {
            return self.report(&format!("must be {} ({name}), not {}", type_of(shape.kind), shown(value)));
        }
        // A list that answers share with requests may ask for an item. An answer without one is empty all the same.
        let is_empty_list = value.as_array().is_some_and(Vec::is_empty);
        for constraint in broken(shape, value).into_iter().filter(|_| !is_empty_list) {
            let is_unknown_state =
                value.as_str().is_some_and(|text| !shape.values.is_empty() && (self.is_unknown_state)(text));
            if !is_unknown_state {
                self.report(&format!("is {}: {constraint} ({name})", shown(value)));
            }
        }
        match (shape.kind, value) {
            (Kind::Structure, Value::Object(members)) => self.structure(name, shape, members),
            (_, Value::Object(entries)) => self.map(shape, entries),
            (_, Value::Array(items)) => {
                for (at, item) in items.iter().enumerate() {
                    self.inner(Step::Item(at), shape.member.as_ref(), item);
                }
            }
            _ => {}
        }
    }

    fn structure(&mut self, name: &str, shape: &Shape, members: &'a Map<String, Value>) {
        for (member, value) in members {
            let Some(reference) = shape.members.get(member) else {
                self.path.push(Step::Member(member));
                self.report(&format!("is not a member of {name}"));
                self.path.pop();
                continue;
            };
            self.inner(Step::Member(member), Some(reference), value);
        }
        for member in shape.required.iter().filter(|member| !members.contains_key(*member)) {
            self.report(&format!("has no {member}, which {name} requires"));
        }
    }

    fn map(&mut self, shape: &Shape, entries: &'a Map<String, Value>) {
        let key = shape.key.as_ref().and_then(|reference| self.model.resolve(reference));
        for (name, value) in entries {
            let constraints = key.map_or_else(Vec::new, |key| broken(key, &Value::from(name.as_str())));
            for constraint in constraints {
                self.report(&format!("has the key '{name}': {constraint}"));
            }
            self.inner(Step::Member(name), shape.value.as_ref(), value);
        }
    }

    fn inner(&mut self, step: Step<'a>, reference: Option<&Reference>, value: &'a Value) {
        let Some((reference, shape)) = reference.and_then(|of| Some((of, self.model.resolve(of)?))) else {
            return;
        };
        self.path.push(step);
        self.value(&reference.shape, shape, value);
        self.path.pop();
    }

    /// `Cluster.Tags[0].Key <why>`.
    fn report(&mut self, why: &str) {
        let mut text = String::new();
        for step in &self.path {
            // Writing to a String cannot fail.
            let _ = match step {
                Step::Member(name) if text.is_empty() => write!(text, "{name}"),
                Step::Member(name) => write!(text, ".{name}"),
                Step::Item(at) => write!(text, "[{at}]"),
            };
        }
        let place = if text.is_empty() { "the answer" } else { &text };
        self.found.push(format!("{place} {why}"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::services::{AthenaOperation, CloudWatchOperation, EmrOperation, SchedulerOperation};

    fn found(operation: impl Into<Operation>, output: &Value) -> Vec<String> {
        check_output(operation.into(), output, &|_| false)
    }

    /// One planted mistake at a time, and the sentence that names it.
    #[test]
    fn each_kind_of_mistake_is_named_by_its_member() {
        let table = [
            (
                json!({"Cluster": {"Status": {"Sate": "RUNNING"}}}),
                "Cluster.Status.Sate is not a member of ClusterStatus",
            ),
            (json!({"Cluster": {"Name": 7}}), "Cluster.Name must be a String (String), not '7'"),
            (json!({"Cluster": {"Name": null}}), "Cluster.Name must be a String (String), not null"),
            (
                json!({"Cluster": {"AutoTerminate": "true"}}),
                "Cluster.AutoTerminate must be a Boolean (Boolean), not 'true'",
            ),
            (
                json!({"Cluster": {"Tags": [{"Key": "a"}, {"key": "b"}]}}),
                "Cluster.Tags[1].key is not a member of Tag",
            ),
            (json!({"Cluster": {"Tags": {}}}), "Cluster.Tags must be a list (TagList), not '{}'"),
            (
                json!({"Cluster": {"StepConcurrencyLevel": 1.5}}),
                "Cluster.StepConcurrencyLevel must be an Integer (Integer), not '1.5'",
            ),
            (
                json!({"Cluster": {"Status": {"Timeline": {"ReadyDateTime": "2024-10-21"}}}}),
                "Cluster.Status.Timeline.ReadyDateTime must be a Date (Date), not '2024-10-21'",
            ),
            (
                json!({"Cluster": {"Configurations": [{"Properties": {"a": 1}}]}}),
                "Cluster.Configurations[0].Properties.a must be a String (String), not '1'",
            ),
            (json!([]), "the answer must be a structure (DescribeClusterOutput), not '[]'"),
        ];
        for (output, expected) in table {
            assert_eq!(found(EmrOperation::DescribeCluster, &output), [expected]);
        }
        let good = json!({"Cluster": {"Status": {"State": "RUNNING", "Timeline": {"ReadyDateTime": 1.5}}}});
        assert!(found(EmrOperation::DescribeCluster, &good).is_empty());
    }

    #[test]
    fn a_required_member_may_not_be_missing() {
        let missing = found(SchedulerOperation::CreateSchedule, &json!({}));
        assert_eq!(missing, ["the answer has no ScheduleArn, which CreateScheduleOutput requires"]);
    }

    #[test]
    fn a_value_is_one_of_its_enum_unless_a_fault_made_it_up() {
        let output = json!({"Cluster": {"Status": {"State": "DREAMING"}}});
        let says = &found(EmrOperation::DescribeCluster, &output)[0];
        assert!(
            says.starts_with("Cluster.Status.State is 'DREAMING': Member must satisfy enum value set"),
            "{says}"
        );
        let made_up = |text: &str| text == "DREAMING";
        assert!(check_output(EmrOperation::DescribeCluster.into(), &output, &made_up).is_empty());
    }

    #[test]
    fn an_operation_without_output_answers_nothing() {
        assert!(found(EmrOperation::TerminateJobFlows, &json!({})).is_empty());
        assert_eq!(found(EmrOperation::TerminateJobFlows, &json!({"Id": 1})).len(), 1);
    }

    #[test]
    fn an_error_is_declared_with_its_status_or_known_to_be_undeclared() {
        let check = |operation: Operation, code, status| check_error(operation, code, status);
        let (describe, launch) = (EmrOperation::DescribeCluster.into(), EmrOperation::RunJobFlow.into());
        assert_eq!(check(describe, "InvalidRequestException", 400), None);
        assert_eq!(check(launch, "ValidationException", 400), None);
        assert_eq!(
            check(launch, "InvalidRequestException", 400).unwrap(),
            "the operation does not declare the error InvalidRequestException"
        );
        assert_eq!(
            check(describe, "InvalidRequestExeption", 400).unwrap(),
            "the service has no error InvalidRequestExeption"
        );
        assert_eq!(
            check(CloudWatchOperation::DeleteAlarms.into(), "ResourceNotFound", 400).unwrap(),
            "the error ResourceNotFound has the HTTP status 404, not 400"
        );
        assert_eq!(check(AthenaOperation::GetWorkGroup.into(), "InvalidRequestException", 400), None);
    }
}
