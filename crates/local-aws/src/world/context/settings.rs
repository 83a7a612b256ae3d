//! What can be set about the world: how fast it moves, how small its pages are, what is scripted.

use std::borrow::Cow;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::call::ListView;
use super::cluster_faults::ClusterRule;
use super::scripts::Scripts;

/// The settings of a world.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorldSettings {
    /// How long the phases of a cluster take.
    pub pace: Pace,
    /// How many items a page of a list has.
    pub pages: PageSizes,
    /// Steps and clusters that follow a script.
    pub scripts: Scripts,
    /// Faults of clusters.
    pub cluster_rules: Vec<ClusterRule>,
}

/// How long what takes minutes at AWS takes here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pace {
    /// From RunJobFlow to BOOTSTRAPPING.
    pub starting: SignedDuration,
    /// From BOOTSTRAPPING to RUNNING.
    pub bootstrapping: SignedDuration,
    /// From TERMINATING to the terminal state (longer if a step's process takes longer to end).
    pub terminating: SignedDuration,
    /// From PutMetricAlarm to the first evaluation of the alarm.
    pub first_evaluation: SignedDuration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            starting: SignedDuration::from_millis(300),
            bootstrapping: SignedDuration::from_millis(400),
            terminating: SignedDuration::from_millis(300),
            first_evaluation: SignedDuration::from_millis(200),
        }
    }
}

/// Items per page. A service may always return fewer than asked for: small pages find the caller that reads only one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PageSizes {
    /// ListClusters (AWS: 50).
    pub clusters: usize,
    /// ListSteps (AWS: 50).
    pub steps: usize,
    /// ListInstances and ListInstanceFleets.
    pub instances: usize,
    /// ListMetrics (AWS: 500).
    pub metrics: usize,
    /// DescribeAlarms (AWS: 50 unless MaxRecords says otherwise, at most 100).
    pub alarms: usize,
    /// Data points per page of GetMetricData (AWS: 100,800).
    pub datapoints: usize,
    /// ListSchedules and ListScheduleGroups (AWS: up to 100).
    pub schedules: usize,
    /// GetDatabases, GetTables (AWS: up to 100) and GetPartitions (AWS: up to 1000).
    pub catalog: usize,
}

impl PageSizes {
    /// All pages of one size.
    fn all(size: usize) -> Self {
        Self {
            clusters: size,
            steps: size,
            instances: size,
            metrics: size,
            alarms: size,
            datapoints: size,
            schedules: size,
            catalog: size,
        }
    }

    /// An empty page never ends a list: 0 is meant as the least that does.
    fn at_least_one(&mut self) {
        let sizes = [
            &mut self.clusters,
            &mut self.steps,
            &mut self.instances,
            &mut self.metrics,
            &mut self.alarms,
            &mut self.datapoints,
            &mut self.schedules,
            &mut self.catalog,
        ];
        for size in sizes {
            *size = (*size).max(1);
        }
    }
}

impl WorldSettings {
    /// The settings with pages that lead to an end.
    pub(crate) fn checked(mut self) -> Self {
        self.pages.at_least_one();
        self
    }

    /// The settings for a call whose lists show this.
    pub(crate) fn with_view(&self, view: ListView) -> Cow<'_, Self> {
        match view.items {
            None => Cow::Borrowed(self),
            Some(items) => Cow::Owned(Self { pages: PageSizes::all(items), ..self.clone() }),
        }
    }
}

impl Default for PageSizes {
    fn default() -> Self {
        Self {
            clusters: 3,
            steps: 2,
            instances: 3,
            metrics: 4,
            alarms: 3,
            datapoints: 500,
            schedules: 3,
            catalog: 3,
        }
    }
}
