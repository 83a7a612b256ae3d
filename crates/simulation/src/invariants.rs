//! What must hold at the end of every run, whatever happened in it.

use std::collections::{BTreeMap, BTreeSet};

use emrys_core::record::{Choice, Effect, Event, LaunchIntent, Outcome, Recorded};
use emrys_core::run::{GUARD_GROUP, State};
use emrys_core::spec::Spec;
use emrys_local_aws::journal::Entry;
use emrys_local_aws::store::Store;
use serde_json::Value;

use crate::catalog;
use crate::cluster_lifetimes;
use crate::duplicates;
use crate::harness::{self, BUCKET, Cluster, Ledger};
use crate::network::{Facts, Launch};
use crate::reader::Readings;
use crate::scenario::Scenario;
use crate::served::{self, Ending};

/// Something that must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// An attempt accepts one cluster at most, no matter which process asks.
    OneAcceptedCluster,
    /// What was reported to a process as recorded stays recorded.
    RecordsStay,
    /// Two clusters live beside each other only where a process was suspended in the moment of its launch.
    NoSecondCluster,
    /// Every cluster was intended in the ledger before it was asked for.
    ClustersAreKnown,
    /// No two clusters write to one place, so that a duplicate cluster cannot touch what was accepted.
    OutputApart,
    /// Who knows of a cluster that the ledger does not name asks for its end; and so does who could find it when the
    /// launch that was given up is searched for again.
    DuplicatesAreTerminated,
    /// No cluster lives longer than it would if nobody looked after it; and where its step hangs, no longer than its
    /// guard lets it, or than the next visitor who sees it.
    LifetimesAreBounded,
    /// `sweep` ends no cluster that a run in flight has accepted.
    OrphansOnly,
    /// When all is quiet no cluster is alive, and no guard exists that was not given up.
    NothingIsLeft,
    /// Success means that the output is there, whole.
    SuccessIsVerified,
    /// An accepted cluster that did its work is a success, unless it could not be published and somebody then chose by
    /// hand what queries see.
    WorkIsNotLost,
    /// Each step of an accepted cluster is there once.
    StepsOnce,
    /// What belongs to others is as it was, and nothing else was written than what a run writes.
    OthersUntouched,
    /// Once nothing stands in its way any more, the run comes to its end.
    TheRunEnds,
    /// A day that queries see once does not disappear, unless it is old enough and the record says that it expires.
    DayStays,
    /// What a table serves is the folder of one attempt, found good in the ledger before.
    ServedVerified,
    /// At every moment the files of each table that is served are those of the manifest, with their sizes: no table is
    /// half written, and no attempt that is served is deleted.
    ServedWhole,
    /// A table is made to serve the attempt that the record names at that moment, and no other, but by a process that
    /// was suspended, or lost its lease to `unlock`, in the moment of that call.
    OnlyTheChosen,
    /// When all is quiet all tables serve the attempt that the record names; where a call came too late, or AWS would
    /// not have it, after the next observation of the day.
    CatalogFollows,
    /// Only what was superseded, or never found good, for as long as the grace is deleted, or what expired with its
    /// day, and nothing that a table serves; and it was recorded before.
    OnlySuperseded,
    /// Of an attempt that the record calls gone nothing is left.
    GoneIsGone,
    /// Of a day that expired neither partitions nor objects are left, once somebody has cleared away.
    ExpiredIsGone,
}

/// What is not promised where somebody deletes the ledger: nobody knows any more what was done, and the day is run
/// anew. What a cluster costs and where it writes is bounded all the same, and success is verified.
const OF_THE_LEDGER: &[Invariant] = &[
    Invariant::OneAcceptedCluster,
    Invariant::RecordsStay,
    Invariant::NoSecondCluster,
    Invariant::ClustersAreKnown,
    Invariant::DuplicatesAreTerminated,
    Invariant::OrphansOnly,
    Invariant::WorkIsNotLost,
    Invariant::CatalogFollows,
];

/// An invariant that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which one.
    pub invariant: Invariant,
    /// How it shows.
    pub what: String,
}

