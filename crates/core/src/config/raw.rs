//! What is handed through to AWS: Spark settings, EMR configurations, tags, and the overlay.

use indexmap::IndexMap;
use serde_json::{Map, Value};
use toml_span::value::ValueInner;

use super::entry::Entry;
use super::problem::{Wrong, nearest, nearest_within};

/// Settings that a run relies on.
const FIXED_SPARK_CONF: [&str; 3] = ["spark.yarn.maxAppAttempts", "spark.submit.deployMode", "spark.master"];

/// `spark-conf`: names with dots may be written with or without quotes.
pub(super) fn spark_conf(entry: Entry<'_, '_>) -> IndexMap<String, String> {
    let mut conf = IndexMap::new();
    for (name, entry) in entry.entries() {
        flatten(name, entry, &mut |name, entry, value| {
            if FIXED_SPARK_CONF.contains(&name.as_str()) {
                entry.wrong(Wrong::new("Emrys sets this itself").hint(
                    "one attempt in client mode is what a step's end, its logs and its limit of time rest on",
                ));
            } else if !name.starts_with("spark.") {
                entry.wrong(
                    Wrong::new("settings of Spark begin with `spark.`")
                        .hint(format!("write \"spark.{name}\"?")),
                );
            } else {
                conf.insert(name, value);
            }
        });
    }
    conf
}

/// Calls back for each leaf with its dotted name and its value as a text.
fn flatten<'t, 'r>(
    name: String,
    entry: Entry<'t, 'r>,
    leaf: &mut impl FnMut(String, &Entry<'t, 'r>, String),
) {
    if matches!(entry.value, ValueInner::Table(_)) {
        for (rest, entry) in entry.entries() {
            flatten(format!("{name}.{rest}"), entry, leaf);
        }
        return;
    }
    let value = match &entry.value {
        ValueInner::String(text) => text.to_string(),
        ValueInner::Integer(number) => number.to_string(),
        ValueInner::Float(number) => number.to_string(),
        ValueInner::Boolean(value) => value.to_string(),
        ValueInner::Array(_) | ValueInner::Table(_) => {
            entry.wrong(Wrong::new("a text is expected, and this is a list").hint("write it in quotes"));
            return;
        }
    };
    leaf(name, &entry, value);
}

/// `configurations`: the API's own shape, checked as far as it has one.
pub(super) fn configurations(entry: Entry<'_, '_>) -> Vec<Value> {
    let hint = "write each as a table of its own: [[cluster.configurations]]";
    entry.items(hint).into_iter().filter_map(configuration).collect()
}

fn configuration(entry: Entry<'_, '_>) -> Option<Value> {
    const KEYS: [&str; 3] = ["Classification", "Properties", "Configurations"];
    let mut read = Map::new();
    if entry.lacks("Classification") {
        entry.wrong(
            Wrong::new("`Classification` is missing").hint("for example Classification = \"spark-defaults\""),
        );
    }
    for (key, entry) in entry.entries() {
        match key.as_str() {
            "Classification" => {
                read.insert(key, Value::String(entry.text()?));
            }
            "Properties" => {
                let mut properties = Map::new();
                for (name, entry) in entry.entries() {
                    flatten(name, entry, &mut |name, _, value| {
                        properties.insert(name, Value::String(value));
                    });
                }
                read.insert(key, Value::Object(properties));
            }
            "Configurations" => {
                read.insert(key, Value::Array(configurations(entry)));
            }
            _ => {
                let hint = match nearest(&key, KEYS) {
                    Some(known) => format!("did you mean `{known}`?"),
                    None => {
                        "EMR takes Classification, Properties and Configurations, spelt like that".to_owned()
                    }
                };
                entry.wrong(Wrong::new("EMR knows no such key in a configuration").hint(hint));
            }
        }
    }
    Some(Value::Object(read))
}

/// `tags`: the user's own.
pub(super) fn tags(entry: Entry<'_, '_>) -> IndexMap<String, String> {
    // EMR takes 50, and Emrys sets six.
    const MOST: usize = 44;
    let mut tags = IndexMap::new();
    for (name, entry) in entry.entries() {
        if name.starts_with("emrys:") || name == "for-use-with-amazon-emr-managed-policies" {
            entry.wrong(
                Wrong::new("Emrys sets this tag itself").hint("clusters are told apart by it: leave it out"),
            );
        } else if name.to_ascii_lowercase().starts_with("aws:") {
            entry.wrong(
                Wrong::new("tags that begin with `aws:` belong to AWS")
                    .hint("give the tag a name of your own, or leave it out"),
            );
        } else if name.is_empty() || name.chars().count() > 128 {
            entry.wrong(Wrong::new("a tag's name has 1 to 128 characters").hint("give it another name"));
        } else if tags.len() == MOST {
            entry.wrong(
                Wrong::new(format!("a cluster has {MOST} tags at most, besides those of Emrys"))
                    .hint("leave this and the following ones out"),
            );
            break;
        } else if let Some(value) = entry.tag_value() {
            tags.insert(name, value);
        }
    }
    tags
}

