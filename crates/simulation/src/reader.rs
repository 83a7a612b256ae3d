//! Someone who queries without pause: after each call that changes AWS the catalog and the files that it serves are
//! looked at, directly and not over the wire.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use emrys_core::catalog::table_folder;
use emrys_core::record::Removal;
use emrys_core::run::{Attempt, Publishing, RetentionState, State};
use emrys_core::spec::Spec;
use emrys_local_aws::server::Endpoint;
use emrys_local_aws::store::Store;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::time::Instant;

use crate::catalog;
use crate::fault::Call;
use crate::harness::{self, BUCKET, Ledger};
use crate::invariants::{Invariant, Violation};

/// Why a table may have been moved to another attempt than the record named at that moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Excuse {
    /// The process was suspended between its check of the lease and this call.
    Slept,
    /// Somebody broke its lease while it was at work.
    Unlocked,
    /// The call was on its way when its sender was dead already, or waited no longer.
    Late,
}

/// The least time for which an attempt is kept after another was chosen; clocks of processes are ten minutes off.
const GRACE: SignedDuration = SignedDuration::from_mins(24 * 60 - 20);

/// The least age of output that expires, counted from the end of the day's last attempt; of clocks the same holds.
const OLD: SignedDuration = SignedDuration::from_mins(24 * 60 - 20);

/// Where each table has the day.
type Serving = BTreeMap<&'static str, Option<String>>;

/// The call after which the reader observes the tables.
#[derive(Debug, Clone, Copy)]
pub(crate) struct After {
    /// The process that made it.
    pub(crate) by: usize,
    /// What it could not help, if there is such a thing.
    pub(crate) excuse: Option<Excuse>,
    /// Whether it may have changed the catalog itself.
    pub(crate) of_catalog: bool,
}

/// Everything that was read, and what is wrong with it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Readings {
    /// What does not hold.
    pub(crate) wrongs: Vec<Violation>,
    /// Tables by the last call that moved them, where that was a misstep.
    pub(crate) missteps: BTreeMap<&'static str, Excuse>,
    /// Tables, and the folder, by the last such call, where that is of an attempt whose output was on its way out, or
    /// gone: of a day that expires nothing waits for who would wake up. The next observation mends it.
    revived: BTreeMap<&'static str, String>,
    /// Where the tables were found.
    pub(crate) serving: Serving,
    /// How often a table was found to serve another folder.
    moves: u64,
    /// How often by a process that could not know better.
    late: u64,
    /// How often objects were deleted.
    deletions: u64,
    /// How often a table lost the day because it expired.
    withdrawals: u64,
    /// The files of each folder that was served, as its manifest names them.
    files: BTreeMap<String, BTreeMap<String, u64>>,
    /// Whether the lease of somebody was broken.
    unlocked: bool,
    /// Whether somebody deleted the ledger: then nobody knows what it said.
    lost: bool,
}

/// The reader; all copies are one.
#[derive(Debug, Clone)]
pub(crate) struct Reader(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    spec: Spec,
    endpoint: Endpoint,
    store: Store,
    origin: Instant,
    readings: Mutex<Readings>,
}

impl Reader {
    pub(crate) fn new(spec: &Spec, endpoint: &Endpoint, store: &Store) -> Self {
        let (spec, endpoint, store) = (spec.clone(), endpoint.clone(), store.clone());
        Self(Arc::new(Inner { spec, endpoint, store, origin: Instant::now(), readings: Mutex::default() }))
    }

    /// From here on a process may go on although its lease was broken.
    pub(crate) fn unlocked(&self) {
        self.readings().unlocked = true;
    }

    /// From here on nothing is known of what the ledger said.
    pub(crate) fn lost(&self) {
        self.readings().lost = true;
    }

    /// What was read so far.
    pub(crate) fn snapshot(&self) -> Readings {
        self.readings().clone()
    }

    /// Observes the tables after a call.
    pub(crate) fn observe(&self, after: After) {
        if self.0.spec.published_to().is_some() {
            let serving = after.of_catalog.then(|| catalog::serving(&mut self.0.endpoint.world()));
            self.see(serving, after);
        }
    }

    /// Where each table has the day now, unless that is as it was; and what lies there.
    fn see(&self, serving: Option<Serving>, after: After) {
        let mut readings = self.readings();
        for (table, location) in serving.into_iter().flatten() {
            let before = readings.serving.insert(table, location.clone()).flatten();
            match location {
                None if before.is_some() => self.withdrawn(&mut readings, table, after),
                Some(location) if before.as_ref() != Some(&location) => {
                    self.moved(&mut readings, table, &location, after);
                }
                _ => {}
            }
        }
        self.read_files(&mut readings);
    }

