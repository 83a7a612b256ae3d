//! The way of a run, told by what it records and what it does.

mod duplicates;
mod guarding;
mod launching;
mod observing;
mod preparing;
mod publishing;

use super::testing::{Engine, Executed, Good, Turn, World};
use super::*;

/// The good world, but for what a test says. `None` leaves the good answer.
struct But<L, A> {
    look: L,
    failed_action: A,
}

impl<L, A> World for But<L, A>
where
    L: FnMut(&Engine<'_>, &Probe) -> Option<Result<Observation, CallError>>,
    A: FnMut(&Engine<'_>, &Action) -> Option<Executed>,
{
    fn observe(&mut self, engine: &Engine<'_>, probe: &Probe) -> Result<Observation, CallError> {
        (self.look)(engine, probe).unwrap_or_else(|| Good.observe(engine, probe))
    }

    fn execute(&mut self, engine: &Engine<'_>, action: &Action) -> Executed {
        (self.failed_action)(engine, action).unwrap_or(Executed::Done)
    }
}

fn looking(look: impl FnMut(&Engine<'_>, &Probe) -> Option<Result<Observation, CallError>>) -> impl World {
    But { look, failed_action: |_: &Engine<'_>, _: &Action| None }
}

fn executing(failed_action: impl FnMut(&Engine<'_>, &Action) -> Option<Executed>) -> impl World {
    But { look: |_: &Engine<'_>, _: &Probe| None, failed_action }
}

fn attempt<'a>(engine: &'a Engine<'_>) -> &'a Attempt {
    engine.state.attempt().expect("an attempt is at hand")
}

fn labels(engine: &Engine<'_>) -> Vec<&'static str> {
    engine.actions.iter().map(Action::label).collect()
}
