//! Which Python builds the environment.

use tokio::process::Command;

use super::PyEnvError;

/// Names to look for, the newest that PySpark 3.5 runs on first after the machine's own.
const NAMES: [&str; 5] = ["python3", "python3.12", "python3.11", "python3.10", "python3.9"];

/// Another interpreter than the first that fits.
const VARIABLE: &str = "EMRYS_PYTHON";

/// A Python interpreter of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interpreter {
    command: String,
    version: (u8, u8),
}

impl Interpreter {
    /// An interpreter whose version is known.
    pub fn new(command: &str, version: (u8, u8)) -> Self {
        Self { command: command.to_owned(), version }
    }

    /// The first interpreter that PySpark runs on and that can make environments.
    pub async fn find() -> Result<Self, PyEnvError> {
        let wanted = std::env::var(VARIABLE).ok().filter(|name| !name.is_empty());
        let names: Vec<&str> = match &wanted {
            Some(name) => vec![name],
            None => NAMES.to_vec(),
        };
        let mut tried = Vec::new();
        let mut without_venv = None;
        for name in names {
            match probe(name).await {
                Probe::Good(version) => return Ok(Self::new(name, version)),
                Probe::NoVenv(version) => without_venv = without_venv.or(Some((name.to_owned(), version))),
                Probe::Other(what) => tried.push(format!("{name}: {what}")),
            }
        }
        Err(match without_venv {
            Some((python, (major, minor))) => {
                PyEnvError::NoVenv { python, package: format!("python{major}.{minor}-venv") }
            }
            None => PyEnvError::NoPython { looked_for: tried.join(", ") },
        })
    }

    /// What to run it by.
    pub fn command(&self) -> &str {
        &self.command
    }

    /// Its version, such as `3.11`.
    pub fn version(&self) -> String {
        format!("{}.{}", self.version.0, self.version.1)
    }
}

enum Probe {
    Good((u8, u8)),
    NoVenv((u8, u8)),
    Other(String),
}

async fn probe(name: &str) -> Probe {
    const QUESTION: &str = "\
import sys
print(sys.version_info[0], sys.version_info[1])
import venv, ensurepip
print('venv')";
    let Ok(output) = Command::new(name).args(["-c", QUESTION]).kill_on_drop(true).output().await else {
        return Probe::Other("not found".into());
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let mut words = text.split_whitespace();
    let version = words.next().and_then(|w| w.parse().ok()).zip(words.next().and_then(|w| w.parse().ok()));
    match version {
        Some(version @ (3, 9..=12)) if words.next() == Some("venv") => Probe::Good(version),
        Some(version @ (3, 9..=12)) => Probe::NoVenv(version),
        Some((major, minor)) => Probe::Other(format!("is Python {major}.{minor}")),
        None => Probe::Other("does not run".into()),
    }
}

/// Whether a program of this name is on the PATH.
pub(crate) fn is_on_path(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}
