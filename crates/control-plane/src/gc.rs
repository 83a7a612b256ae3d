//! Output that nobody needs any more, removed: of attempts that were superseded or never found good, and of whole days
//! that expired. What may go says `emrys_core::gc`; here it is looked up, and done under the day's lease.
//!
//! ```text
//! lease -> catalog as the record says -> evaluate
//!   of a day that expires:  DayExpiring, its partitions, DayExpired
//!   attempt by attempt:     DeletingOutput, the catalog once more, its objects, OutputDeleted
//! ```
//!
//! It may be cut anywhere: what is recorded as intended is taken up by the next one, and done to its end.

use std::cell::Cell;

use emrys_core::catalog::Served;
use emrys_core::day::Day;
use emrys_core::gc::{Disposition, EvaluatedOutput, Evaluation, evaluate, evaluate_unexpired};
use emrys_core::record::{CallError, Event, Removal};
use emrys_core::run::{Attempt, RetentionState, State};
use emrys_core::s3_uri::S3Uri;
use emrys_core::spec::Spec;

use crate::actions;
use crate::clients::AwsContext;
use crate::days::{DayRecord, days};
use crate::engine::{How, action_limit};
use crate::holder::Holder;
use crate::interrupt::Interrupts;
use crate::ledger::{Ledger, read};
use crate::listener::RunListener;
use crate::observe;
use crate::patience::{Patience, patiently};
use crate::removed::Removed;
use crate::session::Session;
use crate::status::RunStatus;
use crate::stop::Stop;

/// What came of asking for a day's output to be cleared.
#[derive(Debug, Clone, PartialEq)]
pub enum Collection {
    /// The day was never run.
    NotRun,
    /// The day's run is not over, and somebody drives it, or will.
    InFlight,
    /// It was looked at, and what may go is gone.
    Done(Box<Collected>),
}

/// What became of a day's output.
#[derive(Debug, Clone, PartialEq)]
pub struct Collected {
    /// What went, and why.
    pub removed: Vec<Removed>,
    /// What became of all attempts' output, those that went included.
    pub attempts: Vec<EvaluatedOutput>,
    /// Whether somebody stopped it before its end.
    pub stopped: bool,
    /// The day, as its record tells it now.
    pub state: State,
}

/// What may go of a day, looked at and not touched.
#[derive(Debug, Clone, PartialEq)]
pub struct Garbage {
    /// The day.
    pub day: Day,
    /// Whether the whole day expires: then its partitions go, too.
    pub expires: bool,
    /// The tables that serve something else than the record says: that is put right before anything goes.
    pub drifted: Vec<String>,
    /// What may go.
    pub removals: Vec<Removed>,
    /// What becomes of all attempts' output, and why.
    pub attempts: Vec<EvaluatedOutput>,
}

/// What may go of the day just now; nothing, when it was never run. It only reads.
pub async fn garbage(aws: &AwsContext, spec: &Spec) -> Result<Option<Garbage>, Stop> {
    let Some(document) = read(aws, spec).await? else { return Ok(None) };
    let state = document.state(spec)?;
    observe(aws, spec, &state).await.map(Some)
}

/// What may go of all days, the oldest first, and which of them tables serve otherwise than their record says; all
/// others are left out. It only reads. A day whose record cannot be read hides none of the others: `Err` says which,
/// and why.
pub async fn all_garbage(aws: &AwsContext, spec: &Spec) -> Result<Vec<Result<Garbage, (Day, String)>>, Stop> {
    let mut found = Vec::new();
    let served = patiently(aws, async || observe::AllServed::observe(aws, spec).await).await?;
    for DayRecord { day, status } in Box::pin(days(aws, spec, None)).await?.into_iter().rev() {
        let state = match status {
            Ok(RunStatus { unknown: Some(unknown), .. }) => {
                found.push(Err((day, format!("its record was written by a later version: {unknown}"))));
                continue;
            }
            Ok(status) => status.state,
            Err(error) => {
                found.push(Err((day, error.to_string())));
                continue;
            }
        };
        let Ok(spec) = spec.on(day) else { continue };
        if is_due(aws, &spec, &state).await? || served.has_drifted(&spec, &state) {
            let day = observe(aws, &spec, &state).await?;
            if day.expires || !day.drifted.is_empty() || !day.removals.is_empty() {
                found.push(Ok(day));
            }
        }
    }
    Ok(found)
}

