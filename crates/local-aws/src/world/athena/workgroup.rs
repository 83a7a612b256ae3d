//! Workgroups: where results go, and how much a query may scan.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::start::checked_output;
use super::{Athena, PRIMARY, USUAL_PAGE, answer_page, invalid, text};
use crate::world::context::{ApiError, CallContext, seconds};

/// A workgroup. The configuration is kept as it was given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct WorkGroup {
    created: Timestamp,
    is_disabled: bool,
    description: Option<String>,
    configuration: Map<String, Value>,
    /// As they were given: documents of `Key` and `Value`.
    #[serde(default)]
    tags: Vec<Value>,
}

impl WorkGroup {
    fn new(created: Timestamp, configuration: Map<String, Value>) -> Self {
        Self { created, is_disabled: false, description: None, configuration, tags: Vec::new() }
    }

    pub(super) fn is_enabled(&self) -> bool {
        !self.is_disabled
    }

    pub(super) fn is_enforced(&self) -> bool {
        self.configuration.get("EnforceWorkGroupConfiguration").is_some_and(|enforced| enforced == true)
    }

    pub(super) fn output(&self) -> Option<&str> {
        self.configuration.get("ResultConfiguration")?["OutputLocation"].as_str()
    }

    pub(super) fn cutoff(&self) -> Option<u64> {
        self.configuration.get("BytesScannedCutoffPerQuery")?.as_u64()
    }

    fn state(&self) -> &'static str {
        if self.is_disabled { "DISABLED" } else { "ENABLED" }
    }

    fn describe(&self, name: &str) -> Value {
        let mut described =
            json!({"Name": name, "State": self.state(), "CreationTime": seconds(self.created)});
        if let Some(description) = &self.description {
            described["Description"] = json!(description);
        }
        described
    }

    fn update(&mut self, updates: &Map<String, Value>) -> Result<(), ApiError> {
        for (member, value) in updates {
            match member.as_str() {
                "ResultConfigurationUpdates" => {
                    let kept = self.configuration.entry("ResultConfiguration").or_insert_with(|| json!({}));
                    update_result(kept, value);
                }
                "RemoveBytesScannedCutoffPerQuery" if value == true => {
                    self.configuration.remove("BytesScannedCutoffPerQuery");
                }
                "RemoveBytesScannedCutoffPerQuery" => {}
                other if other.ends_with("Updates") || other.starts_with("Remove") => {
                    return Err(invalid(format!("the embedded Athena does not do {other}")));
                }
                _ => {
                    self.configuration.insert(member.clone(), value.clone());
                }
            }
        }
        Ok(())
    }
}

fn update_result(kept: &mut Value, updates: &Value) {
    for (member, value) in updates.as_object().into_iter().flatten() {
        if let Some(removed) = member.strip_prefix("Remove") {
            if value == true {
                kept.as_object_mut().map(|kept| kept.remove(removed));
            }
        } else {
            kept[member] = value.clone();
        }
    }
}

/// The defaults of a new workgroup.
fn configuration(given: &Value) -> Map<String, Value> {
    let mut configuration = Map::from_iter([
        ("EnforceWorkGroupConfiguration".to_owned(), json!(true)),
        ("PublishCloudWatchMetricsEnabled".to_owned(), json!(true)),
        ("RequesterPaysEnabled".to_owned(), json!(false)),
        ("EngineVersion".to_owned(), engine_version()),
    ]);
    configuration.extend(given.as_object().cloned().unwrap_or_default());
    configuration
}

pub(super) fn engine_version() -> Value {
    json!({"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3"})
}

fn check(configuration: &Map<String, Value>) -> Result<(), ApiError> {
    match configuration.get("ResultConfiguration").and_then(|result| result["OutputLocation"].as_str()) {
        Some(location) => checked_output(location),
        None => Ok(()),
    }
}

impl Athena {
    /// A workgroup; the primary one is there without having been made.
    pub(super) fn workgroup(&self, name: &str) -> Result<WorkGroup, ApiError> {
        match self.workgroups.get(name) {
            Some(found) => Ok(found.clone()),
            None if name == PRIMARY => {
                let given = json!({"EnforceWorkGroupConfiguration": false});
                Ok(WorkGroup::new(Timestamp::UNIX_EPOCH, configuration(&given)))
            }
            None => Err(invalid(format!("WorkGroup {name} is not found."))),
        }
    }

