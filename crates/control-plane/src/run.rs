//! Running a day: the lease, the loop, and the lease given back, whatever happens in between.

use emrys_core::report::{RunReport, report};
use emrys_core::run::{Actor, Event, Outcome, State};
use emrys_core::spec::Spec;

use crate::clients::ControlPlane;
use crate::engine::{Engine, How};
use crate::gc::{Clearing, clear_all};
use crate::interrupt::Interrupts;
use crate::ledger::{Holder, Ledger};
use crate::stop::Stop;
use crate::watcher::Watcher;

/// How a day is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOptions {
    /// Who drives the run.
    pub holder: Holder,
    /// Whether a day whose run is over is run again. Otherwise its end is told once more.
    pub again: bool,
    /// Whether to leave the run as soon as its cluster is launched and recorded.
    pub detach: bool,
}

impl RunOptions {
    /// This process drives the run, for `who`, and again if the day was run before.
    pub fn new(who: &str) -> Self {
        Self { holder: Holder::this_process(who), again: true, detach: false }
    }
}

/// How the driving of a run ended, and how the run stands.
#[derive(Debug, Clone, PartialEq)]
pub struct RunEnd {
    /// How it ended.
    pub how: How,
    /// The run, as its ledger tells it.
    pub report: RunReport,
    /// The state behind the report.
    pub state: State,
}

/// Drives the run of a day to its end. A run that is in flight is picked up where it stands.
pub async fn run(
    cp: &ControlPlane,
    spec: &Spec,
    options: &RunOptions,
    watcher: &mut dyn Watcher,
    interrupts: &mut Interrupts,
) -> Result<RunEnd, Stop> {
    let ledger = Ledger::take(cp, spec, &options.holder, watcher, interrupts).await?;
    let end = drive(cp, spec, options, ledger, watcher, interrupts).await?;
    tidy(cp, spec, &end, &options.holder, watcher, interrupts).await;
    Ok(end)
}

/// After a run that succeeded, what is due of all days goes. Nothing rests on it: the next run tries again.
pub(crate) async fn tidy(
    cp: &ControlPlane,
    spec: &Spec,
    end: &RunEnd,
    holder: &Holder,
    watcher: &mut dyn Watcher,
    interrupts: &mut Interrupts,
) {
    if end.how != How::Closed(Outcome::Succeeded) {
        return;
    }
    let not_cleared = |watcher: &mut dyn Watcher, stop: &Stop| {
        tracing::warn!(%stop, "output that nobody needs any more could not be removed");
        watcher.not_cleared(stop);
    };
    match Box::pin(clear_all(cp, spec, holder, interrupts)).await {
        Ok(days) => {
            for (day, cleared) in days {
                match cleared {
                    Ok(Clearing::Done(done)) => {
                        watcher.cleared(day, &done.removed);
                        if done.stopped {
                            not_cleared(watcher, &Stop::Interrupted);
                        }
                    }
                    // Somebody is about it.
                    Ok(Clearing::NotRun | Clearing::InFlight)
                    | Err(Stop::Held { .. } | Stop::Lost { .. }) => {}
                    Err(stop) => not_cleared(watcher, &stop),
                }
            }
        }
        Err(stop) => not_cleared(watcher, &stop),
    }
}

/// Drives a run whose lease is held, and gives the lease back.
pub(crate) async fn drive(
    cp: &ControlPlane,
    spec: &Spec,
    options: &RunOptions,
    ledger: Ledger<'_>,
    watcher: &mut dyn Watcher,
    interrupts: &mut Interrupts,
) -> Result<RunEnd, Stop> {
    let is_again = options.again && ledger.state().closed.is_some();
    let mut engine = Engine::new(cp, spec, ledger, watcher, interrupts);
    engine.detach = options.detach;
    let driven = if is_again {
        let by = Actor(options.holder.who.clone());
        Box::pin(again(&mut engine, by)).await
    } else {
        Box::pin(engine.drive()).await
    };
    let ledger = engine.into_ledger();
    let state = ledger.state().clone();
    let report = report(spec, &state, cp.clock.now());
    match driven {
        Ok(how) => {
            ledger.release().await;
            Ok(RunEnd { how, report, state })
        }
        Err(stop) => {
            ledger.release_unless_lost(&stop).await;
            Err(stop)
        }
    }
}

/// Runs a day that is closed again. What queries see of it is put right before: they see it until the new attempt ends.
async fn again(engine: &mut Engine<'_, '_>, by: Actor) -> Result<How, Stop> {
    let settled = Box::pin(engine.settle()).await?;
    if !matches!(settled, How::Closed(_)) {
        return Ok(settled);
    }
    engine.note(Event::Reopened { by }).await?;
    Box::pin(engine.drive()).await
}