/// What is known at the end of a run.
pub(crate) struct Evidence<'a> {
    pub(crate) spec: &'a Spec,
    pub(crate) scenario: &'a Scenario,
    /// The schedules that guard clusters of the run.
    pub(crate) guards: Vec<String>,
    pub(crate) clusters: Vec<Cluster>,
    pub(crate) store: &'a Store,
    pub(crate) reported: &'a [Recorded],
    pub(crate) facts: &'a Facts,
    pub(crate) journal: &'a [Entry],
    pub(crate) foreign: Option<String>,
    /// The outcome that was reported to the last operator.
    pub(crate) outcome: Option<Outcome>,
    pub(crate) is_stuck: bool,
    /// What was read of the tables.
    pub(crate) readings: Readings,
    /// How the tables stood at the end.
    pub(crate) ending: Ending,
    /// What people did that they should not have.
    pub(crate) wrongs: Vec<String>,
    /// Which processes died.
    pub(crate) crashed: Vec<bool>,
}

/// A launch as the record knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Accepted {
    attempt: u32,
    nonce: String,
    cluster: String,
}

struct Court<'a> {
    evidence: &'a Evidence<'a>,
    ours: Vec<&'a Cluster>,
    events: Vec<Recorded>,
    /// What the ledger says at the end.
    state: State,
    violations: Vec<Violation>,
}

/// Everything that does not hold.
pub(crate) fn check(evidence: &Evidence<'_>) -> Vec<Violation> {
    let ours = evidence.clusters.iter().filter(|cluster| cluster.is_ours()).collect();
    let mut court =
        Court { evidence, ours, events: Vec::new(), state: State::default(), violations: Vec::new() };
    court.read_the_ledger();
    let accepted = court.accepted();
    court.records();
    court.launches(&accepted);
    court.cluster_lifetimes();
    court.guards();
    court.results(&accepted);
    court.others();
    for what in &evidence.wrongs {
        court.broken(Invariant::OrphansOnly, what.clone());
    }
    court.violations.extend(served::evaluate(&evidence.ending, &evidence.readings));
    if evidence.scenario.loses_its_ledger() {
        court.violations.retain(|violation| !OF_THE_LEDGER.contains(&violation.invariant));
    }
    court.violations
}

