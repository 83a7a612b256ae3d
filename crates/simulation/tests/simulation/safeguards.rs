//! A simulation that cannot fail shows nothing: without any one of the safeguards something breaks.

use emrys_simulation::invariants::Invariant;
use emrys_simulation::run::run;
use emrys_simulation::scenario::Scenario;
use emrys_simulation::without;

/// With the safeguard the seed goes well, and without it this breaks.
fn assert_needed(safeguard: &str, seed: u64, broken: Invariant) {
    let scenario = Scenario::random(seed);
    let with = run(&scenario);
    assert!(with.violations.is_empty(), "seed {seed} breaks by itself: {:#?}", with.violations);
    let without = run(&scenario.without(without(safeguard).unwrap()));
    assert!(
        without.violations.iter().any(|violation| violation.invariant == broken),
        "seed {seed} without {safeguard}: {:#?}\n{}",
        without.violations,
        without.trace.join("\n")
    );
}

/// A launch whose answer was lost is made again, beside the cluster that it made.
#[test]
fn adoption() {
    assert_needed("adoption", 35, Invariant::NoSecondCluster);
}

/// Who was suspended writes over what another recorded meanwhile.
#[test]
fn fence() {
    assert_needed("fence", 34, Invariant::OneAcceptedCluster);
    assert_needed("fence", 34, Invariant::ClustersAreKnown);
    assert_needed("fence", 35, Invariant::RecordsStay);
}
