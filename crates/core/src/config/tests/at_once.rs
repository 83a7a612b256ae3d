//! A user hears of every mistake at once: no mistake hides another, and none is told only because of another.

use super::*;
use crate::config::Unreadable;

/// The keys of all problems, in their order.
fn keys(errors: &ConfigErrors) -> Vec<&str> {
    errors.problems.iter().map(|problem| problem.key.as_str()).collect()
}

#[test]
fn a_wrong_value_hides_no_contradiction() {
    let fleet = "\n[cluster.fleets.core]\ncapacity = 0\nmarket = \"spot\"\n\n[cluster.fleets.task]\nmarket = \"spot\"\nspot-timeout-minutes = 60\n";
    insta::assert_snapshot!(errors(&changed(&[], fleet)), @r#"
    emrys.toml:20:12: `cluster.fleets.core.capacity`: 0 is not between 1 and 1000
      hint: EMR wants at least one instance: leave out a fleet that is not wanted, or this key for two
    emrys.toml:25:1: `cluster.fleets.task.spot-timeout-minutes`: spot instances are sought for 60 minutes, and the cluster is ended after 45
      hint: lower `spot-timeout-minutes`, or raise `[limits] start-minutes`, so that on-demand instances get their turn
    "#);
    let step = |name: &str| format!("\n[[steps]]\nname = \"{name}\"\nkind = \"comand\"\nargs = [\"true\"]\n");
    let steps = format!("{}{}{}", step("log-analysis"), step("twice"), step("twice"));
    insta::assert_snapshot!(errors(&changed(&[], &steps)), @r#"
    emrys.toml:20:1: `steps[0].name`: `log-analysis` is what the job's own step is called
      hint: give the step another name
    emrys.toml:21:9: `steps[0].kind`: `comand` has no meaning here
      hint: did you mean `command`? Known here: `spark`, `command`, `script`, `jar`, `hive`
    emrys.toml:26:9: `steps[1].kind`: `comand` has no meaning here
      hint: did you mean `command`? Known here: `spark`, `command`, `script`, `jar`, `hive`
    emrys.toml:30:1: `steps[2].name`: steps[1] has this name already
      hint: steps are told apart by their names: give each its own
    emrys.toml:31:9: `steps[2].kind`: `comand` has no meaning here
      hint: did you mean `command`? Known here: `spark`, `command`, `script`, `jar`, `hive`
    "#);
}

#[test]
fn every_contradiction_is_looked_for_beside_every_mistake() {
    // Each mistake in turn, beside contradictions that have no part in it.
    let mistakes = [
        ("pipeline = \"web-logs\"", "pipeline = \"web logs\""),
        ("region = \"us-east-1\"", "region = 7"),
        ("service-role = \"EMR_DefaultRole_V2\"", "service-role = \"a b\""),
        ("instance-profile = \"EMR_EC2_DefaultRole\"", ""),
        ("subnets = [\"subnet-0123456789abcdef0\"]", "subnets = []"),
    ];
    let contradictions = r#"
runtime-role = "arn:aws:iam::123456789012:role/analysis"

[cluster.fleets.core]
spot-timeout-minutes = 60

[cluster.run-job-flow]
Applications = []

[job]
script = "a.py"
py-files = ["lib/a.py"]

[[steps]]
name = "a.py"
kind = "hive"
file = "s3://my-log-bucket/a.sql"
"#;
    let apart = ("processed-logs/\"", "application-logs/\"\nformat = \"csv\"");
    let hive = ("emr-7.13.0", "emr-spark-8.0.0");
    let alone = errors(&changed(&[apart, hive], contradictions));
    insta::assert_snapshot!(keys(&alone).join("\n"), @r#"
    output.uri
    output.format
    cluster.runtime-role
    cluster.fleets.core.spot-timeout-minutes
    cluster.run-job-flow.Applications
    job.py-files[0]
    steps[0].name
    steps[0].kind
    "#);
    for mistake in mistakes {
        let both = errors(&changed(&[apart, hive, mistake], contradictions));
        assert_eq!(both.problems.len(), alone.problems.len() + 1, "{both}");
    }
}

#[test]
fn what_could_not_be_read_contradicts_nothing() {
    for (more, key) in [
        (
            "\n[limts]\nstart-minutes = 90\n[cluster.fleets.core]\nmarket = \"spot\"\nspot-timeout-minutes = 60\n",
            "limts",
        ),
        (
            "\n[limits]\nstrat-minutes = 90\n[cluster.fleets.core]\nmarket = \"spot\"\nspot-timeout-minutes = 60\n",
            "limits.strat-minutes",
        ),
        (
            "\n[limits]\nstart-minutes = 9000\n[cluster.fleets.core]\nmarket = \"spot\"\nspot-timeout-minutes = 60\n",
            "limits.start-minutes",
        ),
        (
            "\n[cluster.fleets.core]\nmarket = \"sopt\"\nspot-timeout-minutes = 60\n",
            "cluster.fleets.core.market",
        ),
        (
            "\n[cluster.fleets.core]\nmarket = \"spot\"\nspot-timeout-minutes = 1\n[limits]\nstart-minutes = 10\n",
            "cluster.fleets.core.spot-timeout-minutes",
        ),
        ("\n[cluster.fleets.core]\nebs-gib = 0\nebs-volumes = 2\n", "cluster.fleets.core.ebs-gib"),
        ("\n[cluster.fleets.core]\nebs-gb = 64\nebs-volumes = 2\n", "cluster.fleets.core.ebs-gb"),
        ("\n[cluster.fleets.core]\ntypes = [\"xl\"]\n", "cluster.fleets.core.types[0]"),
        (
            "runtime-role = \"arn:aws:iam::123456789012:role/analysis\"\nsecurity_configuration = \"x\"\n",
            "cluster.security_configuration",
        ),
        (
            "\n[jbo]\nscript = \"a.py\"\n[[steps]]\nname = \"log-analysis\"\nkind = \"command\"\nargs = [\"true\"]\n",
            "jbo",
        ),
        ("\n[[steps]]\nname = \"a\"\nkind = \"command\"\narg = [\"true\"]\n", "steps[0].arg"),
        ("\n[[steps]]\nname = \"a\"\nkind = \"command\"\nargs = [\"{dya}\"]\n", "steps[0].args[0]"),
    ] {
        let errors = errors(&changed(&[], more));
        assert_eq!(keys(&errors), [key], "{errors}");
    }
}

#[test]
fn a_long_step_is_found_beside_a_broken_one() {
    let steps = format!(
        "\n[[steps]]\nname = \"broken\"\nkind = \"script\"\nfile = \"local.sh\"\n\n[[steps]]\nname = \"long\"\nkind = \"command\"\nargs = [\"{}\"]\n",
        "x".repeat(10_300)
    );
    assert_eq!(keys(&errors(&changed(&[], &steps))), ["steps[0].file", "steps[1].args"]);
}

#[test]
fn files_that_cannot_be_read_are_told_with_the_rest() {
    let text = changed(
        &[("region = \"us-east-1\"", "region = \"here\"")],
        "\n[job]\nscript = \"jobs/my_job.py\"\npy-files = [\"lib.jar\", \"good.py\", \"s3://my-log-bucket/far.zip\", \"gone.zip\"]\n",
    );
    let mut asked = Vec::new();
    let errors = crate::pipeline_file::read_with("emrys.toml", &text, |path| {
        asked.push(path.to_owned());
        if path == "good.py" {
            return Ok(());
        }
        Err(Unreadable { why: "there is no such file".to_owned(), hint: "look again".to_owned() })
    })
    .expect_err("files are missing");
    insta::assert_snapshot!(errors, @r#"
    emrys.toml:2:11: `region`: `here` is no AWS region
      hint: regions are written like `us-east-1` or `eu-central-1`
    emrys.toml:20:1: `job.script`: cannot read `jobs/my_job.py`: there is no such file
      hint: look again
    emrys.toml:21:14: `job.py-files[0]`: `lib.jar` does not end with .py or .zip or .egg
      hint: a module is a `.py` file; of packages, make a `.zip` or an `.egg`
    emrys.toml:21:66: `job.py-files[3]`: cannot read `gone.zip`: there is no such file
      hint: look again
    "#);
    assert_eq!(asked, ["jobs/my_job.py", "good.py", "gone.zip"]);
}

#[test]
fn local_files_are_asked_for_in_the_order_of_the_job() {
    let text = changed(&[], "\n[job]\npy-files = [\"b.py\", \"a.zip\"]\nscript = \"c.py\"\n");
    let mut asked = Vec::new();
    let config = crate::pipeline_file::read_with("emrys.toml", &text, |path| {
        asked.push(path.to_owned());
        Ok(())
    })
    .unwrap();
    assert_eq!(asked, config.job.unwrap().local_files());
}
