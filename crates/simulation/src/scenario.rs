//! Who runs when, what AWS does to clusters, and what the network does to calls.

use std::time::Duration;

use emrys_control_plane::Safeguards;
use emrys_local_aws::world::emr::ReasonCode;
use emrys_local_aws::world::{ClusterRule, FaultPhase, Node, RuleFault, StateOf};
use fastrand::Rng;

use crate::chaos::{Chaos, Mix, Outage};
use crate::fault::{Fault, Service};
use crate::network::STALE;
use crate::operator_action::{GRACE_IS_OVER, OperatorAction, Visit};

/// Where the numbers of what came later begin.
const MORE: u64 = 0x6d6f_7265;
/// Where the numbers of `[catalog]` begin.
const CATALOG: u64 = 0x0063_6174_616c_6f67;
/// Where the numbers of who attaches begin.
const ATTACH: u64 = 0x6174_7461_6368;
/// Where the numbers of days that expire begin.
const EXPIRY: u64 = 0x6578_7069_7279;
/// Where the numbers of who drives in steps begin. None of the seeds that a test names has such an operator.
const STEPS: u64 = 0x7374_6570_737a;

/// For how long nobody comes back to a run that is forsaken: longer than any guard takes to fire.
pub const ABSENCE: Duration = Duration::from_hours(6);

/// In seconds, how long a step takes that hangs: for ever, and no limit in the cluster ends it.
pub const FOR_EVER: u32 = 1_000 * 3_600;

/// All that a simulation is made of. The same scenario goes the same way each time.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a matter of its own")]
pub struct Scenario {
    /// What it is called when something is wrong with it.
    pub name: String,
    /// Ids, jitter and chance come from here.
    pub seed: u64,
    /// How AWS behaves.
    pub world: WorldPlan,
    /// What happens to calls.
    pub chaos: Chaos,
    /// For how long ListClusters does not show a new cluster.
    pub stale: Duration,
    /// Operators, at work at once.
    pub operators: Vec<Operator>,
    /// What people do beside the operators.
    pub visits: Vec<Visit>,
    /// When somebody asks for the end of the run, if anybody does.
    pub cancel_at: Option<Duration>,
    /// When no operator begins another process.
    pub until: Duration,
    /// Whether the pipeline has a `[guard]`.
    pub guarded: bool,
    /// Whether it has a `[catalog]`.
    pub catalog: bool,
    /// Whether the day's output expires, a day after its last attempt: `[retention] output-expire-after-days`.
    pub expires: bool,
    /// Whether all operators die at `until`, and nobody comes for [`ABSENCE`].
    pub forsaken: bool,
    /// Whether the operators drive in steps that come when everything goes well.
    pub ends_in_steps: bool,
    /// What is taken away from Emrys.
    pub safeguards: Safeguards,
}

/// How clusters go. Times are in seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorldPlan {
    /// STARTING.
    pub starting: u32,
    /// BOOTSTRAPPING.
    pub bootstrapping: u32,
    /// TERMINATING.
    pub terminating: u32,
    /// The step.
    pub step: u32,
    /// What the step does.
    pub doing: Doing,
    /// What it does from the second attempt on, where that is something else.
    pub later: Option<Doing>,
    /// What happens to each cluster before its step, if anything does.
    pub cluster_fault: Option<ClusterFault>,
    /// What happens to some of its clusters, in the words of the embedded AWS.
    pub rules: Vec<ClusterRule>,
}

/// How a cluster fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClusterFault {
    /// In which phase.
    pub at: FaultPhase,
    /// EMR's code.
    pub code: ReasonCode,
}

/// What a step does, which may end with exit code 0 all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// What it has to.
    Good,
    /// It fails half way.
    Fails,
    /// It writes no manifest.
    LeavesOutTheManifest,
    /// A file is missing.
    LeavesOutAFile,
    /// A file is too short.
    WritesShort,
    /// A file is there that the manifest does not know.
    WritesMore,
    /// Rows went missing.
    LosesRows,
}

/// Someone who wants the day run, and begins another process when one ends without an outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct Operator {
    /// Its processes, one after the other.
    pub processes: Vec<ProcessPlan>,
}

/// One process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessPlan {
    /// How long after the last one ended, or after the start.
    pub after: Duration,
    /// The host: on the same one a process can see that another is dead.
    pub host: String,
    /// Whether it leaves at its first wait, as a scheduled one does.
    pub tick: bool,
    /// How far its clock is off, in seconds.
    pub skew: i64,
    /// Whether it runs the day again when its run is over.
    pub again: bool,
    /// Whether it drives in steps: it gives the lease back at every long wait, comes back, and remembers nothing.
    pub steps: bool,
}

