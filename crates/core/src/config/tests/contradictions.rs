//! What is right by itself and contradicts something else.

use super::{accepted, changed, errors, only};

#[test]
fn folders_lie_apart() {
    let cases = [
        ("processed-logs/", "application-logs/"),
        ("processed-logs/", "application-logs/2024/10/20/results/"),
        ("emrys/", "application-logs/2024/10/20/"),
        ("emrys/", "processed-logs/emrys/"),
        ("my-log-bucket/emrys/", "my-log-bucket/"),
        ("application-logs/", "emrys/raw/"),
        ("application-logs/{yyyy}/{mm}/{dd}/", "processed-logs/{yyyy}/{mm}/{dd}/raw/"),
    ];
    let told: Vec<String> = cases
        .iter()
        .map(|case| format!("{} -> {}\n{}", case.0, case.1, errors(&changed(&[*case], ""))))
        .collect();
    insta::assert_snapshot!(told.join("\n\n"), @r#"
    processed-logs/ -> application-logs/
    emrys.toml:8:1: `output.uri`: source and output of a day lie in one another: results would be read as logs
      hint: give each a folder of its own beside the others

    processed-logs/ -> application-logs/2024/10/20/results/
    emrys.toml:8:1: `output.uri`: source and output of a day lie in one another: results would be read as logs
      hint: give each a folder of its own beside the others

    emrys/ -> application-logs/2024/10/20/
    emrys.toml:11:1: `state.uri`: this lies in the source: records would be read as logs
      hint: give each a folder of its own beside the others

    emrys/ -> processed-logs/emrys/
    emrys.toml:11:1: `state.uri`: this lies in the output, and has to be kept apart from what jobs may write
      hint: give each a folder of its own beside the others

    my-log-bucket/emrys/ -> my-log-bucket/
    emrys.toml:5:1: `source.uri`: this lies in the state folder, which is for Emrys's own records
      hint: give each a folder of its own beside the others
    emrys.toml:8:1: `output.uri`: this lies in the state folder, which has to be kept apart from what jobs may write
      hint: give each a folder of its own beside the others

    application-logs/ -> emrys/raw/
    emrys.toml:5:1: `source.uri`: this lies in the state folder, which is for Emrys's own records
      hint: give each a folder of its own beside the others

    application-logs/{yyyy}/{mm}/{dd}/ -> processed-logs/{yyyy}/{mm}/{dd}/raw/
    emrys.toml:8:1: `output.uri`: source and output of a day lie in one another: results would be read as logs
      hint: give each a folder of its own beside the others
    "#);
    // Beside one another in one bucket, and below one folder, they are apart.
    crate::testing::config(&changed(&[("my-log-bucket/", "my-log-bucket/logs/")], ""));
    crate::testing::config(&changed(&[("processed-logs/", "application-logs/processed/")], ""));
}

#[test]
fn contradictions_are_found() {
    let text = changed(
        &[("[output]\n", "[output]\nformat = \"csv\"\n")],
        r#"
runtime-role = "arn:aws:iam::123456789012:role/analysis"

[cluster.fleets.core]
market = "spot"
spot-timeout-minutes = 60

[cluster.run-job-flow]
Applications = [{ Name = "Hadoop" }]

[job]
script = "jobs/my_job.py"
py-files = ["lib/util.py", "other/util.py", "s3://my-log-bucket/lib/my_job.py"]

[[steps]]
name = "one"
kind = "command"
args = ["true"]

[[steps]]
name = "one"
kind = "hive"
file = "s3://my-log-bucket/steps/load.sql"

[[steps]]
name = "my_job.py"
kind = "spark"
args = ["s3://my-log-bucket/steps/other.py"]
"#,
    );
    insta::assert_snapshot!(errors(&text), @r#"
    emrys.toml:8:1: `output.format`: with a script of your own this says nothing
      hint: the script decides what it writes: leave it out, or hand it over in `[job] args`
    emrys.toml:20:1: `cluster.runtime-role`: a runtime role needs a `security-configuration`
      hint: one with EnableApplicationScopedIAMRole: name it, or leave the role out
    emrys.toml:24:1: `cluster.fleets.core.spot-timeout-minutes`: spot instances are sought for 60 minutes, and the cluster is ended after 45
      hint: lower `spot-timeout-minutes`, or raise `[limits] start-minutes`, so that on-demand instances get their turn
    emrys.toml:27:1: `cluster.run-job-flow.Applications`: Spark is not among these, and the job needs it
      hint: add { Name = "Spark" }
    emrys.toml:31:29: `job.py-files[1]`: the job has two files by the name of `util.py`
      hint: they would lie in one folder: rename one of them
    emrys.toml:31:46: `job.py-files[2]`: the job has two files by the name of `my_job.py`
      hint: they would lie in one folder: rename one of them
    emrys.toml:39:1: `steps[1].name`: steps[0] has this name already
      hint: steps are told apart by their names: give each its own
    emrys.toml:44:1: `steps[2].name`: `my_job.py` is what the job's own step is called
      hint: give the step another name
    "#);
    let old = changed(&[("emr-7.13.0", "emr-6.15.0")], "");
    insta::assert_snapshot!(only(&old), @r#"
    emrys.toml:14:1: `cluster.release-label`: the built-in job needs Python 3.9, and emr-6.15.0 has an older one
      hint: use emr-7.0.0 or later, or bring a script of your own: [job]
    "#);
    crate::testing::config(&format!("{old}\n[job]\nscript = \"a.py\"\n"));
    let hive = "\n[[steps]]\nname = \"load\"\nkind = \"hive\"\nfile = \"s3://my-log-bucket/load.sql\"\n";
    insta::assert_snapshot!(only(&changed(&[("emr-7.13.0", "emr-spark-8.0.0")], hive)), @r#"
    emrys.toml:21:1: `steps[0].kind`: emr-spark-8.0.0 has no Hive
      hint: use an `emr-7.…` release, or Spark SQL
    "#);
}

#[test]
fn a_step_is_measured_with_its_placeholders_filled_in() {
    let step = |length: usize| {
        format!(
            "\n[[steps]]\nname = \"long\"\nkind = \"command\"\nargs = [\"echo\", \"{{input}}{}\"]\n",
            "x".repeat(length)
        )
    };
    insta::assert_snapshot!(only(&changed(&[], &step(10_200))), @r#"
    emrys.toml:22:1: `steps[0].args`: with its arguments filled in this step has 10296 characters, and EMR takes 10240
      hint: put what is long into a file in S3, and hand over its address
    "#);
    accepted(&step(10_000));
    let conf = format!("[cluster.spark-conf]\nspark.long = \"{}\"\n", "x".repeat(10_000));
    assert_eq!(errors(&changed(&[], &conf)).problems[0].key, "cluster.spark-conf");
}

#[test]
fn the_overlay_leaves_alone_what_a_run_relies_on() {
    let text = changed(
        &[],
        r#"
[cluster.tags]
team = "analytics"
"emrys:day" = "today"

[cluster.spark-conf]
spark.executor.memory = "4g"
spark.yarn.maxAppAttempts = 2
executor.cores = 4

[[cluster.configurations]]
Clasification = "spark-defaults"

[cluster.run-job-flow]
Name = "mine"
EbsRootVolumeSize = 32
EbsRootVolumIops = 3000
customAmi = "ami-1"
SomethingOfNextYear = { Enabled = true }
Instances = { KeepJobFlowAliveWhenNoSteps = true, AdditionalMasterSecurityGroups = ["sg-0123456789abcdef0"] }
"#,
    );
    insta::assert_snapshot!(errors(&text), @r#"
    emrys.toml:21:16: `cluster.tags."emrys:day"`: Emrys sets this tag itself
      hint: clusters are told apart by it: leave it out
    emrys.toml:25:29: `cluster.spark-conf.spark.yarn.maxAppAttempts`: Emrys sets this itself
      hint: one attempt in client mode is what a step's end, its logs and its limit of time rest on
    emrys.toml:26:18: `cluster.spark-conf.executor.cores`: settings of Spark begin with `spark.`
      hint: write "spark.executor.cores"?
    emrys.toml:29:18: `cluster.configurations[0].Clasification`: EMR knows no such key in a configuration
      hint: did you mean `Classification`?
    emrys.toml:32:9: `cluster.run-job-flow.Name`: this cannot be overlaid
      hint: the name tells clusters apart: set `pipeline`
    emrys.toml:34:20: `cluster.run-job-flow.EbsRootVolumIops`: RunJobFlow has no such key
      hint: did you mean `EbsRootVolumeIops`?
    emrys.toml:35:14: `cluster.run-job-flow.customAmi`: RunJobFlow has no such key
      hint: did you mean `CustomAmiId`?
    emrys.toml:37:45: `cluster.run-job-flow.Instances.KeepJobFlowAliveWhenNoSteps`: this cannot be overlaid
      hint: a cluster without steps has to end by itself
    "#);
}
