use serde_json::{Value, json};

use super::*;
use crate::services::{Operation, Service};

fn model(service: Service) -> &'static Model {
    Model::of(service).unwrap()
}

fn message(service: Service, operation: &str, input: Value) -> Option<String> {
    model(service).check(operation, input).error.map(|error| error.to_string())
}

#[test]
fn every_model_can_be_read_and_refers_only_to_shapes_that_it_has() {
    for service in Service::IN_WORLD.iter().copied() {
        let model = model(service);
        for operation in model.operations() {
            let operation = model.operation(operation).unwrap();
            for shape in [&operation.input, &operation.output].into_iter().flatten() {
                assert!(model.shape(shape).is_some(), "{service:?}: {shape}");
            }
        }
        for (name, shape) in model.shapes() {
            let inner = [&shape.member, &shape.key, &shape.value].into_iter().flatten();
            for reference in shape.members.values().chain(inner) {
                assert!(
                    model.resolve(reference).is_some(),
                    "{service:?}: {name} refers to {}",
                    reference.shape
                );
            }
        }
    }
}

#[test]
fn a_model_has_the_operations_that_the_world_answers_and_no_others() {
    for service in Service::IN_WORLD.iter().copied() {
        let mut answered: Vec<&str> = service.operations().map(Operation::name).collect();
        answered.sort_unstable();
        assert_eq!(model(service).operations().collect::<Vec<_>>(), answered, "{service:?}");
    }
}

fn launch() -> Value {
    json!({
        "Name": "nightly",
        "Instances": {"InstanceCount": 1, "KeepJobFlowAliveWhenNoSteps": false},
        "Steps": [{"Name": "analysis", "HadoopJarStep": {"Jar": "command-runner.jar", "Args": ["true"]}}],
    })
}

/// One wrong thing at a time: where it is put into a good launch, and what AWS says to it.
#[test]
fn each_kind_of_constraint_has_the_words_of_aws() {
    let long = "n".repeat(257);
    let table: [(&str, Value, String); 10] = [
        ("/Name", Value::Null, "Value null at 'name' failed to satisfy constraint: Member must not be null".into()),
        (
            "/Name",
            json!(long),
            format!(
                "Value '{long}' at 'name' failed to satisfy constraint: \
                 Member must have length less than or equal to 256"
            ),
        ),
        (
            "/Name",
            json!("bell \u{7}"),
            "Value 'bell \u{7}' at 'name' failed to satisfy constraint: Member must satisfy regular expression \
             pattern: [\\u0020-\\uD7FF\\uE000-\\uFFFD\\uD800\\uDC00-\\uDBFF\\uDFFF\\r\\n\\t]*"
                .into(),
        ),
        (
            "/Instances",
            Value::Null,
            "Value null at 'instances' failed to satisfy constraint: Member must not be null".into(),
        ),
        (
            "/Steps/0/ActionOnFailure",
            json!("GIVE_UP"),
            "Value 'GIVE_UP' at 'steps.1.member.actionOnFailure' failed to satisfy constraint: Member must satisfy \
             enum value set: [TERMINATE_JOB_FLOW, TERMINATE_CLUSTER, CANCEL_AND_WAIT, CONTINUE]"
                .into(),
        ),
        (
            "/Steps/0/HadoopJarStep/Jar",
            Value::Null,
            "Value null at 'steps.1.member.hadoopJarStep.jar' failed to satisfy constraint: Member must not be null"
                .into(),
        ),
        (
            "/StepConcurrencyLevel",
            json!("ten"),
            "STRING_VALUE can not be converted to an Integer at 'stepConcurrencyLevel'".into(),
        ),
        ("/Name", json!(7), "NUMBER_VALUE can not be converted to a String at 'name'".into()),
        (
            "/Steps",
            json!({"Name": "x"}),
            "Start of structure or map can not be converted to a list at 'steps'".into(),
        ),
        (
            "/Instances/Ec2SubnetIds",
            json!(["subnet-1", "s".repeat(257)]),
            format!(
                "Value '[subnet-1, {}]' at 'instances.ec2SubnetIds' failed to satisfy constraint: Member must \
                 satisfy constraint: [Member must have length less than or equal to 256]",
                "s".repeat(257)
            ),
        ),
    ];
    for (pointer, value, expected) in table {
        let mut input = launch();
        put(&mut input, pointer, value);
        let found = message(Service::Emr, "RunJobFlow", input).unwrap_or_default();
        let found = found.strip_prefix("1 validation error detected: ").unwrap_or(&found);
        assert_eq!(found, expected, "{pointer}");
    }
    assert_eq!(message(Service::Emr, "RunJobFlow", launch()), None);
}

