//! Publishing an attempt of a day that is over: back to an earlier one, or forward again, or once more.

use emrys_core::record::{Actor, CallError, Event};
use emrys_core::run::{Attempt, State};
use emrys_core::spec::Spec;

use crate::clients::AwsContext;
use crate::holder::Holder;
use crate::interrupt::Interrupts;
use crate::ledger::read;
use crate::listener::RunListener;
use crate::observe;
use crate::patience::patiently;
use crate::session::{RunEnd, RunOptions, Session};
use crate::stop::Stop;

/// What came of asking for a publication.
#[derive(Debug, Clone, PartialEq)]
pub enum Publication {
    /// The day was never run.
    NotRun,
    /// The day's run is not over: it publishes what it makes.
    InFlight,
    /// There is no such attempt.
    NoAttempt {
        /// The highest number that there is; 0 where none was made.
        last: u32,
    },
    /// Its output was not found good, or it has none.
    NotVerified,
    /// Its output is gone, or is being deleted.
    Removed {
        /// The attempt.
        attempt: u32,
    },
    /// Nothing is where the configuration says that the attempt wrote: no table may serve that.
    OutputMissing {
        /// The folder.
        folder: String,
    },
    /// It was tried, and the run as it stands then says how it went.
    Tried(Box<RunEnd>),
}

/// Makes the catalog serve an attempt of a day that is over; none is chosen by number: the one that it should serve.
pub async fn publish(
    aws: &AwsContext,
    spec: &Spec,
    attempt: Option<u32>,
    holder: &Holder,
    listener: &mut dyn RunListener,
    interrupts: &mut Interrupts,
) -> Result<Publication, Stop> {
    let catalog = spec.published_to().ok_or_else(|| CallError::invalid("no `[catalog]` is configured"))?;
    // Read first: a day that was never run gets no record by this.
    if read(aws, spec).await?.is_none() {
        return Ok(Publication::NotRun);
    }
    let mut session = Box::pin(Session::begin(aws, spec, holder, listener, interrupts)).await?;
    let number = match chosen(aws, spec, session.state(), attempt).await {
        Ok(Ok(number)) => number,
        Ok(Err(refused)) => return session.end(Ok(refused)).await,
        Err(error) => return session.end(Err(error.into())).await,
    };
    let by = Actor(holder.who.clone());
    // The attempt for which the day failed is taken up where it was left, and the day closes anew.
    let is_left = session.state().unpublished().is_some_and(|left| left.number == number);
    let event = if is_left {
        Event::Reopened { by }
    } else {
        Event::PublishIntended { attempt: number, by: Some(by), database: catalog.database.clone() }
    };
    if let Err(stop) = session.ledger().append(vec![event]).await {
        return session.end(Err(stop)).await;
    }
    let options = RunOptions::as_it_stands(holder);
    let end = Box::pin(session.drive_to_end(&options, listener, interrupts)).await?;
    Ok(Publication::Tried(Box::new(end)))
}

/// The attempt that is to be published and whose output is there, or why there is none.
async fn chosen(
    aws: &AwsContext,
    spec: &Spec,
    state: &State,
    asked: Option<u32>,
) -> Result<Result<u32, Publication>, CallError> {
    let attempt = match choose(state, asked) {
        Ok(attempt) => attempt,
        Err(refused) => return Ok(Err(refused)),
    };
    let number = attempt.number;
    let Some(intent) = attempt.intent() else { return Ok(Err(Publication::NotVerified)) };
    let folder = spec.output_folder(intent);
    let is_there = patiently(aws, async || observe::is_taken(aws, &folder).await).await?;
    Ok(if is_there { Ok(number) } else { Err(Publication::OutputMissing { folder: folder.to_string() }) })
}

/// The attempt that is to be published, or why there is none.
fn choose(state: &State, asked: Option<u32>) -> Result<&Attempt, Publication> {
    if state.closed.is_none() {
        return Err(Publication::InFlight);
    }
    let default = || state.chosen().or_else(|| state.succeeded()).map(|attempt| attempt.number);
    let Some(number) = asked.or_else(default) else { return Err(Publication::NotVerified) };
    let last = state.attempts.last().map_or(0, |last| last.number);
    let Some(attempt) = state.numbered(number) else {
        return Err(Publication::NoAttempt { last });
    };
    if !attempt.has_succeeded() {
        return Err(Publication::NotVerified);
    }
    if attempt.retention.is_kept() { Ok(attempt) } else { Err(Publication::Removed { attempt: number }) }
}
