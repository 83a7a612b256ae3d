//! A crash at every call of a run, and at every two of those that change something; and at every call of what people
//! do to a day that was run.

use std::time::Duration;

use emrys_control_plane::Safeguards;

use crate::actors::FIRST_VISITOR;
use crate::chaos::{Among, Chaos, CrashPoint, When};
use crate::operator_action::{GRACE_IS_OVER, OperatorAction, Visit};
use crate::run::{self, Report};
use crate::scenario::{Operator, ProcessPlan, Scenario, WorldPlan};

/// Where the next process begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// On the same host: it sees that the last one is dead.
    SameHost,
    /// On another host: it has to wait for the lease to run out.
    Elsewhere,
}

impl Where {
    /// Both.
    pub const ALL: [Self; 2] = [Self::SameHost, Self::Elsewhere];
}

/// A run on which nothing falls but crashes at these points: each process that dies is followed by another.
pub fn scenario(crashes: &[CrashPoint], place: Where) -> Scenario {
    let processes = (0..=crashes.len()).map(|number| {
        let host = match place {
            Where::SameHost => "host".to_owned(),
            Where::Elsewhere => format!("host-{number}"),
        };
        ProcessPlan::new(Duration::from_secs(if number == 0 { 0 } else { 5 }), &host)
    });
    Scenario {
        name: format!("{crashes:?} {place:?}"),
        seed: 1,
        world: WorldPlan::short(),
        chaos: Chaos::Crashes(crashes.to_vec()),
        stale: Duration::ZERO,
        operators: vec![Operator { processes: processes.collect() }],
        visits: Vec::new(),
        cancel_at: None,
        until: Duration::from_hours(2),
        guarded: true,
        catalog: true,
        expires: false,
        forsaken: false,
        ends_in_steps: false,
        safeguards: Safeguards::ALL,
    }
}

/// How many calls a run makes on which nothing falls, and how many of them change something.
pub fn calls() -> (usize, usize) {
    run::run(&scenario(&[], Where::SameHost)).calls_by_process.first().copied().unwrap_or_default()
}

/// A crash before and after every call of a run.
pub fn singles() -> Vec<Scenario> {
    let (all, _) = calls();
    let mut scenarios = Vec::new();
    for nth in 0..all {
        for when in [When::Before, When::After] {
            for place in Where::ALL {
                let point = CrashPoint { process: 0, nth, among: Among::All, when };
                scenarios.push(scenario(&[point], place));
            }
        }
    }
    scenarios
}

/// A crash at every call that changes something, and then another at every such call of the process that follows.
pub fn pairs() -> Vec<Scenario> {
    let (_, changes) = calls();
    let mut scenarios = Vec::new();
    for nth in 0..changes {
        for when in [When::Before, When::After] {
            let first = CrashPoint { process: 0, nth, among: Among::Changes, when };
            for place in Where::ALL {
                scenarios.extend(seconds(first, place));
            }
        }
    }
    scenarios
}

fn seconds(first: CrashPoint, place: Where) -> Vec<Scenario> {
    let report: Report = run::run(&scenario(&[first], place));
    let (_, changes) = report.calls_by_process.get(1).copied().unwrap_or_default();
    let mut scenarios = Vec::new();
    for nth in 0..changes {
        for when in [When::Before, When::After] {
            let second = CrashPoint { process: 1, nth, among: Among::Changes, when };
            scenarios.push(scenario(&[first, second], place));
        }
    }
    scenarios
}

/// Which of a run's calls that change something launches the cluster.
const LAUNCH: usize = 7;

/// A crash before and after every call of a run, or every one that changes something, while somebody else is attached
/// who takes the run over; and the same of that one's calls, who takes it over from the first.
pub fn attached(among: Among) -> Vec<Scenario> {
    let run =
        Scenario { operators: alone(), until: Duration::from_hours(1), ..scenario(&[], Where::SameHost) };
    let visits = vec![Visit { at: Duration::from_secs(20), operator_action: OperatorAction::Attach }];
    let followed = Scenario { name: "attached".to_owned(), visits, ..run };
    let crash = |point| Chaos::Crashes(vec![point]);
    let scenarios = at_every_call(&followed, 0, among, crash);
    // The first dies after its launch.
    let first = CrashPoint { process: 0, nth: LAUNCH, among: Among::Changes, when: When::After };
    let name = "attached, and the first is dead".to_owned();
    let orphan = Scenario { name, chaos: Chaos::Crashes(vec![first]), ..followed };
    let more = at_every_call(&orphan, FIRST_VISITOR, among, |point| Chaos::Crashes(vec![first, point]));
    [scenarios, more].concat()
}

/// How long after one another people come; who clears away comes when the grace is over.
const GAP: Duration = Duration::from_mins(20);

