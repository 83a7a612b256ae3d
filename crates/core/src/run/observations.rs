//! What this process has observed of AWS. It is memory: it ends with the process, and no run is worse for that.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};

use super::action::Action;
use super::duplicates::LateLaunchCheck;
use crate::catalog::Table;
use crate::diagnosis::StepLog;
use crate::emr::ObservedCluster;
use crate::inputs::Listing;
use crate::record::{CallError, LateLaunch, Missing};
use crate::verify::Output;

/// A question about AWS. Asking changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// Which objects has the day?
    Inputs,
    /// Which job files are missing at their addresses?
    Job,
    /// Which of the things that a run needs, and that no other probe asks about, do not exist?
    Preflight,
    /// Is something in the folder that an unversioned job will write to?
    OutputFolder,
    /// Which clusters carry this nonce, over all pages and all states?
    Launch {
        /// The nonce.
        nonce: String,
        /// No earlier than this.
        since: Timestamp,
    },
    /// Which clusters came of launches that were given up?
    LateLaunches {
        /// The attempt that asks.
        attempt: u32,
        /// When it asks.
        when: LateLaunchCheck,
        /// The launches' nonces.
        nonces: Vec<String>,
        /// No earlier than this.
        since: Timestamp,
    },
    /// Is a duplicate cluster ours by its tag, and is its termination protection on?
    Protection {
        /// The cluster's id.
        cluster: String,
        /// The nonce that its tag has to name.
        nonce: String,
    },
    /// Does the group of the guards exist?
    GuardGroup,
    /// Does the guard of a cluster still exist?
    Guard {
        /// Its name.
        name: String,
    },
    /// How are the cluster and its steps?
    Cluster {
        /// The cluster's id.
        id: String,
    },
    /// What does the manifest say, and what is in the output folder?
    Output {
        /// The folder of the attempt.
        folder: String,
    },
    /// What did a failed step write?
    StepLog {
        /// The cluster's id.
        cluster: String,
        /// The step's id.
        step: String,
    },
    /// Which of the tables that the pipeline publishes to are in the catalog?
    Catalog,
    /// Is the alarm as configured?
    Alarm,
}

/// The answer to a [`Probe`].
#[derive(Debug, Clone, PartialEq)]
pub enum Observation {
    /// To [`Probe::Inputs`].
    Inputs(Listing),
    /// To [`Probe::Job`]: addresses without their file.
    Job {
        /// The addresses that have no file yet.
        unstaged: Vec<String>,
    },
    /// To [`Probe::Preflight`]: what does not exist.
    Preflight(Vec<Missing>),
    /// To [`Probe::OutputFolder`].
    OutputFolder {
        /// Whether something is in it.
        taken: bool,
    },
    /// To [`Probe::Launch`]: cluster ids, oldest first.
    Launch {
        /// The ids.
        clusters: Vec<String>,
    },
    /// To [`Probe::LateLaunches`], oldest first.
    LateLaunches {
        /// The clusters.
        found: Vec<LateLaunch>,
    },
    /// To [`Probe::Protection`].
    Protection {
        /// Whether both are true.
        protected: bool,
    },
    /// To [`Probe::GuardGroup`].
    GuardGroup {
        /// Whether it exists.
        there: bool,
    },
    /// To [`Probe::Guard`].
    Guard {
        /// Whether it exists.
        exists: bool,
    },
    /// To [`Probe::Cluster`].
    Cluster(ObservedCluster),
    /// To [`Probe::Output`].
    Output(Output),
    /// To [`Probe::StepLog`]: its logs, the one that says most about a failure first. Empty until one has arrived.
    StepLog(Vec<StepLog>),
    /// To [`Probe::Catalog`]: the tables of these names that exist.
    Catalog(Vec<Table>),
    /// To [`Probe::Alarm`].
    Alarm {
        /// Whether it is as configured.
        current: bool,
    },
}

/// The latest observation of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed<T> {
    /// What was observed: a cluster's or a step's id, a nonce, a folder. Empty where there is only one.
    pub of: String,
    /// When the answer came.
    pub at: Timestamp,
    /// The answer, or the error.
    pub value: Result<T, CallError>,
    /// How many tries in a row failed.
    pub tries: u32,
    /// When the first of them failed.
    pub failing_since: Timestamp,
}

impl<T> Observed<T> {
    fn after(previous: Option<&Self>, of: &str, at: Timestamp, value: Result<T, CallError>) -> Self {
        let previous = previous.filter(|before| before.of == of && before.value.is_err());
        let (tries, failing_since) = match (&value, previous) {
            (Ok(_), _) => (0, at),
            (Err(_), Some(before)) => (before.tries.saturating_add(1), before.failing_since),
            (Err(_), None) => (1, at),
        };
        Self { of: of.to_owned(), at, value, tries, failing_since }
    }

    /// The error, if it failed.
    pub fn error(&self) -> Option<&CallError> {
        self.value.as_ref().err()
    }

    /// The time since the first of the tries that failed.
    pub fn failing_for(&self, now: Timestamp) -> SignedDuration {
        now.duration_since(self.failing_since)
    }
}

