//! What people do beside the operators: they sweep, they break a lease, they end a cluster or delete the ledger; they
//! run the day again, publish another attempt of it, and clear away what nobody needs any more.

use std::time::Duration;

use emrys_control_plane::{
    AwsContext, Holder, Interrupts, RunOptions, Stop, attach, clear, end_cluster, publish, status, survey,
    unlock,
};
use emrys_core::run::State;
use emrys_core::spec::Spec;
use emrys_core::sweep::ClusterUsage;
use emrys_local_aws::server::Endpoint;
use emrys_local_aws::store::{Condition, Store};
use fastrand::Rng;

use crate::harness::{self, Ledger};
use crate::listener::ProcessListener;
use crate::reader::Reader;

/// When what was superseded in the first hours may go, since the start.
pub(crate) const GRACE_IS_OVER: Duration = Duration::from_hours(28);

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperatorAction {
    /// `emrys sweep --terminate`.
    Sweep,
    /// `emrys unlock`, whether the holder is alive or not.
    Unlock,
    /// A person who knows nothing of Emrys ends the oldest cluster of the run.
    EndCluster,
    /// A person deletes the ledger.
    DeleteLedger,
    /// `emrys attach`: who follows takes the run over when nobody drives it any more.
    Attach,
    /// `emrys run`, also where the day was run before.
    RunAgain,
    /// `emrys publish --attempt N`, or without a number: the attempt that the record names.
    Publish(Option<u32>),
    /// `emrys gc`.
    Gc,
}

impl OperatorAction {
    /// In a word, for the summary.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Sweep => "sweep",
            Self::Unlock => "unlock",
            Self::EndCluster => "cluster ended by a person",
            Self::DeleteLedger => "ledger deleted",
            Self::Attach => "attached",
            Self::RunAgain => "day run again",
            Self::Publish(_) => "attempt published",
            Self::Gc => "gc",
        }
    }
}

/// An operator action and its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visit {
    /// Since the start.
    pub at: Duration,
    /// What for.
    pub operator_action: OperatorAction,
}

impl Visit {
    pub(crate) fn random(rng: &mut Rng, until: Duration) -> Self {
        let at = Duration::from_secs(rng.u64(1..until.as_secs().clamp(2, 2_400)));
        let operator_action = match rng.u8(0..10) {
            0..4 => OperatorAction::Sweep,
            4..8 => OperatorAction::Unlock,
            8 => OperatorAction::EndCluster,
            _ => OperatorAction::DeleteLedger,
        };
        Self { at, operator_action }
    }

    /// People who change what queries see: now and then two of them at once.
    pub(crate) fn of_readers(rng: &mut Rng, until: Duration) -> Vec<Self> {
        let mut at = rng.u64(200..until.as_secs().max(900));
        let visits = (0..rng.usize(1..=4)).map(|_| {
            let operator_action = match rng.u8(0..10) {
                0..4 => OperatorAction::RunAgain,
                4..7 => OperatorAction::Publish(Some(1)),
                7..9 => OperatorAction::Publish(Some(2)),
                _ => OperatorAction::Publish(None),
            };
            let visit = Self { at: Duration::from_secs(at), operator_action };
            at += if rng.bool() { rng.u64(0..30) } else { rng.u64(60..1_200) };
            visit
        });
        visits.collect()
    }

    /// People who want to see how it goes, in the middle of a run or when it is over.
    pub(crate) fn of_watchers(rng: &mut Rng, until: Duration) -> Vec<Self> {
        let longest = if rng.bool() { until.as_secs().max(2) } else { 1_200 };
        let visits = (0..rng.usize(1..=2)).map(|_| {
            let at = Duration::from_secs(rng.u64(1..longest));
            Self { at, operator_action: OperatorAction::Attach }
        });
        visits.collect()
    }

    /// Two attempts that are good, and people who do not agree which one queries should see.
    pub(crate) fn of_a_quarrel(rng: &mut Rng) -> Vec<Self> {
        let runs = [25, 55].map(|minutes| Self {
            at: Duration::from_mins(minutes),
            operator_action: OperatorAction::RunAgain,
        });
        let mut at = Duration::from_mins(80);
        let publications = (0..rng.u32(3..=6)).map(|nth| {
            let attempt = if rng.u8(0..4) == 0 { None } else { Some(1 + nth % 2) };
            let visit = Self { at, operator_action: OperatorAction::Publish(attempt) };
            at += Duration::from_secs(rng.u64(0..240));
            visit
        });
        let publications: Vec<Self> = publications.collect();
        [runs.to_vec(), publications].concat()
    }

    /// The day is run to an end, whatever became of the operators, and a day later people clear away what was
    /// superseded, while others may be at the tables.
    pub(crate) fn of_gc(rng: &mut Rng) -> Vec<Self> {
        let mut visits = vec![Self {
            at: Duration::from_mins(rng.u64(60..90)),
            operator_action: OperatorAction::RunAgain,
        }];
        if rng.bool() {
            let operator_action = OperatorAction::Publish(Some(rng.u32(1..=2)));
            visits.push(Self { at: Duration::from_mins(rng.u64(90..150)), operator_action });
        }
        visits.extend(Self::of_the_next_day(rng, GRACE_IS_OVER));
        visits
    }

