//! What must hold of what queries see when all is quiet: the catalog follows the record, by itself or, where that is
//! not promised, after `emrys publish`.

use emrys_core::run::State;

use crate::catalog;
use crate::invariants::{Invariant, Violation};
use crate::operator_action::Truth;
use crate::reader::Readings;

/// A table that does not serve what the record names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Drifted {
    table: &'static str,
    what: String,
}

/// How the catalog stood at the end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ending {
    /// When all was quiet; of a publication that was given up nothing is expected.
    pub(crate) quiet: Vec<Drifted>,
    /// After somebody had put it right, where that was needed.
    pub(crate) mended: Vec<Drifted>,
    /// What is left of attempts that are gone, as the record says.
    pub(crate) left: Vec<String>,
    /// What is left of a day that expired, when somebody has cleared away after that.
    pub(crate) left_of_the_day: Vec<String>,
}

/// The tables that do not serve the attempt that the record names.
pub(crate) fn drifted(truth: &Truth<'_>, state: &State) -> Vec<Drifted> {
    let wanted = state.chosen().map(|attempt| attempt.number);
    let mut drifted = Vec::new();
    for (table, location) in catalog::serving(&mut truth.endpoint.world()) {
        let serves = location.as_ref().and_then(|location| truth.reader.serves(state, table, location));
        if serves != wanted || (wanted.is_none() && location.is_some()) {
            let what = format!("{table} serves {serves:?} ({location:?}), and the record names {wanted:?}");
            drifted.push(Drifted { table, what });
        }
    }
    drifted
}

/// What does not hold.
pub(crate) fn evaluate(ending: &Ending, readings: &Readings) -> Vec<Violation> {
    let broken = |what: String| Violation { invariant: Invariant::CatalogFollows, what };
    let mut violations = readings.wrongs.clone();
    // The next visitor who observes the day reconciles what came too late.
    let quiet = ending.quiet.iter().filter(|drifted| !readings.missteps.contains_key(drifted.table));
    violations.extend(quiet.map(|drifted| broken(drifted.what.clone())));
    let mended = ending.mended.iter().map(|drifted| broken(format!("published once more, {}", drifted.what)));
    violations.extend(mended);
    let left = ending.left.iter();
    violations.extend(left.map(|key| Violation { invariant: Invariant::GoneIsGone, what: key.clone() }));
    let left = ending.left_of_the_day.iter();
    violations.extend(left.map(|what| Violation { invariant: Invariant::ExpiredIsGone, what: what.clone() }));
    violations
}
