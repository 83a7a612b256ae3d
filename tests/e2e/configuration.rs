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
fn files_of_the_job_are_told_with_all_other_mistakes() {
    let world = World::with(
        "[cluster.fleets.core]\ncapacity = 0\nmarket = \"spot\"\nspot-timeout-minutes = 60\n\n[job]\nscript = \"jobs/gone.py\"\npy-files = [\"here.py\", \"folder.py\", \"gone.zip\"]\n",
    );
    world.write("here.py", "");
    std::fs::create_dir(world.path().join("folder.py")).unwrap();
    let document = world.emrys(&["plan", "--day", DAY, "--json"]).expect(2).json();
    let problems = document["error"]["problems"].as_array().unwrap();
    let keys: Vec<_> = problems.iter().map(|problem| problem["key"].as_str().unwrap()).collect();
    let files = ["job.script", "job.py-files[1]", "job.py-files[2]"];
    let fleet = ["cluster.fleets.core.capacity", "cluster.fleets.core.spot-timeout-minutes"];
    assert_eq!(keys, [fleet.as_slice(), &files].concat(), "{document:#}");
    assert!(problems.iter().all(|problem| problem["hint"].is_string()), "{document:#}");
    let hint = problems[2]["hint"].as_str().unwrap();
    assert!(hint.contains(world.path().join("jobs/gone.py").to_str().unwrap()), "{hint}");
    assert!(!world.journal_path().exists(), "no call was made");
}

#[test]
fn a_pipeline_file_that_cannot_be_read_is_named_with_a_hint() {
    let world = World::new();
    let told = |arguments: &[&str]| {
        let document = world.emrys(&[arguments, &["--json"]].concat()).expect(2).json();
        let part = |name: &str| document["error"][name].as_str().unwrap_or_default().to_owned();
        (part("message"), part("hint"))
    };
    let (message, hint) = told(&["plan", "--config", "none.toml"]);
    assert!(message.contains("none.toml") && hint.contains("--config"), "{message}: {hint}");
    let (message, hint) = told(&["plan", "--config", "."]);
    assert!(message.contains("`.`") && hint.contains("./emrys.toml"), "{message}: {hint}");

    std::fs::write(world.path().join("emrys.toml"), b"pipeline = \"gr\xf6sse\"\n").unwrap();
    let document = world.emrys(&["plan", "--json"]).expect(2).json();
    let problem = &document["error"]["problems"][0];
    assert_eq!((&problem["line"], &problem["column"]), (&1.into(), &15.into()), "{document:#}");
    assert!(problem["hint"].as_str().unwrap().contains("UTF-8"), "{document:#}");
}

#[test]
fn an_empty_object_is_neither_a_day_nor_an_obstacle() {
    let world = World::new();
    world.put_log("_SUCCESS", "");
    world.put_log("access.log", "");
    let plan = world.emrys(&["plan", "--day", DAY, "--json"]).expect(0).json();
    assert_eq!(plan["outcome"], "empty", "{plan:#}");
    assert_eq!(plan["notes"][0], "2 empty objects are left out");
    world.emrys(&["run", "--day", DAY]).expect(4);

    world.put_log("access.log", "{}\n");
    let plan = world.emrys(&["plan", "--day", DAY, "--json"]).expect(0).json();
    assert_eq!((&plan["outcome"], &plan["inputs"]["objects"]), (&"succeeded".into(), &1.into()), "{plan:#}");
    assert_eq!(plan["notes"][0], "1 empty object is left out");
}

#[test]
fn an_empty_argument_reaches_the_step() {
    let world = World::scripted(
        "[[steps]]\nname = \"count\"\nkind = \"command\"\nargs = [\"bash\", \"-c\", 'test $# -eq 2 && test -z \"$1\"', \"count\", \"\", \"x\"]\n",
    );
    world.run().expect(0);
}

#[test]
fn a_usage_error_says_which_values_there_are_in_json_as_well() {
    let document = World::new().emrys(&["plan", "--json", "--log-format", "xx"]).expect(2).json();
    let message = document["error"]["message"].as_str().unwrap();
    assert!(message.contains("text") && message.contains("json"), "{document:#}");
}

/// A path is what the system says it is, and not always text.
#[cfg(target_os = "linux")]
#[test]
fn a_pipeline_file_whose_name_is_no_text_is_read() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let world = World::scripted("");
    let name = OsStr::from_bytes(b"emrys-\xff.toml");
    std::fs::copy(world.path().join("emrys.toml"), world.path().join(name)).unwrap();
    let mut command = world.command(&["status", DAY]);
    command.arg("--config").arg(name);
    let said = command.output().unwrap();
    assert_eq!(said.status.code(), Some(0), "{}", String::from_utf8_lossy(&said.stderr));
}
