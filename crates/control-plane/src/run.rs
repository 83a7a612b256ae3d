//! Running a day: the lease, the loop, and the lease given back, whatever happens in between.

use emrys_core::report::{RunReport, report};
use emrys_core::run::{Actor, Event, Outcome, State};
use emrys_core::spec::Spec;

use crate::clients::AwsContext;
use crate::engine::{Engine, How};
use crate::gc::{Collection, collect_all_garbage};
use crate::interrupt::Interrupts;
use crate::ledger::{Holder, Ledger};
use crate::listener::RunListener;
use crate::stop::Stop;

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
    aws: &AwsContext,
    spec: &Spec,
    options: &RunOptions,
    listener: &mut dyn RunListener,
    interrupts: &mut Interrupts,
) -> Result<RunEnd, Stop> {
    let ledger = Ledger::take(aws, spec, &options.holder, listener, interrupts).await?;
    let end = drive(aws, spec, options, ledger, listener, interrupts).await?;
    collect_due_garbage(aws, spec, &end, &options.holder, listener, interrupts).await;
    Ok(end)
}

/// After a run that succeeded, what is due of all days goes. Nothing rests on it: the next run tries again.
pub(crate) async fn collect_due_garbage(
    aws: &AwsContext,
    spec: &Spec,
    end: &RunEnd,
    holder: &Holder,
    listener: &mut dyn RunListener,
    interrupts: &mut Interrupts,
) {
    if end.how != How::Closed(Outcome::Succeeded) {
        return;
    }
    let garbage_collection_failed = |listener: &mut dyn RunListener, stop: &Stop| {
        tracing::warn!(%stop, "output that nobody needs any more could not be removed");
        listener.garbage_collection_failed(stop);
    };
    match Box::pin(collect_all_garbage(aws, spec, holder, interrupts)).await {
        Ok(days) => {
            for (day, collected) in days {
                match collected {
                    Ok(Collection::Done(done)) => {
                        listener.collected(day, &done.removed);
                        if done.stopped {
                            garbage_collection_failed(listener, &Stop::Interrupted);
                        }
                    }
                    // Somebody is about it.
                    Ok(Collection::NotRun | Collection::InFlight)
                    | Err(Stop::Held { .. } | Stop::Lost { .. }) => {}
                    Err(stop) => garbage_collection_failed(listener, &stop),
                }
            }
        }
        Err(stop) => garbage_collection_failed(listener, &stop),
    }
}

/// Drives a run whose lease is held, and gives the lease back.
pub(crate) async fn drive(
    aws: &AwsContext,
    spec: &Spec,
    options: &RunOptions,
    ledger: Ledger<'_>,
    listener: &mut dyn RunListener,
    interrupts: &mut Interrupts,
) -> Result<RunEnd, Stop> {
    let is_again = options.again && ledger.state().closed.is_some();
    let mut engine = Engine::new(aws, spec, ledger, listener, interrupts);
    engine.detach = options.detach;
    let driven = if is_again {
        let by = Actor(options.holder.who.clone());
        Box::pin(again(&mut engine, by)).await
    } else {
        Box::pin(engine.drive()).await
    };
    let ledger = engine.into_ledger();
    let state = ledger.state().clone();
    let report = report(spec, &state, aws.clock.now());
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
