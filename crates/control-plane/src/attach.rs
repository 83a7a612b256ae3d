//! Watching a run that is in flight, whoever drives it.

use emrys_core::report::{outcome, report};
use emrys_core::run::{Publishing, State};
use emrys_core::spec::Spec;
use jiff::Timestamp;

use crate::cancel::cancel;
use crate::clients::AwsContext;
use crate::engine::How;
use crate::holder::Holder;
use crate::interrupt::{Interrupt, Interrupts};
use crate::ledger::{Document, Driver, READS_PER_LEASE, Witness};
use crate::ledger_error::LedgerError;
use crate::listener::RunListener;
use crate::observe::catalog_drift;
use crate::run::collect_due_garbage;
use crate::session::{RunEnd, RunOptions, Session};
use crate::stop::Stop;

/// Watches the run of a day to its end; nothing, when the day was never run.
///
/// While another process drives the run its ledger is read along, and nothing is written. When nobody does, or nobody
/// does any more, the run is driven from here. A run that is over is told, and not run again.
pub async fn attach(
    aws: &AwsContext,
    spec: &Spec,
    holder: &Holder,
    listener: &mut dyn RunListener,
    interrupts: &mut Interrupts,
) -> Result<Option<RunEnd>, Stop> {
    let mut follower = Follower { aws, spec, told: None, driver: None };
    let mut witness = Witness::default();
    let pause = aws.pace().poll_early.min(aws.pace().lease / READS_PER_LEASE);
    loop {
        let (document, driver) = match witness.observe(aws, spec, holder).await? {
            Some(found) => found,
            None if follower.told.is_none() => return Ok(None),
            None => return Err(deleted(spec)),
        };
        let state = document.state(spec)?;
        follower.tell(&document, &state, &driver, listener)?;
        if let Some(outcome) = outcome(&state)
            && !follower.is_unreconciled(&state, &driver).await
        {
            return Ok(Some(follower.end(How::Closed(outcome), state)));
        }
        if driver == Driver::Nobody {
            let so_far = std::mem::take(&mut witness);
            match Box::pin(Session::begin_after(so_far, aws, spec, holder, listener, interrupts)).await {
                Ok(session) => {
                    let options = RunOptions::as_it_stands(holder);
                    let end = Box::pin(session.drive_to_end(&options, listener, interrupts)).await?;
                    if state.closed.is_none() {
                        collect_due_garbage(aws, spec, &end, holder, listener, interrupts).await;
                    }
                    return Ok(Some(end));
                }
                // Another was first: it is followed.
                Err(Stop::Held { .. }) => continue,
                Err(stop) => return Err(stop),
            }
        }
        tokio::select! {
            biased;
            interrupt = interrupts.next() => match interrupt {
                Interrupt::StopWatching => return Ok(Some(follower.end(How::StoppedWatching, state))),
                // Only the driver can record it.
                Interrupt::Cancel { by } => { cancel(aws, spec, &by).await?; }
            },
            () = aws.clock.sleep(pause) => {}
        }
    }
}

/// What a follower has told its watcher.
struct Follower<'a> {
    aws: &'a AwsContext,
    spec: &'a Spec,
    /// The ledger's own id, and the number of the last event that was told.
    told: Option<(String, u64)>,
    /// Who was last said to drive the run.
    driver: Option<(Holder, Timestamp)>,
}

impl Follower<'_> {
    /// Tells what is new.
    fn tell(
        &mut self,
        document: &Document,
        state: &State,
        driver: &Driver,
        listener: &mut dyn RunListener,
    ) -> Result<(), Stop> {
        let told = match &self.told {
            Some((ledger, told)) if *ledger == state.ledger && *told <= state.seq() => *told,
            Some(_) => return Err(deleted(self.spec)),
            // What happened before is shown as a whole, by whoever is told of the driver.
            None => state.seq(),
        };
        self.told = Some((state.ledger.clone(), state.seq()));
        for recorded in document.events().iter().filter(|recorded| recorded.seq > told) {
            listener.recorded(recorded, state);
        }
        if let Driver::Holder(holder, since) = driver
            && self.driver.as_ref() != Some(&(holder.clone(), *since))
            && state.closed.is_none()
        {
            listener.follows(holder, *since, state);
            self.driver = Some((holder.clone(), *since));
        }
        Ok(())
    }

    /// Whether an attempt of a run that is over is being published, or the catalog serves something else than the
    /// record says. Then whoever looks at the day puts it right, unless somebody is about it.
    async fn is_unreconciled(&self, state: &State, driver: &Driver) -> bool {
        if state.chosen().is_some_and(|chosen| chosen.publishing == Publishing::Intended) {
            return self.spec.published_to().is_some();
        }
        if *driver != Driver::Nobody {
            return false;
        }
        match catalog_drift(self.aws, self.spec, state).await {
            Ok(event) => event.is_some(),
            Err(error) => {
                tracing::warn!(%error, "could not look at what the catalog serves");
                false
            }
        }
    }

    fn end(&self, how: How, state: State) -> RunEnd {
        RunEnd { how, report: report(self.spec, &state, self.aws.clock.now()), state }
    }
}

/// Someone deleted the ledger, and perhaps began another.
fn deleted(spec: &Spec) -> Stop {
    LedgerError::Deleted { uri: spec.ledger_uri().to_string() }.into()
}