/// What the overlay may not touch, and what to use instead.
const OWNED: [(&str, &str); 31] = [
    ("Name", "the name tells clusters apart: set `pipeline`"),
    ("Steps", "use [[steps]]"),
    ("Tags", "use [cluster.tags]"),
    ("ReleaseLabel", "use `release-label`"),
    ("AmiVersion", "use `release-label`"),
    ("ServiceRole", "use `service-role`"),
    ("JobFlowRole", "use `instance-profile`"),
    ("LogUri", "use `log-uri`"),
    ("LogEncryptionKmsKeyId", "use `log-key`"),
    ("SecurityConfiguration", "use `security-configuration`"),
    ("StepExecutionRoleArn", "use `runtime-role`"),
    ("BootstrapActions", "use [[cluster.bootstrap]]"),
    ("Configurations", "use [[cluster.configurations]]"),
    ("StepConcurrencyLevel", "steps run one after the other, so that a failed one ends the cluster"),
    (
        "AutoTerminationPolicy",
        "the cluster ends by itself after its last step, and each step has a limit of time",
    ),
    ("Instances.KeepJobFlowAliveWhenNoSteps", "a cluster without steps has to end by itself"),
    ("Instances.TerminationProtected", "a cluster that cannot be ended is not launched"),
    ("Instances.UnhealthyNodeReplacement", "it needs termination protection"),
    ("Instances.Ec2SubnetId", "use `subnets`"),
    ("Instances.Ec2SubnetIds", "use `subnets`"),
    ("Instances.Ec2KeyName", "use `key-pair`"),
    ("Instances.InstanceFleets", "use [cluster.fleets]"),
    ("Instances.InstanceGroups", "use [cluster.fleets]: EMR takes fleets or groups, not both"),
    ("Instances.InstanceCount", "use [cluster.fleets]"),
    ("Instances.MasterInstanceType", "use [cluster.fleets]"),
    ("Instances.SlaveInstanceType", "use [cluster.fleets]"),
    ("Instances.Placement", "use `subnets`"),
    ("Instances.HadoopVersion", "use `release-label`"),
    ("Instances.EmrManagedMasterSecurityGroup", "use [cluster.security-groups]"),
    ("Instances.EmrManagedSlaveSecurityGroup", "use [cluster.security-groups]"),
    ("Instances.ServiceAccessSecurityGroup", "use [cluster.security-groups]"),
];

/// What the overlay is for, as far as it is known today.
const FREE: [&str; 19] = [
    "AdditionalInfo",
    "Applications",
    "AutoScalingRole",
    "CustomAmiId",
    "EbsRootVolumeIops",
    "EbsRootVolumeSize",
    "EbsRootVolumeThroughput",
    "ExtendedSupport",
    "Instances",
    "Instances.AdditionalMasterSecurityGroups",
    "Instances.AdditionalSlaveSecurityGroups",
    "KerberosAttributes",
    "ManagedScalingPolicy",
    "MonitoringConfiguration",
    "OSReleaseLabel",
    "PlacementGroupConfigs",
    "RepoUpgradeOnBoot",
    "ScaleDownBehavior",
    "VisibleToAllUsers",
];

/// The known key that was meant by one that is not known. EMR passes over unknown keys without a word, so a slip of
/// the pen has to be found here; what is farther from every known key may be of a later API, and is handed through.
fn misspelt(path: &str) -> Option<&'static str> {
    let known = || FREE.into_iter().chain(OWNED.iter().map(|(owned, _)| *owned));
    if known().any(|key| key == path) { None } else { nearest_within(2, path, known()) }
}

/// `run-job-flow`: anything but what has a key of its own.
pub(super) fn overlay(entry: Entry<'_, '_>) -> Map<String, Value> {
    overlay_table(entry, "")
}

fn overlay_table(entry: Entry<'_, '_>, prefix: &str) -> Map<String, Value> {
    let mut read = Map::new();
    for (key, entry) in entry.entries() {
        let path = format!("{prefix}{key}");
        if let Some((_, instead)) = OWNED.iter().find(|(owned, _)| *owned == path) {
            entry.wrong(Wrong::new("this cannot be overlaid").hint(*instead));
        } else if let Some(meant) = misspelt(&path) {
            entry.wrong(Wrong::new("RunJobFlow has no such key").hint(format!("did you mean `{meant}`?")));
        } else if path == "Instances" {
            read.insert(key, Value::Object(overlay_table(entry, "Instances.")));
        } else if !key.starts_with(|c: char| c.is_ascii_uppercase()) {
            let hint = "for example EbsRootVolumeSize = 32";
            entry.wrong(Wrong::new("RunJobFlow's own keys begin with a capital letter").hint(hint));
        } else {
            read.insert(key, json(entry));
        }
    }
    read
}

fn json(entry: Entry<'_, '_>) -> Value {
    match entry.value {
        ValueInner::Table(_) => {
            Value::Object(entry.entries().into_iter().map(|(key, entry)| (key, json(entry))).collect())
        }
        ValueInner::Array(_) => Value::Array(entry.items("").into_iter().map(json).collect()),
        ValueInner::String(text) => Value::String(text.into_owned()),
        ValueInner::Integer(number) => Value::from(number),
        ValueInner::Float(number) => Value::from(number),
        ValueInner::Boolean(value) => Value::Bool(value),
    }
}