fn put(input: &mut Value, pointer: &str, value: Value) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    input.pointer_mut(parent).unwrap()[name] = value;
}

#[test]
fn all_violations_are_listed_at_once() {
    let found = message(Service::Emr, "RunJobFlow", json!({"Steps": [{"HadoopJarStep": {}}]})).unwrap();
    assert_eq!(
        found,
        "4 validation errors detected: \
         Value null at 'name' failed to satisfy constraint: Member must not be null; \
         Value null at 'instances' failed to satisfy constraint: Member must not be null; \
         Value null at 'steps.1.member.name' failed to satisfy constraint: Member must not be null; \
         Value null at 'steps.1.member.hadoopJarStep.jar' failed to satisfy constraint: Member must not be null"
    );
}

#[test]
fn numbers_and_sizes_have_bounds() {
    let policy =
        |seconds: i64| json!({"ClusterId": "j-1", "AutoTerminationPolicy": {"IdleTimeout": seconds}});
    assert_eq!(message(Service::Emr, "PutAutoTerminationPolicy", policy(i64::from(i32::MAX))), None);
    let alarm = json!({
        "AlarmName": "a", "EvaluationPeriods": 0, "ComparisonOperator": "LessThanThreshold", "Period": 60,
    });
    assert_eq!(
        message(Service::CloudWatch, "PutMetricAlarm", alarm).as_deref(),
        Some(
            "1 validation error detected: Value '0' at 'evaluationPeriods' failed to satisfy constraint: \
             Member must have value greater than or equal to 1"
        )
    );
    let names: Vec<String> = (0..101).map(|n| format!("alarm-{n}")).collect();
    let found = message(Service::CloudWatch, "DeleteAlarms", json!({"AlarmNames": names})).unwrap();
    assert!(found.ends_with("Member must have length less than or equal to 100"), "{found}");
}

#[test]
fn unknown_members_are_ignored_and_reported() {
    let mut input = launch();
    put(&mut input, "/Instances/HadoopVersoin", json!("3"));
    put(&mut input, "/Steps/0/Kind", json!("spark"));
    put(&mut input, "/__type", json!("RunJobFlowInput"));
    let checked = model(Service::Emr).check("RunJobFlow", input);
    assert_eq!(checked.error, None);
    assert_eq!(checked.unknown, ["instances.HadoopVersoin", "steps.1.member.Kind"]);
    assert_eq!(checked.input, launch(), "and the world does not see them");
}

#[test]
fn null_is_absent() {
    let mut input = launch();
    put(&mut input, "/LogUri", Value::Null);
    put(&mut input, "/Steps/0/ActionOnFailure", Value::Null);
    let checked = model(Service::Emr).check("RunJobFlow", input);
    assert_eq!((checked.error, checked.input), (None, launch()));
}

#[test]
fn patterns_of_java_hold_for_the_whole_string() {
    // XmlString allows everything that XML does, characters beyond the first plane too.
    let name = |text: &str| message(Service::Emr, "DescribeCluster", json!({ "ClusterId": text }));
    assert_eq!(name("j-1 \t\r\n ä 🚀"), None);
    let launch = |text: &str| {
        let mut input = launch();
        put(&mut input, "/Name", json!(text));
        message(Service::Emr, "RunJobFlow", input)
    };
    assert_eq!(launch("tab\t, line\r\n, ä, 🚀"), None);
    assert!(launch("good, then bad \u{1}").is_some());
    assert!(launch("\u{1} bad, then good").is_some());
}