/// Whether something of a day may go, by its record and by what lies in the folders of its attempts: then it is worth a
/// look. An attempt that never wrote anything stays due for ever, and costs this one listing.
async fn is_due(aws: &AwsContext, spec: &Spec, state: &State) -> Result<bool, Stop> {
    let evaluation = evaluate(spec, state, &[], aws.clock.now());
    // Whose partitions were to go, and came back or stayed, is gone on with.
    if state.is_expiring() || evaluation.expires {
        return Ok(true);
    }
    for (attempt, _) in evaluation.removals() {
        if !is_elsewhere(aws, spec, state, attempt).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn observe(aws: &AwsContext, spec: &Spec, state: &State) -> Result<Garbage, Stop> {
    let served = served(aws, spec, state).await?;
    let evaluation = evaluated(aws, spec, state, &served).await?;
    let mut removals = Vec::new();
    for (attempt, because) in evaluation.removals() {
        let Some(folder) = folder(spec, state, attempt) else { continue };
        let (objects, bytes) = patiently(aws, async || observe::size(aws, &folder).await).await?;
        if objects == 0 && is_untouched(state, attempt) {
            continue;
        }
        removals.push(Removed { attempt, because, folder: folder.to_string(), objects, bytes });
    }
    let expires = state.is_expiring() || evaluation.expires;
    let drifted =
        match patiently(aws, async || observe::catalog_drift_of(aws, spec, state, &served).await).await? {
            Some(Event::CatalogDrifted { tables, .. }) => tables,
            _ => Vec::new(),
        };
    Ok(Garbage { day: spec.day, expires, drifted, removals, attempts: evaluation.attempts })
}

/// What may go of the day, by what its tables serve. A day expires as a whole: where output of it that was found good
/// is not where the configuration says, it may be elsewhere and served from there, and the day does not.
async fn evaluated(
    aws: &AwsContext,
    spec: &Spec,
    state: &State,
    served: &[Served],
) -> Result<Evaluation, Stop> {
    let now = aws.clock.now();
    let evaluation = evaluate(spec, state, served, now);
    if evaluation.expires {
        for (attempt, _) in evaluation.removals().filter(|(attempt, _)| was_good(state, *attempt)) {
            if is_elsewhere(aws, spec, state, attempt).await? {
                return Ok(evaluate_unexpired(spec, state, served, now));
            }
        }
    }
    Ok(evaluation)
}

/// Whether nothing is where the configuration says that an attempt wrote, and nothing of it was deleted yet. Then
/// nothing is recorded of it: `[output] uri` may have been another, and what it wrote is there, and perhaps served from
/// there. An attempt that failed before it wrote anything looks the same, and its record stays as it is: who wrote
/// `Collected` on the strength of an empty folder would never look at the old address again.
async fn is_elsewhere(aws: &AwsContext, spec: &Spec, state: &State, attempt: u32) -> Result<bool, Stop> {
    let Some(folder) = folder(spec, state, attempt) else { return Ok(true) };
    Ok(is_untouched(state, attempt)
        && !patiently(aws, async || observe::is_taken(aws, &folder).await).await?)
}

/// Removes what may go of a day. The catalog is put right before, where it does not serve what it should. There is no
/// run that could be cancelled: whatever a user says ends it, after what was begun.
pub async fn clear(
    aws: &AwsContext,
    spec: &Spec,
    holder: &Holder,
    listener: &mut dyn RunListener,
    interrupts: &mut Interrupts,
) -> Result<Collection, Stop> {
    interrupts.only_stop();
    // Read first: a day that was never run gets no record by this, and nobody waits for one in flight.
    match read(aws, spec).await? {
        None => return Ok(Collection::NotRun),
        Some(document) if document.state(spec)?.closed.is_none() => return Ok(Collection::InFlight),
        Some(_) => {}
    }
    let mut session = Box::pin(Session::begin(aws, spec, holder, listener, interrupts)).await?;
    if session.state().closed.is_none() {
        // Somebody began it anew in between, and is gone: whoever clears away drives no run.
        return session.end(Ok(Collection::InFlight)).await;
    }
    let mut engine = session.engine(listener, interrupts);
    engine.reconciles = aws.safeguards.live_catalog_check();
    let collected = match Box::pin(engine.drive_to_end()).await {
        Ok(How::Closed(_)) => collect_held(aws, spec, session.ledger(), listener, interrupts).await,
        Ok(How::Left(leave)) => Err(leave.error().clone().into()),
        Ok(How::StoppedWatching | How::Detached) => Err(Stop::Interrupted),
        Err(stop) => Err(stop),
    };
    session.end(collected.map(|collected| Collection::Done(Box::new(collected)))).await
}

/// Days, each with what came of clearing it.
pub type CollectedDays = Vec<(Day, Result<Collection, Stop>)>;

/// Removes what is due of all days, this one included: what is due of an old day is found by whoever runs a new one.
/// Days that somebody else holds are left to the next time.
pub async fn collect_all_garbage(
    aws: &AwsContext,
    spec: &Spec,
    holder: &Holder,
    interrupts: &mut Interrupts,
) -> Result<CollectedDays, Stop> {
    let mut due = Vec::new();
    for DayRecord { day, status } in Box::pin(days(aws, spec, None)).await?.into_iter().rev() {
        let (Ok(status), Ok(spec)) = (status, spec.on(day)) else { continue };
        if status.unknown.is_some() {
            continue;
        }
        let is_held = status.driven_by.is_some_and(|(holder, _)| !holder.is_certainly_dead());
        if !is_held && is_due(aws, &spec, &status.state).await? {
            due.push(day);
        }
    }
    Ok(collect_garbage_of(aws, spec, &due, holder, &mut |_| Box::new(()), interrupts).await)
}

/// Clears one day after another. A day that cannot be cleared hides none of the others; a signal is the end of it, and
/// the days after it are left as they are.
pub async fn collect_garbage_of(
    aws: &AwsContext,
    spec: &Spec,
    days: &[Day],
    holder: &Holder,
    listener: &mut dyn FnMut(Day) -> Box<dyn RunListener>,
    interrupts: &mut Interrupts,
) -> CollectedDays {
    let mut all = Vec::new();
    for day in days {
        let Ok(spec) = spec.on(*day) else { continue };
        let mut listener = listener(*day);
        let collected = Box::pin(clear(aws, &spec, holder, listener.as_mut(), interrupts)).await;
        let is_stopped = match &collected {
            Ok(Collection::Done(done)) => done.stopped,
            Err(stop) => matches!(stop, Stop::Interrupted),
            Ok(Collection::NotRun | Collection::InFlight) => false,
        };
        all.push((*day, collected));
        if is_stopped {
            break;
        }
    }
    all
}

async fn collect_held(
    aws: &AwsContext,
    spec: &Spec,
    ledger: &mut Ledger<'_>,
    listener: &mut dyn RunListener,
    interrupts: &mut Interrupts,
) -> Result<Collected, Stop> {
    let mut clearer = Collector { aws, spec, ledger, listener, interrupts, stopped: false };
    let mut evaluation = clearer.evaluate().await?;
    if evaluation.expires {
        clearer.record(Event::DayExpiring).await?;
    }
    if clearer.ledger.state().is_expiring() {
        clearer.withdraw().await?;
        evaluation = clearer.evaluate().await?;
    }
    let mut removed = Vec::new();
    for (attempt, because) in evaluation.removals() {
        if clearer.is_stopped() {
            break;
        }
        removed.extend(clearer.remove(attempt, because).await?);
    }
    let stopped = clearer.stopped;
    let state = clearer.ledger.state().clone();
    // What stays, stays for the reason that it was found to have.
    let mut attempts = evaluation.attempts;
    for evaluated in &mut attempts {
        if removed.iter().any(|removed: &Removed| removed.attempt == evaluated.attempt) {
            evaluated.disposition = Disposition::Gone;
        }
    }
    Ok(Collected { removed, attempts, stopped, state })
}

/// Someone who holds the day, and clears it.
struct Collector<'a, 'l> {
    aws: &'a AwsContext,
    spec: &'a Spec,
    ledger: &'a mut Ledger<'l>,
    listener: &'a mut dyn RunListener,
    interrupts: &'a mut Interrupts,
    /// Whether somebody stopped it.
    stopped: bool,
}

impl Collector<'_, '_> {
    fn is_stopped(&mut self) -> bool {
        self.stopped |= self.interrupts.pending().is_some();
        self.stopped
    }

    /// What may go of the day, by what its tables serve just now.
    async fn evaluate(&self) -> Result<Evaluation, Stop> {
        let state = self.ledger.state();
        let served = served(self.aws, self.spec, state).await?;
        evaluated(self.aws, self.spec, state, &served).await
    }

    async fn record(&mut self, event: Event) -> Result<(), Stop> {
        for recorded in self.ledger.append(vec![event]).await? {
            self.listener.recorded(&recorded, self.ledger.state());
        }
        Ok(())
    }

    /// Removes the day's partitions, as far as they serve what its attempts wrote: others' are theirs.
    async fn withdraw(&mut self) -> Result<(), Stop> {
        let (aws, spec) = (self.aws, self.spec);
        let date = spec.day.to_string();
        for served in served(aws, spec, self.ledger.state()).await? {
            let is_ours = served.attempt.is_some() && aws.safeguards.withdrawal();
            let Some(catalog) = spec.published_to().filter(|_| is_ours) else { continue };
            let (database, table) = (catalog.database.as_str(), served.table.as_str());
            // Each try is one call, and the lease is made sure of before each: by a late one a day would go that
            // another has published anew.
            let mut patience = Patience::new(aws);
            loop {
                self.ledger.must_hold_for(action_limit(aws)).await?;
                match actions::delete_partition(aws, database, table, &date).await {
                    Ok(()) => break,
                    Err(error) => patience.wait(error).await?,
                }
            }
        }
        self.record(Event::DayExpired).await
    }

    /// Removes an attempt's output; nothing is, where a table serves it after all.
    async fn remove(&mut self, attempt: u32, because: Removal) -> Result<Option<Removed>, Stop> {
        let Some(folder) = folder(self.spec, self.ledger.state(), attempt) else { return Ok(None) };
        let known = self.ledger.state().numbered(attempt);
        if known.is_some_and(|known| !matches!(known.retention, RetentionState::Deleting { .. })) {
            if is_elsewhere(self.aws, self.spec, self.ledger.state(), attempt).await? {
                return Ok(None);
            }
            self.record(Event::DeletingOutput { attempt, because }).await?;
        }
        // Right before the first object goes: whoever published it lately, as this process knew nothing of, was seen
        // to have done so, and from now on nobody can.
        if !matches!(self.evaluate().await?.of(attempt), Some(Disposition::Remove(_))) {
            return Ok(None);
        }
        let (objects, bytes) = if self.aws.safeguards.deleted_last() {
            let Some((objects, bytes)) = self.delete(&folder).await? else { return Ok(None) };
            self.record(Event::OutputDeleted { attempt, objects, bytes }).await?;
            (objects, bytes)
        } else {
            self.record(Event::OutputDeleted { attempt, objects: 0, bytes: 0 }).await?;
            let Some(gone) = self.delete(&folder).await? else { return Ok(None) };
            gone
        };
        Ok(Some(Removed { attempt, because, folder: folder.to_string(), objects, bytes }))
    }

    /// Deletes a folder, page by page. Where somebody stops it there is nothing to tell yet: the next one goes on.
    async fn delete(&mut self, folder: &S3Uri) -> Result<Option<(u64, u64)>, Stop> {
        let aws = self.aws;
        let (objects, bytes) = (Cell::new(0_u64), Cell::new(0_u64));
        loop {
            self.ledger.must_hold_for(action_limit(aws)).await?;
            let page = async || {
                let page = actions::delete_output(aws, folder).await?;
                objects.set(objects.get() + page.objects);
                bytes.set(bytes.get() + page.bytes);
                page.error.map_or(Ok(page.found), Err)
            };
            let found = patiently(aws, page).await?;
            if found == 0 {
                return Ok(Some((objects.get(), bytes.get())));
            }
            if found >= usize::from(actions::DELETED_AT_ONCE) && self.is_stopped() {
                return Ok(None);
            }
        }
    }
}

/// Whether nothing of an attempt's output was deleted yet.
fn is_untouched(state: &State, number: u32) -> bool {
    let attempt = state.numbered(number);
    attempt.is_some_and(|attempt| {
        matches!(attempt.retention, RetentionState::Kept | RetentionState::Expired { .. })
    })
}

/// Whether an attempt's output was once found good: then there is something, here or elsewhere.
fn was_good(state: &State, number: u32) -> bool {
    state.numbered(number).is_some_and(Attempt::has_succeeded)
}

/// The folder that belongs to an attempt alone.
fn folder(spec: &Spec, state: &State, number: u32) -> Option<S3Uri> {
    state.numbered(number)?.intent().filter(|_| spec.is_versioned()).map(|intent| spec.output_folder(intent))
}

async fn served(aws: &AwsContext, spec: &Spec, state: &State) -> Result<Vec<Served>, CallError> {
    if !aws.safeguards.live_catalog_check() {
        return Ok(Vec::new());
    }
    patiently(aws, async || observe::served(aws, spec, state).await).await
}