impl ProcessPlan {
    /// A process that stays, with a right clock.
    pub fn new(after: Duration, host: &str) -> Self {
        Self { after, host: host.to_owned(), tick: false, skew: 0, again: false, steps: false }
    }
}

impl WorldPlan {
    /// A cluster that starts, works and ends within a few minutes.
    pub fn short() -> Self {
        Self {
            starting: 30,
            bootstrapping: 30,
            terminating: 30,
            step: 30,
            doing: Doing::Good,
            later: None,
            cluster_fault: None,
            rules: Vec::new(),
        }
    }

    /// Whether a cluster may never get beyond STARTING.
    pub(crate) fn starts_endlessly(&self) -> bool {
        self.rules.iter().any(|rule| rule.fault == RuleFault::EndlessStarting)
    }

    /// How long a cluster lives that nobody ends, in seconds.
    pub fn lifetime(&self) -> u32 {
        self.starting + self.bootstrapping + self.step + self.terminating
    }

    fn random(rng: &mut Rng) -> Self {
        let doing = match rng.u8(0..100) {
            0..80 => Doing::Good,
            80..85 => Doing::Fails,
            85..88 => Doing::LeavesOutTheManifest,
            88..91 => Doing::LeavesOutAFile,
            91..94 => Doing::WritesShort,
            94..97 => Doing::WritesMore,
            _ => Doing::LosesRows,
        };
        Self {
            // Now and then longer than `[limits] start-minutes` and `run-minutes` allow.
            starting: if rng.u8(0..50) == 0 { 3_600 } else { rng.u32(30..300) },
            bootstrapping: rng.u32(5..120),
            terminating: rng.u32(5..120),
            step: if rng.u8(0..100) == 0 { 16_000 } else { rng.u32(30..600) },
            doing,
            later: None,
            cluster_fault: (rng.u8(0..10) == 0).then(|| ClusterFault::random(rng)),
            rules: Vec::new(),
        }
    }
}

impl Doing {
    /// Anything but what it has to.
    fn bad(rng: &mut Rng) -> Self {
        [
            Self::Fails,
            Self::LeavesOutTheManifest,
            Self::LeavesOutAFile,
            Self::WritesShort,
            Self::WritesMore,
            Self::LosesRows,
        ][rng.usize(0..6)]
    }
}

impl ClusterFault {
    fn random(rng: &mut Rng) -> Self {
        let (at, code) = match rng.u8(0..5) {
            0 => (FaultPhase::Starting, ReasonCode::ValidationError),
            1 => (FaultPhase::Starting, ReasonCode::InstanceFleetTimeout),
            2 => (FaultPhase::Starting, ReasonCode::InternalError),
            3 => (FaultPhase::Bootstrapping, ReasonCode::BootstrapFailure),
            _ => (FaultPhase::Bootstrapping, ReasonCode::InstanceFailure),
        };
        Self { at, code }
    }
}

impl Scenario {
    /// The scenario of a seed.
    pub fn random(seed: u64) -> Self {
        // Fixed for ever: a seed that was noted down has to mean the same thing.
        let rng = &mut Rng::with_seed(seed);
        let until = Duration::from_mins(rng.u64(15..90));
        let operators = (0..rng.usize(1..=3)).map(|number| Operator::random(rng, number)).collect();
        Self {
            name: format!("seed {seed}"),
            seed,
            world: WorldPlan::random(rng),
            chaos: Chaos::Random(Mix::random(rng, until)),
            stale: Duration::from_secs(if rng.bool() { 0 } else { rng.u64(1..=STALE) }),
            operators,
            visits: Vec::new(),
            cancel_at: (rng.u8(0..16) == 0).then(|| Duration::from_secs(rng.u64(1..1_200))),
            until,
            guarded: false,
            catalog: false,
            expires: false,
            forsaken: false,
            ends_in_steps: false,
            safeguards: Safeguards::ALL,
        }
        .with_more(&mut Rng::with_seed(seed ^ MORE))
        .with_catalog(&mut Rng::with_seed(seed ^ CATALOG))
        .with_expiry(&mut Rng::with_seed(seed ^ EXPIRY))
        .with_watchers(&mut Rng::with_seed(seed ^ ATTACH))
        .with_steps(&mut Rng::with_seed(seed ^ STEPS))
    }

    /// The same, with all operators driving in steps.
    pub fn in_steps(mut self) -> Self {
        self.name = format!("{} in steps", self.name);
        self.operators.iter_mut().for_each(Operator::drive_in_steps);
        self.ends_in_steps = true;
        self
    }

