//! Running what the world says has started.
//!
//! ```text
//! Runner   one task per step, told to stop by a channel; the end goes back as a StepEnd
//!   |-> scripted   waits on the clock, writes the files of the script
//!   |-> process    a real process in a group of its own, with the environment of the embedded AWS
//!   |     |-> spark   a spark-submit of its own in the PATH, s3:// mapped onto the local buckets
//!   |-> query      a query of Athena: the SQL engine as a process, its result into the output location
//!   |-> logs       controller, stdout and stderr, gzipped under the log address as EMR lays them out
//! leftovers   processes of a daemon that was killed: ended when the next one starts
//! ```

mod leftovers;
mod logs;
mod process;
mod query;
mod scripted;
mod spark;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::store::Store;
use crate::world::{
    Effect, FailureDetails, KillHow, QueryEnd, QueryLaunch, StepEnd, StepExit, StepLaunch, Work,
};

use self::logs::{Controller, Logs};

/// What a runner needs to know.
#[derive(Clone, Debug)]
pub struct RunnerConfig {
    /// The folder whose `work/` the steps work in; `None` where only scripted steps may run (a world in memory).
    pub root: Option<PathBuf>,
    /// Where logs and the files of scripts go.
    pub store: Store,
    /// The address of the endpoint, for `AWS_ENDPOINT_URL`.
    pub endpoint_url: String,
    /// The region that the endpoint plays.
    pub region: String,
    /// The access key that steps sign with.
    pub access_key: String,
    /// The secret beside it.
    pub secret_key: String,
    /// What time it is.
    pub clock: Clock,
}

/// A step's end, to be reported to the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The cluster.
    pub cluster_id: String,
    /// The step.
    pub step_id: String,
    /// How it ended.
    pub end: StepEnd,
}

/// What a runner has finished.
#[derive(Clone, Debug, PartialEq)]
pub enum Finished {
    /// A step.
    Step(Ended),
    /// A query of Athena.
    Query {
        /// The query.
        id: String,
        /// How it ended.
        end: QueryEnd,
    },
}

type StepKey = (String, String);

/// Executes the effects of the world.
#[derive(Debug)]
pub struct Runner {
    config: Arc<RunnerConfig>,
    ends: UnboundedSender<Finished>,
    running: Arc<Mutex<BTreeMap<StepKey, UnboundedSender<KillHow>>>>,
    queries: Arc<Mutex<BTreeMap<String, UnboundedSender<()>>>>,
    /// Logs that are withheld on purpose.
    held: Arc<Mutex<BTreeMap<StepKey, Logs>>>,
    tasks: Mutex<JoinSet<()>>,
}

impl Runner {
    /// A runner, and the end of the channel at which the ends of steps come out. Processes that a killed daemon left
    /// behind in the same folder are ended first.
    pub fn new(config: RunnerConfig) -> (Self, UnboundedReceiver<Finished>) {
        if let Some(root) = &config.root {
            leftovers::end_all(&root.join(WORK));
        }
        let (ends, out) = mpsc::unbounded_channel();
        let runner = Self {
            config: Arc::new(config),
            ends,
            running: Arc::default(),
            queries: Arc::default(),
            held: Arc::default(),
            tasks: Mutex::new(JoinSet::new()),
        };
        (runner, out)
    }

    /// Executes one effect; it does not wait for anything. To be called inside a runtime.
    pub fn execute(&self, effect: Effect) {
        match effect {
            Effect::StartStep(launch) => self.start(*launch),
            Effect::KillStep { cluster_id, step_id, how } => {
                if let Some(kill) = lock(&self.running).get(&(cluster_id, step_id)) {
                    // A closed channel is a step that is just ending by itself.
                    let _ = kill.send(how);
                }
            }
            Effect::UploadLogs { cluster_id } => self.upload_held(&cluster_id),
            Effect::StartQuery(launch) => self.start_query(*launch),
            Effect::StopQuery { id } => {
                if let Some(stop) = lock(&self.queries).get(&id) {
                    let _ = stop.send(());
                }
            }
            // Nothing to run: the endpoint puts it into the journal.
            Effect::Called(_) => {}
        }
    }