    /// A table has the day no more. It may only lose one that expires, as the record says in that moment.
    fn withdrawn(&self, readings: &mut Readings, table: &'static str, after: After) {
        readings.withdrawals += 1;
        readings.missteps.remove(table);
        readings.revived.remove(table);
        let state = Ledger::read(&self.0.store, &self.0.spec).state().unwrap_or_default();
        let why = if state.is_expiring() {
            match self.is_old(&state) {
                Ok(()) => return,
                Err(why) => why,
            }
        } else {
            "the record does not say that it expires".to_owned()
        };
        match after.excuse.or(readings.unlocked.then_some(Excuse::Unlocked)) {
            Some(excuse) => {
                readings.late += 1;
                readings.missteps.insert(table, excuse);
            }
            None => readings
                .broken(Invariant::DayStays, format!("p{} took the day out of {table}, and {why}", after.by)),
        }
    }

    /// Whether the last attempt that expired with its day ended long enough ago.
    fn is_old(&self, state: &State) -> Result<(), String> {
        let expired = state.attempts.iter().filter(|attempt| !attempt.retention.is_kept());
        let last = expired.filter_map(|attempt| attempt.ended).map(|(_, at)| at).max();
        let age = last.map(|last| self.now().duration_since(last));
        if age.is_some_and(|age| age >= OLD) {
            Ok(())
        } else {
            Err(format!("its last attempt ended {last:?}"))
        }
    }

    fn now(&self) -> Timestamp {
        harness::start() + self.0.origin.elapsed()
    }

    /// A table serves another folder than before.
    fn moved(&self, readings: &mut Readings, table: &'static str, location: &str, after: After) {
        readings.moves += 1;
        readings.missteps.remove(table);
        readings.revived.remove(table);
        let excuse = after.excuse.or(readings.unlocked.then_some(Excuse::Unlocked));
        let state = Ledger::read(&self.0.store, &self.0.spec).state().unwrap_or_default();
        let attempt = self.attempt(&state, table, location);
        if excuse.is_some() && attempt.is_some_and(|attempt| !attempt.retention.is_kept()) {
            readings.revived.insert(table, location.to_owned());
        } else if !readings.files.contains_key(location) {
            match self.manifest(table, location) {
                Ok(files) => drop(readings.files.insert(location.to_owned(), files)),
                Err(why) => readings.broken(Invariant::ServedWhole, format!("{table}: {location}: {why}")),
            }
        }
        if readings.lost {
            return;
        }
        if !attempt.is_some_and(Attempt::has_succeeded) {
            readings.broken(Invariant::ServedVerified, format!("{table} serves {location}"));
        }
        let (number, chosen) = (attempt.map(|a| a.number), state.chosen().map(|a| a.number));
        if number == chosen {
            return;
        }
        if let Some(excuse) = excuse {
            readings.late += 1;
            readings.missteps.insert(table, excuse);
        } else {
            let what = format!("p{} moved {table} to {number:?}, and the record names {chosen:?}", after.by);
            readings.broken(Invariant::OnlyTheChosen, what);
        }
    }

    /// Objects are about to be deleted.
    pub(crate) fn deleted(&self, by: usize, call: &Call, body: &[u8]) {
        let mut readings = self.readings();
        readings.deletions += 1;
        let state = Ledger::read(&self.0.store, &self.0.spec).state().unwrap_or_default();
        let mut serving = catalog::serving(&mut self.0.endpoint.world());
        serving
            .retain(|table, location| location.is_none() || location.as_ref() != readings.revived.get(table));
        for key in keys(call, body) {
            if let Err(why) = self.may_go(&state, &serving, &key) {
                readings.broken(Invariant::OnlySuperseded, format!("p{by} deletes {key}: {why}"));
            }
        }
    }

