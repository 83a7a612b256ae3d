//! Running a day to its end, and clearing away after it.

use emrys_core::run::Outcome;
use emrys_core::spec::Spec;

use crate::clients::AwsContext;
use crate::engine::How;
use crate::gc::{Collection, collect_all_garbage};
use crate::interrupt::Interrupts;
use crate::ledger::Holder;
use crate::listener::RunListener;
use crate::session::{RunEnd, RunOptions, Session};
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
