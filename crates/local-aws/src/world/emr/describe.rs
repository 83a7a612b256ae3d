//! DescribeCluster and DescribeStep, and the forms that the lists share with them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Emr;
use super::cluster::Cluster;
use super::state::{ClusterState, StepState};
use super::step::Step;
use crate::world::context::{ApiError, CallContext, read, seconds};

/// Members of the request that DescribeCluster shows unchanged under the same name.
const COPIED: &[&str] = &[
    "LogUri",
    "LogEncryptionKmsKeyId",
    "ReleaseLabel",
    "ServiceRole",
    "Configurations",
    "SecurityConfiguration",
    "AutoScalingRole",
    "CustomAmiId",
    "EbsRootVolumeSize",
    "EbsRootVolumeIops",
    "EbsRootVolumeThroughput",
    "RepoUpgradeOnBoot",
    "KerberosAttributes",
    "OSReleaseLabel",
    "ExtendedSupport",
    "MonitoringConfiguration",
    "SessionEnabled",
];

/// Members of `Instances` that DescribeCluster shows in `Ec2InstanceAttributes`.
const INSTANCE_ATTRIBUTES: &[&str] = &[
    "Ec2KeyName",
    "EmrManagedMasterSecurityGroup",
    "EmrManagedSlaveSecurityGroup",
    "ServiceAccessSecurityGroup",
    "AdditionalMasterSecurityGroups",
    "AdditionalSlaveSecurityGroups",
];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ClusterRequest {
    cluster_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StepRequest {
    cluster_id: String,
    step_id: String,
}

impl Emr {
    pub(crate) fn describe_cluster(&self, input: &Value, context: &CallContext) -> Result<Value, ApiError> {
        let request: ClusterRequest = read(input)?;
        let cluster = self.cluster(&request.cluster_id)?;
        Ok(json!({"Cluster": cluster.description(context)}))
    }

    pub(crate) fn describe_step(&self, input: &Value) -> Result<Value, ApiError> {
        let request: StepRequest = read(input)?;
        let cluster = self.cluster(&request.cluster_id)?;
        let step = cluster.steps.iter().find(|step| step.id == request.step_id);
        let step = step.ok_or_else(|| {
            ApiError::invalid_request(format!("Step id '{}' is not valid.", request.step_id))
        })?;
        let mut shown = step.summary(cluster);
        if let Some(role) = &step.execution_role {
            shown.insert("ExecutionRoleArn".to_owned(), json!(role));
        }
        Ok(json!({"Step": shown}))
    }
}

impl Cluster {
    /// `Cluster`.
    fn description(&self, context: &CallContext) -> Map<String, Value> {
        let mut shown = self.summary();
        let copied =
            COPIED.iter().filter_map(|name| Some(((*name).to_owned(), self.request.get(*name)?.clone())));
        shown.extend(copied);
        let scale_down = self.requested("ScaleDownBehavior").unwrap_or("TERMINATE_AT_TASK_COMPLETION");
        let tags: Vec<Value> =
            self.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
        let visible = self.request.get("VisibleToAllUsers").and_then(Value::as_bool).unwrap_or(true);
        for (name, value) in [
            ("Ec2InstanceAttributes", Value::Object(self.instance_attributes())),
            ("InstanceCollectionType", json!(self.collection_type())),
            ("AutoTerminate", json!(!self.keep_alive)),
            ("TerminationProtected", json!(self.protected)),
            ("UnhealthyNodeReplacement", json!(self.instance_flag("UnhealthyNodeReplacement"))),
            ("VisibleToAllUsers", json!(visible)),
            ("Applications", self.request.get("Applications").cloned().unwrap_or_else(|| json!([]))),
            ("Tags", json!(tags)),
            ("ScaleDownBehavior", json!(scale_down)),
            ("StepConcurrencyLevel", json!(self.concurrency)),
            (
                "PlacementGroups",
                self.request.get("PlacementGroupConfigs").cloned().unwrap_or_else(|| json!([])),
            ),
        ] {
            shown.insert(name.to_owned(), value);
        }
        if self.state != ClusterState::Starting {
            shown.insert("MasterPublicDnsName".to_owned(), json!(self.primary_dns_name(context)));
        }
        shown
    }

    /// `ClusterSummary`.
    pub(crate) fn summary(&self) -> Map<String, Value> {
        let mut reason = json!({});
        if let Some(code) = self.reason.code {
            reason["Code"] = json!(code);
        }
        // An empty message is none.
        if !self.reason.message.is_empty() {
            reason["Message"] = json!(self.reason.message);
        }
        let mut timeline = json!({"CreationDateTime": seconds(self.created)});
        for (name, at) in [("ReadyDateTime", self.ready), ("EndDateTime", self.ended)] {
            if let Some(at) = at {
                timeline[name] = json!(seconds(at));
            }
        }
        let state =
            self.shown_state.as_ref().map_or_else(|| json!(self.state), |shown_state| json!(shown_state));
        let mut status = json!({"State": state, "StateChangeReason": reason, "Timeline": timeline});
        if !self.error_details.is_empty() {
            status["ErrorDetails"] = json!(self.error_details);
        }
        object(json!({
            "Id": self.id,
            "Name": self.name,
            "Status": status,
            "NormalizedInstanceHours": 0,
            "ClusterArn": self.arn,
        }))
    }

    fn instance_attributes(&self) -> Map<String, Value> {
        let instances = &self.request["Instances"];
        let copied = INSTANCE_ATTRIBUTES.iter().filter_map(|name| {
            let value = instances.get(*name)?;
            Some(((*name).to_owned(), value.clone()))
        });
        let mut attributes: Map<String, Value> = copied.collect();
        let requested: Vec<&str> = match instances["Ec2SubnetIds"].as_array() {
            Some(subnets) => subnets.iter().filter_map(Value::as_str).collect(),
            None => instances["Ec2SubnetId"].as_str().into_iter().collect(),
        };
        if let Some(subnet) = requested.first() {
            attributes.insert("Ec2SubnetId".to_owned(), json!(subnet));
        }
        let zones: Vec<&str> = match instances["Placement"]["AvailabilityZones"].as_array() {
            Some(zones) => zones.iter().filter_map(Value::as_str).collect(),
            None => instances["Placement"]["AvailabilityZone"].as_str().into_iter().collect(),
        };
        let zone = zones.first().map_or_else(|| format!("{}a", self.region), ToString::to_string);
        attributes.insert("Ec2AvailabilityZone".to_owned(), json!(zone));
        attributes.insert("RequestedEc2SubnetIds".to_owned(), json!(requested));
        attributes.insert("RequestedEc2AvailabilityZones".to_owned(), json!(zones));
        attributes.insert("IamInstanceProfile".to_owned(), json!(self.requested("JobFlowRole")));
        attributes
    }

    fn instance_flag(&self, name: &str) -> bool {
        self.request["Instances"][name].as_bool().unwrap_or(false)
    }

    /// Whether the request names this application.
    pub(crate) fn has_application(&self, name: &str) -> bool {
        let applications = self.request.get("Applications").and_then(Value::as_array);
        applications.into_iter().flatten().any(|application| {
            application["Name"].as_str().is_some_and(|given| given.eq_ignore_ascii_case(name))
        })
    }

    /// The properties of a configuration classification of the cluster; a later one wins, as in the list's order.
    pub(crate) fn configuration(&self, classification: &str) -> BTreeMap<String, String> {
        let configurations = self.request.get("Configurations").and_then(Value::as_array);
        let of_class = configurations.into_iter().flatten().filter(|c| c["Classification"] == classification);
        let properties =
            of_class.filter_map(|configuration| configuration["Properties"].as_object()).flatten();
        properties.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
    }
}

impl Step {
    /// What its state is shown_state instead of its name.
    pub(crate) fn shown_state<'a>(&self, cluster: &'a Cluster) -> Option<&'a String> {
        cluster.shown_step_state.as_ref().filter(|_| self.state == StepState::Running)
    }

    /// `StepSummary`; `Step` has the execution role beside it.
    pub(crate) fn summary(&self, cluster: &Cluster) -> Map<String, Value> {
        let mut config = json!({
            "Jar": self.jar.jar,
            "Properties": self.jar.properties,
            "Args": self.jar.args,
        });
        if let Some(class) = &self.jar.main_class {
            config["MainClass"] = json!(class);
        }
        let mut timeline = json!({"CreationDateTime": seconds(self.created)});
        for (name, at) in [("StartDateTime", self.started), ("EndDateTime", self.ended)] {
            if let Some(at) = at {
                timeline[name] = json!(seconds(at));
            }
        }
        // "The service provides no code": the only one there is, NONE, is left out as EMR leaves it out.
        let mut reason = json!({});
        if let Some(message) = &self.message {
            reason["Message"] = json!(message);
        }
        let state =
            self.shown_state(cluster).map_or_else(|| json!(self.state), |shown_state| json!(shown_state));
        let mut status = json!({"State": state, "StateChangeReason": reason, "Timeline": timeline});
        if let Some(failure) = &self.failure {
            status["FailureDetails"] = json!(failure);
        }
        let mut shown = object(json!({
            "Id": self.id,
            "Name": self.name,
            "Config": config,
            "ActionOnFailure": self.on_failure,
            "Status": status,
        }));
        if let Some(uri) = &self.log_uri {
            shown.insert("LogUri".to_owned(), json!(uri));
        }
        shown
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
