//! Plays a scenario in virtual time.

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use emrys_control_plane::{Holder, How, InterruptSender, Interrupts, RunOptions, Stop};
use emrys_core::record::Outcome;
use emrys_core::spec::Spec;
use emrys_local_aws::journal::Entry;
use futures::future::join_all;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use crate::actors::{Actors, Ready};
use crate::duplicates;
use crate::harness::{self, Cluster, Harness, Ledger};
use crate::invariants::{self, Evidence, Violation};
use crate::listener::{ProcessListener, RecordedEvents, Trace};
use crate::network::Network;
use crate::operator_action::{self, GRACE_IS_OVER, OperatorAction, Truth, Visit, Visitor};
use crate::process::{Control, Process};
use crate::reader::Reader;
use crate::scenario::{ABSENCE, Scenario};
use crate::served::{self, Ending};
use crate::steps;

/// No run takes longer than this when nothing stands in its way; the longest deadline is four hours, and who clears
/// away comes a day later.
const PATIENCE: Duration = Duration::from_hours(60);
/// Ids of processes that no Linux gives: such a process is dead for who can see its host.
const FIRST_PID: u32 = 5_000_000;

/// What a simulation came to.
#[derive(Debug, Clone)]
pub struct Report {
    /// The scenario's name.
    pub name: String,
    /// What does not hold, and should.
    pub violations: Vec<Violation>,
    /// How the run ended, if it did.
    pub outcome: Option<Outcome>,
    /// Faults, crashes and suspensions by kind.
    pub injected: BTreeMap<&'static str, u64>,
    /// Calls that left a process.
    pub calls: u64,
    /// Calls of each process, and those of them that change something, in the order of the scenario.
    pub calls_by_process: Vec<(usize, usize)>,
    /// Clusters that were launched.
    pub clusters: usize,
    /// How much time passed in the simulation.
    pub time: Duration,
    /// SHA-256 over journal and decisions: the same in every process.
    pub digest: String,
    /// SHA-256 over what the processes asked of AWS, in words that no renaming changes. Versions of the engine that
    /// behave alike have the same.
    pub projection: String,
    /// What happened, line by line; empty where nothing is wrong.
    pub trace: Vec<String>,
    /// The calls that AWS got; empty where nothing is wrong.
    pub journal: Vec<Entry>,
}

/// Plays a scenario.
pub fn run(scenario: &Scenario) -> Report {
    // The SDK's retries take their jitter from here.
    fastrand::seed(scenario.seed);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime =
        runtime.unwrap_or_else(|error| unreachable!("a runtime needs no more than memory: {error}"));
    runtime.block_on(Box::pin(play(scenario)))
}

pub(crate) struct Stage {
    pub(crate) network: Network,
    pub(crate) spec: Spec,
    pub(crate) trace: Trace,
    reported: RecordedEvents,
    pub(crate) origin: Instant,
}

impl Stage {
    pub(crate) fn listener(&self, process: usize, leave: Option<InterruptSender>) -> ProcessListener {
        ProcessListener { process, trace: self.trace.clone(), reported: Arc::clone(&self.reported), leave }
    }
}