impl Court<'_> {
    fn broken(&mut self, invariant: Invariant, what: impl Into<String>) {
        self.violations.push(Violation { invariant, what: what.into() });
    }

    fn read_the_ledger(&mut self) {
        let ledger = Ledger::read(self.evidence.store, self.evidence.spec);
        let state = ledger.state().unwrap_or_else(|error| {
            self.broken(Invariant::RecordsStay, format!("the ledger is inconsistent: {error}"));
            State::default()
        });
        self.events = ledger.events;
        if self.evidence.is_stuck {
            self.broken(Invariant::TheRunEnds, "operators were still at it after a day");
        }
        match (self.evidence.outcome, state.outcome()) {
            // Another attempt was asked for and not made: the day is what it was before.
            (Some(Outcome::Refused), Some(_)) if state.refusal.is_some() => {}
            (None, _) => self.broken(Invariant::TheRunEnds, "no operator came to its end"),
            (Some(reported), Some(recorded)) if reported == recorded => {}
            (reported, recorded) => {
                let what =
                    format!("{reported:?} was reported to an operator, and the ledger says {recorded:?}");
                self.broken(Invariant::RecordsStay, what);
            }
        }
        self.state = state;
    }

    /// The clusters that were accepted, as the ledger says and as was reported to any process.
    fn accepted(&self) -> Vec<Accepted> {
        let mut found: Vec<Accepted> = Vec::new();
        let intents: BTreeMap<(u64, u64), &LaunchIntent> =
            self.all_events().filter_map(|r| intent(r).map(|intent| ((r.seq, r.fence), intent))).collect();
        for recorded in self.all_events() {
            let cluster = match &recorded.event {
                Event::ActionFinished { effect: Effect::Launched { cluster } } => Some(cluster),
                Event::LaunchResolved { clusters, .. } => clusters.first(),
                _ => None,
            };
            // The intent before it.
            let before = intents.range(..(recorded.seq, 0)).next_back();
            if let (Some(cluster), Some((_, intent))) = (cluster, before) {
                let accepted = Accepted {
                    attempt: intent.attempt,
                    nonce: intent.nonce.clone(),
                    cluster: cluster.clone(),
                };
                if !found.contains(&accepted) {
                    found.push(accepted);
                }
            }
        }
        found
    }

    fn all_events(&self) -> impl Iterator<Item = &Recorded> {
        // Of a ledger that is gone nothing counts.
        let reported = if self.evidence.scenario.loses_its_ledger() { &[] } else { self.evidence.reported };
        self.events.iter().chain(reported)
    }

    fn records(&mut self) {
        let lost: Vec<String> = self
            .evidence
            .reported
            .iter()
            .filter(|recorded| !self.events.contains(recorded))
            .map(|recorded| format!("event {} was recorded and is gone: {:?}", recorded.seq, recorded.event))
            .collect();
        for what in lost {
            self.broken(Invariant::RecordsStay, what);
        }
    }

    fn launches(&mut self, accepted: &[Accepted]) {
        let mut by_attempt: BTreeMap<u32, BTreeSet<&str>> = BTreeMap::new();
        for launch in accepted {
            by_attempt.entry(launch.attempt).or_default().insert(&launch.cluster);
        }
        for (attempt, clusters) in by_attempt.into_iter().filter(|(_, clusters)| clusters.len() > 1) {
            self.broken(Invariant::OneAcceptedCluster, format!("attempt {attempt} accepted {clusters:?}"));
        }
        let intended: BTreeSet<String> =
            self.events.iter().filter_map(|r| intent(r).map(|intent| intent.nonce.clone())).collect();
        let mut by_nonce: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for cluster in &self.ours {
            by_nonce.entry(cluster.nonce()).or_default().push(&cluster.id);
        }
        for (nonce, clusters) in by_nonce {
            if clusters.len() > 1 {
                self.broken(Invariant::OutputApart, format!("{clusters:?} write to the folder of {nonce}"));
            }
            if !intended.contains(nonce) {
                self.broken(Invariant::ClustersAreKnown, format!("the ledger does not know of {clusters:?}"));
            }
        }
        for late_launch in duplicates::late_launches(&self.events, &self.ours) {
            if let Some(what) = late_launch.wrong(self.evidence.facts) {
                self.broken(Invariant::DuplicatesAreTerminated, what);
            }
        }
        for launch in &self.evidence.facts.launches {
            if !launch.beside.is_empty() && !launch.by_sleeper {
                let what = format!("{} was launched beside {:?}", launch.cluster, launch.beside);
                self.broken(Invariant::NoSecondCluster, what);
            }
            if self.is_forgotten(launch, accepted) {
                let what = format!("p{} knew of {} and let it run", launch.process, launch.cluster);
                self.broken(Invariant::DuplicatesAreTerminated, what);
            }
        }
    }

    /// Whether a process knew of a cluster that was not accepted, lived on, and asked nobody to end it.
    fn is_forgotten(&self, launch: &Launch, accepted: &[Accepted]) -> bool {
        let is_accepted = accepted.iter().any(|accepted| accepted.cluster == launch.cluster);
        let died = self.evidence.crashed.get(launch.process).copied().unwrap_or(false);
        let asked = self.evidence.facts.terminations.iter().any(|(_, cluster)| *cluster == launch.cluster);
        launch.is_known && !is_accepted && !died && !asked
    }

    fn cluster_lifetimes(&mut self) {
        for cluster in self.ours.clone() {
            let longest = cluster_lifetimes::longest(cluster, self.evidence, &self.events);
            match cluster.lifetime() {
                _ if cluster.is_alive() => {
                    self.broken(Invariant::NothingIsLeft, format!("{} is {}", cluster.id, cluster.state));
                }
                Some(lifetime) if lifetime > longest => {
                    let what = format!("{} lived {lifetime} s, and {longest} s at most", cluster.id);
                    self.broken(Invariant::LifetimesAreBounded, what);
                }
                _ => {}
            }
        }
    }

    /// Guards that exist although all is quiet.
    fn guards(&mut self) {
        let given_up = cluster_lifetimes::by_launch(&self.events, |event| {
            matches!(event, Event::GuardGivenUp { .. }).then_some(())
        });
        // What comes after the removal makes one for a cluster that is gone: it fires, and goes by itself.
        let late = &self.evidence.facts.late_guards;
        // Who deletes the ledger leaves the guards of its clusters to fire: they then go by themselves.
        let is_lost = self.evidence.scenario.loses_its_ledger();
        for guard in self.evidence.guards.clone() {
            if !is_lost && !late.contains(&guard) && !given_up.iter().any(|(nonce, ())| *nonce == guard) {
                self.broken(Invariant::NothingIsLeft, format!("the guard {guard} stands"));
            }
        }
    }

    fn results(&mut self, accepted: &[Accepted]) {
        let is_success = self.state.outcome() == Some(Outcome::Succeeded);
        let of_the_last = self.last_run();
        let good: Vec<(&Accepted, Result<(), String>)> = accepted
            .iter()
            .filter(|launch| launch.attempt > of_the_last && self.is_kept(launch))
            .map(|launch| (launch, self.work_of(launch)))
            .collect();
        match good.iter().max_by_key(|(launch, _)| launch.attempt) {
            Some((launch, Err(why))) if is_success => {
                let what = format!("attempt {} was called a success: {why}", launch.attempt);
                self.broken(Invariant::SuccessIsVerified, what);
            }
            None if is_success && !accepted.iter().any(|launch| launch.attempt > of_the_last) => {
                self.broken(Invariant::SuccessIsVerified, "a success without a cluster");
            }
            Some((launch, Ok(()))) if !is_success && !self.was_overruled(launch) => {
                let what = format!("attempt {} did its work, and that is lost", launch.attempt);
                self.broken(Invariant::WorkIsNotLost, what);
            }
            _ => {}
        }
        for launch in accepted {
            let steps = self.ours.iter().find(|cluster| cluster.id == launch.cluster).map(|c| &c.steps);
            let names: Vec<String> = steps.into_iter().flatten().map(|(name, _)| name.clone()).collect();
            if names != self.evidence.spec.step_names() {
                self.broken(Invariant::StepsOnce, format!("{} has the steps {names:?}", launch.cluster));
            }
        }
    }

    /// Whether it could not be published, and then somebody chose what queries see: the day stays what it was.
    fn was_overruled(&self, launch: &Accepted) -> bool {
        let given_up = |recorded: &Recorded| matches!(&recorded.event, Event::PublishGivenUp { attempt, .. } if *attempt == launch.attempt);
        let after = self.events.iter().skip_while(|recorded| !given_up(recorded));
        after.into_iter().any(|recorded| matches!(recorded.event, Event::PublishIntended { by: Some(_), .. }))
    }

    /// Whether the record says that its output is there still.
    fn is_kept(&self, launch: &Accepted) -> bool {
        self.state.numbered(launch.attempt).is_none_or(|attempt| attempt.retention.is_kept())
    }

    /// The last attempt before the run that the day's outcome is of: one that was refused changed nothing, and one that
    /// took up what was not published has no attempt of its own.
    fn last_run(&self) -> u32 {
        let (mut state, mut before, mut last) = (State::default(), 0, 0);
        for recorded in &self.events {
            match &recorded.event {
                Event::Reopened { .. } if state.unpublished().is_none() => {
                    before = last;
                    last = state.attempts.last().map_or(0, |attempt| attempt.number);
                }
                Event::AttemptRefused { .. } => last = before,
                _ => {}
            }
            if state.apply(recorded).is_err() {
                return 0;
            }
        }
        last
    }

    /// Whether an accepted cluster did what it had to. It is asked of the store itself, and by other code than Emrys's.
    fn work_of(&self, launch: &Accepted) -> Result<(), String> {
        let cluster = self.ours.iter().find(|cluster| cluster.id == launch.cluster);
        let cluster = cluster.ok_or_else(|| format!("there is no cluster {}", launch.cluster))?;
        if let Some((name, state)) = cluster.steps.iter().find(|(_, state)| state != "COMPLETED") {
            return Err(format!("the step {name} is {state}"));
        }
        let intent =
            LaunchIntent { attempt: launch.attempt, nonce: launch.nonce.clone(), choice: Choice::default() };
        let folder = self.evidence.spec.output_folder(&intent);
        let manifest = self.evidence.store.get(BUCKET, &format!("{}manifest.json", folder.key()));
        let manifest: Value = serde_json::from_slice(&manifest.map_err(|error| error.to_string())?)
            .map_err(|error| error.to_string())?;
        let mut named: BTreeMap<String, u64> = BTreeMap::new();
        for file in manifest["tables"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|table| table["files"].as_array().into_iter().flatten())
        {
            let path = file["path"].as_str().unwrap_or_default();
            named.insert(format!("{}{path}", folder.key()), file["size"].as_u64().unwrap_or_default());
        }
        let mut found: BTreeMap<String, u64> =
            harness::files(self.evidence.store, folder.key()).into_iter().collect();
        found.remove(&format!("{}manifest.json", folder.key()));
        if named != found {
            return Err(format!("the manifest names {named:?}, and there is {found:?}"));
        }
        let rows = |what: &str| manifest["rows"][what].as_u64().unwrap_or_default();
        if rows("read") != rows("parsed") + rows("rejected") {
            return Err(format!("the row counts are inconsistent: {}", manifest["rows"]));
        }
        if manifest["run"] != format!("a{}-{}", launch.attempt, launch.nonce) {
            return Err(format!("the manifest is of {}", manifest["run"]));
        }
        Ok(())
    }

    fn others(&mut self) {
        if let Some(what) = &self.evidence.foreign {
            self.broken(Invariant::OthersUntouched, what.clone());
        }
        let ours: BTreeSet<&str> = self.ours.iter().map(|cluster| cluster.id.as_str()).collect();
        let state = self.evidence.spec.state_folder().to_string();
        let jobs = self.evidence.spec.config.state.uri.join("jobs/").to_string();
        let alarm = self.evidence.spec.alarm_name();
        let intents = self.events.iter().chain(self.evidence.reported).filter_map(intent);
        let guards: BTreeSet<String> = intents.map(|intent| intent.nonce.clone()).collect();
        let mut strange = Vec::new();
        for entry in self.evidence.journal.iter().filter(|entry| entry.is_ok()) {
            let resource = entry.resource.as_str();
            let is_fine = match entry.operation.as_str() {
                "PutObject" => resource.starts_with(&state) || resource.starts_with(&jobs),
                "RunJobFlow" => resource.starts_with("emrys/web-logs/2024-10-20/"),
                "TerminateJobFlows" | "SetTerminationProtection" => {
                    resource.split(',').all(|id| ours.contains(id.trim()))
                }
                // Which objects they are is looked at when they are deleted.
                "PutMetricData" | "DeleteObjects" => true,
                "CreateScheduleGroup" => resource == GUARD_GROUP,
                "CreateSchedule" | "DeleteSchedule" => {
                    guards.iter().any(|guard| resource == format!("{GUARD_GROUP}/{guard}"))
                }
                "PutMetricAlarm" => resource == alarm,
                "CreatePartition" | "UpdatePartition" => {
                    self.evidence.scenario.catalog && catalog::is_partition(resource)
                }
                "DeletePartition" => self.evidence.scenario.expires && catalog::is_partition(resource),
                read => ["Get", "Head", "List", "Describe"].iter().any(|verb| read.starts_with(verb)),
            };
            if !is_fine {
                strange.push(format!("{} {resource}", entry.operation));
            }
        }
        for what in strange {
            self.broken(Invariant::OthersUntouched, what);
        }
    }
}

/// What was to be launched, where that is what was recorded.
pub(crate) fn intent(recorded: &Recorded) -> Option<&LaunchIntent> {
    match &recorded.event {
        Event::LaunchIntended(intent) => Some(intent),
        _ => None,
    }
}
