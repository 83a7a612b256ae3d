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
    /// `market`: `on-demand` or `spot`. Default `on-demand`: what is lost with a primary or core instance can be the run.
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
    let given = section.take("types");
    if let Some(entry) = given {
        let place = entry.path.clone();
        fleet.types = entry.list(values::instance_type);
        if fleet.types.is_empty() || fleet.types.len() > 30 {
            let count = fleet.types.len();
            section.wrong_key(&place, Wrong::new(format!("{count} good types are named; EMR takes 1 to 30")));
        }
    }
    if most == 1 {
        if let Some(entry) = section.take("capacity") {
            let place = entry.path.clone();
            if entry.integer(0..=u32::MAX).is_some_and(|capacity| capacity != 1) {
                section.wrong_key(
                    &place,
                    Wrong::new("the primary fleet has exactly one instance").hint("leave it out"),
                );
            }
        }
    } else if let Some(capacity) = section.integer("capacity", 1..=most) {
        fleet.capacity = capacity;
    }
    let spot = section.parsed("market", |text| values::one_of(text, &[("on-demand", false), ("spot", true)]));
    let timeout = section.take("spot-timeout-minutes");
    let timeout_place = timeout.as_ref().map(|entry| entry.path.clone());
    let timeout_minutes = timeout.and_then(|entry| entry.integer(5..=1440));
    if spot == Some(true) {
        fleet.market = Market::Spot { timeout_minutes: timeout_minutes.unwrap_or(15) };
    } else if let Some(place) = timeout_place {
        section.wrong_key(
            &place,
            Wrong::new("this fleet is not bought on the spot market")
                .hint("set market = \"spot\", or leave it out"),
        );
    }
    fleet.ebs = read_ebs(&mut section);
    section.finish();
    fleet
}

fn read_ebs(section: &mut Section<'_, '_>) -> Option<Ebs> {
    let gib = section.integer("ebs-gib", 1..=16_384);
    let types = [("gp3", "gp3"), ("gp2", "gp2"), ("st1", "st1")];
    let volume_type = section.parsed("ebs-type", |text| values::one_of(text, &types));
    let volumes = section.integer("ebs-volumes", 1..=25);
    if gib.is_none() && (volume_type.is_some() || volumes.is_some()) {
        section.wrong(
            Wrong::new("`ebs-type` and `ebs-volumes` say nothing without `ebs-gib`")
                .hint("add ebs-gib = 64, for example"),
        );
    }
    Some(Ebs { gib: gib?, volume_type: volume_type.unwrap_or("gp3"), volumes: volumes.unwrap_or(1) })
}
