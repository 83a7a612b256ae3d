//! Spark steps: a `spark-submit` of its own in the PATH, and the local buckets in the place of S3.
//!
//! `s3://`, `s3a://` and `s3n://` are mapped onto the store's folders by Hadoop's own ViewFs overload scheme, so that
//! job files run unmodified and no jar is added.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::RunnerConfig;
use super::logs::Controller;
use crate::pyenv::{self, PythonEnv};
use crate::world::StepLaunch;

const SHIM: &str = include_str!("spark_submit.py");

/// A Spark that is ready for one step.
#[derive(Debug)]
pub(super) struct SparkHome {
    env: PythonEnv,
    bin: PathBuf,
    conf: PathBuf,
}

impl SparkHome {
    /// The variables by which a step finds it.
    pub(super) fn environment(&self) -> Vec<(OsString, OsString)> {
        let mut path = vec![self.bin.clone(), self.env.root.join("bin")];
        if let Some(java_home) = &self.env.java_home {
            path.push(java_home.join("bin"));
        }
        path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        // A folder with a colon in its name cannot stand in a PATH; the step then says that spark-submit is missing.
        let path = std::env::join_paths(path).unwrap_or_default();
        let python = self.env.python.clone().into_os_string();
        let mut variables: Vec<(OsString, OsString)> = vec![
            ("PATH".into(), path),
            ("SPARK_HOME".into(), self.env.spark_home().into()),
            ("SPARK_CONF_DIR".into(), self.conf.clone().into()),
            ("SPARK_LOCAL_IP".into(), "127.0.0.1".into()),
            ("PYSPARK_PYTHON".into(), python.clone()),
            ("PYSPARK_DRIVER_PYTHON".into(), python),
            ("PYTHONUNBUFFERED".into(), "1".into()),
        ];
        if let Some(java_home) = &self.env.java_home {
            variables.push(("JAVA_HOME".into(), java_home.clone().into()));
        }
        variables
    }
}

/// Whether a command line or a script is about to use Spark.
pub(super) fn is_named_in(text: &str) -> bool {
    text.contains("spark")
}

/// Makes what a step of Spark needs: the Python environment (once), a shim, a configuration.
pub(super) async fn prepare(
    config: &RunnerConfig,
    launch: &StepLaunch,
    folder: &Path,
    controller: &mut Controller,
) -> Result<SparkHome, String> {
    let env = pyenv::ensure(|line| tracing::info!("{line}")).await.map_err(|error| match error.hint() {
        Some(hint) => format!("{error}; {hint}"),
        None => error.to_string(),
    })?;
    if let Some(warning) = version_warning(&launch.release_label, &env.spark_version) {
        controller.warn(&warning);
    }
    let root = config.root.as_deref().ok_or("an embedded AWS in memory runs scripted steps only")?;
    let (bin, conf) = (folder.join("bin"), folder.join("conf"));
    let properties = properties(&launch.spark_defaults, &config.store.bucket_folders(), root, folder);
    write(&bin.join("spark_submit.py"), SHIM)?;
    write(
        &bin.join("spark-submit"),
        &format!(
            "#!/bin/sh\nexec {} -I {} \"$@\"\n",
            quoted(&env.python),
            quoted(&bin.join("spark_submit.py"))
        ),
    )?;
    write(&conf.join("spark-defaults.conf"), &java_properties(&properties))?;
    Ok(SparkHome { env, bin, conf })
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    let write = || -> std::io::Result<()> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, text)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
    };
    write().map_err(|error| format!("cannot write {}: {error}", path.display()))
}

fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}