    pub(super) fn create_workgroup(
        &mut self,
        input: &Value,
        context: &CallContext,
    ) -> Result<Value, ApiError> {
        let name = text(input, "Name");
        if name == PRIMARY || self.workgroups.contains_key(&name) {
            return Err(invalid("WorkGroup is already created"));
        }
        let mut group = WorkGroup::new(context.now, configuration(&input["Configuration"]));
        check(&group.configuration)?;
        group.description = input["Description"].as_str().map(str::to_owned);
        group.tags = input["Tags"].as_array().cloned().unwrap_or_default();
        self.workgroups.insert(name, group);
        Ok(json!({}))
    }

    pub(super) fn get_workgroup(&self, input: &Value) -> Result<Value, ApiError> {
        let name = text(input, "WorkGroup");
        let group = self.workgroup(&name)?;
        let mut described = group.describe(&name);
        described["Configuration"] = Value::Object(group.configuration);
        Ok(json!({"WorkGroup": described}))
    }

    pub(super) fn update_workgroup(&mut self, input: &Value) -> Result<Value, ApiError> {
        let name = text(input, "WorkGroup");
        let mut group = self.workgroup(&name)?;
        if let Some(updates) = input["ConfigurationUpdates"].as_object() {
            group.update(updates)?;
        }
        check(&group.configuration)?;
        if let Some(description) = input["Description"].as_str() {
            group.description = Some(description.to_owned());
        }
        if let Some(state) = input["State"].as_str() {
            group.is_disabled = state == "DISABLED";
        }
        self.workgroups.insert(name, group);
        Ok(json!({}))
    }

    pub(super) fn delete_workgroup(&mut self, input: &Value) -> Result<Value, ApiError> {
        let name = text(input, "WorkGroup");
        if name == PRIMARY {
            return Err(invalid("The primary workgroup cannot be deleted"));
        }
        self.workgroup(&name)?;
        let is_used = self.named.values().any(|query| query.workgroup == name)
            || self.executions.iter().any(|execution| execution.workgroup == name);
        if is_used && input["RecursiveDeleteOption"] != true {
            return Err(invalid(format!("WorkGroup {name} is not empty")));
        }
        self.named.retain(|_, query| query.workgroup != name);
        self.executions.retain(|execution| execution.workgroup != name || !execution.is_over());
        self.workgroups.remove(&name);
        Ok(json!({}))
    }

    /// Only workgroups have tags here; Athena knows data catalogs and capacity reservations too.
    pub(super) fn list_tags(&self, input: &Value, context: &CallContext) -> Result<Value, ApiError> {
        let arn = text(input, "ResourceARN");
        let ours = format!("arn:aws:athena:{}:{}:workgroup/", context.region, context.account);
        let name =
            arn.strip_prefix(&ours).ok_or_else(|| invalid(format!("ResourceARN {arn} is malformed")))?;
        let group = self.workgroup(name).map_err(|_| {
            ApiError::new("ResourceNotFoundException", format!("WorkGroup {name} is not found."), 400)
        })?;
        answer_page("Tags", group.tags, input, USUAL_PAGE, Value::to_string, |tag| tag)
    }

    /// Always empty: prepared statements cannot be made here.
    pub(super) fn list_prepared(&self, input: &Value) -> Result<Value, ApiError> {
        self.workgroup(&text(input, "WorkGroup"))?;
        Ok(json!({"PreparedStatements": []}))
    }

    pub(super) fn list_workgroups(&self, input: &Value) -> Result<Value, ApiError> {
        let mut names: Vec<String> = self.workgroups.keys().cloned().collect();
        if !self.workgroups.contains_key(PRIMARY) {
            names.push(PRIMARY.to_owned());
            names.sort();
        }
        answer_page("WorkGroups", names, input, USUAL_PAGE, String::clone, |name| {
            let group = self.workgroup(&name);
            let mut described = group.map_or_else(|_| json!({}), |group| group.describe(&name));
            described["EngineVersion"] = engine_version();
            described
        })
    }
}
