//! Publishing an attempt, table after table.

use std::time::Duration;

use emrys_core::catalog::{Publication, publications};
use emrys_core::run::{Effect, LaunchIntent, Trouble, TroubleKind};

use super::{Engine, act_limit};
use crate::acts::{self, Changed};
use crate::looks;
use crate::stop::Stop;

/// So often a table is looked at and changed, where another makes its partition in between.
const TRIES: u32 = 3;

impl Engine<'_, '_> {
    /// Publishes table after table. Whoever has lost the lease must not move the partitions of a day back: once asked,
    /// Glue does it whatever became of the lease meanwhile. So it is made sure of before each call that changes a table,
    /// after all that is read for it: a machine may be suspended in between.
    pub(super) async fn publish(&mut self, intent: &LaunchIntent) -> Result<Result<Effect, Trouble>, Stop> {
        if let Err(trouble) = self.must_hold_something(intent).await {
            return Ok(Err(trouble));
        }
        self.ledger.must_hold_for(act_limit(self.cp)).await?;
        for publication in publications(self.spec, intent) {
            if let Err(trouble) = self.publish_table(&publication).await? {
                return Ok(Err(trouble));
            }
        }
        Ok(Ok(Effect::Published { attempt: intent.attempt }))
    }

    async fn publish_table(&mut self, publication: &Publication) -> Result<Result<(), Trouble>, Stop> {
        let (cp, spec, limit) = (self.cp, self.spec, act_limit(self.cp));
        for _ in 0..TRIES {
            let change = match in_time(limit, publication, acts::change(cp, spec, publication)).await {
                Ok(Some(change)) => change,
                Ok(None) => return Ok(Ok(())),
                Err(trouble) => return Ok(Err(trouble)),
            };
            if cp.safeguards.table_lease {
                self.ledger.must_hold_for(limit).await?;
            }
            match in_time(limit, publication, acts::publish(cp, spec, publication, change)).await {
                Ok(Changed::Done) => return Ok(Ok(())),
                Ok(Changed::There) => {}
                Err(trouble) => return Ok(Err(trouble)),
            }
        }
        let Publication { table, date, .. } = publication;
        Ok(Err(unreachable_yet(format!("{table}/date={date} is said to be there, and is not found"))))
    }

    /// Whether there is something to publish: `[output] uri` may have been another when it was written.
    async fn must_hold_something(&self, intent: &LaunchIntent) -> Result<(), Trouble> {
        match looks::unwritten(self.cp, self.spec, intent).await?.into_values().next() {
            None => Ok(()),
            Some(folder) => {
                Err(Trouble::invalid(format!("nothing lies in {folder}, which tables are to serve")))
            }
        }
    }
}

async fn in_time<T>(
    limit: Duration,
    publication: &Publication,
    work: impl Future<Output = Result<T, Trouble>>,
) -> Result<T, Trouble> {
    let done = tokio::time::timeout(limit, Box::pin(work)).await;
    done.unwrap_or_else(|_| {
        Err(unreachable_yet(format!("the table {} was not published in time", publication.table)))
    })
}

/// Trouble that time may help.
fn unreachable_yet(message: String) -> Trouble {
    Trouble { kind: TroubleKind::Unreachable, code: String::new(), message }
}
