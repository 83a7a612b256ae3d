//! One-time schedules that end clusters.

use super::*;

const ROLE: &str = "arn:aws:iam::123456789012:role/emrys-guard";

pub(super) fn create(name: &str, group: Option<&str>, at: &str, clusters: &[&str]) -> Value {
    let mut input = json!({
        "Name": name,
        "ScheduleExpression": format!("at({at})"),
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "DELETE",
        "Target": {
            "Arn": "arn:aws:scheduler:::aws-sdk:emr:terminateJobFlows",
            "RoleArn": ROLE,
            "Input": json!({"JobFlowIds": clusters}).to_string(),
        },
    });
    if let Some(group) = group {
        input["GroupName"] = json!(group);
    }
    input
}

#[expect(clippy::needless_pass_by_value, reason = "inputs are written where they are used: json!({..})")]
impl Harness {
    fn scheduler(&mut self, operation: &str, input: Value) -> Value {
        self.try_call(Service::Scheduler, operation, &input)
            .unwrap_or_else(|error| panic!("{operation}: {error}"))
    }

    fn not_scheduled(&mut self, operation: &str, input: Value) -> (String, u16, String) {
        let error = self.try_call(Service::Scheduler, operation, &input).expect_err(operation);
        (error.code, error.status, error.message)
    }
}

#[test]
fn a_schedule_ends_a_cluster_at_its_time_and_is_gone() {
    let mut harness = Harness::new();
    let id = harness.launch(kept_alive(&[step("one", "CONTINUE")]));
    harness.scheduler("CreateScheduleGroup", json!({"Name": "emrys"}));
    let made =
        harness.scheduler("CreateSchedule", create("n1", Some("emrys"), "2024-10-21T06:00:00", &[&id]));
    assert_eq!(made["ScheduleArn"], "arn:aws:scheduler:us-east-1:123456789012:schedule/emrys/n1");
    let due = "2024-10-21T06:00:00Z".parse().unwrap();
    assert_eq!(harness.world.next_deadline(), Some(due));

    harness.now = due.checked_sub(SignedDuration::from_millis(1)).unwrap();
    assert_eq!(harness.state(&id).0, "RUNNING");
    assert!(harness.called.is_empty());
    // The runner is asked at that very time, however late somebody looks.
    harness.pass_secs(3_600);
    let [call] = harness.called.as_slice() else { panic!("{:?}", harness.called) };
    assert_eq!((call.at, call.by.as_str(), call.operation.name()), (due, "scheduler", "TerminateJobFlows"));
    assert_eq!((&call.input, &call.error), (&json!({"JobFlowIds": [id]}), &None));
    assert_eq!(harness.stopped.len(), 1);
    let steps = harness.steps(&id);
    harness.end(&id, &steps[0], StepExit::Signalled(15));
    harness.pass_secs(1);
    assert_eq!(harness.state(&id), pair("TERMINATED", "USER_REQUEST"));
    let gone = harness.not_scheduled("GetSchedule", json!({"Name": "n1", "GroupName": "emrys"}));
    assert_eq!((gone.0.as_str(), gone.1), ("ResourceNotFoundException", 404));
    assert_eq!(harness.world.next_deadline(), None);
}

#[test]
fn a_protected_cluster_refuses_and_the_call_says_so() {
    let mut harness = Harness::new();
    let mut asked = kept_alive(&[]);
    asked["Instances"]["TerminationProtected"] = json!(true);
    let id = harness.launch(asked);
    let mut input = create("n1", None, "2024-10-21T06:00:00", &[&id]);
    input["ActionAfterCompletion"] = json!("NONE");
    harness.scheduler("CreateSchedule", input);
    harness.pass(SignedDuration::from_hours(24));
    let [call] = harness.called.as_slice() else { panic!("once, not {:?}", harness.called) };
    assert_eq!(call.error.as_ref().map(|error| error.code.as_str()), Some("ValidationException"));
    assert_eq!(harness.state(&id).0, "WAITING");
    let kept = harness.scheduler("GetSchedule", json!({"Name": "n1"}));
    assert_eq!((&kept["GroupName"], &kept["State"]), (&json!("default"), &json!("ENABLED")));
}

#[test]
fn a_time_that_has_passed_is_now_and_a_disabled_schedule_does_nothing() {
    let mut harness = Harness::new();
    let id = harness.launch(kept_alive(&[]));
    let mut disabled = create("off", None, "2024-10-21T03:30:00", &[&id]);
    disabled["State"] = json!("DISABLED");
    harness.scheduler("CreateSchedule", disabled);
    harness.pass_secs(3_600);
    assert!(harness.called.is_empty());
    harness.scheduler("CreateSchedule", create("past", None, "2024-10-01T00:00:00", &[&id]));
    let [call] = harness.called.as_slice() else { panic!("{:?}", harness.called) };
    assert_eq!(call.at, harness.now);
    harness.pass_secs(1);
    assert_eq!(harness.state(&id), pair("TERMINATED", "USER_REQUEST"));
}

#[test]
fn a_schedule_that_came_due_while_no_daemon_ran_is_not_lost() {
    let mut harness = Harness::new();
    let id = harness.launch(kept_alive(&[]));
    harness.scheduler("CreateSchedule", create("n", None, "2024-10-21T04:00:00", &[&id]));
    let saved = serde_json::to_string(&harness.world).unwrap();
    harness.world = serde_json::from_str(&saved).unwrap();
    harness.now += SignedDuration::from_hours(2);
    harness.world.restarted(harness.now);
    harness.collect();
    assert_eq!(harness.called[0].at, harness.now);
    harness.pass_secs(1);
    assert_eq!(harness.state(&id), pair("TERMINATED", "USER_REQUEST"));
}