/// What is done to a day that was run, one after the other; at the last of it a process dies.
const OPERATOR_ACTIONS: &[&[OperatorAction]] = &[
    &[OperatorAction::RunAgain],
    &[OperatorAction::RunAgain, OperatorAction::Publish(Some(1))],
    &[OperatorAction::RunAgain, OperatorAction::Publish(Some(1)), OperatorAction::Publish(Some(2))],
    &[OperatorAction::RunAgain, OperatorAction::Gc],
];

/// One who publishes an attempt, and another who comes while the first is suspended; a day later somebody clears away.
const QUARREL: &[OperatorAction] = &[
    OperatorAction::RunAgain,
    OperatorAction::Publish(Some(1)),
    OperatorAction::Publish(Some(2)),
    OperatorAction::Gc,
];

/// The same, where the whole day expires.
const EXPIRY: &[OperatorAction] = &[OperatorAction::RunAgain, OperatorAction::Gc];

/// One who clears away a day that expires, and another who runs it again while the first is suspended.
const REVIVAL: &[OperatorAction] = &[OperatorAction::Gc, OperatorAction::RunAgain];

/// A day that was run, and people who come to it after that.
fn visited(operator_actions: &[OperatorAction]) -> Scenario {
    let mut at = Duration::ZERO;
    let visits = operator_actions.iter().map(|operator_action| {
        at += if *operator_action == OperatorAction::Gc { GRACE_IS_OVER } else { GAP };
        Visit { at, operator_action: *operator_action }
    });
    let visits = visits.collect();
    let run = scenario(&[], Where::SameHost);
    Scenario { name: format!("{operator_actions:?}"), operators: alone(), visits, until: at + GAP, ..run }
}

/// One operator, with one process.
fn alone() -> Vec<Operator> {
    vec![Operator { processes: vec![ProcessPlan::new(Duration::ZERO, "host")] }]
}

/// A crash before and after every call, or every call that changes something, of each operator action that changes
/// what queries see. The next visitor picks up what was begun.
pub fn operator_actions(among: Among) -> Vec<Scenario> {
    let scenarios = OPERATOR_ACTIONS.iter().map(|operator_actions| {
        let process = FIRST_VISITOR + operator_actions.len() - 1;
        at_every_call(&visited(operator_actions), process, among, |point| Chaos::Crashes(vec![point]))
    });
    scenarios.collect::<Vec<_>>().concat()
}

/// The same of who clears away a day that expires: its partitions, and then its objects.
pub fn expiries(among: Among) -> Vec<Scenario> {
    let process = FIRST_VISITOR + EXPIRY.len() - 1;
    at_every_call(&expiring(EXPIRY), process, among, |point| Chaos::Crashes(vec![point]))
}

/// Somebody publishes an attempt, and is suspended at a call of that, before or after it; meanwhile another publishes
/// another attempt. The process that wakes up comes too late for one table at most.
pub fn sleepers() -> Vec<Scenario> {
    let sleep = |point| Chaos::Sleep(point, 2 * GAP);
    at_every_call(&visited(QUARREL), FIRST_VISITOR + 1, Among::All, sleep)
}

/// Somebody clears away a day that expires, and is suspended at a call of that; meanwhile another runs the day again.
pub fn sleepers_at_expiry(among: Among) -> Vec<Scenario> {
    at_every_call(&expiring(REVIVAL), FIRST_VISITOR, among, |point| Chaos::Sleep(point, 2 * GAP))
}

/// Somebody publishes the attempt that is served anyway, and is suspended at a call of that; meanwhile the day expires,
/// and is cleared away.
pub fn sleepers_until_expiry() -> Vec<Scenario> {
    let mut scenario = expiring(&[OperatorAction::Publish(Some(1)), OperatorAction::Gc]);
    for (visit, at) in scenario.visits.iter_mut().zip([GRACE_IS_OVER, GRACE_IS_OVER + GAP]) {
        visit.at = at;
    }
    let sleep = |point| Chaos::Sleep(point, 2 * GAP);
    at_every_call(&scenario, FIRST_VISITOR, Among::All, sleep)
}

fn expiring(operator_actions: &[OperatorAction]) -> Scenario {
    let scenario = visited(operator_actions);
    Scenario { name: format!("{} expires", scenario.name), expires: true, ..scenario }
}

/// Something happens before and after each call of a process, or each that changes something.
fn at_every_call(
    scenario: &Scenario,
    process: usize,
    among: Among,
    what: impl Fn(CrashPoint) -> Chaos,
) -> Vec<Scenario> {
    let report: Report = run::run(scenario);
    let (all, changes) = report.calls_by_process.get(process).copied().unwrap_or_default();
    let mut scenarios = Vec::new();
    for nth in 0..if among == Among::All { all } else { changes } {
        for when in [When::Before, When::After] {
            let chaos = what(CrashPoint { process, nth, among, when });
            let name = format!("{} {chaos:?}", scenario.name);
            scenarios.push(Scenario { name, chaos, ..scenario.clone() });
        }
    }
    scenarios
}
