//! What EMR refuses although the service model allows it.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::step::ActionOnFailure;
use super::submit::StepRequest;
use crate::world::context::ApiError;

/// Steps of one cluster that wait or run.
pub(crate) const MOST_STEPS: usize = 256;
/// All strings of a HadoopJarStep together, in characters.
const MOST_JAR_TEXT: usize = 10_240;
/// More instances than any account may have: what the lists of instances are made from stays small.
const MOST_INSTANCES: u64 = 4_000;

/// Names of clusters, steps and the like: "< > $ | or ` (backtick)" are not allowed.
pub(crate) fn name(member: &str, text: &str) -> Result<(), ApiError> {
    match text.chars().find(|c| matches!(c, '<' | '>' | '$' | '|' | '`')) {
        None => Ok(()),
        Some(c) => Err(ApiError::validation(format!(
            "{member} must not contain any of < > $ | or ` (backtick), but it contains {c}"
        ))),
    }
}

/// `emr-x.y.z` or `emr-spark-x.y.z`.
pub(crate) fn release_label(label: Option<&str>) -> Result<(), ApiError> {
    let Some(label) = label.filter(|label| !label.is_empty()) else {
        return Err(ApiError::validation(
            "A release label is required: the embedded AWS has no AMI versions.",
        ));
    };
    let version = label.strip_prefix("emr-spark-").or_else(|| label.strip_prefix("emr-")).unwrap_or_default();
    let parts: Vec<&str> = version.split('.').collect();
    let number = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if parts.len() == 3 && parts.iter().all(number) {
        return Ok(());
    }
    Err(ApiError::validation(format!("The supplied release label is invalid: {label}.")))
}

/// The two roles that no cluster can do without.
pub(crate) fn roles(request: &Map<String, Value>) -> Result<(), ApiError> {
    for (member, what) in [("JobFlowRole", "Instance profile"), ("ServiceRole", "Service role")] {
        if request.get(member).and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(ApiError::validation(format!("{what} is required for creating cluster.")));
        }
    }
    Ok(())
}

/// 60 seconds to seven days.
pub(crate) fn idle_timeout(seconds: i64) -> Result<(), ApiError> {
    if (60..=604_800).contains(&seconds) {
        return Ok(());
    }
    Err(ApiError::validation(format!(
        "The IdleTimeout of an auto-termination policy is from 60 to 604800 seconds, not {seconds}."
    )))
}

/// 1 to 256.
pub(crate) fn concurrency(level: i64) -> Result<usize, ApiError> {
    usize::try_from(level).ok().filter(|level| (1..=MOST_STEPS).contains(level)).ok_or_else(|| {
        ApiError::validation(format!("StepConcurrencyLevel is from 1 to {MOST_STEPS}, not {level}."))
    })
}

/// Where logs go: an address of S3.
pub(crate) fn log_uri(uri: Option<&str>) -> Result<(), ApiError> {
    match uri {
        None => Ok(()),
        Some(uri) if ["s3://", "s3n://", "s3a://"].iter().any(|scheme| uri.starts_with(scheme)) => Ok(()),
        Some(uri) => Err(ApiError::validation(format!("The log URI {uri} is not an address of S3."))),
    }
}

/// One step as it is submitted.
pub(crate) fn step(step: &StepRequest, concurrency: usize) -> Result<(), ApiError> {
    name("The name of a step", &step.name)?;
    let jar = &step.hadoop_jar_step;
    let properties = jar.properties.iter().flat_map(|p| [p.key.as_deref(), p.value.as_deref()]).flatten();
    let texts = [Some(jar.jar.as_str()), jar.main_class.as_deref()];
    let texts = texts.into_iter().flatten().chain(jar.args.iter().map(String::as_str)).chain(properties);
    let length: usize = texts.map(|text| text.chars().count()).sum();
    if length > MOST_JAR_TEXT {
        return Err(ApiError::validation(format!(
            "The strings of the HadoopJarStep of step {} have {length} characters together; \
             {MOST_JAR_TEXT} are allowed.",
            step.name
        )));
    }
    if concurrency > 1 && step.action_on_failure.is_some_and(|action| action != ActionOnFailure::Continue) {
        return Err(ApiError::validation(
            "ActionOnFailure must be CONTINUE for a cluster whose StepConcurrencyLevel is greater than 1.",
        ));
    }
    log_uri(step.log_uri())
}