    /// Ends all steps and waits until they are gone.
    pub async fn shutdown(&self) {
        for kill in lock(&self.running).values() {
            let _ = kill.send(KillHow::ClusterEnds);
        }
        for stop in lock(&self.queries).values() {
            let _ = stop.send(());
        }
        let mut tasks = std::mem::take(&mut *lock(&self.tasks));
        while tasks.join_next().await.is_some() {}
    }

    fn upload_held(&self, cluster_id: &str) {
        let mut held = lock(&self.held);
        let keys: Vec<StepKey> = held.keys().filter(|(cluster, _)| cluster == cluster_id).cloned().collect();
        let all: Vec<Logs> = keys.iter().filter_map(|key| held.remove(key)).collect();
        let config = Arc::clone(&self.config);
        lock(&self.tasks).spawn(async move {
            for logs in all {
                logs.upload(&config).await;
            }
        });
    }

    fn start(&self, launch: StepLaunch) {
        let (kill, kills) = mpsc::unbounded_channel();
        let key = (launch.cluster_id.clone(), launch.step_id.clone());
        lock(&self.running).insert(key.clone(), kill);
        let (config, ends) = (Arc::clone(&self.config), self.ends.clone());
        let (running, held) = (Arc::clone(&self.running), Arc::clone(&self.held));
        let mut tasks = lock(&self.tasks);
        // Steps that are over leave their results behind; nobody else collects them.
        while tasks.try_join_next().is_some() {}
        tasks.spawn(async move {
            let (end, late) = run(&config, &launch, kills).await;
            if let Some(logs) = late {
                lock(&held).insert(key.clone(), logs);
            }
            lock(&running).remove(&key);
            let (cluster_id, step_id) = key;
            let _ = ends.send(Finished::Step(Ended { cluster_id, step_id, end }));
        });
    }
}

impl Runner {
    fn start_query(&self, launch: QueryLaunch) {
        let (stop, stopped) = mpsc::unbounded_channel();
        lock(&self.queries).insert(launch.id.clone(), stop);
        let (config, ends, queries) =
            (Arc::clone(&self.config), self.ends.clone(), Arc::clone(&self.queries));
        lock(&self.tasks).spawn(async move {
            let end = query::run(&config, &launch, stopped).await;
            lock(&queries).remove(&launch.id);
            let _ = ends.send(Finished::Query { id: launch.id, end });
        });
    }
}

/// Where steps work, under the root.
pub(crate) const WORK: &str = "work";

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a step's work left behind.
struct Outcome {
    exit: StepExit,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

/// Runs one step from its start to its logs. The logs are there before the step's end is known: earlier than at EMR,
/// which uploads them every five minutes, and never later than at the cluster's end. Those that are to be late are
/// handed back.
async fn run(
    config: &RunnerConfig,
    launch: &StepLaunch,
    kills: UnboundedReceiver<KillHow>,
) -> (StepEnd, Option<Logs>) {
    let mut controller = Controller::new(&config.clock);
    controller.begin(launch);
    let outcome = match &launch.work {
        Work::Scripted(work) => scripted::run(config, work, kills).await,
        Work::Command { .. } | Work::Script { .. } => {
            process::run(config, launch, &mut controller, kills).await
        }
    };
    controller.end(&outcome.exit);
    let logs = Logs::new(launch, &controller, &outcome);
    let (kept, late) = match logs {
        Some(logs) if launch.logs.late => (Some(logs.folder.clone()), Some(logs)),
        Some(logs) => (logs.upload(config).await, None),
        None => (None, None),
    };
    let (cause, log) = logs::likely_cause(&outcome);
    let failure = match &outcome.exit {
        StepExit::Exited(0) => None,
        _ => Some(FailureDetails {
            reason: Some("Unknown Error.".to_owned()),
            message: cause,
            log_file: kept.map(|folder| format!("{folder}{log}.gz")),
        }),
    };
    (StepEnd { exit: outcome.exit, failure }, late)
}