    /// A day later, when all of the day expires, people clear away; others run the day or publish an attempt right
    /// before, right after, or in the middle of it.
    pub(crate) fn of_expiry(rng: &mut Rng) -> Vec<Self> {
        let mut visits = Vec::new();
        if rng.bool() {
            let operator_action = if rng.bool() {
                OperatorAction::Publish(Some(rng.u32(1..=2)))
            } else {
                OperatorAction::Publish(None)
            };
            let before = Duration::from_secs(rng.u64(0..120));
            visits.push(Self { at: GRACE_IS_OVER.saturating_sub(before), operator_action });
        }
        visits.push(Self { at: GRACE_IS_OVER, operator_action: OperatorAction::Gc });
        if rng.u8(0..4) == 0 {
            let at = GRACE_IS_OVER + Duration::from_secs(rng.u64(0..60));
            visits.push(Self { at, operator_action: OperatorAction::Unlock });
        }
        let at = GRACE_IS_OVER + Duration::from_secs(rng.u64(0..600));
        visits.extend(Self::of_the_next_day(rng, at));
        visits
    }

    fn of_the_next_day(rng: &mut Rng, mut at: Duration) -> Vec<Self> {
        let mut visits = Vec::new();
        for _ in 0..rng.usize(1..=4) {
            let operator_action = match rng.u8(0..8) {
                0..5 => OperatorAction::Gc,
                5 => OperatorAction::RunAgain,
                _ => OperatorAction::Publish(Some(1)),
            };
            visits.push(Self { at, operator_action });
            at += Duration::from_secs(if rng.bool() { rng.u64(0..10) } else { rng.u64(60..900) });
        }
        visits
    }
}

/// AWS as nobody but the simulation sees it: what is, and not what is shown.
pub(crate) struct Truth<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) store: &'a Store,
    pub(crate) reader: &'a Reader,
}

/// Who comes.
pub(crate) struct Visitor<'a> {
    pub(crate) aws: &'a AwsContext,
    pub(crate) holder: Holder,
    pub(crate) listener: &'a mut ProcessListener,
}

/// Executes the operator action; gives what should not have been done.
pub(crate) async fn run(
    operator_action: OperatorAction,
    Visitor { aws, holder, listener }: Visitor<'_>,
    spec: &Spec,
    truth: &Truth<'_>,
) -> Result<Vec<String>, Stop> {
    match operator_action {
        OperatorAction::Attach => {
            attach(aws, spec, &holder, listener, &mut Interrupts::none()).await?;
        }
        OperatorAction::RunAgain => {
            let options = RunOptions { holder, again: true, detach: false };
            emrys_control_plane::run(aws, spec, &options, listener, &mut Interrupts::none()).await?;
        }
        OperatorAction::Publish(attempt) => {
            publish(aws, spec, attempt, &holder, listener, &mut Interrupts::none()).await?;
        }
        OperatorAction::Sweep => return sweep(aws, spec, truth).await,
        OperatorAction::Gc => {
            clear(aws, spec, &holder, listener, &mut Interrupts::none()).await?;
        }
        OperatorAction::Unlock => {
            if let Some((holder, since)) = status(aws, spec).await?.and_then(|status| status.driven_by) {
                truth.reader.unlocked();
                unlock(aws, spec, &holder, since).await?;
            }
        }
        OperatorAction::EndCluster => {
            let clusters = harness::clusters(&mut truth.endpoint.world());
            if let Some(cluster) = clusters.iter().rfind(|cluster| cluster.is_ours() && cluster.is_alive()) {
                end_cluster(aws, &cluster.id).await?;
            }
        }
        OperatorAction::DeleteLedger => {
            let uri = spec.ledger_uri();
            truth.reader.lost();
            truth.store.delete(uri.bucket(), uri.key(), &Condition::default()).unwrap_or_default();
        }
    }
    Ok(Vec::new())
}

/// Ends the orphans. None of them may be a cluster that a run in flight has accepted, when its end is asked for.
async fn sweep(aws: &AwsContext, spec: &Spec, truth: &Truth<'_>) -> Result<Vec<String>, Stop> {
    let mut wrong = Vec::new();
    for swept in survey(aws, spec).await? {
        let id = &swept.cluster.id;
        if let ClusterUsage::Orphan(why) = &swept.usage {
            if is_needed(id, spec, truth.store) {
                wrong.push(format!("{id} was swept although its run is in flight: {why}"));
            }
            end_cluster(aws, id).await?;
        }
    }
    Ok(wrong)
}

fn is_needed(id: &str, spec: &Spec, store: &Store) -> bool {
    let state: State = Ledger::read(store, spec).state().unwrap_or_default();
    let attempt = state.attempt().filter(|attempt| state.closed.is_none() && attempt.ended.is_none());
    attempt.and_then(|attempt| attempt.cluster()).is_some_and(|cluster| cluster.id == id)
}
