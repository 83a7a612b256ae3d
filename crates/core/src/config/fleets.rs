//! `[cluster.fleets.*]`: which instances.

use super::problem::Wrong;
use super::reader::Section;
use super::values;

/// `[cluster.fleets]`: instance fleets by their place in the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fleets {
    /// `primary`: the one instance that the steps run on. Default one `m5.xlarge`, on demand.
    pub primary: Fleet,
    /// `core`: the instances that hold data and the driver's helpers. Default two `m5.xlarge`, on demand.
    pub core: Fleet,
    /// `task`: instances that only compute, and whose loss is survived. Default none.
    pub task: Option<Fleet>,
}

/// One fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fleet {
    /// `types`: instance types, the preferred first; EMR takes the first that it can get. Up to 30. Default
    /// `["m5.xlarge"]`.
    pub types: Vec<String>,
    /// `capacity`: how many instances. The primary fleet always has one.
    pub capacity: u32,
    /// `market`: `on-demand` or `spot`. Default `on-demand`: what is lost with a primary or core instance can be the
    /// run.
    pub market: Market,
    /// `ebs-gib`, `ebs-type`, `ebs-volumes`: volumes of each instance. Left out, EMR gives what suits the type.
    pub ebs: Option<Ebs>,
}

/// How instances are bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Market {
    /// `on-demand`.
    OnDemand,
    /// `spot`: and on demand, when there are none to be had.
    Spot {
        /// `spot-timeout-minutes`: for how long spot instances are sought before. Default 15.
        timeout_minutes: u32,
    },
}

/// The volumes of each instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ebs {
    /// `ebs-gib`: the size of each, in GiB.
    pub gib: u32,
    /// `ebs-type`: `gp3`, `gp2` or `st1`. Default `gp3`.
    pub volume_type: &'static str,
    /// `ebs-volumes`: how many. Default 1.
    pub volumes: u32,
}

const CAPACITY_HINT: &str =
    "EMR wants at least one instance: leave out a fleet that is not wanted, or this key for two";

const DEFAULT_TYPE: &str = "m5.xlarge";

impl Fleet {
    fn of(capacity: u32) -> Self {
        Self { types: vec![DEFAULT_TYPE.to_owned()], capacity, market: Market::OnDemand, ebs: None }
    }
}

impl Default for Fleets {
    fn default() -> Self {
        Self { primary: Fleet::of(1), core: Fleet::of(2), task: None }
    }
}

pub(super) fn read(section: Option<Section<'_, '_>>) -> Fleets {
    let mut fleets = Fleets::default();
    let Some(mut section) = section else { return fleets };
    if let Some(primary) = section.section("primary") {
        fleets.primary = read_fleet(primary, 1, 1);
    }
    if let Some(core) = section.section("core") {
        fleets.core = read_fleet(core, 2, 1000);
    }
    if let Some(task) = section.section("task") {
        fleets.task = Some(read_fleet(task, 2, 1000));
    }
    section.finish();
    fleets
}

fn read_fleet(mut section: Section<'_, '_>, default: u32, most: u32) -> Fleet {
    let mut fleet = Fleet::of(default);
    if let Some(entry) = section.take("types") {
        if let Some(count) = entry.count().filter(|count| !(1..=30).contains(count)) {
            entry.wrong(
                Wrong::new(format!("{count} types are named, and EMR takes 1 to 30"))
                    .hint("name some, the preferred first; left out, it is m5.xlarge"),
            );
        }
        fleet.types = entry.list(values::instance_type);
    }
    if most == 1 {
        if let Some(entry) = section.take("capacity") {
            entry.integer(1..=1, "the primary fleet has exactly one instance: leave it out");
        }
    } else if let Some(capacity) = section.integer("capacity", 1..=most, CAPACITY_HINT) {
        fleet.capacity = capacity;
    }
    let spot = section.parsed("market", |text| values::one_of(text, &[("on-demand", false), ("spot", true)]));
    let timeout_minutes = section.integer(
        "spot-timeout-minutes",
        5..=1440,
        "left out, it is 15; then on-demand instances get their turn",
    );
    if spot == Some(true) {
        fleet.market = Market::Spot { timeout_minutes: timeout_minutes.unwrap_or(15) };
    }
    fleet.ebs = read_ebs(&mut section);
    section.finish();
    fleet
}

fn read_ebs(section: &mut Section<'_, '_>) -> Option<Ebs> {
    let gib = section.integer("ebs-gib", 1..=16_384, "left out, EMR gives what suits the instance type");
    let types = [("gp3", "gp3"), ("gp2", "gp2"), ("st1", "st1")];
    let volume_type = section.parsed("ebs-type", |text| values::one_of(text, &types));
    let volumes = section.integer("ebs-volumes", 1..=25, "left out, it is 1");
    Some(Ebs { gib: gib?, volume_type: volume_type.unwrap_or("gp3"), volumes: volumes.unwrap_or(1) })
}
