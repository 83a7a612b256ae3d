//! Many scenarios at once, and what they come to.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::run::{self, Report};
use crate::scenario::Scenario;

/// What many runs came to.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// How many there were.
    pub runs: usize,
    /// Those in which something does not hold that should, by name.
    pub failures: Vec<Report>,
    /// Faults, crashes and suspensions by kind.
    pub injected: BTreeMap<&'static str, u64>,
    /// How the runs ended.
    pub outcomes: BTreeMap<&'static str, usize>,
    /// Calls that left a process.
    pub calls: u64,
    /// Clusters that were launched.
    pub clusters: usize,
    /// How much time passed in the simulations.
    pub time: Duration,
}

impl Summary {
    fn add(&mut self, report: Report) {
        self.runs += 1;
        self.calls += report.calls;
        self.clusters += report.clusters;
        self.time = self.time.saturating_add(report.time);
        for (kind, count) in &report.injected {
            *self.injected.entry(kind).or_default() += count;
        }
        *self.outcomes.entry(report.outcome.map_or("none", |outcome| outcome.name())).or_default() += 1;
        if !report.violations.is_empty() {
            self.failures.push(report);
        }
    }
}

/// Plays scenarios on all processors; `progress` hears of each end. They do not know of each other: each has a
/// runtime, a clock and a seed of its own.
pub fn play<S: Sync>(
    plans: &[S],
    scenario: impl Fn(&S) -> Scenario + Sync,
    progress: impl Fn(&Summary) + Sync,
) -> Summary {
    let summary = Mutex::new(Summary::default());
    on_all_processors(plans, |_, plan| {
        let report = run::run(&scenario(plan));
        let mut summary = summary.lock().unwrap_or_else(PoisonError::into_inner);
        summary.add(report);
        progress(&summary);
    });
    let mut summary = summary.into_inner().unwrap_or_else(PoisonError::into_inner);
    // In whichever order they ended.
    summary.failures.sort_by(|a, b| a.name.cmp(&b.name));
    summary
}

/// The projection of each scenario, in their order.
pub fn projections<S: Sync>(plans: &[S], scenario: impl Fn(&S) -> Scenario + Sync) -> Vec<String> {
    let projections = Mutex::new(vec![String::new(); plans.len()]);
    on_all_processors(plans, |index, plan| {
        let projection = run::run(&scenario(plan)).projection;
        projections.lock().unwrap_or_else(PoisonError::into_inner)[index] = projection;
    });
    projections.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn on_all_processors<S: Sync>(plans: &[S], work: impl Fn(usize, &S) + Sync) {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads.min(plans.len()) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(plan) = plans.get(index) else { return };
                    work(index, plan);
                }
            });
        }
    });
}
