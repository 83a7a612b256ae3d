//! ListInstances and ListInstanceFleets. Nothing of this is stored: instances are what the request asked for, their
//! states follow the cluster's, their ids follow from its id.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Emr;
use super::cluster::Cluster;
use super::lists::{answer, foreign_marker};
use super::state::ClusterState;
use crate::world::context::{
    ApiError, CallContext, WorldSettings, base36, derived, marked, page, read, seconds,
};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InstancesRequest {
    cluster_id: String,
    instance_group_id: Option<String>,
    #[serde(default)]
    instance_group_types: Vec<String>,
    instance_fleet_id: Option<String>,
    instance_fleet_type: Option<String>,
    #[serde(default)]
    instance_states: Vec<String>,
    marker: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FleetsRequest {
    cluster_id: String,
    marker: Option<String>,
}

/// An instance fleet or an instance group.
struct Pool<'a> {
    id: String,
    /// MASTER, CORE or TASK.
    role: &'a str,
    instance_type: &'a str,
    /// How many instances of each market.
    on_demand: u64,
    spot: u64,
}

impl Emr {
    pub(crate) fn list_instances(
        &self,
        input: &Value,
        settings: &WorldSettings,
        context: &CallContext,
    ) -> Result<Value, ApiError> {
        let request: InstancesRequest = read(input)?;
        let cluster = self.cluster(&request.cluster_id)?;
        let fleets = cluster.collection_type() == "INSTANCE_FLEET";
        let asks_groups = request.instance_group_id.is_some() || !request.instance_group_types.is_empty();
        let asks_fleets = request.instance_fleet_id.is_some() || request.instance_fleet_type.is_some();
        if (fleets && asks_groups) || (!fleets && asks_fleets) {
            return Err(ApiError::invalid_request(
                "Instance fleets and instance groups are mutually exclusive: the cluster uses the other kind.",
            ));
        }
        let pool_id = request.instance_fleet_id.as_ref().or(request.instance_group_id.as_ref());
        let last = marked(request.marker.as_deref());
        let mut shown = Vec::new();
        for pool in cluster.pools() {
            let role = pool.role;
            let by_group = request.instance_group_types.is_empty()
                || request.instance_group_types.iter().any(|t| t == role);
            let by_fleet = request.instance_fleet_type.as_deref().is_none_or(|kind| kind == role);
            if by_group && by_fleet && pool_id.is_none_or(|id| *id == pool.id) {
                shown.extend(cluster.instances_of(&pool, context));
            }
        }
        let states = &request.instance_states;
        shown.retain(|instance| {
            states.is_empty()
                || states.iter().any(|state| instance["Status"]["State"] == **state)
                || last.as_deref().is_some_and(|id| instance["Id"] == *id)
        });
        let page = page(shown, request.marker.as_deref(), settings.pages.instances, |i| text(&i["Id"]));
        Ok(answer("Instances", page.ok_or_else(foreign_marker)?))
    }

    pub(crate) fn list_instance_fleets(
        &self,
        input: &Value,
        settings: &WorldSettings,
    ) -> Result<Value, ApiError> {
        let request: FleetsRequest = read(input)?;
        let cluster = self.cluster(&request.cluster_id)?;
        if cluster.collection_type() != "INSTANCE_FLEET" {
            return Err(ApiError::invalid_request(
                "Instance fleets and instance groups are mutually exclusive: the cluster uses instance groups.",
            ));
        }
        let configs = cluster.request["Instances"]["InstanceFleets"].as_array();
        let fleets: Vec<Value> = configs
            .into_iter()
            .flatten()
            .enumerate()
            .map(|(index, config)| cluster.fleet(&cluster.pool_id("if", index), config))
            .collect();
        let page = page(fleets, request.marker.as_deref(), settings.pages.instances, |f| text(&f["Id"]));
        Ok(answer("InstanceFleets", page.ok_or_else(foreign_marker)?))
    }
}

