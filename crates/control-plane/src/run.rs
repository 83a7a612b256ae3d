//! Running a day to its end, and clearing away after it.

use emrys_core::record::Outcome;
use emrys_core::spec::Spec;

use crate::budget::{Budget, Deadline};
use crate::clients::AwsContext;
use crate::engine::How;
use crate::gc::{Collection, collect_all_garbage};
use crate::holder::Holder;
use crate::interrupt::Interrupts;
use crate::listener::RunListener;
use crate::session::{Driven, RunEnd, RunOptions, Session};
use crate::stop::Stop;

/// Drives the run of a day to its end. A run that is in flight is picked up where it stands.
pub async fn run(
    aws: &AwsContext,
    spec: &Spec,
    options: &RunOptions,
    listener: &mut dyn RunListener,
    interrupts: &mut Interrupts,
) -> Result<RunEnd, Stop> {
    let session = Session::begin(aws, spec, &options.holder, listener, interrupts).await?;
    let end = session.drive_to_end(options, listener, interrupts).await?;
    collect_due_garbage(aws, spec, &end, &options.holder, listener, interrupts).await;
    Ok(end)
}

/// Drives the run of a day until its next long wait or its end, as [`run`] does from one long wait to the next. The
/// lease is given back before it returns, on errors as well.
///
/// It is for drivers that come and go: a function that an event or a schedule starts. Where it hands back
/// [`Drive::WaitUntil`](crate::Drive::WaitUntil), anybody may drive on, at that time or at any other. Each drive begins
/// with what the ledger says, and remembers nothing of the one before: `docs/internals/drives.md` says why that is
/// enough.
///
/// - `options.again` runs a day again that is over: it is for whoever asks for that, and not for each drive after it.
/// - The holder of a driver that may vanish with its host names no `boot`. Then no other process takes it for dead
///   before its lease has run out.
/// - Waits that would end after the budget are handed back, whatever they are for. What is done between two waits goes
///   on to its end.
/// - Output of other days is not cleared away after it: [`collect_all_garbage`](crate::collect_all_garbage) does that.
///
/// # Errors
///
/// [`Stop::Held`] where another process drives the run, and all that stops [`run`].
pub async fn drive_once(
    aws: &AwsContext,
    spec: &Spec,
    options: &RunOptions,
    budget: Budget,
    listener: &mut dyn RunListener,
    interrupts: &mut Interrupts,
) -> Result<Driven, Stop> {
    let deadline = Deadline::of(aws, budget);
    let session = Session::begin(aws, spec, &options.holder, listener, interrupts).await?;
    session.drive_once(options, deadline, listener, interrupts).await
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