async fn play(scenario: &Scenario) -> Report {
    let origin = Instant::now();
    let spec = harness::spec_of(scenario);
    let harness = Harness::new(&scenario.world, &spec, scenario.seed);
    let (endpoint, store, before) = (harness.endpoint.clone(), harness.store.clone(), harness.before());
    let trace = Trace::new();
    let reader = Reader::new(&spec, &endpoint, &store);
    let network = Network::new(endpoint.clone(), scenario, trace.clone(), reader.clone());
    let stage = Stage { network: network.clone(), spec, trace, reported: RecordedEvents::default(), origin };
    let truth = Truth { endpoint: &endpoint, store: &store, reader: &reader };

    let mut actors = Actors::gather(network, scenario).await;
    let controls = actors.controls();
    tokio::spawn(harness.driver.run());
    let disturbed = play_disturbed(&stage, &truth, scenario, &mut actors).await;
    let quiet = come_to_rest(&stage, &truth, actors).await;

    let ledger = Ledger::read(&store, &stage.spec);
    let mut ending = quiet.ending;
    ending.left = reader.left(&ledger.state().unwrap_or_default());
    let clusters = harness::clusters(&mut endpoint.world());
    let journal = endpoint.journal().entries().unwrap_or_default();
    let (mut facts, readings) = (stage.network.facts(), reader.snapshot());
    facts.injected.extend(readings.counted());
    facts.injected.extend(duplicates::counted(&ledger.events, &clusters));
    let reported = stage.reported.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let violations = invariants::check(&Evidence {
        spec: &stage.spec,
        scenario,
        guards: harness::guards(&mut endpoint.world()),
        clusters,
        store: &store,
        reported: &reported,
        facts: &facts,
        journal: &journal,
        foreign: Harness::foreign_changes(&endpoint, &store, &before),
        outcome: quiet.outcome,
        is_stuck: disturbed.is_stuck,
        readings,
        ending,
        wrongs: [disturbed.wrongs, quiet.wrongs].concat(),
        crashed: controls.iter().map(Control::is_dead).collect(),
    });
    let trace = stage.trace.lines();
    let is_good = violations.is_empty();
    Report {
        name: scenario.name.clone(),
        outcome: quiet.outcome,
        calls: facts.calls,
        calls_by_process: controls.iter().map(Control::counted).collect(),
        clusters: facts.launches.len(),
        injected: facts.injected,
        time: origin.elapsed(),
        digest: digest(&journal, &trace),
        projection: projection(&stage.network, quiet.outcome),
        trace: if is_good { Vec::new() } else { trace },
        journal: if is_good { Vec::new() } else { journal },
        violations,
    }
}

/// What the time of faults came to.
struct Disturbed {
    /// Whether operators were still at it when their patience had an end.
    is_stuck: bool,
    /// What people did that they should not have.
    wrongs: Vec<String>,
}

/// The time of faults: operators, visitors, and somebody who asks for the end, all at once; and then, in some
/// scenarios, nobody for a long while.
async fn play_disturbed(
    stage: &Stage,
    truth: &Truth<'_>,
    scenario: &Scenario,
    actors: &mut Actors,
) -> Disturbed {
    let first: Vec<Control> = actors.operators.iter().flatten().map(|ready| ready.control.clone()).collect();
    let operators = mem::take(&mut actors.operators).into_iter();
    let operators = join_all(operators.map(|processes| operate(stage, processes, scenario.until)));
    let canceller = cancel(stage, scenario.cancel_at, mem::take(&mut actors.canceller));
    let visits = mem::take(&mut actors.visitors).into_iter().zip(&scenario.visits);
    let visits = join_all(visits.map(|(visitor, visit)| pay_visit(stage, truth, visitor, *visit)));
    // What was found stays, even if others are not done in time.
    let mut wrongs = Vec::new();
    let visits = async { wrongs = visits.await.concat() };
    let executing = async { tokio::join!(operators, canceller, visits) };
    let patience = if scenario.forsaken { scenario.until } else { PATIENCE };
    let is_over = tokio::time::timeout(patience, executing).await.is_ok();
    // From here on everything goes well.
    tokio::time::sleep(scenario.until.saturating_sub(stage.origin.elapsed())).await;
    if scenario.forsaken {
        stage.network.inject("all dead");
        leave_alone(stage, &first).await;
    }
    Disturbed { is_stuck: !is_over && !scenario.forsaken, wrongs }
}

/// What it was like when all was quiet.
struct Quiet {
    /// The outcome that was reported to the last operator.
    outcome: Option<Outcome>,
    ending: Ending,
    /// What people did that they should not have.
    wrongs: Vec<String>,
}

/// Once everything goes well: the run is driven to its end, what is left of clusters goes, and the catalog is put
/// right.
async fn come_to_rest(stage: &Stage, truth: &Truth<'_>, actors: Actors) -> Quiet {
    let driven = tokio::time::timeout(PATIENCE, drive_to_the_end(stage, actors.last)).await.ok().flatten();
    let mut wrongs = Vec::new();
    for sweeper in actors.sweepers {
        let visit = Visit { at: Duration::from_mins(1), operator_action: OperatorAction::Sweep };
        wrongs.extend(pay_visit(stage, truth, sweeper, visit).await);
    }
    let is_left = |cluster: &Cluster| cluster.is_ours() && cluster.is_alive();
    let mut waited = 0;
    while waited < 24 * 60 && harness::clusters(&mut truth.endpoint.world()).iter().any(is_left) {
        tokio::time::sleep(Duration::from_mins(1)).await;
        waited += 1;
    }
    let (mut ending, outcome) = put_right(stage, truth, actors.mender, driven).await;
    ending.left_of_the_day = outlive(stage, truth, actors.collector).await;
    Quiet { outcome, ending, wrongs }
}

