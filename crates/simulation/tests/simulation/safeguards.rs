//! A simulation that cannot fail shows nothing: without any one of the safeguards something breaks.
//!
//! When the engine changes so much that a seed goes another way, `cargo xtask simulate --without SAFEGUARD` finds
//! another.

use emrys_control_plane::Safeguards;
use emrys_simulation::chaos::Among;
use emrys_simulation::exhaustive::{expiries, sleepers, sleepers_until_expiry};
use emrys_simulation::invariants::Invariant;
use emrys_simulation::run::run;
use emrys_simulation::scenario::Scenario;

/// With the safeguard the seed goes well, and without it this breaks.
fn assert_needed(safeguard: &str, seed: u64, broken: Invariant) {
    assert_needed_in(safeguard, Scenario::random(seed), broken);
}

/// The same in a scenario that is written out.
fn assert_needed_in(safeguard: &str, scenario: Scenario, broken: Invariant) {
    let name = scenario.name.clone();
    let with = run(&scenario);
    assert!(with.violations.is_empty(), "{name} breaks by itself: {:#?}", with.violations);
    let without = run(&scenario.without(Safeguards::without(safeguard).unwrap()));
    assert!(
        without.violations.iter().any(|violation| violation.invariant == broken),
        "{name} without {safeguard}: {:#?}\n{}",
        without.violations,
        without.trace.join("\n")
    );
}

/// A launch whose answer was lost is made again, beside the cluster that it made.
#[test]
fn adoption() {
    assert_needed("adoption", 48, Invariant::NoSecondCluster);
}

/// A list that does not show the cluster yet is believed, and the launch is made again.
#[test]
fn repeated_absence() {
    assert_needed("repeated-absence", 10, Invariant::NoSecondCluster);
}

/// Who was suspended launches after another has made sure that there is no such cluster, and lets it run.
#[test]
fn unrecorded_cluster() {
    assert_needed("unrecorded-cluster", 403, Invariant::DuplicatesAreTerminated);
    // Here its answer was lost, and only who looks for it again can know of it.
    assert_needed("unrecorded-cluster", 381, Invariant::DuplicatesAreTerminated);
}

/// The SDK asks again after a 500, and two clusters write to one place.
#[test]
fn launch_once() {
    assert_needed("launch-once", 49, Invariant::OutputApart);
    assert_needed("launch-once", 49, Invariant::NoSecondCluster);
    // Here the last of three tries was refused, which says nothing of the first.
    assert_needed("launch-once", 13, Invariant::NoSecondCluster);
}

/// A step that ended with exit code 0 is believed.
#[test]
fn verification() {
    for seed in [14, 16] {
        assert_needed("verification", seed, Invariant::SuccessIsVerified);
    }
    // And queries see it.
    assert_needed("verification", 148, Invariant::ServedWhole);
}

/// A step hangs, everybody is dead, and no schedule ends the cluster.
#[test]
fn guards() {
    for seed in [2, 11] {
        assert_needed("guards", seed, Invariant::LifetimesAreBounded);
    }
}

/// Who was suspended writes over what another recorded meanwhile.
#[test]
fn fence() {
    assert_needed("fence", 106, Invariant::OneAcceptedCluster);
    assert_needed("fence", 106, Invariant::ClustersAreKnown);
    assert_needed("fence", 25, Invariant::RecordsStay);
}

/// Who was suspended within a publication goes on with it, over what another published meanwhile.
#[test]
fn table_lease() {
    for seed in [1, 98] {
        assert_needed("table-lease", seed, Invariant::OnlyTheChosen);
    }
    // Or makes a partition of a day that expired meanwhile, because it finds none: it serves nothing.
    let scenario = sleepers_until_expiry().into_iter().nth(20).unwrap();
    assert_needed_in("table-lease", scenario.clone(), Invariant::OnlyTheChosen);
    assert_needed_in("table-lease", scenario, Invariant::ServedWhole);
}

/// Nobody puts right what a publisher did that woke up too late.
#[test]
fn reconciliation() {
    assert_needed("reconciliation", 12, Invariant::CatalogFollows);
}

/// A table serves what was superseded a day ago, because a publisher woke up too late; that is deleted.
#[test]
fn live_catalog_check() {
    let scenario = sleepers().into_iter().nth(14).unwrap();
    assert_needed_in("live-catalog-check", scenario.clone(), Invariant::ServedWhole);
    assert_needed_in("live-catalog-check", scenario, Invariant::OnlySuperseded);
    // The same of a day that expires: its objects go, and its partitions stay.
    assert_needed("live-catalog-check", 17, Invariant::ServedWhole);
}

/// An attempt is called gone, and then the process dies that was about to delete its objects.
#[test]
fn deleted_last() {
    let scenario = expiries(Among::Changes).into_iter().nth(22).unwrap();
    assert_needed_in("deleted-last", scenario, Invariant::GoneIsGone);
}

/// Partitions are said to be removed that are not: the day is served for ever, and nothing of it may go.
#[test]
fn withdrawal() {
    assert_needed("withdrawal", 134, Invariant::ExpiredIsGone);
    assert_needed("withdrawal", 123, Invariant::CatalogFollows);
}
