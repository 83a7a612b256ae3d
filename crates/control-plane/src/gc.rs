//! Output that nobody needs any more, removed: of attempts that were superseded or never found good, and of whole days
//! that expired. What may go says `emrys_core::gc`; here it is looked up, and done under the day's lease.
//!
//! ```text
//! lease -> catalog as the record says -> judge
//!   of a day that expires:  Expiring, its partitions, Expired
//!   attempt by attempt:     Collecting, the catalog once more, its objects, Collected
//! ```
//!
//! It may be cut anywhere: what is recorded as intended is taken up by the next one, and done to its end.

use std::cell::Cell;

use emrys_core::catalog::Served;
use emrys_core::day::Day;
use emrys_core::gc::{Fate, Judged, Judgement, judge, judge_unexpired};
use emrys_core::run::{Attempt, Event, Keeping, Removal, State, Trouble};
use emrys_core::s3_uri::S3Uri;
use emrys_core::spec::Spec;

use crate::acts;
use crate::clients::ControlPlane;
use crate::days::{DayRecord, days};
use crate::engine::{Engine, How, act_limit};
use crate::interrupt::Interrupts;
use crate::ledger::{Holder, Ledger, read};
use crate::looks;
use crate::patience::{Patience, patiently};
use crate::stop::Stop;
use crate::watcher::Watcher;

/// What came of asking for a day's output to be cleared.
#[derive(Debug, Clone, PartialEq)]
pub enum Clearing {
    /// The day was never run.
    NotRun,
    /// The day's run is not over, and somebody drives it, or will.
    InFlight,
    /// It was looked at, and what may go is gone.
    Done(Box<Cleared>),
}

/// What became of a day's output.
#[derive(Debug, Clone, PartialEq)]
pub struct Cleared {
    /// What went, and why.
    pub removed: Vec<Removed>,
    /// What became of all attempts' output, those that went included.
    pub attempts: Vec<Judged>,
    /// Whether somebody stopped it before its end.
    pub stopped: bool,
    /// The day, as its record tells it now.
    pub state: State,
}

/// Output of an attempt that is gone, or is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// The attempt.
    pub attempt: u32,
    /// Why.
    pub because: Removal,
    /// Where it was.
    pub folder: String,
    /// How many objects.
    pub objects: u64,
    /// Their sizes together, in bytes.
    pub bytes: u64,
}

/// What may go of a day, looked at and not touched.
#[derive(Debug, Clone, PartialEq)]
pub struct Clearable {
    /// The day.
    pub day: Day,
    /// Whether the whole day expires: then its partitions go, too.
    pub expires: bool,
    /// The tables that serve something else than the record says: that is put right before anything goes.
    pub astray: Vec<String>,
    /// What may go.
    pub removals: Vec<Removed>,
    /// What becomes of all attempts' output, and why.
    pub attempts: Vec<Judged>,
}

/// What may go of the day just now; nothing, when it was never run. It only reads.
pub async fn clearable(cp: &ControlPlane, spec: &Spec) -> Result<Option<Clearable>, Stop> {
    let Some(document) = read(cp, spec).await? else { return Ok(None) };
    let state = document.state(spec)?;
    look(cp, spec, &state).await.map(Some)
}

/// What may go of all days, the oldest first, and which of them tables serve otherwise than their record says; all others
/// are left out. It only reads. A day whose record cannot be read hides none of the others: `Err` says which, and why.
pub async fn clearables(
    cp: &ControlPlane,
    spec: &Spec,
) -> Result<Vec<Result<Clearable, (Day, String)>>, Stop> {
    let mut found = Vec::new();
    let served = patiently(cp, async || looks::AllServed::look(cp, spec).await).await?;
    for DayRecord { day, status } in Box::pin(days(cp, spec, None)).await?.into_iter().rev() {
        let state = match status {
            Ok(status) => status.state,
            Err(error) => {
                found.push(Err((day, error.to_string())));
                continue;
            }
        };
        let Ok(spec) = spec.on(day) else { continue };
        if is_due(cp, &spec, &state).await? || served.is_astray(&spec, &state) {
            let day = look(cp, &spec, &state).await?;
            if day.expires || !day.astray.is_empty() || !day.removals.is_empty() {
                found.push(Ok(day));
            }
        }
    }
    Ok(found)
}

