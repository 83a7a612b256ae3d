//! Another attempt after one that failed, and what it takes from the configuration.

use serde::{Deserialize, Serialize};

/// Another attempt after one that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// What ended the one before.
    pub because: RetryCause,
    /// What this one takes.
    #[serde(default, skip_serializing_if = "Choice::is_first")]
    pub choice: Choice,
}

/// What ends an attempt so that another one is worth its cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryCause {
    /// The instances could not be had.
    Capacity,
    /// Instances were taken away, by the spot market or by a fault.
    InstancesLost,
    /// A bootstrap script could not be downloaded.
    BootstrapDownload,
    /// EMR failed by itself before a step began.
    EmrFault,
}

impl std::fmt::Display for RetryCause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Capacity => "there was no capacity",
            Self::InstancesLost => "instances were lost",
            Self::BootstrapDownload => "a bootstrap script could not be downloaded",
            Self::EmrFault => "EMR failed by itself before a step began",
        })
    }
}

/// Which of the instances and subnets that the configuration names a launch takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// How often there was no capacity before: each time the lists begin with the next instance type, and only the
    /// next subnet is asked for. 0 is as configured.
    #[serde(default)]
    pub turn: u32,
    /// Whether primary and core are bought on demand, whatever is configured.
    #[serde(default)]
    pub on_demand: bool,
}

impl Choice {
    /// Whether everything is taken as configured.
    pub fn is_first(&self) -> bool {
        *self == Self::default()
    }

    /// What is chosen after an attempt that ended like this.
    pub fn after(self, cause: RetryCause) -> Self {
        match cause {
            RetryCause::Capacity => Self { turn: self.turn.saturating_add(1), ..self },
            RetryCause::InstancesLost => Self { on_demand: true, ..self },
            RetryCause::BootstrapDownload | RetryCause::EmrFault => self,
        }
    }

    /// A list that begins with the one whose turn it is.
    pub fn rotate(self, list: &[String]) -> Vec<String> {
        let mut list = list.to_vec();
        if !list.is_empty() {
            let by = self.index(list.len());
            list.rotate_left(by);
        }
        list
    }

    /// The subnets: all of them, for EMR to choose from, and after a fault of capacity the next one alone.
    pub fn subnets(self, list: &[String]) -> Vec<String> {
        match list {
            [_, _, ..] if self.turn > 0 => vec![list[self.index(list.len())].clone()],
            _ => list.to_vec(),
        }
    }

    fn index(self, length: usize) -> usize {
        usize::try_from(self.turn).unwrap_or_default() % length
    }
}

impl std::fmt::Display for Choice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match (self.turn, self.on_demand) {
            (0, false) => "as configured",
            (0, true) => "with primary and core on demand",
            (_, false) => "with the next instance types and the next subnet",
            (_, true) => {
                "with the next instance types and the next subnet, and with primary and core on demand"
            }
        })
    }
}
