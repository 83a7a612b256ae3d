//! `[retention]`: what is refused, and what is only told.

use super::{accepted, changed, errors, only};

#[test]
fn everything_has_a_default() {
    let retention = accepted("\n[retention]\n").retention.unwrap();
    assert_eq!((retention.archive, retention.expire_after_days), (None, None));
    assert_eq!((retention.logs_expire_after_days, retention.abort_uploads_after_days), (None, 7));
    assert_eq!((retention.output_expire_after_days, retention.superseded_expire_after_hours), (None, 24));
    assert_eq!(retention.notes(), Vec::<String>::new());
    assert_eq!(accepted("").retention, None);
    assert_eq!(accepted("").removal_grace(), jiff::SignedDuration::from_hours(24));
}

#[test]
fn what_s3_would_refuse_is_refused_here() {
    let refused = |more: &str| only(&changed(&[], &format!("\n[retention]\n{more}\n")));
    let all = [
        refused("archive-class = \"glacier\""),
        refused("archive-after-days = 29\narchive-class = \"standard-ia\""),
        refused("archive-after-days = 30\nexpire-after-days = 30"),
        refused("archive-after-days = 30\narchive-class = \"glacir\""),
        refused("expire-after-days = 0"),
        refused("superseded-expire-after-hours = 23"),
        refused("output-expire-after-days = 0"),
    ];
    insta::assert_snapshot!(all.join("\n"), @r#"
    emrys.toml:20:1: `retention.archive-class`: this says nothing without `archive-after-days`
      hint: add archive-after-days = 90, for example
    emrys.toml:20:1: `retention.archive-after-days`: S3 moves no object to STANDARD_IA before it is 30 days old
      hint: make it 30 or more, or name another class
    emrys.toml:21:1: `retention.expire-after-days`: the logs would be deleted after 30 days, and archived after 30
      hint: delete them later than that, or do not archive them
    emrys.toml:21:18: `retention.archive-class`: `glacir` has no meaning here
      hint: did you mean `glacier`? Known here: `glacier`, `deep-archive`, `glacier-ir`, `standard-ia`
    emrys.toml:20:21: `retention.expire-after-days`: 0 is not between 1 and 36500
      hint: days, counted from when an object was written; a hundred years are the most
    emrys.toml:20:33: `retention.superseded-expire-after-hours`: 23 is not between 24 and 876000
      hint: hours; queries that began before need their time, so a day is the least
    emrys.toml:20:28: `retention.output-expire-after-days`: 0 is not between 1 and 36500
      hint: days, counted from the end of the day's last attempt; a hundred years are the most
    "#);
}

#[test]
fn a_rule_must_not_reach_what_is_still_needed() {
    let retention = "\n[retention]\narchive-after-days = 30\n";
    let source = "s3://my-log-bucket/application-logs/{yyyy}/{mm}/{dd}/";
    let moved = |to: &str| {
        only(&changed(&[(source, to), ("s3://my-log-bucket/emrys/", "s3://records/emrys/")], retention))
    };
    let logs = "\n[retention]\nlogs-expire-after-days = 30\n";
    let log_uri = |to: &str| {
        errors(&changed(&[("service-role", &format!("log-uri = \"{to}\"\nservice-role"))], logs)).to_string()
    };
    let all = [
        moved("s3://my-log-bucket/pro{day}/"),
        moved("s3://my-log-bucket/{day}/"),
        moved("s3://my-log-{day}/"),
        moved("s3://my-log-bucket/application-logs/logs-{day}/"),
        log_uri("s3://my-log-bucket/emrys/"),
        log_uri("s3://my-log-bucket/"),
    ];
    insta::assert_snapshot!(all.join("\n"), @r#"
    emrys.toml:20:1: `retention.archive-after-days`: the rule for the raw logs means everything whose address begins with s3://my-log-bucket/pro, also in other folders: no `/` stands before the first placeholder
      hint: give the raw logs a folder of their own, with the placeholders below it
    emrys.toml:20:1: `retention.archive-after-days`: the rule for the raw logs means everything in the bucket my-log-bucket, whatever else lies there
      hint: give the raw logs a folder of their own, with the placeholders below it; of a bucket that holds nothing else, write the rule yourself
    emrys.toml:20:1: `retention.archive-after-days`: `s3://my-log-{day}/` has a placeholder in its bucket, and a rule is one bucket's
      hint: give the raw logs a folder of their own, with the placeholders below it
    emrys.toml:20:1: `retention.archive-after-days`: the rule for the raw logs means everything whose address begins with s3://my-log-bucket/application-logs/logs-, also in other folders: no `/` stands before the first placeholder
      hint: give the raw logs a folder of their own, with the placeholders below it
    emrys.toml:21:1: `retention.logs-expire-after-days`: the rule for EMR's logs means everything under s3://my-log-bucket/emrys/, and that is also the state, s3://my-log-bucket/emrys/
      hint: give EMR's logs a folder of their own: `[cluster] log-uri`
    emrys.toml:21:1: `retention.logs-expire-after-days`: the rule for EMR's logs means everything in the bucket my-log-bucket, whatever else lies there
      hint: give EMR's logs a folder of their own: `[cluster] log-uri`; of a bucket that holds nothing else, write the rule yourself
    "#);
}

/// To move a script to Glacier is as bad as to delete it.
#[test]
fn a_rule_must_not_reach_what_a_cluster_reads() {
    let more = r#"
[job]
script = "s3://my-log-bucket/application-logs/code/main.py"
py-files = ["lib.py", "s3://my-log-bucket/application-logs/code/util.zip"]

[[steps]]
name = "compact"
kind = "spark"
args = ["s3://my-log-bucket/application-logs/code/compact.py", "s3://my-log-bucket/application-logs/{day}/"]

[[steps]]
name = "warm-up"
kind = "script"
file = "s3://my-log-bucket/application-logs/{yyyy}/warm-up.sh"

[[cluster.bootstrap]]
name = "libraries"
script = "s3://my-log-bucket/application-logs/install.sh"

[catalog]
database = "logs"
query-results = "s3://my-log-bucket/application-logs-of-queries/"
"#;
    let log_uri = ("service-role", "log-uri = \"s3://my-log-bucket/application-logs/emr/\"\nservice-role");
    let told = |text: &str| -> Vec<String> {
        let errors = errors(text);
        let ours = errors.problems.iter().filter(|problem| problem.key.starts_with("retention"));
        ours.map(|problem| problem.message.rsplit(" also ").next().unwrap_or_default().to_owned()).collect()
    };
    for key in ["archive-after-days", "expire-after-days"] {
        let told = told(&changed(&[log_uri], &format!("{more}[retention]\n{key} = 30\n")));
        let raw = "s3://my-log-bucket/application-logs";
        let wanted = [
            format!("EMR's logs, {raw}/emr/"),
            format!("`job.script`, {raw}/code/main.py"),
            format!("`job.py-files[1]`, {raw}/code/util.zip"),
            format!("`cluster.bootstrap[0].script`, {raw}/install.sh"),
            format!("a file of the step `steps[0]`, {raw}/code/compact.py"),
            format!("a file of the step `steps[1]`, {raw}/2024/warm-up.sh"),
        ];
        assert_eq!(told, wanted, "{key}");
    }
    // The rule for EMR's logs may reach EMR's logs, and nothing else.
    let logs = "s3://my-log-bucket/cluster/";
    let log_uri = format!("log-uri = \"{logs}\"\nservice-role");
    let catalog = format!("\n[catalog]\ndatabase = \"logs\"\nquery-results = \"{logs}q/\"\n");
    let text = format!("{catalog}[retention]\nlogs-expire-after-days = 30\n");
    let told = told(&changed(&[("service-role", &log_uri)], &text));
    assert_eq!(told, ["the results of queries, s3://my-log-bucket/cluster/q/"]);
}

#[test]
fn what_costs_is_told() {
    let notes =
        |more: &str| accepted(&format!("\n[retention]\n{more}\n")).retention.unwrap().notes().join("\n");
    insta::assert_snapshot!(notes("archive-after-days = 30\nexpire-after-days = 100"), @r#"
    objects under 128 KB do not move to GLACIER unless the bucket says otherwise (TransitionDefaultMinimumObjectSize)
    a day can be run again from its raw logs until they are 30 days old; after that they have to be restored from GLACIER first
    raw logs are deleted 70 days after they moved to GLACIER, and S3 bills 90 days there at least
    "#);
    insta::assert_snapshot!(notes("archive-after-days = 30\nexpire-after-days = 120\narchive-class = \"glacier-ir\""), @r#"objects under 128 KB do not move to GLACIER_IR unless the bucket says otherwise (TransitionDefaultMinimumObjectSize)"#);
}
