//! What may go, and what never does.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;
use crate::catalog::table_names;
use crate::run::testing::{Engine, Good, World, published, sight, spec};
use crate::run::{Acted, Actor, Answer, AttemptResult, Expiry, Outcome, Query, Trouble};
use crate::testing::spec_and;

/// The world in which the day's steps fail.
struct Bad;

impl World for Bad {
    fn look(&mut self, engine: &Engine<'_>, query: &Query) -> Result<Answer, Trouble> {
        match query {
            Query::Cluster { .. } => Ok(Answer::Cluster(sight("TERMINATED", "FAILED"))),
            _ => Good.look(engine, query),
        }
    }

    fn act(&mut self, _: &Engine<'_>, _: &crate::run::Action) -> Acted {
        Acted::Done
    }
}