#[test]
fn one_name_is_one_schedule() {
    let mut harness = Harness::new();
    let mut input = create("n", None, "2024-10-22T00:00:00", &["j-1"]);
    input["ClientToken"] = json!("token-1");
    let made = harness.scheduler("CreateSchedule", input.clone());
    assert_eq!(harness.scheduler("CreateSchedule", input.clone()), made, "the same request again");
    input["ClientToken"] = json!("token-2");
    let again = harness.not_scheduled("CreateSchedule", input.clone());
    assert_eq!((again.0.as_str(), again.1), ("ConflictException", 409));
    let shown = harness.scheduler("GetSchedule", json!({"Name": "n"}));
    assert_eq!(shown.get("ClientToken"), None);
    assert_eq!(shown["Target"]["RoleArn"], ROLE);
    assert_eq!(harness.scheduler("DeleteSchedule", json!({"Name": "n"})), json!({}));
    let gone = harness.not_scheduled("DeleteSchedule", json!({"Name": "n"}));
    assert_eq!(gone.0, "ResourceNotFoundException");
    harness.scheduler("CreateSchedule", input);
}

#[test]
fn what_is_not_here_is_refused_by_its_name() {
    let mut harness = Harness::new();
    let good = create("n", None, "2024-10-22T00:00:00", &["j-1"]);
    let none =
        harness.not_scheduled("CreateSchedule", create("n", Some("other"), "2024-10-22T00:00:00", &["j-1"]));
    assert_eq!(
        (none.0.as_str(), none.2.as_str()),
        ("ResourceNotFoundException", "Schedule group other does not exist.")
    );
    for (pointer, value, words) in [
        ("/ScheduleExpression", json!("rate(5 minutes)"), "rate(5 minutes)"),
        ("/Target/Arn", json!("arn:aws:lambda:us-east-1:1:function:x"), "function:x"),
        ("/Target/Arn", json!("arn:aws:scheduler:::aws-sdk:emr:runJobFlow"), "emr:runJobFlow"),
        ("/Target/Input", json!("{"), "not valid JSON"),
        ("/Target/Input", json!("{\"jobFlowIds\":[\"j-1\"]}"), "{\"JobFlowIds\":"),
        ("/Target/Input", json!("{\"JobFlowIds\":[]}"), "{\"JobFlowIds\":"),
        (
            "/Target/DeadLetterConfig",
            json!({"Arn": "arn:aws:sqs:us-east-1:123456789012:q"}),
            "DeadLetterConfig",
        ),
        ("/FlexibleTimeWindow", json!({"Mode": "FLEXIBLE"}), "MaximumWindowInMinutes"),
    ] {
        let mut input = good.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        input.pointer_mut(parent).unwrap()[name] = value;
        let (code, _, message) = harness.not_scheduled("CreateSchedule", input);
        assert_eq!(code, "ValidationException");
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn lists_have_pages_and_groups_take_their_schedules_with_them() {
    let mut harness = Harness::new();
    harness.scheduler("CreateScheduleGroup", json!({"Name": "emrys", "ClientToken": "t"}));
    harness.scheduler("CreateScheduleGroup", json!({"Name": "emrys", "ClientToken": "t"}));
    let again = harness.not_scheduled("CreateScheduleGroup", json!({"Name": "emrys"}));
    assert_eq!(again.0, "ConflictException");
    for n in 0..7 {
        let name = format!("n{n}");
        harness.scheduler("CreateSchedule", create(&name, Some("emrys"), "2024-10-22T00:00:00", &["j-1"]));
    }
    harness.scheduler("CreateSchedule", create("other", None, "2024-10-22T00:00:00", &["j-1"]));
    let names = |harness: &mut Harness, mut input: Value| {
        let (mut names, mut pages) = (Vec::new(), 0);
        loop {
            let page = harness.scheduler("ListSchedules", input.clone());
            names.extend(page["Schedules"].as_array().unwrap().iter().map(|s| text(&s["Name"])));
            pages += 1;
            match page.get("NextToken") {
                Some(token) => input["NextToken"] = token.clone(),
                None => return (names, pages),
            }
        }
    };
    assert_eq!(
        names(&mut harness, json!({"GroupName": "emrys"})),
        ((0..7).map(|n| format!("n{n}")).collect(), 3)
    );
    assert_eq!(names(&mut harness, json!({})).0.len(), 8);
    assert_eq!(names(&mut harness, json!({"NamePrefix": "o", "State": "ENABLED"})).0, ["other"]);
    assert!(names(&mut harness, json!({"State": "DISABLED"})).0.is_empty());
    assert_eq!(
        harness.not_scheduled("ListSchedules", json!({"GroupName": "x"})).0,
        "ResourceNotFoundException"
    );
    assert_eq!(harness.not_scheduled("ListSchedules", json!({"NextToken": "x"})).0, "ValidationException");

    let groups = harness.scheduler("ListScheduleGroups", json!({}));
    let groups: Vec<_> =
        groups["ScheduleGroups"].as_array().unwrap().iter().map(|g| text(&g["Name"])).collect();
    assert_eq!(groups, ["default", "emrys"]);
    assert_eq!(harness.scheduler("GetScheduleGroup", json!({"Name": "default"}))["State"], "ACTIVE");
    assert_eq!(
        harness.not_scheduled("DeleteScheduleGroup", json!({"Name": "default"})).0,
        "ValidationException"
    );
    harness.scheduler("DeleteScheduleGroup", json!({"Name": "emrys"}));
    assert_eq!(names(&mut harness, json!({})).0, ["other"]);
    assert_eq!(
        harness.not_scheduled("GetScheduleGroup", json!({"Name": "emrys"})).0,
        "ResourceNotFoundException"
    );
}
