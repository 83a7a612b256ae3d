//! Which kinds of steps can run here.
//!
//! A step's jar decides: `command-runner.jar` runs a program, `script-runner.jar` a script from S3. Every other jar is
//! refused by name when the step is submitted, and so is a program that needs a service which is not here. EMR would
//! accept them, but a step that cannot run here must not appear as one that failed. A script of the settings that
//! matches the step replaces it, whatever its kind.

use super::cluster::Cluster;
use super::step::{Jar, Step};
use crate::world::context::{ApiError, Scripts, StepNames, Work};

/// Programs that EMR puts on its nodes, with what they need and the embedded AWS has not.
const ABSENT: &[(&str, &str)] = &[
    ("hive-script", "Hive"),
    ("hive", "Hive"),
    ("beeline", "Hive"),
    ("pig-script", "Pig"),
    ("pig", "Pig"),
    ("s3-dist-cp", "MapReduce"),
    ("hadoop-streaming", "MapReduce"),
    ("hadoop", "Hadoop's services"),
    ("mapred", "MapReduce"),
    ("yarn", "YARN"),
    ("hdfs", "HDFS"),
    ("flink", "Flink"),
    ("flink-yarn-session", "Flink"),
    ("sqoop", "Sqoop"),
    ("oozie", "Oozie"),
    ("hbase", "HBase"),
    ("hbase-backup", "HBase"),
    ("presto-cli", "Presto"),
    ("trino-cli", "Trino"),
    ("run-pig-script", "Pig"),
    ("run-hive-script", "Hive"),
];

/// The work of a step, or why it cannot run here.
pub(crate) fn work_of(jar: &Jar, names: &StepNames<'_>, scripts: &Scripts) -> Result<Work, ApiError> {
    if let Some(work) = scripts.work_for(names) {
        return Ok(Work::Scripted(work));
    }
    if jar.jar == "command-runner.jar" {
        return command(&jar.args);
    }
    if is_script_runner(&jar.jar) {
        return script(&jar.args);
    }
    Err(ApiError::validation(format!(
        "the embedded AWS cannot run the jar '{}'; it runs command-runner.jar and script-runner.jar",
        jar.jar
    )))
}

fn command(args: &[String]) -> Result<Work, ApiError> {
    let Some(program) = program(args) else {
        return Err(ApiError::validation(
            "a step of command-runner.jar needs a program as its first argument",
        ));
    };
    if let Some((_, needs)) = ABSENT.iter().find(|(name, _)| *name == program) {
        return Err(ApiError::validation(format!(
            "the embedded AWS cannot run '{program}': it needs {needs}, which is not here; it runs spark-submit, \
             programs of this machine and scripts"
        )));
    }
    Ok(Work::Command { args: args.to_vec() })
}

/// The program that a command comes down to, without its folder: the one behind `timeout` where that leads.
fn program(args: &[String]) -> Option<&str> {
    let mut words = args.iter().map(|arg| arg.rsplit('/').next().unwrap_or(arg));
    let first = words.next().filter(|word| !word.is_empty())?;
    if first != "timeout" {
        return Some(first);
    }
    let mut rest = args.iter().skip(1);
    while let Some(word) = rest.next() {
        match word.as_str() {
            // These two take their value as the next word.
            "-k" | "-s" | "--kill-after" | "--signal" => {
                rest.next();
            }
            option if option.starts_with('-') => {}
            _duration => {
                return rest.next().map(|word| word.rsplit('/').next().unwrap_or(word)).or(Some(first));
            }
        }
    }
    Some(first)
}

fn is_script_runner(jar: &str) -> bool {
    is_s3(jar) && jar.ends_with("/script-runner.jar")
}

fn script(args: &[String]) -> Result<Work, ApiError> {
    match args.split_first() {
        Some((uri, args)) if is_s3(uri) => Ok(Work::Script { uri: uri.clone(), args: args.to_vec() }),
        Some((uri, _)) => Err(ApiError::validation(format!(
            "the embedded AWS runs scripts from S3 only; '{uri}' is not an S3 URI"
        ))),
        None => Err(ApiError::validation("a step of script-runner.jar needs a script as its first argument")),
    }
}

fn is_s3(address: &str) -> bool {
    ["s3://", "s3a://", "s3n://"].iter().any(|scheme| address.starts_with(scheme))
}

