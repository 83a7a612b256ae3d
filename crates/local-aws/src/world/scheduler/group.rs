//! The groups that schedules are in.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::schedule::{Schedule, foreign_token};
use super::{DEFAULT_GROUP, Scheduler, conflict, not_found};
use crate::world::context::{ApiError, CallContext, WorldSettings, page, read, seconds};

/// A group with its schedules by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Group {
    created: Timestamp,
    client_token: Option<String>,
    pub(super) schedules: BTreeMap<String, Schedule>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    name: String,
    client_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListRequest {
    name_prefix: Option<String>,
    next_token: Option<String>,
    max_results: Option<usize>,
}

impl Group {
    fn new(created: Timestamp, client_token: Option<String>) -> Self {
        Self { created, client_token, schedules: BTreeMap::new() }
    }
}

impl Scheduler {
    /// The group that a schedule is to be put into. The default one is there without having been made.
    pub(super) fn group_for_schedules(
        &mut self,
        name: &str,
        context: &CallContext,
    ) -> Result<&mut Group, ApiError> {
        if name == DEFAULT_GROUP {
            return Ok(self.groups.entry(name.to_owned()).or_insert_with(|| Group::new(context.now, None)));
        }
        self.groups.get_mut(name).ok_or_else(|| no_group(name))
    }

    pub(super) fn create_group(&mut self, input: &Value, context: &CallContext) -> Result<Value, ApiError> {
        let asked: Named = read(input)?;
        let answer = json!({"ScheduleGroupArn": arn(&asked.name, context)});
        match self.groups.get(&asked.name) {
            Some(there) if asked.client_token.is_some() && there.client_token == asked.client_token => {
                Ok(answer)
            }
            None if asked.name != DEFAULT_GROUP => {
                self.groups.insert(asked.name, Group::new(context.now, asked.client_token));
                Ok(answer)
            }
            _ => Err(conflict(format!("Schedule group {} already exists.", asked.name))),
        }
    }

    pub(super) fn get_group(&self, input: &Value, context: &CallContext) -> Result<Value, ApiError> {
        let asked: Named = read(input)?;
        let created = match self.groups.get(&asked.name) {
            Some(group) => group.created,
            None if asked.name == DEFAULT_GROUP => Timestamp::UNIX_EPOCH,
            None => return Err(no_group(&asked.name)),
        };
        Ok(description(&asked.name, created, context))
    }

    pub(super) fn delete_group(&mut self, input: &Value) -> Result<Value, ApiError> {
        let asked: Named = read(input)?;
        if asked.name == DEFAULT_GROUP {
            return Err(ApiError::validation("The default schedule group cannot be deleted."));
        }
        self.groups.remove(&asked.name).map(|_| json!({})).ok_or_else(|| no_group(&asked.name))
    }

    pub(super) fn list_groups(
        &self,
        input: &Value,
        context: &CallContext,
        settings: &WorldSettings,
    ) -> Result<Value, ApiError> {
        let asked: ListRequest = read(input)?;
        let prefix = asked.name_prefix.unwrap_or_default();
        let mut groups: BTreeMap<&str, Timestamp> =
            self.groups.iter().map(|(name, group)| (name.as_str(), group.created)).collect();
        groups.entry(DEFAULT_GROUP).or_insert(Timestamp::UNIX_EPOCH);
        let listed = groups.into_iter().filter(|(name, _)| name.starts_with(&prefix));
        let size = settings.pages.schedules.min(asked.max_results.unwrap_or(usize::MAX));
        let page = page(listed.collect(), asked.next_token.as_deref(), size, |(name, _)| (*name).to_owned());
        let page = page.ok_or_else(foreign_token)?.map(|(name, created)| description(name, created, context));
        let mut answer = json!({"ScheduleGroups": page.items});
        if let Some(token) = page.marker {
            answer["NextToken"] = json!(token);
        }
        Ok(answer)
    }
}

fn description(name: &str, created: Timestamp, context: &CallContext) -> Value {
    json!({
        "Arn": arn(name, context),
        "Name": name,
        "State": "ACTIVE",
        "CreationDate": seconds(created),
        "LastModificationDate": seconds(created),
    })
}

fn arn(name: &str, context: &CallContext) -> String {
    format!("arn:aws:scheduler:{}:{}:schedule-group/{name}", context.region, context.account)
}

pub(super) fn no_group(name: &str) -> ApiError {
    not_found(format!("Schedule group {name} does not exist."))
}