impl Cluster {
    /// `InstanceCollectionType`.
    pub(crate) fn collection_type(&self) -> &'static str {
        if self.request["Instances"].get("InstanceFleets").is_some() {
            "INSTANCE_FLEET"
        } else {
            "INSTANCE_GROUP"
        }
    }

    /// The name of the primary node, as the cluster and its instance tell it.
    pub(crate) fn primary_dns_name(&self, context: &CallContext) -> String {
        let pools = self.pools();
        let primary = pools.iter().find(|pool| pool.role == "MASTER").or(pools.first());
        let number = primary.map_or(0, |pool| derived(&pool.id, 0));
        dns_name(&address(number), context)
    }

    fn pool_id(&self, prefix: &str, index: usize) -> String {
        format!("{prefix}-{}", base36(derived(&self.id, u64::try_from(index).unwrap_or(0) + 1)))
    }

    fn pools(&self) -> Vec<Pool<'_>> {
        let instances = &self.request["Instances"];
        let list = |name: &str| instances[name].as_array().into_iter().flatten().enumerate();
        if self.collection_type() == "INSTANCE_FLEET" {
            return list("InstanceFleets")
                .map(|(i, config)| fleet_pool(self.pool_id("if", i), config))
                .collect();
        }
        let groups = list("InstanceGroups").map(|(index, config)| {
            let count = config["InstanceCount"].as_u64().unwrap_or(0);
            let spot = config["Market"] == "SPOT";
            Pool {
                id: self.pool_id("ig", index),
                role: config["InstanceRole"].as_str().unwrap_or("CORE"),
                instance_type: config["InstanceType"].as_str().unwrap_or_default(),
                on_demand: if spot { 0 } else { count },
                spot: if spot { count } else { 0 },
            }
        });
        let groups: Vec<Pool<'_>> = groups.collect();
        if !groups.is_empty() {
            return groups;
        }
        // The oldest form: one type for the primary node and one for the others.
        let primary = instances["MasterInstanceType"].as_str().unwrap_or_default();
        let others = instances["InstanceCount"].as_u64().unwrap_or(1).saturating_sub(1);
        let pool = |index, role, instance_type, on_demand| Pool {
            id: self.pool_id("ig", index),
            role,
            instance_type,
            on_demand,
            spot: 0,
        };
        let core = instances["SlaveInstanceType"].as_str().unwrap_or(primary);
        let mut pools = vec![pool(0, "MASTER", primary, 1)];
        if others > 0 {
            pools.push(pool(1, "CORE", core, others));
        }
        pools
    }

    fn instances_of(&self, pool: &Pool<'_>, context: &CallContext) -> Vec<Value> {
        let state = match self.state {
            ClusterState::Starting => "PROVISIONING",
            ClusterState::Bootstrapping => "BOOTSTRAPPING",
            ClusterState::Running | ClusterState::Waiting | ClusterState::Terminating => "RUNNING",
            ClusterState::Terminated | ClusterState::TerminatedWithErrors => "TERMINATED",
        };
        let owner =
            if self.collection_type() == "INSTANCE_FLEET" { "InstanceFleetId" } else { "InstanceGroupId" };
        let instance = |index: u64| {
            let number = derived(&pool.id, index);
            let ip = address(number);
            let mut instance = json!({
                "Id": format!("ci-{}", base36(number)),
                "Ec2InstanceId": format!("i-0{number:016x}"),
                "PublicDnsName": dns_name(&ip, context),
                "PrivateDnsName": dns_name(&ip, context),
                "PrivateIpAddress": ip,
                "Status": {
                    "State": state,
                    "StateChangeReason": self.pool_reason(),
                    "Timeline": self.pool_timeline(),
                },
                "Market": if index < pool.on_demand { "ON_DEMAND" } else { "SPOT" },
                "InstanceType": pool.instance_type,
                "EbsVolumes": [],
            });
            instance[owner] = json!(pool.id);
            instance
        };
        (0..pool.on_demand + pool.spot).map(instance).collect()
    }

    /// `InstanceFleet`.
    fn fleet(&self, id: &str, config: &Value) -> Value {
        let state = match self.state {
            ClusterState::Starting => "PROVISIONING",
            ClusterState::Bootstrapping => "BOOTSTRAPPING",
            ClusterState::Running | ClusterState::Waiting => "RUNNING",
            ClusterState::Terminating => "TERMINATING",
            ClusterState::Terminated | ClusterState::TerminatedWithErrors => "TERMINATED",
        };
        let capacity = |market: &str| config[format!("Target{market}Capacity")].as_u64().unwrap_or(0);
        let provisioned = |market| {
            if self.ready.is_some() && self.ended.is_none() { capacity(market) } else { 0 }
        };
        let types = config["InstanceTypeConfigs"].as_array().into_iter().flatten();
        let mut fleet = json!({
            "Id": id,
            "InstanceFleetType": config["InstanceFleetType"],
            "Status": {
                "State": state,
                "StateChangeReason": self.pool_reason(),
                "Timeline": self.pool_timeline(),
            },
            "TargetOnDemandCapacity": capacity("OnDemand"),
            "TargetSpotCapacity": capacity("Spot"),
            "ProvisionedOnDemandCapacity": provisioned("OnDemand"),
            "ProvisionedSpotCapacity": provisioned("Spot"),
            "InstanceTypeSpecifications": types.map(type_specification).collect::<Vec<_>>(),
        });
        for member in ["Name", "LaunchSpecifications", "ResizeSpecifications", "Context"] {
            if let Some(value) = config.get(member) {
                fleet[member] = value.clone();
            }
        }
        fleet
    }

    fn pool_reason(&self) -> Value {
        if self.state.is_terminal() {
            return json!({"Code": "CLUSTER_TERMINATED", "Message": "Job flow terminated"});
        }
        json!({"Message": ""})
    }

    fn pool_timeline(&self) -> Value {
        let mut timeline = json!({"CreationDateTime": seconds(self.created)});
        for (name, at) in [("ReadyDateTime", self.ready), ("EndDateTime", self.ended)] {
            if let Some(at) = at {
                timeline[name] = json!(seconds(at));
            }
        }
        timeline
    }
}