    /// Some operators drive in steps, now and then. All other seeds stay what they were before any did.
    fn with_steps(mut self, rng: &mut Rng) -> Self {
        if rng.u8(0..8) != 0 {
            return self;
        }
        let of_all = rng.bool();
        for (number, operator) in self.operators.iter_mut().enumerate() {
            if of_all || number == 0 || rng.bool() {
                operator.drive_in_steps();
            }
        }
        self.ends_in_steps = rng.bool();
        self
    }

    /// What came later has a row of numbers of its own, so that the older parts of a seed stay what they were.
    fn with_more(mut self, rng: &mut Rng) -> Self {
        self.guarded = rng.bool();
        if rng.u8(0..12) == 0 {
            return self.forsaken(Duration::from_mins(rng.u64(6..30)));
        }
        if rng.u8(0..3) == 0 {
            self.world.rules.push(rule(rng));
        }
        if self.world.starts_endlessly()
            && let Chaos::Random(mix) = &mut self.chaos
        {
            // What a process that was suspended in the moment of its launch leaves behind would start for ever.
            mix.freezes = 0.0;
        }
        if rng.u8(0..3) == 0 {
            self.visits = (0..rng.usize(1..=3)).map(|_| Visit::random(rng, self.until)).collect();
        }
        self
    }

    /// The day has a catalog; it is run again, and other attempts are published.
    fn with_catalog(mut self, rng: &mut Rng) -> Self {
        self.catalog = rng.bool();
        if !self.catalog {
            return self;
        }
        if let Chaos::Random(mix) = &mut self.chaos {
            mix.at_publish = [1.0, 10.0, 50.0][rng.usize(0..3)];
            if rng.u8(0..4) == 0 {
                mix.outages.push(Outage::random(rng, Some(Service::Glue), self.until));
            }
        }
        if self.forsaken {
            return self;
        }
        if rng.u8(0..4) == 0 && !self.loses_its_ledger() {
            self = self.quarrelled(rng);
        } else {
            self.world.later = (rng.u8(0..4) == 0).then(|| Doing::bad(rng));
            if rng.u8(0..4) != 0 {
                self.visits.extend(Visit::of_readers(rng, self.until));
            }
        }
        if rng.u8(0..3) == 0 && !self.world.starts_endlessly() {
            self.visits.extend(Visit::of_gc(rng));
            self = self.lasting(GRACE_IS_OVER + Duration::from_hours(1));
        }
        self
    }

    /// The day's output expires. What nobody knows of any more, since its ledger was deleted, does not.
    fn with_expiry(mut self, rng: &mut Rng) -> Self {
        let may_expire = self.catalog && !self.forsaken && !self.loses_its_ledger();
        if !may_expire || self.world.starts_endlessly() || rng.u8(0..8) != 0 {
            return self;
        }
        self.expires = true;
        self.visits.retain(|visit| visit.at < GRACE_IS_OVER);
        self.visits.extend(Visit::of_expiry(rng));
        self.lasting(GRACE_IS_OVER + Duration::from_hours(1))
    }

    /// Others attach. A day without a catalog stays what it was before there were any.
    fn with_watchers(mut self, rng: &mut Rng) -> Self {
        if self.catalog && !self.forsaken && rng.u8(0..3) == 0 {
            self.visits.extend(Visit::of_watchers(rng, self.until));
        }
        self
    }

    /// Things go wrong until then, and operators come.
    fn lasting(mut self, until: Duration) -> Self {
        self.until = until;
        if let Chaos::Random(mix) = &mut self.chaos {
            mix.until = until;
        }
        self
    }

    /// Clusters do their work, and people publish one attempt and the other over each other, while their processes are
    /// suspended and die.
    fn quarrelled(mut self, rng: &mut Rng) -> Self {
        self.world = WorldPlan {
            starting: self.world.starting.min(300),
            step: self.world.step.min(600),
            doing: Doing::Good,
            cluster_fault: None,
            rules: Vec::new(),
            ..self.world
        };
        self = self.lasting(Duration::from_hours(2));
        if let Chaos::Random(mix) = &mut self.chaos {
            mix.faults = mix.faults.min(0.002);
            mix.access = 0.0;
            mix.freezes = [0.001, 0.004][rng.usize(0..2)];
            mix.crashes = mix.crashes.min(0.0005);
            mix.at_publish = 20.0;
            mix.outages.clear();
        }
        self.visits.extend(Visit::of_a_quarrel(rng));
        self.cancel_at = None;
        self
    }

