//! The way of a run: what it records and what it does.

mod duplicates;
mod guarding;
mod launching;
mod observing;
mod preparing;
mod publishing;

use super::testing::{Engine, Executed, Good, Turn, World};
use super::*;
use crate::record::CallError;

/// The good world, but for what a test says. `None` leaves the good answer.
struct But<O, E> {
    observe: O,
    execute: E,
}

impl<O, E> World for But<O, E>
where
    O: FnMut(&Engine<'_>, &Probe) -> Option<Result<Observation, CallError>>,
    E: FnMut(&Engine<'_>, &Action) -> Option<Executed>,
{
    fn observe(&mut self, engine: &Engine<'_>, probe: &Probe) -> Result<Observation, CallError> {
        (self.observe)(engine, probe).unwrap_or_else(|| Good.observe(engine, probe))
    }

    fn execute(&mut self, engine: &Engine<'_>, action: &Action) -> Executed {
        (self.execute)(engine, action).unwrap_or(Executed::Done)
    }
}

fn observing(
    observe: impl FnMut(&Engine<'_>, &Probe) -> Option<Result<Observation, CallError>>,
) -> impl World {
    But { observe, execute: |_: &Engine<'_>, _: &Action| None }
}

fn executing(execute: impl FnMut(&Engine<'_>, &Action) -> Option<Executed>) -> impl World {
    But { observe: |_: &Engine<'_>, _: &Probe| None, execute }
}

fn attempt<'a>(engine: &'a Engine<'_>) -> &'a Attempt {
    engine.state.attempt().expect("an attempt is at hand")
}

fn labels(engine: &Engine<'_>) -> Vec<&'static str> {
    engine.actions.iter().map(Action::label).collect()
}
