//! The way of a run, told by what it records and what it does.

mod guarding;
mod launching;
mod preparing;
mod publishing;
mod surplus;
mod watching;

use super::testing::{Acted, Engine, Good, Turn, World};
use super::*;

/// The good world, but for what a test says. `None` leaves the good answer.
struct But<L, A> {
    look: L,
    act: A,
}

impl<L, A> World for But<L, A>
where
    L: FnMut(&Engine<'_>, &Query) -> Option<Result<Answer, Trouble>>,
    A: FnMut(&Engine<'_>, &Action) -> Option<Acted>,
{
    fn look(&mut self, engine: &Engine<'_>, query: &Query) -> Result<Answer, Trouble> {
        (self.look)(engine, query).unwrap_or_else(|| Good.look(engine, query))
    }

    fn act(&mut self, engine: &Engine<'_>, action: &Action) -> Acted {
        (self.act)(engine, action).unwrap_or(Acted::Done)
    }
}

fn looking(look: impl FnMut(&Engine<'_>, &Query) -> Option<Result<Answer, Trouble>>) -> impl World {
    But { look, act: |_: &Engine<'_>, _: &Action| None }
}

fn acting(act: impl FnMut(&Engine<'_>, &Action) -> Option<Acted>) -> impl World {
    But { look: |_: &Engine<'_>, _: &Query| None, act }
}

fn attempt<'a>(engine: &'a Engine<'_>) -> &'a Attempt {
    engine.state.attempt().expect("an attempt is at hand")
}

fn labels(engine: &Engine<'_>) -> Vec<&'static str> {
    engine.actions.iter().map(Action::label).collect()
}
