//! What moves the world when nobody calls.

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::steps::{Ended, Finished};

use super::Endpoint;
use super::endpoint::Turn;
use crate::world::World;

/// Moves the world at its deadlines and when steps end.
#[derive(Debug)]
pub struct Driver {
    endpoint: Endpoint,
    ends: UnboundedReceiver<Finished>,
}

impl Driver {
    pub(super) fn new(endpoint: Endpoint, ends: UnboundedReceiver<Finished>) -> Self {
        Self { endpoint, ends }
    }

    /// Runs for ever. Dropped, it leaves the world as it stands.
    pub async fn run(mut self) {
        loop {
            let deadline = self.catch_up();
            let endpoint = self.endpoint.clone();
            let due = async {
                match deadline {
                    Some(at) => endpoint.clock().sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // Without an order the branches are tried at random, and no run is like another.
                biased;
                ended = self.ends.recv() => match ended {
                    Some(Finished::Step(ended)) => self.step_ended(ended),
                    Some(Finished::Query { id, end }) => {
                        self.happened(|world, now| world.query_ended(&id, end, now));
                    }
                    None => return,
                },
                () = self.endpoint.0.moved.notified() => {}
                () = due => {}
            }
        }
    }

    /// Does what is due, and gives the time of what is due next.
    fn catch_up(&self) -> Option<Timestamp> {
        self.turn(Turn::Observe, |_, _| ());
        self.endpoint.next_deadline()
    }

    fn step_ended(&self, ended: Ended) {
        let Ended { cluster_id, step_id, end } = ended;
        self.happened(|world, now| world.step_ended(&cluster_id, &step_id, end, now));
    }

    fn happened(&self, change: impl FnOnce(&mut World, Timestamp)) {
        self.turn(Turn::Event, change);
    }

    fn turn(&self, turn: Turn, change: impl FnOnce(&mut World, Timestamp)) {
        // Only what was asked for is ever refused.
        let _ = self.endpoint.turn(turn, change);
    }
}
