//! Publishing an attempt, table after table.

use std::time::Duration;

use emrys_core::catalog::{Publication, publications};
use emrys_core::record::{CallError, ErrorClass, LaunchIntent};

use super::{Engine, action_limit};
use crate::actions::{self, Changed};
use crate::observe;
use crate::stop::Stop;

/// So often a table is looked at and changed, where another makes its partition in between.
const TRIES: u32 = 3;

impl Engine<'_, '_> {
    /// Publishes table after table. Whoever has lost the lease must not move the partitions of a day back: once asked,
    /// Glue does it whatever became of the lease meanwhile. So it is made sure of before each call that changes a
    /// table, after all that is read for it: a machine may be suspended in between.
    pub(super) async fn publish(&mut self, intent: &LaunchIntent) -> Result<Result<(), CallError>, Stop> {
        if let Err(error) = self.must_hold_something(intent).await {
            return Ok(Err(error));
        }
        self.ledger.must_hold_for(action_limit(self.aws)).await?;
        for publication in publications(self.spec, intent) {
            if let Err(error) = self.publish_table(&publication).await? {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }

    async fn publish_table(&mut self, publication: &Publication) -> Result<Result<(), CallError>, Stop> {
        let (aws, spec, limit) = (self.aws, self.spec, action_limit(self.aws));
        for _ in 0..TRIES {
            let change = match in_time(limit, publication, actions::change(aws, spec, publication)).await {
                Ok(Some(change)) => change,
                Ok(None) => return Ok(Ok(())),
                Err(error) => return Ok(Err(error)),
            };
            if aws.safeguards.table_lease() {
                self.ledger.must_hold_for(limit).await?;
            }
            match in_time(limit, publication, actions::publish(aws, spec, publication, change)).await {
                Ok(Changed::Done) => return Ok(Ok(())),
                Ok(Changed::There) => {}
                Err(error) => return Ok(Err(error)),
            }
        }
        let Publication { table, date, .. } = publication;
        Ok(Err(unreachable_yet(format!("{table}/date={date} is said to be there, and is not found"))))
    }

    /// Whether there is something to publish: `[output] uri` may have been another when it was written.
    async fn must_hold_something(&self, intent: &LaunchIntent) -> Result<(), CallError> {
        match observe::unwritten(self.aws, self.spec, intent).await?.into_values().next() {
            None => Ok(()),
            Some(folder) => {
                Err(CallError::invalid(format!("nothing lies in {folder}, which tables are to serve")))
            }
        }
    }
}

async fn in_time<T>(
    limit: Duration,
    publication: &Publication,
    work: impl Future<Output = Result<T, CallError>>,
) -> Result<T, CallError> {
    let done = tokio::time::timeout(limit, Box::pin(work)).await;
    done.unwrap_or_else(|_| {
        Err(unreachable_yet(format!("the table {} was not published in time", publication.table)))
    })
}

/// An error that time may help.
fn unreachable_yet(message: String) -> CallError {
    CallError { class: ErrorClass::Unreachable, code: String::new(), message }
}
