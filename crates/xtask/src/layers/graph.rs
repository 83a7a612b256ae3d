//! Which unit of a crate uses which.

use std::collections::{BTreeMap, BTreeSet};

use super::paths::{Place, Use};

/// The root file of a crate, as a unit.
pub(super) const ROOT: &str = "crate";

/// Units (modules, by their path) and the places where one uses another.
#[derive(Default)]
pub(super) struct Graph {
    pub(super) units: BTreeSet<String>,
    pub(super) edges: BTreeMap<(String, String), BTreeSet<Place>>,
}

impl Graph {
    /// Every module counts to the unit whose path is the longest that it begins with.
    pub(super) fn new(units: &BTreeSet<String>, uses: &[Use]) -> Self {
        let mut graph = Self { units: units.clone(), edges: BTreeMap::new() };
        for path in uses {
            let (from, to) = (unit_of(units, &path.from), unit_of(units, &path.to));
            if from != to {
                graph.edges.entry((from, to)).or_default().insert(path.place.clone());
            }
        }
        graph
    }

    /// The units that this one uses.
    pub(super) fn used_by(&self, unit: &str) -> impl Iterator<Item = &str> {
        self.edges.keys().filter(move |(from, _)| from == unit).map(|(_, to)| to.as_str())
    }

    /// Sets of more than one unit that all reach one another.
    pub(super) fn circles(&self) -> Vec<BTreeSet<String>> {
        let reached: BTreeMap<&String, BTreeSet<String>> =
            self.units.iter().map(|unit| (unit, self.reached_from(unit))).collect();
        let mut circles: Vec<BTreeSet<String>> = Vec::new();
        for unit in &self.units {
            let circle: BTreeSet<String> =
                reached[unit].iter().filter(|other| reached[other].contains(unit)).cloned().collect();
            if circle.len() > 1 && !circles.contains(&circle) {
                circles.push(circle);
            }
        }
        circles
    }

    fn reached_from(&self, unit: &str) -> BTreeSet<String> {
        let mut reached = BTreeSet::new();
        let mut open = vec![unit.to_owned()];
        while let Some(unit) = open.pop() {
            for next in self.used_by(&unit) {
                if self.units.contains(next) && reached.insert(next.to_owned()) {
                    open.push(next.to_owned());
                }
            }
        }
        reached
    }
}

/// The unit that a path belongs to: the longest listed one that it begins with, or the root.
pub(super) fn unit_of(units: &BTreeSet<String>, path: &[String]) -> String {
    (1..=path.len())
        .rev()
        .map(|length| path[..length].join("::"))
        .find(|prefix| units.contains(prefix))
        .unwrap_or_else(|| ROOT.to_owned())
}
