//! What this process has seen of AWS. Memory only: it is lost with the process, and nothing is.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};

use super::action::Action;
use super::duplicates::LateLaunchCheck;
use crate::catalog::Table;
use crate::diagnosis::StepLog;
use crate::emr::ObservedCluster;
use crate::inputs::Listing;
use crate::record::CallError;
use crate::record::LateLaunch;
use crate::record::Missing;
use crate::verify::Output;

/// A question about the world. Asking changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// Which objects has the day?
    Inputs,
    /// Which job files are not at their addresses?
    Job,
    /// Is everything there that a run needs, and that nothing else asks about?
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
    /// Which clusters have come of launches that were given up?
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
    /// Is a surplus cluster ours by its tag, and is its termination protection on?
    Protection {
        /// The cluster's id.
        cluster: String,
        /// The nonce that its tag has to name.
        nonce: String,
    },
    /// Is the group of the guards there?
    GuardGroup,
    /// Does the guard of a cluster still stand?
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
    /// Does the alarm stand as configured?
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
    /// To [`Probe::Preflight`]: what is not there.
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
        /// Whether both is so.
        protected: bool,
    },
    /// To [`Probe::GuardGroup`].
    GuardGroup {
        /// Whether it is there.
        there: bool,
    },
    /// To [`Probe::Guard`].
    Guard {
        /// Whether it stands.
        exists: bool,
    },
    /// To [`Probe::Cluster`].
    Cluster(ObservedCluster),
    /// To [`Probe::Output`].
    Output(Output),
    /// To [`Probe::StepLog`]: its logs, the one that says most about a failure first; none while none has arrived.
    StepLog(Vec<StepLog>),
    /// To [`Probe::Catalog`]: the tables of these names that are there.
    Catalog(Vec<Table>),
    /// To [`Probe::Alarm`].
    Alarm {
        /// Whether it stands as configured.
        current: bool,
    },
}

/// The latest look of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed<T> {
    /// What was looked at: a cluster's or a step's id, a nonce, a folder; empty where there is only one.
    pub of: String,
    /// When the answer came.
    pub at: Timestamp,
    /// The answer, or the trouble with it.
    pub value: Result<T, CallError>,
    /// How many tries in a row met trouble.
    pub tries: u32,
    /// When the first of them did.
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

    /// The trouble that the look met.
    pub fn error(&self) -> Option<&CallError> {
        self.value.as_ref().err()
    }

    /// The time since the first of the tries that met trouble.
    pub fn failing_for(&self, now: Timestamp) -> SignedDuration {
        now.duration_since(self.failing_since)
    }
}

/// All that this process has seen.
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
    /// The nonce that was last looked for, and when complete looks found no cluster of it.
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
    /// The latest act, when it met trouble; an [`Ok`] never stands here. Forgotten with the next act that meets
    /// none, and of no meaning for another act.
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
    /// Takes in the answer to a look.
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

    /// Takes in how an act went that may be repeated. A launch is not among them: its outcome is an event.
    pub fn action_ended(&mut self, action: &Action, at: Timestamp, result: Result<(), CallError>) {
        let before =
            self.failed_action.take().filter(|(earlier, _)| earlier == action).map(|(_, observed)| observed);
        if result.is_err() {
            self.failed_action = Some((action.clone(), Observed::after(before.as_ref(), "", at, result)));
        }
    }
}

/// An answer to another question than was asked: a mistake in the caller, kept as trouble so that it is shown.
fn mismatch(probe: &Probe, observation: &Observation) -> CallError {
    CallError::invalid(format!("asked {probe:?}, and was answered {observation:?}"))
}
