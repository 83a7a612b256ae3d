//! Tests of the configuration.

mod at_once;
mod contradictions;
mod retention;
mod tables;
mod values;

use super::{Config, ConfigErrors};
use crate::pipeline_file::read;
use crate::testing::MINIMAL;

fn errors(text: &str) -> ConfigErrors {
    match read("emrys.toml", text) {
        Ok(_) => panic!("this was accepted:\n{text}"),
        Err(errors) => errors,
    }
}

/// The minimal configuration, with texts replaced and tables added at its end.
fn changed(replaced: &[(&str, &str)], more: &str) -> String {
    let mut text = MINIMAL.trim_start().to_owned();
    for (from, to) in replaced {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    format!("{text}{more}")
}

fn accepted(more: &str) -> Config {
    crate::testing::config(&changed(&[], more))
}

/// Key, message and hint of the only problem.
fn only(text: &str) -> String {
    let errors = errors(text);
    assert_eq!(errors.problems.len(), 1, "{errors}");
    errors.to_string()
}

#[test]
fn five_mistakes_are_five_problems() {
    let text = r#"pipeline = "web logs"
reigon = "us-east-1"

[source]
uri = "s3://my-log-bucket/application-logs/{yyyy}/{mm}/{day_of_month}/"
time-zone = "Europe/Belin"

[output]
uri = "s3://my-log-bucket/processed-logs"

[state]
uri = "s3://my-log-bucket/emrys/"

[cluster]
release-label = "emr-7.13.0"
service-role = "EMR_DefaultRole_V2"
instance-profile = "EMR_EC2_DefaultRole"
subnets = ["subnet-0123456789abcdef0"]
"#;
    insta::assert_snapshot!(errors(text), @r#"
    emrys.toml:1:13: `pipeline`: `web logs` is no name for a pipeline
      hint: up to 64 letters, digits, `.`, `_` and `-`, a letter or digit first: it becomes part of names at AWS
    emrys.toml:2:1: `reigon`: this key is unknown
      hint: did you mean `region`?
    emrys.toml:5:56: `source.uri`: there is no placeholder {day_of_month}
      hint: known here: {day} {yyyy} {mm} {dd}; braces that are meant are written twice
    emrys.toml:6:14: `source.time-zone`: `Europe/Belin` is no time zone that is known here
      hint: use a name from the IANA time zone database, such as `Europe/Berlin`, or `UTC`
    emrys.toml:9:8: `output.uri`: `s3://my-log-bucket/processed-logs` is not a folder
      hint: end it with a slash: `s3://my-log-bucket/processed-logs/`
    "#);
}

#[test]
fn everything_missing_is_told_at_once() {
    insta::assert_snapshot!(errors("# nothing yet\n"), @r#"
    emrys.toml:1:1: `pipeline`: this key is missing
      hint: give the pipeline a name: pipeline = "web-logs"
    emrys.toml:1:1: `region`: this key is missing
      hint: name the region of the cluster: region = "us-east-1"
    emrys.toml:1:1: `source`: this key is missing
      hint: add [source], with the `uri` of a day's logs
    emrys.toml:1:1: `output`: this key is missing
      hint: add [output], with the `uri` of the results
    emrys.toml:1:1: `state`: this key is missing
      hint: add [state], with the `uri` of Emrys's own records
    emrys.toml:1:1: `cluster`: this key is missing
      hint: add [cluster], with `release-label`, `service-role`, `instance-profile` and `subnets`
    "#);
    insta::assert_snapshot!(errors("pipeline = \"a\"\n\n[cluster]\nsubnets = []\n"), @r#"
    emrys.toml:1:1: `region`: this key is missing
      hint: name the region of the cluster: region = "us-east-1"
    emrys.toml:1:1: `source`: this key is missing
      hint: add [source], with the `uri` of a day's logs
    emrys.toml:1:1: `output`: this key is missing
      hint: add [output], with the `uri` of the results
    emrys.toml:1:1: `state`: this key is missing
      hint: add [state], with the `uri` of Emrys's own records
    emrys.toml:3:2: `cluster.release-label`: this key is missing
      hint: name the EMR release: release-label = "emr-7.13.0"
    emrys.toml:3:2: `cluster.service-role`: this key is missing
      hint: name EMR's role: service-role = "EMR_DefaultRole_V2"
    emrys.toml:3:2: `cluster.instance-profile`: this key is missing
      hint: name the instances' profile: instance-profile = "EMR_EC2_DefaultRole"
    emrys.toml:4:11: `cluster.subnets`: this list is empty
      hint: name at least one
    "#);
}

#[test]
fn wrong_types_have_their_place() {
    let text = changed(
        &[
            ("pipeline = \"web-logs\"", "pipeline = 7"),
            ("subnets = [\"subnet-0123456789abcdef0\"]", "subnets = \"subnet-0123456789abcdef0\""),
        ],
        "bootstrap = 3\nfleets = []\ntags = [\"a\"]\n\n[limits]\nrun-minutes = \"60\"\nstart-minutes = 2.5\nmax-attempts = 0\nmax-reject-ratio = 5\n",
    );
    insta::assert_snapshot!(errors(&text), @r#"
    emrys.toml:1:12: `pipeline`: a text is expected, and this is an integer
      hint: write it in quotes
    emrys.toml:17:12: `cluster.subnets`: a list is expected, and this is a text
      hint: write it in square brackets, each text in quotes
    emrys.toml:18:13: `cluster.bootstrap`: a list is expected, and this is an integer
      hint: write each as a table of its own: [[cluster.bootstrap]]
    emrys.toml:19:10: `cluster.fleets`: a table is expected, and this is a list
      hint: write its keys below a line with its name in square brackets
    emrys.toml:20:8: `cluster.tags`: a table is expected, and this is a list
      hint: write its keys below a line with its name in square brackets
    emrys.toml:23:16: `limits.run-minutes`: an integer is expected, and this is a text
      hint: write the number without quotes
    emrys.toml:24:17: `limits.start-minutes`: an integer is expected, and this is a number with a fraction
      hint: write a whole number
    emrys.toml:25:16: `limits.max-attempts`: 0 is not between 1 and 1000
      hint: 1 allows no second attempt for a day; left out, it is 3
    emrys.toml:26:20: `limits.max-reject-ratio`: this is not between 0 and 1
      hint: a share is expected: 0.01 is one in a hundred
    "#);
}

#[test]
fn what_is_no_toml_is_one_problem() {
    insta::assert_snapshot!(errors("pipeline = web-logs\n"), @r#"
    emrys.toml:1:12: invalid TOML value, did you mean to use a quoted string?
      hint: texts, dates and times stand in quotes
    "#);
    insta::assert_snapshot!(errors("pipeline = \"a\"\npipeline = \"b\"\n"), @r#"
    emrys.toml:2:1: duplicate key: `pipeline`
      hint: a key stands once in its table, and a table once in the file
    "#);
    insta::assert_snapshot!(errors("[source]\nuri = \"s3://bucket/{day}/\"\n[source]\nformat = \"x\"\n"), @r#"
    emrys.toml:3:1: redefinition of table `source`
      hint: a key stands once in its table, and a table once in the file
    "#);
    insta::assert_snapshot!(errors("pipeline = \"a\"\nday = 2024-10-20\n"), @r#"
    emrys.toml:2:7: invalid number
      hint: texts, dates and times stand in quotes
    "#);
}

#[test]
fn what_is_not_built_yet_is_refused_by_name() {
    let text = changed(
        &[("[output]", "wait-for-input-minutes = 30\n\n[output]")],
        "\n[limits]\nmax-cost-usd = 5\n[notify]\n[schedule]\n",
    );
    insta::assert_snapshot!(errors(&text), @r#"
    emrys.toml:7:1: `source.wait-for-input-minutes`: waiting for input is not yet available
      hint: leave it out: this version would have to ignore it
    emrys.toml:22:1: `limits.max-cost-usd`: a limit of cost is not yet available
      hint: leave it out: this version would have to ignore it
    emrys.toml:23:2: `notify`: notification is not yet available
      hint: leave it out: this version would have to ignore it
    emrys.toml:24:2: `schedule`: a schedule is not yet available
      hint: leave it out: this version would have to ignore it
    "#);
}

#[test]
fn hints_know_what_was_meant() {
    insta::assert_snapshot!(errors(&changed(&[("[source]", "[sorce]"), ("service-role", "service_role")], "")), @r#"
    emrys.toml:4:2: `sorce`: this key is unknown
      hint: did you mean `source`?
    emrys.toml:15:1: `cluster.service_role`: this key is unknown
      hint: did you mean `service-role`?
    "#);
    insta::assert_snapshot!(only(&changed(&[("[output]\n", "[output]\nformat = \"parqet\"\n")], "")), @r#"
    emrys.toml:8:11: `output.format`: `parqet` has no meaning here
      hint: did you mean `parquet`? Known here: `parquet`, `csv`
    "#);
    insta::assert_snapshot!(only(&changed(&[("{dd}", "{ddd}")], "")), @r#"
    emrys.toml:5:56: `source.uri`: there is no placeholder {ddd}
      hint: did you mean {dd}? Braces that are meant are written twice
    "#);
    insta::assert_snapshot!(only(&changed(&[("{dd}", "{run}")], "")), @r#"
    emrys.toml:5:56: `source.uri`: {run} has no meaning here
      hint: known here: {day} {yyyy} {mm} {dd}
    "#);
    insta::assert_snapshot!(only(&changed(&[("{yyyy}/{mm}/{dd}/", "{yyyy}/{mm}/")], "")), @r#"
    emrys.toml:5:8: `source.uri`: this folder is not one day's
      hint: use {yyyy}, {mm} and {dd}, or {day}: each day's logs lie in a folder of their own
    "#);
    insta::assert_snapshot!(only(&changed(&[("{dd}/", "{dd}")], "")), @r#"
    emrys.toml:5:8: `source.uri`: `s3://my-log-bucket/application-logs/{yyyy}/{mm}/{dd}` is not a folder
      hint: end it with a slash: `s3://my-log-bucket/application-logs/{yyyy}/{mm}/{dd}/`
    "#);
    insta::assert_snapshot!(only(&changed(&[("processed-logs/", "processed-logs/{day}/")], "")), @r#"
    emrys.toml:8:42: `output.uri`: placeholders have no meaning here
      hint: the parts for the day are appended
    "#);
    insta::assert_snapshot!(only(&changed(&[("emr-7.13.0", "7.13.0")], "")), @r#"
    emrys.toml:14:18: `cluster.release-label`: `7.13.0` is no EMR release label
      hint: labels are written like `emr-7.13.0` or `emr-spark-8.0.0`
    "#);
    insta::assert_snapshot!(only(&changed(&[("us-east-1", "us-east-1a")], "")), @r#"
    emrys.toml:2:11: `region`: `us-east-1a` is no AWS region
      hint: regions are written like `us-east-1` or `eu-central-1`
    "#);
}

#[test]
fn positions_count_letters_and_find_escaped_texts() {
    insta::assert_snapshot!(only(&changed(&[("{dd}", "größe-{xx}")], "")), @r#"
    emrys.toml:5:62: `source.uri`: there is no placeholder {xx}
      hint: known here: {day} {yyyy} {mm} {dd}; braces that are meant are written twice
    "#);
    // An escape makes the text another than what is written: the place is then the text's begin.
    insta::assert_snapshot!(only(&changed(&[("{dd}", "\\u0061{xx}")], "")), @r#"
    emrys.toml:5:8: `source.uri`: there is no placeholder {xx}
      hint: known here: {day} {yyyy} {mm} {dd}; braces that are meant are written twice
    "#);
}

#[test]
fn steps_have_the_keys_of_their_kind() {
    let text = changed(
        &[],
        r#"
[[steps]]
kind = "comand"
args = ["true"]

[[steps]]
name = "jar"
kind = "jar"
main-class = "a b"

[[steps]]
name = "spark"
kind = "spark"

[[steps]]
name = "script"
kind = "script"
file = "steps/local.sh"
main-class = "x"
when = "during"

[job]
script = "job.jar"
args = ["{out}"]
"#,
    );
    insta::assert_snapshot!(errors(&text), @r#"
    emrys.toml:19:1: `steps[0].name`: this key is missing
      hint: give the step a name: name = "compact"
    emrys.toml:20:9: `steps[0].kind`: `comand` has no meaning here
      hint: did you mean `command`? Known here: `spark`, `command`, `script`, `jar`, `hive`
    emrys.toml:23:1: `steps[1].file`: this key is missing
      hint: name its address: file = "s3://my-log-bucket/steps/…"
    emrys.toml:26:15: `steps[1].main-class`: `a b` is no name of a class
      hint: it is written like `com.example.Report`
    emrys.toml:28:1: `steps[2]`: this step has no `args`, and has nothing to run
      hint: the script and its arguments: args = ["s3://my-log-bucket/steps/compact.py", "{day}"]
    emrys.toml:35:9: `steps[3].file`: an address begins with `s3://`
      hint: upload the file, and name its `s3://` address
    emrys.toml:36:1: `steps[3].main-class`: this key is unknown
      hint: known here: name, kind, when, args, file
    emrys.toml:37:9: `steps[3].when`: `during` has no meaning here
      hint: known here: `before`, `after`
    emrys.toml:40:11: `job.script`: `job.jar` does not end with .py
      hint: name a Python file: `my_job.py`; other programs run as [[steps]]
    emrys.toml:41:10: `job.args[0]`: there is no placeholder {out}
      hint: known here: {day} {yyyy} {mm} {dd} {run} {input} {output}; braces that are meant are written twice
    "#);
}

#[test]
fn problems_are_data_as_well() {
    let errors = errors(&changed(&[("region = ", "regin = ")], ""));
    insta::assert_json_snapshot!(errors, @r#"
    {
      "file": "emrys.toml",
      "problems": [
        {
          "line": 2,
          "column": 1,
          "key": "regin",
          "message": "this key is unknown",
          "hint": "did you mean `region`?"
        }
      ]
    }
    "#);
}

#[test]
fn defaults() {
    let config = accepted("");
    assert_eq!(
        config.limits,
        super::Limits { start_minutes: 45, run_minutes: 240, max_reject_ratio: 0.05, max_attempts: 3 }
    );
    assert_eq!(config.alarms, super::Alarms { success_within_hours: 26, actions: Vec::new() });
    assert_eq!(config.output.format, super::OutputFormat::Parquet);
    assert_eq!(config.source.time_zone, jiff::tz::TimeZone::UTC);
    assert_eq!(config.cluster.fleets, super::Fleets::default());
    assert_eq!(config.job, None);
}

#[test]
fn the_example_pipelines_are_right() {
    let examples = [
        ("web-logs.toml", include_str!("../../../../config/web-logs.toml")),
        ("own-job.toml", include_str!("../../../../config/own-job.toml")),
        ("everything.toml", include_str!("../../../../config/everything.toml")),
    ];
    for (name, text) in examples {
        let config = read(name, text).unwrap_or_else(|errors| panic!("{errors}"));
        assert!(!config.pipeline.is_empty());
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config");
    let mut found: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| std::path::Path::new(name).extension().is_some_and(|extension| extension == "toml"))
        .collect();
    found.sort();
    let mut named = examples.map(|(name, _)| name);
    named.sort_unstable();
    assert_eq!(found, named, "each example is read by this test");
}

#[test]
fn a_guard_is_a_role_that_the_scheduler_takes_on() {
    let with = |guard: &str| read("emrys.toml", &format!("{MINIMAL}\n[guard]\n{guard}"));
    let role = "arn:aws:iam::123456789012:role/emrys-guard";
    let config = with(&format!("scheduler-role = \"{role}\"\n")).expect("a good guard");
    assert_eq!(config.guard.map(|guard| guard.scheduler_role).as_deref(), Some(role));
    for wrong in ["", "scheduler-role = \"emrys-guard\"\n", "sheduler-role = \"x\"\n"] {
        let errors = with(wrong).expect_err("it names no role");
        assert!(errors.problems[0].key.starts_with("guard"), "{errors}");
    }
    assert_eq!(read("emrys.toml", MINIMAL).expect("a good file").guard, None);
}
