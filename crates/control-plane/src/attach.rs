//! Watching a run that is in flight, whoever drives it.

use emrys_core::report::{outcome, report};
use emrys_core::run::{Publishing, State};
use emrys_core::spec::Spec;
use jiff::Timestamp;

use crate::cancel::cancel;
use crate::clients::ControlPlane;
use crate::engine::How;
use crate::interrupt::{Interrupt, Interrupts};
use crate::ledger::{Document, Driver, Holder, Ledger, LedgerError, Witness};
use crate::looks::astray;
use crate::run::{RunEnd, RunOptions, drive};
use crate::stop::Stop;
use crate::watcher::Watcher;

/// How often the ledger is read within one lease time. A holder gives three signs of life in it.
const LOOKS_PER_LEASE: i32 = 12;

/// Watches the run of a day to its end; nothing, when the day was never run.
///
/// While another process drives the run its ledger is read along, and nothing is written. When nobody does, or nobody
/// does any more, the run is driven from here. A run that is over is told, and not run again.
pub async fn attach(
    cp: &ControlPlane,
    spec: &Spec,
    holder: &Holder,
    watcher: &mut dyn Watcher,
    interrupts: &mut Interrupts,
) -> Result<Option<RunEnd>, Stop> {
    let mut follower = Follower { cp, spec, told: None, driver: None };
    let mut witness = Witness::default();
    let between_looks = cp.pace().poll_early.min(cp.pace().lease / LOOKS_PER_LEASE);
    loop {
        let (document, driver) = match witness.look(cp, spec, holder).await? {
            Some(found) => found,
            None if follower.told.is_none() => return Ok(None),
            None => return Err(deleted(spec)),
        };
        let state = document.state(spec)?;
        follower.tell(&document, &state, &driver, watcher)?;
        if let Some(outcome) = outcome(&state)
            && !follower.is_unsettled(&state, &driver).await
        {
            return Ok(Some(follower.end(How::Closed(outcome), state)));
        }
        if driver == Driver::Nobody {
            let so_far = std::mem::take(&mut witness);
            match Box::pin(Ledger::take_after(so_far, cp, spec, holder, watcher, interrupts)).await {
                Ok(ledger) => {
                    let options = RunOptions { holder: holder.clone(), again: false, detach: false };
                    let end = Box::pin(drive(cp, spec, &options, ledger, watcher, interrupts)).await?;
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
                Interrupt::Cancel { by } => { cancel(cp, spec, &by).await?; }
            },
            () = cp.clock.sleep(between_looks) => {}
        }
    }
}

/// What a follower has told its watcher.
struct Follower<'a> {
    cp: &'a ControlPlane,
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
        watcher: &mut dyn Watcher,
    ) -> Result<(), Stop> {
        let told = match &self.told {
            Some((ledger, told)) if *ledger == state.ledger && *told <= state.seq() => *told,
            Some(_) => return Err(deleted(self.spec)),
            // What happened before is shown as a whole, by whoever is told of the driver.
            None => state.seq(),
        };
        self.told = Some((state.ledger.clone(), state.seq()));
        for recorded in document.events().iter().filter(|recorded| recorded.seq > told) {
            watcher.recorded(recorded, state);
        }
        if let Driver::Holder(holder, since) = driver
            && self.driver.as_ref() != Some(&(holder.clone(), *since))
            && state.closed.is_none()
        {
            watcher.follows(holder, *since, state);
            self.driver = Some((holder.clone(), *since));
        }
        Ok(())
    }

    /// Whether an attempt of a run that is over is being published, or the catalog serves something else than the record
    /// says. Then whoever looks at the day puts it right, unless somebody is about it.
    async fn is_unsettled(&self, state: &State, driver: &Driver) -> bool {
        if state.chosen().is_some_and(|chosen| chosen.publishing == Publishing::Intended) {
            return self.spec.published_to().is_some();
        }
        if *driver != Driver::Nobody {
            return false;
        }
        match astray(self.cp, self.spec, state).await {
            Ok(event) => event.is_some(),
            Err(trouble) => {
                tracing::warn!(%trouble, "could not look at what the catalog serves");
                false
            }
        }
    }

    fn end(&self, how: How, state: State) -> RunEnd {
        RunEnd { how, report: report(self.spec, &state, self.cp.clock.now()), state }
    }
}

/// Someone deleted the ledger, and perhaps began another.
fn deleted(spec: &Spec) -> Stop {
    LedgerError::Deleted { uri: spec.ledger_uri().to_string() }.into()
}
