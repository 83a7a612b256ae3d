//! The request that launches a cluster, in the RunJobFlow API's own JSON.
//!
//! All steps are in the request, and the cluster ends after the last of them or with the first that fails, so a
//! cluster that nobody watches ends by itself. There is no `AutoTerminationPolicy` beside that. AWS offers it
//! as an alternative to ending after the last step, and does not document both together. It would not stop a job that
//! hangs, either: the limit of time around each command does.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::config::{Bootstrap, Cluster, Config, CustomStep, Ebs, Fleet, Market, StepKind, When};
use crate::job::Job;
use crate::names::{LAUNCH_TAG, state_tag};
use crate::record::{Choice, LaunchIntent, PinnedInputs};
use crate::s3_uri::S3Uri;
use crate::spec::Spec;

/// What comes on top of the limits before anyone may end the cluster: EMR takes its time to see an end.
const DEADLINE_MARGIN_MINUTES: u32 = 15;

/// How long a command has between being asked to end and being killed.
const KILL_AFTER_SECONDS: u32 = 60;

/// The RunJobFlow request of a launch. It is a function of what is recorded, so that it can be made again.
pub fn run_job_flow(
    spec: &Spec,
    job: &Job,
    intent: &LaunchIntent,
    inputs: &PinnedInputs,
    intended_at: Timestamp,
) -> Value {
    let Cluster { security_configuration, runtime_role, log_key, .. } = &spec.config.cluster;
    let cluster = &spec.config.cluster;
    let mut request = Object::default();
    request.put("Name", spec.cluster_name(intent));
    request.put("LogUri", spec.log_uri().to_string());
    request.put_some("LogEncryptionKmsKeyId", log_key.clone());
    request.put("ReleaseLabel", cluster.release_label.as_str());
    request.put("Applications", applications(&spec.config));
    request.put("Instances", instances(cluster, intent.choice));
    request.put("Steps", steps(spec, job, intent, inputs));
    request.put_list(
        "BootstrapActions",
        cluster.bootstrap.iter().map(|action| bootstrap(spec, action)).collect(),
    );
    request.put_list("Configurations", cluster.configurations.clone());
    request.put("JobFlowRole", cluster.instance_profile.as_str());
    request.put("ServiceRole", cluster.service_role.as_str());
    request.put_some("SecurityConfiguration", security_configuration.clone());
    request.put_some("StepExecutionRoleArn", runtime_role.clone());
    // Without it, only the caller's own role could see and end the cluster.
    request.put("VisibleToAllUsers", true);
    // Several steps at once would make ActionOnFailure void.
    request.put("StepConcurrencyLevel", 1);
    request.put("Tags", tags(spec, intent, intended_at));
    let mut request = Value::Object(request.0);
    merge(&mut request, &spec.config.cluster.run_job_flow);
    request
}

/// When anyone may end the cluster of a launch.
pub fn deadline(config: &Config, intended_at: Timestamp) -> Timestamp {
    let minutes = SignedDuration::from_mins(deadline_minutes(config).into());
    // In whole seconds, as a tag and a schedule write it.
    let at = intended_at.checked_add(minutes).unwrap_or(Timestamp::MAX).as_second();
    Timestamp::from_second(at).unwrap_or(Timestamp::MAX)
}

/// How long after its launch that is.
pub fn deadline_minutes(config: &Config) -> u32 {
    config.limits.start_minutes + config.limits.run_minutes + DEADLINE_MARGIN_MINUTES
}

/// A JSON object that is filled in order, without the keys that have nothing to say.
#[derive(Default)]
struct Object(Map<String, Value>);

impl Object {
    fn put(&mut self, key: &str, value: impl Into<Value>) {
        self.0.insert(key.to_owned(), value.into());
    }