    /// The step hangs for ever, all operators die, and only the guard is left. A process that is suspended in the
    /// moment of its launch may leave a cluster that no guard is for, and that is another matter.
    fn forsaken(mut self, until: Duration) -> Self {
        self.world = WorldPlan { step: FOR_EVER, doing: Doing::Good, ..self.world };
        self.chaos = match self.chaos {
            Chaos::Random(mix) => Chaos::Random(Mix { freezes: 0.0, until, ..mix }),
            others => others,
        };
        Self { guarded: true, forsaken: true, cancel_at: None, until, ..self }
    }

    /// Whether somebody deletes the ledger.
    pub(crate) fn loses_its_ledger(&self) -> bool {
        self.visits.iter().any(|visit| visit.operator_action == OperatorAction::DeleteLedger)
    }

    /// The same, with something taken away.
    pub fn without(self, safeguards: Safeguards) -> Self {
        Self { safeguards, ..self }
    }
}

/// A fault of the first cluster, the second or all of them.
fn rule(rng: &mut Rng) -> ClusterRule {
    let after_ms = rng.u64(0..300_000);
    let fault = match rng.u8(0..12) {
        0 => RuleFault::EndlessStarting,
        1 => RuleFault::SpotLoss { node: Node::Task, after_ms },
        2 => RuleFault::SpotLoss { node: Node::Core, after_ms },
        3 => RuleFault::SpotLoss { node: Node::Primary, after_ms },
        4 => RuleFault::UnknownError { step: None },
        5 => {
            let at = [None, Some(FaultPhase::Starting), Some(FaultPhase::Bootstrapping)][rng.usize(0..3)];
            RuleFault::Terminated { at, after_ms }
        }
        6 | 7 => RuleFault::UnknownState {
            of: if rng.bool() { StateOf::Cluster } else { StateOf::Step },
            state: "DREAMING".to_owned(),
            after_ms: after_ms / 4,
            for_ms: rng.bool().then(|| rng.u64(1..600_000)),
        },
        8 => RuleFault::LateLogs { delay_ms: after_ms * 4 },
        9 => RuleFault::RotatedLogs,
        10 => RuleFault::CorruptLogs,
        _ => RuleFault::Fails {
            at: FaultPhase::Starting,
            code: ReasonCode::ValidationError,
            message: "We currently do not have sufficient capacity of this instance type.".to_owned(),
            error_code: None,
        },
    };
    let times = if rng.u8(0..4) == 0 { None } else { Some(1) };
    ClusterRule { cluster: "^emrys/web-logs/2024-10-20/".to_owned(), first: rng.u64(1..=2), times, fault }
}

impl Operator {
    fn random(rng: &mut Rng, number: usize) -> Self {
        let home = format!("host-{number}");
        let ticks = rng.u8(0..4) == 0;
        let processes = (0..rng.usize(1..=5)).map(|nth| {
            let after = if nth == 0 && number == 0 { 0 } else { rng.u64(1..900) };
            ProcessPlan {
                after: Duration::from_secs(if ticks { after.min(300) } else { after }),
                // Restarted at home, as a rule, and sometimes on a machine that knows nothing of the last one.
                host: if rng.u8(0..4) == 0 { format!("host-{number}-{nth}") } else { home.clone() },
                tick: ticks,
                skew: if rng.u8(0..3) == 0 { rng.i64(-600..=600) } else { 0 },
                again: false,
                steps: false,
            }
        });
        Self { processes: processes.collect() }
    }

    fn drive_in_steps(&mut self) {
        for process in &mut self.processes {
            process.steps = true;
        }
    }
}

impl Outage {
    fn random(rng: &mut Rng, service: Option<Service>, until: Duration) -> Self {
        let from = Duration::from_secs(rng.u64(0..until.as_secs().max(1)));
        let service =
            service.unwrap_or_else(|| [Service::S3, Service::Emr, Service::CloudWatch][rng.usize(0..3)]);
        Self {
            service,
            from,
            until: from + Duration::from_secs(rng.u64(10..1_200)),
            fault: [Fault::CutBefore, Fault::ErrorBefore, Fault::Throttled, Fault::Expired][rng.usize(0..4)],
        }
    }
}

impl Mix {
    fn random(rng: &mut Rng, until: Duration) -> Self {
        let outages = (0..rng.usize(0..3)).map(|_| Outage::random(rng, None, until));
        let outages = outages.collect();
        Self {
            faults: [0.0, 0.02, 0.05, 0.15][rng.usize(0..4)],
            access: [0.0, 0.02, 0.2][rng.usize(0..3)],
            crashes: [0.0, 0.003, 0.01, 0.03][rng.usize(0..4)],
            freezes: [0.0, 0.003, 0.01, 0.03][rng.usize(0..4)],
            at_launch: [1.0, 10.0, 50.0][rng.usize(0..3)],
            at_publish: 1.0,
            outages,
            until,
        }
    }
}