/// `JobFlowInstancesConfig`, as far as it is checked.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Instances {
    master_instance_type: Option<String>,
    instance_count: Option<i64>,
    instance_groups: Option<Vec<Group>>,
    instance_fleets: Option<Vec<Fleet>>,
    ec2_subnet_id: Option<String>,
    ec2_subnet_ids: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Group {
    instance_role: String,
    instance_count: i64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Fleet {
    instance_fleet_type: String,
    #[serde(default)]
    target_on_demand_capacity: u64,
    #[serde(default)]
    target_spot_capacity: u64,
    #[serde(default)]
    instance_type_configs: Vec<Value>,
    #[serde(default)]
    launch_specifications: Value,
}

/// What a cluster is made of.
pub(crate) fn instances(value: &Value) -> Result<(), ApiError> {
    let instances: Instances = crate::world::context::read(value)?;
    let uniform = instances.master_instance_type.is_some();
    let forms = [instances.instance_fleets.is_some(), instances.instance_groups.is_some(), uniform];
    match forms.into_iter().filter(|given| *given).count() {
        1 => {}
        0 => {
            return Err(ApiError::validation("InstanceFleets or InstanceGroups are required."));
        }
        _ => {
            return Err(ApiError::validation(
                "InstanceFleets, InstanceGroups and MasterInstanceType cannot be used together: give one of them.",
            ));
        }
    }
    if instances.ec2_subnet_id.is_some() && !instances.ec2_subnet_ids.is_empty() {
        return Err(ApiError::validation("Ec2SubnetId and Ec2SubnetIds cannot be used together."));
    }
    if let Some(fleets) = &instances.instance_fleets {
        return self::fleets(fleets);
    }
    if let Some(groups) = &instances.instance_groups {
        return self::groups(groups);
    }
    count("InstanceCount", instances.instance_count.unwrap_or(1))
}

fn fleets(fleets: &[Fleet]) -> Result<(), ApiError> {
    for kind in ["MASTER", "CORE", "TASK"] {
        let of_kind = fleets.iter().filter(|fleet| fleet.instance_fleet_type == kind).count();
        if of_kind > 1 || (kind == "MASTER" && of_kind == 0) {
            let allowed = if kind == "MASTER" { "exactly one" } else { "at most one" };
            return Err(ApiError::validation(format!(
                "A cluster has {allowed} {kind} instance fleet; the request has {of_kind}."
            )));
        }
    }
    for fleet in fleets {
        let kind = &fleet.instance_fleet_type;
        let (on_demand, spot) = (fleet.target_on_demand_capacity, fleet.target_spot_capacity);
        let capacity = on_demand.saturating_add(spot);
        if kind == "MASTER" && capacity != 1 {
            return Err(ApiError::validation(format!(
                "The MASTER instance fleet has a target capacity of 1, on-demand or spot; not {capacity}."
            )));
        }
        if capacity == 0 || capacity > MOST_INSTANCES {
            return Err(ApiError::validation(format!(
                "The target capacity of the {kind} instance fleet is from 1 to {MOST_INSTANCES}, not {capacity}."
            )));
        }
        let most_types = if has_strategy(&fleet.launch_specifications) { 30 } else { 5 };
        let types = fleet.instance_type_configs.len();
        if types == 0 || types > most_types {
            return Err(ApiError::validation(format!(
                "The {kind} instance fleet has {types} instance types; 1 to {most_types} are allowed \
                 (30 with an allocation strategy, else 5)."
            )));
        }
        spot_timeout(kind, &fleet.launch_specifications)?;
    }
    Ok(())
}

fn has_strategy(launch: &Value) -> bool {
    ["OnDemandSpecification", "SpotSpecification"]
        .iter()
        .any(|specification| launch[*specification]["AllocationStrategy"].is_string())
}

fn spot_timeout(kind: &str, launch: &Value) -> Result<(), ApiError> {
    match launch["SpotSpecification"]["TimeoutDurationMinutes"].as_i64() {
        Some(minutes) if !(5..=1_440).contains(&minutes) => Err(ApiError::validation(format!(
            "TimeoutDurationMinutes of the {kind} instance fleet is from 5 to 1440, not {minutes}."
        ))),
        _ => Ok(()),
    }
}

fn groups(groups: &[Group]) -> Result<(), ApiError> {
    let of_role = |role: &str| groups.iter().filter(|group| group.instance_role == role).count();
    let (masters, cores) = (of_role("MASTER"), of_role("CORE"));
    if masters != 1 || cores > 1 {
        return Err(ApiError::validation(format!(
            "A cluster has exactly one MASTER instance group and at most one CORE; the request has {masters} and \
             {cores}."
        )));
    }
    groups.iter().try_for_each(|group| count("InstanceCount of an instance group", group.instance_count))
}

fn count(what: &str, count: i64) -> Result<(), ApiError> {
    if u64::try_from(count).is_ok_and(|count| (1..=MOST_INSTANCES).contains(&count)) {
        return Ok(());
    }
    Err(ApiError::validation(format!("{what} is from 1 to {MOST_INSTANCES}, not {count}.")))
}

/// Tags of a cluster.
pub(crate) fn tags(tags: &[(String, String)]) -> Result<(), ApiError> {
    for (key, value) in tags {
        let (k, v) = (key.chars().count(), value.chars().count());
        if k == 0 || k > 128 || v > 256 {
            return Err(ApiError::validation(format!(
                "A tag has a key of 1 to 128 characters and a value of at most 256; {key:?} has {k} and {v}."
            )));
        }
        if key.starts_with("aws:") {
            return Err(ApiError::validation(format!("The tag key {key} is reserved: it begins with aws:.")));
        }
    }
    Ok(())
}
