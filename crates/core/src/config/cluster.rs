//! `[cluster]`: what is launched.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::fleets::{self, Fleets};
use super::raw;
use super::reader::Section;
use super::values::{self, ReleaseLabel};
use crate::s3_uri::S3Uri;
use crate::template::Template;

/// `[cluster]`: what is launched.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// `release-label`: the EMR release, such as `emr-7.13.0` or `emr-spark-8.0.0`.
    pub release_label: ReleaseLabel,
    /// `service-role`: the role of EMR itself, by name or ARN.
    pub service_role: String,
    /// `instance-profile`: the profile of the instances, by name or ARN.
    pub instance_profile: String,
    /// `subnets`: one or more subnets of one VPC; EMR chooses one of them.
    pub subnets: Vec<String>,
    /// `[cluster.fleets]`: which instances.
    pub fleets: Fleets,
    /// `[cluster.security-groups]`: left out, EMR makes its own.
    pub security_groups: Option<SecurityGroups>,
    /// `[[cluster.bootstrap]]`: scripts that run on every instance before anything else.
    pub bootstrap: Vec<Bootstrap>,
    /// `[cluster.spark-conf]`: `--conf` settings of the job.
    pub spark_conf: IndexMap<String, String>,
    /// `[[cluster.configurations]]`: handed through as EMR takes them: `Classification`, `Properties`,
    /// `Configurations`.
    pub configurations: Vec<Value>,
    /// `log-uri`: where EMR writes its logs. Default: `emr-logs/` in the state folder.
    pub log_uri: Option<S3Uri>,
    /// `log-key`: the ARN of the KMS key that encrypts the logs. Default: none.
    pub log_key: Option<String>,
    /// `security-configuration`: the name of an EMR security configuration. Default: none.
    pub security_configuration: Option<String>,
    /// `runtime-role`: the ARN of a role that the steps run under; needs a `security-configuration` that allows it.
    /// Default: the instance profile's.
    pub runtime_role: Option<String>,
    /// `key-pair`: the name of an EC2 key pair for SSH to the primary instance. Default: none.
    pub key_pair: Option<String>,
    /// `[cluster.tags]`: besides those that Emrys sets.
    pub tags: IndexMap<String, String>,
    /// `[cluster.run-job-flow]`: a raw overlay over the RunJobFlow request, in the API's own spelling, for what has no
    /// key of its own. Tables are merged, anything else is replaced.
    pub run_job_flow: Map<String, Value>,
}

/// `[cluster.security-groups]`: EMR wants the first two together, and the third as well in a private subnet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityGroups {
    /// `primary`: of the primary instance.
    pub primary: String,
    /// `core`: of core and task instances.
    pub core: String,
    /// `service-access`: of EMR's own access to them in a private subnet. Default: none.
    pub service_access: Option<String>,
}

/// `[[cluster.bootstrap]]`: a script that runs on every instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bootstrap {
    /// `name`: shown in EMR's console.
    pub name: String,
    /// `script`: its address.
    pub script: S3Uri,
    /// `args`: its arguments, with placeholders for the day.
    pub args: Vec<Template>,
}

/// The cluster, as far as it could be read.
#[derive(Default)]
pub(super) struct ClusterDraft {
    pub(super) release_label: Option<ReleaseLabel>,
    pub(super) log_uri: Option<S3Uri>,
    pub(super) bootstrap_scripts: Vec<S3Uri>,
    pub(super) fleets: Fleets,
    pub(super) run_job_flow: Map<String, Value>,
    pub(super) whole: Option<Cluster>,
}

pub(super) fn read(mut section: Section<'_, '_>) -> ClusterDraft {
    let release_label = section
        .require("release-label", "name the EMR release: release-label = \"emr-7.13.0\"")
        .and_then(|entry| entry.parsed(values::release_label));
    let service_role = section
        .require("service-role", "name EMR's role: service-role = \"EMR_DefaultRole_V2\"")
        .and_then(|entry| entry.parsed(|text| values::named_or_arn(text, ":role/")));
    let instance_profile = section
        .require(
            "instance-profile",
            "name the instances' profile: instance-profile = \"EMR_EC2_DefaultRole\"",
        )
        .and_then(|entry| entry.parsed(|text| values::named_or_arn(text, ":instance-profile/")));
    let subnets = section
        .require("subnets", "name at least one: subnets = [\"subnet-0123456789abcdef0\"]")
        .and_then(|entry| entry.some_of(|text| values::resource_id(text, "subnet-")));
    let fleets = fleets::read(section.section("fleets"));
    let security_groups = section.section("security-groups").map(read_security_groups);
    let bootstrap: Vec<Bootstrap> =
        section.sections("bootstrap").into_iter().filter_map(read_bootstrap).collect();
    let bootstrap_scripts = bootstrap.iter().map(|bootstrap| bootstrap.script.clone()).collect();
    let spark_conf = section.take("spark-conf").map(raw::spark_conf).unwrap_or_default();
    let configurations = section.take("configurations").map(raw::configurations).unwrap_or_default();
    let log_uri = section.parsed("log-uri", values::folder);
    let log_key = section.parsed("log-key", |text| values::arn(text, "kms", ":key/"));
    let security_configuration = section.text("security-configuration");
    let runtime_role = section.parsed("runtime-role", |text| values::arn(text, "iam", ":role/"));
    let key_pair = section.text("key-pair");
    let tags = section.take("tags").map(raw::tags).unwrap_or_default();
    let run_job_flow = section.take("run-job-flow").map(raw::overlay).unwrap_or_default();
    section.finish();
    let mut draft =
        ClusterDraft { release_label, log_uri, bootstrap_scripts, fleets, run_job_flow, whole: None };
    draft.whole = (|| {
        Some(Cluster {
            release_label: draft.release_label.clone()?,
            service_role: service_role?,
            instance_profile: instance_profile?,
            subnets: subnets?,
            fleets: draft.fleets.clone(),
            security_groups: security_groups.flatten(),
            bootstrap,
            spark_conf,
            configurations,
            log_uri: draft.log_uri.clone(),
            log_key,
            security_configuration,
            runtime_role,
            key_pair,
            tags,
            run_job_flow: draft.run_job_flow.clone(),
        })
    })();
    draft
}

fn read_security_groups(mut section: Section<'_, '_>) -> Option<SecurityGroups> {
    let group = |text: &str| values::resource_id(text, "sg-");
    let hint = "EMR wants `primary` and `core` together";
    let primary = section.require("primary", hint).and_then(|entry| entry.parsed(group));
    let core = section.require("core", hint).and_then(|entry| entry.parsed(group));
    let service_access = section.parsed("service-access", group);
    section.finish();
    Some(SecurityGroups { primary: primary?, core: core?, service_access })
}

fn read_bootstrap(mut section: Section<'_, '_>) -> Option<Bootstrap> {
    let name = section
        .require("name", "give it a name: name = \"install-libraries\"")
        .and_then(|entry| entry.parsed(values::step_name));
    let script = section
        .require("script", "name its address: script = \"s3://my-log-bucket/bootstrap/install.sh\"")
        .and_then(|entry| entry.parsed(values::object));
    let args = section.arguments("args", values::day_argument);
    section.finish();
    Some(Bootstrap { name: name?, script: script?, args })
}
