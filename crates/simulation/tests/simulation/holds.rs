//! Nothing breaks, wherever a process dies and whatever the network does.

use emrys_core::record::Outcome;
use emrys_simulation::campaign::{self, Summary};
use emrys_simulation::chaos::Among;
use emrys_simulation::exhaustive;
use emrys_simulation::scenario::Scenario;

/// How many seeds CI plays. `cargo xtask simulate --seeds N` plays as many as wanted.
const SEEDS: u64 = 1_000;
/// How many of them CI plays once more, with all operators driving in steps.
const STEPWISE_SEEDS: u64 = 150;

fn assert_nothing_broke(summary: &Summary) {
    let failed = summary.failures.first().map(|report| {
        let violations = &report.violations;
        format!("{}: {violations:#?}\n{}", report.name, report.trace.join("\n"))
    });
    assert!(failed.is_none(), "{} failed, first {}", summary.failures.len(), failed.unwrap_or_default());
}

/// A process that dies before or after any call of a run, and another that picks the run up: on the same host, which
/// sees the death, and elsewhere, which has to wait for the lease to run out.
#[test]
fn a_crash_at_any_call_is_survived() {
    let scenarios = exhaustive::singles();
    assert!(scenarios.len() > 100, "{}", scenarios.len());
    let summary = campaign::play(&scenarios, Scenario::clone, |_| ());
    assert_nothing_broke(&summary);
    assert_eq!(summary.injected.get("crash"), Some(&(scenarios.len() as u64)));
    // What fails is the process, and never the run.
    assert_eq!(summary.outcomes.get(Outcome::Succeeded.name()), Some(&scenarios.len()));
}

/// Somebody is attached when the one who drives dies, at any call that changes something, and takes the run over; or
/// dies of that in turn.
#[test]
fn who_is_attached_takes_the_run_over() {
    let scenarios: Vec<Scenario> = exhaustive::attached(Among::Changes).into_iter().step_by(5).collect();
    assert!(scenarios.len() > 20, "{}", scenarios.len());
    let summary = campaign::play(&scenarios, Scenario::clone, |_| ());
    assert_nothing_broke(&summary);
    assert_eq!(summary.outcomes.get(Outcome::Succeeded.name()), Some(&scenarios.len()));
}

/// Of scenarios before and after each call, those before one and after the next: half of them.
fn before_one_and_after_the_next(scenarios: &[Scenario]) -> Vec<Scenario> {
    let (befores, afters) = (scenarios.iter().step_by(4), scenarios.iter().skip(3).step_by(4));
    befores.chain(afters).cloned().collect()
}

/// The same for who runs the day again, publishes another attempt, or clears away a day later: a crash at each call
/// that changes something, before one and after the next (`cargo xtask simulate --singles` has both for all calls). A
/// reader looks after each of them.
#[test]
fn a_crash_in_the_middle_of_what_queries_feel_is_survived() {
    let scenarios = before_one_and_after_the_next(&exhaustive::operator_actions(Among::Changes));
    assert!(scenarios.len() > 50, "{}", scenarios.len());
    let summary = campaign::play(&scenarios, Scenario::clone, |_| ());
    assert_nothing_broke(&summary);
    assert_eq!(summary.injected.get("crash"), Some(&(scenarios.len() as u64)));
    assert_eq!(summary.outcomes.get(Outcome::Succeeded.name()), Some(&scenarios.len()));
    assert!(summary.injected.get("objects deleted").is_some_and(|count| *count >= 3));
}

/// The same of who clears away a day that expires, its partitions first: neither they nor its objects are left.
#[test]
fn a_crash_in_the_middle_of_an_expiry_is_survived() {
    let scenarios = before_one_and_after_the_next(&exhaustive::expiries(Among::Changes));
    assert!(scenarios.len() > 10, "{}", scenarios.len());
    let summary = campaign::play(&scenarios, Scenario::clone, |_| ());
    assert_nothing_broke(&summary);
    assert_eq!(summary.injected.get("crash"), Some(&(scenarios.len() as u64)));
    let withdrawn = summary.injected.get("day taken out of a table");
    assert_eq!(withdrawn, Some(&(6 * scenarios.len() as u64)));
}

/// Somebody clears away a day that expires and is suspended before a call of that, while another runs it again.
#[test]
fn who_clears_away_and_wakes_up_late_does_no_lasting_harm() {
    let scenarios: Vec<Scenario> =
        exhaustive::sleepers_at_expiry(Among::Changes).into_iter().step_by(4).collect();
    let summary = campaign::play(&scenarios, Scenario::clone, |_| ());
    assert_nothing_broke(&summary);
    assert!(summary.injected.get("table moved too late").is_some_and(|count| *count >= 2));
}

/// Somebody publishes the first attempt and is suspended before a call of that, while another publishes the second.
#[test]
fn a_publisher_that_wakes_up_late_does_no_lasting_harm() {
    let scenarios: Vec<Scenario> = exhaustive::sleepers().into_iter().step_by(2).collect();
    let summary = campaign::play(&scenarios, Scenario::clone, |_| ());
    assert_nothing_broke(&summary);
    // One table each, where it was suspended right before the call.
    let late = summary.injected.get("table moved too late").copied().unwrap_or_default();
    assert!(late >= 6 && late <= scenarios.len() as u64, "{late}");
}

/// All operators leave at every long wait, give the lease back, and remember nothing of the drive before.
#[test]
fn who_drives_in_steps_survives_the_same() {
    let seeds: Vec<u64> = (1..=STEPWISE_SEEDS).collect();
    let summary = campaign::play(&seeds, |seed| Scenario::random(*seed).in_steps(), |_| ());
    assert_nothing_broke(&summary);
    for (kind, least) in [
        ("left at a long wait", 500),
        ("left at the budget's end", 4),
        ("crash", 10),
        ("suspension", 10),
        ("denied", 10),
    ] {
        let count = summary.injected.get(kind).copied().unwrap_or_default();
        assert!(count > least, "{kind}: {:?}", summary.injected);
    }
}

#[test]
fn random_faults_crashes_and_operators_are_survived() {
    let seeds: Vec<u64> = (1..=SEEDS).collect();
    let summary = campaign::play(&seeds, |seed| Scenario::random(*seed), |_| ());
    assert_nothing_broke(&summary);
    // A simulation in which nothing happens shows nothing.
    for kind in [
        "crash",
        "suspension",
        "stale ListClusters",
        "throttled",
        "500 before the effect",
        "500 after the effect",
        "cut before the effect",
        "cut after the effect",
        "slow request",
        "slow reply",
        "denied",
        "expired",
        "sweep",
        "unlock",
        "cluster ended by a person",
        "ledger deleted",
        "all dead",
        "day run again",
        "attempt published",
        "table moved",
        "gc",
        "objects deleted",
        "day taken out of a table",
        "attached",
        "left at a long wait",
    ] {
        assert!(
            summary.injected.get(kind).is_some_and(|count| *count > 10),
            "{kind}: {:?}",
            summary.injected
        );
    }
}