/// The catalog when all is quiet. A publication that was given up is asked for once more: by another run, which takes
/// it up, or by `emrys publish`. The next visitor who observes the day reconciles what has drifted.
async fn put_right(
    stage: &Stage,
    truth: &Truth<'_>,
    mender: Option<Ready>,
    driven: Option<Outcome>,
) -> (Ending, Option<Outcome>) {
    let Some(mut mender) = mender else { return (Ending::default(), driven) };
    let record = Ledger::read(truth.store, &stage.spec).state().unwrap_or_default();
    let is_given_up = record.chosen().is_some_and(|attempt| attempt.publishing.is_given_up());
    let drifted = served::drifted(truth, &record);
    if drifted.is_empty() && !is_given_up {
        return (Ending::default(), driven);
    }
    let mut ending = Ending { quiet: drifted, ..Ending::default() };
    let mut outcome = driven;
    if record.expiry.is_some() {
        // Who comes only to observe leaves the partitions of a day that expires to who clears away.
        if record.is_expiring() {
            ending.quiet.clear();
        }
        let clear = Visit { at: Duration::ZERO, operator_action: OperatorAction::Gc };
        pay_visit(stage, truth, mender, clear).await;
    } else if is_given_up && record.unpublished().is_none() {
        ending.quiet.clear();
        let again = Visit { at: Duration::ZERO, operator_action: OperatorAction::Publish(None) };
        pay_visit(stage, truth, mender, again).await;
    } else {
        if is_given_up {
            ending.quiet.clear();
        }
        mender.plan.again = is_given_up;
        outcome = begin(stage, mender).await;
    }
    let record = Ledger::read(truth.store, &stage.spec).state().unwrap_or_default();
    ending.mended = served::drifted(truth, &record);
    (ending, outcome)
}

/// The day expires, if it is one that does, and somebody clears away. Gives what is left of it then.
async fn outlive(stage: &Stage, truth: &Truth<'_>, collector: Option<Ready>) -> Vec<String> {
    let Some(collector) = collector else { return Vec::new() };
    pay_visit(stage, truth, collector, Visit { at: GRACE_IS_OVER, operator_action: OperatorAction::Gc })
        .await;
    truth.reader.left_of_the_day(&Ledger::read(truth.store, &stage.spec).state().unwrap_or_default())
}

/// All who were there are dead, and nobody comes for a long while.
async fn leave_alone(stage: &Stage, controls: &[Control]) {
    for control in controls {
        control.kill();
    }
    stage.trace.say(0, "and all others are dead");
    tokio::time::sleep(ABSENCE).await;
}

/// One process after the other, until the run is over or the time is up.
async fn operate(stage: &Stage, processes: Vec<Ready>, until: Duration) {
    for process in processes {
        tokio::time::sleep(process.plan.after).await;
        if stage.origin.elapsed() >= until || begin_until(stage, process, until).await.is_some() {
            return;
        }
    }
}

/// Fresh operators, until one comes to the end.
async fn drive_to_the_end(stage: &Stage, processes: Vec<Ready>) -> Option<Outcome> {
    for process in processes {
        let after = process.plan.after;
        if let Some(outcome) = begin_until(stage, process, Duration::MAX).await {
            return Some(outcome);
        }
        tokio::time::sleep(after).await;
    }
    None
}

pub(crate) fn holder(number: usize, host: String) -> Holder {
    let pid = FIRST_PID + u32::try_from(number).unwrap_or_default();
    Holder { who: format!("p{number}"), host, pid, boot: "boot".to_owned(), started: "1".to_owned() }
}

/// Runs a process to its end; one that drives in steps begins none any more after `until`. The outcome, if it got to
/// know one.
async fn begin_until(stage: &Stage, process: Ready, until: Duration) -> Option<Outcome> {
    if process.plan.steps { steps::begin(stage, process, until).await } else { begin(stage, process).await }
}