    /// Whether an object belongs to an attempt that nobody needs any more.
    fn may_go(&self, state: &State, serving: &Serving, key: &str) -> Result<(), String> {
        let folder = |attempt: &Attempt| attempt.intent().map(|intent| self.0.spec.output_folder(intent));
        let of_key = |attempt: &&Attempt| folder(attempt).is_some_and(|folder| key.starts_with(folder.key()));
        let attempt = state.attempts.iter().find(of_key).ok_or("it is in no attempt's folder")?;
        let uri = format!("s3://{BUCKET}/{key}");
        let served = serving.iter().find(|(_, location)| {
            location.as_ref().is_some_and(|location| uri.starts_with(location.as_str()))
        });
        if let Some((table, _)) = served {
            return Err(format!("{table} serves it"));
        }
        match attempt.retention {
            RetentionState::Deleting { because: Removal::Expired, .. } => return self.is_old(state),
            // A call that was slow on its way may arrive when the rest is gone.
            RetentionState::Deleted { .. } if self.is_old(state).is_ok() => return Ok(()),
            RetentionState::Kept => return Err("that was not recorded before".to_owned()),
            _ => {}
        }
        let since = match (&attempt.publishing, &attempt.ended) {
            (Publishing::Superseded { since }, _) => *since,
            (Publishing::Open, Some((_, since))) if !attempt.has_succeeded() => *since,
            other => return Err(format!("it is {other:?}")),
        };
        let age = self.now().duration_since(since);
        if age < GRACE {
            return Err(format!("it is needed no more since {since} only"));
        }
        Ok(())
    }

    /// Attempts that are gone, as the record says, and of which something is there.
    pub(crate) fn left(&self, state: &State) -> Vec<String> {
        let gone = state.attempts.iter().filter(|a| matches!(a.retention, RetentionState::Deleted { .. }));
        let folders = gone.filter_map(Attempt::intent).map(|intent| self.0.spec.output_folder(intent));
        let files = folders.flat_map(|folder| harness::files(&self.0.store, folder.key()));
        files.map(|(key, _)| key).collect()
    }

    /// What is left of a day that expired: objects of any of its attempts, and tables that have it.
    pub(crate) fn left_of_the_day(&self, state: &State) -> Vec<String> {
        let intents = state.attempts.iter().filter_map(Attempt::intent);
        let folders = intents.map(|intent| self.0.spec.output_folder(intent));
        let files =
            folders.flat_map(|folder| harness::files(&self.0.store, folder.key())).map(|(key, _)| key);
        let serving = catalog::serving(&mut self.0.endpoint.world());
        let tables = serving.into_iter().filter_map(|(table, at)| Some(format!("{table} serves {}", at?)));
        files.chain(tables).collect()
    }

    /// The attempt that wrote a folder.
    fn attempt<'a>(&self, state: &'a State, table: &str, location: &str) -> Option<&'a Attempt> {
        let wrote = |attempt: &&Attempt| {
            attempt
                .intent()
                .is_some_and(|intent| table_folder(&self.0.spec, intent, table).to_string() == location)
        };
        state.attempts.iter().find(wrote)
    }

    /// The attempt that a table serves.
    pub(crate) fn serves(&self, state: &State, table: &str, location: &str) -> Option<u32> {
        self.attempt(state, table, location).map(|attempt| attempt.number)
    }

    /// The files of a table as the manifest beside it names them. It is read by other code than Emrys's.
    fn manifest(&self, table: &str, location: &str) -> Result<BTreeMap<String, u64>, String> {
        let folder = location.strip_prefix(&format!("s3://{BUCKET}/")).ok_or("it is in another bucket")?;
        let folder = folder.strip_suffix(&format!("{table}/")).ok_or("it is another table's")?;
        let manifest = self.0.store.get(BUCKET, &format!("{folder}manifest.json"));
        let manifest = manifest.map_err(|error| format!("no manifest: {error}"))?;
        let manifest: Value = serde_json::from_slice(&manifest).map_err(|error| error.to_string())?;
        let of_table =
            manifest["tables"].as_array().into_iter().flatten().filter(|found| found["name"] == table);
        let files = of_table.flat_map(|found| found["files"].as_array().into_iter().flatten());
        let named = |file: &Value| {
            let path = file["path"].as_str().unwrap_or_default();
            (format!("{folder}{path}"), file["size"].as_u64().unwrap_or_default())
        };
        Ok(files.map(named).collect())
    }

    /// All that a query would read, in this moment.
    fn read_files(&self, readings: &mut Readings) {
        for (table, location) in readings.serving.clone() {
            let Some(location) = location else { continue };
            let Some(named) = readings.files.get(&location) else { continue };
            if readings.revived.get(table) == Some(&location) {
                continue;
            }
            let prefix = location.strip_prefix(&format!("s3://{BUCKET}/")).unwrap_or(&location);
            let found: BTreeMap<String, u64> = harness::files(&self.0.store, prefix).into_iter().collect();
            if *named != found {
                let what = format!("{table}: the manifest names {named:?}, and {location} has {found:?}");
                readings.broken(Invariant::ServedWhole, what);
            }
        }
    }

    fn readings(&self) -> MutexGuard<'_, Readings> {
        self.0.readings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Readings {
    /// What happened, for the summary.
    pub(crate) fn counted(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = [
            ("table moved", self.moves),
            ("table moved too late", self.late),
            ("objects deleted", self.deletions),
            ("day taken out of a table", self.withdrawals),
        ];
        counts.into_iter().filter(|(_, count)| *count > 0)
    }

    /// Each thing is told once, however often it is seen.
    fn broken(&mut self, invariant: Invariant, what: String) {
        let violation = Violation { invariant, what };
        if !self.wrongs.contains(&violation) {
            self.wrongs.push(violation);
        }
    }
}