    fn put_some(&mut self, key: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    fn put_list(&mut self, key: &str, list: Vec<Value>) {
        if !list.is_empty() {
            self.put(key, list);
        }
    }
}

fn applications(config: &Config) -> Value {
    let hive = config.steps.iter().any(|step| matches!(step.kind, StepKind::Hive { .. }));
    ["Spark"].into_iter().chain(hive.then_some("Hive")).map(|name| json!({ "Name": name })).collect()
}

/// The instances, with what the launch chooses among those that are configured.
fn instances(cluster: &Cluster, choice: Choice) -> Value {
    let mut instances = Object::default();
    let chosen = |fleet: &Fleet| Fleet { types: choice.rotate(&fleet.types), ..fleet.clone() };
    let kept = |fleet: &Fleet| Fleet { market: choice.market(fleet.market), ..chosen(fleet) };
    let (primary, core) = (kept(&cluster.fleets.primary), kept(&cluster.fleets.core));
    // Of task instances the loss is survived.
    let task = cluster.fleets.task.as_ref().map(chosen);
    let fleets = [
        Some(fleet("MASTER", "primary", &primary)),
        Some(fleet("CORE", "core", &core)),
        task.map(|task| fleet("TASK", "task", &task)),
    ];
    instances.put("InstanceFleets", fleets.into_iter().flatten().collect::<Value>());
    instances.put("Ec2SubnetIds", choice.subnets(&cluster.subnets));
    instances.put_some("Ec2KeyName", cluster.key_pair.clone());
    if let Some(groups) = &cluster.security_groups {
        instances.put("EmrManagedMasterSecurityGroup", groups.primary.as_str());
        instances.put("EmrManagedSlaveSecurityGroup", groups.core.as_str());
        instances.put_some("ServiceAccessSecurityGroup", groups.service_access.clone());
    }
    instances.put("KeepJobFlowAliveWhenNoSteps", false);
    instances.put("TerminationProtected", false);
    Value::Object(instances.0)
}

fn fleet(kind: &str, name: &str, fleet: &Fleet) -> Value {
    // An order among types needs an allocation strategy, and that needs further rights of the service role: it is
    // asked for only where there is an order.
    let ordered = fleet.types.len() > 1;
    let types = fleet.types.iter().zip(0u32..).map(|(name, priority)| {
        let mut config = Object::default();
        config.put("InstanceType", name.as_str());
        config.put("WeightedCapacity", 1);
        if ordered {
            config.put("Priority", f64::from(priority));
        }
        config.put_some("EbsConfiguration", fleet.ebs.as_ref().map(ebs));
        Value::Object(config.0)
    });
    let mut object = Object::default();
    object.put("Name", name);
    object.put("InstanceFleetType", kind);
    let (capacity, launch) = match fleet.market {
        Market::OnDemand => (
            "TargetOnDemandCapacity",
            ordered.then(|| json!({ "OnDemandSpecification": { "AllocationStrategy": "prioritized" } })),
        ),
        Market::Spot { timeout_minutes } => {
            let mut spot = Object::default();
            spot.put("TimeoutDurationMinutes", timeout_minutes);
            spot.put("TimeoutAction", "SWITCH_TO_ON_DEMAND");
            if ordered {
                spot.put("AllocationStrategy", "capacity-optimized-prioritized");
            }
            let mut launch = Object::default();
            launch.put("SpotSpecification", Value::Object(spot.0));
            if ordered {
                launch.put("OnDemandSpecification", json!({ "AllocationStrategy": "prioritized" }));
            }
            ("TargetSpotCapacity", Some(Value::Object(launch.0)))
        }
    };
    object.put(capacity, fleet.capacity);
    object.put("InstanceTypeConfigs", types.collect::<Value>());
    object.put_some("LaunchSpecifications", launch);
    Value::Object(object.0)
}

fn ebs(ebs: &Ebs) -> Value {
    json!({
        "EbsBlockDeviceConfigs": [{
            "VolumeSpecification": { "VolumeType": ebs.volume_type, "SizeInGB": ebs.gib },
            "VolumesPerInstance": ebs.volumes,
        }],
    })
}

fn bootstrap(spec: &Spec, action: &Bootstrap) -> Value {
    let args: Vec<String> = action.args.iter().map(|arg| arg.on(spec.day)).collect();
    json!({ "Name": action.name, "ScriptBootstrapAction": { "Path": action.script.to_string(), "Args": args } })
}

fn tags(spec: &Spec, intent: &LaunchIntent, intended_at: Timestamp) -> Value {
    let own = [
        ("for-use-with-amazon-emr-managed-policies", "true".to_owned()),
        ("emrys:pipeline", spec.pipeline().to_owned()),
        ("emrys:day", spec.day.to_string()),
        ("emrys:attempt", intent.attempt.to_string()),
        (LAUNCH_TAG, intent.nonce.clone()),
        ("emrys:state", state_tag(&spec.config.state.uri)),
        ("emrys:deadline", deadline(&spec.config, intended_at).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
    ];
    let users = spec.config.cluster.tags.iter().map(|(key, value)| (key.as_str(), value.clone()));
    own.into_iter().chain(users).map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

/// The steps, in the order in which they run.
pub(crate) fn steps(spec: &Spec, job: &Job, intent: &LaunchIntent, inputs: &PinnedInputs) -> Value {
    let custom = |when| {
        spec.config
            .steps
            .iter()
            .filter(move |step| step.when == when)
            .map(|step| custom_step(spec, intent, step))
    };
    custom(When::Before)
        .chain([command(spec.job_step_name(), job_command(spec, job, intent, inputs))])
        .chain(custom(When::After))
        .collect()
}

/// The job's command. In client mode the step's exit code is the job's, and its log the driver's; in cluster mode
/// YARN would run a failed job a second time within the step.
fn job_command(spec: &Spec, job: &Job, intent: &LaunchIntent, inputs: &PinnedInputs) -> Vec<String> {
    let mut args = limited(spec);
    args.extend(
        ["spark-submit", "--deploy-mode", "client", "--conf", "spark.yarn.maxAppAttempts=1"]
            .map(str::to_owned),
    );
    for (name, value) in &spec.config.cluster.spark_conf {
        args.extend(["--conf".to_owned(), format!("{name}={value}")]);
    }
    if !job.py_files().is_empty() {
        let files: Vec<String> = job.py_files().iter().map(S3Uri::to_string).collect();
        args.extend(["--py-files".to_owned(), files.join(",")]);
    }
    args.push(job.script().to_string());
    match &spec.config.job {
        Some(own) => args.extend(own.args.iter().map(|arg| spec.fill(arg, intent))),
        None => {
            for (name, value) in [
                ("--inputs", inputs.uri.clone()),
                ("--output", spec.output_folder(intent).to_string()),
                ("--run", spec.run_id(intent)),
                ("--format", spec.config.output.format.name().to_owned()),
            ] {
                args.extend([name.to_owned(), value]);
            }
        }
    }
    args
}

/// A command under this ends with the run's limit of time, even where nobody watches.
fn limited(spec: &Spec) -> Vec<String> {
    let seconds = spec.config.limits.run_minutes * 60;
    vec!["timeout".to_owned(), format!("--kill-after={KILL_AFTER_SECONDS}"), seconds.to_string()]
}

fn custom_step(spec: &Spec, intent: &LaunchIntent, custom: &CustomStep) -> Value {
    let args = custom.args.iter().map(|arg| spec.fill(arg, intent));
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    match &custom.kind {
        StepKind::Spark => {
            command(&custom.name, [limited(spec), texts(&["spark-submit"]), args.collect()].concat())
        }
        StepKind::Command => command(&custom.name, limited(spec).into_iter().chain(args).collect()),
        StepKind::Hive { file } => {
            let hive = ["hive-script", "--run-hive-script", "--args", "-f"];
            command(
                &custom.name,
                [limited(spec), texts(&hive), vec![spec.fill(file, intent)], args.collect()].concat(),
            )
        }
        StepKind::Script { file } => {
            let region = &spec.config.region;
            let runner = format!("s3://{region}.elasticmapreduce/libs/script-runner/script-runner.jar");
            step(&custom.name, &runner, None, std::iter::once(spec.fill(file, intent)).chain(args).collect())
        }
        StepKind::Jar { file, main_class } => {
            step(&custom.name, &spec.fill(file, intent), main_class.as_deref(), args.collect())
        }
    }
}

fn command(name: &str, args: Vec<String>) -> Value {
    step(name, "command-runner.jar", None, args)
}

fn step(name: &str, jar: &str, main_class: Option<&str>, args: Vec<String>) -> Value {
    let mut hadoop = Object::default();
    hadoop.put("Jar", jar);
    hadoop.put_some("MainClass", main_class);
    hadoop.put_list("Args", args.into_iter().map(Value::String).collect());
    json!({ "Name": name, "ActionOnFailure": "TERMINATE_CLUSTER", "HadoopJarStep": hadoop.0 })
}

/// Lays the overlay over the request: tables are merged, anything else is replaced. The configuration has refused
/// what a run relies on.
fn merge(request: &mut Value, overlay: &Map<String, Value>) {
    let Value::Object(request) = request else { return };
    for (key, value) in overlay {
        match (request.get_mut(key), value) {
            (Some(inner @ Value::Object(_)), Value::Object(value)) => merge(inner, value),
            _ => {
                request.insert(key.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{spec, spec_and, spec_from};

    fn request(spec: &Spec) -> Value {
        let intent =
            LaunchIntent { attempt: 1, nonce: "0123456789abcdef".to_owned(), choice: Choice::default() };
        let digest = "5".repeat(64);
        let uri = spec.inputs_uri(&digest).to_string();
        let inputs = PinnedInputs { digest, uri, objects: 3, bytes: 300 };
        run_job_flow(spec, spec.job().unwrap(), &intent, &inputs, "2024-10-21T03:00:00.5Z".parse().unwrap())
    }

    /// The arguments of the step by that name, as one would type them.
    fn command_of(spec: &Spec, name: &str) -> String {
        let request = request(spec);
        let step = request["Steps"].as_array().unwrap().iter().find(|step| step["Name"] == name).unwrap();
        let args = step["HadoopJarStep"]["Args"].as_array().unwrap();
        args.iter().map(|arg| arg.as_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_smallest_request() {
        insta::assert_json_snapshot!(request(&spec()));
    }

    #[test]
    fn a_request_with_everything() {
        insta::assert_json_snapshot!(request(&spec_from(include_str!("../../../config/everything.toml"))));
    }

    #[test]
    fn the_same_intent_gives_the_same_request() {
        let text = |spec: &Spec| serde_json::to_string(&request(spec)).unwrap();
        assert_eq!(text(&spec()), text(&spec()));
    }

    #[test]
    fn a_cluster_that_nobody_watches_ends_by_itself() {
        let request = request(&spec());
        assert_eq!(request["Instances"]["KeepJobFlowAliveWhenNoSteps"], false);
        assert_eq!(request["Instances"]["TerminationProtected"], false);
        for step in request["Steps"].as_array().unwrap() {
            assert_eq!(step["ActionOnFailure"], "TERMINATE_CLUSTER");
        }
        // 45 minutes to start, 240 to run, and the margin.
        let tags = request["Tags"].as_array().unwrap();
        let deadline = tags.iter().find(|tag| tag["Key"] == "emrys:deadline").unwrap();
        assert_eq!(deadline["Value"], "2024-10-21T08:00:00Z");
    }

    #[test]
    fn the_limit_of_time_stands_before_every_command() {
        let spec = spec_and(
            "[limits]\nrun-minutes = 90\n[[steps]]\nname = \"s\"\nkind = \"spark\"\nargs = [\"s3://my-log-bucket/a.py\"]\n",
        );
        insta::assert_snapshot!(command_of(&spec, "log-analysis"), @"timeout --kill-after=60 5400 spark-submit --deploy-mode client --conf spark.yarn.maxAppAttempts=1 --py-files s3://my-log-bucket/emrys/jobs/e9e9d4607b41f90cec36f467504c9aa839318ab73f2fc6aa03c3a1251aac4a9f/log_analysis.zip s3://my-log-bucket/emrys/jobs/e9e9d4607b41f90cec36f467504c9aa839318ab73f2fc6aa03c3a1251aac4a9f/main.py --inputs s3://my-log-bucket/emrys/web-logs/2024-10-20/inputs-5555555555555555.json --output s3://my-log-bucket/processed-logs/2024/10/20/a1-0123456789abcdef/ --run a1-0123456789abcdef --format parquet");
        insta::assert_snapshot!(command_of(&spec, "s"), @"timeout --kill-after=60 5400 spark-submit s3://my-log-bucket/a.py");
    }

    #[test]
    fn a_users_own_script_gets_its_own_arguments_only() {
        let spec = spec_and("[job]\nscript = \"jobs/my_job.py\"\n");
        insta::assert_snapshot!(command_of(&spec, "my_job.py"), @"timeout --kill-after=60 14400 spark-submit --deploy-mode client --conf spark.yarn.maxAppAttempts=1 s3://my-log-bucket/emrys/jobs/d9c0d00a47184cb5df4cf70ccb82e91523b27d0e4fa3ff2e70091732a6268d66/my_job.py");
        let spec = spec_and(
            "[job]\nscript = \"s3://my-log-bucket/code/my_job.py\"\nargs = [\"{input}*.log\", \"{output}\", \"{run}\"]\n",
        );
        assert!(spec.job().unwrap().files().is_empty());
        insta::assert_snapshot!(command_of(&spec, "my_job.py"), @"timeout --kill-after=60 14400 spark-submit --deploy-mode client --conf spark.yarn.maxAppAttempts=1 s3://my-log-bucket/code/my_job.py s3://my-log-bucket/application-logs/2024/10/20/*.log s3://my-log-bucket/processed-logs/2024/10/20/a1-0123456789abcdef/ a1-0123456789abcdef");
    }

    #[test]
    fn a_choice_changes_instances_and_subnets_and_nothing_else() {
        let types = "types = [\"m5.xlarge\", \"m5a.xlarge\"]\nmarket = \"spot\"\n";
        let spec = spec_from(
            &format!(
                "{}\n[cluster.fleets.primary]\n{types}[cluster.fleets.core]\n{types}[cluster.fleets.task]\n{types}",
                crate::testing::MINIMAL
            )
            .replace("subnet-0123456789abcdef0\"", "subnet-0123456789abcdef0\", \"subnet-1123456789abcdef0\""),
        );
        let chosen = |turn, on_demand| {
            let choice = Choice { turn, on_demand };
            let intent = LaunchIntent { attempt: 1, nonce: "0123456789abcdef".to_owned(), choice };
            let inputs = PinnedInputs { digest: "5".repeat(64), uri: String::new(), objects: 3, bytes: 300 };
            let mut request = run_job_flow(
                &spec,
                spec.job().unwrap(),
                &intent,
                &inputs,
                "2024-10-21T03:00:00Z".parse().unwrap(),
            );
            let instances = request["Instances"].take();
            (instances, request)
        };
        let (first, rest) = chosen(0, false);
        let (next, rest_of_next) = chosen(1, true);
        assert_eq!(rest, rest_of_next);
        assert_eq!(first["Ec2SubnetIds"], json!(["subnet-0123456789abcdef0", "subnet-1123456789abcdef0"]));
        assert_eq!(next["Ec2SubnetIds"], json!(["subnet-1123456789abcdef0"]));
        for (fleet, market) in
            [(0, "TargetOnDemandCapacity"), (1, "TargetOnDemandCapacity"), (2, "TargetSpotCapacity")]
        {
            let (before, after) = (&first["InstanceFleets"][fleet], &next["InstanceFleets"][fleet]);
            assert!(before["TargetSpotCapacity"].is_number());
            assert!(after[market].is_number(), "{after}");
            assert_eq!(before["InstanceTypeConfigs"][0]["InstanceType"], "m5.xlarge");
            assert_eq!(after["InstanceTypeConfigs"][0]["InstanceType"], "m5a.xlarge");
            assert_eq!(after["InstanceTypeConfigs"][0]["Priority"], 0.0);
            assert_eq!(after["InstanceTypeConfigs"][1]["InstanceType"], "m5.xlarge");
        }
    }

    #[test]
    fn the_overlay_comes_last() {
        let spec = spec_and(
            "[cluster.run-job-flow]\nVisibleToAllUsers = false\nOSReleaseLabel = \"2023.6.20250331.0\"\nApplications = [{ Name = \"Spark\" }, { Name = \"Livy\" }]\nInstances.AdditionalSlaveSecurityGroups = [\"sg-0123456789abcdef0\"]\n",
        );
        let request = request(&spec);
        assert_eq!(request["VisibleToAllUsers"], false);
        assert_eq!(request["OSReleaseLabel"], "2023.6.20250331.0");
        assert_eq!(request["Applications"][1]["Name"], "Livy");
        assert_eq!(request["Instances"]["AdditionalSlaveSecurityGroups"][0], "sg-0123456789abcdef0");
        assert_eq!(request["Instances"]["Ec2SubnetIds"][0], "subnet-0123456789abcdef0");
    }
}
