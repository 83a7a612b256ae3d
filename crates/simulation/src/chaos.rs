//! What becomes of a call: by chance, or as written out.

use std::time::Duration;

use fastrand::Rng;

use crate::fault::{Call, Fault, Service};
use crate::network::SLOWEST;

/// Before or after a call has its effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The request is not sent yet.
    Before,
    /// The answer is there, and nobody has read it.
    After,
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Disposition {
    /// The network's fault.
    pub fault: Option<Fault>,
    /// The process dies.
    pub crash: Option<When>,
    /// The process is suspended for so long.
    pub freeze: Option<(When, Duration)>,
}

/// Which calls of a process are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Among {
    /// All.
    All,
    /// Those that change something at AWS.
    Changes,
}

/// A call at which a process dies, or is suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrashPoint {
    /// The process, counted over the whole scenario.
    pub process: usize,
    /// The call, counted from 0.
    pub nth: usize,
    /// Among which.
    pub among: Among,
    /// Before or after its effect.
    pub when: When,
}

/// All calls to a service go wrong for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// The service.
    pub service: Service,
    /// From when on, since the start.
    pub from: Duration,
    /// Until when.
    pub until: Duration,
    /// How.
    pub fault: Fault,
}

/// Chances, from 0 to 1, per call.
#[derive(Debug, Clone, PartialEq)]
pub struct Mix {
    /// Of a fault of the network.
    pub faults: f64,
    /// Of a fault that denies access, among them.
    pub access: f64,
    /// Of a crash.
    pub crashes: f64,
    /// Of a suspension.
    pub freezes: f64,
    /// How much likelier all of it is at a launch.
    pub at_launch: f64,
    /// How much likelier all of it is where a partition is looked at, made or moved, or objects are deleted.
    pub at_publish: f64,
    /// Times at which a service is out.
    pub outages: Vec<Outage>,
    /// When everything goes well again, since the start.
    pub until: Duration,
}

/// Where the dispositions of calls come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Chaos {
    /// Crashes at these points, and nothing else.
    Crashes(Vec<CrashPoint>),
    /// A process is suspended at this point for so long, and nothing else.
    Sleep(CrashPoint, Duration),
    /// By chance.
    Random(Mix),
}

/// The place of a call in its process and in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The process.
    pub process: usize,
    /// Among all its calls, from 0.
    pub nth: usize,
    /// Among those that change something, from 0.
    pub nth_change: usize,
    /// When, since the start.
    pub at: Duration,
}

impl Chaos {
    /// The disposition of a call.
    pub fn disposition(&self, rng: &mut Rng, call: &Call, position: Position) -> Disposition {
        match self {
            Self::Crashes(points) => Disposition {
                crash: points.iter().find(|point| point.is_at(call, position)).map(|point| point.when),
                ..Disposition::default()
            },
            Self::Sleep(point, duration) => Disposition {
                freeze: point.is_at(call, position).then_some((point.when, *duration)),
                ..Disposition::default()
            },
            Self::Random(mix) => mix.disposition(rng, call, position.at),
        }
    }
}

impl CrashPoint {
    fn is_at(&self, call: &Call, position: Position) -> bool {
        let counted = match self.among {
            Among::All => position.nth,
            Among::Changes if call.changes => position.nth_change,
            Among::Changes => return false,
        };
        self.process == position.process && self.nth == counted
    }
}

impl Mix {
    fn disposition(&self, rng: &mut Rng, call: &Call, at: Duration) -> Disposition {
        if at >= self.until {
            return Disposition::default();
        }
        let factor = match call {
            call if call.is_launch() => self.at_launch,
            call if call.is_felt_by_readers() => self.at_publish,
            _ => 1.0,
        };
        let mut happens = |chance: f64| rng.f64() < (chance * factor).min(0.6);
        let (faulty, crashes, freezes) = (happens(self.faults), happens(self.crashes), happens(self.freezes));
        let outage =
            self.outages.iter().find(|o| o.service == call.service && (o.from..o.until).contains(&at));
        Disposition {
            fault: outage.map(|outage| outage.fault).or_else(|| faulty.then(|| self.fault(rng))),
            crash: crashes.then(|| when(rng)),
            freeze: freezes.then(|| (when(rng), freeze(rng))),
        }
    }

    fn fault(&self, rng: &mut Rng) -> Fault {
        if rng.f64() < self.access {
            return if rng.bool() { Fault::Denied } else { Fault::Expired };
        }
        let slow = Duration::from_millis(rng.u64(100..=SLOWEST));
        match rng.u8(0..7) {
            0 => Fault::Throttled,
            1 => Fault::ErrorBefore,
            2 => Fault::ErrorAfter,
            3 => Fault::CutBefore,
            4 => Fault::CutAfter,
            5 => Fault::SlowRequest(slow),
            _ => Fault::SlowReply(slow),
        }
    }
}

fn when(rng: &mut Rng) -> When {
    if rng.bool() { When::Before } else { When::After }
}

/// Seconds as often as half an hour: a machine that was busy, and one whose lid was closed.
fn freeze(rng: &mut Rng) -> Duration {
    Duration::from_secs(if rng.bool() { rng.u64(1..90) } else { rng.u64(90..1800) })
}