/// Spark's properties for one step: defaults for a small machine, then the cluster's own `spark-defaults`, then what
/// makes a cluster of one machine, which nothing may overrule.
fn properties(
    cluster: &BTreeMap<String, String>,
    buckets: &[(String, PathBuf)],
    root: &Path,
    folder: &Path,
) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = [
        // Half the CPU of a start, for jobs of a minute.
        ("spark.driver.extraJavaOptions", "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"),
        ("spark.driver.memory", "2g"),
        ("spark.sql.shuffle.partitions", "8"),
        ("spark.ui.enabled", "false"),
        ("spark.ui.showConsoleProgress", "false"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    let has_no_place_here = |key: &str| {
        [
            "spark.yarn.",
            "spark.dynamicAllocation.",
            "spark.shuffle.service.",
            "spark.history.",
            "spark.eventLog.",
        ]
        .iter()
        .any(|prefix| key.starts_with(prefix))
    };
    all.extend(
        cluster.iter().filter(|(key, _)| !has_no_place_here(key)).map(|(k, v)| (k.clone(), v.clone())),
    );
    let mut set = |key: &str, value: String| all.insert(key.to_owned(), value);
    set("spark.master", "local[*]".to_owned());
    set("spark.submit.deployMode", "client".to_owned());
    set("spark.driver.host", "127.0.0.1".to_owned());
    set("spark.driver.bindAddress", "127.0.0.1".to_owned());
    set("spark.local.dir", folder.join("tmp").to_string_lossy().into_owned());
    set("spark.sql.warehouse.dir", folder.join("warehouse").to_string_lossy().into_owned());
    // The checksum files of Hadoop's ordinary local file system would be objects beside the job's own, and an upload
    // over one of those objects would make the next read fail.
    set("spark.hadoop.fs.file.impl", "org.apache.hadoop.fs.RawLocalFileSystem".to_owned());
    for scheme in ["s3", "s3a", "s3n"] {
        let view = "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme".to_owned();
        set(&format!("spark.hadoop.fs.{scheme}.impl"), view);
    }
    for (bucket, path) in buckets {
        let path = if path.is_absolute() { path.clone() } else { root.join(path) };
        set(&format!("spark.hadoop.fs.viewfs.mounttable.{bucket}.linkFallback"), file_uri(&path));
    }
    all
}

fn file_uri(path: &Path) -> String {
    use std::fmt::Write as _;
    let mut uri = "file://".to_owned();
    for byte in path.to_string_lossy().bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

/// In the form of `java.util.Properties`.
fn java_properties(properties: &BTreeMap<String, String>) -> String {
    let escaped = |value: &str| value.replace('\\', r"\\").replace('\n', r"\n");
    let lines: Vec<String> =
        properties.iter().map(|(key, value)| format!("{}={}", escaped(key), escaped(value))).collect();
    lines.join("\n") + "\n"
}

/// Says where the Spark of a release is another than the one here. Versions as in the EMR release guide.
fn version_warning(release_label: &str, here: &str) -> Option<String> {
    let line = |version: &str| version.splitn(3, '.').take(2).map(str::to_owned).collect::<Vec<_>>();
    let there = match release_label {
        "emr-7.13.0" | "emr-7.12.0" => "3.5.6",
        "emr-7.10.0" => "3.5.5",
        label if label.starts_with("emr-7.") => return None,
        label if label.starts_with("emr-spark-8.") => "4.0.2",
        label => {
            return Some(format!(
                "it is not known which Spark {label} has; here PySpark {here} runs the step"
            ));
        }
    };
    (line(there) != line(here)).then(|| {
        format!("{release_label} has Spark {there}; here PySpark {here}, of another line, runs the step")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_mapped_and_the_cluster_cannot_overrule_it() {
        let cluster = BTreeMap::from([
            ("spark.master".to_owned(), "yarn".to_owned()),
            ("spark.driver.memory".to_owned(), "4g".to_owned()),
            ("spark.dynamicAllocation.enabled".to_owned(), "true".to_owned()),
        ]);
        let buckets = [("my-logs".to_owned(), PathBuf::from("/data/a b/s3/my-logs"))];
        let all = properties(&cluster, &buckets, Path::new("/data"), Path::new("/data/step"));
        assert_eq!(all["spark.master"], "local[*]");
        assert_eq!(all["spark.driver.memory"], "4g");
        assert!(!all.contains_key("spark.dynamicAllocation.enabled"));
        let link = &all["spark.hadoop.fs.viewfs.mounttable.my-logs.linkFallback"];
        assert_eq!(link, "file:///data/a%20b/s3/my-logs");
    }

    #[test]
    fn another_line_of_spark_is_warned_of() {
        assert_eq!(version_warning("emr-7.13.0", "3.5.9"), None);
        assert!(version_warning("emr-spark-8.0.0", "3.5.9").is_some_and(|w| w.contains("4.0.2")));
        assert!(version_warning("emr-6.15.0", "3.5.9").is_some());
    }

    #[test]
    fn a_property_survives_backslashes_and_new_lines() {
        let properties = BTreeMap::from([("k".to_owned(), "a\\b\nc".to_owned())]);
        assert_eq!(java_properties(&properties), "k=a\\\\b\\nc\n");
    }
}
