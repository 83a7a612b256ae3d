//! What single values may be, and what is said of those that are not good.

use super::*;
use crate::config::decode;

#[test]
fn every_hint_says_what_to_do() {
    let cases = [
        "[limits]\nmax-attempts = 0\n",
        "[limits]\nmax-attempts = 1001\n",
        "[limits]\nstart-minutes = 1\nrun-minutes = 0\n",
        "[alarms]\nsuccess-within-hours = 1\n",
        "[cluster.fleets.core]\ncapacity = 0\n",
        "[cluster.fleets.primary]\ncapacity = 2\n",
        "[cluster.fleets.core]\ntypes = []\nebs-gib = 0\nebs-volumes = 99\n",
        "[cluster.fleets.core]\nmarket = \"spot\"\nspot-timeout-minutes = 1\n",
        "[job]\nscript = \"job.jar\"\npy-files = [\"a.jar\", \"s3://my-log-bucket/a/\"]\n",
        "[cluster.tags]\n\"aws:x\" = \"y\"\n\"\" = \"z\"\n",
        "[[steps]]\nname = \"a\"\nkind = \"jar\"\nfile = \"a\\u0001.jar\"\nmain-class = \"a b\"\n",
    ];
    let told: Vec<String> =
        cases.iter().map(|more| errors(&changed(&[], &format!("\n{more}"))).to_string()).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    emrys.toml:20:16: `limits.max-attempts`: 0 is not between 1 and 1000
      hint: 1 allows no second attempt for a day; left out, it is 3
    emrys.toml:20:16: `limits.max-attempts`: 1001 is not between 1 and 1000
      hint: 1 allows no second attempt for a day; left out, it is 3
    emrys.toml:20:17: `limits.start-minutes`: 1 is not between 5 and 1440
      hint: a cluster takes some minutes to start; left out, it is 45
    emrys.toml:21:15: `limits.run-minutes`: 0 is not between 1 and 10080
      hint: left out, it is 240; seven days are the most
    emrys.toml:20:24: `alarms.success-within-hours`: 1 is not between 24 and 168
      hint: left out, it is 26; CloudWatch looks back over seven days at most
    emrys.toml:20:12: `cluster.fleets.core.capacity`: 0 is not between 1 and 1000
      hint: EMR wants at least one instance: leave out a fleet that is not wanted, or this key for two
    emrys.toml:20:12: `cluster.fleets.primary.capacity`: 2 is not 1
      hint: the primary fleet has exactly one instance: leave it out
    emrys.toml:20:9: `cluster.fleets.core.types`: 0 types are named, and EMR takes 1 to 30
      hint: name some, the preferred first; left out, it is m5.xlarge
    emrys.toml:21:11: `cluster.fleets.core.ebs-gib`: 0 is not between 1 and 16384
      hint: left out, EMR gives what suits the instance type
    emrys.toml:22:15: `cluster.fleets.core.ebs-volumes`: 99 is not between 1 and 25
      hint: left out, it is 1
    emrys.toml:21:24: `cluster.fleets.core.spot-timeout-minutes`: 1 is not between 5 and 1440
      hint: left out, it is 15; then on-demand instances get their turn
    emrys.toml:20:11: `job.script`: `job.jar` does not end with .py
      hint: name a Python file: `my_job.py`; other programs run as [[steps]]
    emrys.toml:21:14: `job.py-files[0]`: `a.jar` does not end with .py or .zip or .egg
      hint: a module is a `.py` file; of packages, make a `.zip` or an `.egg`
    emrys.toml:21:23: `job.py-files[1]`: `s3://my-log-bucket/a/` is a folder, and a file is expected
      hint: name the file in it, without a slash at the end
    emrys.toml:20:12: `cluster.tags."aws:x"`: tags that begin with `aws:` belong to AWS
      hint: give the tag a name of your own, or leave it out
    emrys.toml:21:7: `cluster.tags.""`: a tag's name has 1 to 128 characters
      hint: give it another name
    emrys.toml:22:9: `steps[0].file`: EMR takes no control characters
      hint: take it out; tabs and line breaks may stay
    emrys.toml:23:15: `steps[0].main-class`: `a b` is no name of a class
      hint: it is written like `com.example.Report`
    "#);
    insta::assert_snapshot!(only(&changed(&[("[output]\n", "[output]\nformat = \"orc\"\n")], "")), @r#"
    emrys.toml:8:11: `output.format`: `orc` has no meaning here
      hint: known here: `parquet`, `csv`
    "#);
    insta::assert_snapshot!(only(&changed(&[("EMR_DefaultRole_V2", "my role")], "")), @r#"
    emrys.toml:15:17: `cluster.service-role`: `my role` is neither a name nor an ARN in IAM
      hint: it is written like `my-name` or `arn:aws:iam::123456789012:role/my-name`
    "#);
}

#[test]
fn numbers_that_toml_cannot_hold_are_not_taken_for_texts() {
    insta::assert_snapshot!(only(&changed(&[], "\n[limits]\nmax-attempts = 99999999999999999999\n")), @r#"
    emrys.toml:20:16: invalid number
      hint: this number is too large: no key takes one of so many digits
    "#);
    insta::assert_snapshot!(only(&changed(&[], "\n[limits]\nmax-attempts = 007\n")), @r#"
    emrys.toml:20:17: invalid number
      hint: a number does not begin with 0; what is no number stands in quotes
    "#);
}

#[test]
fn a_day_may_have_many_attempts() {
    assert_eq!(accepted("\n[limits]\nmax-attempts = 1000\n").limits.max_attempts, 1000);
}

#[test]
fn an_argument_may_be_empty() {
    let config = accepted(
        "\n[[cluster.bootstrap]]\nname = \"b\"\nscript = \"s3://my-log-bucket/b.sh\"\nargs = [\"\"]\n\n[job]\nscript = \"a.py\"\nargs = [\"--suffix\", \"\", \" \"]\n\n[[steps]]\nname = \"s\"\nkind = \"command\"\nargs = [\"echo\", \"\"]\n",
    );
    let spec = crate::testing::spec();
    let filled = |args: &[crate::template::Template]| -> Vec<String> {
        args.iter().map(|arg| arg.on(spec.day)).collect()
    };
    assert_eq!(filled(&config.job.unwrap().args), ["--suffix", "", " "]);
    assert_eq!(filled(&config.steps[0].args), ["echo", ""]);
    assert_eq!(filled(&config.cluster.bootstrap[0].args), [""]);
    // A command without a name is nothing to run.
    insta::assert_snapshot!(only(&changed(&[], "\n[[steps]]\nname = \"s\"\nkind = \"command\"\nargs = [\"\"]\n")), @r#"
    emrys.toml:19:1: `steps[0]`: this step has no `args`, and has nothing to run
      hint: the command: args = ["bash", "-c", "echo {day}"]
    "#);
}

#[test]
fn release_labels_of_later_years_are_taken() {
    for label in ["emr-7.0.0", "emr-7.13.0", "emr-99.0.0", "emr-spark-8.0.0", "emr-spark-12.3.4"] {
        crate::testing::config(&changed(&[("emr-7.13.0", label)], ""));
    }
    let own = "\n[job]\nscript = \"a.py\"\n";
    crate::testing::config(&changed(&[("emr-7.13.0", "emr-5.30.0")], own));
    for label in [
        "emr-5.29.0",
        "emr-4.10.1",
        "emr-7.13",
        "emr-7.13.0.1",
        "emr-7.x.0",
        "7.13.0",
        "emr-spark-8",
        "EMR-7.13.0",
    ] {
        let errors = errors(&changed(&[("emr-7.13.0", label)], own));
        assert_eq!(errors.problems[0].key, "cluster.release-label", "{label}");
    }
}

#[test]
fn what_is_no_utf_8_has_its_place() {
    assert_eq!(decode("emrys.toml", "größe".as_bytes()), Ok("größe"));
    let errors = decode("emrys.toml", b"pipeline = \"a\"\nregion = \"gr\xf6\xdfe\"\n").unwrap_err();
    insta::assert_snapshot!(errors, @r#"
    emrys.toml:2:13: this letter is not in UTF-8, and the file is no TOML
      hint: save the file in UTF-8
    "#);
}
