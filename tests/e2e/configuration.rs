//! A pipeline file that is wrong says everything that is wrong with it, before any call.

use crate::support::{DAY, World};

const FIVE_MISTAKES: &str = r#"pipeline = "web logs"
region = "us-east-1"

[source]
uri = "s3://my-log-bucket/application-logs/{yyyy}/{mm}/{dy}/"
formt = "json-lines"

[output]
uri = "s3://my-log-bucket/processed-logs/"
format = "orc"

[state]
uri = "s3://my-log-bucket/emrys/"

[cluster]
release-label = 7.13
service-role = "EMR_DefaultRole_V2"
instance-profile = "EMR_EC2_DefaultRole"
subnets = ["subnet-0123456789abcdef0"]
"#;

#[test]
fn five_mistakes_are_five_problems_each_with_its_line() {
    let world = World::new();
    world.write("emrys.toml", FIVE_MISTAKES);
    let ended = world.emrys(&["run", "--day", DAY, "--json"]).expect(2);
    let document = ended.json();
    let problems = document["error"]["problems"].as_array().unwrap();
    let lines: Vec<_> = problems.iter().map(|problem| problem["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [1, 5, 6, 10, 16], "{document}");
    assert!(problems.iter().all(|problem| problem["hint"].is_string()), "{document}");
    assert!(!world.journal_path().exists(), "no call was made");

    let text = world.emrys(&["plan", "--day", DAY]).expect(2);
    insta::assert_snapshot!("five_mistakes", text.stderr);
}

#[test]
fn a_pipeline_file_that_is_not_there_is_named() {
    let world = World::new();
    let ended = world.emrys(&["plan", "--config", "none.toml"]).expect(2);
    assert!(ended.stderr.contains("none.toml"), "{}", ended.stderr);
}