/// A fleet is filled with its first type; a type's weight says how much of the capacity one instance covers.
fn fleet_pool(id: String, config: &Value) -> Pool<'_> {
    let first = &config["InstanceTypeConfigs"][0];
    let weight = first["WeightedCapacity"].as_u64().unwrap_or(1).max(1);
    let count = |member: &str| config[member].as_u64().unwrap_or(0).div_ceil(weight);
    Pool {
        id,
        role: config["InstanceFleetType"].as_str().unwrap_or("CORE"),
        instance_type: first["InstanceType"].as_str().unwrap_or_default(),
        on_demand: count("TargetOnDemandCapacity"),
        spot: count("TargetSpotCapacity"),
    }
}

/// `InstanceTypeSpecification` from `InstanceTypeConfig`: the volumes are listed one by one there.
fn type_specification(config: &Value) -> Value {
    let mut specification = config.clone();
    let Some(members) = specification.as_object_mut() else {
        return specification;
    };
    if let Some(ebs) = members.remove("EbsConfiguration") {
        let mut devices = Vec::new();
        for device in ebs["EbsBlockDeviceConfigs"].as_array().into_iter().flatten() {
            for _ in 0..device["VolumesPerInstance"].as_u64().unwrap_or(1).min(25) {
                let name = u32::try_from(devices.len()).ok().and_then(|n| char::from_u32(u32::from('b') + n));
                let name = format!("/dev/sd{}", name.unwrap_or('z'));
                devices.push(json!({"VolumeSpecification": device["VolumeSpecification"], "Device": name}));
            }
        }
        members.insert("EbsBlockDevices".to_owned(), json!(devices));
        if let Some(optimized) = ebs.get("EbsOptimized") {
            members.insert("EbsOptimized".to_owned(), optimized.clone());
        }
    }
    members.entry("WeightedCapacity").or_insert_with(|| json!(1));
    specification
}

/// An address in 10.0.0.0/8 that no machine needs to have.
fn address(number: u64) -> String {
    let [.., a, b, c] = number.to_be_bytes();
    format!("10.{a}.{b}.{c}")
}

fn dns_name(ip: &str, context: &CallContext) -> String {
    format!("ip-{}.{}.compute.internal", ip.replace('.', "-"), context.region)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