/// Whether something of a day may go, by its record and by what lies in the folders of its attempts: then it is worth a
/// look. An attempt that never wrote anything stays due for ever, and costs this one listing.
async fn is_due(cp: &ControlPlane, spec: &Spec, state: &State) -> Result<bool, Stop> {
    let judgement = judge(spec, state, &[], cp.clock.now());
    // Whose partitions were to go, and came back or stayed, is gone on with.
    if state.is_expiring() || judgement.expires {
        return Ok(true);
    }
    for (attempt, _) in judgement.removals() {
        if !is_elsewhere(cp, spec, state, attempt).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn look(cp: &ControlPlane, spec: &Spec, state: &State) -> Result<Clearable, Stop> {
    let served = served(cp, spec, state).await?;
    let judgement = judged(cp, spec, state, &served).await?;
    let mut removals = Vec::new();
    for (attempt, because) in judgement.removals() {
        let Some(folder) = folder(spec, state, attempt) else { continue };
        let (objects, bytes) = patiently(cp, async || looks::size(cp, &folder).await).await?;
        if objects == 0 && is_untouched(state, attempt) {
            continue;
        }
        removals.push(Removed { attempt, because, folder: folder.to_string(), objects, bytes });
    }
    let expires = state.is_expiring() || judgement.expires;
    let astray = match patiently(cp, async || looks::astray_of(cp, spec, state, &served).await).await? {
        Some(Event::CatalogAstray { tables, .. }) => tables,
        _ => Vec::new(),
    };
    Ok(Clearable { day: spec.day, expires, astray, removals, attempts: judgement.attempts })
}

/// What may go of the day, by what its tables serve. A day expires as a whole: where output of it that was found good is not
/// where the configuration says, it may be elsewhere and served from there, and the day does not.
async fn judged(cp: &ControlPlane, spec: &Spec, state: &State, served: &[Served]) -> Result<Judgement, Stop> {
    let now = cp.clock.now();
    let judgement = judge(spec, state, served, now);
    if judgement.expires {
        for (attempt, _) in judgement.removals().filter(|(attempt, _)| was_good(state, *attempt)) {
            if is_elsewhere(cp, spec, state, attempt).await? {
                return Ok(judge_unexpired(spec, state, served, now));
            }
        }
    }
    Ok(judgement)
}

/// Whether nothing is where the configuration says that an attempt wrote, and nothing of it was deleted yet. Then nothing is
/// recorded of it: `[output] uri` may have been another, and what it wrote is there, and perhaps served from there. An
/// attempt that failed before it wrote anything looks the same, and its record stays as it is: who wrote `Collected` on
/// the strength of an empty folder would never look at the old address again.
async fn is_elsewhere(cp: &ControlPlane, spec: &Spec, state: &State, attempt: u32) -> Result<bool, Stop> {
    let Some(folder) = folder(spec, state, attempt) else { return Ok(true) };
    Ok(is_untouched(state, attempt) && !patiently(cp, async || looks::is_taken(cp, &folder).await).await?)
}

/// Removes what may go of a day. The catalog is put right before, where it does not serve what it should. There is no run
/// that could be cancelled: whatever a user says ends it, after what was begun.
pub async fn clear(
    cp: &ControlPlane,
    spec: &Spec,
    holder: &Holder,
    watcher: &mut dyn Watcher,
    interrupts: &mut Interrupts,
) -> Result<Clearing, Stop> {
    interrupts.only_stop();
    // Read first: a day that was never run gets no record by this, and nobody waits for one in flight.
    match read(cp, spec).await? {
        None => return Ok(Clearing::NotRun),
        Some(document) if document.state(spec)?.closed.is_none() => return Ok(Clearing::InFlight),
        Some(_) => {}
    }
    let ledger = Box::pin(Ledger::take(cp, spec, holder, watcher, interrupts)).await?;
    if ledger.state().closed.is_none() {
        // Somebody began it anew in between, and is gone: whoever clears away drives no run.
        ledger.release().await;
        return Ok(Clearing::InFlight);
    }
    let mut engine = Engine::new(cp, spec, ledger, watcher, interrupts);
    let settled = if cp.safeguards.live_look {
        Box::pin(engine.settle()).await
    } else {
        Box::pin(engine.turns()).await
    };
    let mut ledger = engine.into_ledger();
    let cleared = match settled {
        Ok(How::Closed(_)) => clear_held(cp, spec, &mut ledger, watcher, interrupts).await,
        Ok(How::Left(leave)) => Err(leave.trouble().clone().into()),
        Ok(How::StoppedWatching | How::Detached) => Err(Stop::Interrupted),
        Err(stop) => Err(stop),
    };
    match cleared {
        Ok(cleared) => {
            ledger.release().await;
            Ok(Clearing::Done(Box::new(cleared)))
        }
        Err(stop) => {
            ledger.release_unless_lost(&stop).await;
            Err(stop)
        }
    }
}

/// Days, each with what came of clearing it.
pub type ClearedDays = Vec<(Day, Result<Clearing, Stop>)>;

/// Removes what is due of all days, this one included: what is due of an old day is found by whoever runs a new one.
/// Days that somebody else holds are left to the next time.
pub async fn clear_all(
    cp: &ControlPlane,
    spec: &Spec,
    holder: &Holder,
    interrupts: &mut Interrupts,
) -> Result<ClearedDays, Stop> {
    let mut due = Vec::new();
    for DayRecord { day, status } in Box::pin(days(cp, spec, None)).await?.into_iter().rev() {
        let (Ok(status), Ok(spec)) = (status, spec.on(day)) else { continue };
        let is_held = status.driven_by.is_some_and(|(holder, _)| !holder.is_certainly_dead());
        if !is_held && is_due(cp, &spec, &status.state).await? {
            due.push(day);
        }
    }
    Ok(clear_days(cp, spec, &due, holder, &mut |_| Box::new(()), interrupts).await)
}

/// Clears one day after another. A day that cannot be cleared hides none of the others; a signal is the end of it, and the
/// days after it are left as they are.
pub async fn clear_days(
    cp: &ControlPlane,
    spec: &Spec,
    days: &[Day],
    holder: &Holder,
    watcher: &mut dyn FnMut(Day) -> Box<dyn Watcher>,
    interrupts: &mut Interrupts,
) -> ClearedDays {
    let mut all = Vec::new();
    for day in days {
        let Ok(spec) = spec.on(*day) else { continue };
        let mut watcher = watcher(*day);
        let cleared = Box::pin(clear(cp, &spec, holder, watcher.as_mut(), interrupts)).await;
        let is_stopped = match &cleared {
            Ok(Clearing::Done(done)) => done.stopped,
            Err(stop) => matches!(stop, Stop::Interrupted),
            Ok(Clearing::NotRun | Clearing::InFlight) => false,
        };
        all.push((*day, cleared));
        if is_stopped {
            break;
        }
    }
    all
}

async fn clear_held(
    cp: &ControlPlane,
    spec: &Spec,
    ledger: &mut Ledger<'_>,
    watcher: &mut dyn Watcher,
    interrupts: &mut Interrupts,
) -> Result<Cleared, Stop> {
    let mut clearer = Clearer { cp, spec, ledger, watcher, interrupts, stopped: false };
    let mut judgement = clearer.judge().await?;
    if judgement.expires {
        clearer.record(Event::Expiring).await?;
    }
    if clearer.ledger.state().is_expiring() {
        clearer.withdraw().await?;
        judgement = clearer.judge().await?;
    }
    let mut removed = Vec::new();
    for (attempt, because) in judgement.removals() {
        if clearer.is_stopped() {
            break;
        }
        removed.extend(clearer.remove(attempt, because).await?);
    }
    let stopped = clearer.stopped;
    let state = clearer.ledger.state().clone();
    // What stays, stays for the reason that it was found to have.
    let mut attempts = judgement.attempts;
    for judged in &mut attempts {
        if removed.iter().any(|removed: &Removed| removed.attempt == judged.attempt) {
            judged.fate = Fate::Gone;
        }
    }
    Ok(Cleared { removed, attempts, stopped, state })
}

/// Someone who holds the day, and clears it.
struct Clearer<'a, 'l> {
    cp: &'a ControlPlane,
    spec: &'a Spec,
    ledger: &'a mut Ledger<'l>,
    watcher: &'a mut dyn Watcher,
    interrupts: &'a mut Interrupts,
    /// Whether somebody stopped it.
    stopped: bool,
}

impl Clearer<'_, '_> {
    fn is_stopped(&mut self) -> bool {
        self.stopped |= self.interrupts.pending().is_some();
        self.stopped
    }

    /// What may go of the day, by what its tables serve just now.
    async fn judge(&self) -> Result<Judgement, Stop> {
        let state = self.ledger.state();
        let served = served(self.cp, self.spec, state).await?;
        judged(self.cp, self.spec, state, &served).await
    }

    async fn record(&mut self, event: Event) -> Result<(), Stop> {
        for recorded in self.ledger.append(vec![event]).await? {
            self.watcher.recorded(&recorded, self.ledger.state());
        }
        Ok(())
    }

    /// Removes the day's partitions, as far as they serve what its attempts wrote: others' are theirs.
    async fn withdraw(&mut self) -> Result<(), Stop> {
        let (cp, spec) = (self.cp, self.spec);
        let date = spec.day.to_string();
        for served in served(cp, spec, self.ledger.state()).await? {
            let is_ours = served.attempt.is_some() && cp.safeguards.withdrawal;
            let Some(catalog) = spec.published_to().filter(|_| is_ours) else { continue };
            let (database, table) = (catalog.database.as_str(), served.table.as_str());
            // Each try is one call, and the lease is made sure of before each: by a late one a day would go that another
            // has published anew.
            let mut patience = Patience::new(cp);
            loop {
                self.ledger.must_hold_for(act_limit(cp)).await?;
                match acts::withdraw(cp, database, table, &date).await {
                    Ok(()) => break,
                    Err(trouble) => patience.wait(trouble).await?,
                }
            }
        }
        self.record(Event::Expired).await
    }

    /// Removes an attempt's output; nothing is, where a table serves it after all.
    async fn remove(&mut self, attempt: u32, because: Removal) -> Result<Option<Removed>, Stop> {
        let Some(folder) = folder(self.spec, self.ledger.state(), attempt) else { return Ok(None) };
        let known = self.ledger.state().numbered(attempt);
        if known.is_some_and(|known| !matches!(known.keeping, Keeping::Collecting { .. })) {
            if is_elsewhere(self.cp, self.spec, self.ledger.state(), attempt).await? {
                return Ok(None);
            }
            self.record(Event::Collecting { attempt, because }).await?;
        }
        // Right before the first object goes: whoever published it lately, as this process knew nothing of, was seen
        // to have done so, and from now on nobody can.
        if !matches!(self.judge().await?.of(attempt), Some(Fate::Remove(_))) {
            return Ok(None);
        }
        let (objects, bytes) = if self.cp.safeguards.gone_last {
            let Some((objects, bytes)) = self.delete(&folder).await? else { return Ok(None) };
            self.record(Event::Collected { attempt, objects, bytes }).await?;
            (objects, bytes)
        } else {
            self.record(Event::Collected { attempt, objects: 0, bytes: 0 }).await?;
            let Some(gone) = self.delete(&folder).await? else { return Ok(None) };
            gone
        };
        Ok(Some(Removed { attempt, because, folder: folder.to_string(), objects, bytes }))
    }

    /// Deletes a folder, page by page. Where somebody stops it there is nothing to tell yet: the next one goes on.
    async fn delete(&mut self, folder: &S3Uri) -> Result<Option<(u64, u64)>, Stop> {
        let cp = self.cp;
        let (objects, bytes) = (Cell::new(0_u64), Cell::new(0_u64));
        loop {
            self.ledger.must_hold_for(act_limit(cp)).await?;
            let page = async || {
                let page = acts::collect(cp, folder).await?;
                objects.set(objects.get() + page.objects);
                bytes.set(bytes.get() + page.bytes);
                page.trouble.map_or(Ok(page.found), Err)
            };
            let found = patiently(cp, page).await?;
            if found == 0 {
                return Ok(Some((objects.get(), bytes.get())));
            }
            if found >= usize::from(acts::COLLECTED_AT_ONCE) && self.is_stopped() {
                return Ok(None);
            }
        }
    }
}

/// Whether nothing of an attempt's output was deleted yet.
fn is_untouched(state: &State, number: u32) -> bool {
    let attempt = state.numbered(number);
    attempt.is_some_and(|attempt| matches!(attempt.keeping, Keeping::Kept | Keeping::Expired { .. }))
}

/// Whether an attempt's output was once found good: then there is something, here or elsewhere.
fn was_good(state: &State, number: u32) -> bool {
    state.numbered(number).is_some_and(Attempt::has_succeeded)
}

/// The folder that belongs to an attempt alone.
fn folder(spec: &Spec, state: &State, number: u32) -> Option<S3Uri> {
    state.numbered(number)?.intent().filter(|_| spec.is_versioned()).map(|intent| spec.output_folder(intent))
}

async fn served(cp: &ControlPlane, spec: &Spec, state: &State) -> Result<Vec<Served>, Trouble> {
    if !cp.safeguards.live_look {
        return Ok(Vec::new());
    }
    patiently(cp, async || looks::served(cp, spec, state).await).await
}