/// Runs a process to its end; the outcome, if it got to know one.
async fn begin(stage: &Stage, Ready { number, plan, aws, control }: Ready) -> Option<Outcome> {
    let options = RunOptions { holder: holder(number, plan.host), again: plan.again, detach: false };
    let (sender, mut interrupts) = Interrupts::channel();
    let leave = plan.tick.then_some(sender);
    let mut listener = stage.listener(number, leave);
    stage.trace.say(number, "begins");
    let run = emrys_control_plane::run(&aws, &stage.spec, &options, &mut listener, &mut interrupts);
    let end = Process::new(control, run).await;
    let (text, outcome) = match end {
        None => ("is dead".to_owned(), None),
        Some(Ok(end)) => match end.how {
            How::Closed(outcome) => (format!("ends: {}", outcome.name()), Some(outcome)),
            how => (format!("leaves: {how:?}"), None),
        },
        Some(Err(stop)) => (format!("stops: {stop}"), None),
    };
    stage.trace.say(number, &text);
    outcome
}

/// Somebody asks for the end of the run, from elsewhere.
async fn cancel(stage: &Stage, at: Option<Duration>, canceller: Option<Ready>) {
    let (Some(at), Some(Ready { number, aws, control, .. })) = (at, canceller) else {
        return;
    };
    tokio::time::sleep(at).await;
    let asked = emrys_control_plane::cancel(&aws, &stage.spec, "ben");
    let asked: Option<Result<_, Stop>> = Process::new(control, asked).await;
    stage.trace.say(number, &format!("asks for the end: {asked:?}"));
}

/// Somebody comes, does something, and goes; gives what should not have been done.
async fn pay_visit(stage: &Stage, truth: &Truth<'_>, visitor: Ready, visit: Visit) -> Vec<String> {
    let Ready { number, plan, aws, control } = visitor;
    tokio::time::sleep(visit.at).await;
    stage.network.inject(visit.operator_action.kind());
    stage.trace.say(number, &format!("comes for {:?}", visit.operator_action));
    let mut listener = stage.listener(number, None);
    let who = Visitor { aws: &aws, holder: holder(number, plan.host), listener: &mut listener };
    let done =
        Process::new(control, operator_action::run(visit.operator_action, who, &stage.spec, truth)).await;
    stage.trace.say(number, &format!("goes: {done:?}"));
    done.and_then(Result::ok).unwrap_or_default()
}

fn digest(journal: &[Entry], trace: &[String]) -> String {
    let mut hash = Sha256::new();
    for entry in journal {
        hash.update(sorted(serde_json::to_value(entry).unwrap_or_default()).to_string());
        hash.update(b"\n");
    }
    for line in trace {
        hash.update(line.as_bytes());
        hash.update(b"\n");
    }
    hex::encode(hash.finalize())
}

fn projection(network: &Network, outcome: Option<Outcome>) -> String {
    let mut hash = Sha256::new();
    let end = outcome.map_or("none", Outcome::name).to_owned();
    for line in network.projection().into_iter().chain([end]) {
        hash.update(line.as_bytes());
        hash.update(b"\n");
    }
    hex::encode(hash.finalize())
}

/// The same with all members in their order: in the SDK's requests some come in another order in each process.
pub(crate) fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<String, Value> =
                members.into_iter().map(|(name, value)| (name, sorted(value))).collect();
            members.into_iter().collect()
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use emrys_core::managed::{Goal, Step, plan};

    use super::*;
    use crate::exhaustive::{self, Where};

    #[tokio::test(start_paused = true)]
    async fn the_tables_of_a_simulated_day_are_those_that_setup_would_make() {
        let scenario = exhaustive::scenario(&[], Where::SameHost);
        let spec = harness::spec(true, true);
        let harness = Harness::new(&scenario.world, &spec, 1);
        let reader = Reader::new(&spec, &harness.endpoint, &harness.store);
        let network = Network::new(harness.endpoint.clone(), &scenario, Trace::new(), reader);
        let actors = Actors::gather(network, &scenario).await;
        let found = emrys_control_plane::managed(&actors.last[0].aws, &spec).await.unwrap();
        let steps = plan(&spec, &found, Goal::Setup).steps;
        // The alarm, and what people ask with, are no part of a run.
        let is_beside = |step: &Step| {
            matches!(
                step,
                Step::PutAlarm { .. } | Step::CreateWorkgroup { .. } | Step::CreateNamedQuery { .. }
            )
        };
        assert!(steps.iter().all(is_beside), "{steps:#?}");
    }
}