impl Cluster {
    /// What the embedded AWS does otherwise than EMR for this step, in sentences for its controller log.
    pub(crate) fn remarks(&self, step: &Step) -> Vec<String> {
        let mut remarks = vec![
            "The embedded AWS runs this step on this machine: there are no instances and no YARN.".to_owned(),
        ];
        let mut remark = |text: String| remarks.push(text);
        if let Some(role) = &step.execution_role {
            remark(format!(
                "The runtime role {role} is not assumed: the step runs with the caller's rights."
            ));
        }
        let bootstrap = self.request.get("BootstrapActions").and_then(|actions| actions.as_array());
        if let Some(count) = bootstrap.map(Vec::len).filter(|count| *count > 0) {
            remark(format!("{count} bootstrap action(s) of the cluster were not run."));
        }
        if let Some(name) = self.requested("SecurityConfiguration") {
            remark(format!("The security configuration {name} is not applied."));
        }
        if let Some(image) = self.requested("CustomAmiId") {
            remark(format!("The machine image {image} is not used."));
        }
        if self.request.contains_key("MonitoringConfiguration") {
            remark("The monitoring configuration is not applied: no logs go to CloudWatch.".to_owned());
        }
        if !step.jar.properties.is_empty() {
            remark("The step's Java properties are not passed on.".to_owned());
        }
        if step.jar.main_class.is_some() && !matches!(step.work, Work::Scripted(_)) {
            remark("The step's main class is not used.".to_owned());
        }
        remarks.extend(self.fault_remarks());
        remarks
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn work(jar: &str, args: &[&str]) -> Result<Work, ApiError> {
        let args: Vec<String> = args.iter().map(ToString::to_string).collect();
        let joined = args.join(" ");
        let names =
            StepNames { cluster_name: "c", cluster_id: "j-1", step_name: "n", step_id: "s-1", args: &joined };
        let jar = Jar { jar: jar.to_owned(), main_class: None, args, properties: BTreeMap::default() };
        work_of(&jar, &names, &Scripts::default())
    }

    #[test]
    fn programs_and_scripts_run() {
        let submit = ["timeout", "--kill-after=60", "600", "spark-submit", "s3://b/main.py"];
        assert!(matches!(work("command-runner.jar", &submit), Ok(Work::Command { args }) if args == submit));
        let runner = "s3://us-east-1.elasticmapreduce/libs/script-runner/script-runner.jar";
        let Ok(Work::Script { uri, args }) = work(runner, &["s3://b/run.sh", "x"]) else { panic!() };
        assert_eq!((uri.as_str(), args.as_slice()), ("s3://b/run.sh", &["x".to_owned()][..]));
    }

    #[test]
    fn what_cannot_run_here_is_refused_by_its_name() {
        for (jar, args, name) in [
            ("s3://b/my.jar", &["x"][..], "'s3://b/my.jar'"),
            ("command-runner.jar", &["hive-script", "--run"][..], "'hive-script'"),
            ("command-runner.jar", &["/usr/bin/s3-dist-cp"][..], "'s3-dist-cp'"),
            ("command-runner.jar", &["timeout", "-k", "9", "60", "pig", "-f"][..], "'pig'"),
            ("command-runner.jar", &[][..], "needs a program"),
            ("s3://b/script-runner.jar", &["/home/x.sh"][..], "'/home/x.sh'"),
            ("s3://b/script-runner.jar", &[][..], "needs a script"),
        ] {
            let error = work(jar, args).unwrap_err();
            assert_eq!((error.code.as_str(), error.status), ("ValidationException", 400));
            assert!(error.message.contains(name), "{error}");
        }
    }

    #[test]
    fn a_script_of_the_settings_stands_in_for_any_kind() {
        let scripts = Scripts::read(r#"{"steps": [{"name": "copy", "exit_code": 2}]}"#).unwrap();
        let jar = Jar {
            jar: "s3://b/any.jar".into(),
            main_class: None,
            args: Vec::new(),
            properties: BTreeMap::default(),
        };
        let names =
            StepNames { cluster_name: "c", cluster_id: "j-1", step_name: "copy", step_id: "s-1", args: "" };
        assert!(matches!(work_of(&jar, &names, &scripts), Ok(Work::Scripted(work)) if work.exit_code == 2));
    }
}
