//! Schedules.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{DEFAULT_GROUP, DueCall, Scheduler, conflict, expression, not_found, target};
use crate::services::EmrOperation;
use crate::world::context::{ApiError, CallContext, WorldSettings, page, read, seconds};

/// A schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Schedule {
    arn: String,
    region: String,
    account: String,
    /// The request as it was made; GetSchedule shows it.
    request: Map<String, Value>,
    at: Timestamp,
    input: Value,
    created: Timestamp,
    /// It has made its call.
    completed: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateRequest {
    name: String,
    group_name: Option<String>,
    schedule_expression: String,
    schedule_expression_timezone: Option<String>,
    flexible_time_window: Window,
    target: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Window {
    mode: String,
    maximum_window_in_minutes: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    name: String,
    group_name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListRequest {
    group_name: Option<String>,
    name_prefix: Option<String>,
    state: Option<String>,
    next_token: Option<String>,
    max_results: Option<usize>,
}

impl Schedule {
    /// When it is due, if it still is to be.
    pub(super) fn due(&self) -> Option<Timestamp> {
        (!self.completed && self.state() == "ENABLED").then_some(self.at)
    }

    pub(super) fn make_call(&mut self) -> DueCall {
        self.completed = true;
        DueCall {
            operation: EmrOperation::TerminateJobFlows,
            input: self.input.clone(),
            region: self.region.clone(),
            account: self.account.clone(),
        }
    }

    pub(super) fn is_deleted_after(&self) -> bool {
        self.text("ActionAfterCompletion") == Some("DELETE")
    }

    fn state(&self) -> &str {
        self.text("State").unwrap_or("ENABLED")
    }

    fn text(&self, member: &str) -> Option<&str> {
        self.request.get(member).and_then(Value::as_str)
    }

    /// Whether this request made it: repeating the request is not a conflict.
    fn was_made_by(&self, request: &Map<String, Value>) -> bool {
        self.request.contains_key("ClientToken") && self.request == *request
    }

    fn description(&self, group: &str) -> Value {
        let mut shown = self.request.clone();
        shown.remove("ClientToken");
        for (name, default) in
            [("State", "ENABLED"), ("ScheduleExpressionTimezone", "UTC"), ("ActionAfterCompletion", "NONE")]
        {
            shown.entry(name).or_insert_with(|| json!(default));
        }
        if let Some(target) = shown.get_mut("Target").and_then(Value::as_object_mut) {
            let retries = json!({"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185});
            target.entry("RetryPolicy").or_insert(retries);
        }
        shown.insert("Arn".to_owned(), json!(self.arn));
        shown.insert("GroupName".to_owned(), json!(group));
        shown.insert("CreationDate".to_owned(), json!(seconds(self.created)));
        shown.insert("LastModificationDate".to_owned(), json!(seconds(self.created)));
        Value::Object(shown)
    }

    fn summary(&self, group: &str, name: &str) -> Value {
        json!({
            "Arn": self.arn,
            "Name": name,
            "GroupName": group,
            "State": self.state(),
            "CreationDate": seconds(self.created),
            "LastModificationDate": seconds(self.created),
            "Target": {"Arn": self.request["Target"]["Arn"]},
        })
    }
}

impl Scheduler {
    pub(super) fn create_schedule(
        &mut self,
        input: &Value,
        context: &CallContext,
    ) -> Result<Value, ApiError> {
        let asked: CreateRequest = read(input)?;
        let request: Map<String, Value> = read(input)?;
        let at = expression::due(&asked.schedule_expression, asked.schedule_expression_timezone.as_deref())?;
        let window = &asked.flexible_time_window;
        // Its first moment is as good as any other of a flexible window.
        if (window.mode == "FLEXIBLE") != window.maximum_window_in_minutes.is_some() {
            return Err(ApiError::validation(
                "MaximumWindowInMinutes belongs to a flexible time window, and only to one.",
            ));
        }
        let call = target::input(&asked.target)?;
        let group_name = asked.group_name.as_deref().unwrap_or(DEFAULT_GROUP);
        let group = self.group_for_schedules(group_name, context)?;
        if let Some(there) = group.schedules.get(&asked.name) {
            if there.was_made_by(&request) {
                return Ok(json!({"ScheduleArn": there.arn}));
            }
            return Err(conflict(format!("Schedule {} already exists.", asked.name)));
        }
        let (region, account) = (&context.region, &context.account);
        let arn = format!("arn:aws:scheduler:{region}:{account}:schedule/{group_name}/{}", asked.name);
        let schedule = Schedule {
            arn: arn.clone(),
            region: region.clone(),
            account: account.clone(),
            request,
            at,
            input: call,
            created: context.now,
            completed: false,
        };
        group.schedules.insert(asked.name, schedule);
        Ok(json!({"ScheduleArn": arn}))
    }

    pub(super) fn get_schedule(&self, input: &Value) -> Result<Value, ApiError> {
        let asked: Named = read(input)?;
        let group = asked.group_name.as_deref().unwrap_or(DEFAULT_GROUP);
        let schedule = self.groups.get(group).and_then(|group| group.schedules.get(&asked.name));
        schedule.map(|schedule| schedule.description(group)).ok_or_else(|| no_schedule(&asked.name))
    }

    pub(super) fn delete_schedule(&mut self, input: &Value) -> Result<Value, ApiError> {
        let asked: Named = read(input)?;
        let group = asked.group_name.as_deref().unwrap_or(DEFAULT_GROUP);
        let removed = self.groups.get_mut(group).and_then(|group| group.schedules.remove(&asked.name));
        removed.map(|_| json!({})).ok_or_else(|| no_schedule(&asked.name))
    }

    pub(super) fn list_schedules(&self, input: &Value, settings: &WorldSettings) -> Result<Value, ApiError> {
        let asked: ListRequest = read(input)?;
        if let Some(group) = asked
            .group_name
            .as_deref()
            .filter(|name| *name != DEFAULT_GROUP && !self.groups.contains_key(*name))
        {
            return Err(super::group::no_group(group));
        }
        let prefix = asked.name_prefix.unwrap_or_default();
        let all = self.groups.iter().flat_map(|(group, content)| {
            content.schedules.iter().map(move |(name, schedule)| (group, name, schedule))
        });
        let listed = all.filter(|(group, name, schedule)| {
            asked.group_name.as_ref().is_none_or(|wanted| wanted == *group)
                && name.starts_with(&prefix)
                && asked.state.as_deref().is_none_or(|wanted| wanted == schedule.state())
        });
        let size = settings.pages.schedules.min(asked.max_results.unwrap_or(usize::MAX));
        let page = page(listed.collect(), asked.next_token.as_deref(), size, |(group, name, _)| {
            format!("{group}/{name}")
        });
        let page = page.ok_or_else(foreign_token)?;
        let page = page.map(|(group, name, schedule)| schedule.summary(group, name));
        let mut answer = json!({"Schedules": page.items});
        if let Some(token) = page.marker {
            answer["NextToken"] = json!(token);
        }
        Ok(answer)
    }
}

fn no_schedule(name: &str) -> ApiError {
    not_found(format!("Schedule {name} does not exist."))
}

pub(super) fn foreign_token() -> ApiError {
    ApiError::validation("Invalid NextToken: no page of this list returned it.")
}