/// The keys that a call deletes: in its path, or, of many, in its body.
fn keys(call: &Call, body: &[u8]) -> Vec<String> {
    if let Some(path) = call.what.strip_prefix("DELETE ") {
        let key = path.split('?').next().unwrap_or_default();
        return vec![key.split_once('/').map_or(key, |(_, key)| key).to_owned()];
    }
    let body = String::from_utf8_lossy(body);
    let between = |part: &str| part.split_once("</Key>").map(|(key, _)| key.to_owned());
    body.split("<Key>").skip(1).filter_map(between).collect()
}

#[cfg(test)]
mod tests {
    use emrys_local_aws::store::Condition;

    use super::*;
    use crate::fault::Service;
    use crate::harness::Harness;
    use crate::scenario::WorldPlan;

    const AFTER: After = After { by: 1, excuse: None, of_catalog: true };

    /// A reader of an AWS in which nothing was run.
    fn reader() -> (Reader, Harness) {
        let spec = harness::spec(false, true);
        let harness = Harness::new(&WorldPlan::short(), &spec, 1);
        (Reader::new(&spec, &harness.endpoint, &harness.store), harness)
    }

    fn traffic(location: Option<&str>) -> Serving {
        BTreeMap::from([("traffic", location.map(str::to_owned))])
    }

    fn broken(reader: &Reader) -> Vec<Invariant> {
        reader.snapshot().wrongs.into_iter().map(|violation| violation.invariant).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_day_that_disappears_and_a_folder_that_no_attempt_wrote_are_noticed() {
        let (reader, _harness) = reader();
        reader.see(Some(traffic(None)), AFTER);
        assert_eq!(broken(&reader), []);
        reader.see(Some(traffic(Some("s3://my-log-bucket/elsewhere/traffic/"))), AFTER);
        assert_eq!(broken(&reader), [Invariant::ServedWhole, Invariant::ServedVerified]);
        reader.see(Some(traffic(None)), AFTER);
        assert_eq!(broken(&reader).last(), Some(&Invariant::DayStays));
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_that_is_not_what_the_manifest_says_is_noticed_while_it_is_served() {
        let (reader, harness) = reader();
        reader.lost();
        let manifest = r#"{"tables":[{"name":"traffic","files":[{"path":"traffic/a","size":2}]}]}"#;
        for (key, content) in [("out/manifest.json", manifest), ("out/traffic/a", "12")] {
            harness.store.put(BUCKET, key, content.as_bytes()).unwrap();
        }
        reader.see(Some(traffic(Some("s3://my-log-bucket/out/traffic/"))), AFTER);
        assert_eq!(broken(&reader), []);
        harness.store.put(BUCKET, "out/traffic/a", b"1").unwrap();
        reader.see(None, AFTER);
        assert_eq!(broken(&reader), [Invariant::ServedWhole]);
        harness.store.delete(BUCKET, "out/traffic/a", &Condition::default()).unwrap();
        reader.see(None, AFTER);
        assert_eq!(broken(&reader), [Invariant::ServedWhole; 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_deleted_has_to_be_an_attempts() {
        let (reader, _harness) = reader();
        let call = |what: &str| Call { service: Service::S3, what: what.to_owned(), changes: true };
        let body = b"<Delete><Object><Key>a/b</Key></Object><Object><Key>c</Key></Object></Delete>";
        assert_eq!(keys(&call("POST my-log-bucket/?delete"), body), ["a/b", "c"]);
        assert_eq!(keys(&call("DELETE my-log-bucket/a/b?x-id=DeleteObject"), b""), ["a/b"]);
        reader.deleted(1, &call("POST my-log-bucket/?delete"), body);
        assert_eq!(broken(&reader), [Invariant::OnlySuperseded; 2]);
    }
}