/// All that this process has observed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observations {
    /// See [`Probe::Inputs`].
    pub inputs: Option<Observed<Listing>>,
    /// See [`Probe::Job`].
    pub job: Option<Observed<Vec<String>>>,
    /// See [`Probe::Preflight`].
    pub preflight: Option<Observed<Vec<Missing>>>,
    /// See [`Probe::OutputFolder`].
    pub output_taken: Option<Observed<bool>>,
    /// See [`Probe::Launch`].
    pub launched: Option<Observed<Vec<String>>>,
    /// The nonce of the latest [`Probe::Launch`], and when complete observations found no cluster of it.
    pub absent: (String, Vec<Timestamp>),
    /// See [`Probe::LateLaunches`].
    pub late_launches: Option<Observed<Vec<LateLaunch>>>,
    /// See [`Probe::Protection`].
    pub protection: Option<Observed<bool>>,
    /// See [`Probe::GuardGroup`].
    pub guard_group: Option<Observed<bool>>,
    /// See [`Probe::Guard`].
    pub guard: Option<Observed<bool>>,
    /// See [`Probe::Cluster`].
    pub cluster: Option<Observed<ObservedCluster>>,
    /// See [`Probe::Output`].
    pub output: Option<Observed<Output>>,
    /// See [`Probe::StepLog`].
    pub step_log: Option<Observed<Vec<StepLog>>>,
    /// See [`Probe::Catalog`].
    pub catalog: Option<Observed<Vec<Table>>>,
    /// See [`Probe::Alarm`].
    pub alarm: Option<Observed<bool>>,
    /// The latest action, if it failed; never an [`Ok`]. It means nothing for another action, and is dropped with the
    /// next action that succeeds.
    pub failed_action: Option<(Action, Observed<()>)>,
}

impl Probe {
    /// What is asked about, where there are several of a kind.
    pub(super) fn of(&self) -> Cow<'_, str> {
        Cow::Borrowed(match self {
            Self::Inputs
            | Self::Job
            | Self::Preflight
            | Self::OutputFolder
            | Self::Catalog
            | Self::Alarm
            | Self::GuardGroup => "",
            Self::Launch { nonce, .. } => nonce,
            Self::LateLaunches { attempt, when, .. } => return format!("{attempt} {when:?}").into(),
            Self::Protection { cluster, .. } => cluster,
            Self::Guard { name } => name,
            Self::Cluster { id } => id,
            Self::Output { folder } => folder,
            Self::StepLog { step, .. } => step,
        })
    }
}

impl Observations {
    /// Takes in the answer to a probe.
    pub fn absorb(&mut self, probe: &Probe, at: Timestamp, observation: Result<Observation, CallError>) {
        if let Probe::Launch { nonce, .. } = probe {
            if self.absent.0 != *nonce {
                self.absent = (nonce.clone(), Vec::new());
            }
            if let Ok(Observation::Launch { clusters }) = &observation
                && clusters.is_empty()
            {
                self.absent.1.push(at);
            }
        }
        macro_rules! take {
            ($field:ident, $pattern:pat => $value:expr) => {
                self.$field = Some(Observed::after(
                    self.$field.as_ref(),
                    &probe.of(),
                    at,
                    match observation {
                        Ok($pattern) => Ok($value),
                        Ok(other) => Err(mismatch(probe, &other)),
                        Err(error) => Err(error),
                    },
                ))
            };
        }
        match probe {
            Probe::Inputs => take!(inputs, Observation::Inputs(listing) => listing),
            Probe::Job => take!(job, Observation::Job { unstaged } => unstaged),
            Probe::Preflight => take!(preflight, Observation::Preflight(missing) => missing),
            Probe::OutputFolder => take!(output_taken, Observation::OutputFolder { taken } => taken),
            Probe::Launch { .. } => take!(launched, Observation::Launch { clusters } => clusters),
            Probe::LateLaunches { .. } => take!(late_launches, Observation::LateLaunches { found } => found),
            Probe::Protection { .. } => take!(protection, Observation::Protection { protected } => protected),
            Probe::GuardGroup => take!(guard_group, Observation::GuardGroup { there } => there),
            Probe::Guard { .. } => take!(guard, Observation::Guard { exists } => exists),
            Probe::Cluster { .. } => take!(cluster, Observation::Cluster(found) => found),
            Probe::Output { .. } => take!(output, Observation::Output(output) => output),
            Probe::StepLog { .. } => take!(step_log, Observation::StepLog(logs) => logs),
            Probe::Catalog => take!(catalog, Observation::Catalog(tables) => tables),
            Probe::Alarm => take!(alarm, Observation::Alarm { current } => current),
        }
    }

    /// Takes in how an action ended that may be repeated. A launch may not: its outcome is an event.
    pub fn action_ended(&mut self, action: &Action, at: Timestamp, result: Result<(), CallError>) {
        let before =
            self.failed_action.take().filter(|(earlier, _)| earlier == action).map(|(_, observed)| observed);
        if result.is_err() {
            self.failed_action = Some((action.clone(), Observed::after(before.as_ref(), "", at, result)));
        }
    }
}

/// An answer to another probe: a mistake in the caller, kept as an error so that it is shown.
fn mismatch(probe: &Probe, observation: &Observation) -> CallError {
    CallError::invalid(format!("asked {probe:?}, and was answered {observation:?}"))
}
